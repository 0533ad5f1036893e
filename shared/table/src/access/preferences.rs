//! What a reader wants to be told: one item, stored whole at the version that was read.

use serde::{Deserialize, Serialize};
use yujie_domain::ReaderId;
use yujie_domain::preferences::Preferences;

use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key;
use crate::table::{Table, TransactError, Write};

pub(crate) const KIND: &str = "preferences";

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    wants: Preferences,
}

pub(crate) fn from_item(item: Item) -> Result<(Preferences, u64), TableError> {
    codec::body::<Row>(item).map(|row| (row.wants, row.v))
}

/// What a reader wants, with its version; the defaults at 0 for one who never chose.
pub async fn get(table: &Table, rid: &ReaderId) -> Result<(Preferences, u64), TableError> {
    table.get(&key::preferences(rid)).await?.map_or_else(|| Ok((Preferences::default(), 0)), from_item)
}

/// Puts what a reader wants in the place of version `before`. `false` when it was changed meanwhile.
pub async fn replace(
    table: &Table,
    rid: &ReaderId,
    wants: &Preferences,
    before: u64,
) -> Result<bool, TableError> {
    let row = Row { v: before.saturating_add(1), wants: wants.clone() };
    let item = codec::item(&key::preferences(rid), KIND, &row)?;
    let write = if before == 0 { Write::put_new(item) } else { Write::replace(item, before) };
    match table.write(write).await {
        Ok(()) => Ok(true),
        Err(TransactError::Refused(_)) => Ok(false),
        Err(TransactError::Table(error)) => Err(error),
    }
}
