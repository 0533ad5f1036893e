//! Wiring of `indexer`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = indexer::App::from_env()?;
    app.table.warm().await;
    yujie_runtime::serve::queue("indexer", |batch| indexer::handle(&app, batch)).await
}
