//! Ordering: sites, the quote, the order, its timeline, the loans it became, and what these recommend.

mod loans;
mod place;
mod recommendations;
mod rules;
mod sites;
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
    /// The rules in force, read at most once a minute.
    pub rules: rules::Rules,
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
        Ok(Self {
            table,
            edge: Edge { keys, clock: Clock::System, entropy: Entropy::system() },
            rules: rules::Rules::default(),
        })
    }
}

/// The function's routes.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/sites", get(sites::list))
        .route("/orders/quote", post(place::quote))
        .route("/orders", post(place::place).get(view::list))
        .route("/orders/{order_no}", get(view::show))
        .route("/orders/{order_no}/timeline", get(view::timeline))
        .route("/loans", get(loans::list))
        .route("/me/recommendations", get(recommendations::list).put(recommendations::switch))
        .with_state(app)
}

#[derive(OpenApi)]
#[openapi(
    paths(
        sites::list,
        place::quote,
        place::place,
        view::list,
        view::show,
        view::timeline,
        loans::list,
        recommendations::list,
        recommendations::switch
    ),
    components(schemas(yujie_domain::order::Obstacle))
)]
struct Document;

/// What these routes look like, for the API's document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
