//! Wiring of `warehouse`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let app = warehouse::App::from_env().await?;
    yujie_runtime::serve::http("warehouse", warehouse::routes(app)).await
}
