//! Keys. Every prefix of the table is spelled in this file and nowhere else; identifiers cannot contain the separator, so no user
//! data can forge a key.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use yujie_domain::audit::Sole;
use yujie_domain::month::Month;
use yujie_domain::returning::Step as ReturnStep;
use yujie_domain::shelves::ShelfName;
use yujie_domain::timeline::Step;
use yujie_domain::{
    AddressId, Barcode, CardNo, Carried, ImportId, OrderNo, ParcelNo, ParcelRef, ReaderId, ReturnNo,
    ReturnRef, SiteId, StaffLogin, TitleId, TrialId,
};

use crate::access::wechat::Kept;

/// A primary key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// The partition key, for logs and tests.
    pub fn pk(&self) -> &str {
        &self.pk
    }

    /// The sort key, for logs and tests.
    pub fn sk(&self) -> &str {
        &self.sk
    }
}

pub(crate) fn title(id: &TitleId) -> Key {
    Key::new(format!("{TITLE}{id}"), "TITLE")
}
pub(crate) const TITLE: &str = "TITLE#";

pub(crate) fn availability(id: &TitleId) -> Key {
    Key::new(format!("TITLE#{id}"), "AVAILABILITY")
}

pub(crate) fn lending(id: &TitleId) -> Key {
    Key::new(format!("TITLE#{id}"), "LENDING")
}

pub(crate) fn borrowed_with(id: &TitleId) -> Key {
    Key::new(format!("TITLE#{id}"), "BORROWED-WITH")
}

pub(crate) fn shelf(name: ShelfName) -> Key {
    Key::new(SHELVES.to_owned(), format!("SHELF#{}", name.as_str()))
}
pub(crate) const SHELVES: &str = "SHELVES";

/// How many promises were kept in a month.
pub(crate) fn punctuality(month: &Month) -> Key {
    Key::new(PUNCTUALITY.to_owned(), format!("MONTH#{}", month.as_str()))
}
pub(crate) const PUNCTUALITY: &str = "PUNCTUALITY";

/// What readers looked for in vain in a month (`2026-11`); the hash is of what they typed.
pub(crate) fn unmet(month: &Month, hash: &str) -> Key {
    Key::new(unmet_month(month), format!("QUERY#{hash}"))
}

pub(crate) fn unmet_month(month: &Month) -> String {
    format!("UNMET#{}", month.as_str())
}

pub(crate) fn cover(id: &TitleId) -> Key {
    Key::new(format!("TITLE#{id}"), "COVER")
}

pub(crate) fn pick(id: &TitleId) -> Key {
    Key::new(PICKS.to_owned(), format!("{PICK}{id}"))
}
pub(crate) const PICKS: &str = "PICKS";
pub(crate) const PICK: &str = "PICK#";

/// How many picks there are: no pick's own key, because it has no `#`.
pub(crate) fn pick_count() -> Key {
    Key::new(PICKS.to_owned(), "COUNT")
}

/// Imports sort by their ids, and those by time.
pub(crate) fn import(id: &ImportId) -> Key {
    Key::new(IMPORTS.to_owned(), format!("{IMPORT}{id}"))
}
pub(crate) const IMPORTS: &str = "IMPORTS";
pub(crate) const IMPORT: &str = "IMPORT#";

pub(crate) fn copy(barcode: &Barcode) -> Key {
    Key::new(format!("COPY#{barcode}"), "COPY")
}

/// Index `by_ref`: the copies of a title.
pub(crate) fn ref_title(id: &TitleId) -> String {
    format!("TITLE#{id}")
}

/// Index `by_ref`: the order of a number.
pub(crate) fn ref_order(no: &OrderNo) -> String {
    format!("ORDER#{no}")
}

/// How many parcels a site has taken on: apart from the other sites' counts, because every order to a site changes its own.
pub(crate) fn site_load(id: &SiteId) -> Key {
    Key::new(format!("SITE#{id}"), "LOAD")
}

/// How many parcels are delivered in a slot of a division.
pub(crate) fn slot_load(division: &str, day: Date, from: Time) -> Key {
    Key::new(slots(division), format!("{SLOT}{day}T{:02}:{:02}", from.hour(), from.minute()))
}

/// The slots of a division.
pub(crate) fn slots(division: &str) -> String {
    format!("{ZONE}{division}")
}
pub(crate) const ZONE: &str = "ZONE#";
pub(crate) const SLOT: &str = "SLOT#";

/// Index `by_site`: the parcels that a site has in work.
pub(crate) fn site_work(site: &SiteId) -> String {
    format!("WORK#{site}")
}

/// Index `by_clock`: the open parcels, ordered by promise. Four shards, so that no index partition takes every order of a peak.
pub(crate) fn clock_open(shard: u8) -> String {
    format!("OPEN#{shard}")
}

/// How many shards [`clock_open`] has.
pub(crate) const OPEN_SHARDS: u8 = 4;

/// A place in a title's queue. Sixteen digits keep the order of time for as long as milliseconds are counted.
pub(crate) fn hold(id: &TitleId, since: Timestamp, rid: &ReaderId) -> Key {
    Key::new(title(id).pk, format!("{HOLD}{:016}#{rid}", since.as_millisecond()))
}
pub(crate) const HOLD: &str = "HOLD#";

/// Index `by_clock`: all holds, by title.
pub(crate) fn clock_holds(shard: u8) -> String {
    format!("HOLDS#{shard}")
}

/// How many shards [`clock_holds`] has.
pub(crate) const HOLD_SHARDS: u8 = 4;

/// Index `by_clock`: the readers for whom something is due first on a day.
pub(crate) fn clock_due(day: Date) -> String {
    format!("DUE#{day}")
}

pub(crate) fn site(id: &SiteId) -> Key {
    Key::new(SITES.to_owned(), format!("{SITE}{id}"))
}
pub(crate) const SITE: &str = "SITE#";
pub(crate) const SITES: &str = "SITES";

pub(crate) fn rules(version: u32) -> Key {
    Key::new(RULES.to_owned(), format!("{VERSION}{version:010}"))
}
pub(crate) const VERSION: &str = "V#";
pub(crate) const RULES: &str = "RULES";

/// A trial of rules: asked for by its id alone.
pub(crate) fn trial(id: &TrialId) -> Key {
    Key::new(format!("TRIAL#{id}"), "TRIAL")
}

/// What an audit found on a day.
pub(crate) fn audit_report(day: Date) -> Key {
    Key::new(AUDIT.to_owned(), format!("{REPORT}{day}"))
}
pub(crate) const AUDIT: &str = "AUDIT";
pub(crate) const REPORT: &str = "REPORT#";

pub(crate) fn reader(rid: &ReaderId) -> String {
    format!("READER#{rid}")
}

pub(crate) fn profile(rid: &ReaderId) -> Key {
    Key::new(reader(rid), "PROFILE")
}

/// A reader's identity at WeChat.
pub(crate) fn wechat(rid: &ReaderId) -> Key {
    Key::new(reader(rid), "WECHAT")
}

/// A secret that WeChat gives the library for a while.
pub(crate) fn wechat_lease(kept: Kept) -> Key {
    Key::new("WECHAT".to_owned(), kept.as_str())
}

pub(crate) fn account(rid: &ReaderId) -> Key {
    Key::new(reader(rid), "ACCOUNT")
}

pub(crate) fn cart(rid: &ReaderId) -> Key {
    Key::new(reader(rid), "CART")
}

/// Who acts for a reader, and for whom the reader acts.
pub(crate) fn family(rid: &ReaderId) -> Key {
    Key::new(reader(rid), "FAMILY")
}

/// What a reader wants to be told.
pub(crate) fn preferences(rid: &ReaderId) -> Key {
    Key::new(reader(rid), "PREFERENCES")
}

pub(crate) fn address(rid: &ReaderId, id: &AddressId) -> Key {
    Key::new(reader(rid), format!("{ADDRESS}{id}"))
}
pub(crate) const ADDRESS: &str = "ADDRESS#";

pub(crate) fn order(rid: &ReaderId, no: &OrderNo) -> Key {
    Key::new(reader(rid), format!("{ORDER}{no}"))
}
pub(crate) const ORDER: &str = "ORDER#";

pub(crate) fn parcel(parcel: &ParcelRef) -> Key {
    Key::new(reader(&parcel.rid), format!("{ORDER}{}#P{}", parcel.order_no, parcel.n))
}

/// What is owed for an order: beside its parcels, and no parcel's own key, because no parcel has that number.
pub(crate) fn payment(rid: &ReaderId, no: &OrderNo) -> Key {
    Key::new(reader(rid), format!("{ORDER}{no}{PAY}"))
}
pub(crate) const PAY: &str = "#PAY";

/// Index `by_clock`: the payments about which something is still to be done at the provider.
pub(crate) const CLOCK_PAYMENTS: &str = "PAYMENTS";

pub(crate) fn notice(rid: &ReaderId, at_ms: i64, parcel: &ParcelNo, step: Step) -> Key {
    // Sixteen digits keep the order of time for as long as milliseconds are counted; steps of one millisecond keep theirs.
    Key::new(reader(rid), format!("{NOTICE}{at_ms:016}#{:02}#{parcel}", step as u8))
}

/// Among those of parcels: a return's number begins with a letter, so that no two are one.
pub(crate) fn return_notice(rid: &ReaderId, at_ms: i64, no: &ReturnNo, step: ReturnStep) -> Key {
    Key::new(reader(rid), format!("{NOTICE}{at_ms:016}#{:02}#{no}", step as u8))
}
/// Behind those of steps of the same millisecond: no step has that number.
pub(crate) fn wait_notice(rid: &ReaderId, at_ms: i64, title: &TitleId) -> Key {
    Key::new(reader(rid), format!("{NOTICE}{at_ms:016}#99#{title}"))
}
pub(crate) const NOTICE: &str = "NOTICE#";

pub(crate) fn card(no: &CardNo) -> Key {
    Key::new(format!("{CARD}{no}"), "CARD")
}
pub(crate) const CARD: &str = "CARD#";

/// What makes one person one card; `hash` is a keyed hash in hexadecimal.
pub(crate) fn unique(of: Sole, hash: &str) -> Key {
    Key::new(format!("{UNIQUE}{}#{hash}", of.as_str()), "UNIQUE")
}
pub(crate) const UNIQUE: &str = "UNIQUE#";

pub(crate) fn phone_code(phone_hash: &str) -> Key {
    Key::new(format!("PHONE#{phone_hash}"), "CODE")
}

/// A session beside whose it is, so that a person's sessions are one query.
pub(crate) fn session(owner: &str, family: &str) -> Key {
    Key::new(owner.to_owned(), format!("{SESSION}{family}"))
}
pub(crate) const SESSION: &str = "SESSION#";

/// How often a name was tried with a password from one place; both are keyed hashes.
pub(crate) fn tries(name: &str, place: &str) -> Key {
    Key::new(format!("TRIES#{name}"), format!("FROM#{place}"))
}

/// How often something was done on a day; `hash` is a keyed hash of what and by whom.
pub(crate) fn tally(hash: &str, day: Date) -> Key {
    Key::new(format!("TALLY#{hash}"), format!("DAY#{day}"))
}

/// All members of staff: a few hundred, and one query.
pub(crate) fn staff(login: &StaffLogin) -> Key {
    Key::new(STAFF.to_owned(), format!("{LOGIN}{login}"))
}
pub(crate) const STAFF: &str = "STAFF";
pub(crate) const LOGIN: &str = "LOGIN#";

/// What whoever takes an administrator away writes, so that two cannot do it at once: no account's own key, because it has no `#`.
pub(crate) fn administrators() -> Key {
    Key::new(STAFF.to_owned(), "ADMINISTRATORS")
}

/// What is a member of staff's own, beside the account that others change.
pub(crate) fn of_staff(login: &StaffLogin) -> String {
    format!("STAFF#{login}")
}

pub(crate) fn idempotency(hash: &str) -> Key {
    Key::new(format!("IDEMPOTENCY#{hash}"), "ANSWER")
}

pub(crate) fn courier_events(carried: &Carried) -> String {
    format!("COURIER#{carried}")
}

pub(crate) fn courier_event(carried: &Carried, digest: &str) -> Key {
    Key::new(courier_events(carried), format!("RAW#{digest}"))
}

pub(crate) fn returning(at: &ReturnRef) -> Key {
    Key::new(reader(&at.rid), format!("{RETURN}{}", at.no))
}
pub(crate) const RETURN: &str = "RETURN#";

/// Index `by_clock`: returns that wait for a courier to be booked, to be called off, or to tell.
pub(crate) const RETURNS_WAITING: &str = "RETURNS#WAITING";

/// Index `by_clock`: returns of which a book was handed over and is not checked in, longest on the road first.
pub(crate) const RETURNS_ON_THE_ROAD: &str = "RETURNS#ON-THE-ROAD";

/// A key that never exists: what the init phase asks for to open a connection.
pub(crate) fn nothing() -> Key {
    Key::new("NOTHING".to_owned(), "NOTHING")
}
