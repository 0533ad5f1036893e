//! How many copies of a title are free, and where: a projection for result pages and the index, recomputed from the copies, so that writing it twice or late
//! does no harm. Orders never look at it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use yujie_domain::copy::{Copy, CopyStatus};
use yujie_domain::{SiteId, TitleId};

use crate::codec::{self, Image, Item};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::table::{Table, TransactError, Write};

pub(crate) const KIND: &str = "availability";

/// What a result line says of a title's copies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Availability {
    /// Copies in all.
    pub total: u32,
    /// Copies that can be ordered now.
    pub available: u32,
    /// The sites where they are.
    pub free_at: BTreeSet<SiteId>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    id: TitleId,
    total: u32,
    free: u32,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    at: BTreeSet<SiteId>,
}

impl From<Row> for Availability {
    fn from(row: Row) -> Self {
        Self { total: row.total, available: row.free, free_at: row.at }
    }
}

/// Counts a title's copies.
pub fn count(copies: &[Copy]) -> Availability {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let free: Vec<&Copy> = copies.iter().filter(|copy| copy.status == CopyStatus::Available).collect();
    Availability {
        total: number(copies.len()),
        available: number(free.len()),
        free_at: free.iter().map(|copy| copy.site.clone()).collect(),
    }
}

pub(crate) fn to_item(id: &TitleId, counted: &Availability, version: u64) -> Result<Item, TableError> {
    let row = Row {
        v: version,
        id: id.clone(),
        total: counted.total,
        free: counted.available,
        at: counted.free_at.clone(),
    };
    codec::item(&key::availability(id), KIND, &row)
}

pub(crate) fn from_item(item: Item) -> Result<(TitleId, Availability), TableError> {
    let row: Row = codec::body(item)?;
    Ok((row.id.clone(), row.into()))
}

/// The title of a projection that a stream record shows, and where copies of it are free.
pub fn of_image(image: Image) -> Result<(TitleId, Availability), TableError> {
    from_item(image.into())
}

/// The projection for several titles; a title without one has no copies yet.
pub async fn get_many(table: &Table, ids: &[TitleId]) -> Result<BTreeMap<TitleId, Availability>, TableError> {
    let mut keys: Vec<Key> = ids.iter().map(key::availability).collect();
    keys.sort();
    keys.dedup();
    table.batch_get(&keys, false).await?.into_iter().map(from_item).collect()
}

/// Counts a title's copies anew and stores the result.
///
/// The old projection is read before the copies: whoever writes in between makes this write fail, and it starts again. So a slow
/// count never hides a newer one.
pub async fn recount(table: &Table, id: &TitleId) -> Result<Availability, TableError> {
    for _ in 0..8 {
        let old: Option<Row> = table.get(&key::availability(id)).await?.map(codec::body).transpose()?;
        let counted = count(&super::copy::of_title(table, id).await?);
        let write = match old {
            Some(row) => {
                let (id, version) = (row.id.clone(), row.v);
                if Availability::from(row) == counted {
                    return Ok(counted);
                }
                Write::replace(to_item(&id, &counted, version + 1)?, version)
            }
            None => Write::put_new(to_item(id, &counted, 1)?),
        };
        match table.write(write).await {
            Ok(()) => return Ok(counted),
            Err(TransactError::Refused(_)) => {}
            Err(TransactError::Table(error)) => return Err(error),
        }
    }
    Err(TableError::Busy)
}
