//! Wiring of `holds`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = holds::App::from_env().await?;
    yujie_runtime::serve::queue("holds", |batch| holds::handle(&app, batch)).await
}
