//! Wiring of `collections`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = collections::App::from_env().await?;
    yujie_runtime::serve::queue("collections", |batch| collections::handle(&app, batch)).await
}
