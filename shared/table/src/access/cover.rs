//! The images that titles were given. A title without one is drawn, which nobody has to know of.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use yujie_domain::cover::{Cover, ImageKind};
use yujie_domain::{ImageHash, TitleId};

use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::table::{Table, TransactError, Write};

pub(crate) const KIND: &str = "cover";

/// A cover as it is in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The cover.
    pub cover: Cover,
    /// How often the title's cover was changed since it got one.
    pub version: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    id: TitleId,
    hash: ImageHash,
    width: u32,
    height: u32,
    #[serde(rename = "type")]
    kind: ImageKind,
}

fn from_item(item: Item) -> Result<(TitleId, Kept), TableError> {
    let row: Row = codec::body(item)?;
    let cover = Cover { hash: row.hash, width: row.width, height: row.height, kind: row.kind };
    Ok((row.id, Kept { cover, version: row.v }))
}

/// A title's cover.
pub async fn get(table: &Table, id: &TitleId) -> Result<Option<Kept>, TableError> {
    let item = table.get(&key::cover(id)).await?;
    item.map(|item| from_item(item).map(|(_, kept)| kept)).transpose()
}

/// The covers of several titles; those that have none are left out.
pub async fn get_many(table: &Table, ids: &[TitleId]) -> Result<BTreeMap<TitleId, Kept>, TableError> {
    let mut keys: Vec<Key> = ids.iter().map(key::cover).collect();
    keys.sort();
    keys.dedup();
    table.batch_get(&keys, false).await?.into_iter().map(from_item).collect()
}

/// What came of writing a cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It is the title's cover.
    Done(Kept),
    /// Another one came, or the old one went, in between.
    Overtaken,
}

/// Gives a title its cover, in the place of the one that was read before (`old`).
///
/// Whoever comes second with the same image has what they wanted; so has a write whose answer was lost and that was sent again.
pub async fn put(table: &Table, id: &TitleId, cover: &Cover, old: Option<&Kept>) -> Result<Put, TableError> {
    let version = old.map_or(1, |old| old.version + 1);
    let row = Row {
        v: version,
        id: id.clone(),
        hash: cover.hash.clone(),
        width: cover.width,
        height: cover.height,
        kind: cover.kind,
    };
    let item = codec::item(&key::cover(id), KIND, &row)?;
    let write = match old {
        Some(old) => Write::replace(item, old.version),
        None => Write::put_new(item),
    };
    match table.write(write).await {
        Ok(()) => Ok(Put::Done(Kept { cover: cover.clone(), version })),
        Err(TransactError::Refused(refused)) => {
            let stands = refused.into_iter().find_map(|refused| refused.old).map(from_item).transpose()?;
            Ok(stands
                .filter(|(_, kept)| kept.cover.hash == cover.hash)
                .map_or(Put::Overtaken, |(_, kept)| Put::Done(kept)))
        }
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// Takes a title's cover away, if it is still the one that was read before. `false` when another came, or it went, in between.
pub async fn remove(table: &Table, id: &TitleId, old: &Kept) -> Result<bool, TableError> {
    let version = AttributeValue::N(old.version.to_string());
    let write = Write::delete(key::cover(id), "v = :version").value(":version", version);
    match table.write(write).await {
        Ok(()) => Ok(true),
        Err(TransactError::Refused(_)) => Ok(false),
        Err(TransactError::Table(error)) => Err(error),
    }
}
