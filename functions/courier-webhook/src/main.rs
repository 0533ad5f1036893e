//! Wiring of `courier-webhook`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let app = courier_webhook::App::from_env().await?;
    yujie_runtime::serve::http("courier-webhook", courier_webhook::routes(app)).await
}
