//! The rules in force, kept for a minute: they change a few times a year, and each order writes down the version it used.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use yujie_domain::rules::RuleSet;
use yujie_runtime::Problem;
use yujie_table::{Table, rules};

const KEPT: SignedDuration = SignedDuration::from_secs(60);

/// A rule set and when it was read.
#[derive(Debug, Clone, Default)]
pub struct Rules(Arc<Mutex<Option<(Timestamp, RuleSet)>>>);

impl Rules {
    /// The rules in force at `now`.
    ///
    /// # Errors
    /// A fault of ours when the library has set no rules.
    pub async fn in_force(&self, table: &Table, now: Timestamp) -> Result<RuleSet, Problem> {
        if let Some(rules) = self.fresh(now) {
            return Ok(rules);
        }
        let rules =
            rules::current(table).await?.ok_or_else(|| Problem::internal("no rule set has been loaded"))?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, rules.clone()));
        Ok(rules)
    }

    fn fresh(&self, now: Timestamp) -> Option<RuleSet> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|(read, _)| now.duration_since(*read) < KEPT).map(|(_, rules)| rules.clone())
    }
}
