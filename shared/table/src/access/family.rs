//! Who acts for whom: one small item on each side of a link, stored whole at the version that was read. Both sides are written in one transaction.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::ReaderId;
use yujie_domain::family::{Family, Ground, Link};

use super::account::reader_of;
use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key;
use crate::table::{Table, TransactError, Write};

pub(crate) const KIND: &str = "family";

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    /// For whom the reader acts.
    #[serde(rename = "for", default, skip_serializing_if = "BTreeMap::is_empty")]
    acts_for: BTreeMap<ReaderId, One>,
    /// Who acts for the reader.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    by: BTreeMap<ReaderId, One>,
}

/// A link.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct One {
    g: Ground,
    #[serde(with = "codec::millis")]
    s: Timestamp,
}

fn written(links: &BTreeMap<ReaderId, Link>) -> BTreeMap<ReaderId, One> {
    links.iter().map(|(rid, link)| (rid.clone(), One { g: link.ground, s: link.since })).collect()
}

fn read(links: BTreeMap<ReaderId, One>) -> BTreeMap<ReaderId, Link> {
    links.into_iter().map(|(rid, one)| (rid, Link { ground: one.g, since: one.s })).collect()
}

pub(crate) fn to_item(family: &Family) -> Result<Item, TableError> {
    let row =
        Row { v: family.version, acts_for: written(&family.acts_for), by: written(&family.acted_for_by) };
    codec::item(&key::family(&family.rid), KIND, &row)
}

pub(crate) fn from_item(item: Item) -> Result<Family, TableError> {
    let rid = reader_of(&item)?;
    let row: Row = codec::body(item)?;
    Ok(Family { rid, acts_for: read(row.acts_for), acted_for_by: read(row.by), version: row.v })
}

/// A reader's links; none at version 0 for a reader who never had one.
pub async fn get(table: &Table, rid: &ReaderId) -> Result<Family, TableError> {
    table.get(&key::family(rid)).await?.map_or_else(|| Ok(Family::none(rid.clone())), from_item)
}

/// Puts links in the place of their version before: the first ones must be new. The item stays when the last link is gone, so that versions count on.
pub fn replace(next: &Family) -> Result<Write, TableError> {
    let item = to_item(next)?;
    Ok(match next.version.saturating_sub(1) {
        0 => Write::put_new(item),
        before => Write::replace(item, before),
    })
}

/// Writes both sides. `false` when one of them was changed meanwhile.
pub async fn store(table: &Table, both: (&Family, &Family)) -> Result<bool, TableError> {
    match table.transact(vec![replace(both.0)?, replace(both.1)?]).await {
        Ok(()) => Ok(true),
        Err(TransactError::Refused(_)) => Ok(false),
        Err(TransactError::Table(error)) => Err(error),
    }
}
