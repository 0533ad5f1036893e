//! Wiring of `settlements`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = settlements::App::from_env().await?;
    yujie_runtime::serve::queue("settlements", |batch| settlements::handle(&app, batch)).await
}
