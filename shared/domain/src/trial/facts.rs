//! What a trial is made of, gathered in any order.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Time};
use jiff::{Span, Timestamp};

use super::judge::{self, Book, Order, Reader, Verdict};
use super::{DAYS, EXAMPLES, Effect, Example, Figure, Matter, OfMatter, OfRule, Outcome, Tried};
use crate::account::Account;
use crate::ids::{OrderNo, ReaderId};
use crate::parcel::{Destination, LineStatus, Parcel, Warning};
use crate::rules::{RuleSet, Scope};
use crate::time;

/// What an order's head says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// When it was placed.
    pub at: Timestamp,
    /// Where it goes.
    pub destination: Destination,
    /// Wanted titles that had no free copy: they count as books of the order, and none was sent.
    pub missing: usize,
}

/// Everything that a trial looks at. The order of the facts makes no difference to what comes out.
#[derive(Debug)]
pub struct Facts {
    now: Timestamp,
    since: Date,
    from: Timestamp,
    readers: BTreeMap<ReaderId, Record>,
}

/// What is known of one reader. There are many of them: what is not asked about is not kept.
#[derive(Debug, Default)]
struct Record {
    reader: Option<Reader>,
    placed: Vec<(OrderNo, Placed)>,
    parcels: Vec<(OrderNo, Vec<Book>)>,
}

impl Facts {
    /// No facts yet. Orders count that were placed until `now`, and from the beginning of the day 365 days before it.
    pub fn new(now: Timestamp) -> Self {
        let today = time::day(now);
        let since = today.checked_sub(Span::new().days(DAYS)).unwrap_or(today);
        let from = time::instant(since.to_datetime(Time::midnight())).unwrap_or(now);
        Self { now, since, from, readers: BTreeMap::new() }
    }

    /// From when on orders count. A parcel that was promised for an earlier time belongs to none of them.
    pub fn from(&self) -> Timestamp {
        self.from
    }

    /// The head of an order.
    pub fn order(&mut self, rid: &ReaderId, order_no: &OrderNo, placed: Placed) {
        if (self.from..=self.now).contains(&placed.at) {
            self.of(rid).placed.push((order_no.clone(), placed));
        }
    }

    /// A parcel.
    pub fn parcel(&mut self, parcel: &Parcel) {
        let late = parcel.remedy_days > 0 || parcel.warned == Some(Warning::Broken);
        let books = parcel.lines.iter().map(|line| {
            let over = line.status.with_reader() || line.status.is_void();
            let left = parcel
                .history
                .iter()
                .filter(|entry| entry.barcode.as_ref().is_none_or(|barcode| *barcode == line.barcode))
                .find(|entry| ends(entry.step))
                .map(|entry| entry.at);
            Book {
                class: line.class,
                late,
                // What is over without a trace was never on its way, as far as is known.
                left: if over { left.or(Some(Timestamp::MIN)) } else { None },
                handed_over: left.filter(|_| line.status.with_reader()),
            }
        });
        let books = books.collect();
        self.of(&parcel.at.rid).parcels.push((parcel.at.order_no.clone(), books));
    }

    /// A reader's account as it is now.
    pub fn account(&mut self, account: Account) {
        let reader = Reader {
            open: account.held(),
            waits_for: account.holds.len(),
            loans: account.open.values().filter_map(|item| item.loan).map(|loan| loan.since).collect(),
            account: Account { open: BTreeMap::new(), holds: BTreeMap::new(), ..account },
        };
        let rid = reader.account.rid.clone();
        self.of(&rid).reader = Some(reader);
    }

    fn of(&mut self, rid: &ReaderId) -> &mut Record {
        self.readers.entry(rid.clone()).or_default()
    }

    /// What the rules `after` mean for the readers, held against the rules `before`.
    pub fn compare(&self, before: &RuleSet, after: &RuleSet) -> Outcome {
        let today = time::day(self.now);
        let mut tally = Tally::default();
        for record in self.readers.values() {
            // Without an account nothing says what card it was.
            let Some(reader) = &record.reader else { continue };
            tally.add(&judge::reader(reader, &record.orders(), before, after, today));
        }
        tally.outcome(self.since, not_looked_at(before, after))
    }
}

impl Record {
    /// The orders in the order in which they were placed. A parcel without a head belongs to an older one.
    fn orders(&self) -> Vec<Order<'_>> {
        let mut parcels: BTreeMap<&OrderNo, Vec<&Book>> = BTreeMap::new();
        for (no, books) in &self.parcels {
            parcels.entry(no).or_default().extend(books);
        }
        let mut placed: Vec<_> = self.placed.iter().collect();
        // Of two orders of one instant, the number says which is the first: it is the same each time.
        placed.sort_by_key(|(no, placed)| (placed.at, no));
        placed
            .into_iter()
            .map(|(no, placed)| Order { placed, books: parcels.remove(no).unwrap_or_default() })
            .collect()
    }
}

/// Whether a book that comes to this step is on its way no more.
const fn ends(step: LineStatus) -> bool {
    step.with_reader() || step.is_void()
}

/// What is counted over all readers.
#[derive(Debug, Default)]
struct Tally {
    readers: u32,
    gaining: u32,
    losing: u32,
    both: u32,
    orders: u32,
    refused: u32,
    allowed: u32,
    loans: u32,
    figures: BTreeMap<Figure, u32>,
    rules: BTreeMap<(Tried, Effect), u32>,
    matters: BTreeMap<(Matter, Effect), u32>,
}

impl Tally {
    fn add(&mut self, verdict: &Verdict) {
        self.readers += 1;
        self.orders = self.orders.saturating_add(verdict.orders);
        self.refused = self.refused.saturating_add(verdict.refused);
        self.allowed = self.allowed.saturating_add(verdict.allowed);
        self.loans = self.loans.saturating_add(verdict.loans);
        let meets = |effect| verdict.figures.iter().any(|figure| figure.effect == effect);
        match (meets(Effect::Gains), meets(Effect::Loses)) {
            (true, false) => self.gaining += 1,
            (false, true) => self.losing += 1,
            (true, true) => self.both += 1,
            (false, false) => {}
        }
        for figure in &verdict.figures {
            *self.figures.entry(*figure).or_default() += 1;
        }
        let rules: BTreeSet<_> = verdict.figures.iter().map(|figure| (figure.rule, figure.effect)).collect();
        for rule in rules {
            *self.rules.entry(rule).or_default() += 1;
        }
        let matters: BTreeSet<_> =
            verdict.figures.iter().map(|figure| (figure.matter, figure.effect)).collect();
        for matter in matters {
            *self.matters.entry(matter).or_default() += 1;
        }
    }

    fn outcome(self, since: Date, not_looked_at: Vec<String>) -> Outcome {
        let mut examples: Vec<Example> = self
            .figures
            .iter()
            .map(|(figure, readers)| Example { figure: *figure, readers: *readers })
            .collect();
        examples.sort_by_key(|example| (std::cmp::Reverse(example.readers), example.figure));
        examples.truncate(EXAMPLES);
        Outcome {
            since,
            readers: self.readers,
            gaining: self.gaining,
            losing: self.losing,
            both: self.both,
            orders: self.orders,
            refused: self.refused,
            allowed: self.allowed,
            loans: self.loans,
            rules: each(&self.rules)
                .map(|(rule, gaining, losing)| OfRule { rule, gaining, losing })
                .collect(),
            matters: each(&self.matters)
                .map(|(matter, gaining, losing)| OfMatter { matter, gaining, losing })
                .collect(),
            examples,
            not_looked_at,
        }
    }
}

/// Each thing with how many gain and how many lose by it.
fn each<T: Copy + Ord>(counted: &BTreeMap<(T, Effect), u32>) -> impl Iterator<Item = (T, u32, u32)> {
    let things: BTreeSet<T> = counted.keys().map(|(thing, _)| *thing).collect();
    let of = |thing, effect| counted.get(&(thing, effect)).copied().unwrap_or_default();
    things.into_iter().map(move |thing| (thing, of(thing, Effect::Gains), of(thing, Effect::Loses)))
}

/// What differs between the sets, and no record tells of.
fn not_looked_at(before: &RuleSet, after: &RuleSet) -> Vec<String> {
    let (was, is) = (before.said(), after.said());
    let silent = |name: &str, scope: &Scope| {
        Tried::ALL.iter().all(|tried| tried.name() != name || !tried.looked_at(scope))
    };
    let keys: BTreeSet<_> = was.keys().chain(is.keys()).collect();
    let mut names: Vec<String> = Vec::new();
    for key in keys.into_iter().filter(|key| was.get(*key) != is.get(*key)) {
        let Some(set) = was.get(key).or_else(|| is.get(key)) else { continue };
        // One rule may differ for several.
        if silent(set.name(), &key.1) && names.last().is_none_or(|last| last != set.name()) {
            names.push(set.name().to_owned());
        }
    }
    let others = [
        ("holidays", before.holidays != after.holidays),
        ("amnesties", before.amnesties != after.amnesties),
        ("zones", before.zones != after.zones),
        ("windows", before.windows() != after.windows()),
    ];
    names.extend(others.into_iter().filter(|(_, differ)| *differ).map(|(name, _)| name.to_owned()));
    names
}
