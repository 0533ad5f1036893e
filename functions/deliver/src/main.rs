//! Wiring of `deliver`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = deliver::App::from_env()?;
    yujie_runtime::serve::queue("deliver", |batch| deliver::handle(&app, batch)).await
}
