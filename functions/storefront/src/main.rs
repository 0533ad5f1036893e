//! Wiring of `storefront`.

use yujie_runtime::{Vars, serve, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init(Vars::new().optional("LOG_LEVEL").as_deref());
    serve::http("storefront", storefront::routes()).await
}
