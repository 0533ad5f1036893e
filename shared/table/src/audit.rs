//! The audit's walk over the whole table: every item by which another one can be checked, as the domain compares them, and what of an item does not
//! follow from the rest of it. Nothing is asked for that is sealed, secret or shown at a desk.

use std::fmt::Display;
use std::str::FromStr;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use yujie_domain::audit::{Derived, Fact, Head, Record, Sole};
use yujie_domain::parcel::Counted;
use yujie_domain::payment::Purpose;
use yujie_domain::{CardNo, SiteId, TitleId};

use crate::access::{
    account, address, audit_report, availability, cart, copy, courier_event, cover, family, hold,
    idempotency, import, lending, notice, order, parcel, payment, phone_code, pick, preferences, punctuality,
    reader, returning, rules, session, shelf, site, site_load, slot_load, staff, tally, title, trial, tries,
    unmet, wechat,
};
use crate::bulk::{After, SHELF_SEGMENTS};
use crate::codec::{Item, KIND, corrupt, key_of};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::schema::{BY_CLOCK, BY_REF, BY_SITE, Index};
use crate::table::Table;

/// How many parts of the table are walked beside each other for an audit.
pub const AUDIT_SEGMENTS: u16 = SHELF_SEGMENTS;

/// Kinds of which no item says anything that another one says too. They stay where they are.
const LEFT: [&str; 22] = [
    address::KIND,
    audit_report::KIND,
    cart::KIND,
    courier_event::KIND,
    cover::KIND,
    idempotency::KIND,
    import::KIND,
    lending::KIND,
    notice::KIND,
    phone_code::KIND,
    preferences::KIND,
    punctuality::KIND,
    session::KIND,
    shelf::KIND,
    shelf::BORROWED_WITH,
    staff::ADMINISTRATORS,
    staff::KIND,
    tally::KIND,
    trial::KIND,
    tries::KIND,
    unmet::KIND,
    wechat::LEASE,
];

/// The attributes that come: what is compared, and what an item cannot be read without; no recipient, profile, password or pickup code among it.
const ASKED: &[&str] = &[
    // Of each item, with its entries in the indexes.
    "pk",
    "sk",
    KIND,
    "v",
    "ref_pk",
    "ref_sk",
    "site_pk",
    "site_sk",
    "clock_pk",
    "clock_sk",
    // Of copies.
    "title_id",
    "site",
    "call",
    "status",
    "holder",
    "received",
    "received_at",
    "class",
    "price",
    // Of counters.
    "id",
    "total",
    "free",
    "at",
    "n",
    "day",
    "from",
    // Of cards, accounts and holds, and what a reader has bound.
    "hash",
    "rid",
    "card",
    "cc",
    "ex",
    "open",
    "ho",
    "to",
    "until",
    "resumes",
    "cl",
    "for",
    // Of orders and parcels.
    "by",
    "fee",
    "rv",
    "st",
    "zn",
    "sl",
    "pl",
    "ld",
    "up",
    "l",
    "ca",
    "wb",
    "tk",
    "rk",
    "h",
    // Of payments and returns.
    "a",
    "un",
    "pa",
    "tx",
    "wa",
    "rf",
    "w",
    "b",
    "co",
];

/// A part of the walk.
#[derive(Debug)]
pub struct AuditFacts {
    /// What was found; an item that cannot be read is a fact of its own.
    pub facts: Vec<Fact>,
    /// Where to go on; `None` at the end.
    pub next: Option<After>,
}

/// Some of what an audit compares, in no order. It reads the whole table; `consistent` costs twice as much and is never behind what was
/// written before it began.
pub async fn audit_facts_after(
    table: &Table,
    segment: u16,
    consistent: bool,
    after: Option<After>,
) -> Result<AuditFacts, TableError> {
    let projection: Vec<String> = ASKED.iter().map(|name| format!("#{name}")).collect();
    let left: Vec<String> = (0..LEFT.len()).map(|n| format!(":k{n}")).collect();
    let mut request = table
        .client()
        .scan()
        .table_name(table.name())
        .segment(i32::from(segment))
        .total_segments(i32::from(AUDIT_SEGMENTS))
        .consistent_read(consistent)
        // What is of no known kind comes as well.
        .filter_expression(format!("attribute_not_exists(#kind) OR NOT #kind IN ({})", left.join(", ")))
        .projection_expression(projection.join(", "))
        .set_exclusive_start_key(after.map(|After(key)| key))
        .return_consumed_capacity(ReturnConsumedCapacity::Total);
    for name in ASKED {
        request = request.expression_attribute_names(format!("#{name}"), *name);
    }
    for (placeholder, kind) in left.iter().zip(LEFT) {
        request = request.expression_attribute_values(placeholder, AttributeValue::S(kind.to_owned()));
    }
    let answer = request.send().await.map_err(TableError::from_sdk)?;
    table.count_read(answer.consumed_capacity());
    let facts = answer.items.unwrap_or_default().into_iter().flat_map(facts_of).collect();
    Ok(AuditFacts { facts, next: answer.last_evaluated_key.map(After) })
}

/// What an item says, and what is wrong with it by itself.
fn facts_of(item: Item) -> Vec<Fact> {
    let Key { pk, sk } = key_of(&item);
    let why = match read(item) {
        Ok(facts) => return facts,
        Err(TableError::Corrupt { why, .. }) => why,
        Err(error @ (TableError::Busy | TableError::Throttled | TableError::Unavailable(_))) => {
            error.to_string()
        }
    };
    vec![Fact::Unreadable { pk, sk, why }]
}

/// An item told: which it is, what it says, and how it would be written, for what follows from it.
type Told = (Record, Fact, Item);

fn read(item: Item) -> Result<Vec<Fact>, TableError> {
    let key = key_of(&item);
    let written = Written::of(&item);
    let kind = item.get(KIND).and_then(|kind| kind.as_s().ok()).cloned();
    let told = match kind.as_deref() {
        Some(copy::KIND) => {
            let copy = copy::from_item(item)?;
            let follows = copy::to_item(&copy)?;
            (Record::Copy(copy.barcode.clone()), Fact::Copy(copy), follows)
        }
        Some(account::KIND) => {
            let account = account::from_item(&account::reader_of(&item)?, item)?;
            let follows = account::to_item(&account)?;
            (Record::Account(account.rid.clone()), Fact::Account(account), follows)
        }
        Some(hold::KIND) => {
            let hold = hold::from_item(item)?;
            let follows = hold::to_item(&hold)?;
            let (title_id, since, rid) = (hold.title_id.clone(), hold.since, hold.rid.clone());
            (Record::Hold { title_id, since, rid }, Fact::Hold(hold), follows)
        }
        Some(order::KIND) => {
            let head = order::from_item(&account::reader_of(&item)?, item)?;
            let follows = order::to_item(&head)?;
            let order::Head { rid, order_no, fee, rules, version, .. } = head;
            let record = Record::Order { rid: rid.clone(), order_no: order_no.clone() };
            (record, Fact::Order(Head { rid, order_no, fee, rules, version }), follows)
        }
        Some(parcel::KIND) => {
            let parcel = parcel::of_item(item)?;
            let follows = parcel::to_item(&parcel)?;
            (Record::Parcel(parcel.at.clone()), Fact::Parcel(Box::new(parcel)), follows)
        }
        Some(payment::KIND) => {
            let payment = payment::from_item(item)?;
            let follows = payment::to_item(&payment)?;
            let Purpose::Delivery { order_no, .. } = payment.purpose.clone();
            (Record::Payment { rid: payment.rid.clone(), order_no }, Fact::Payment(payment), follows)
        }
        Some(returning::KIND) => {
            let this = returning::from_item(item)?;
            let follows = returning::to_item(&this)?;
            (Record::Return(this.at.clone()), Fact::Return(Box::new(this)), follows)
        }
        Some(other) => match simple(other, &key, written.version, item)? {
            // Nothing follows from it, and it stands in no index.
            Some((record, fact)) => (record, fact, Item::new()),
            None => return Ok(vec![Fact::Unknown { pk: key.pk, sk: key.sk, kind }]),
        },
        None => return Ok(vec![Fact::Unknown { pk: key.pk, sk: key.sk, kind }]),
    };
    let (record, fact, follows): Told = told;
    // What stands under another key than its own would be counted for what it is not.
    if key_to(&record) != key {
        return Err(corrupt(&key, "it does not stand under the key of what it says"));
    }
    let mut facts = written.unlike(&record, &Written::of(&follows));
    facts.push(fact);
    Ok(facts)
}

/// Counters, and items of which it matters that they are there; `None` for a kind that is not known.
fn simple(kind: &str, key: &Key, version: u64, item: Item) -> Result<Option<(Record, Fact)>, TableError> {
    Ok(Some(match kind {
        availability::KIND => {
            let (title_id, counted) = availability::from_item(item)?;
            let availability::Availability { total, available: free, free_at } = counted;
            let record = Record::Availability(title_id.clone());
            (record, Fact::Availability { title_id, total, free, free_at, version })
        }
        site_load::KIND => {
            let (site, n) = site_load::from_item(item)?;
            (Record::SiteLoad(site.clone()), Fact::Load(Counted::Site(site), u32::from(n)))
        }
        slot_load::KIND => {
            let ((day, from), n) = slot_load::from_item(item)?;
            let division: String = part(key, &key.pk, key::ZONE)?;
            let place = Counted::Slot { division: division.clone(), day, from };
            (Record::SlotLoad { division, day, from }, Fact::Load(place, u32::from(n)))
        }
        pick::COUNT => (Record::PickCount, Fact::PickCount(pick::count_of(item)?)),
        // Of these the key says enough.
        pick::KIND => (Record::Other { pk: key.pk.clone(), sk: key.sk.clone() }, Fact::Pick),
        title::KIND => {
            let id: TitleId = part(key, &key.pk, key::TITLE)?;
            (Record::Title(id.clone()), Fact::Title(id))
        }
        site::KIND => {
            let id: SiteId = part(key, &key.sk, key::SITE)?;
            (Record::Site(id.clone()), Fact::Site(id))
        }
        rules::KIND => {
            let version: u32 = part(key, &key.sk, key::VERSION)?;
            (Record::Rules(version), Fact::Rules(version))
        }
        family::KIND => {
            let links = family::from_item(item)?;
            (Record::Family(links.rid.clone()), Fact::Family(links))
        }
        reader::PROFILE => {
            let rid = account::reader_of(&item)?;
            (Record::Profile(rid.clone()), Fact::Profile(rid))
        }
        wechat::KIND => {
            let rid = account::reader_of(&item)?;
            let hash = wechat::hash_of(item)?;
            (Record::WeChat(rid.clone()), Fact::WeChat { rid, hash, version })
        }
        reader::CARD => {
            let no: CardNo = part(key, &key.pk, key::CARD)?;
            (Record::Card(no.clone()), Fact::Card(no, reader::owner_of(item)?))
        }
        reader::UNIQUE => {
            let text: String = part(key, &key.pk, key::UNIQUE)?;
            let hash = |of: Sole| Some((of, text.strip_prefix(of.as_str())?.strip_prefix('#')?.to_owned()));
            let found = Sole::ALL.into_iter().find_map(hash);
            let (of, hash) = found.ok_or_else(|| corrupt(key, "of nothing that only one reader has"))?;
            let record = Record::Unique { of, hash: hash.clone() };
            (record, Fact::Unique { of, hash, rid: reader::owner_of(item)? })
        }
        _ => return Ok(None),
    }))
}

/// What stands in a key behind a prefix.
fn part<T: FromStr<Err: Display>>(key: &Key, text: &str, prefix: &str) -> Result<T, TableError> {
    text.strip_prefix(prefix).unwrap_or_default().parse().map_err(|error| corrupt(key, error))
}

/// What is written on an item besides what it says.
struct Written {
    entries: [Option<String>; 3],
    status: Option<String>,
    version: u64,
}

impl Written {
    fn of(item: &Item) -> Self {
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        let entry = |index: Index| match (text(index.pk), text(index.sk)) {
            (None, None) => None,
            (pk, sk) => Some(format!("{} / {}", pk.unwrap_or_default(), sk.unwrap_or_default())),
        };
        let version =
            item.get("v").and_then(|value| value.as_n().ok()).and_then(|number| number.parse().ok());
        Self {
            entries: [BY_REF, BY_SITE, BY_CLOCK].map(entry),
            status: text("st"),
            version: version.unwrap_or_default(),
        }
    }

    /// Where this is not what follows.
    fn unlike(&self, record: &Record, follows: &Self) -> Vec<Fact> {
        let entries = self.entries.iter().zip(&follows.entries);
        let entries = [Derived::ByRef, Derived::BySite, Derived::ByClock].into_iter().zip(entries);
        let each = entries.chain([(Derived::Status, (&self.status, &follows.status))]);
        each.filter(|(_, (written, follows))| written != follows)
            .map(|(what, (written, follows))| Fact::Unlike {
                record: record.clone(),
                what,
                written: written.clone(),
                follows: follows.clone(),
                version: self.version,
            })
            .collect()
    }
}

/// Where an item stands that an audit names.
pub fn key_to(record: &Record) -> Key {
    match record {
        Record::Copy(barcode) => key::copy(barcode),
        Record::Title(id) => key::title(id),
        Record::Availability(id) => key::availability(id),
        Record::Hold { title_id, since, rid } => key::hold(title_id, *since, rid),
        Record::Account(rid) => key::account(rid),
        Record::Profile(rid) => key::profile(rid),
        Record::WeChat(rid) => key::wechat(rid),
        Record::Family(rid) => key::family(rid),
        Record::Card(no) => key::card(no),
        Record::Unique { of, hash } => key::unique(*of, hash),
        Record::Order { rid, order_no } => key::order(rid, order_no),
        Record::Parcel(at) => key::parcel(at),
        Record::Payment { rid, order_no } => key::payment(rid, order_no),
        Record::Return(at) => key::returning(at),
        Record::Site(id) => key::site(id),
        Record::SiteLoad(id) => key::site_load(id),
        Record::SlotLoad { division, day, from } => key::slot_load(division, *day, *from),
        Record::Rules(version) => key::rules(*version),
        Record::PickCount => key::pick_count(),
        Record::Other { pk, sk } => Key { pk: pk.clone(), sk: sk.clone() },
    }
}
