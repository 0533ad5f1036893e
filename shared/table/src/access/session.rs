//! Sessions: one family of refresh tokens for each sign-in. A token is used once; using an old one ends the family.
//!
//! A family stands beside whose it is, so that the sessions of a person are one query, and whoever uses a token says whose it is: a refresh is one
//! conditional write that reads nothing before.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use yujie_domain::{ReaderId, SiteId, StaffLogin, time};

use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::table::{Page, Table, TransactError, Write};

pub(crate) const KIND: &str = "session";
/// How long a family lives after its last use.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Sessions that a person has at once. Another one ends the one that was not used for the longest time.
pub const MOST: usize = 10;
/// How often a sign-in that met another one is tried.
const ATTEMPTS: u32 = 3;

/// Whose a session is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A reader's.
    Reader(ReaderId),
    /// A member of staff's.
    Staff(StaffLogin),
}

impl Owner {
    fn partition(&self) -> String {
        match self {
            Self::Reader(rid) => key::reader(rid),
            Self::Staff(login) => key::of_staff(login),
        }
    }

    fn key(&self, family: &str) -> Key {
        key::session(&self.partition(), family)
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    token: String,
    used: Date,
    device: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    site: Option<SiteId>,
    expires_at: i64,
}

/// A session that is to begin.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its family: a ULID of the instant at which it begins.
    pub family: String,
    /// The keyed hash of its first refresh token.
    pub token_hash: String,
    /// What its owner calls the device.
    pub device: String,
    /// Where a member of staff works in it.
    pub site: Option<SiteId>,
}

/// A session as its owner may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its family.
    pub family: String,
    /// The Shanghai day of its last use.
    pub used: Date,
    /// What its owner calls the device.
    pub device: String,
}

/// What came of using a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refreshed {
    /// The family goes on with the new token.
    Yes,
    /// No such family, or it has ended.
    Unknown,
    /// The token had been used before: the family is ended, whoever holds it now.
    Reused,
}

/// What came of beginning a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It has begun.
    Now,
    /// What it rests on (`on`) is so no longer: the password was changed, or the account.
    Overtaken,
}

/// Begins a session, if what it rests on (`on`) still is as it was looked at. When its owner has as many as there may be, the one that was not used
/// for the longest time ends with it.
pub async fn begin(
    table: &Table,
    owner: &Owner,
    new: &NewSession,
    on: &[Write],
    now: Timestamp,
) -> Result<Begun, TableError> {
    let row = Row {
        v: 1,
        token: new.token_hash.clone(),
        used: time::day(now),
        device: new.device.clone(),
        site: new.site.clone(),
        expires_at: (now + LIFETIME).as_second(),
    };
    let put = Write::put_new(codec::item(&owner.key(&new.family), KIND, &row)?);
    for _ in 0..ATTEMPTS {
        let mut stand = list(table, owner, now).await?;
        stand.sort_by(|a, b| (b.used, &b.family).cmp(&(a.used, &a.family)));
        let over = stand.split_off(stand.len().min(MOST - 1));
        let ended = over.iter().map(|session| ended(owner, &session.family));
        let writes: Vec<Write> = on.iter().cloned().chain([put.clone()]).chain(ended).collect();
        match table.transact(writes).await {
            Ok(()) => return Ok(Begun::Now),
            Err(TransactError::Refused(refused)) => {
                if refused.iter().any(|refused| refused.write < on.len()) {
                    return Ok(Begun::Overtaken);
                }
                // One that was to end has ended by itself.
            }
            Err(TransactError::Table(error)) => return Err(error),
        }
    }
    Err(TableError::Busy)
}

/// A person's sessions that have not ended, in no order.
pub async fn list(table: &Table, owner: &Owner, now: Timestamp) -> Result<Vec<Session>, TableError> {
    let pk = owner.partition();
    let items = table.query(Page { prefix: Some(key::SESSION), ..Page::of(&pk) }).await?;
    let rows: Vec<(String, Row)> = items.into_iter().map(read).collect::<Result<_, TableError>>()?;
    let good = rows.into_iter().filter(|(_, row)| row.expires_at > now.as_second());
    Ok(good.map(|(family, row)| Session { family, used: row.used, device: row.device }).collect())
}

fn read(item: Item) -> Result<(String, Row), TableError> {
    let at = codec::key_of(&item);
    let family = at.sk.strip_prefix(key::SESSION).unwrap_or_default().to_owned();
    codec::body(item).map(|row| (family, row))
}

/// Exchanges the token of a family that was begun for `site`.
pub async fn refresh(
    table: &Table,
    owner: &Owner,
    (family, site): (&str, Option<&SiteId>),
    (old_hash, new_hash): (&str, &str),
    now: Timestamp,
) -> Result<Refreshed, TableError> {
    let there = match site {
        Some(_) => "site = :site",
        None => "attribute_not_exists(site)",
    };
    let mut write = Write::update(
        owner.key(family),
        "SET #token = :new, used = :today, expires_at = :over, v = v + :one",
        format!("#token = :old AND expires_at > :now AND {there}"),
    )
    .name("#token", "token")
    .text(":new", new_hash)
    .text(":old", old_hash)
    .text(":today", time::day(now).to_string())
    .number(":one", 1)
    .number(":now", seconds(now))
    .number(":over", seconds(now + LIFETIME));
    if let Some(site) = site {
        write = write.text(":site", site.as_str());
    }
    let old = match table.write(write).await {
        Ok(()) => return Ok(Refreshed::Yes),
        Err(TransactError::Refused(refused)) => refused.into_iter().find_map(|refused| refused.old),
        Err(TransactError::Table(error)) => return Err(error),
    };
    let stands = old.map(codec::body::<Row>).transpose()?;
    match stands.filter(|row| row.expires_at > now.as_second() && row.site.as_ref() == site) {
        None => Ok(Refreshed::Unknown),
        // Our own write whose answer was lost on the way, made again by the client: it stands.
        Some(row) if row.token == new_hash => Ok(Refreshed::Yes),
        // Used before; or two uses of one token at once, of which this is the second.
        Some(_) => end(table, owner, family).await.map(|_| Refreshed::Reused),
    }
}

/// Ends a session. `false` when it has ended before.
pub async fn end(table: &Table, owner: &Owner, family: &str) -> Result<bool, TableError> {
    match table.write(ended(owner, family)).await {
        Ok(()) => Ok(true),
        Err(TransactError::Refused(_)) => Ok(false),
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// Ends all of a person's sessions, but for the one of `going_on`.
pub async fn end_all(
    table: &Table,
    owner: &Owner,
    going_on: Option<&str>,
    now: Timestamp,
) -> Result<(), TableError> {
    for session in list(table, owner, now).await? {
        if Some(session.family.as_str()) != going_on {
            end(table, owner, &session.family).await?;
        }
    }
    Ok(())
}

/// A session as its owner may see it.
pub(crate) fn from_item(item: Item) -> Result<Session, TableError> {
    read(item).map(|(family, row)| Session { family, used: row.used, device: row.device })
}

/// The end of a session, as part of a transaction; refused when it has ended before.
pub fn ended(owner: &Owner, family: &str) -> Write {
    Write::delete(owner.key(family), "attribute_exists(pk)")
}

fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_second()).unwrap_or_default()
}
