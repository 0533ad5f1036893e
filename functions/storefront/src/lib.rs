//! The front of the house: whether the service is up, and the document that describes its API.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};
use yujie_runtime::Json;

/// The frozen document; a test keeps it equal to what the code says.
const DOCUMENT: &str = include_str!("../../../infra/openapi.json");

/// The function's routes.
pub fn routes() -> Router {
    Router::new().route("/health", get(health)).route("/openapi.json", get(document))
}

/// That the service answers.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// Always `ok`: when it is not, nothing answers.
    status: &'static str,
    /// The version of the software.
    version: &'static str,
}

/// Whether the service is up.
#[utoipa::path(get, path = "/health", tag = "service", responses((status = 200, body = Health)))]
async fn health() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "service", responses((status = 200, content_type = "application/json")))]
async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=300")], DOCUMENT)
}

#[derive(OpenApi)]
#[openapi(paths(health, document))]
struct Document;

/// What these routes look like, for the API's document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
