//! Codes sent to phones: five minutes, five tries, one a minute for a number.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::codec;
use crate::error::TableError;
use crate::key;
use crate::table::{Table, TransactError, Write};

pub(crate) const KIND: &str = "phone_code";
/// How long a code is good.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(5);
/// How long a number waits for its next code.
pub const PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// How often a code may be typed.
pub const TRIES: u32 = 5;

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    code: String,
    sent: i64,
    tries: u32,
    expires_at: i64,
}

/// Stores a new code for a number (both as keyed hashes). `false` when the last one is younger than a minute.
pub async fn put(
    table: &Table,
    phone_hash: &str,
    code_hash: &str,
    now: Timestamp,
) -> Result<bool, TableError> {
    let row = Row {
        code: code_hash.to_owned(),
        sent: now.as_second(),
        tries: 0,
        expires_at: (now + LIFETIME).as_second(),
    };
    let item = codec::item(&key::phone_code(phone_hash), KIND, &row)?;
    let write = Write::put_if(item, "attribute_not_exists(pk) OR sent <= :before")
        .value(":before", number((now - PAUSE).as_second()));
    match table.write(write).await {
        Ok(()) => Ok(true),
        Err(TransactError::Refused(_)) => Ok(false),
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// Takes one of the tries for a number's code, before the code is looked at: a hundred guesses at once get five looks. `false` when
/// there is no code, it is too old, or its tries are used up.
pub async fn take_try(table: &Table, phone_hash: &str, now: Timestamp) -> Result<bool, TableError> {
    let write = Write::update(
        key::phone_code(phone_hash),
        "SET tries = tries + :one",
        "attribute_exists(pk) AND expires_at > :now AND tries < :most",
    )
    .value(":one", number(1))
    .value(":now", number(now.as_second()))
    .value(":most", number(i64::from(TRIES)));
    match table.write(write).await {
        Ok(()) => Ok(true),
        Err(TransactError::Refused(_)) => Ok(false),
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// Uses a code up, as part of the transaction that it authorises. A try was taken for it.
pub(crate) fn spend(phone_hash: &str, code_hash: &str, now: Timestamp) -> Write {
    Write::delete(key::phone_code(phone_hash), "code = :code AND expires_at > :now")
        .text(":code", code_hash)
        .value(":now", number(now.as_second()))
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
