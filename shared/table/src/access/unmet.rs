//! What readers looked for and did not find: one item for each query and month, with how often it was asked. It says nothing of who asked.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use yujie_domain::month::Month;

use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key;
use crate::table::{Page, Table, TransactError, Write};

pub(crate) const KIND: &str = "unmet";
/// How long a month's queries are kept: a year and a bit, so that a year can be looked back on.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 400);

/// A query that found nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmet {
    /// What was typed, as the last reader typed it.
    pub typed: String,
    /// What the reader was offered instead.
    pub offered: String,
    /// How often it was asked this month.
    pub asked: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    #[serde(flatten)]
    unmet: Unmet,
    expires_at: i64,
}

/// Counts a query that found nothing in its month (`2026-11`). `hash` is the same for all ways of typing it.
pub async fn count(
    table: &Table,
    month: &Month,
    hash: &str,
    typed: &str,
    offered: &str,
    now: Timestamp,
) -> Result<(), TableError> {
    // A count that is one too high after a lost answer does no harm; it only says what people look for.
    let write = Write::update(
        key::unmet(month, hash),
        "SET typed = :typed, offered = :offered, expires_at = :expires, #kind = :kind ADD asked :one",
        "attribute_not_exists(asked) OR asked < :most",
    )
    .name("#kind", codec::KIND)
    .text(":typed", typed)
    .text(":offered", offered)
    .text(":kind", KIND)
    .value(":expires", AttributeValue::N((now + KEPT).as_second().to_string()))
    .value(":one", AttributeValue::N("1".to_owned()))
    .value(":most", AttributeValue::N("1000000".to_owned()));
    match table.write(write).await {
        Ok(()) | Err(TransactError::Refused(_)) => Ok(()),
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// A month has no more queries than this that anybody looks at.
const MOST: usize = 5_000;

/// The queries of a month that found nothing, most asked first; of more than five thousand, five thousand.
pub async fn of_month(table: &Table, month: &Month) -> Result<Vec<Unmet>, TableError> {
    let items = table.query(Page { limit: Some(MOST), ..Page::of(&key::unmet_month(month)) }).await?;
    let mut all = items.into_iter().map(from_item).collect::<Result<Vec<_>, _>>()?;
    all.sort_by(|a, b| b.asked.cmp(&a.asked).then_with(|| a.typed.cmp(&b.typed)));
    Ok(all)
}

fn from_item(item: Item) -> Result<Unmet, TableError> {
    codec::body::<Row>(item).map(|row| row.unmet)
}
