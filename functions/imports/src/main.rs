//! Wiring of `imports`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = imports::App::from_env()?;
    app.table.warm().await;
    yujie_runtime::serve::queue("imports", |batch| imports::handle(&app, batch)).await
}
