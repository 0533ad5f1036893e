//! How many promises were kept: one item for each month, a projection of the whole table, computed each night. What is the same as before is
//! not written again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::month::Month;
use yujie_domain::punctuality::{Counts, Figures, Way, Zone};

use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key;
use crate::table::{Page, Table, TransactError, Write};

pub(crate) const KIND: &str = "punctuality";

/// The figures of a month as they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Punctuality {
    /// Which month.
    pub month: Month,
    /// When they last changed.
    pub at: Timestamp,
    /// By where parcels were brought, and by whom.
    pub figures: Figures,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    month: Month,
    #[serde(with = "codec::millis")]
    at: Timestamp,
    ways: Vec<WayRow>,
}

/// One way's counts; with a site for each way there are up to a thousand of them in an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct WayRow {
    z: Zone,
    /// Carried by a courier.
    c: bool,
    #[serde(rename = "n")]
    arrived: u32,
    #[serde(rename = "o")]
    on_time: u32,
    #[serde(rename = "d")]
    late_by_a_day: u32,
    #[serde(rename = "l")]
    later: u32,
    #[serde(rename = "s")]
    still_open: u32,
}

fn rows(figures: &Figures) -> Vec<WayRow> {
    let row = |(way, counts): (&Way, &Counts)| WayRow {
        z: way.zone.clone(),
        c: way.courier,
        arrived: counts.arrived,
        on_time: counts.on_time,
        late_by_a_day: counts.late_by_a_day,
        later: counts.later,
        still_open: counts.still_open,
    };
    figures.iter().map(row).collect()
}

fn from_item(item: Item) -> Result<Punctuality, TableError> {
    let row: Row = codec::body(item)?;
    let figures = row.ways.into_iter().map(|row| {
        let counts = Counts {
            arrived: row.arrived,
            on_time: row.on_time,
            late_by_a_day: row.late_by_a_day,
            later: row.later,
            still_open: row.still_open,
        };
        (Way { zone: row.z, courier: row.c }, counts)
    });
    Ok(Punctuality { month: row.month, at: row.at, figures: figures.collect() })
}

/// The figures of a month; `None` when it never had any.
pub async fn of_month(table: &Table, month: &Month) -> Result<Option<Punctuality>, TableError> {
    table.get(&key::punctuality(month)).await?.map(from_item).transpose()
}

/// The figures of all months that ever had some.
pub async fn all(table: &Table) -> Result<Vec<Punctuality>, TableError> {
    table.query(Page::of(key::PUNCTUALITY)).await?.into_iter().map(from_item).collect()
}

/// Puts a month's figures down. `false` when they stand so already, or somebody else is doing it at this moment.
pub async fn put(table: &Table, month: &Month, figures: &Figures, at: Timestamp) -> Result<bool, TableError> {
    let key = key::punctuality(month);
    let ways = rows(figures);
    let old: Option<Row> = table.get(&key).await?.map(codec::body).transpose()?;
    let row = |v| codec::item(&key, KIND, &Row { v, month: month.clone(), at, ways: ways.clone() });
    let write = match &old {
        Some(old) if old.ways == ways => return Ok(false),
        Some(old) => Write::replace(row(old.v + 1)?, old.v),
        None if ways.is_empty() => return Ok(false),
        None => Write::put_new(row(1)?),
    };
    match table.write(write).await {
        Ok(()) => Ok(true),
        Err(TransactError::Refused(_)) => Ok(false),
        Err(TransactError::Table(error)) => Err(error),
    }
}
