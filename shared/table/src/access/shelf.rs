//! The shelves of the catalogue, and what stands beside a title: projections of the whole table, computed each night, so that writing them
//! twice does no harm. What is the same as before is not written again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::TitleId;
use yujie_domain::shelves::{Beside, ShelfName, Shelved};

use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::table::{Page, Table, TransactError, Write};

pub(crate) const KIND: &str = "shelf";
pub(crate) const BORROWED_WITH: &str = "borrowed_with";

/// A shelf as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelf {
    /// Which.
    pub name: ShelfName,
    /// When it last changed.
    pub at: Timestamp,
    /// What stands on it, best first.
    pub titles: Vec<Shelved>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ShelfRow {
    v: u64,
    name: ShelfName,
    #[serde(with = "codec::millis")]
    at: Timestamp,
    titles: Vec<Shelved>,
}

#[derive(Debug, Serialize, Deserialize)]
struct BesideRow {
    v: u64,
    id: TitleId,
    #[serde(with = "codec::millis")]
    at: Timestamp,
    titles: Vec<Beside>,
}

/// All shelves that were ever filled.
pub async fn all(table: &Table) -> Result<Vec<Shelf>, TableError> {
    let items = table.query(Page::of(key::SHELVES)).await?;
    let rows = items.into_iter().map(codec::body::<ShelfRow>);
    rows.map(|row| row.map(|row| Shelf { name: row.name, at: row.at, titles: row.titles })).collect()
}

/// Fills a shelf. `false` when it stands so already, or somebody else is filling it at this moment.
pub async fn put(
    table: &Table,
    name: ShelfName,
    titles: &[Shelved],
    at: Timestamp,
) -> Result<bool, TableError> {
    let key = key::shelf(name);
    let row = |v| codec::item(&key, KIND, &ShelfRow { v, name, at, titles: titles.to_vec() });
    let old: Option<ShelfRow> = table.get(&key).await?.map(codec::body).transpose()?;
    let write = match &old {
        Some(old) if old.titles == titles => return Ok(false),
        Some(old) => Write::replace(row(old.v + 1)?, old.v),
        None if titles.is_empty() => return Ok(false),
        None => Write::put_new(row(1)?),
    };
    written(table.write(write).await)
}

/// What stands beside several titles; one that has nothing beside it is left out.
pub async fn beside(table: &Table, ids: &[TitleId]) -> Result<BTreeMap<TitleId, Vec<Beside>>, TableError> {
    let mut keys: Vec<Key> = ids.iter().map(key::borrowed_with).collect();
    keys.sort();
    keys.dedup();
    table.batch_get(&keys, false).await?.into_iter().map(beside_of).collect()
}

/// Puts titles beside another; none takes the item away. `false` when it is so already, or somebody else is doing it at this moment.
pub async fn put_beside(
    table: &Table,
    id: &TitleId,
    titles: &[Beside],
    at: Timestamp,
) -> Result<bool, TableError> {
    let key = key::borrowed_with(id);
    let row =
        |v| codec::item(&key, BORROWED_WITH, &BesideRow { v, id: id.clone(), at, titles: titles.to_vec() });
    let old: Option<BesideRow> = table.get(&key).await?.map(codec::body).transpose()?;
    let write = match &old {
        Some(old) if old.titles == titles => return Ok(false),
        Some(old) if titles.is_empty() => {
            Write::delete(key.clone(), "v = :version").number(":version", old.v)
        }
        Some(old) => Write::replace(row(old.v + 1)?, old.v),
        None if titles.is_empty() => return Ok(false),
        None => Write::put_new(row(1)?),
    };
    written(table.write(write).await)
}

fn written(done: Result<(), TransactError>) -> Result<bool, TableError> {
    match done {
        Ok(()) => Ok(true),
        Err(TransactError::Refused(_)) => Ok(false),
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// Nothing else is read: the item may have no other attributes.
pub(crate) fn beside_of(item: Item) -> Result<(TitleId, Vec<Beside>), TableError> {
    #[derive(Deserialize)]
    struct Titles {
        id: TitleId,
        titles: Vec<Beside>,
    }
    codec::body::<Titles>(item).map(|row| (row.id, row.titles))
}
