//! Wiring of `relay`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = relay::App::new(yujie_runtime::Vars::new())?;
    yujie_runtime::serve::event("relay", |event| relay::handle(&app, event)).await
}
