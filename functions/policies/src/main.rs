//! Wiring of `policies`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let app = policies::App::from_env().await?;
    yujie_runtime::serve::http("policies", policies::routes(app)).await
}
