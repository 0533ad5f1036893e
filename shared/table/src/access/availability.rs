//! How many copies of a title are free: a projection for result pages, recomputed from the copies, so that writing it twice or late
//! does no harm. Orders never look at it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use yujie_domain::TitleId;
use yujie_domain::copy::{Copy, CopyStatus};

use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::table::{Table, TransactError, Write};

const KIND: &str = "availability";

/// What a result line says of a title's copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Availability {
    /// Copies in all.
    pub total: u32,
    /// Copies that can be ordered now.
    pub available: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    id: TitleId,
    total: u32,
    free: u32,
}

/// Counts a title's copies.
pub fn count(copies: &[Copy]) -> Availability {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Availability {
        total: number(copies.len()),
        available: number(copies.iter().filter(|copy| copy.status == CopyStatus::Available).count()),
    }
}

pub(crate) fn to_item(id: &TitleId, counted: Availability, version: u64) -> Result<Item, TableError> {
    let row = Row { v: version, id: id.clone(), total: counted.total, free: counted.available };
    codec::item(&key::availability(id), KIND, &row)
}

/// The projection for several titles; a title without one has no copies yet.
pub async fn get_many(table: &Table, ids: &[TitleId]) -> Result<BTreeMap<TitleId, Availability>, TableError> {
    let mut keys: Vec<Key> = ids.iter().map(key::availability).collect();
    keys.sort();
    keys.dedup();
    let items = table.batch_get(&keys, false).await?;
    items
        .into_iter()
        .map(|item| {
            let row: Row = codec::body(item)?;
            Ok((row.id, Availability { total: row.total, available: row.free }))
        })
        .collect()
}

/// Counts a title's copies anew and stores the result.
///
/// The old projection is read before the copies: whoever writes in between makes this write fail, and it starts again. So a slow
/// count never hides a newer one.
pub async fn recount(table: &Table, id: &TitleId) -> Result<Availability, TableError> {
    for _ in 0..8 {
        let old: Option<Row> = table.get(&key::availability(id)).await?.map(codec::body).transpose()?;
        let counted = count(&super::copy::of_title(table, id).await?);
        let write = match &old {
            Some(row) if row.total == counted.total && row.free == counted.available => return Ok(counted),
            Some(row) => Write::replace(to_item(id, counted, row.v + 1)?, row.v),
            None => Write::put_new(to_item(id, counted, 1)?),
        };
        match table.write(write).await {
            Ok(()) => return Ok(counted),
            Err(TransactError::Refused(_)) => {}
            Err(TransactError::Table(error)) => return Err(error),
        }
    }
    Err(TableError::Busy)
}
