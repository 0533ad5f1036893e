//! How often something was done, by hours and on the day: what a script does a thousand times and people do not.
//!
//! One item for each day of Shanghai, with a count for each of its hours: one write looks at both and counts. Who it was is a keyed hash.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use yujie_domain::time;

use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key;
use crate::table::{Table, TransactError, Write};

pub(crate) const KIND: &str = "tally";

/// How often something may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// In an hour of the clock.
    pub hour: u32,
    /// On a day of Shanghai.
    pub day: u32,
}

/// What came of counting one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It may be done, and is counted.
    Now,
    /// It may not, for so long; nothing was counted.
    Wait(SignedDuration),
}

/// Counts one more of what `hash` names, unless it was done as often as `allowed`.
pub async fn take(
    table: &Table,
    hash: &str,
    allowed: Allowance,
    now: Timestamp,
) -> Result<Taken, TableError> {
    let (day, hour) = place(now);
    let write = Write::update(
        key::tally(hash, day),
        "SET n = if_not_exists(n, :none) + :one, #hour = if_not_exists(#hour, :none) + :one, \
         expires_at = :over, kind = :kind",
        "(attribute_not_exists(n) OR n < :day) AND (attribute_not_exists(#hour) OR #hour < :hour)",
    )
    .name("#hour", hour)
    .number(":none", 0)
    .number(":one", 1)
    .number(":day", u64::from(allowed.day))
    .number(":hour", u64::from(allowed.hour))
    .value(":over", AttributeValue::N((now + SignedDuration::from_hours(48)).as_second().to_string()))
    .text(":kind", KIND);
    match table.write(write).await {
        Ok(()) => Ok(Taken::Now),
        Err(TransactError::Refused(refused)) => {
            let old = refused.into_iter().find_map(|refused| refused.old).ok_or(TableError::Busy)?;
            wait(old, allowed, now).map(Taken::Wait)
        }
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// Takes one back that was counted at `then`: it was no harm.
pub async fn give_back(table: &Table, hash: &str, then: Timestamp) -> Result<(), TableError> {
    let (day, hour) = place(then);
    let write = Write::update(
        key::tally(hash, day),
        "SET n = n - :one, #hour = #hour - :one",
        "n > :none AND #hour > :none",
    )
    .name("#hour", hour)
    .number(":none", 0)
    .number(":one", 1);
    match table.write(write).await {
        Ok(()) | Err(TransactError::Refused(_)) => Ok(()),
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// The day on which something is counted, and the attribute of its hour.
fn place(at: Timestamp) -> (Date, String) {
    let local = time::shanghai(at);
    (local.date(), format!("h{:02}", local.hour()))
}

/// Until the next hour, or the next day when the day's are used up.
fn wait(old: Item, allowed: Allowance, now: Timestamp) -> Result<SignedDuration, TableError> {
    #[derive(Deserialize)]
    struct Row {
        n: u32,
    }
    let row: Row = codec::body(old)?;
    let local = time::shanghai(now);
    let midnight = local.date().to_datetime(Time::midnight());
    let hours = if row.n >= allowed.day { 24 } else { i64::from(local.hour()) + 1 };
    let over = time::instant(midnight).map_or(now, |midnight| midnight + SignedDuration::from_hours(hours));
    Ok(over.duration_since(now))
}
