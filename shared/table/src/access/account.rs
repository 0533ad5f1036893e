//! Accounts: a reader's open items, in one small item that every limit is checked against.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use yujie_domain::account::{Account, Loan, OpenItem};
use yujie_domain::{Barcode, CardNo, OrderNo, ReaderId, TitleId};

use crate::codec::{self, Item, corrupt, key_of};
use crate::error::TableError;
use crate::key;
use crate::table::{Table, TransactError, Write};

pub(crate) const KIND: &str = "account";

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    card: CardNo,
    open: BTreeMap<TitleId, Open>,
    /// Whether the reader takes part in recommendations. Most do and have no such attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tp: Option<bool>,
}

/// An open item; its names are short because every order writes the whole map's size.
#[derive(Debug, Serialize, Deserialize)]
struct Open {
    b: Barcode,
    o: OrderNo,
    n: String,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "codec::millis::option")]
    s: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    d: Option<Date>,
}

/// A new reader's account.
pub(crate) fn new_item(rid: &ReaderId, card: &CardNo, takes_part: bool) -> Result<Item, TableError> {
    let tp = (!takes_part).then_some(false);
    codec::item(&key::account(rid), KIND, &Row { card: card.clone(), open: BTreeMap::new(), tp })
}

fn from_item(rid: &ReaderId, item: Item) -> Result<Account, TableError> {
    let key = key_of(&item);
    let row: Row = codec::body(item)?;
    let open = row
        .open
        .into_iter()
        .map(|(title_id, open)| {
            let loan = match (open.s, open.d) {
                (Some(since), Some(due)) => Some(Loan { since, due }),
                (None, None) => None,
                _ => return Err(corrupt(&key, "a loan has a beginning and a due day, or neither")),
            };
            Ok((title_id, OpenItem { barcode: open.b, order_no: open.o, title: open.n, loan }))
        })
        .collect::<Result<_, _>>()?;
    Ok(Account { rid: rid.clone(), card_no: row.card, open, takes_part: row.tp.unwrap_or(true) })
}

/// The reader whose account this is, by its key alone: one who does not take part stays out however the rest of the item looks.
pub(crate) fn reader_of(item: &Item) -> Result<ReaderId, TableError> {
    let key = key_of(item);
    ReaderId::parse(key.pk.strip_prefix("READER#").unwrap_or_default()).map_err(|e| corrupt(&key, e))
}

/// The account of a reader.
pub async fn get(table: &Table, rid: &ReaderId) -> Result<Option<Account>, TableError> {
    table.get(&key::account(rid)).await?.map(|item| from_item(rid, item)).transpose()
}

/// Lets a reader take part in recommendations, or not.
///
/// # Errors
/// [`TransactError::Refused`] when there is no such reader.
pub async fn set_takes_part(table: &Table, rid: &ReaderId, takes_part: bool) -> Result<(), TransactError> {
    let exists = "attribute_exists(pk)";
    let write = if takes_part {
        Write::update(key::account(rid), "REMOVE tp", exists)
    } else {
        Write::update(key::account(rid), "SET tp = :no", exists).value(":no", AttributeValue::Bool(false))
    };
    table.write(write).await
}

/// Adds ordered items, if none of the titles is open already and the reader stays within `limit`.
pub(crate) fn add_open(
    rid: &ReaderId,
    items: &[(&TitleId, OpenItem)],
    limit: u16,
) -> Result<Write, TableError> {
    let room = usize::from(limit).saturating_sub(items.len());
    let mut sets = Vec::new();
    let mut conditions = vec!["size(#open) <= :room".to_owned()];
    for place in 0..items.len() {
        sets.push(format!("#open.#t{place} = :i{place}"));
        conditions.push(format!("attribute_not_exists(#open.#t{place})"));
    }
    let mut write =
        Write::update(key::account(rid), format!("SET {}", sets.join(", ")), conditions.join(" AND "))
            .name("#open", "open")
            .value(":room", AttributeValue::N(room.to_string()));
    for (place, (title_id, item)) in items.iter().enumerate() {
        let open = Open {
            b: item.barcode.clone(),
            o: item.order_no.clone(),
            n: item.title.clone(),
            s: None,
            d: None,
        };
        let value = serde_dynamo::to_attribute_value(&open).map_err(|e| corrupt(&key::account(rid), e))?;
        write = write.name(format!("#t{place}"), title_id.as_str()).value(format!(":i{place}"), value);
    }
    Ok(write)
}

/// Begins the loans of open items.
pub(crate) fn begin_loans(rid: &ReaderId, items: &[(&TitleId, &Barcode)], loan: Loan) -> Write {
    let mut sets = Vec::new();
    let mut conditions = Vec::new();
    for place in 0..items.len() {
        sets.push(format!("#open.#t{place}.s = :since, #open.#t{place}.d = :due"));
        conditions.push(format!("#open.#t{place}.b = :b{place}"));
    }
    let mut write =
        Write::update(key::account(rid), format!("SET {}", sets.join(", ")), conditions.join(" AND "))
            .name("#open", "open")
            .value(":since", AttributeValue::N(loan.since.as_millisecond().to_string()))
            .text(":due", loan.due.to_string());
    for (place, (title_id, barcode)) in items.iter().enumerate() {
        write =
            write.name(format!("#t{place}"), title_id.as_str()).text(format!(":b{place}"), barcode.as_str());
    }
    write
}

/// Ends a loan.
pub(crate) fn close(rid: &ReaderId, title_id: &TitleId, barcode: &Barcode) -> Write {
    Write::update(key::account(rid), "REMOVE #open.#t", "#open.#t.b = :b")
        .name("#open", "open")
        .name("#t", title_id.as_str())
        .text(":b", barcode.as_str())
}
