//! What staff do: work lists, scans, where a copy is, when a site is closed; and what they are told: promises kept, audits.

mod at_risk;
mod audits;
mod copies;
mod promises;
mod scans;
mod sites;
mod work;

use axum::Router;
use axum::routing::{get, post};
use utoipa::OpenApi;
use yujie_lending::Lending;
use yujie_runtime::{Clients, Clock, Edge, Entropy, Keys, StartError, Vars, telemetry};
use yujie_table::Table;

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table, keys, time, chance, the rules in force and the sites.
    pub lending: Lending,
}

impl AsRef<Edge> for App {
    fn as_ref(&self) -> &Edge {
        &self.lending.edge
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
        let edge = Edge { keys, clock: Clock::System, entropy: Entropy::system() };
        Ok(Self { lending: Lending::new(table, edge) })
    }
}

/// The function's routes.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/staff/work", get(work::list))
        .route("/staff/scans", post(scans::scan))
        .route("/staff/copies/{barcode}", get(copies::show))
        .route("/staff/promises", get(promises::list))
        .route("/staff/promises/at-risk", get(at_risk::list))
        .route("/staff/audits", get(audits::list))
        .route("/staff/sites/{site_id}/closures", get(sites::show).put(sites::close))
        .with_state(app)
}

#[derive(OpenApi)]
#[openapi(paths(
    work::list,
    scans::scan,
    copies::show,
    promises::list,
    at_risk::list,
    audits::list,
    sites::show,
    sites::close
))]
struct Document;

/// What these routes look like, for the API's document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
