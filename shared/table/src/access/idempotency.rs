//! Answers kept for repeated requests. The record is written in the same transaction as its effect, so there is no moment in which
//! one exists without the other; a second request with the key finds the first one's answer.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key;
use crate::table::{Refused, Table, TransactError, Write};

pub(crate) const KIND: &str = "idempotency";
/// How long a key is remembered.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Which request this is: hashes, so that nothing of its content is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Hash of who asks, for what, with which key.
    pub key: String,
    /// Hash of the body.
    pub fingerprint: String,
}

/// The answer that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body, byte for byte.
    pub body: String,
}

/// What is known of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Never seen.
    New,
    /// Done before: this was the answer.
    Replay(Answer),
    /// The key was used for another body.
    OtherBody,
}

/// How a request came to its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stands {
    /// It took effect now, and this is its answer.
    Now(Answer),
    /// Another request with its key was first.
    Before(Known),
}

/// What came of writes that are remembered with their answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Done {
    /// They were made.
    Now,
    /// The same request was answered before.
    Before(Known),
    /// Conditions of these did not hold, each by its place among the writes, from 0. Nothing was written.
    Refused(Vec<Refused>),
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    fingerprint: String,
    status: u16,
    body: String,
    expires_at: i64,
}

/// Looks a request up.
pub async fn look_up(table: &Table, request: &Request) -> Result<Known, TableError> {
    table.get(&key::idempotency(&request.key)).await?.map_or(Ok(Known::New), |item| read(item, request))
}

/// Keeps an answer for the request's repetition.
pub fn remember(request: &Request, answer: &Answer, now: Timestamp) -> Result<Write, TableError> {
    let row = Row {
        fingerprint: request.fingerprint.clone(),
        status: answer.status,
        body: answer.body.clone(),
        expires_at: (now + KEPT).as_second(),
    };
    Ok(Write::put_new(codec::item(&key::idempotency(&request.key), KIND, &row)?))
}

/// Carries writes out in one transaction with the answer that is kept for the request's repetition.
pub async fn carry_out(
    table: &Table,
    request: &Request,
    answer: &Answer,
    now: Timestamp,
    writes: Vec<Write>,
) -> Result<Done, TableError> {
    // The record comes first: a repetition is told before the rest.
    let all = std::iter::once(remember(request, answer, now)?).chain(writes).collect();
    let refused = match table.transact(all).await {
        Ok(()) => return Ok(Done::Now),
        Err(TransactError::Refused(refused)) => refused,
        Err(TransactError::Table(error)) => return Err(error),
    };
    let mut others = Vec::new();
    for one in refused {
        match (one.write.checked_sub(1), one.old) {
            (None, Some(old)) => return read(old, request).map(Done::Before),
            // Its time was over, and it went just then: asked again, the request is a new one.
            (None, None) => return Err(TableError::Busy),
            (Some(write), old) => others.push(Refused { write, old }),
        }
    }
    Ok(Done::Refused(others))
}

/// Reads the record that stood in the way of a second one.
pub fn read(item: Item, request: &Request) -> Result<Known, TableError> {
    let row: Row = codec::body(item)?;
    if row.fingerprint == request.fingerprint {
        Ok(Known::Replay(Answer { status: row.status, body: row.body }))
    } else {
        Ok(Known::OtherBody)
    }
}
