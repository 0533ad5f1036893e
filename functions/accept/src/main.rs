//! Wiring of `accept`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = accept::App::from_env()?;
    yujie_runtime::serve::queue("accept", |batch| accept::handle(&app, batch)).await
}
