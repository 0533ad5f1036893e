//! The library's rules, for administrators: what is in force, what was, what is to come, and what other rules would mean. A version is added
//! and never changed.

mod changes;
mod list;
mod proposed;
mod publish;
mod show;
mod trials;
mod view;

use axum::Router;
use axum::routing::{get, post};
use utoipa::OpenApi;
use yujie_runtime::{Clients, Clock, Edge, Entropy, Keys, StartError, Vars, telemetry};
use yujie_table::Table;

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub table: Table,
    /// Keys, time, chance.
    pub edge: Edge,
}

impl AsRef<Edge> for App {
    fn as_ref(&self) -> &Edge {
        &self.edge
    }
}

impl App {
    /// Reads the environment and the secret, and opens the connection to the table.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn from_env() -> Result<Self, StartError> {
        let mut vars = Vars::new();
        telemetry::init(vars.optional("LOG_LEVEL").as_deref());
        let clients = Clients::from_env(&mut vars);
        let table = Table::new(clients.dynamodb(), vars.required("TABLE_NAME"));
        let secret = vars.required("APP_SECRET_ID");
        vars.finish()?;
        table.warm().await;
        let keys = Keys::from_secret(&clients.secret(&secret).await?)?;
        Ok(Self { table, edge: Edge { keys, clock: Clock::System, entropy: Entropy::system() } })
    }
}

/// The function's routes.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/staff/rules", get(list::list).post(publish::publish))
        .route("/staff/rules/{version}", get(show::show))
        .route("/staff/rules/trials", post(trials::begin))
        .route("/staff/rules/trials/{id}", get(trials::show))
        .with_state(app)
}

#[derive(OpenApi)]
#[openapi(paths(list::list, publish::publish, show::show, trials::begin, trials::show))]
struct Document;

/// What these routes look like, for the API's document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
