//! Paying for orders: what a reader's page needs to pay, and what the payment platform tells of it.

mod notified;
mod pay;

use axum::Router;
use axum::routing::post;
use utoipa::OpenApi;
use yujie_cashier::{Desk, NOTIFY_PATH, Settings};
use yujie_lending::Lending;
use yujie_runtime::{Clients, Clock, Edge, Entropy, Keys, StartError, Vars, telemetry};
use yujie_table::Table;

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table, keys, time, chance, the rules in force.
    pub lending: Lending,
    /// The desk at the payment platform.
    pub desk: Desk,
}

impl AsRef<Edge> for App {
    fn as_ref(&self) -> &Edge {
        &self.lending.edge
    }
}

impl App {
    /// Reads the environment and the secrets, and opens the connection to the table.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn from_env() -> Result<Self, StartError> {
        let mut vars = Vars::new();
        telemetry::init(vars.optional("LOG_LEVEL").as_deref());
        let clients = Clients::from_env(&mut vars);
        let table = Table::new(clients.dynamodb(), vars.required("TABLE_NAME"));
        let app_secret = vars.required("APP_SECRET_ID");
        let desk = Settings::read(&mut vars);
        vars.finish()?;
        table.warm().await;
        let keys = Keys::from_secret(&clients.secret(&app_secret).await?)?;
        let edge = Edge { keys, clock: Clock::System, entropy: Entropy::system() };
        let desk = desk.open(&clients, &edge).await?;
        Ok(Self { lending: Lending::new(table, edge), desk })
    }
}

/// The function's routes.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/orders/{order_no}/payment", post(pay::pay))
        .route(NOTIFY_PATH, post(notified::notified))
        .with_state(app)
}

#[derive(OpenApi)]
#[openapi(paths(pay::pay, notified::notified))]
struct Document;

/// What these routes look like, for the API's document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
