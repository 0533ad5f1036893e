//! Wiring of `search`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let app = search::App::from_env()?;
    app.warm().await;
    yujie_runtime::serve::http("search", search::routes(app)).await
}
