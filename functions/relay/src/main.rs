//! Wiring of `relay`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = relay::App::from_env()?;
    yujie_runtime::serve::event("relay", |event| relay::handle(&app, event)).await
}
