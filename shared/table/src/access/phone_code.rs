//! Codes sent to phones: five minutes, five tries; one a minute for a number, five an hour, ten a day of Shanghai.
//!
//! A number's item holds its code and the instants of the last ten, newest first. One write moves them on by a place, if those that stood at the
//! first, fifth and tenth place are long enough ago: nothing is read before.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use yujie_domain::time;

use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key;
use crate::table::{Table, TransactError, Write};

pub(crate) const KIND: &str = "phone_code";
/// How long a code is good.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(5);
/// How long a number waits for its next code.
pub const PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// How many codes a number is sent in an hour.
pub const AN_HOUR: usize = 5;
/// How many codes a number is sent on a day of Shanghai.
pub const A_DAY: usize = 10;
/// How often a code may be typed.
pub const TRIES: u32 = 5;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What came of storing a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is the number's code now, and no other is.
    Now,
    /// The number has had as many as it may have; it may have another one after so long.
    Wait(SignedDuration),
}

/// Stores a new code for a number (both as keyed hashes), unless the number has had too many.
pub async fn put(
    table: &Table,
    phone_hash: &str,
    code_hash: &str,
    now: Timestamp,
) -> Result<Put, TableError> {
    let moved: Vec<String> =
        (1..A_DAY).map(|n| format!("s{n} = if_not_exists(s{}, :never)", n - 1)).collect();
    let expression = format!(
        "SET code = :code, tries = :none, good_until = :good, expires_at = :over, kind = :kind, s0 = :now, {}",
        moved.join(", ")
    );
    let long_ago = |place: usize| format!("(attribute_not_exists(s{place}) OR s{place} <= :before{place})");
    let places = [0, AN_HOUR - 1, A_DAY - 1];
    let condition = places.map(long_ago).join(" AND ");
    let mut write = Write::update(key::phone_code(phone_hash), expression, condition)
        .text(":code", code_hash)
        .text(":kind", KIND)
        .value(":none", number(0))
        .value(":never", number(0))
        .value(":now", number(now.as_second()))
        .value(":good", number((now + LIFETIME).as_second()))
        // The day that counts is over by then.
        .value(":over", number((now + SignedDuration::from_hours(25)).as_second()));
    for (place, until) in places.into_iter().zip(until(now)) {
        write = write.value(format!(":before{place}"), number(until.as_second()));
    }
    match table.write(write).await {
        Ok(()) => Ok(Put::Now),
        Err(TransactError::Refused(refused)) => {
            let old = refused.into_iter().find_map(|refused| refused.old).ok_or(TableError::Busy)?;
            wait(old, now).map(Put::Wait)
        }
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// Up to when the last code, the fifth last and the tenth last must have been sent.
fn until(now: Timestamp) -> [Timestamp; 3] {
    let midnight = time::instant(time::day(now).to_datetime(Time::midnight())).unwrap_or(now);
    [now - PAUSE, now - HOUR, midnight - SignedDuration::from_secs(1)]
}

/// How long until all three are long enough ago.
fn wait(old: Item, now: Timestamp) -> Result<SignedDuration, TableError> {
    #[derive(Deserialize)]
    struct Sent {
        s0: i64,
        s4: i64,
        s9: i64,
    }
    let Sent { s0, s4, s9 } = codec::body(old)?;
    let [minute, hour, day] = until(now).map(Timestamp::as_second);
    let whole_day = 24 * HOUR.as_secs();
    // On the next day all of today's are long enough ago.
    let tomorrow = if s9 > day { day + 1 + whole_day - now.as_second() } else { 0 };
    let seconds = [s0 - minute, s4 - hour, tomorrow, 1].into_iter().max().unwrap_or(1);
    Ok(SignedDuration::from_secs(seconds))
}

/// Takes one of the tries for a number's code, before the code is looked at: a hundred guesses at once get five looks. `false` when
/// there is no code, it is too old, or its tries are used up.
pub async fn take_try(table: &Table, phone_hash: &str, now: Timestamp) -> Result<bool, TableError> {
    let write = Write::update(
        key::phone_code(phone_hash),
        "SET tries = tries + :one",
        "attribute_exists(code) AND good_until > :now AND tries < :most",
    )
    .value(":one", number(1))
    .value(":now", number(now.as_second()))
    .value(":most", number(i64::from(TRIES)));
    match table.write(write).await {
        Ok(()) => Ok(true),
        Err(TransactError::Refused(_)) => Ok(false),
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// Whether a code is the one that was sent, without using it up. A try was taken for it.
pub async fn fits(
    table: &Table,
    phone_hash: &str,
    code_hash: &str,
    now: Timestamp,
) -> Result<bool, TableError> {
    #[derive(Deserialize)]
    struct Row {
        code: Option<String>,
        good_until: i64,
    }
    let Some(item) = table.get(&key::phone_code(phone_hash)).await? else { return Ok(false) };
    let row: Row = codec::body(item)?;
    Ok(row.code.as_deref() == Some(code_hash) && row.good_until > now.as_second())
}

/// Uses a code up, as part of the transaction that it authorises. A try was taken for it. How many the number had is not forgotten with it.
pub fn spend(phone_hash: &str, code_hash: &str, now: Timestamp) -> Write {
    Write::update(key::phone_code(phone_hash), "REMOVE code", "code = :code AND good_until > :now")
        .text(":code", code_hash)
        .value(":now", number(now.as_second()))
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
