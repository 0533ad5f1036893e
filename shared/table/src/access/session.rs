//! Sessions: one family of refresh tokens for each sign-in. A token is used once; using an old one ends the family.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::codec;
use crate::error::TableError;
use crate::key;
use crate::table::{Table, TransactError, Write};

pub(crate) const KIND: &str = "session";
/// How long a family lives after its last use.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 30);

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    /// Who is signed in, as the runtime writes it; the table does not look into it.
    subject: String,
    token: String,
    expires_at: i64,
}

/// What came of using a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refreshed {
    /// The family goes on with the new token; this is who is signed in.
    Yes {
        /// As given to [`begin`].
        subject: String,
    },
    /// No such family, or it has ended.
    Unknown,
    /// The token had been used before: the family is ended, whoever holds it now.
    Reused,
}

/// Begins a family with its first token (hashed).
pub async fn begin(
    table: &Table,
    family: &str,
    subject: &str,
    token_hash: &str,
    now: Timestamp,
) -> Result<(), TableError> {
    let row = Row {
        v: 1,
        subject: subject.to_owned(),
        token: token_hash.to_owned(),
        expires_at: (now + LIFETIME).as_second(),
    };
    match table.write(Write::put_new(codec::item(&key::session(family), KIND, &row)?)).await {
        Ok(()) => Ok(()),
        Err(TransactError::Refused(_)) => Err(TableError::Busy),
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// Who is signed in by a family, as given to [`begin`]; `None` when there is none.
pub async fn subject(table: &Table, family: &str) -> Result<Option<String>, TableError> {
    let item = table.get(&key::session(family)).await?;
    item.map(|item| codec::body::<Row>(item).map(|row| row.subject)).transpose()
}

/// Exchanges the family's token.
pub async fn refresh(
    table: &Table,
    family: &str,
    old_hash: &str,
    new_hash: &str,
    now: Timestamp,
) -> Result<Refreshed, TableError> {
    let key = key::session(family);
    let Some(item) = table.get(&key).await? else {
        return Ok(Refreshed::Unknown);
    };
    let row: Row = codec::body(item)?;
    if row.expires_at <= now.as_second() {
        return Ok(Refreshed::Unknown);
    }
    if row.token != old_hash {
        return end(table, family).await;
    }
    let next = Row {
        v: row.v + 1,
        subject: row.subject.clone(),
        token: new_hash.to_owned(),
        expires_at: (now + LIFETIME).as_second(),
    };
    match table.write(Write::replace(codec::item(&key, KIND, &next)?, row.v)).await {
        Ok(()) => Ok(Refreshed::Yes { subject: row.subject }),
        Err(TransactError::Refused(refused)) => {
            let stored = refused.into_iter().find_map(|r| r.old).map(codec::body::<Row>).transpose()?;
            match stored {
                // Our own write whose answer was lost on the way, made again by the client: it stands.
                Some(stored) if stored.token == new_hash => Ok(Refreshed::Yes { subject: row.subject }),
                // Two uses of one token at once: the second is a reuse.
                Some(_) | None => end(table, family).await,
            }
        }
        Err(TransactError::Table(error)) => Err(error),
    }
}

async fn end(table: &Table, family: &str) -> Result<Refreshed, TableError> {
    match table.write(Write::delete(key::session(family), "attribute_exists(pk)")).await {
        Ok(()) | Err(TransactError::Refused(_)) => Ok(Refreshed::Reused),
        Err(TransactError::Table(error)) => Err(error),
    }
}
