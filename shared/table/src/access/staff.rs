//! Staff accounts: all in one partition, because administrators look at them as a list.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::staff::{Account, Change, Role};
use yujie_domain::{SiteId, StaffLogin};

use super::session::{self, Owner};
use super::{idempotency, session::Session};
use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::table::{Page, Refused, Table, TransactError, Write};

pub(crate) const KIND: &str = "staff";
pub(crate) const ADMINISTRATORS: &str = "administrators";

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    login: StaffLogin,
    name: String,
    posts: BTreeMap<SiteId, Role>,
    password_hash: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    temporary: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    disabled: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    history: Vec<Change>,
}

fn to_item(account: &Account) -> Result<Item, TableError> {
    let row = Row {
        v: account.version,
        login: account.login.clone(),
        name: account.name.clone(),
        posts: account.posts.clone(),
        password_hash: account.password_hash.clone(),
        temporary: account.temporary,
        disabled: account.disabled,
        history: account.history.clone(),
    };
    codec::item(&key::staff(&account.login), KIND, &row)
}

fn from_item(item: Item) -> Result<Account, TableError> {
    let Row { v, login, name, posts, password_hash, temporary, disabled, history } = codec::body(item)?;
    Ok(Account { login, name, posts, password_hash, temporary, disabled, history, version: v })
}

/// Looks an account up.
pub async fn get(table: &Table, login: &StaffLogin) -> Result<Option<Account>, TableError> {
    table.get(&key::staff(login)).await?.map(from_item).transpose()
}

/// Some accounts in the order of their logins, and where the list goes on.
pub async fn list(
    table: &Table,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<Account>, Option<String>), TableError> {
    let after = after.map(|login| Key { pk: key::STAFF.to_owned(), sk: format!("{}{login}", key::LOGIN) });
    let page =
        Page { prefix: Some(key::LOGIN), after: after.as_ref(), limit: Some(limit), ..Page::of(key::STAFF) };
    let items = table.query(page).await?;
    let full = items.len() == limit;
    let accounts: Vec<Account> = codec::readable(items, from_item);
    let next = accounts.last().filter(|_| full).map(|last| last.login.to_string());
    Ok((accounts, next))
}

/// What came of adding an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// It stands.
    Now,
    /// The same request had been answered before.
    Known(idempotency::Known),
    /// The login is taken.
    Taken,
}

/// Adds an account, together with the answer to the request.
pub async fn add(
    table: &Table,
    account: &Account,
    request: &idempotency::Request,
    answer: &idempotency::Answer,
    now: Timestamp,
) -> Result<Added, TableError> {
    let writes = vec![idempotency::remember(request, answer, now)?, Write::put_new(to_item(account)?)];
    match table.transact(writes).await {
        Ok(()) => Ok(Added::Now),
        Err(TransactError::Refused(refused)) => {
            match refused.into_iter().find(|refused| refused.write == 0) {
                Some(Refused { old: Some(old), .. }) => idempotency::read(old, request).map(Added::Known),
                Some(Refused { old: None, .. }) | None => Ok(Added::Taken),
            }
        }
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// Puts an account of a staff list where there is none, or in the place of the version before it.
///
/// # Errors
/// [`TransactError::Refused`] when somebody else was faster.
pub async fn load(table: &Table, account: &Account) -> Result<(), TransactError> {
    let item = to_item(account)?;
    let put =
        if account.version == 1 { Write::put_new(item) } else { Write::replace(item, account.version - 1) };
    table.write(put).await
}

/// What came of changing an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It stands, and the sessions of its owner have ended.
    Now,
    /// The account is not at the version before this one.
    Overtaken,
    /// It would have been the last one that administers.
    LastAdministrator,
}

/// Puts an account in the place of the version before it, and ends the sessions of its owner, so that nobody goes on as what they were.
/// There is always one that administers.
pub async fn change(table: &Table, account: &Account, now: Timestamp) -> Result<Changed, TableError> {
    let owner = Owner::Staff(account.login.clone());
    for _ in 0..ATTEMPTS {
        let guard = match guard(table, account).await? {
            Guard::NotNeeded => None,
            Guard::Write(write) => Some(*write),
            Guard::Last => return Ok(Changed::LastAdministrator),
        };
        let sessions = session::list(table, &owner, now).await?;
        let mut writes = vec![Write::replace(to_item(account)?, account.version - 1)];
        writes.extend(guard);
        writes.extend(sessions.iter().map(|Session { family, .. }| session::ended(&owner, family)));
        match table.transact(writes).await {
            Ok(()) => return Ok(Changed::Now),
            Err(TransactError::Refused(refused)) if refused.iter().any(|refused| refused.write == 0) => {
                return Ok(Changed::Overtaken);
            }
            // Somebody else took an administrator away, or a session ended by itself.
            Err(TransactError::Refused(_)) => {}
            Err(TransactError::Table(error)) => return Err(error),
        }
    }
    Err(TableError::Busy)
}

/// How often a change that met another one is tried.
const ATTEMPTS: u32 = 4;

/// What must be written so that one who administers is left.
enum Guard {
    /// The account administers afterwards, or did not before.
    NotNeeded,
    /// This, beside the change.
    Write(Box<Write>),
    /// Nobody else administers.
    Last,
}

/// Two changes that each take an administrator away would each see the other one: both write the same item, at the version that they saw before
/// they looked who is left.
async fn guard(table: &Table, account: &Account) -> Result<Guard, TableError> {
    #[derive(Serialize, Deserialize)]
    struct Seen {
        v: u64,
    }
    if account.administers() {
        return Ok(Guard::NotNeeded);
    }
    let at = key::administrators();
    let seen: Option<Seen> = table.get(&at).await?.map(codec::body).transpose()?;
    let all = table.query(Page { prefix: Some(key::LOGIN), ..Page::of(key::STAFF) }).await?;
    let (own, others): (Vec<Account>, Vec<Account>) =
        codec::readable(all, from_item).into_iter().partition(|one| one.login == account.login);
    if !own.iter().any(Account::administers) {
        return Ok(Guard::NotNeeded);
    }
    if !others.iter().any(Account::administers) {
        return Ok(Guard::Last);
    }
    let v = seen.as_ref().map_or(1, |seen| seen.v + 1);
    let item = codec::item(&at, ADMINISTRATORS, &Seen { v })?;
    let write =
        seen.map_or_else(|| Write::put_new(item.clone()), |seen| Write::replace(item.clone(), seen.v));
    Ok(Guard::Write(Box::new(write)))
}

/// That an account is still at this version, as part of a transaction that rests on it. It writes what stands.
pub fn unchanged(account: &Account) -> Write {
    Write::update(key::staff(&account.login), "SET kind = :kind", "v = :version")
        .text(":kind", KIND)
        .number(":version", account.version)
}
