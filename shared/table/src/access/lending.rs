//! How often a title was borrowed: a projection of the parcels that brought it to readers, recomputed from them each night, so that writing
//! it twice does no harm.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use yujie_domain::TitleId;

use crate::codec::{self, Image, Item};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::table::{Table, TransactError, Write};

pub(crate) const KIND: &str = "lending";

/// A title's loans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lending {
    /// All that ever began.
    pub total: u32,
    /// Those of the last thirty days.
    pub month: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    id: TitleId,
    total: u32,
    month: u32,
}

impl From<&Row> for Lending {
    fn from(row: &Row) -> Self {
        Self { total: row.total, month: row.month }
    }
}

fn to_item(id: &TitleId, lending: Lending, version: u64) -> Result<Item, TableError> {
    let row = Row { v: version, id: id.clone(), total: lending.total, month: lending.month };
    codec::item(&key::lending(id), KIND, &row)
}

pub(crate) fn from_item(item: Item) -> Result<(TitleId, Lending), TableError> {
    let row: Row = codec::body(item)?;
    let lending = Lending::from(&row);
    Ok((row.id, lending))
}

/// The title whose loans a stream record shows, and how many there are.
pub fn of_image(image: Image) -> Result<(TitleId, Lending), TableError> {
    from_item(image.into())
}

/// The loans of several titles; a title that nobody borrowed is left out.
pub async fn get_many(table: &Table, ids: &[TitleId]) -> Result<BTreeMap<TitleId, Lending>, TableError> {
    let mut keys: Vec<Key> = ids.iter().map(key::lending).collect();
    keys.sort();
    keys.dedup();
    table.batch_get(&keys, false).await?.into_iter().map(from_item).collect()
}

/// Stores a title's loans. `false` when they are stored already, or somebody else is storing them at this moment.
pub async fn put(table: &Table, id: &TitleId, lending: Lending) -> Result<bool, TableError> {
    let old: Option<Row> = table.get(&key::lending(id)).await?.map(codec::body).transpose()?;
    let write = match &old {
        Some(row) if Lending::from(row) == lending => return Ok(false),
        Some(row) => Write::replace(to_item(id, lending, row.v + 1)?, row.v),
        None => Write::put_new(to_item(id, lending, 1)?),
    };
    match table.write(write).await {
        Ok(()) => Ok(true),
        Err(TransactError::Refused(_)) => Ok(false),
        Err(TransactError::Table(error)) => Err(error),
    }
}
