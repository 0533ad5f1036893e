//! Wiring of `returns`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let app = returns::App::from_env().await?;
    yujie_runtime::serve::http("returns", returns::routes(app)).await
}
