//! Wiring of `registration`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let app = registration::App::from_env().await?;
    yujie_runtime::serve::http("registration", registration::routes(app)).await
}
