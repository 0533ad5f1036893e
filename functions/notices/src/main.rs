//! Wiring of `notices`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = notices::App::from_env().await?;
    yujie_runtime::serve::event("notices", |event| notices::handle(&app, event)).await
}
