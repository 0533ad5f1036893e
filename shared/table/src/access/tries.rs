//! How often a name was tried with a password from one place ([`yujie_domain::sign_in`]). Name and place are keyed hashes: what was typed need
//! not be a card that exists.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use yujie_domain::sign_in::Tries;

use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key;
use crate::table::{Table, TransactError, Write};

pub(crate) const KIND: &str = "tries";
/// How often a try that met others is looked at anew.
const ATTEMPTS: u32 = 8;

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    failed: u32,
    #[serde(with = "codec::millis")]
    last: Timestamp,
    #[serde(with = "codec::millis")]
    until: Timestamp,
    #[serde(default, with = "codec::millis::option", skip_serializing_if = "Option::is_none")]
    known: Option<Timestamp>,
    expires_at: i64,
}

/// A try that may be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// With those before it.
    pub tries: Tries,
    version: u64,
}

/// Counts a try as failed before anything is looked at. The inner error is how long it has to wait; then nothing is written.
pub async fn take(
    table: &Table,
    name: &str,
    place: &str,
    now: Timestamp,
) -> Result<Result<Taken, SignedDuration>, TableError> {
    // Nobody reads first: most tries are the first ones, and a refused write brings what stands.
    let mut stands: Option<(Tries, u64)> = None;
    for _ in 0..ATTEMPTS {
        let tries = match Tries::another(stands.map(|(tries, _)| tries), now) {
            Ok(tries) => tries,
            Err(wait) => return Ok(Err(wait)),
        };
        let before = stands.map(|(_, version)| version);
        match write(table, name, place, tries, before).await? {
            Written::Now(version) => return Ok(Ok(Taken { tries, version })),
            Written::Overtaken(now_stands) => stands = now_stands,
        }
    }
    Err(TableError::Busy)
}

/// Whoever tried has proved who they are: what had failed is forgotten, and the place is known. `taken` is the try, when one was counted.
pub async fn succeed(
    table: &Table,
    name: &str,
    place: &str,
    taken: Option<&Taken>,
    now: Timestamp,
) -> Result<(), TableError> {
    let mut before = taken.map(|taken| taken.version);
    for _ in 0..ATTEMPTS {
        match write(table, name, place, Tries::succeeded(now), before).await? {
            Written::Now(_) => return Ok(()),
            Written::Overtaken(stands) => before = stands.map(|(_, version)| version),
        }
    }
    Err(TableError::Busy)
}

/// What came of a write at a version.
enum Written {
    /// It stands, at this version.
    Now(u64),
    /// This stood there.
    Overtaken(Option<(Tries, u64)>),
}

async fn write(
    table: &Table,
    name: &str,
    place: &str,
    tries: Tries,
    before: Option<u64>,
) -> Result<Written, TableError> {
    let version = before.map_or(1, |before| before + 1);
    let Tries { failed, last, until, known } = tries;
    let row = Row { v: version, failed, last, until, known, expires_at: tries.over().as_second() };
    let item = codec::item(&key::tries(name, place), KIND, &row)?;
    let put = match before {
        Some(before) => Write::replace(item, before),
        None => Write::put_new(item),
    };
    match table.write(put).await {
        Ok(()) => Ok(Written::Now(version)),
        Err(TransactError::Refused(refused)) => {
            let old = refused.into_iter().find_map(|refused| refused.old);
            old.map(from_item).transpose().map(Written::Overtaken)
        }
        Err(TransactError::Table(error)) => Err(error),
    }
}

fn from_item(item: Item) -> Result<(Tries, u64), TableError> {
    let Row { v, failed, last, until, known, expires_at: _ } = codec::body(item)?;
    Ok((Tries { failed, last, until, known }, v))
}
