//! Readers: card, profile, and what makes one person one card.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::account::Account;
use yujie_domain::audit::Sole;
use yujie_domain::family::Family;
use yujie_domain::rules::CardClass;
use yujie_domain::{CardNo, ReaderId};

use super::idempotency::Done;
use super::session::{self, Owner};
use super::{account, family, idempotency, phone_code};
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
    /// A child's card, with which its guardian acts, has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    /// The password was given by the library: it is only good for setting one's own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    initial: bool,
    /// When it was reported lost.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "codec::millis::option")]
    lost: Option<Timestamp>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ProfileRow {
    #[serde(with = "serde_bytes")]
    sealed: Vec<u8>,
    #[serde(with = "codec::millis")]
    consent: Timestamp,
    /// The keyed hashes under which the reader's document and phone are taken: a deletion frees them by these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    document: Option<String>,
    /// A child has no phone of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
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
    let card = CardRow {
        rid: new.rid.clone(),
        password: Some(new.password_hash.clone()),
        initial: false,
        lost: None,
    };
    let profile = ProfileRow {
        sealed: new.sealed.clone(),
        consent: new.consent_at,
        document: Some(new.document_hash.clone()),
        phone: Some(new.phone_hash.clone()),
    };
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

/// A child to be a reader, and the two sides of the link to its guardian.
#[derive(Debug, Clone)]
pub struct NewChild {
    /// Its card.
    pub card_no: CardNo,
    /// Its name, and the guardian's phone, sealed.
    pub sealed: Vec<u8>,
    /// Keyed hash of its identity document.
    pub document_hash: String,
    /// When the guardian agreed to the processing of its data.
    pub consent_at: Timestamp,
    /// Its links: to its guardian.
    pub family: Family,
    /// The guardian's links, with the child.
    pub guardian: Family,
}

/// Issues a child's card: card, profile, account, the uniqueness record of its document, and the link to its guardian, in one transaction. It has no
/// phone of its own and no password, and takes no part in recommendations until it says so.
pub async fn issue_child(
    table: &Table,
    new: &NewChild,
    request: &idempotency::Request,
    answer: &idempotency::Answer,
) -> Result<Issued, TableError> {
    let rid = &new.family.rid;
    let card = CardRow { rid: rid.clone(), password: None, initial: false, lost: None };
    let profile = ProfileRow {
        sealed: new.sealed.clone(),
        consent: new.consent_at,
        document: Some(new.document_hash.clone()),
        phone: None,
    };
    let mut account = Account::new(rid.clone(), new.card_no.clone(), false);
    account.class = CardClass::Child;
    let writes = vec![
        Write::put_new(unique_item(Sole::Document, &new.document_hash, rid)?),
        Write::put_new(codec::item(&key::card(&new.card_no), CARD, &card)?),
        Write::put_new(codec::item(&key::profile(rid), PROFILE, &profile)?),
        Write::put_new(account::to_item(&account)?),
        family::replace(&new.family)?,
        family::replace(&new.guardian)?,
    ];
    match idempotency::carry_out(table, request, answer, new.consent_at, writes).await? {
        Done::Now => Ok(Issued::Now),
        Done::Before(known) => Ok(Issued::Known(known)),
        Done::Refused(refused) => match refused.first().map(|one| one.write) {
            Some(0) => Ok(Issued::PersonHasCard),
            Some(1) => Ok(Issued::NumberTaken),
            // The guardian's links changed meanwhile.
            Some(_) | None => Err(TableError::Busy),
        },
    }
}

/// Who has a document or phone, by its keyed hash.
pub async fn who_has(table: &Table, of: Sole, hash: &str) -> Result<Option<ReaderId>, TableError> {
    table.get(&key::unique(of, hash)).await?.map(owner_of).transpose()
}

/// Who a card belongs to, with the hash of the password.
#[derive(Debug, Clone)]
pub struct Card {
    /// The reader.
    pub rid: ReaderId,
    /// The password's argon2id hash; nobody signs in with a card that has none.
    pub password_hash: Option<String>,
    /// When it was reported lost: nobody signs in with it since.
    pub lost: Option<Timestamp>,
    /// The password was given by the library: nobody is signed in with it, it is only good for setting another.
    pub initial: bool,
}

impl Card {
    /// Stands in for a card that there is none of.
    fn nobody() -> Result<Self, TableError> {
        let rid = ReaderId::parse("00000000000000000000000000");
        let rid = rid.map_err(|error| TableError::Unavailable(error.to_string()))?;
        Ok(Self { rid, password_hash: None, initial: false, lost: None })
    }
}

/// Looks a card up.
pub async fn card(table: &Table, no: &CardNo) -> Result<Option<Card>, TableError> {
    let item = table.get(&key::card(no)).await?;
    item.map(|item| {
        codec::body::<CardRow>(item).map(|row| {
            let CardRow { rid, password, initial, lost } = row;
            Card { rid, password_hash: password, initial, lost }
        })
    })
    .transpose()
}

/// Whose a phone number is.
pub async fn of_phone(table: &Table, phone_hash: &str) -> Result<Option<ReaderId>, TableError> {
    table.get(&key::unique(Sole::Phone, phone_hash)).await?.map(owner_of).transpose()
}

/// That a card still has the password that was looked at and is not lost, as part of a transaction that rests on it. It writes what stands.
pub fn unchanged(no: &CardNo, card: &Card) -> Write {
    Write::update(key::card(no), "SET kind = :kind", "password = :seen AND attribute_not_exists(lost)")
        .text(":kind", CARD)
        .text(":seen", seen(card))
}

/// The hash that a card was seen with. Where there is none, a condition on it holds for no card: no hash is empty.
fn seen(card: &Card) -> &str {
    card.password_hash.as_deref().unwrap_or_default()
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
    let (no, looked_at) = card.unwrap_or((&nobody, &nothing));
    let owner = Owner::Reader(looked_at.rid.clone());
    for _ in 0..ATTEMPTS {
        let stand = session::list(table, &owner, now).await?;
        let mut writes = vec![
            idempotency::remember(request, answer, now)?,
            Write::update(key::card(no), "SET password = :new REMOVE #initial", "password = :seen")
                .name("#initial", "initial")
                .text(":new", password_hash)
                .text(":seen", seen(looked_at)),
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

/// Takes down that a card is lost. The first report stands; a second one changes nothing. `false` when there is no such card.
pub async fn report_lost(table: &Table, no: &CardNo, now: Timestamp) -> Result<bool, TableError> {
    let write = Write::update(key::card(no), "SET lost = if_not_exists(lost, :now)", "attribute_exists(pk)")
        .value(":now", AttributeValue::N(now.as_millisecond().to_string()));
    exists(table.write(write).await)
}

/// Takes down that a card was found again. `false` when there is no such card.
pub async fn found_again(table: &Table, no: &CardNo) -> Result<bool, TableError> {
    exists(table.write(Write::update(key::card(no), "REMOVE lost", "attribute_exists(pk)")).await)
}

fn exists(written: Result<(), TransactError>) -> Result<bool, TableError> {
    match written {
        Ok(()) => Ok(true),
        Err(TransactError::Refused(_)) => Ok(false),
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// What came of a card's replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replaced {
    /// The new card is in force.
    Now,
    /// The same request had been answered before.
    Known(idempotency::Known),
    /// The card number drawn is taken: draw another.
    NumberTaken,
    /// The account or the old card changed meanwhile.
    Changed,
}

/// Puts a new card in the place of a lost one: the same reader, the same password. The old number is nobody's afterwards.
pub async fn replace_card(
    table: &Table,
    (no, old): (&CardNo, &Card),
    account: &Account,
    now: Timestamp,
    (request, answer): (&idempotency::Request, &idempotency::Answer),
) -> Result<Replaced, TableError> {
    let card = CardRow {
        rid: account.rid.clone(),
        password: old.password_hash.clone(),
        initial: old.initial,
        lost: None,
    };
    let gone = match &old.password_hash {
        Some(hash) => {
            Write::delete(key::card(no), "attribute_exists(lost) AND rid = :rid AND #password = :password")
                .text(":password", hash)
        }
        None => Write::delete(
            key::card(no),
            "attribute_exists(lost) AND rid = :rid AND attribute_not_exists(#password)",
        ),
    };
    let writes = vec![
        Write::put_new(codec::item(&key::card(&account.card_no), CARD, &card)?),
        gone.name("#password", "password").text(":rid", account.rid.as_str()),
        account::replace(account)?,
    ];
    match idempotency::carry_out(table, request, answer, now, writes).await? {
        Done::Now => Ok(Replaced::Now),
        Done::Before(known) => Ok(Replaced::Known(known)),
        Done::Refused(refused) if refused.iter().any(|one| one.write > 0) => Ok(Replaced::Changed),
        Done::Refused(_) => Ok(Replaced::NumberTaken),
    }
}

/// A reader's profile.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Name, phone and masked document, sealed.
    pub sealed: Vec<u8>,
    /// When the reader, or a child's guardian, agreed to the processing of the data.
    pub consent_at: Timestamp,
    /// The keyed hashes under which document and phone are taken; a card from before these were kept has none.
    pub(crate) taken: [(Sole, Option<String>); 2],
}

impl Profile {
    pub(crate) fn from_item(item: Item) -> Result<Self, TableError> {
        let row: ProfileRow = codec::body(item)?;
        let taken = [(Sole::Document, row.document), (Sole::Phone, row.phone)];
        Ok(Self { sealed: row.sealed, consent_at: row.consent, taken })
    }

    /// Whether it is known under which hash the document is taken.
    pub fn can_be_freed(&self) -> bool {
        self.taken.iter().any(|(of, hash)| *of == Sole::Document && hash.is_some())
    }
}

/// A reader's profile.
pub async fn profile(table: &Table, rid: &ReaderId) -> Result<Option<Profile>, TableError> {
    table.get(&key::profile(rid)).await?.map(Profile::from_item).transpose()
}

/// A reader's name and phone, sealed.
pub async fn sealed_profile(table: &Table, rid: &ReaderId) -> Result<Option<Vec<u8>>, TableError> {
    let item = table.get(&key::profile(rid)).await?;
    item.map(|item| codec::body::<ProfileRow>(item).map(|row| row.sealed)).transpose()
}
