//! The rule sets, every version kept, with who made it and why.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use yujie_domain::rules::{Amnesty, Holidays, Rule, RuleSet, Zone};
use yujie_domain::slot::Window;
use yujie_domain::staff::Reason;
use yujie_domain::{StaffLogin, time};

use super::idempotency;
use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::table::{Page, Table, TransactError, Write};

pub(crate) const KIND: &str = "rules";
/// How many versions are looked at together for the one in force: more than are prepared for later on most days.
const LOOKED_AT: usize = 20;

/// A version of the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The rules.
    pub rules: RuleSet,
    /// Who made them; `None` for those that were loaded from the command line.
    pub made: Option<Made>,
}

/// How a version came into being.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// By whom.
    pub by: StaffLogin,
    /// Why.
    pub reason: Reason,
    /// When.
    #[serde(with = "codec::millis")]
    pub at: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    version: u32,
    starts: Date,
    rules: Vec<Rule>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    holidays: Vec<Holidays>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    amnesties: Vec<Amnesty>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    zones: Vec<Zone>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    windows: Vec<Window>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made: Option<Made>,
}

fn to_item(rules: &RuleSet, made: Option<&Made>) -> Result<Item, TableError> {
    let RuleSet { version, starts, rules, holidays, amnesties, zones, windows } = rules.clone();
    let row = Row { version, starts, rules, holidays, amnesties, zones, windows, made: made.cloned() };
    codec::item(&key::rules(version), KIND, &row)
}

fn from_item(item: Item) -> Result<Version, TableError> {
    let Row { version, starts, rules, holidays, amnesties, zones, windows, made } = codec::body(item)?;
    Ok(Version { rules: RuleSet { version, starts, rules, holidays, amnesties, zones, windows }, made })
}

/// The newest version, whether it holds already or not.
pub async fn newest(table: &Table) -> Result<Option<RuleSet>, TableError> {
    Ok(list(table, 1, None).await?.pop().map(|version| version.rules))
}

/// The versions, newest first, at most `limit`, from before `before`.
pub async fn list(table: &Table, limit: usize, before: Option<u32>) -> Result<Vec<Version>, TableError> {
    let before: Option<Key> = before.map(key::rules);
    let page =
        Page { after: before.as_ref(), newest_first: true, limit: Some(limit), ..Page::of(key::RULES) };
    table.query(page).await?.into_iter().map(from_item).collect()
}

/// One version.
pub async fn get(table: &Table, version: u32) -> Result<Option<Version>, TableError> {
    table.get(&key::rules(version)).await?.map(from_item).transpose()
}

/// The rules in force at `now`: of those that have begun the highest version. `None` before the library has set any.
pub async fn in_force(table: &Table, now: Timestamp) -> Result<Option<RuleSet>, TableError> {
    Ok(standing(table, now).await?.0.map(|version| version.rules))
}

/// The version in force at `now`, and those that are prepared for later, newest first.
pub async fn standing(table: &Table, now: Timestamp) -> Result<(Option<Version>, Vec<Version>), TableError> {
    let today = time::day(now);
    let mut prepared: Vec<Version> = Vec::new();
    // The newest holds, but for a few days a year.
    let mut limit = 1;
    loop {
        let before = prepared.last().map(|version| version.rules.version);
        let versions = list(table, limit, before).await?;
        let last_page = versions.len() < limit;
        for version in versions {
            if version.rules.starts <= today {
                return Ok((Some(version), prepared));
            }
            prepared.push(version);
        }
        if last_page {
            return Ok((None, prepared));
        }
        limit = LOOKED_AT;
    }
}

/// Adds a version. It never changes one that exists.
///
/// # Errors
/// [`TransactError::Refused`] when the version exists already.
pub async fn add(table: &Table, rules: &RuleSet) -> Result<(), TransactError> {
    table.write(Write::put_new(to_item(rules, None)?)).await
}

/// What came of a version that somebody made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// It stands.
    Now,
    /// The same request had made it (or been answered) before.
    Known(idempotency::Known),
    /// Somebody else made this version first.
    Overtaken,
}

/// Adds a version that somebody made, and keeps the answer for the request's repetition. Whoever makes it has read the one before it as the
/// newest: versions have no gaps, so of two who read the same one, one is told [`Published::Overtaken`].
pub async fn publish(
    table: &Table,
    rules: &RuleSet,
    made: &Made,
    request: &idempotency::Request,
    answer: &idempotency::Answer,
) -> Result<Published, TableError> {
    let writes =
        vec![idempotency::remember(request, answer, made.at)?, Write::put_new(to_item(rules, Some(made))?)];
    match table.transact(writes).await {
        Ok(()) => Ok(Published::Now),
        Err(TransactError::Refused(refused)) => {
            match refused.into_iter().find(|refused| refused.write == 0).and_then(|refused| refused.old) {
                Some(old) => idempotency::read(old, request).map(Published::Known),
                None => Ok(Published::Overtaken),
            }
        }
        Err(TransactError::Table(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_as_it_was_written_whoever_made_it() {
        let made = Made {
            by: StaffLogin::parse("admin-c01").unwrap(),
            reason: Reason::parse("寒假").unwrap(),
            at: Timestamp::UNIX_EPOCH,
        };
        let rules: RuleSet = RuleSet {
            holidays: vec![Holidays {
                from: "2027-02-05".parse().unwrap(),
                until: "2027-02-11".parse().unwrap(),
                name: "春节".to_owned(),
            }],
            amnesties: vec![Amnesty {
                from: "2026-12-20".parse().unwrap(),
                until: "2026-12-31".parse().unwrap(),
                name: "馆庆免逾期费".to_owned(),
            }],
            zones: vec![Zone { division: "110105".to_owned(), per_slot: Some(20) }],
            windows: Window::FOUNDING.to_vec(),
            ..RuleSet::founding()
        };
        for made in [None, Some(made)] {
            let item = to_item(&rules, made.as_ref()).unwrap();
            assert_eq!(from_item(item).unwrap(), Version { rules: rules.clone(), made });
        }
    }
}
