//! The nightly audit: one copy, one place, one holder; what is counted equals a recount; what was paid is held, or given back.
//!
//! A [`Ledger`] is fed everything that stands in the table, in any order, and then says what contradicts itself. It decides nothing and mends
//! nothing: each [`Finding`] names the items and the repair. Of each item only what is compared is kept.

mod copies;
mod counts;
mod finding;
mod money;
mod orders;
mod readers;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;

use crate::account::Account;
use crate::copy::{Copy, CopyStatus};
use crate::family::Family;
use crate::hold::Hold;
use crate::ids::{Barcode, CardNo, OrderNo, ParcelRef, ReaderId, ReturnNo, SiteId, TitleId};
use crate::money::Fen;
use crate::parcel::{Counted, LineStatus, Parcel};
use crate::payment::{Payment, Purpose};
use crate::returning::{BookState, Return};
use crate::time;

pub use finding::{Finding, Kind, Record, Severity, Sole};

use counts::{LoadSeen, TitleSeen};
use money::PaymentSeen;
use readers::AccountSeen;

/// Items that one finding names, at most.
const NAMED: usize = 10;

/// What an order's head says, as far as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Whose.
    pub rid: ReaderId,
    /// Its number.
    pub order_no: OrderNo,
    /// What delivery costs.
    pub fee: Fen,
    /// The version of the rules that it was decided under.
    pub rules: u32,
    /// Its version.
    pub version: u64,
}

/// What is written on an item though it follows from the rest of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Derived {
    /// Its entry among things by what people call them.
    ByRef,
    /// Its entry on a site's work list.
    BySite,
    /// Its entry among what has a clock.
    ByClock,
    /// Its status.
    Status,
}

/// One thing that stands in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A copy.
    Copy(Copy),
    /// A title.
    Title(TitleId),
    /// How many copies of a title are counted.
    Availability {
        /// The title.
        title_id: TitleId,
        /// Copies in all.
        total: u32,
        /// Copies that are free.
        free: u32,
        /// Where.
        free_at: BTreeSet<SiteId>,
        /// The item's version.
        version: u64,
    },
    /// A place in a queue.
    Hold(Hold),
    /// A reader's account.
    Account(Account),
    /// Who acts for a reader, and for whom the reader acts.
    Family(Family),
    /// A reader's profile; what is in it is nobody's business here.
    Profile(ReaderId),
    /// A reader's identity at WeChat.
    WeChat {
        /// Whose.
        rid: ReaderId,
        /// Its keyed hash.
        hash: String,
        /// How often it was changed.
        version: u64,
    },
    /// A card.
    Card(CardNo, ReaderId),
    /// A record that makes a reader the only one with a document or phone.
    Unique {
        /// Of which.
        of: Sole,
        /// Its keyed hash.
        hash: String,
        /// Whose it is.
        rid: ReaderId,
    },
    /// An order's head.
    Order(Head),
    /// A parcel.
    Parcel(Box<Parcel>),
    /// A payment.
    Payment(Payment),
    /// A return.
    Return(Box<Return>),
    /// A site.
    Site(SiteId),
    /// How many places of a site or slot are taken.
    Load(Counted, u32),
    /// A version of the rules.
    Rules(u32),
    /// A pick.
    Pick,
    /// How many picks there are.
    PickCount(u32),
    /// What is written on an item is not what follows from the rest of it.
    Unlike {
        /// The item.
        record: Record,
        /// What of it.
        what: Derived,
        /// What is written; nothing when it is missing.
        written: Option<String>,
        /// What follows; nothing when it must be missing.
        follows: Option<String>,
        /// The item's version; 0 for one that counts none.
        version: u64,
    },
    /// An item that does not have the shape that its kind must have.
    Unreadable {
        /// Its partition key.
        pk: String,
        /// Its sort key.
        sk: String,
        /// What is wrong with it.
        why: String,
    },
    /// An item of a kind that nobody knows.
    Unknown {
        /// Its partition key.
        pk: String,
        /// Its sort key.
        sk: String,
        /// What it says that it is.
        kind: Option<String>,
    },
}

/// A copy, as far as it is compared.
#[derive(Debug)]
struct CopySeen {
    title_id: TitleId,
    status: CopyStatus,
    holder: Option<ParcelRef>,
    version: u64,
}

/// Everything of one reader.
#[derive(Debug, Default)]
struct ReaderSeen {
    account: Option<AccountSeen>,
    /// Most readers have none.
    family: Option<Family>,
    profile: bool,
    wechat: Option<(String, u64)>,
    cards: Vec<CardNo>,
    uniques: Vec<(Sole, String)>,
    places: Vec<(TitleId, Timestamp, u64)>,
    orders: BTreeMap<OrderNo, OrderSeen>,
    /// The books of each return that are still to come, or on their way.
    returns: BTreeMap<ReturnNo, (Vec<Barcode>, u64)>,
}

/// An order with its parcels and its payment.
#[derive(Debug, Default)]
struct OrderSeen {
    head: Option<(Fen, u64)>,
    payment: Option<PaymentSeen>,
    /// Most orders have one: a map would hold room for eleven.
    parcels: Vec<ParcelSeen>,
}

/// A parcel, as far as it is compared with other items.
#[derive(Debug)]
struct ParcelSeen {
    n: u8,
    lines: Vec<(Barcode, LineStatus)>,
    status: LineStatus,
    unpaid: bool,
    version: u64,
}

impl ParcelSeen {
    fn line(&self, barcode: &Barcode) -> Option<LineStatus> {
        self.lines.iter().find(|(own, _)| own == barcode).map(|(_, status)| *status)
    }
}

/// What stands in the table, gathered to be compared.
#[derive(Debug)]
pub struct Ledger {
    /// The day of the audit: what belongs to days before it may have been forgotten.
    today: Date,
    copies: BTreeMap<Barcode, CopySeen>,
    titles: BTreeMap<TitleId, TitleSeen>,
    readers: BTreeMap<ReaderId, ReaderSeen>,
    sites: BTreeSet<SiteId>,
    /// The first copy of each site at which copies stand.
    stocked: BTreeMap<SiteId, Barcode>,
    loads: BTreeMap<Counted, LoadSeen>,
    rules: BTreeSet<u32>,
    /// The first order of each version of the rules under which orders were decided.
    decided: BTreeMap<u32, Record>,
    picks: u32,
    pick_count: u32,
    /// What is wrong by itself.
    found: Vec<Finding>,
}

impl Ledger {
    /// An empty one, for an audit at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self {
            today: time::day(now),
            copies: BTreeMap::new(),
            titles: BTreeMap::new(),
            readers: BTreeMap::new(),
            sites: BTreeSet::new(),
            stocked: BTreeMap::new(),
            loads: BTreeMap::new(),
            rules: BTreeSet::new(),
            decided: BTreeMap::new(),
            picks: 0,
            pick_count: 0,
            found: Vec::new(),
        }
    }

    /// Takes something down that stands in the table.
    pub fn add(&mut self, fact: Fact) {
        match fact {
            Fact::Copy(copy) => self.copy(copy),
            Fact::Title(id) => self.title(id).known = true,
            Fact::Availability { title_id, total, free, free_at, version } => {
                self.title(title_id).stated = Some((total, free, free_at.into_iter().collect(), version));
            }
            Fact::Hold(hold) => {
                self.reader(&hold.rid).places.push((hold.title_id, hold.since, hold.version));
            }
            Fact::Account(account) => {
                let rid = account.rid.clone();
                self.reader(&rid).account = Some(AccountSeen::of(account));
            }
            Fact::Family(links) => {
                let rid = links.rid.clone();
                self.reader(&rid).family = Some(links);
            }
            Fact::Profile(rid) => self.reader(&rid).profile = true,
            Fact::WeChat { rid, hash, version } => self.reader(&rid).wechat = Some((hash, version)),
            Fact::Card(no, rid) => self.reader(&rid).cards.push(no),
            Fact::Unique { of, hash, rid } => self.reader(&rid).uniques.push((of, hash)),
            Fact::Order(head) => self.head(head),
            Fact::Parcel(parcel) => self.parcel(&parcel),
            Fact::Payment(payment) => self.payment(&payment),
            Fact::Return(this) => self.returned(*this),
            Fact::Site(id) => {
                self.sites.insert(id);
            }
            Fact::Load(place, n) => self.loads.entry(place).or_default().stands = n,
            Fact::Rules(version) => {
                self.rules.insert(version);
            }
            Fact::Pick => self.picks = self.picks.saturating_add(1),
            Fact::PickCount(n) => self.pick_count = n,
            Fact::Unlike { record, what, written, follows, version } => {
                let or_none = |text: Option<String>| text.unwrap_or_else(|| "nothing".to_owned());
                let seen = format!("{} is written, {} follows", or_none(written), or_none(follows));
                let kind = unlike(&record, what);
                self.found.push(Finding::new(kind, [record], seen, version));
            }
            Fact::Unreadable { pk, sk, why } => {
                self.found.push(Finding::new(Kind::ItemUnreadable, [Record::Other { pk, sk }], why, 0));
            }
            Fact::Unknown { pk, sk, kind } => {
                let seen = kind.map_or_else(|| "no kind".to_owned(), |kind| format!("kind {kind}"));
                self.found.push(Finding::new(Kind::KindUnknown, [Record::Other { pk, sk }], seen, 0));
            }
        }
    }

    fn reader(&mut self, rid: &ReaderId) -> &mut ReaderSeen {
        self.readers.entry(rid.clone()).or_default()
    }

    fn title(&mut self, id: TitleId) -> &mut TitleSeen {
        self.titles.entry(id).or_default()
    }

    fn copy(&mut self, copy: Copy) {
        let Copy { barcode, title_id, site, status, holder, version, .. } = copy;
        keep_first(&mut self.stocked, site.clone(), &barcode);
        self.title(title_id.clone()).count(
            &barcode,
            (status == CopyStatus::Available).then_some(site),
            version,
        );
        self.copies.insert(barcode, CopySeen { title_id, status, holder, version });
    }

    fn head(&mut self, head: Head) {
        let Head { rid, order_no, fee, rules, version } = head;
        self.reader(&rid).orders.entry(order_no.clone()).or_default().head = Some((fee, version));
        keep_first(&mut self.decided, rules, &Record::Order { rid, order_no });
    }

    fn parcel(&mut self, parcel: &Parcel) {
        self.found.extend(orders::alone(parcel));
        self.take_place(parcel);
        let ParcelRef { rid, order_no, n } = parcel.at.clone();
        let seen = ParcelSeen {
            n,
            lines: parcel.lines.iter().map(|line| (line.barcode.clone(), line.status)).collect(),
            status: parcel.status(),
            unpaid: parcel.unpaid,
            version: parcel.version,
        };
        let parcels = &mut self.reader(&rid).orders.entry(order_no).or_default().parcels;
        parcels.reserve_exact(1);
        parcels.push(seen);
    }

    fn payment(&mut self, payment: &Payment) {
        self.found.extend(money::alone(payment));
        let Purpose::Delivery { order_no, .. } = &payment.purpose;
        let order = self.reader(&payment.rid).orders.entry(order_no.clone()).or_default();
        order.payment = Some(PaymentSeen::of(payment));
    }

    fn returned(&mut self, this: Return) {
        let open = |state| matches!(state, BookState::Booked | BookState::GivenBack);
        let books: Vec<Barcode> =
            this.books.into_iter().filter(|book| open(book.state)).map(|book| book.barcode).collect();
        if !books.is_empty() {
            self.reader(&this.at.rid).returns.insert(this.at.no, (books, this.version));
        }
    }

    /// What contradicts itself, sorted by kind.
    pub fn findings(mut self) -> Vec<Finding> {
        let mut found = std::mem::take(&mut self.found);
        // Whatever the order in which things came, the same is said of them.
        for reader in self.readers.values_mut() {
            reader.places.sort();
            reader.cards.sort();
            reader.uniques.sort();
            for order in reader.orders.values_mut() {
                order.parcels.sort_by_key(|parcel| parcel.n);
            }
        }
        copies::compare(&self, &mut found);
        for (rid, reader) in &self.readers {
            readers::compare(&self, rid, reader, &mut found);
            for (order_no, order) in &reader.orders {
                orders::compare(rid, order_no, order, &mut found);
                money::compare(rid, order_no, order, &mut found);
            }
        }
        counts::compare(&self, &mut found);
        for finding in &mut found {
            finding.records.truncate(NAMED);
        }
        found.sort();
        found
    }
}

/// Keeps the first example of something, whatever the order in which they come.
fn keep_first<K: Ord, V: Ord + Clone>(kept: &mut BTreeMap<K, V>, of: K, example: &V) {
    let first = kept.entry(of).or_insert_with(|| example.clone());
    if example < first {
        first.clone_from(example);
    }
}

/// Which rule is broken when what is written on an item does not follow from the rest.
const fn unlike(record: &Record, what: Derived) -> Kind {
    match (what, record) {
        (Derived::Status, _) => Kind::StatusDiffers,
        (Derived::ByRef, Record::Copy(_)) => Kind::CopyEntryWrong,
        (Derived::ByRef, Record::Order { .. }) => Kind::OrderEntryWrong,
        (Derived::BySite, Record::Parcel(_)) => Kind::WorkEntryWrong,
        (Derived::ByClock, Record::Parcel(_)) => Kind::ClockEntryWrong,
        (Derived::ByClock, Record::Payment { .. }) => Kind::PaymentEntryWrong,
        (Derived::ByClock, Record::Return(_)) => Kind::ReturnEntryWrong,
        (Derived::ByClock, Record::Account(_)) => Kind::DueEntryWrong,
        (Derived::ByClock, Record::Hold { .. }) => Kind::HoldEntryWrong,
        (Derived::ByRef | Derived::BySite | Derived::ByClock, _) => Kind::StrayEntry,
    }
}

#[cfg(test)]
mod tests;
