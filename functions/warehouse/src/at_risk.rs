//! `GET /staff/promises/at-risk`: the parcels whose time runs out, wherever they are: also those that are on no work list.

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use yujie_domain::parcel::{Carrier, LineStatus, Parcel, Warning};
use yujie_domain::punctuality;
use yujie_domain::staff::Duty;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Json, Problem, Staff};
use yujie_table::parcel;

use crate::App;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AtRisk {
    /// Whose time runs out first comes first.
    items: Vec<Late>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Late {
    parcel_no: String,
    order_no: String,
    status: LineStatus,
    #[schema(value_type = String, format = DateTime)]
    promised_by: Timestamp,
    /// How much of the promised time is gone.
    warned: Warning,
    /// Since when it has stood where it stands: its last step; nothing when nobody has taken it on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Who has it in hand.
    with: With,
    /// The site that it leaves from.
    site_id: String,
    /// Where it goes: a site, or nothing for the door.
    #[serde(skip_serializing_if = "Option::is_none")]
    to_site: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<Carrier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waybill: Option<String>,
}

/// Who has a parcel in hand.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum With {
    /// An automatic step: its queue and its log say why it stands.
    System,
    /// The people of the site that it leaves from.
    Staff,
    /// The courier, or the van.
    Carrier,
}

/// The parcels that have not come and of whose promised time half is gone, or all.
#[utoipa::path(
    get,
    path = "/staff/promises/at-risk",
    tag = "staff",
    security(("staff" = [])),
    responses(
        (status = 200, body = AtRisk),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(app): State<App>, staff: Staff) -> Result<Json<AtRisk>, Problem> {
    staff.must(Duty::Look)?;
    let mut open = parcel::open(&app.lending.table).await?;
    open.sort_by_key(|parcel| (parcel.promised_by, parcel.at.no()));
    Ok(Json(AtRisk { items: open.into_iter().filter_map(view).collect() }))
}

fn view(parcel: Parcel) -> Option<Late> {
    // What has come, or is not wanted any more, is late no longer.
    let runs = parcel.is_open() && punctuality::arrived(&parcel).is_none();
    let warned = parcel.warned.filter(|_| runs)?;
    Some(Late {
        parcel_no: parcel.at.no().to_string(),
        order_no: parcel.order_no().to_string(),
        status: parcel.status(),
        promised_by: parcel.promised_by,
        warned,
        since: parcel.history.last().map(|last| last.at),
        with: with(&parcel),
        site_id: parcel.site.to_string(),
        to_site: parcel.destination.site().map(ToString::to_string),
        carrier: parcel.booking.as_ref().map(|booking| booking.carrier),
        waybill: parcel.booking.map(|booking| booking.waybill.to_string()),
    })
}

fn with(parcel: &Parcel) -> With {
    if parcel.status() >= LineStatus::Dispatched {
        With::Carrier
    } else if crate::work::waits_at(parcel).is_some() {
        With::Staff
    } else {
        With::System
    }
}
