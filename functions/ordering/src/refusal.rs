//! How refusals and faults are told.

use serde_json::Value;
use yujie_domain::account::Account;
use yujie_domain::hold::Wherever;
use yujie_domain::order::Obstacle;
use yujie_domain::text;
use yujie_lending::{Fault, Lending};
use yujie_runtime::{Code, Problem};

/// The problem that tells a reader all obstacles to so many parcels to a place, each with its text and what clears it.
pub(crate) async fn refused(
    lending: &Lending,
    obstacles: &[Obstacle],
    account: &Account,
    (to, parcels): (&Wherever, u16),
) -> Problem {
    let mut guide = lending.guide(&account.rid, to, parcels);
    let mut problem = Problem::new(Code::OrderRefused);
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

/// The search with which a reader can look whether the library has another edition of a title with a free copy. Nobody has looked yet: the
/// table does not know which titles are one work.
pub(crate) fn search_for_editions(title: &str) -> Option<String> {
    let query = serde_urlencoded::to_string([("q", title), ("available", "true")]).ok()?;
    Some(format!("/titles?{query}"))
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
    fault.into()
}
