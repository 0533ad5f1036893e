//! A reader's addresses. Name, phone and street are sealed; the table sees bytes.

use serde::{Deserialize, Serialize};
use yujie_domain::{AddressId, ReaderId};

use super::idempotency;
use crate::codec::{self, corrupt, key_of};
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
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    #[serde(with = "serde_bytes")]
    sealed: Vec<u8>,
}

/// Adds an address, and keeps the answer for the request's repetition.
pub async fn add(
    table: &Table,
    rid: &ReaderId,
    address: &SealedAddress,
    request: &idempotency::Request,
    answer: &idempotency::Answer,
    now: jiff::Timestamp,
) -> Result<idempotency::Known, TableError> {
    let row = Row { sealed: address.sealed.clone() };
    let writes = vec![
        idempotency::remember(request, answer, now)?,
        Write::put_new(codec::item(&key::address(rid, &address.id), KIND, &row)?),
    ];
    match table.transact(writes).await {
        Ok(()) => Ok(idempotency::Known::New),
        Err(TransactError::Refused(refused)) => {
            match refused.into_iter().find(|r| r.write == 0).and_then(|r| r.old) {
                Some(old) => idempotency::read(old, request),
                None => Err(TableError::Busy),
            }
        }
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// One address.
pub async fn get(table: &Table, rid: &ReaderId, id: &AddressId) -> Result<Option<SealedAddress>, TableError> {
    let item = table.get(&key::address(rid, id)).await?;
    item.map(|item| codec::body::<Row>(item).map(|row| SealedAddress { id: id.clone(), sealed: row.sealed }))
        .transpose()
}

/// All addresses of a reader.
pub async fn list(table: &Table, rid: &ReaderId) -> Result<Vec<SealedAddress>, TableError> {
    let pk = key::reader(rid);
    let items = table.query(Page { prefix: Some(key::ADDRESS), ..Page::of(&pk) }).await?;
    items
        .into_iter()
        .map(|item| {
            let key = key_of(&item);
            let id = key.sk.strip_prefix(key::ADDRESS).unwrap_or_default();
            let id = AddressId::parse(id).map_err(|e| corrupt(&key, e))?;
            codec::body::<Row>(item).map(|row| SealedAddress { id, sealed: row.sealed })
        })
        .collect()
}
