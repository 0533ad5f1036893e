//! Wiring of `shelves`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = shelves::App::new(yujie_runtime::Vars::new())?;
    yujie_runtime::serve::event("shelves", |event| shelves::handle(&app, event)).await
}
