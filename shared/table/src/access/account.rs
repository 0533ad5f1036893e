//! Accounts: a reader's open items and holds, in one small item that every limit is checked against. It is stored whole at the version that
//! was read: of two commands on one account, one is decided anew.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use yujie_domain::account::{Account, Loan, OpenItem};
use yujie_domain::rules::{CardClass, ItemClass};
use yujie_domain::{Barcode, CardNo, OrderNo, ReaderId, ReturnNo, TitleId};

use crate::codec::{self, Item, corrupt, key_of};
use crate::error::TableError;
use crate::key;
use crate::schema::BY_CLOCK;
use crate::table::{Page, Table, TransactError, Write};

pub(crate) const KIND: &str = "account";

/// An account's body. What most readers do not have is left out, and names are short: every order writes the whole of it.
#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    card: CardNo,
    /// The card's class; an adult's has no such attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cc: Option<CardClass>,
    /// The card's last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ex: Option<Date>,
    open: BTreeMap<TitleId, Open>,
    /// Holds: since when, in milliseconds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    ho: BTreeMap<TitleId, i64>,
    /// The days of uncollected parcels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    un: Vec<Date>,
    /// Whether the reader takes part in recommendations. Most do and have no such attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tp: Option<bool>,
    /// When its reader had their data deleted.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "codec::millis::option")]
    cl: Option<Timestamp>,
}

/// An open item.
#[derive(Debug, Serialize, Deserialize)]
struct Open {
    b: Barcode,
    o: OrderNo,
    n: String,
    /// The item's class; an ordinary one has no such attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<ItemClass>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "codec::millis::option")]
    s: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    d: Option<Date>,
    /// How often the loan was renewed; one that never was has no such attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r: Option<u16>,
    /// When the book was handed over to be brought back.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "codec::millis::option")]
    k: Option<Timestamp>,
    /// The return that it is booked for, or on its way back with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rt: Option<ReturnNo>,
}

/// The item of an account, on the clock with the first day on which something is due.
pub(crate) fn to_item(account: &Account) -> Result<Item, TableError> {
    let open = |item: &OpenItem| Open {
        b: item.barcode.clone(),
        o: item.order_no.clone(),
        n: item.title.clone(),
        c: Some(item.class).filter(|class| *class != ItemClass::default()),
        s: item.loan.map(|loan| loan.since),
        d: item.loan.map(|loan| loan.due),
        r: item.loan.map(|loan| loan.renewed).filter(|renewed| *renewed > 0),
        k: item.loan.and_then(|loan| loan.back),
        rt: item.returning.clone(),
    };
    let row = Row {
        v: account.version,
        card: account.card_no.clone(),
        cc: Some(account.class).filter(|class| *class != CardClass::default()),
        ex: account.expires,
        open: account.open.iter().map(|(title_id, item)| (title_id.clone(), open(item))).collect(),
        ho: account
            .holds
            .iter()
            .map(|(title_id, since)| (title_id.clone(), since.as_millisecond()))
            .collect(),
        un: account.uncollected.clone(),
        tp: (!account.takes_part).then_some(false),
        cl: account.closed,
    };
    let mut item = codec::item(&key::account(&account.rid), KIND, &row)?;
    if let Some(due) = account.first_due() {
        item.insert(BY_CLOCK.pk.to_owned(), AttributeValue::S(key::clock_due(due)));
        item.insert(BY_CLOCK.sk.to_owned(), AttributeValue::S(account.rid.to_string()));
    }
    Ok(item)
}

pub(crate) fn from_item(rid: &ReaderId, item: Item) -> Result<Account, TableError> {
    let key = key_of(&item);
    let row: Row = codec::body(item)?;
    let open = row
        .open
        .into_iter()
        .map(|(title_id, open)| {
            let loan = match (open.s, open.d) {
                (Some(since), Some(due)) => {
                    Some(Loan { since, due, renewed: open.r.unwrap_or_default(), back: open.k })
                }
                (None, None) => None,
                _ => return Err(corrupt(&key, "a loan has a beginning and a due day, or neither")),
            };
            let class = open.c.unwrap_or_default();
            let item = OpenItem {
                barcode: open.b,
                order_no: open.o,
                title: open.n,
                class,
                loan,
                returning: open.rt,
            };
            Ok((title_id, item))
        })
        .collect::<Result<_, _>>()?;
    let holds = row
        .ho
        .into_iter()
        .map(|(title_id, ms)| {
            Ok((title_id, Timestamp::from_millisecond(ms).map_err(|error| corrupt(&key, error))?))
        })
        .collect::<Result<_, TableError>>()?;
    Ok(Account {
        rid: rid.clone(),
        card_no: row.card,
        class: row.cc.unwrap_or_default(),
        expires: row.ex,
        open,
        holds,
        uncollected: row.un,
        takes_part: row.tp.unwrap_or(true),
        closed: row.cl,
        version: row.v,
    })
}

/// The reader whose account this is, by its key alone: one who does not take part stays out however the rest of the item looks.
pub(crate) fn reader_of(item: &Item) -> Result<ReaderId, TableError> {
    let key = key_of(item);
    ReaderId::parse(key.pk.strip_prefix("READER#").unwrap_or_default()).map_err(|e| corrupt(&key, e))
}

/// The account of a reader. One that was closed is nobody's any more.
pub async fn get(table: &Table, rid: &ReaderId) -> Result<Option<Account>, TableError> {
    Ok(get_even_closed(table, rid).await?.filter(|account| account.closed.is_none()))
}

/// The same, closed or not.
pub async fn get_even_closed(table: &Table, rid: &ReaderId) -> Result<Option<Account>, TableError> {
    table.get(&key::account(rid)).await?.map(|item| from_item(rid, item)).transpose()
}

/// Lets a reader take part in recommendations, or not.
///
/// # Errors
/// [`TransactError::Refused`] when there is no such reader.
pub async fn set_takes_part(table: &Table, rid: &ReaderId, takes_part: bool) -> Result<(), TransactError> {
    let exists = "attribute_exists(pk) AND attribute_not_exists(cl)";
    let write = if takes_part {
        Write::update(key::account(rid), "REMOVE tp SET v = v + :one", exists)
    } else {
        Write::update(key::account(rid), "SET tp = :no, v = v + :one", exists)
            .value(":no", AttributeValue::Bool(false))
    };
    table.write(write.number(":one", 1)).await
}

/// Puts an account in the place of its version before.
pub fn replace(next: &Account) -> Result<Write, TableError> {
    Ok(Write::replace(to_item(next)?, next.version.saturating_sub(1)))
}

/// The readers for whom something is due first on `day`, as far as their accounts can be read.
pub async fn due_on(table: &Table, day: Date) -> Result<Vec<Account>, TableError> {
    let pk = key::clock_due(day);
    let items = table.query_through(Page { index: Some(BY_CLOCK), ..Page::of(&pk) }).await?;
    let mut accounts = codec::readable(items, |item| from_item(&reader_of(&item)?, item));
    // An entry may be older than its account by a moment.
    accounts.retain(|account| account.first_due() == Some(day));
    Ok(accounts)
}
