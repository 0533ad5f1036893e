//! `GET /staff/copies/{barcode}`: where is this copy.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use yujie_domain::Barcode;
use yujie_domain::copy::CopyState;
use yujie_domain::staff::Duty;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Staff};
use yujie_table::{copy, parcel};

use crate::App;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CopyView {
    barcode: String,
    title_id: String,
    state: CopyState,
    /// Where it is; for a copy on loan or on the road, the site it left last.
    site_id: String,
    call_number: String,
    /// The parcel that claims it or brought it to its reader. Who the reader is, is not said here.
    #[serde(skip_serializing_if = "Option::is_none")]
    parcel_no: Option<String>,
}

/// Where a copy is.
#[utoipa::path(
    get,
    path = "/staff/copies/{barcode}",
    tag = "staff",
    params(("barcode" = String, Path)),
    security(("staff" = [])),
    responses(
        (status = 200, body = CopyView),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    staff: Staff,
    Path(barcode): Path<String>,
) -> Result<Json<CopyView>, Problem> {
    staff.must(Duty::Look)?;
    let not_found = || Problem::new(Code::NotFound);
    let barcode = Barcode::parse(&barcode).map_err(|_| not_found())?;
    let copy = copy::get(&app.lending.table, &barcode).await?.ok_or_else(not_found)?;
    let parcel = match &copy.holder {
        Some(at) => parcel::get(&app.lending.table, at).await?,
        None => None,
    };
    let line = parcel.as_ref().and_then(|parcel| parcel.lines.iter().find(|line| line.barcode == barcode));
    Ok(Json(CopyView {
        state: copy.state(line.map(|line| line.status)),
        barcode: copy.barcode.to_string(),
        title_id: copy.title_id.to_string(),
        site_id: copy.site.to_string(),
        call_number: copy.call_number,
        parcel_no: copy.holder.map(|at| at.no().to_string()),
    }))
}
