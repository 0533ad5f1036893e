//! Returns: readers book how their loans come back, see how far they are, and call them off; staff see what is on the road for too long.

mod book;
mod cancel;
mod options;
mod refusal;
mod road;
mod show;
mod view;

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
        .route("/returns", post(book::book).get(show::list))
        .route("/returns/options", get(options::options))
        .route("/returns/{return_no}", get(show::show).delete(cancel::cancel))
        .route("/staff/returns", get(road::list))
        .with_state(app)
}

#[derive(OpenApi)]
#[openapi(
    paths(book::book, show::list, options::options, show::show, cancel::cancel, road::list),
    components(schemas(yujie_domain::returning::NotReturned, yujie_domain::order::Obstacle))
)]
struct Document;

/// What these routes look like, for the API's document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
