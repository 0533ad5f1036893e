//! Wiring of `profile`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let app = profile::App::from_env().await?;
    yujie_runtime::serve::http("profile", profile::routes(app)).await
}
