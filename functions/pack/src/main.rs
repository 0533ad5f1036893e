//! Wiring of `pack`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = pack::App::from_env()?;
    yujie_runtime::serve::queue("pack", |batch| pack::handle(&app, batch)).await
}
