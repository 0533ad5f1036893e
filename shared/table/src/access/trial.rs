//! Trials of rules. Each has a partition of its own and is forgotten after a month.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use yujie_domain::rules::RuleSet;
use yujie_domain::trial::{Failure, Outcome, Stage, Status, Trial};
use yujie_domain::{StaffLogin, TrialId};

use crate::codec::{self, Image, Item, corrupt, key_of};
use crate::error::TableError;
use crate::key;
use crate::table::{Table, TransactError, Write};

pub(crate) const KIND: &str = "trial";
/// How long a trial is kept: what it found is of its day.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    id: TrialId,
    by: StaffLogin,
    #[serde(with = "codec::millis")]
    at: Timestamp,
    in_force: u32,
    proposed: RuleSet,
    status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
    expires_at: i64,
}

fn to_item(trial: &Trial) -> Result<Item, TableError> {
    let (outcome, failure) = match &trial.stage {
        Stage::Running => (None, None),
        Stage::Done(outcome) => (Some(outcome.clone()), None),
        Stage::Failed(failure) => (None, Some(*failure)),
    };
    let row = Row {
        v: trial.version,
        id: trial.id.clone(),
        by: trial.by.clone(),
        at: trial.at,
        in_force: trial.in_force,
        proposed: trial.proposed.clone(),
        status: trial.status(),
        outcome,
        failure,
        expires_at: (trial.at + KEPT).as_second(),
    };
    codec::item(&key::trial(&trial.id), KIND, &row)
}

fn from_item(item: Item) -> Result<Trial, TableError> {
    let key = key_of(&item);
    let row: Row = codec::body(item)?;
    let stage = match (row.status, row.outcome, row.failure) {
        (Status::Running, None, None) => Stage::Running,
        (Status::Done, Some(outcome), None) => Stage::Done(outcome),
        (Status::Failed, None, Some(failure)) => Stage::Failed(failure),
        (Status::Running | Status::Done | Status::Failed, None | Some(_), None | Some(_)) => {
            return Err(corrupt(&key, "its status, its outcome and its failure do not fit"));
        }
    };
    Ok(Trial {
        id: row.id,
        by: row.by,
        at: row.at,
        in_force: row.in_force,
        proposed: row.proposed,
        stage,
        version: row.v,
    })
}

/// The trial that a stream record shows.
pub fn of_image(image: Image) -> Result<Trial, TableError> {
    from_item(image.into())
}

/// Adds a trial; from it follows the message that has it worked on.
///
/// # Errors
/// [`TransactError::Refused`] when its id is taken.
pub async fn add(table: &Table, trial: &Trial) -> Result<(), TransactError> {
    table.write(Write::put_new(to_item(trial)?)).await
}

/// One trial, as it is now.
pub async fn get(table: &Table, id: &TrialId) -> Result<Option<Trial>, TableError> {
    table.get(&key::trial(id)).await?.map(from_item).transpose()
}

/// What came of a trial's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It stands.
    Now,
    /// The trial had ended before, or is forgotten.
    Before,
}

/// Puts the end of a trial in the place of the running one.
pub async fn store(table: &Table, ended: &Trial) -> Result<Stored, TableError> {
    match table.write(Write::replace(to_item(ended)?, ended.version.saturating_sub(1))).await {
        Ok(()) => Ok(Stored::Now),
        Err(TransactError::Refused(_)) => Ok(Stored::Before),
        Err(TransactError::Table(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use yujie_domain::trial::{Effect, Example, Figure, Matter, OfMatter, OfRule, Tried};

    use super::*;

    fn running() -> Trial {
        Trial {
            id: TrialId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(),
            by: StaffLogin::parse("admin-c01").unwrap(),
            at: Timestamp::UNIX_EPOCH,
            in_force: 1,
            proposed: RuleSet { version: 2, ..RuleSet::founding() },
            stage: Stage::Running,
            version: 1,
        }
    }

    fn outcome() -> Outcome {
        let figure = Figure {
            rule: Tried::OpenItems,
            matter: Matter::OpenToday,
            effect: Effect::Loses,
            count: 7,
            before: 10,
            after: 5,
        };
        Outcome {
            since: "2025-11-23".parse().unwrap(),
            readers: 2,
            gaining: 0,
            losing: 1,
            both: 0,
            orders: 3,
            refused: 0,
            allowed: 0,
            loans: 4,
            rules: vec![OfRule { rule: Tried::OpenItems, gaining: 0, losing: 1 }],
            matters: vec![OfMatter { matter: Matter::OpenToday, gaining: 0, losing: 1 }],
            examples: vec![Example { figure, readers: 1 }],
            not_looked_at: vec!["cut_off".to_owned()],
        }
    }

    #[test]
    fn a_trial_is_read_as_it_was_written_and_is_forgotten_after_a_month() {
        let running = running();
        let ends = [Ok(outcome()), Err(Failure::TookTooLong)].map(|end| running.ended(end).unwrap());
        for trial in [running].into_iter().chain(ends) {
            let item = to_item(&trial).unwrap();
            assert_eq!(item["expires_at"].as_n().unwrap(), "2592000");
            assert_eq!(from_item(item).unwrap(), trial);
        }
    }

    #[test]
    fn a_trial_that_is_done_without_an_outcome_is_corrupt() {
        let mut item = to_item(&running().ended(Ok(outcome())).unwrap()).unwrap();
        item.remove("outcome");
        assert!(matches!(from_item(item), Err(TableError::Corrupt { .. })));
    }
}
