//! Parcels: the unit of fulfilment. A parcel is stored whole at its known version.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use yujie_domain::copy::Received;
use yujie_domain::parcel::{
    Because, Booking, BoxSize, By, Carrier, Closing, Destination, Effect, Entry, Line, LineStatus, Parcel,
    Ticket, Warning,
};
use yujie_domain::punctuality::{self, Came, Way};
use yujie_domain::rules::ItemClass;
use yujie_domain::site::Shut;
use yujie_domain::slot::Slot;
use yujie_domain::{Barcode, OrderNo, ParcelNo, ParcelRef, ReaderId, ReturnNo, SiteId, TitleId, Waybill};

use crate::codec::{self, Image, Item, corrupt, key_of};
use crate::error::TableError;
use crate::key::{self, Key, OPEN_SHARDS};
use crate::schema::{BY_CLOCK, BY_REF, BY_SITE};
use crate::table::{Page, Table, TransactError, Write};

pub(crate) const KIND: &str = "parcel";

/// A parcel's body. Names are short because an item of up to 1,024 bytes costs one unit a step, and a parcel of two books with its
/// whole history has to stay below that.
#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    /// The status, for the eye and for the relay's comparison; derived from the lines.
    st: LineStatus,
    from: SiteId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<SiteId>,
    /// The division of the door that it goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zn: Option<String>,
    /// The slot in which it is delivered there.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "codec::text")]
    sl: Option<Slot>,
    /// Takes a counted place at the site, or in the slot, that it goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pl: Option<bool>,
    #[serde(with = "codec::millis")]
    by: Timestamp,
    rv: u32,
    /// Days of a loan, where a line does not say otherwise.
    ld: u16,
    /// When all its loans begin, when that is not the hand-over.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "codec::millis::option")]
    lf: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rd: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ro: Option<u16>,
    /// Why from here; the only site that could has no such attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    y: Option<Because>,
    /// Yet to be paid; any other has no such attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    up: Option<bool>,
    l: Vec<LineRow>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "codec::millis::option")]
    so: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bx: Option<BoxSize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca: Option<Carrier>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wb: Option<Waybill>,
    /// What the booking is cancelled by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tk: Option<Ticket>,
    /// Bookings given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<u8>,
    /// A booking that is to be cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rk: Option<Ticket>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pc: Option<String>,
    /// The last day at the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ku: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wn: Option<Warning>,
    h: Vec<EntryRow>,
    /// The return that its carrier takes along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rt: Option<ReturnNo>,
    /// What closings of its sites made of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cl: Vec<ClosingRow>,
}

#[derive(Debug, Serialize, Deserialize)]
struct LineRow {
    t: TitleId,
    n: String,
    b: Barcode,
    c: String,
    #[serde(with = "codec::millis")]
    r: Timestamp,
    /// Where it was received, when that is not where the parcel leaves from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rs: Option<SiteId>,
    /// The item's class; an ordinary one has no such attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    i: Option<ItemClass>,
    /// Days of the loan, when they are not the parcel's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    d: Option<u16>,
    /// When its loan begins, when that is not the hand-over and the lines differ in it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "codec::millis::option")]
    f: Option<Timestamp>,
    s: LineStatus,
}

#[derive(Debug, Serialize, Deserialize)]
struct EntryRow {
    s: LineStatus,
    #[serde(with = "codec::millis")]
    t: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p: Option<SiteId>,
    w: By,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    b: Option<Barcode>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ClosingRow {
    #[serde(with = "codec::millis")]
    t: Timestamp,
    f: Date,
    u: Date,
    e: Effect,
}

/// The item of a parcel: in work at a site while its staff has to do with it, on the clock while it is open.
pub(crate) fn to_item(parcel: &Parcel) -> Result<Item, TableError> {
    let loan_days = parcel.lines.first().map_or(0, |line| line.loan_days);
    let loan_from = parcel.lines.first().and_then(|line| line.loan_from);
    let loan_from = loan_from.filter(|_| parcel.lines.iter().all(|line| line.loan_from == loan_from));
    let row = Row {
        v: parcel.version,
        st: parcel.status(),
        from: parcel.site.clone(),
        to: match &parcel.destination {
            Destination::Home => None,
            Destination::Site { site_id } => Some(site_id.clone()),
        },
        zn: parcel.zone.clone(),
        sl: parcel.slot,
        pl: parcel.takes_place.then_some(true),
        by: parcel.promised_by,
        rv: parcel.rules,
        ld: loan_days,
        lf: loan_from,
        rd: Some(parcel.remedy_days).filter(|days| *days > 0),
        ro: Some(parcel.remedy_offer).filter(|days| *days > 0),
        y: Some(parcel.because).filter(|because| *because != Because::OnlySite),
        l: parcel
            .lines
            .iter()
            .map(|line| LineRow {
                t: line.title_id.clone(),
                n: line.title.clone(),
                b: line.barcode.clone(),
                c: line.call_number.clone(),
                r: line.received.at,
                rs: Some(line.received.site.clone()).filter(|site| *site != parcel.site),
                i: Some(line.class).filter(|class| *class != ItemClass::default()),
                d: Some(line.loan_days).filter(|days| *days != loan_days),
                f: line.loan_from.filter(|_| loan_from.is_none()),
                s: line.status,
            })
            .collect(),
        up: parcel.unpaid.then_some(true),
        so: parcel.sorted,
        bx: parcel.boxed,
        ca: parcel.booking.as_ref().map(|booking| booking.carrier),
        wb: parcel.booking.as_ref().map(|booking| booking.waybill.clone()),
        tk: parcel.booking.as_ref().and_then(|booking| booking.ticket.clone()),
        at: Some(parcel.attempt).filter(|attempt| *attempt > 0),
        rk: parcel.revoked.clone(),
        pc: parcel.pickup_code.clone(),
        ku: parcel.keep_until,
        wn: parcel.warned,
        h: parcel
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
        rt: parcel.takes_back.clone(),
        cl: parcel
            .closings
            .iter()
            .map(|closing| ClosingRow {
                t: closing.at,
                f: closing.shut.from,
                u: closing.shut.until,
                e: closing.effect.clone(),
            })
            .collect(),
    };
    let mut item = codec::item(&key::parcel(&parcel.at), KIND, &row)?;
    let mut index = |name: &str, value: String| item.insert(name.to_owned(), AttributeValue::S(value));
    if let Some(site) = parcel.working_site() {
        index(BY_SITE.pk, key::site_work(site));
        index(BY_SITE.sk, parcel.at.no().to_string());
    }
    // A courier who is still to be called off is not forgotten with the parcel.
    if parcel.is_open() || parcel.revoked.is_some() {
        index(BY_CLOCK.pk, key::clock_open(shard(&parcel.at)));
        index(BY_CLOCK.sk, format!("{}#{}", parcel.promised_by, parcel.at.no()));
    }
    Ok(item)
}

fn from_item(item: Item) -> Result<Parcel, TableError> {
    let key = key_of(&item);
    let at = ref_of(&key)?;
    let row: Row = codec::body(item)?;
    let from = row.from;
    Ok(Parcel {
        at,
        destination: row.to.map_or(Destination::Home, |site_id| Destination::Site { site_id }),
        zone: row.zn,
        slot: row.sl,
        takes_place: row.pl.unwrap_or_default(),
        promised_by: row.by,
        rules: row.rv,
        remedy_days: row.rd.unwrap_or_default(),
        remedy_offer: row.ro.unwrap_or_default(),
        because: row.y.unwrap_or(Because::OnlySite),
        unpaid: row.up.unwrap_or_default(),
        lines: row
            .l
            .into_iter()
            .map(|line| Line {
                title_id: line.t,
                title: line.n,
                barcode: line.b,
                call_number: line.c,
                received: Received { at: line.r, site: line.rs.unwrap_or_else(|| from.clone()) },
                class: line.i.unwrap_or_default(),
                loan_days: line.d.unwrap_or(row.ld),
                loan_from: line.f.or(row.lf),
                status: line.s,
            })
            .collect(),
        sorted: row.so,
        boxed: row.bx,
        booking: match (row.ca, row.wb) {
            (Some(carrier), Some(waybill)) => Some(Booking { carrier, waybill, ticket: row.tk }),
            (None, None) => None,
            _ => return Err(corrupt(&key, "a booking has a carrier and a waybill, or neither")),
        },
        attempt: row.at.unwrap_or_default(),
        revoked: row.rk,
        pickup_code: row.pc,
        keep_until: row.ku,
        warned: row.wn,
        history: row
            .h
            .into_iter()
            .map(|entry| Entry { step: entry.s, at: entry.t, place: entry.p, by: entry.w, barcode: entry.b })
            .collect(),
        takes_back: row.rt,
        closings: row
            .cl
            .into_iter()
            .map(|row| Closing { at: row.t, shut: Shut { from: row.f, until: row.u }, effect: row.e })
            .collect(),
        version: row.v,
        site: from,
    })
}

/// Reads `READER#<rid>` / `ORDER#<no>#P<n>`.
fn ref_of(key: &Key) -> Result<ParcelRef, TableError> {
    let parsed = || {
        let rid = ReaderId::parse(key.pk.strip_prefix("READER#")?).ok()?;
        let (order_no, n) = key.sk.strip_prefix(key::ORDER)?.split_once("#P")?;
        Some(ParcelRef { rid, order_no: OrderNo::parse(order_no).ok()?, n: n.parse().ok()? })
    };
    parsed().ok_or_else(|| corrupt(key, "not the key of a parcel"))
}

/// A parcel that came to its reader: who that is, when it was, and which titles.
pub(crate) type HandedOver = (ReaderId, Timestamp, Vec<TitleId>);

/// What a parcel says of loans, `None` when its books did not come to the reader; and of its promise, `None` while there is time, or when it was
/// cancelled. Nothing else is read: the item may have no other attributes.
pub(crate) fn came_of(item: Item) -> Result<(Option<HandedOver>, Option<Came>), TableError> {
    #[derive(Deserialize)]
    struct Seen {
        st: LineStatus,
        #[serde(default)]
        to: Option<SiteId>,
        #[serde(default)]
        zn: Option<String>,
        #[serde(with = "codec::millis")]
        by: Timestamp,
        #[serde(default)]
        ca: Option<Carrier>,
        l: Vec<LentLine>,
        h: Vec<EntryRow>,
    }
    #[derive(Deserialize)]
    struct LentLine {
        t: TitleId,
        s: LineStatus,
    }
    let at = ref_of(&key_of(&item))?;
    let row: Seen = codec::body(item)?;
    let first = |is: fn(LineStatus) -> bool| row.h.iter().find(|entry| is(entry.s)).map(|entry| entry.t);
    let handed = first(LineStatus::with_reader);
    let arrived = first(punctuality::is_arrival);
    let titles = row.l.into_iter().filter(|line| line.s.with_reader()).map(|line| line.t).collect();
    let destination = row.to.map_or(Destination::Home, |site_id| Destination::Site { site_id });
    let came = Came { way: Way::of(&destination, row.zn, row.ca), promised_by: row.by, arrived };
    // What is not there yet was asked for because it is late.
    let counts = arrived.is_some() || row.st.is_live();
    Ok((handed.map(|handed| (at.rid, handed, titles)), counts.then_some(came)))
}

/// Spreads open parcels over the index partitions of the clock.
fn shard(parcel: &ParcelRef) -> u8 {
    parcel.order_no.as_str().bytes().fold(0_u8, u8::wrapping_add) % OPEN_SHARDS
}

/// A new parcel.
pub fn add(parcel: &Parcel) -> Result<Write, TableError> {
    Ok(Write::put_new(to_item(parcel)?))
}

/// The parcel that a stream record shows.
pub fn of_image(image: Image) -> Result<Parcel, TableError> {
    from_item(image.into())
}

pub(crate) fn of_item(item: Item) -> Result<Parcel, TableError> {
    from_item(item)
}

/// One parcel.
pub async fn get(table: &Table, parcel: &ParcelRef) -> Result<Option<Parcel>, TableError> {
    table.get(&key::parcel(parcel)).await?.map(from_item).transpose()
}

/// The parcel with this number on its label.
pub async fn by_no(table: &Table, no: &ParcelNo) -> Result<Option<Parcel>, TableError> {
    let pk = key::ref_order(&no.order_no);
    let order = table.query(Page { index: Some(BY_REF), limit: Some(1), ..Page::of(&pk) }).await?.pop();
    let Some(order) = order else { return Ok(None) };
    let found = key_of(&order);
    let rid = found.pk.strip_prefix("READER#").unwrap_or_default();
    let rid = ReaderId::parse(rid).map_err(|e| corrupt(&found, e))?;
    get(table, &ParcelRef { rid, order_no: no.order_no.clone(), n: no.n }).await
}

/// What a site has in work, oldest order first, as far as it can be read: one parcel that cannot does not keep the others from being worked on.
pub async fn in_work_at(table: &Table, site: &SiteId) -> Result<Vec<Parcel>, TableError> {
    let pk = key::site_work(site);
    let items = table.query_through(Page { index: Some(BY_SITE), ..Page::of(&pk) }).await?;
    let mut parcels: Vec<Parcel> = codec::readable(items, from_item);
    // An entry may be older than its parcel by a moment.
    parcels.retain(|parcel| parcel.working_site() == Some(site));
    parcels.sort_by_key(|parcel| parcel.at.no());
    Ok(parcels)
}

/// All parcels that are not yet with their readers, as far as they can be read: one that cannot is no reason to forget the others.
pub async fn open(table: &Table) -> Result<Vec<Parcel>, TableError> {
    let mut parcels = Vec::new();
    for shard in 0..OPEN_SHARDS {
        let pk = key::clock_open(shard);
        let items = table.query_through(Page { index: Some(BY_CLOCK), ..Page::of(&pk) }).await?;
        parcels.extend(codec::readable(items, from_item));
    }
    Ok(parcels)
}

/// Stores a step of a parcel that was read as it was `before`. The step that hands the books over begins their loans with it.
///
/// # Errors
/// [`TransactError::Refused`] when somebody else changed the parcel in between: read it again and decide anew.
pub async fn store(table: &Table, before: &Parcel, next: &Parcel) -> Result<(), TransactError> {
    if next.status().with_reader() && !before.status().with_reader() {
        super::loan::begin(table, next).await
    } else {
        table.write(replace(next)?).await
    }
}

/// Puts a parcel in the place of its version before.
pub fn replace(next: &Parcel) -> Result<Write, TableError> {
    Ok(Write::replace(to_item(next)?, next.version.saturating_sub(1)))
}
