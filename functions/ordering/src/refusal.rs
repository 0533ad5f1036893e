//! How refusals and faults are told.

use serde_json::Value;
use yujie_domain::account::Account;
use yujie_domain::order::Obstacle;
use yujie_domain::text;
use yujie_lending::Fault;
use yujie_runtime::{Code, Problem};

/// The problem that tells all obstacles, each with its text and what clears it.
pub(crate) fn refused(obstacles: &[Obstacle], account: &Account) -> Problem {
    obstacles.iter().fold(Problem::new(Code::OrderRefused), |problem, obstacle| {
        let mut reason = with_detail(obstacle, text::obstacle(obstacle));
        if let Some(object) = reason.as_object_mut() {
            object.insert(
                "actions".to_owned(),
                serde_json::to_value(obstacle.actions(account)).unwrap_or_default(),
            );
        }
        problem.because(reason)
    })
}

/// A reason with its text.
pub(crate) fn with_detail(reason: &impl serde::Serialize, detail: String) -> Value {
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
