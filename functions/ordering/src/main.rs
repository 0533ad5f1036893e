//! Wiring of `ordering`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let app = ordering::App::from_env().await?;
    yujie_runtime::serve::http("ordering", ordering::routes(app)).await
}
