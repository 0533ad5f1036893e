//! Wiring of `promises`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = promises::App::from_env().await?;
    yujie_runtime::serve::event("promises", |event| promises::handle(&app, event)).await
}
