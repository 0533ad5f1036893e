//! Wiring of `payments`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let app = payments::App::from_env().await?;
    yujie_runtime::serve::http("payments", payments::routes(app)).await
}
