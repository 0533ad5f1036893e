//! Wiring of `audit`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = audit::App::new(yujie_runtime::Vars::new())?;
    yujie_runtime::serve::event("audit", |event| audit::handle(&app, event)).await
}
