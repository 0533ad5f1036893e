//! What a reader has here besides books: the card and its loss, addresses, family, the inbox and what is told; a copy of all of it, and its deletion.

mod addresses;
mod cards;
mod children;
mod deletion;
mod delivery;
mod export;
mod family;
mod me;
mod notices;
mod pasted;
mod preferences;

use axum::Router;
use axum::routing::{delete, get, post, put};
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
        .route("/me", get(me::show).delete(deletion::delete))
        .route("/me/export", get(export::export))
        .route("/me/addresses", get(addresses::list).post(addresses::add))
        .route("/me/addresses/parse", post(pasted::parse))
        .route("/me/addresses/{address_id}", put(addresses::change).delete(addresses::remove))
        .route("/me/notices", get(notices::list))
        .route("/me/preferences", get(preferences::show).put(preferences::change))
        .route("/me/children", post(children::add))
        .route("/me/family", get(family::show).post(family::link))
        .route("/me/family/{reader_id}", delete(family::unlink))
        .route("/me/family/{reader_id}/session", post(family::act))
        .route("/me/card/loss", post(cards::lose).delete(cards::find))
        .route("/me/card/replacement", post(cards::replace))
        .route("/staff/cards/{card_no}/loss", post(cards::lose_at_desk).delete(cards::find_at_desk))
        .with_state(app)
}

#[derive(OpenApi)]
#[openapi(
    paths(
        me::show,
        deletion::delete,
        export::export,
        addresses::list,
        addresses::add,
        addresses::change,
        addresses::remove,
        pasted::parse,
        notices::list,
        preferences::show,
        preferences::change,
        children::add,
        family::show,
        family::link,
        family::unlink,
        family::act,
        cards::lose,
        cards::find,
        cards::replace,
        cards::lose_at_desk,
        cards::find_at_desk
    ),
    components(schemas(yujie_domain::deletion::Open))
)]
struct Document;

/// What these routes look like, for the API's document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
