//! Wiring of `trials`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = trials::App::from_env()?;
    app.table.warm().await;
    yujie_runtime::serve::queue("trials", |batch| trials::handle(&app, batch)).await
}
