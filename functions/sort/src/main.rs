//! Wiring of `sort`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = sort::App::from_env()?;
    yujie_runtime::serve::queue("sort", |batch| sort::handle(&app, batch)).await
}
