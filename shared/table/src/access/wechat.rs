//! WeChat: which reader an openid belongs to, and the platform's tokens, which all functions share.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::ReaderId;
use yujie_domain::audit::Sole;

use super::reader;
use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key;
use crate::table::{Table, TransactError, Write};

pub(crate) const KIND: &str = "wechat";
pub(crate) const LEASE: &str = "wechat_lease";

/// A reader's identity at WeChat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Keyed hash of the openid.
    pub openid_hash: String,
    /// The openid, sealed.
    pub sealed: Vec<u8>,
    /// Since when.
    pub since: Timestamp,
}

/// What came of binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// It is this reader's now, in the place of another one that they may have had.
    Now,
    /// It was before.
    Already,
    /// It is another reader's.
    Taken,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    hash: String,
    #[serde(with = "serde_bytes")]
    sealed: Vec<u8>,
    #[serde(with = "codec::millis")]
    since: Timestamp,
}

impl Row {
    fn item(self, rid: &ReaderId) -> Result<Item, TableError> {
        codec::item(&key::wechat(rid), KIND, &self)
    }
}

/// The reader's identity at WeChat, if they have bound one.
pub async fn binding(table: &Table, rid: &ReaderId) -> Result<Option<Binding>, TableError> {
    table.get(&key::wechat(rid)).await?.map(from_item).transpose()
}

pub(crate) fn from_item(item: Item) -> Result<Binding, TableError> {
    codec::body(item).map(|Row { hash, sealed, since, .. }| Binding { openid_hash: hash, sealed, since })
}

async fn row(table: &Table, rid: &ReaderId) -> Result<Option<Row>, TableError> {
    table.get(&key::wechat(rid)).await?.map(codec::body).transpose()
}

/// What an item of a binding says: all that is read of one which may have no other attributes.
pub(crate) fn hash_of(item: Item) -> Result<String, TableError> {
    #[derive(Deserialize)]
    struct Hash {
        hash: String,
    }
    codec::body::<Hash>(item).map(|row| row.hash)
}

/// Whose an openid is, by its keyed hash.
pub async fn reader_of(table: &Table, openid_hash: &str) -> Result<Option<ReaderId>, TableError> {
    table.get(&key::unique(Sole::WeChat, openid_hash)).await?.map(reader::owner_of).transpose()
}

/// Binds an openid to a reader. One openid is one reader's, and a reader has one.
///
/// # Errors
/// [`TableError::Busy`] when the same reader binds another one at the same time.
pub async fn bind(table: &Table, rid: &ReaderId, new: &Binding) -> Result<Bound, TableError> {
    let old = row(table, rid).await?;
    if old.as_ref().is_some_and(|old| old.hash == new.openid_hash) {
        return Ok(Bound::Already);
    }
    let version = old.as_ref().map(|old| old.v);
    let row = Row {
        v: version.map_or(1, |version| version + 1),
        hash: new.openid_hash.clone(),
        sealed: new.sealed.clone(),
        since: new.since,
    };
    let item = row.item(rid)?;
    let mut writes = vec![
        Write::put_new(reader::unique_item(Sole::WeChat, &new.openid_hash, rid)?),
        version.map_or_else(|| Write::put_new(item.clone()), |version| Write::replace(item.clone(), version)),
    ];
    writes.extend(old.map(|old| give_up(rid, &old.hash)));
    let refused = match table.transact(writes).await {
        Ok(()) => return Ok(Bound::Now),
        Err(TransactError::Refused(refused)) => refused,
        Err(TransactError::Table(error)) => return Err(error),
    };
    let owner = refused.into_iter().find(|refused| refused.write == 0).and_then(|refused| refused.old);
    match owner.map(reader::owner_of).transpose()? {
        // The same reader has bound it just now, from another page.
        Some(owner) if owner == *rid => Ok(Bound::Already),
        Some(_) => Ok(Bound::Taken),
        None => Err(TableError::Busy),
    }
}

/// Ends a reader's binding. Answers whether there was one.
///
/// # Errors
/// [`TableError::Busy`] when it changes at the same time.
pub async fn unbind(table: &Table, rid: &ReaderId) -> Result<bool, TableError> {
    let Some(old) = row(table, rid).await? else { return Ok(false) };
    let itself = Write::delete(key::wechat(rid), "v = :version").number(":version", old.v);
    match table.transact(vec![itself, give_up(rid, &old.hash)]).await {
        Ok(()) => Ok(true),
        Err(TransactError::Refused(_)) => Err(TableError::Busy),
        Err(TransactError::Table(error)) => Err(error),
    }
}

fn give_up(rid: &ReaderId, openid_hash: &str) -> Write {
    Write::delete(key::unique(Sole::WeChat, openid_hash), "rid = :rid").text(":rid", rid.as_str())
}

/// Which of the platform's secrets is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// With which all calls are made.
    Token,
    /// With which pages are signed.
    Ticket,
}

impl Kept {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "TOKEN",
            Self::Ticket => "TICKET",
        }
    }
}

/// A secret of the platform's that ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The secret, sealed.
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
    /// When it ends.
    #[serde(with = "codec::millis")]
    pub expires: Timestamp,
}

/// What is kept of a secret, whether it has ended or not.
pub async fn lease(table: &Table, kept: Kept) -> Result<Option<Lease>, TableError> {
    table.get(&key::wechat_lease(kept)).await?.map(codec::body).transpose()
}

/// Keeps a secret, unless one that ends later is kept already: whoever asked first keeps what all use.
pub async fn keep(table: &Table, kept: Kept, lease: &Lease) -> Result<(), TableError> {
    let item = codec::item(&key::wechat_lease(kept), LEASE, lease)?;
    let write = Write::put_if(item, "attribute_not_exists(pk) OR expires < :expires")
        .number(":expires", u64::try_from(lease.expires.as_millisecond()).unwrap_or_default());
    match table.write(write).await {
        Ok(()) | Err(TransactError::Refused(_)) => Ok(()),
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// Forgets a secret that the platform refuses, unless another one has come in its place.
pub async fn forget(table: &Table, kept: Kept, refused: &Lease) -> Result<(), TableError> {
    let write = Write::delete(key::wechat_lease(kept), "expires = :expires")
        .number(":expires", u64::try_from(refused.expires.as_millisecond()).unwrap_or_default());
    match table.write(write).await {
        Ok(()) | Err(TransactError::Refused(_)) => Ok(()),
        Err(TransactError::Table(error)) => Err(error),
    }
}
