//! `GET` and `PUT /me/preferences`: what the reader wants to be told, and on which way.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_domain::preferences::Preferences;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, Reader};
use yujie_table::preferences;

use crate::App;

/// What the reader wants, at a version.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PreferencesAtVersion)]
pub(crate) struct AtVersion {
    /// To be named by whoever changes it; 0 before anything was chosen.
    version: u64,
    /// What the reader wants. The inbox has everything in any case.
    preferences: Preferences,
}

/// What the reader wants to be told.
#[utoipa::path(
    get,
    path = "/me/preferences",
    tag = "reader",
    operation_id = "preferences",
    security(("reader" = [])),
    responses(
        (status = 200, body = AtVersion),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(State(app): State<App>, reader: Reader) -> Result<Json<AtVersion>, Problem> {
    let (wants, version) = preferences::get(&app.lending.table, &reader.rid).await?;
    Ok(Json(AtVersion { version, preferences: wants.said() }))
}

/// Says what the reader wants to be told. Whoever acts for a reader may say it too: their notices are to reach somebody.
#[utoipa::path(
    put,
    path = "/me/preferences",
    tag = "reader",
    operation_id = "change_preferences",
    request_body = AtVersion,
    security(("reader" = [])),
    responses(
        (status = 200, body = AtVersion),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, description = "`changed_elsewhere`", content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change(
    State(app): State<App>,
    reader: Reader,
    Json(AtVersion { version, preferences: wants }): Json<AtVersion>,
) -> Result<Json<AtVersion>, Problem> {
    if !preferences::replace(&app.lending.table, &reader.rid, &wants, version).await? {
        return Err(Problem::new(Code::ChangedElsewhere));
    }
    Ok(Json(AtVersion { version: version.saturating_add(1), preferences: wants.said() }))
}
