//! `POST /staff/scans`: one scan of a copy or a parcel.
//!
//! A scan says what was seen, so it may be sent again: the second time it answers `already`.

use axum::extract::State;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_domain::parcel::{Command, LineStatus, Refusal};
use yujie_domain::staff::Duty;
use yujie_domain::{Barcode, ParcelNo, ParcelRef, SiteId, Waybill, time};
use yujie_lending::{CheckInError, CheckedIn, Fault, TakeBackError, TakenBack};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::step::{self, StepError};
use yujie_runtime::{Code, Json, Problem, Staff};
use yujie_table::{copy, parcel, site};

use crate::App;

/// What was scanned, to do what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(crate) enum Scan {
    /// A copy was taken from its shelf.
    Pick {
        #[schema(value_type = String)]
        barcode: Barcode,
    },
    /// A copy was put into its parcel's box.
    Pack {
        #[schema(value_type = String)]
        parcel_no: ParcelNo,
        #[schema(value_type = String)]
        barcode: Barcode,
    },
    /// A box was handed to the courier or the driver.
    HandOver {
        #[schema(value_type = String)]
        parcel_no: ParcelNo,
        /// The waybill on its label. When its reader changed the order, the label of before is refused.
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        waybill: Option<Waybill>,
    },
    /// The van left with a box.
    Depart {
        #[schema(value_type = String)]
        parcel_no: ParcelNo,
    },
    /// A box reached the pickup site.
    Arrive {
        #[schema(value_type = String)]
        parcel_no: ParcelNo,
    },
    /// The reader took a parcel at the pickup site, with their code.
    Collect {
        #[schema(value_type = String)]
        parcel_no: ParcelNo,
        code: String,
    },
    /// A copy came back.
    CheckIn {
        #[schema(value_type = String)]
        barcode: Barcode,
    },
    /// A reader handed a copy over to be brought back: to a driver, at a desk, or into a book drop. Its loan stops now, with or without a
    /// booked return; check-in ends it when the copy is in.
    TakeBack {
        #[schema(value_type = String)]
        barcode: Barcode,
        /// When that was, if not now: what lay in a drop was handed over at the latest when it was full, or closed. A week ago at most.
        #[serde(default)]
        #[schema(value_type = Option<String>, format = DateTime)]
        handed_over_at: Option<Timestamp>,
    },
    /// A cancelled copy was taken out of its parcel's box, or back from the sorting table.
    TakeOut {
        #[schema(value_type = String)]
        parcel_no: ParcelNo,
        #[schema(value_type = String)]
        barcode: Barcode,
    },
}

/// Whether a scan changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ScanOutcome {
    /// It did.
    Done,
    /// It had been scanned before.
    Already,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Scanned {
    outcome: ScanOutcome,
    /// The parcel, when the scan was about one; for a copy that came back, the one that it goes into for the next reader in line.
    #[serde(skip_serializing_if = "Option::is_none")]
    parcel_no: Option<String>,
    /// The return with which a book was taken from its reader.
    #[serde(skip_serializing_if = "Option::is_none")]
    return_no: Option<String>,
    /// The parcel's status now.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<LineStatus>,
    /// The waybill that its label must show, once a carrier is booked.
    #[serde(skip_serializing_if = "Option::is_none")]
    waybill: Option<String>,
    /// The copy, when one was scanned.
    #[serde(skip_serializing_if = "Option::is_none")]
    barcode: Option<String>,
}

/// Records a scan.
#[utoipa::path(
    post,
    path = "/staff/scans",
    tag = "staff",
    request_body = Scan,
    security(("staff" = [])),
    responses(
        (status = 200, body = Scanned),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn scan(
    State(app): State<App>,
    staff: Staff,
    Json(scan): Json<Scan>,
) -> Result<Json<Scanned>, Problem> {
    staff.must(duty(&scan))?;
    let site = staff.site.clone();
    match scan {
        Scan::Pick { barcode } => {
            let at = claimed_by(&app, &barcode).await?;
            carry_out(&app, &at, Command::Pick { barcode: barcode.clone(), site }, Some(barcode)).await
        }
        Scan::Pack { parcel_no, barcode } => {
            let at = named(&app, &parcel_no).await?;
            carry_out(&app, &at, Command::Pack { barcode: barcode.clone(), site }, Some(barcode)).await
        }
        Scan::HandOver { parcel_no, waybill } => {
            let at = named(&app, &parcel_no).await?;
            carry_out(&app, &at, Command::HandOver { site, waybill }, None).await
        }
        Scan::Depart { parcel_no } => {
            carry_out(&app, &named(&app, &parcel_no).await?, Command::Depart { site }, None).await
        }
        Scan::Arrive { parcel_no } => {
            let at = named(&app, &parcel_no).await?;
            let (code, keep_until) = (pickup_code(&app)?, keep_until(&app, &at, &site).await?);
            carry_out(&app, &at, Command::Arrive { site, code, keep_until }, None).await
        }
        Scan::Collect { parcel_no, code } => {
            carry_out(&app, &named(&app, &parcel_no).await?, Command::Collect { site, code }, None).await
        }
        Scan::CheckIn { barcode } => check_in(&app, &staff, barcode).await,
        Scan::TakeBack { barcode, handed_over_at } => take_back(&app, &staff, barcode, handed_over_at).await,
        Scan::TakeOut { parcel_no, barcode } => {
            let at = named(&app, &parcel_no).await?;
            carry_out(&app, &at, Command::TakeOut { barcode: barcode.clone(), site }, Some(barcode)).await
        }
    }
}

fn duty(scan: &Scan) -> Duty {
    match scan {
        Scan::Pick { .. } => Duty::Pick,
        Scan::Pack { .. } | Scan::TakeOut { .. } => Duty::Pack,
        Scan::HandOver { .. } | Scan::Depart { .. } => Duty::Dispatch,
        Scan::Arrive { .. } | Scan::Collect { .. } | Scan::CheckIn { .. } => Duty::Desk,
        Scan::TakeBack { .. } => Duty::TakeBack,
    }
}

/// The parcel that claims a copy.
async fn claimed_by(app: &App, barcode: &Barcode) -> Result<ParcelRef, Problem> {
    let copy = copy::get(&app.lending.table, barcode).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    copy.holder.ok_or_else(|| Problem::new(Code::NotOrdered))
}

/// The parcel with this number.
async fn named(app: &App, no: &ParcelNo) -> Result<ParcelRef, Problem> {
    let parcel = parcel::by_no(&app.lending.table, no).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(parcel.at)
}

/// A code of six digits for the reader to show.
fn pickup_code(app: &App) -> Result<String, Problem> {
    let chance = app.lending.edge.entropy.number().map_err(Problem::internal)?;
    Ok(format!("{:06}", chance % 1_000_000))
}

/// The last day on which a parcel that arrives today waits at `site`, by the rules and the site's calendar.
async fn keep_until(app: &App, at: &ParcelRef, site: &SiteId) -> Result<Date, Problem> {
    let today = time::day(app.lending.edge.clock.now());
    let place = site::get(&app.lending.table, site).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    app.lending.pickup_deadline(&at.rid, &place, today).await.map_err(fault)
}

async fn carry_out(
    app: &App,
    at: &ParcelRef,
    command: Command,
    barcode: Option<Barcode>,
) -> Result<Json<Scanned>, Problem> {
    let done = step::carry_out(&app.lending.table, at, &command, app.lending.edge.clock.now())
        .await
        .map_err(problem)?;
    let status = done.parcel.status();
    tracing::info!(parcel.no = %at.no(), parcel.status = status.as_str(), changed = done.changed, "scan");
    Ok(Json(Scanned {
        outcome: if done.changed { ScanOutcome::Done } else { ScanOutcome::Already },
        parcel_no: Some(at.no().to_string()),
        return_no: None,
        status: Some(status),
        waybill: done.parcel.booking.as_ref().map(|booking| booking.waybill.to_string()),
        barcode: barcode.map(|barcode| barcode.to_string()),
    }))
}

fn problem(error: StepError) -> Problem {
    match error {
        StepError::NotFound => Problem::new(Code::NotFound),
        StepError::Table(error) => error.into(),
        StepError::Refused(refusal) => {
            let code = match refusal {
                Refusal::TooEarly { .. } | Refusal::Unpaid => Code::TooEarly,
                Refusal::NotBooked => Code::NotBooked,
                Refusal::OldLabel => Code::LabelOutdated,
                Refusal::WrongParcel => Code::WrongParcel,
                Refusal::WrongSite { .. } => Code::WrongSite,
                Refusal::WrongWay => Code::WrongWay,
                Refusal::WrongCode => Code::WrongPickupCode,
                Refusal::TooLate { .. } => Code::TooLate,
                Refusal::Cancelled => Code::CancelledByReader,
                Refusal::Expired => Code::PickupExpired,
                Refusal::TakeOutFirst { .. } => Code::TakeOutFirst,
            };
            Problem::new(code)
        }
    }
}

/// A copy came back to the caller's site: its loan ends now, and it goes to the next reader in line or is free here.
async fn check_in(app: &App, staff: &Staff, barcode: Barcode) -> Result<Json<Scanned>, Problem> {
    let done = app.lending.check_in(&barcode, &staff.site).await.map_err(|error| match error {
        CheckInError::NotFound => Problem::new(Code::NotFound),
        CheckInError::NotOnLoan => Problem::new(Code::NotOnLoan),
        CheckInError::Fault(error) => fault(error),
    })?;
    tracing::info!(copy.barcode = %barcode, site = %staff.site, ?done, "check-in");
    let (outcome, parcel) = match done {
        CheckedIn::Free => (ScanOutcome::Done, None),
        CheckedIn::Given(gift) => (ScanOutcome::Done, Some(gift.parcel)),
        CheckedIn::Already(parcel) => (ScanOutcome::Already, parcel),
    };
    Ok(Json(Scanned {
        outcome,
        parcel_no: parcel.map(|parcel| parcel.no().to_string()),
        return_no: None,
        status: None,
        waybill: None,
        barcode: Some(barcode.to_string()),
    }))
}

/// A reader handed a copy over: its loan stops now, or stopped then.
async fn take_back(
    app: &App,
    staff: &Staff,
    barcode: Barcode,
    earlier: Option<Timestamp>,
) -> Result<Json<Scanned>, Problem> {
    let done = app.lending.take_back(&barcode, &staff.site, earlier).await.map_err(|error| match error {
        TakeBackError::NotThen => {
            Problem::field("handed_over_at", "within the loan, not later than now, and a week ago at most")
        }
        TakeBackError::NotFound => Problem::new(Code::NotFound),
        TakeBackError::NotOnLoan => Problem::new(Code::NotOnLoan),
        TakeBackError::Fault(error) => fault(error),
    })?;
    tracing::info!(copy.barcode = %barcode, site = %staff.site, ?done, "taken back");
    let (outcome, return_no) = match done {
        TakenBack::Now(no) => (ScanOutcome::Done, Some(no)),
        TakenBack::Already(no) => (ScanOutcome::Already, no),
    };
    Ok(Json(Scanned {
        outcome,
        parcel_no: None,
        return_no: return_no.map(|no| no.to_string()),
        status: None,
        waybill: None,
        barcode: Some(barcode.to_string()),
    }))
}

/// A fault of ours, or of the table's.
pub(crate) fn fault(fault: Fault) -> Problem {
    match fault {
        Fault::Table(error) => error.into(),
        Fault::NoRules | Fault::Seal(_) | Fault::Unsound(_) => Problem::internal(fault),
    }
}
