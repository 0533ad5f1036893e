//! Wiring of `cataloguing`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let app = cataloguing::App::from_env().await?;
    yujie_runtime::serve::http("cataloguing", cataloguing::routes(app)).await
}
