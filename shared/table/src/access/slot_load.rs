//! How many parcels are delivered in each slot of a division. It is counted in the transactions that place, redirect and cancel orders, and
//! only where the rules give the division a number of places. A counter vanishes a day after its slot.

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use yujie_domain::slot::Taken;
use yujie_domain::time;

use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key;
use crate::table::{Page, Table, Write};

pub(crate) const KIND: &str = "slot_load";
/// How long a counter is kept after its day has begun: until no parcel gives its place back any more.
const KEPT: SignedDuration = SignedDuration::from_hours(48);

#[derive(Debug, Deserialize)]
struct Row {
    day: Date,
    from: Time,
    n: u16,
}

pub(crate) fn from_item(item: Item) -> Result<((Date, Time), u16), TableError> {
    let row: Row = codec::body(item)?;
    Ok(((row.day, row.from), row.n))
}

/// Takes `n` places in a slot that has `most` of them in all. Refused when fewer are free.
///
/// Whoever takes a place writes down that it was taken: a division's number may come and go while a parcel is under way, and only what was
/// taken is [given back](give_back).
pub fn take(division: &str, (day, from): (Date, Time), n: u16, most: u16) -> Write {
    // A counter that is not there yet counts 0, but not every number fits into an empty slot either.
    let (condition, most) = match most.checked_sub(n) {
        Some(most) => ("attribute_not_exists(n) OR n <= :most", most),
        None => ("n < :most", 0),
    };
    let begins = time::instant(day.to_datetime(Time::midnight())).unwrap_or(Timestamp::UNIX_EPOCH);
    let expires_at = u64::try_from((begins + KEPT).as_second()).unwrap_or_default();
    Write::update(
        key::slot_load(division, day, from),
        "SET n = if_not_exists(n, :none) + :taken, #day = :day, #from = :from, expires_at = :end, kind = :kind",
        condition,
    )
    .name("#day", "day")
    .name("#from", "from")
    .number(":most", u64::from(most))
    .number(":none", 0)
    .number(":taken", u64::from(n))
    .number(":end", expires_at)
    .text(":day", day.to_string())
    .text(":from", from.to_string())
    .text(":kind", KIND)
}

/// Gives `n` places back. Refused when fewer are taken; only before the slot's day is over.
pub fn give_back(division: &str, (day, from): (Date, Time), n: u16) -> Write {
    Write::update(key::slot_load(division, day, from), "SET n = n - :given", "n >= :given")
        .number(":given", u64::from(n))
}

/// What is taken in the slots of a division, as it is now.
pub async fn of_division(table: &Table, division: &str) -> Result<Taken, TableError> {
    let pk = key::slots(division);
    let page = Page { prefix: Some(key::SLOT), ..Page::of(&pk) };
    table.query_through(page).await?.into_iter().map(from_item).collect()
}
