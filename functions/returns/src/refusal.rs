//! How refusals and faults are told.

use serde_json::Value;
use yujie_domain::account::Account;
use yujie_domain::hold::Wherever;
use yujie_domain::order::Obstacle;
use yujie_domain::returning::{NotReturned, Wanted};
use yujie_domain::text;
use yujie_lending::{Fault, Lending, ReturnError};
use yujie_runtime::{Code, Problem};

/// The problem that calling a return off ended in, or booking one without an obstacle of its place.
pub(crate) fn problem(error: ReturnError) -> Problem {
    match error {
        ReturnError::NotFound => Problem::new(Code::NotFound),
        ReturnError::HandedOver => Problem::new(Code::HandedOver),
        ReturnError::Day => Problem::field("way.day", "no courier can be booked for this day"),
        ReturnError::Fault(error) => fault(error),
        ReturnError::Refused { reasons, .. } => told(&reasons),
    }
}

/// The problem that the books, and the place where they were to go, stand in the way, with what clears the latter.
pub(crate) async fn refused(
    lending: &Lending,
    account: &Account,
    way: &Wanted,
    (reasons, obstacles): (&[NotReturned], &[Obstacle]),
) -> Problem {
    let mut problem = told(reasons);
    let Some(to) = place(way) else { return problem };
    // A book that comes back takes no place among those that wait to be collected.
    let mut guide = lending.guide(&account.rid, &to, 0);
    for obstacle in obstacles {
        let actions = match guide.name(obstacle.actions(account)).await {
            Ok(actions) => actions,
            Err(error) => return fault(error),
        };
        let mut reason = with_detail(obstacle, text::obstacle(obstacle));
        if let Some(object) = reason.as_object_mut() {
            object.insert("actions".to_owned(), serde_json::to_value(actions).unwrap_or_default());
        }
        problem = problem.because(reason);
    }
    problem
}

/// The place that a way begins or ends at; what goes with a parcel has none of its own.
fn place(way: &Wanted) -> Option<Wherever> {
    match way {
        Wanted::Site { site_id } => Some(Wherever::Site { site_id: site_id.clone() }),
        Wanted::Courier { address_id, .. } => {
            Some(Wherever::Home { address_id: address_id.clone(), slot: None })
        }
        Wanted::WithDelivery { .. } => None,
    }
}

fn told(reasons: &[NotReturned]) -> Problem {
    let told = reasons.iter().map(|reason| with_detail(reason, text::not_returned(reason)));
    told.fold(Problem::new(Code::ReturnRefused), Problem::because)
}

/// A reason with its text.
fn with_detail(reason: &impl serde::Serialize, detail: String) -> Value {
    let mut reason = serde_json::to_value(reason).unwrap_or_default();
    if let Some(object) = reason.as_object_mut() {
        object.insert("detail".to_owned(), detail.into());
    }
    reason
}

/// A fault of ours, or of the table's.
pub(crate) fn fault(fault: Fault) -> Problem {
    match fault {
        Fault::Table(error) => error.into(),
        Fault::NoRules | Fault::Seal(_) | Fault::Unsound(_) => Problem::internal(fault),
    }
}
