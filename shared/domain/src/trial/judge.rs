//! What two rule sets mean for one reader.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use super::facts::Placed;
use super::{Effect, Figure, Matter, Tried};
use crate::account::{Account, Ban};
use crate::parcel::Destination;
use crate::rules::{About, ItemClass, LoanStart, RuleSet};
use crate::time;

/// A reader today.
#[derive(Debug)]
pub(super) struct Reader {
    /// The account, without its books and holds.
    pub(super) account: Account,
    /// How many books are ordered or on loan.
    pub(super) open: usize,
    /// How many titles are waited for.
    pub(super) waits_for: usize,
    /// Since when each book is on loan.
    pub(super) loans: Vec<Timestamp>,
}

/// An order as it is recorded.
#[derive(Debug)]
pub(super) struct Order<'a> {
    pub(super) placed: &'a Placed,
    pub(super) books: Vec<&'a Book>,
}

/// A book of an order.
#[derive(Debug, Clone)]
pub(super) struct Book {
    pub(super) class: ItemClass,
    /// Whether it came later than promised.
    pub(super) late: bool,
    /// When it was on its way no more.
    pub(super) left: Option<Timestamp>,
    /// When its reader got it.
    pub(super) handed_over: Option<Timestamp>,
}

/// What comes out for one reader.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    pub(super) orders: u32,
    pub(super) refused: u32,
    pub(super) allowed: u32,
    pub(super) loans: u32,
    pub(super) figures: BTreeSet<Figure>,
}

/// The rules in force and the proposed ones.
#[derive(Clone, Copy)]
struct Sets<'a> {
    before: &'a RuleSet,
    after: &'a RuleSet,
}

impl Sets<'_> {
    /// The same question to both.
    fn ask<T>(&self, question: impl Fn(&RuleSet) -> T) -> (T, T) {
        (question(self.before), question(self.after))
    }
}

/// Judges a reader and the orders, which stand in the order of time.
pub(super) fn reader(
    reader: &Reader,
    orders: &[Order<'_>],
    before: &RuleSet,
    after: &RuleSet,
    today: Date,
) -> Verdict {
    let sets = Sets { before, after };
    let mut verdict = Verdict::default();
    for (place, order) in orders.iter().enumerate() {
        let earlier = orders.get(..place).unwrap_or_default();
        let about = About::card(reader.account.class).at(order.placed.destination.site());
        verdict.order(&sets, &about, &Asked::of(order, earlier, reader));
        if order.placed.destination == Destination::Home {
            verdict.fee(&sets, &about, order.books.len());
        }
        for book in &order.books {
            if let Some(handed_over) = book.handed_over {
                verdict.loan(&sets, &about, book, order.placed.at, handed_over);
            }
        }
    }
    verdict.pause(&sets, &reader.account, today);
    verdict.today(&sets, reader);
    verdict
}

/// What an order asked for, and what its reader had then.
struct Asked<'a> {
    books: &'a [&'a Book],
    wanted: u32,
    on_the_way: u32,
    on_loan: u32,
}

impl<'a> Asked<'a> {
    fn of(order: &'a Order<'_>, earlier: &[Order<'_>], reader: &Reader) -> Self {
        let at = order.placed.at;
        let on_the_way = earlier
            .iter()
            .flat_map(|order| &order.books)
            .filter(|book| book.left.is_none_or(|left| left > at));
        // Of loans that ended nothing is known; those that run today ran then, if they had begun.
        Self {
            books: &order.books,
            wanted: count(order.books.len() + order.placed.missing),
            on_the_way: count(on_the_way.count()),
            on_loan: count(reader.loans.iter().filter(|since| **since <= at).count()),
        }
    }

    /// Each rule about orders: the books that it counts, and how many it takes. It refuses when they are more.
    fn counted(&self, rules: &RuleSet, about: &About<'_>) -> [(Tried, u32, u32); 4] {
        let found = count(self.books.len());
        let lent = self.books.iter().filter(|book| rules.lendable(&about.item(book.class)).value);
        let in_process = self.on_the_way.saturating_add(found);
        [
            (Tried::BooksPerOrder, self.wanted, rules.books_per_order(about).value.into()),
            (Tried::InProcess, in_process, rules.in_process(about).value.into()),
            (Tried::OpenItems, in_process.saturating_add(self.on_loan), rules.open_items(about).value.into()),
            (Tried::Lendable, found, count(lent.count())),
        ]
    }
}

impl Verdict {
    /// An order that only one of the sets refuses. It is laid to each rule that refuses it.
    fn order(&mut self, sets: &Sets<'_>, about: &About<'_>, asked: &Asked<'_>) {
        self.orders += 1;
        let (before, after) = sets.ask(|rules| asked.counted(rules, about));
        let too_many = |(_, counted, most): &(Tried, u32, u32)| counted > most;
        let effect = match (before.iter().any(too_many), after.iter().any(too_many)) {
            (false, true) => Effect::Loses,
            (true, false) => Effect::Gains,
            (false, false) | (true, true) => return,
        };
        match effect {
            Effect::Loses => self.refused += 1,
            Effect::Gains => self.allowed += 1,
        }
        for (was, is) in before.iter().zip(&after) {
            let in_the_way = match effect {
                Effect::Loses => too_many(is),
                Effect::Gains => too_many(was),
            };
            if in_the_way {
                let (rule, counted, before) = *was;
                self.note(rule, Matter::Orders, effect, counted, (before, is.2));
            }
        }
    }

    /// What an order to the door cost.
    fn fee(&mut self, sets: &Sets<'_>, about: &About<'_>, books: usize) {
        let further = count(books.saturating_sub(1));
        let (before, after) = sets.ask(|rules| {
            let (first, more) =
                (rules.home_fee(about).value, rules.home_fee_more(about).value.times(further));
            (
                first.plus(more).0,
                [(Tried::HomeFee, i64::from(first.0)), (Tried::HomeFeeMore, i64::from(more.0))],
            )
        });
        let worse = Ordering::Greater;
        self.parts(Matter::Fees, worse, count(books), (before.0, after.0), &before.1, &after.1);
    }

    /// How long a book stayed: by the loan's own days, by what a broken promise adds, and by the road when that is the reader's time.
    fn loan(
        &mut self,
        sets: &Sets<'_>,
        about: &About<'_>,
        book: &Book,
        placed: Timestamp,
        handed_over: Timestamp,
    ) {
        self.loans += 1;
        let road =
            time::day(placed).until(time::day(handed_over)).map_or(0, |span| i64::from(span.get_days()));
        let about = about.item(book.class);
        let (before, after) = sets.ask(|rules| {
            let days = i64::from(rules.loan_days(&about).value);
            let remedy = if book.late { i64::from(rules.remedy_days(&about).value) } else { 0 };
            let lost = match rules.loan_starts(&about).value {
                LoanStart::Delivered => 0,
                LoanStart::Ordered => -road,
            };
            let whole = u32::try_from(days + remedy + lost).unwrap_or_default();
            (whole, [(Tried::LoanDays, days), (Tried::RemedyDays, remedy), (Tried::LoanStarts, lost)])
        });
        self.parts(Matter::LoanDays, Ordering::Less, 1, (before.0, after.0), &before.1, &after.1);
    }

    /// Something that several rules make up: it goes the way that the whole goes, and is laid to the rules that go the same way.
    fn parts<const N: usize>(
        &mut self,
        matter: Matter,
        worse: Ordering,
        counted: u32,
        (before, after): (u32, u32),
        parts_before: &[(Tried, i64); N],
        parts_after: &[(Tried, i64); N],
    ) {
        let way = after.cmp(&before);
        let effect = match way {
            Ordering::Equal => return,
            Ordering::Less | Ordering::Greater if way == worse => Effect::Loses,
            Ordering::Less | Ordering::Greater => Effect::Gains,
        };
        for ((rule, was), (_, is)) in parts_before.iter().zip(parts_after) {
            if is.cmp(was) == way {
                self.note(*rule, matter, effect, counted, (before, after));
            }
        }
    }

    /// The pause that the reader is in today. It is laid to each of its rules that differs.
    fn pause(&mut self, sets: &Sets<'_>, account: &Account, today: Date) {
        let (before, after) = sets.ask(|rules| account.ban(rules, today));
        let left = |ban: &Option<Ban>| {
            let days =
                ban.as_ref().and_then(|ban| today.until(ban.until).ok()).map(|span| span.get_days() + 1);
            days.and_then(|days| u32::try_from(days).ok()).unwrap_or_default()
        };
        let days = (left(&before), left(&after));
        let effect = match days.1.cmp(&days.0) {
            Ordering::Equal => return,
            Ordering::Greater => Effect::Loses,
            Ordering::Less => Effect::Gains,
        };
        let counted = match effect {
            Effect::Loses => after,
            Effect::Gains => before,
        };
        let counted = counted.map_or(0, |ban| u32::from(ban.uncollected));
        let about = About::card(account.class);
        let (was, is) = sets.ask(|rules| {
            [
                (Tried::Violations, rules.violations(&about).value),
                (Tried::ViolationDays, rules.violation_days(&about).value),
                (Tried::BanDays, rules.ban_days(&about).value),
            ]
        });
        for ((rule, was), (_, is)) in was.iter().zip(&is) {
            if was != is {
                self.note(*rule, Matter::Pause, effect, counted, days);
            }
        }
    }

    /// Whether the reader has more books open, or waits for more titles, today than there may be.
    fn today(&mut self, sets: &Sets<'_>, reader: &Reader) {
        let about = About::card(reader.account.class);
        let open = sets.ask(|rules| u32::from(rules.open_items(&about).value));
        let holds = sets.ask(|rules| u32::from(rules.holds(&about).value));
        for (rule, matter, counted, (before, after)) in [
            (Tried::OpenItems, Matter::OpenToday, count(reader.open), open),
            (Tried::Holds, Matter::HoldsToday, count(reader.waits_for), holds),
        ] {
            let effect = match (counted > before, counted > after) {
                (false, true) => Effect::Loses,
                (true, false) => Effect::Gains,
                (false, false) | (true, true) => continue,
            };
            self.note(rule, matter, effect, counted, (before, after));
        }
    }

    fn note(&mut self, rule: Tried, matter: Matter, effect: Effect, count: u32, (before, after): (u32, u32)) {
        self.figures.insert(Figure { rule, matter, effect, count, before, after });
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
