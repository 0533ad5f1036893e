//! Overdue fines: what a book costs that comes back too late, why, and what of it is owed.
//!
//! A fine is a function of when the book was due, when it was handed over (or what day it is), the rules and the calendar. It gives the whole
//! amount each time, never a next step, so it may be worked out as often as anybody likes. What is charged for it is kept in the reader's
//! [`Ledger`], which takes the difference down.
//!
//! An overdue day is a Shanghai day that begins after the due day while the reader has the book: the day of the hand-over is one,
//! whatever the hour, and today is one from midnight on. The rules are those that were in force on the due day, or later ones while the book
//! is out when those are lighter (从旧兼从轻): a fine never becomes dearer by a change of the rules.

mod blocks;
mod calendar;
mod caps;
mod debts;
mod explain;
mod grace;
mod ledger;
mod lost;
mod posting;
mod reward;
mod suspension;
mod terms;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use blocks::{Asked, Block, Clears, blocks};
pub use calendar::Rulebook;
pub use debts::{Debt, DebtSet, Debts, Part};
pub use explain::{Day, Why};
pub use ledger::{Ledger, Refusal};
pub use lost::Lost;
pub use posting::{Actor, Because, Entry, Finding, Posting, Sign, Word};
pub use reward::on_time;
pub use suspension::Suspension;

use crate::account::OpenItem;
use crate::ids::{Barcode, OrderNo};
use crate::money::Fen;
use crate::rules::{About, CardClass, Decided, ItemClass, RuleSet};
use crate::time;
use calendar::Reign;
use caps::Caps;
use grace::{Count, Step};
use terms::Terms;

/// Which loan: the order that brought the book, and the copy. An order brings a copy once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct LoanRef {
    /// The order.
    #[schema(value_type = String)]
    pub order_no: OrderNo,
    /// The copy.
    #[schema(value_type = String)]
    pub barcode: Barcode,
}

/// What a fine is decided on, besides the rules: a loan as far as it matters to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Late {
    /// The last day of the loan.
    pub due: Date,
    /// The day of the hand-over, or the one that is looked at while the reader has the book.
    pub until: Date,
    /// Whether the book was handed over.
    pub back: bool,
    /// The reader's card.
    pub card: CardClass,
    /// The item.
    pub item: ItemClass,
    /// What the copy cost, when that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Fen>,
}

impl Late {
    /// An open item at `now`, late or not; `None` when it is not on loan.
    pub fn of(item: &OpenItem, card: CardClass, price: Option<Fen>, now: Timestamp) -> Option<Self> {
        let loan = item.loan?;
        let until = time::day(loan.back.map_or(now, |back| back.min(now)));
        Some(Self { due: loan.due, until, back: loan.back.is_some(), card, item: item.class, price })
    }

    /// The overdue days so far, in their order.
    pub fn days(&self) -> impl Iterator<Item = Date> + use<> {
        let until = self.until;
        std::iter::successors(self.due.tomorrow().ok(), |day| day.tomorrow().ok())
            .take_while(move |day| *day <= until)
    }

    /// How many overdue days there are so far.
    pub fn overdue(&self) -> u32 {
        let days = self.due.until(self.until).map_or(0, |span| span.get_days());
        u32::try_from(days).unwrap_or_default()
    }

    /// What is known of one loan from two sides. Who saw the book handed over knows more than who did not, and who looked later more than who
    /// looked before; so it makes no difference in which order they come.
    fn and(&self, known: &Self) -> Self {
        let until = match (self.back, known.back) {
            (true, true) => self.until.min(known.until),
            (true, false) => self.until,
            (false, true) => known.until,
            (false, false) => self.until.max(known.until),
        };
        Self { due: self.due.max(known.due), until, back: self.back || known.back, ..*known }
    }

    fn about(&self) -> About<'static> {
        About::card(self.card).item(self.item)
    }
}

/// What is charged for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FineClaim)]
pub enum Claim {
    /// Overdue days.
    Overdue,
    /// The price of a lost book.
    LostPrice,
    /// The work with it.
    LostFee,
}

impl Claim {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Overdue, Self::LostPrice, Self::LostFee];
}

/// The fine of one loan, as far as it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fine {
    /// What it was decided on.
    pub late: Late,
    /// The version of the rules by which it was decided.
    pub version: u32,
    /// Every overdue day, and what became of it, up to the one on which the book counts as lost.
    pub days: Vec<Day>,
    /// The days without ordering that it comes to, when it is not money.
    pub suspension: Option<Suspension>,
    /// What is owed for the book itself, when it counts as lost.
    pub lost: Option<Lost>,
    /// The most that the reader owes in fines, as these rules have it.
    fines_cap: Decided<Fen>,
}

impl Fine {
    /// The fine of one loan by itself, as on `today`. What the reader's other fines make of it is for [`Ledger::assess`] to say.
    ///
    /// Of the rules that were in force while the book was overdue, the first decide, unless later ones are lighter. Days on which the
    /// library turns out to have been closed, or that an amnesty covers, are free also when that is said afterwards.
    pub fn of(late: &Late, book: &Rulebook<'_>, today: Date) -> Self {
        Self::as_known(late, book, today, today)
    }

    /// The same without what rules say that came after the day `known`.
    fn as_known(late: &Late, book: &Rulebook<'_>, today: Date, known: Date) -> Self {
        let reigns = book.reigns(late.due, today.max(late.until));
        let mut lightest = Self::under(book.on(late.due), late, &reigns, known);
        let last = late.until.min(known);
        for reign in reigns.iter().filter(|reign| late.due < reign.from && reign.from <= last) {
            let fine = Self::under(reign.set, late, &reigns, known);
            if fine.is_lighter_than(&lightest) {
                lightest = fine;
            }
        }
        lightest
    }

    /// The fine as these rules have it.
    fn under(rules: &RuleSet, late: &Late, reigns: &[Reign<'_>], known: Date) -> Self {
        let terms = Terms::of(rules, &late.about());
        let lost = Lost::of(rules, rules.lost_days(&late.about()), late);
        let lost_on = lost.as_ref().map(|lost| lost.on);
        let mut count = Count::of(&terms);
        let mut caps = Caps::of(&terms, late.price);
        let mut suspended: u16 = 0;
        let mut days = Vec::new();
        for date in late.days() {
            if lost_on == Some(date) {
                days.extend(lost.as_ref().map(|lost| Day::free(date, Why::Lost, &lost.by)));
                break;
            }
            if let Some((why, by)) = calendar::free(date, reigns, known, &terms) {
                days.push(Day::free(date, why, &by));
                continue;
            }
            days.push(match count.next_day() {
                Step::Grace => Day::free(date, Why::Grace, &terms.grace_days.by),
                Step::Between => Day::free(date, Why::Interval, &terms.fine_interval.by),
                Step::Due(intervals) => match &terms.pause {
                    None => caps.charge(date, intervals, &terms),
                    Some(pause) => {
                        let (day, given) = pause.give(date, intervals, suspended);
                        suspended = suspended.saturating_add(given);
                        day
                    }
                },
            });
        }
        let suspension = terms.pause.as_ref().and_then(|pause| pause.in_all(suspended, late));
        Self { late: *late, version: rules.version, days, suspension, lost, fines_cap: terms.fines_cap }
    }

    /// What is charged for something, in all. It only grows while the book is out and the rules stay.
    pub fn amount(&self, claim: Claim) -> Fen {
        match claim {
            Claim::Overdue => self.days.iter().fold(Fen::ZERO, |sum, day| sum.plus(day.fen)),
            Claim::LostPrice => self.lost.as_ref().map_or(Fen::ZERO, |lost| lost.price),
            Claim::LostFee => self.lost.as_ref().map_or(Fen::ZERO, |lost| lost.fee),
        }
    }

    /// All of it: a fine, a price and a fee are each bounded by the rules' own checks, so that the sum fits.
    pub fn total(&self) -> Fen {
        Claim::ALL.into_iter().fold(Fen::ZERO, |sum, claim| sum.plus(self.amount(claim)))
    }

    /// Whether it is less in one way, and in none more. Money and days are not weighed against each other.
    fn is_lighter_than(&self, other: &Self) -> bool {
        let weight = |fine: &Self| (fine.total(), fine.suspension.as_ref().map_or(0, |pause| pause.days));
        let ((fen, days), (other_fen, other_days)) = (weight(self), weight(other));
        fen <= other_fen && days <= other_days && (fen, days) != (other_fen, other_days)
    }
}

/// The fines of one reader.
pub type Fines = BTreeMap<LoanRef, Fine>;
