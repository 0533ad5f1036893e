//! What librarians add to the catalogue for readers' eyes: covers, and the titles that they
//! recommend; and what readers looked for in vain.

mod covers;
mod imports;
mod picks;
mod unmet;

use axum::Router;
use axum::routing::{get, post, put};
use utoipa::OpenApi;
use yujie_covers::store::CoverStore;
use yujie_import_store::ImportStore;
use yujie_runtime::{Clients, Clock, Edge, Entropy, Keys, StartError, Vars, telemetry};
use yujie_table::Table;

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub table: Table,
    /// The covers' files.
    pub covers: CoverStore,
    /// Files that are brought to be imported.
    pub imports: ImportStore,
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
        let covers = CoverStore::new(clients.s3(), vars.required("COVERS_BUCKET"));
        let imports = ImportStore::new(clients.s3(), vars.required("IMPORTS_BUCKET"));
        let secret = vars.required("APP_SECRET_ID");
        vars.finish()?;
        table.warm().await;
        let keys = Keys::from_secret(&clients.secret(&secret).await?)?;
        Ok(Self {
            table,
            covers,
            imports,
            edge: Edge { keys, clock: Clock::System, entropy: Entropy::system() },
        })
    }
}

/// The function's routes.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/staff/titles/{id}/cover", put(covers::upload).delete(covers::remove))
        .route("/staff/picks", get(picks::list))
        .route("/staff/picks/{title_id}", put(picks::write).delete(picks::remove))
        .route("/staff/unmet-searches", get(unmet::list))
        .route("/staff/imports", get(imports::list).post(imports::add))
        .route("/staff/imports/{id}", get(imports::show))
        .route("/staff/imports/{id}/start", post(imports::start))
        .with_state(app)
}

#[derive(OpenApi)]
#[openapi(paths(
    covers::upload,
    covers::remove,
    picks::list,
    picks::write,
    picks::remove,
    unmet::list,
    imports::add,
    imports::start,
    imports::list,
    imports::show
))]
struct Document;

/// What these routes look like, for the API's document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
