//! Readers: card, profile, and what makes one person one card.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::account::Account;
use yujie_domain::audit::Sole;
use yujie_domain::{CardNo, ReaderId};

use super::session::{self, Owner};
use super::{account, idempotency, phone_code};
use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key;
use crate::table::{Refused, Table, TransactError, Write};

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
    /// The password was given by the library: it is only good for setting one's own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    initial: bool,
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
    let card = CardRow { rid: new.rid.clone(), password: new.password_hash.clone(), initial: false };
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
    /// The password was given by the library: nobody is signed in with it, it is only good for setting another.
    pub initial: bool,
}

impl Card {
    /// Stands in for a card that there is none of.
    fn nobody() -> Result<Self, TableError> {
        let rid = ReaderId::parse("00000000000000000000000000");
        let rid = rid.map_err(|error| TableError::Unavailable(error.to_string()))?;
        Ok(Self { rid, password_hash: String::new(), initial: false })
    }
}

/// Looks a card up.
pub async fn card(table: &Table, no: &CardNo) -> Result<Option<Card>, TableError> {
    let item = table.get(&key::card(no)).await?;
    item.map(|item| {
        codec::body::<CardRow>(item).map(|row| {
            let CardRow { rid, password, initial } = row;
            Card { rid, password_hash: password, initial }
        })
    })
    .transpose()
}

/// Whose a phone number is.
pub async fn of_phone(table: &Table, phone_hash: &str) -> Result<Option<ReaderId>, TableError> {
    table.get(&key::unique(Sole::Phone, phone_hash)).await?.map(owner_of).transpose()
}

/// That a card still has the password that was looked at, as part of a transaction that rests on it. It writes what stands.
pub fn unchanged(no: &CardNo, card: &Card) -> Write {
    Write::update(key::card(no), "SET kind = :kind", "password = :seen")
        .text(":kind", CARD)
        .text(":seen", &card.password_hash)
}

/// What a new password comes with.
#[derive(Debug)]
pub enum Proof<'a> {
    /// The old password, from one of the reader's sessions, which goes on. All others end.
    Session(Option<&'a str>),
    /// A code that was sent to the reader's phone, and is spent. All sessions end.
    PhoneCode {
        /// Keyed hash of the phone number.
        phone_hash: &'a str,
        /// Keyed hash of the code.
        code_hash: &'a str,
    },
}

/// What came of setting a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordSet {
    /// It is set.
    Now,
    /// The same request had been answered before.
    Known(idempotency::Known),
    /// The code is wrong, too old or used up; or somebody else changed the password meanwhile; or there is no such card.
    Refused,
}

/// How often a change that met a session's end is tried.
const ATTEMPTS: u32 = 4;

/// Sets a card's password in place of the one that was looked at, ends sessions, and spends the code, if one proves who it is. Without a
/// card that fits nothing is set, after as many calls of the table.
pub async fn set_password(
    table: &Table,
    card: Option<(&CardNo, &Card)>,
    password_hash: &str,
    proof: &Proof<'_>,
    (request, answer): (&idempotency::Request, &idempotency::Answer),
    now: Timestamp,
) -> Result<PasswordSet, TableError> {
    let (nobody, nothing) = (CardNo::from_serial(0), Card::nobody()?);
    let (no, seen) = card.unwrap_or((&nobody, &nothing));
    let owner = Owner::Reader(seen.rid.clone());
    for _ in 0..ATTEMPTS {
        let stand = session::list(table, &owner, now).await?;
        let mut writes = vec![
            idempotency::remember(request, answer, now)?,
            Write::update(
                key::card(no),
                "SET password = :new REMOVE #initial",
                // Without a card this holds for none: no hash is empty.
                "password = :seen",
            )
            .name("#initial", "initial")
            .text(":new", password_hash)
            .text(":seen", &seen.password_hash),
        ];
        let going_on = match proof {
            Proof::PhoneCode { phone_hash, code_hash } => {
                writes.push(phone_code::spend(phone_hash, code_hash, now));
                None
            }
            Proof::Session(family) => *family,
        };
        let deciding = writes.len();
        let ending = stand.iter().filter(|session| Some(session.family.as_str()) != going_on);
        writes.extend(ending.map(|session| session::ended(&owner, &session.family)));
        match table.transact(writes).await {
            Ok(()) => return Ok(PasswordSet::Now),
            Err(TransactError::Refused(mut refused)) => {
                refused.retain(|refused| refused.write < deciding);
                match refused.into_iter().next() {
                    Some(Refused { write: 0, old: Some(old) }) => {
                        return idempotency::read(old, request).map(PasswordSet::Known);
                    }
                    Some(_) => return Ok(PasswordSet::Refused),
                    // A session ended by itself.
                    None => {}
                }
            }
            Err(TransactError::Table(error)) => return Err(error),
        }
    }
    Err(TableError::Busy)
}

/// A reader's name and phone, sealed.
pub async fn sealed_profile(table: &Table, rid: &ReaderId) -> Result<Option<Vec<u8>>, TableError> {
    let item = table.get(&key::profile(rid)).await?;
    item.map(|item| codec::body::<ProfileRow>(item).map(|row| row.sealed)).transpose()
}
