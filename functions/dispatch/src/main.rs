//! Wiring of `dispatch`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = dispatch::App::from_env().await?;
    yujie_runtime::serve::queue("dispatch", |batch| dispatch::handle(&app, batch)).await
}
