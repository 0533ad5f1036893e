//! Carts: one small item for each reader, stored whole at the version that was read. An emptied cart stays, so that its versions count on and
//! no write of before is taken for one of after.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::cart::{Cart, CartLine};
use yujie_domain::{OrderNo, ReaderId, TitleId};

use super::parcel;
use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key;
use crate::table::{Page, Table, Write};

pub(crate) const KIND: &str = "cart";

/// A cart's body. Names are short: every change writes the whole of it.
#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    l: Vec<Line>,
}

/// A line: its title, and when it was added.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    t: TitleId,
    #[serde(with = "codec::millis")]
    a: Timestamp,
}

fn to_item(rid: &ReaderId, cart: &Cart) -> Result<Item, TableError> {
    let line = |line: &CartLine| Line { t: line.title_id.clone(), a: line.added };
    let row = Row { v: cart.version, l: cart.lines.iter().map(line).collect() };
    codec::item(&key::cart(rid), KIND, &row)
}

pub(crate) fn from_item(item: Item) -> Result<Cart, TableError> {
    let row: Row = codec::body(item)?;
    let line = |line: Line| CartLine { title_id: line.t, added: line.a };
    Ok(Cart { lines: row.l.into_iter().map(line).collect(), version: row.v })
}

/// A reader's cart as it was last written, with lines that were ordered since; an empty one at version 0 for a reader who never had one.
pub async fn get(table: &Table, rid: &ReaderId) -> Result<Cart, TableError> {
    table.get(&key::cart(rid)).await?.map_or_else(|| Ok(Cart::default()), from_item)
}

/// Puts a cart in the place of its version before: the first one must be new.
pub fn replace(rid: &ReaderId, next: &Cart) -> Result<Write, TableError> {
    let item = to_item(rid, next)?;
    Ok(match next.version.saturating_sub(1) {
        0 => Write::put_new(item),
        before => Write::replace(item, before),
    })
}

/// The titles that a reader has ordered since then, each with its latest order. A book that was given up before its reader had it is left out;
/// one that is back long since is not.
pub async fn ordered_since(
    table: &Table,
    rid: &ReaderId,
    since: Timestamp,
) -> Result<BTreeMap<TitleId, OrderNo>, TableError> {
    let (pk, first) = (key::reader(rid), key::order(rid, &OrderNo::new(since, 0)));
    let page = Page { prefix: Some(key::ORDER), after: Some(&first), ..Page::of(&pk) };
    let mut ordered = BTreeMap::new();
    // Oldest first: of two orders of one title the later one stands.
    for item in table.query(page).await? {
        if item.get(codec::KIND).and_then(|kind| kind.as_s().ok()).is_some_and(|kind| kind == parcel::KIND) {
            let parcel = parcel::of_item(item)?;
            let wanted = parcel.lines.into_iter().filter(|line| line.status.is_live());
            ordered.extend(wanted.map(|line| (line.title_id, parcel.at.order_no.clone())));
        }
    }
    Ok(ordered)
}
