//! Orders: placing one is a single transaction of the order, its parcels, the copies, the account, the places in queues and the idempotency record.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::account::Account;
use yujie_domain::copy::Copy;
use yujie_domain::hold::Hold;
use yujie_domain::money::Fen;
use yujie_domain::parcel::{Counted, Destination, Parcel};
use yujie_domain::payment::{Payment, Purpose};
use yujie_domain::slot::Slot;
use yujie_domain::{Barcode, OrderNo, ReaderId, TitleId};

use super::{account, copy, counted, hold, idempotency, parcel, payment};
use crate::codec::{self, Item, corrupt, key_of};
use crate::error::TableError;
use crate::key;
use crate::schema::BY_REF;
use crate::table::{Page, Table, TransactError, Write};

pub(crate) const KIND: &str = "order";
/// No order has more parcels than lines, and no order has more lines than this; one more item says what is owed for it.
const MOST_PARCELS: usize = 52;

/// An order's head: what was decided when it was placed, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Whose it is.
    pub rid: ReaderId,
    /// Its number.
    pub order_no: OrderNo,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When it was promised to arrive.
    pub promised_by: Timestamp,
    /// What delivery costs.
    pub fee: Fen,
    /// Where it goes.
    pub destination: Destination,
    /// When it is delivered, at a door: as its reader chose, or as there was room.
    pub slot: Option<Slot>,
    /// The recipient's name, phone and address as they were then, sealed; `None` for a site.
    pub recipient: Option<Vec<u8>>,
    /// Wanted titles that had no free copy.
    pub unfilled: Vec<TitleId>,
    /// Wanted titles that the reader queues for since then.
    pub queued: Vec<TitleId>,
    /// Whether it was made for the reader when a copy came free that they waited for.
    pub from_hold: bool,
    /// Who placed it, when somebody acted for its reader.
    pub acted_by: Option<ReaderId>,
    /// The version of the rules it was decided under.
    pub rules: u32,
    /// Counts the changes: the condition of every write.
    pub version: u64,
}

/// An order with its parcels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What was decided.
    pub head: Head,
    /// What is sent, in parcels.
    pub parcels: Vec<Parcel>,
    /// What is owed for it; nothing when it is free.
    pub payment: Option<Payment>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    #[serde(with = "codec::millis")]
    at: Timestamp,
    #[serde(with = "codec::millis")]
    by: Timestamp,
    fee: Fen,
    to: Destination,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "codec::text")]
    slot: Option<Slot>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "serde_bytes_option")]
    who: Option<Vec<u8>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unfilled: Vec<TitleId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    queued: Vec<TitleId>,
    /// Made from a hold; an order that its reader placed has no such attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hold: Option<bool>,
    /// Who acted; an order that its reader placed has no such attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ac: Option<ReaderId>,
    rv: u32,
}

/// Sealed text is a binary attribute.
mod serde_bytes_option {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "the signature that serde's `with` asks for")]
    pub(super) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => serializer.serialize_bytes(bytes),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        Option::<serde_bytes::ByteBuf>::deserialize(deserializer)
            .map(|bytes| bytes.map(serde_bytes::ByteBuf::into_vec))
    }
}

pub(crate) fn to_item(head: &Head) -> Result<Item, TableError> {
    let row = Row {
        v: head.version,
        at: head.placed_at,
        by: head.promised_by,
        fee: head.fee,
        to: head.destination.clone(),
        slot: head.slot,
        who: head.recipient.clone(),
        unfilled: head.unfilled.clone(),
        queued: head.queued.clone(),
        hold: head.from_hold.then_some(true),
        ac: head.acted_by.clone(),
        rv: head.rules,
    };
    let mut item = codec::item(&key::order(&head.rid, &head.order_no), KIND, &row)?;
    item.insert(BY_REF.pk.to_owned(), AttributeValue::S(key::ref_order(&head.order_no)));
    item.insert(BY_REF.sk.to_owned(), AttributeValue::S("ORDER".to_owned()));
    Ok(item)
}

pub(crate) fn from_item(rid: &ReaderId, item: Item) -> Result<Head, TableError> {
    let key = key_of(&item);
    let row: Row = codec::body(item)?;
    let order_no = key.sk.strip_prefix(key::ORDER).unwrap_or_default();
    Ok(Head {
        rid: rid.clone(),
        order_no: OrderNo::parse(order_no).map_err(|e| corrupt(&key, e))?,
        placed_at: row.at,
        promised_by: row.by,
        fee: row.fee,
        destination: row.to,
        slot: row.slot,
        recipient: row.who,
        unfilled: row.unfilled,
        queued: row.queued,
        from_hold: row.hold.unwrap_or_default(),
        acted_by: row.ac,
        rules: row.rv,
        version: row.v,
    })
}

/// What came of placing an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placed {
    /// It stands.
    Now,
    /// The same request had placed it (or been answered) before.
    Known(idempotency::Known),
    /// Somebody else got these copies first, or (none named) the account changed: nothing was written.
    Lost(Vec<Barcode>),
}

/// All that placing an order writes.
#[derive(Debug, Clone)]
pub struct Placing {
    /// The order; each line's copy is claimed by its parcel.
    pub order: Order,
    /// The copies, as they were read.
    pub copies: Vec<Copy>,
    /// The account with the order's books, to be put in the place of its version before.
    pub account: Account,
    /// New places in queues.
    pub holds: Vec<Hold>,
    /// The places that its parcels take at the site where they are collected, or in the slot in which they are delivered, of how many in all;
    /// `None` when they are not counted.
    pub places: Option<(Counted, u16, u16)>,
}

/// Places an order: its head, its parcels (each claiming its copies), the reader's account, the places in queues, and the answer kept for
/// the request's repetition. All or nothing.
pub async fn place(
    table: &Table,
    placing: &Placing,
    request: &idempotency::Request,
    answer: &idempotency::Answer,
) -> Result<Placed, TableError> {
    let Placing { order, copies, account, holds, places } = placing;
    // The record comes first: a repetition is told before the rest.
    let mut writes =
        vec![idempotency::remember(request, answer, order.head.placed_at)?, account::replace(account)?];
    writes.extend(add(order)?);
    for queued in holds {
        writes.push(hold::add(queued)?);
    }
    if let Some((place, wanted, most)) = places {
        writes.push(counted::take(place, *wanted, *most));
    }
    let first_copy = writes.len();
    let mut claimed = Vec::new();
    for (at, line) in order.parcels.iter().flat_map(|p| p.lines.iter().map(move |line| (&p.at, line))) {
        let Some(copy) = copies.iter().find(|copy| copy.barcode == line.barcode) else {
            return Err(TableError::Unavailable(format!(
                "copy {} was not read before it was ordered",
                line.barcode
            )));
        };
        writes.push(copy::claim(copy, at));
        claimed.push(&copy.barcode);
    }

    let refused = match table.transact(writes).await {
        Ok(()) => return Ok(Placed::Now),
        Err(TransactError::Refused(refused)) => refused,
        Err(TransactError::Table(error)) => return Err(error),
    };
    let mut lost = Vec::new();
    for refusal in refused {
        match (refusal.write, refusal.old) {
            (0, Some(old)) => return idempotency::read(old, request).map(Placed::Known),
            (n, _) => {
                lost.extend(n.checked_sub(first_copy).and_then(|i| claimed.get(i)).map(|b| (*b).clone()));
            }
        }
    }
    Ok(Placed::Lost(lost))
}

/// A new order: its head, its parcels, and what is owed for it. Its copies are claimed by whoever writes this.
pub fn add(order: &Order) -> Result<Vec<Write>, TableError> {
    let head = Write::put_new(to_item(&order.head)?);
    let parcels = order.parcels.iter().map(parcel::add);
    std::iter::once(Ok(head)).chain(parcels).chain(order.payment.iter().map(payment::add)).collect()
}

/// Puts a head in the place of its version before.
pub fn replace(next: &Head) -> Result<Write, TableError> {
    Ok(Write::replace(to_item(next)?, next.version.saturating_sub(1)))
}

/// An order's head.
pub async fn head(table: &Table, rid: &ReaderId, no: &OrderNo) -> Result<Option<Head>, TableError> {
    table.get(&key::order(rid, no)).await?.map(|item| from_item(rid, item)).transpose()
}

/// One of a reader's orders with its parcels.
pub async fn get(table: &Table, rid: &ReaderId, no: &OrderNo) -> Result<Option<Order>, TableError> {
    let (pk, prefix) = (key::reader(rid), format!("{}{no}", key::ORDER));
    let items = table.query(Page { prefix: Some(&prefix), ..Page::of(&pk) }).await?;
    Ok(fold(rid, items)?.pop())
}

/// A reader's orders, newest first, at most `limit`, from before `after`.
pub async fn list(
    table: &Table,
    rid: &ReaderId,
    after: Option<&OrderNo>,
    limit: usize,
) -> Result<Vec<Order>, TableError> {
    let pk = key::reader(rid);
    let mut start = after.map(|no| key::order(rid, no));
    let mut orders = Vec::new();
    // Read backwards, an order's parcels come before its head: a page may end in the middle of an order, which then opens the next.
    let page_size = limit.saturating_mul(3) + MOST_PARCELS;
    loop {
        let page = Page {
            prefix: Some(key::ORDER),
            after: start.as_ref(),
            newest_first: true,
            limit: Some(page_size),
            ..Page::of(&pk)
        };
        let items = table.query(page).await?;
        let more = items.len() == page_size;
        let found = fold(rid, items)?;
        start = found.last().map(|order| key::order(rid, &order.head.order_no));
        let stuck = found.is_empty();
        orders.extend(found);
        if orders.len() >= limit || !more || stuck {
            orders.truncate(limit);
            return Ok(orders);
        }
    }
}

/// Puts heads, parcels and payments together; an order whose head is not among the items is left out.
fn fold(rid: &ReaderId, items: Vec<Item>) -> Result<Vec<Order>, TableError> {
    let mut heads = Vec::new();
    let mut parcels: Vec<Parcel> = Vec::new();
    let mut payments: Vec<Payment> = Vec::new();
    for item in items {
        match item.get(codec::KIND).and_then(|kind| kind.as_s().ok()).map(String::as_str) {
            Some(parcel::KIND) => parcels.push(parcel::of_item(item)?),
            Some(payment::KIND) => payments.push(payment::from_item(item)?),
            Some(_) | None => heads.push(from_item(rid, item)?),
        }
    }
    Ok(heads
        .into_iter()
        .map(|head| {
            let mut own: Vec<Parcel> =
                parcels.iter().filter(|p| p.at.order_no == head.order_no).cloned().collect();
            own.sort_by_key(|parcel| parcel.at.n);
            let payment = payments.iter().find(|payment| is_for(payment, &head)).cloned();
            Order { head, parcels: own, payment }
        })
        .collect())
}

fn is_for(payment: &Payment, head: &Head) -> bool {
    match &payment.purpose {
        Purpose::Delivery { order_no, .. } => *order_no == head.order_no,
    }
}
