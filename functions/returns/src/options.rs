//! `GET /returns/options`: the ways in which loans can come back now.

use axum::extract::State;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use yujie_domain::returning;
use yujie_lending::delivery_day;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, Reader};
use yujie_table::account;

use crate::App;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReturnOptions {
    /// The loans that can be booked, by their copies.
    barcodes: Vec<String>,
    /// The days on which a courier can be asked to come. Sites that take books: `GET /sites`.
    #[schema(value_type = Vec<String>)]
    courier_days: Vec<Date>,
    /// The parcels whose carrier can take books along, the next one first.
    deliveries: Vec<Delivery>,
}

/// A parcel that comes to the reader's door.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ComingDelivery)]
pub(crate) struct Delivery {
    parcel_no: String,
    /// The day on which it comes, or the last one.
    #[schema(value_type = String, format = Date)]
    day: Date,
}

/// The ways in which the reader's loans can come back now.
#[utoipa::path(
    get,
    path = "/returns/options",
    tag = "returns",
    security(("reader" = [])),
    responses((status = 200, body = ReturnOptions), (status = 401, body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn options(State(app): State<App>, reader: Reader) -> Result<Json<ReturnOptions>, Problem> {
    let lending = &app.lending;
    let account = account::get(&lending.table, &reader.rid)
        .await?
        .ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    let deliveries = lending.deliveries(&account).await?;
    let free = account
        .open
        .values()
        .filter(|item| item.returning.is_none() && item.loan.is_some_and(|loan| loan.runs()));
    Ok(Json(ReturnOptions {
        barcodes: free.map(|item| item.barcode.to_string()).collect(),
        courier_days: returning::days(lending.edge.clock.now()),
        deliveries: deliveries
            .iter()
            .filter(|parcel| parcel.takes_back.is_none())
            .map(|parcel| Delivery { parcel_no: parcel.at.no().to_string(), day: delivery_day(parcel) })
            .collect(),
    }))
}
