//! A reader's addresses. Name, phone, street and tag are sealed; the table sees bytes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::{AddressId, ReaderId, address};

use super::idempotency::{self, Done};
use crate::codec::{self, Item, corrupt, key_of};
use crate::error::TableError;
use crate::key;
use crate::table::{Page, Table, TransactError, Write};

pub(crate) const KIND: &str = "address";

/// A stored address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedAddress {
    /// Its id.
    pub id: AddressId,
    /// The sealed content.
    pub sealed: Vec<u8>,
    /// When its reader made it the default; the one that was made it last is.
    pub default_since: Option<Timestamp>,
    /// Counts the changes: the condition of every write.
    pub version: u64,
}

impl SealedAddress {
    /// A new one.
    pub fn new(id: AddressId, sealed: Vec<u8>, default_since: Option<Timestamp>) -> Self {
        Self { id, sealed, default_since, version: 1 }
    }
}

/// Which of these is the default.
pub fn default_of(book: &[SealedAddress]) -> Option<&AddressId> {
    address::default_of(book.iter().map(|one| (&one.id, one.default_since)))
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    /// One that was stored before addresses could be changed has none: it is at its first.
    #[serde(default = "first")]
    v: u64,
    #[serde(with = "serde_bytes")]
    sealed: Vec<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "codec::millis::option")]
    df: Option<Timestamp>,
}

const fn first() -> u64 {
    1
}

fn to_item(rid: &ReaderId, address: &SealedAddress) -> Result<Item, TableError> {
    let row = Row { v: address.version, sealed: address.sealed.clone(), df: address.default_since };
    codec::item(&key::address(rid, &address.id), KIND, &row)
}

pub(crate) fn from_item(item: Item) -> Result<SealedAddress, TableError> {
    let key = key_of(&item);
    let id = key.sk.strip_prefix(key::ADDRESS).unwrap_or_default();
    let id = AddressId::parse(id).map_err(|e| corrupt(&key, e))?;
    let row: Row = codec::body(item)?;
    Ok(SealedAddress { id, sealed: row.sealed, default_since: row.df, version: row.v })
}

/// Adds an address, and keeps the answer for the request's repetition.
pub async fn add(
    table: &Table,
    rid: &ReaderId,
    address: &SealedAddress,
    request: &idempotency::Request,
    answer: &idempotency::Answer,
    now: Timestamp,
) -> Result<idempotency::Known, TableError> {
    let writes = vec![Write::put_new(to_item(rid, address)?)];
    match idempotency::carry_out(table, request, answer, now, writes).await? {
        Done::Now => Ok(idempotency::Known::New),
        Done::Before(known) => Ok(known),
        Done::Refused(_) => Err(TableError::Busy),
    }
}

/// Puts an address in the place of its version before. `false` when it was changed or removed meanwhile.
pub async fn replace(table: &Table, rid: &ReaderId, next: &SealedAddress) -> Result<bool, TableError> {
    let (item, before) = (to_item(rid, next)?, next.version.saturating_sub(1));
    let write = if before == first() {
        Write::put_if(item, "attribute_exists(pk) AND (v = :version OR attribute_not_exists(v))")
            .number(":version", before)
    } else {
        Write::replace(item, before)
    };
    match table.write(write).await {
        Ok(()) => Ok(true),
        Err(TransactError::Refused(_)) => Ok(false),
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// Removes an address. `false` when there is none.
pub async fn remove(table: &Table, rid: &ReaderId, id: &AddressId) -> Result<bool, TableError> {
    match table.write(Write::delete(key::address(rid, id), "attribute_exists(pk)")).await {
        Ok(()) => Ok(true),
        Err(TransactError::Refused(_)) => Ok(false),
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// One address.
pub async fn get(table: &Table, rid: &ReaderId, id: &AddressId) -> Result<Option<SealedAddress>, TableError> {
    table.get(&key::address(rid, id)).await?.map(from_item).transpose()
}

/// All addresses of a reader, oldest first.
pub async fn list(table: &Table, rid: &ReaderId) -> Result<Vec<SealedAddress>, TableError> {
    let pk = key::reader(rid);
    let items = table.query(Page { prefix: Some(key::ADDRESS), ..Page::of(&pk) }).await?;
    items.into_iter().map(from_item).collect()
}
