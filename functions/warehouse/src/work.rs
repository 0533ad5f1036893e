//! `GET /staff/work`: what a site has to do.

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use yujie_domain::parcel::{Because, BoxSize, Carrier, Destination, LineStatus, Parcel, Warning};
use yujie_domain::staff::Duty;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Json, Problem, Query, Staff};
use yujie_table::parcel;

use crate::App;

/// A stage of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// Books to take from shelves.
    Pick,
    /// Books to put into boxes.
    Pack,
    /// Cancelled books that are off their shelves: nothing else is done with their parcels before.
    TakeOut,
    /// Boxes to hand over, and vans to send off.
    Dispatch,
    /// What is on its way to this site or waits here for its reader.
    Pickup,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// The stage.
    #[param(inline)]
    stage: Stage,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkList {
    items: Vec<Work>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Work {
    parcel_no: String,
    order_no: String,
    status: LineStatus,
    #[schema(value_type = String, format = DateTime)]
    promised_by: Timestamp,
    /// Where it goes: a site, or nothing for the door.
    #[serde(skip_serializing_if = "Option::is_none")]
    to_site: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<Carrier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waybill: Option<String>,
    #[serde(rename = "box", skip_serializing_if = "Option::is_none")]
    box_size: Option<BoxSize>,
    /// Why it leaves from this site and not from another.
    because: Because,
    /// How much of the promised time is gone, once half of it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    warned: Option<Warning>,
    /// In shelf order.
    lines: Vec<WorkLine>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkLine {
    barcode: String,
    title: String,
    call_number: String,
    status: LineStatus,
}

/// The parcels of the caller's site that wait at a stage: picking in shelf order, the rest oldest order first.
#[utoipa::path(
    get,
    path = "/staff/work",
    tag = "staff",
    params(Which),
    security(("staff" = [])),
    responses(
        (status = 200, body = WorkList),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    staff: Staff,
    Query(which): Query<Which>,
) -> Result<Json<WorkList>, Problem> {
    staff.must(Duty::Look)?;
    let mut parcels: Vec<Parcel> = parcel::in_work_at(&app.lending.table, &staff.site)
        .await?
        .into_iter()
        .filter(|parcel| waits_at(parcel) == Some(which.stage))
        .collect();
    if which.stage == Stage::Pick {
        parcels.sort_by_cached_key(|parcel| parcel.lines.iter().map(|line| line.call_number.clone()).min());
    }
    Ok(Json(WorkList { items: parcels.into_iter().map(view).collect() }))
}

/// The stage at which people have to do with a parcel now; `None` while it waits for an automatic step or is out of our hands.
pub(crate) fn waits_at(parcel: &Parcel) -> Option<Stage> {
    if parcel.to_take_out().is_some() {
        return Some(Stage::TakeOut);
    }
    match parcel.status() {
        LineStatus::Accepted => parcel.sorted.map(|_| Stage::Pick),
        LineStatus::Picked => parcel.boxed.map(|_| Stage::Pack),
        LineStatus::Packed | LineStatus::Dispatched => parcel.booking.as_ref().map(|_| Stage::Dispatch),
        LineStatus::Delivering | LineStatus::ReadyForPickup => Some(Stage::Pickup),
        LineStatus::Reserved
        | LineStatus::Delivered
        | LineStatus::Collected
        | LineStatus::Recalled
        | LineStatus::Cancelled
        | LineStatus::Uncollected => None,
    }
}

fn view(parcel: Parcel) -> Work {
    Work {
        parcel_no: parcel.at.no().to_string(),
        order_no: parcel.order_no().to_string(),
        status: parcel.status(),
        promised_by: parcel.promised_by,
        to_site: match &parcel.destination {
            Destination::Home => None,
            Destination::Site { site_id } => Some(site_id.to_string()),
        },
        carrier: parcel.booking.as_ref().map(|booking| booking.carrier),
        waybill: parcel.booking.as_ref().map(|booking| booking.waybill.to_string()),
        box_size: parcel.boxed,
        because: parcel.because,
        warned: parcel.warned,
        lines: parcel
            .lines
            .into_iter()
            .map(|line| WorkLine {
                barcode: line.barcode.to_string(),
                title: line.title,
                call_number: line.call_number,
                status: line.status,
            })
            .collect(),
    }
}
