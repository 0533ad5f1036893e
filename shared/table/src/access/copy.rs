//! Copies: the truth about each physical book.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::copy::{Copy, CopyStatus, Received};
use yujie_domain::money::Fen;
use yujie_domain::rules::ItemClass;
use yujie_domain::{Barcode, ParcelRef, SiteId, TitleId};

use crate::codec::{self, Image, Item, corrupt, key_of};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::schema::BY_REF;
use crate::table::{Page, Table, TransactError, Write};

pub(crate) const KIND: &str = "copy";

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    title_id: TitleId,
    site: SiteId,
    call: String,
    status: CopyStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    holder: Option<String>,
    #[serde(with = "codec::millis")]
    received: Timestamp,
    received_at: SiteId,
    /// The item's class; an ordinary one has no such attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    class: Option<ItemClass>,
    /// In fen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price: Option<Fen>,
}

/// The item of a copy, with its entry among the copies of its title.
pub(crate) fn to_item(copy: &Copy) -> Result<Item, TableError> {
    let row = Row {
        v: copy.version,
        title_id: copy.title_id.clone(),
        site: copy.site.clone(),
        call: copy.call_number.clone(),
        status: copy.status,
        holder: copy.holder.as_ref().map(ToString::to_string),
        received: copy.received.at,
        received_at: copy.received.site.clone(),
        class: Some(copy.class).filter(|class| *class != ItemClass::default()),
        price: copy.price,
    };
    let mut item = codec::item(&key::copy(&copy.barcode), KIND, &row)?;
    item.insert(BY_REF.pk.to_owned(), AttributeValue::S(key::ref_title(&copy.title_id)));
    item.insert(BY_REF.sk.to_owned(), AttributeValue::S(copy.barcode.to_string()));
    Ok(item)
}

pub(crate) fn from_item(item: Item) -> Result<Copy, TableError> {
    let key = key_of(&item);
    let row: Row = codec::body(item)?;
    let barcode = key.pk.strip_prefix("COPY#").unwrap_or_default();
    Ok(Copy {
        barcode: Barcode::parse(barcode).map_err(|e| corrupt(&key, e))?,
        title_id: row.title_id,
        site: row.site,
        call_number: row.call,
        class: row.class.unwrap_or_default(),
        price: row.price,
        status: row.status,
        holder: row.holder.map(|text| text.parse()).transpose().map_err(|e| corrupt(&key, e))?,
        received: Received { at: row.received, site: row.received_at },
        version: row.v,
    })
}

/// The title of a copy and when it came into stock: all that is read of an item which may have no other attributes.
pub(crate) fn receipt_of(item: Item) -> Result<(TitleId, Timestamp), TableError> {
    #[derive(Deserialize)]
    struct Receipt {
        title_id: TitleId,
        #[serde(with = "codec::millis")]
        received: Timestamp,
    }
    codec::body::<Receipt>(item).map(|row| (row.title_id, row.received))
}

/// The copy that a stream record shows.
pub fn of_image(image: Image) -> Result<Copy, TableError> {
    from_item(image.into())
}

/// One copy, as it is now.
pub async fn get(table: &Table, barcode: &Barcode) -> Result<Option<Copy>, TableError> {
    table.get(&key::copy(barcode)).await?.map(from_item).transpose()
}

/// What came of adding a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// It is there now.
    Now,
    /// Its barcode was there: this copy has it, and stays as it is.
    There(Box<Copy>),
}

/// Adds a copy, unless its barcode is there.
pub async fn add(table: &Table, copy: &Copy) -> Result<Added, TableError> {
    match table.write(Write::put_new(to_item(copy)?)).await {
        Ok(()) => Ok(Added::Now),
        Err(TransactError::Refused(refused)) => {
            let there = refused.into_iter().find_map(|refused| refused.old).map(from_item).transpose()?;
            there.map(|copy| Added::There(Box::new(copy))).ok_or(TableError::Busy)
        }
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// All copies of a title, as they are now: the index names them, the table tells their state.
pub async fn of_title(table: &Table, title: &TitleId) -> Result<Vec<Copy>, TableError> {
    let pk = key::ref_title(title);
    let items = table.query_through(Page { index: Some(BY_REF), ..Page::of(&pk) }).await?;
    let mut copies = items.into_iter().map(from_item).collect::<Result<Vec<_>, _>>()?;
    copies.sort_by(|a, b| a.barcode.cmp(&b.barcode));
    Ok(copies)
}

/// How many copies of one title are read at once for an order.
const SAMPLE: usize = 40;

/// The copies of a title that an order looks at. Of a title with very many it is some of them, taken in turn by `spread`, so that readers who order
/// it at once neither read nor reach for the same; all of them only when no more of those read before are free than readers wait (`waiting`).
pub async fn for_order(
    table: &Table,
    title: &TitleId,
    spread: u32,
    waiting: usize,
) -> Result<Vec<Copy>, TableError> {
    let pk = key::ref_title(title);
    let mut keys: Vec<Key> =
        table.query(Page { index: Some(BY_REF), ..Page::of(&pk) }).await?.iter().map(key_of).collect();
    let turn = usize::try_from(spread).unwrap_or_default() % keys.len().max(1);
    if keys.len() > SAMPLE {
        keys.rotate_left(turn);
    }
    let mut copies = Vec::new();
    for some in keys.chunks(SAMPLE) {
        let read = table.batch_get(some, true).await?;
        copies.extend(read.into_iter().map(from_item).collect::<Result<Vec<_>, _>>()?);
        if copies.iter().filter(|copy| copy.status == CopyStatus::Available).count() > waiting {
            break;
        }
    }
    copies.sort_by(|a, b| a.barcode.cmp(&b.barcode));
    Ok(copies)
}

/// All copies of several titles.
pub async fn of_titles(
    table: &Table,
    titles: &[TitleId],
) -> Result<BTreeMap<TitleId, Vec<Copy>>, TableError> {
    let mut found = BTreeMap::new();
    for title in titles {
        if !found.contains_key(title) {
            found.insert(title.clone(), of_title(table, title).await?);
        }
    }
    Ok(found)
}

/// Claims a free copy for a parcel, if it is still as it was read.
pub fn claim(copy: &Copy, parcel: &ParcelRef) -> Write {
    at_version(copy, "SET #status = :to, holder = :parcel, v = v + :one", CopyStatus::Reserved)
        .text(":parcel", parcel.to_string())
}

/// Hands a claimed copy to its reader.
pub(crate) fn lend(barcode: &Barcode, parcel: &ParcelRef) -> Write {
    Write::update(
        key::copy(barcode),
        "SET #status = :on_loan, v = v + :one",
        "#status = :reserved AND holder = :parcel",
    )
    .name("#status", "status")
    .text(":reserved", CopyStatus::Reserved.as_str())
    .text(":on_loan", CopyStatus::OnLoan.as_str())
    .text(":parcel", parcel.to_string())
    .number(":one", 1)
}

/// Sets a copy free at `site`, if it is still as it was read: it stays there until it is ordered again.
pub fn free(copy: &Copy, site: &SiteId) -> Write {
    at_version(copy, "SET #status = :to, site = :site, v = v + :one REMOVE holder", CopyStatus::Available)
        .text(":site", site.as_str())
}

/// Gives a copy at `site` to the parcel of the next reader in line, if it is still as it was read.
pub fn pass_on(copy: &Copy, site: &SiteId, parcel: &ParcelRef) -> Write {
    at_version(copy, "SET #status = :to, site = :site, holder = :parcel, v = v + :one", CopyStatus::Reserved)
        .text(":site", site.as_str())
        .text(":parcel", parcel.to_string())
}

fn at_version(copy: &Copy, expression: &str, to: CopyStatus) -> Write {
    Write::update(key::copy(&copy.barcode), expression, "#status = :from AND v = :v")
        .name("#status", "status")
        .text(":from", copy.status.as_str())
        .text(":to", to.as_str())
        .number(":v", copy.version)
        .number(":one", 1)
}
