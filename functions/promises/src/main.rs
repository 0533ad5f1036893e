//! Wiring of `promises`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = promises::App::new(yujie_runtime::Vars::new())?;
    yujie_runtime::serve::event("promises", |event| promises::handle(&app, event)).await
}
