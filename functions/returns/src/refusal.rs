//! How refusals and faults are told.

use serde_json::Value;
use yujie_domain::account::Account;
use yujie_domain::order::Obstacle;
use yujie_domain::returning::NotReturned;
use yujie_domain::text;
use yujie_lending::{Fault, ReturnError};
use yujie_runtime::{Code, Problem};

/// The problem that a command ended in, told to the reader of `account`.
pub(crate) fn problem(error: ReturnError, account: Option<&Account>) -> Problem {
    match error {
        ReturnError::NotFound => Problem::new(Code::NotFound),
        ReturnError::HandedOver => Problem::new(Code::HandedOver),
        ReturnError::Day => Problem::field("way.day", "no courier can be booked for this day"),
        ReturnError::Fault(error) => fault(error),
        ReturnError::Refused { reasons, obstacles } => refused(&reasons, &obstacles, account),
    }
}

fn refused(reasons: &[NotReturned], obstacles: &[Obstacle], account: Option<&Account>) -> Problem {
    let told = reasons.iter().map(|reason| with_detail(reason, text::not_returned(reason)));
    let stands = obstacles.iter().map(|obstacle| {
        let mut told = with_detail(obstacle, text::obstacle(obstacle));
        if let (Some(object), Some(account)) = (told.as_object_mut(), account) {
            let actions = serde_json::to_value(obstacle.actions(account)).unwrap_or_default();
            object.insert("actions".to_owned(), actions);
        }
        told
    });
    told.chain(stands).fold(Problem::new(Code::ReturnRefused), Problem::because)
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
