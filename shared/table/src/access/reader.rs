//! Readers: card, profile, and what makes one person one card.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::account::Account;
use yujie_domain::audit::Sole;
use yujie_domain::{CardNo, ReaderId};

use super::{account, idempotency, phone_code};
use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key;
use crate::table::{Table, TransactError, Write};

pub(crate) const CARD: &str = "card";
pub(crate) const PROFILE: &str = "profile";
pub(crate) const UNIQUE: &str = "unique";

/// A reader to be.
#[derive(Debug, Clone)]
pub struct NewReader {
    /// Their id.
    pub rid: ReaderId,
    /// Their card.
    pub card_no: CardNo,
    /// Name and phone, sealed.
    pub sealed: Vec<u8>,
    /// Keyed hash of the identity document.
    pub document_hash: String,
    /// Keyed hash of the phone number.
    pub phone_hash: String,
    /// Keyed hash of the code that was sent to the phone.
    pub code_hash: String,
    /// The password, hashed by argon2id, in PHC form.
    pub password_hash: String,
    /// When the reader agreed to the processing of their data.
    pub consent_at: Timestamp,
    /// Whether the reader takes part in recommendations.
    pub takes_part: bool,
}

/// What came of issuing a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issued {
    /// The card exists now.
    Now,
    /// The same request had been answered before.
    Known(idempotency::Known),
    /// The code is wrong, too old or used up.
    WrongCode,
    /// This person has a card already.
    PersonHasCard,
    /// This phone number belongs to another card.
    PhoneTaken,
    /// The card number drawn is taken: draw another.
    NumberTaken,
}

#[derive(Debug, Serialize, Deserialize)]
struct CardRow {
    rid: ReaderId,
    password: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct ProfileRow {
    #[serde(with = "serde_bytes")]
    sealed: Vec<u8>,
    #[serde(with = "codec::millis")]
    consent: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
struct UniqueRow {
    rid: ReaderId,
}

/// Whose a card or a uniqueness record is: all that is read of an item which may have no other attributes.
pub(crate) fn owner_of(item: Item) -> Result<ReaderId, TableError> {
    codec::body::<UniqueRow>(item).map(|row| row.rid)
}

/// The record that makes a reader the only one with something.
pub(crate) fn unique_item(of: Sole, hash: &str, rid: &ReaderId) -> Result<Item, TableError> {
    codec::item(&key::unique(of, hash), UNIQUE, &UniqueRow { rid: rid.clone() })
}

/// Issues a card: spends the phone code and creates card, profile, account and the two uniqueness records in one transaction.
pub async fn issue(
    table: &Table,
    new: &NewReader,
    request: &idempotency::Request,
    answer: &idempotency::Answer,
) -> Result<Issued, TableError> {
    let card = CardRow { rid: new.rid.clone(), password: new.password_hash.clone() };
    let profile = ProfileRow { sealed: new.sealed.clone(), consent: new.consent_at };
    let writes = vec![
        idempotency::remember(request, answer, new.consent_at)?,
        phone_code::spend(&new.phone_hash, &new.code_hash, new.consent_at),
        Write::put_new(unique_item(Sole::Document, &new.document_hash, &new.rid)?),
        Write::put_new(unique_item(Sole::Phone, &new.phone_hash, &new.rid)?),
        Write::put_new(codec::item(&key::card(&new.card_no), CARD, &card)?),
        Write::put_new(codec::item(&key::profile(&new.rid), PROFILE, &profile)?),
        Write::put_new(account::to_item(&Account::new(
            new.rid.clone(),
            new.card_no.clone(),
            new.takes_part,
        ))?),
    ];
    let refused = match table.transact(writes).await {
        Ok(()) => return Ok(Issued::Now),
        Err(TransactError::Refused(refused)) => refused,
        Err(TransactError::Table(error)) => return Err(error),
    };
    for refusal in refused {
        match (refusal.write, refusal.old) {
            (0, Some(old)) => return idempotency::read(old, request).map(Issued::Known),
            (1, _) => return Ok(Issued::WrongCode),
            (2, _) => return Ok(Issued::PersonHasCard),
            (3, _) => return Ok(Issued::PhoneTaken),
            (4, _) => return Ok(Issued::NumberTaken),
            _ => {}
        }
    }
    Err(TableError::Busy)
}

/// Who a card belongs to, with the hash of the password.
#[derive(Debug, Clone)]
pub struct Card {
    /// The reader.
    pub rid: ReaderId,
    /// The password's argon2id hash.
    pub password_hash: String,
}

/// Looks a card up.
pub async fn card(table: &Table, no: &CardNo) -> Result<Option<Card>, TableError> {
    let item = table.get(&key::card(no)).await?;
    item.map(|item| {
        codec::body::<CardRow>(item).map(|row| Card { rid: row.rid, password_hash: row.password })
    })
    .transpose()
}

/// A reader's name and phone, sealed.
pub async fn sealed_profile(table: &Table, rid: &ReaderId) -> Result<Option<Vec<u8>>, TableError> {
    let item = table.get(&key::profile(rid)).await?;
    item.map(|item| codec::body::<ProfileRow>(item).map(|row| row.sealed)).transpose()
}
