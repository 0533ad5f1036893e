//! `GET /returns`: what a reader gives back.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use yujie_domain::{ReturnNo, ReturnRef};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Query, Reader};
use yujie_table::returning;

use crate::App;
use crate::view::{ReturnView, view};

/// Returns to a page.
const PAGE: usize = 20;

/// Where a page of returns begins.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    /// `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReturnList {
    /// Newest first.
    items: Vec<ReturnView>,
    /// The cursor of the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The reader's returns.
#[utoipa::path(
    get,
    path = "/returns",
    tag = "returns",
    params(Paging),
    security(("reader" = [])),
    responses(
        (status = 200, body = ReturnList),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    reader: Reader,
    Query(paging): Query<Paging>,
) -> Result<Json<ReturnList>, Problem> {
    let after = paging.cursor.as_deref().map(ReturnNo::parse).transpose();
    let after = after.map_err(|_| Problem::new(Code::MalformedRequest))?;
    let found = returning::list(&app.lending.table, &reader.rid, after.as_ref(), PAGE).await?;
    let next = found.last().filter(|_| found.len() == PAGE).map(|last| last.no().to_string());
    Ok(Json(ReturnList { items: found.iter().map(view).collect(), next }))
}

/// One of the reader's returns.
#[utoipa::path(
    get,
    path = "/returns/{return_no}",
    tag = "returns",
    params(("return_no" = String, Path)),
    security(("reader" = [])),
    responses(
        (status = 200, body = ReturnView),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    reader: Reader,
    Path(return_no): Path<String>,
) -> Result<Json<ReturnView>, Problem> {
    let no = ReturnNo::parse(&return_no).map_err(|_| Problem::new(Code::NotFound))?;
    let at = ReturnRef { rid: reader.rid, no };
    let this = returning::get(&app.lending.table, &at).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(Json(view(&this)))
}
