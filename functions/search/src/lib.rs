//! The catalogue for readers: titles by words, pinyin or ISBN, suggestions while typing, one title with its editions and copies, its cover, and
//! the shelves that the catalogue opens with. All say what is free at this moment.

mod answer;
mod cover;
mod index;
mod routes;
mod shelves;
mod unmet;

use axum::Router;
use axum::routing::get;
use utoipa::OpenApi;
use yujie_covers::store::CoverStore;
use yujie_index_store::{IndexStore, Local};
use yujie_runtime::{Clients, Clock, ConfigError, Vars, telemetry};
use yujie_table::Table;

pub use answer::{
    ArrivalEstimate, Count, FoundTitle, FoundTitles, Matched, Offer, OfferKind, ShelfCopy, Suggested,
    SuggestedKind, Suggestions, TitleDetail, TitleFacets,
};
pub use index::{IndexError, LiveIndex};
pub use unmet::Budget;

/// What the function works with.
#[derive(Debug)]
pub struct App {
    /// The table.
    pub table: Table,
    /// The search index, kept up with what is published.
    pub index: LiveIndex,
    /// The covers that titles were given.
    pub covers: CoverStore,
    /// How many searches in vain may still be counted.
    pub unmet: Budget,
    /// The time.
    pub clock: Clock,
}

impl App {
    /// Reads the environment.
    ///
    /// # Errors
    /// [`StartError`] with every missing variable, or when there is no room on the disk.
    pub fn from_env() -> Result<Self, StartError> {
        let mut vars = Vars::new();
        telemetry::init(vars.optional("LOG_LEVEL").as_deref());
        let clients = Clients::from_env(&mut vars);
        let table = Table::new(clients.dynamodb(), vars.required("TABLE_NAME"));
        let store = IndexStore::new(clients.s3(), vars.required("INDEX_BUCKET"));
        let covers = CoverStore::new(clients.s3(), vars.required("COVERS_BUCKET"));
        vars.finish()?;
        let local = Local::open(&std::env::temp_dir().join("yujie-index")).map_err(IndexError::from)?;
        Ok(Self {
            table,
            index: LiveIndex::new(store, local, Clock::System),
            covers,
            unmet: Budget::default(),
            clock: Clock::System,
        })
    }

    /// Uses the init phase, where processor time is given away: opens the connection to the table and fetches the index. What
    /// fails here is tried again by the first request.
    pub async fn warm(&self) {
        let ((), index) = tokio::join!(self.table.warm(), self.index.current());
        if let Err(error) = index {
            tracing::warn!(cause = %error, "the index is not there yet");
        }
    }
}

/// Why the function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Missing variables.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No place for the index.
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// The function's routes.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/titles", get(routes::find))
        .route("/titles/suggest", get(routes::suggest))
        .route("/titles/{id}", get(routes::show))
        .route("/titles/{id}/cover", get(cover::show))
        .route("/shelves", get(shelves::list))
        .with_state(std::sync::Arc::new(app))
}

#[derive(OpenApi)]
#[openapi(paths(routes::find, routes::suggest, routes::show, cover::show, shelves::list))]
struct Document;

/// What these routes look like, for the API's document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
