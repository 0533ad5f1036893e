//! Librarians' picks. They are counted in the same transaction that adds one or takes one back, so that there are never too many.

use std::cmp::Reverse;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::pick::{MOST, Pick, Sentence};
use yujie_domain::{StaffLogin, TitleId};

use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key;
use crate::table::{Page, Refused, Table, TransactError, Write};

pub(crate) const KIND: &str = "pick";
pub(crate) const COUNT: &str = "pick_count";

/// A pick as it is in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The pick.
    pub pick: Pick,
    /// How often it was changed since it came.
    pub version: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    id: TitleId,
    sentence: Sentence,
    by: StaffLogin,
    #[serde(with = "codec::millis")]
    at: Timestamp,
}

fn to_item(pick: &Pick, version: u64) -> Result<Item, TableError> {
    let row = Row {
        v: version,
        id: pick.title_id.clone(),
        sentence: pick.sentence.clone(),
        by: pick.by.clone(),
        at: pick.at,
    };
    codec::item(&key::pick(&pick.title_id), KIND, &row)
}

fn from_item(item: Item) -> Result<Kept, TableError> {
    let row: Row = codec::body(item)?;
    let pick = Pick { title_id: row.id, sentence: row.sentence, by: row.by, at: row.at };
    Ok(Kept { pick, version: row.v })
}

/// All picks, newest first.
pub async fn all(table: &Table) -> Result<Vec<Kept>, TableError> {
    let page = Page { prefix: Some(key::PICK), ..Page::of(key::PICKS) };
    let items = table.query(page).await?;
    let mut picks = items.into_iter().map(from_item).collect::<Result<Vec<_>, _>>()?;
    picks.sort_by_key(|kept| Reverse(kept.pick.at));
    Ok(picks)
}

/// What came of writing a pick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It stands.
    Done(Kept),
    /// The title's pick is not at the version that the writer knew: it came, changed or went in between.
    Overtaken,
    /// There are as many as there may be.
    Full,
}

/// Adds a pick, or puts it in the place of the version of it that its writer knew (`known`). What stands already, word for word and by
/// the same person, is taken for this very write, sent twice.
pub async fn put(table: &Table, pick: &Pick, known: Option<u64>) -> Result<Put, TableError> {
    let version = known.map_or(1, |known| known + 1);
    let item = to_item(pick, version)?;
    let written = match known {
        Some(known) => table.write(Write::replace(item, known)).await,
        None => table.transact(vec![Write::put_new(item), one_more()]).await,
    };
    match written {
        Ok(()) => Ok(Put::Done(Kept { pick: pick.clone(), version })),
        Err(TransactError::Refused(refused)) => {
            let Some(Refused { old, .. }) = refused.into_iter().find(|refused| refused.write == 0) else {
                return Ok(Put::Full);
            };
            let stands = old.map(from_item).transpose()?;
            Ok(stands
                .filter(|kept| kept.pick.sentence == pick.sentence && kept.pick.by == pick.by)
                .map_or(Put::Overtaken, Put::Done))
        }
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// What came of taking a pick back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// It is gone.
    Now,
    /// There is none.
    Missing,
    /// It was changed since.
    Overtaken,
}

/// Takes a pick back, if it is still at the version that its remover knew.
pub async fn remove(table: &Table, id: &TitleId, known: u64) -> Result<Removed, TableError> {
    let gone = Write::delete(key::pick(id), "v = :version").value(":version", number(known));
    match table.transact(vec![gone, one_less()]).await {
        Ok(()) => Ok(Removed::Now),
        Err(TransactError::Refused(refused)) => {
            let stands = refused.into_iter().any(|refused| refused.write == 0 && refused.old.is_some());
            Ok(if stands { Removed::Overtaken } else { Removed::Missing })
        }
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// How many picks the item that counts them says that there are.
pub(crate) fn count_of(item: Item) -> Result<u32, TableError> {
    #[derive(Deserialize)]
    struct Count {
        n: u32,
    }
    codec::body::<Count>(item).map(|count| count.n)
}

fn one_more() -> Write {
    Write::update(
        key::pick_count(),
        "SET n = if_not_exists(n, :none) + :one, kind = :kind",
        "attribute_not_exists(n) OR n < :most",
    )
    .value(":none", number(0))
    .value(":one", number(1))
    .value(":most", number(u64::from(MOST)))
    .text(":kind", COUNT)
}

fn one_less() -> Write {
    Write::update(key::pick_count(), "SET n = n - :one", "n > :none")
        .value(":none", number(0))
        .value(":one", number(1))
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
