//! Returns: what a reader gives back, stored whole at its known version.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::parcel::{By, Ticket};
use yujie_domain::returning::{Book, BookState, Booking, Entry, Return, State, Step, Way};
use yujie_domain::{Barcode, ReaderId, ReturnNo, ReturnRef, SiteId, TitleId, Waybill};

use crate::codec::{self, Image, Item, corrupt, key_of};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::schema::BY_CLOCK;
use crate::table::{Page, Table, TransactError, Write};

pub(crate) const KIND: &str = "return";

/// A return's body, in short names: each step of a book writes the whole of it.
#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    /// The state, for the eye; derived from the books.
    st: State,
    w: Way,
    b: Vec<BookRow>,
    /// Where it is collected, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    who: Option<serde_bytes::ByteBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wb: Option<Waybill>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tk: Option<Ticket>,
    /// The courier is still to be called off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    co: Option<bool>,
    h: Vec<EntryRow>,
}

#[derive(Debug, Serialize, Deserialize)]
struct BookRow {
    b: Barcode,
    t: TitleId,
    n: String,
    s: BookState,
}

#[derive(Debug, Serialize, Deserialize)]
struct EntryRow {
    s: Step,
    #[serde(with = "codec::millis")]
    t: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p: Option<SiteId>,
    w: By,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    b: Option<Barcode>,
}

/// The item of a return: on the clock while a courier has something to do, or a book is on the road.
pub(crate) fn to_item(this: &Return) -> Result<Item, TableError> {
    let row = Row {
        v: this.version,
        st: this.state(),
        w: this.way.clone(),
        b: this
            .books
            .iter()
            .map(|book| BookRow {
                b: book.barcode.clone(),
                t: book.title_id.clone(),
                n: book.title.clone(),
                s: book.state,
            })
            .collect(),
        who: this.contact.clone().map(serde_bytes::ByteBuf::from),
        wb: this.booking.as_ref().map(|booking| booking.waybill.clone()),
        tk: this.booking.as_ref().map(|booking| booking.ticket.clone()),
        co: this.call_off.then_some(true),
        h: this
            .history
            .iter()
            .map(|entry| EntryRow {
                s: entry.step,
                t: entry.at,
                p: entry.place.clone(),
                w: entry.by,
                b: entry.barcode.clone(),
            })
            .collect(),
    };
    let mut item = codec::item(&key::returning(&this.at), KIND, &row)?;
    let since = if this.waits_for_courier() {
        this.begun().map(|begun| (key::RETURNS_WAITING, begun))
    } else {
        this.on_the_road_since().map(|since| (key::RETURNS_ON_THE_ROAD, since))
    };
    if let Some((list, since)) = since {
        item.insert(BY_CLOCK.pk.to_owned(), AttributeValue::S(list.to_owned()));
        item.insert(BY_CLOCK.sk.to_owned(), AttributeValue::S(format!("{since}#{}", this.no())));
    }
    Ok(item)
}

pub(crate) fn from_item(item: Item) -> Result<Return, TableError> {
    let key = key_of(&item);
    let at = ref_of(&key)?;
    let row: Row = codec::body(item)?;
    let booking = match (row.wb, row.tk) {
        (Some(waybill), Some(ticket)) => Some(Booking { waybill, ticket }),
        (None, None) => None,
        _ => return Err(corrupt(&key, "a booking has a waybill and a ticket, or neither")),
    };
    Ok(Return {
        at,
        books: row
            .b
            .into_iter()
            .map(|book| Book { barcode: book.b, title_id: book.t, title: book.n, state: book.s })
            .collect(),
        way: row.w,
        contact: row.who.map(serde_bytes::ByteBuf::into_vec),
        booking,
        call_off: row.co.unwrap_or_default(),
        history: row
            .h
            .into_iter()
            .map(|entry| Entry { step: entry.s, at: entry.t, place: entry.p, by: entry.w, barcode: entry.b })
            .collect(),
        version: row.v,
    })
}

/// Reads `READER#<rid>` / `RETURN#<no>`.
fn ref_of(key: &Key) -> Result<ReturnRef, TableError> {
    let parsed = || {
        let rid = ReaderId::parse(key.pk.strip_prefix("READER#")?).ok()?;
        Some(ReturnRef { rid, no: ReturnNo::parse(key.sk.strip_prefix(key::RETURN)?).ok()? })
    };
    parsed().ok_or_else(|| corrupt(key, "not the key of a return"))
}

/// The return that a stream record shows.
pub fn of_image(image: Image) -> Result<Return, TableError> {
    from_item(image.into())
}

/// One return.
pub async fn get(table: &Table, at: &ReturnRef) -> Result<Option<Return>, TableError> {
    table.get(&key::returning(at)).await?.map(from_item).transpose()
}

/// A reader's returns, newest first, at most `limit`, from before `after`.
pub async fn list(
    table: &Table,
    rid: &ReaderId,
    after: Option<&ReturnNo>,
    limit: usize,
) -> Result<Vec<Return>, TableError> {
    let pk = key::reader(rid);
    let start = after.map(|no| key::returning(&ReturnRef { rid: rid.clone(), no: no.clone() }));
    let page = Page {
        prefix: Some(key::RETURN),
        after: start.as_ref(),
        newest_first: true,
        limit: Some(limit),
        ..Page::of(&pk)
    };
    table.query(page).await?.into_iter().map(from_item).collect()
}

/// The returns for which a courier has something to do.
pub async fn waiting(table: &Table) -> Result<Vec<Return>, TableError> {
    let page = Page { index: Some(BY_CLOCK), ..Page::of(key::RETURNS_WAITING) };
    let mut found = codec::readable(table.query_through(page).await?, from_item);
    // An entry may be older than its return by a moment.
    found.retain(Return::waits_for_courier);
    Ok(found)
}

/// The returns of which a book is on its way back, longest on the road first.
pub async fn on_the_road(table: &Table, limit: usize) -> Result<Vec<Return>, TableError> {
    let mut found = Vec::new();
    // One of whose books some are on the road may wait for a courier for the others.
    for list in [key::RETURNS_ON_THE_ROAD, key::RETURNS_WAITING] {
        let page = Page { index: Some(BY_CLOCK), limit: Some(limit), ..Page::of(list) };
        found.extend(codec::readable(table.query_through(page).await?, from_item));
    }
    found.retain(|this| this.on_the_road_since().is_some());
    found.sort_by_key(|this| (this.on_the_road_since(), this.at.no.clone()));
    Ok(found)
}

/// A new return.
pub fn add(this: &Return) -> Result<Write, TableError> {
    Ok(Write::put_new(to_item(this)?))
}

/// Puts a return in the place of its version before.
pub fn replace(next: &Return) -> Result<Write, TableError> {
    Ok(Write::replace(to_item(next)?, next.version.saturating_sub(1)))
}

/// Stores a step that changes the return alone.
///
/// # Errors
/// [`TransactError::Refused`] when somebody else changed it in between: read it again and decide anew.
pub async fn store(table: &Table, next: &Return) -> Result<(), TransactError> {
    table.write(replace(next)?).await
}
