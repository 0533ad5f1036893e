//! Payments: each stands beside what it is for, so that an order is read together with what is owed for it.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::money::Fen;
use yujie_domain::payment::{Payment, Purpose, Refund, RefundState, State};
use yujie_domain::{OrderNo, PaymentNo, ReaderId};

use crate::codec::{self, Image, Item, corrupt, key_of};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::schema::{BY_CLOCK, BY_REF};
use crate::table::{Page, Table, Write};

pub(crate) const KIND: &str = "payment";

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    /// The amount.
    a: Fen,
    /// What each further book added to it; nothing when none did.
    #[serde(default, skip_serializing_if = "is_nothing")]
    m: Fen,
    /// Since when.
    #[serde(with = "codec::millis")]
    at: Timestamp,
    /// Until when.
    #[serde(with = "codec::millis")]
    un: Timestamp,
    st: Standing,
    /// When it was paid.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "codec::millis::option")]
    pa: Option<Timestamp>,
    /// The provider's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tx: Option<String>,
    /// What is not owed any more.
    #[serde(default, skip_serializing_if = "is_nothing")]
    wa: Fen,
    /// Refunds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rf: Vec<RefundRow>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    Due,
    Paid,
    Lapsed,
    Closed,
}

#[derive(Debug, Serialize, Deserialize)]
struct RefundRow {
    a: Fen,
    #[serde(with = "codec::millis")]
    at: Timestamp,
    s: RefundState,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_nothing(amount: &Fen) -> bool {
    *amount == Fen::ZERO
}

fn key_of_payment(payment: &Payment) -> Key {
    match &payment.purpose {
        Purpose::Delivery { order_no, .. } => key::payment(&payment.rid, order_no),
    }
}

/// The item of a payment: on the clock while something is to be done about it at the provider.
pub(crate) fn to_item(payment: &Payment) -> Result<Item, TableError> {
    let more = match payment.purpose {
        Purpose::Delivery { more, .. } => more,
    };
    let (st, pa, tx) = match &payment.state {
        State::Due => (Standing::Due, None, None),
        State::Paid { at, transaction } => (Standing::Paid, Some(*at), Some(transaction.clone())),
        State::Lapsed { closed: false } => (Standing::Lapsed, None, None),
        State::Lapsed { closed: true } => (Standing::Closed, None, None),
    };
    let refund = |refund: &Refund| RefundRow { a: refund.amount, at: refund.asked, s: refund.state };
    let row = Row {
        v: payment.version,
        a: payment.amount,
        m: more,
        at: payment.since,
        un: payment.until,
        st,
        pa,
        tx,
        wa: payment.waived,
        rf: payment.refunds.iter().map(refund).collect(),
    };
    let mut item = codec::item(&key_of_payment(payment), KIND, &row)?;
    if payment.is_open() {
        item.insert(BY_CLOCK.pk.to_owned(), AttributeValue::S(key::CLOCK_PAYMENTS.to_owned()));
        item.insert(BY_CLOCK.sk.to_owned(), AttributeValue::S(payment.no().to_string()));
    }
    Ok(item)
}

pub(crate) fn from_item(item: Item) -> Result<Payment, TableError> {
    let key = key_of(&item);
    let row: Row = codec::body(item)?;
    let parsed = || {
        let rid = ReaderId::parse(key.pk.strip_prefix("READER#")?).ok()?;
        let order_no = key.sk.strip_prefix(key::ORDER)?.strip_suffix(key::PAY)?;
        Some((rid, OrderNo::parse(order_no).ok()?))
    };
    let (rid, order_no) = parsed().ok_or_else(|| corrupt(&key, "not the key of a payment"))?;
    let state = match (row.st, row.pa, row.tx) {
        (Standing::Due, None, None) => State::Due,
        (Standing::Paid, Some(at), Some(transaction)) => State::Paid { at, transaction },
        (Standing::Lapsed, None, None) => State::Lapsed { closed: false },
        (Standing::Closed, None, None) => State::Lapsed { closed: true },
        _ => {
            return Err(corrupt(&key, "what is paid has an instant and a transaction, and nothing else has"));
        }
    };
    let refund = |row: RefundRow| Refund { amount: row.a, asked: row.at, state: row.s };
    Ok(Payment {
        rid,
        purpose: Purpose::Delivery { order_no, more: row.m },
        amount: row.a,
        since: row.at,
        until: row.un,
        state,
        waived: row.wa,
        refunds: row.rf.into_iter().map(refund).collect(),
        version: row.v,
    })
}

/// The payment that a stream record shows.
pub fn of_image(image: Image) -> Result<Payment, TableError> {
    from_item(image.into())
}

/// A new payment.
pub fn add(payment: &Payment) -> Result<Write, TableError> {
    Ok(Write::put_new(to_item(payment)?))
}

/// Puts a payment in the place of its version before.
pub fn replace(next: &Payment) -> Result<Write, TableError> {
    Ok(Write::replace(to_item(next)?, next.version.saturating_sub(1)))
}

/// What a reader owes for an order's delivery.
pub async fn of_order(table: &Table, rid: &ReaderId, no: &OrderNo) -> Result<Option<Payment>, TableError> {
    table.get(&key::payment(rid, no)).await?.map(from_item).transpose()
}

/// Whose payment has this number; `None` when there is no order of that number.
pub async fn reader_of(table: &Table, no: &PaymentNo) -> Result<Option<ReaderId>, TableError> {
    let Ok(order_no) = no.order_no() else { return Ok(None) };
    let pk = key::ref_order(&order_no);
    let order = table.query(Page { index: Some(BY_REF), limit: Some(1), ..Page::of(&pk) }).await?.pop();
    let Some(order) = order else { return Ok(None) };
    let found = key_of(&order);
    let rid = found.pk.strip_prefix("READER#").unwrap_or_default();
    ReaderId::parse(rid).map(Some).map_err(|error| corrupt(&found, error))
}

/// The payments about which something is still to be done, the oldest first.
pub async fn open(table: &Table) -> Result<Vec<Payment>, TableError> {
    let page = Page { index: Some(BY_CLOCK), ..Page::of(key::CLOCK_PAYMENTS) };
    let items = table.query_through(page).await?;
    let mut payments = codec::readable(items, from_item);
    // An entry may be older than its payment by a moment.
    payments.retain(Payment::is_open);
    payments.sort_by_key(|payment| (payment.since, payment.no()));
    Ok(payments)
}
