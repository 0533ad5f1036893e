//! What a fine does not go beyond: by book, by the book's price, and by reader.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::explain::{Day, Why};
use super::terms::Terms;
use super::{Fines, LoanRef};
use crate::money::Fen;
use crate::rules::By;

/// The caps of one book, and what was charged below them.
#[derive(Debug)]
pub(super) struct Caps {
    cap: Fen,
    why: Why,
    by: By,
    sum: Fen,
}

impl Caps {
    /// The lower one of the two counts: of two that are equal the book's own.
    pub(super) fn of(terms: &Terms, price: Option<Fen>) -> Self {
        let (cap, sum) = (terms.fine_cap.value, Fen::ZERO);
        let price = price.filter(|_| terms.fine_price_caps);
        match price.map(|price| part(price, terms.fine_price_percent.value)).filter(|part| *part < cap) {
            Some(part) => {
                Self { cap: part, why: Why::PriceCap, by: terms.fine_price_percent.by.clone(), sum }
            }
            None => Self { cap, why: Why::ItemCap, by: terms.fine_cap.by.clone(), sum },
        }
    }

    /// A day on which so many intervals are charged.
    pub(super) fn charge(&mut self, date: Date, intervals: u32, terms: &Terms) -> Day {
        let asked = terms.overdue_fine.value.times(intervals);
        let fen = asked.min(self.cap.less(self.sum));
        self.sum = self.sum.plus(fen);
        let (why, by) = if asked == Fen::ZERO {
            (Why::NoFine, &terms.overdue_fine.by)
        } else if fen < asked {
            (self.why.clone(), &self.by)
        } else {
            (Why::Charged { intervals }, &terms.overdue_fine.by)
        };
        Day { fen, ..Day::free(date, why, by) }
    }
}

/// So many per cent of a price, rounded down.
fn part(price: Fen, percent: u16) -> Fen {
    let fen = u64::from(price.0) * u64::from(percent) / 100;
    Fen(u32::try_from(fen).unwrap_or(u32::MAX))
}

/// What was settled of a loan's fine, and on which days: what the reader does not owe any more, or owes again.
pub(super) type Settled = BTreeMap<LoanRef, Vec<(Date, i64)>>;

/// Lowers what goes beyond the most that a reader owes in fines on any day. The days of all loans are gone through together, of one day the loan
/// that was due first; so it makes no difference which loan anybody looked at first. What a day does not charge is not made up for later, and a
/// payment makes room from the day after it.
/// What staff added to a loan is no fine by the rules, and takes no room.
pub(super) fn per_reader(fines: &mut Fines, settled: &Settled) {
    let mut days: Vec<(Date, Date, LoanRef, usize)> = Vec::new();
    for (loan, fine) in fines.iter() {
        let charged = fine.days.iter().enumerate().filter(|(_, day)| day.fen > Fen::ZERO);
        days.extend(charged.map(|(place, day)| (day.date, fine.late.due, loan.clone(), place)));
    }
    days.sort_unstable();
    let mut charged: BTreeMap<LoanRef, i64> = BTreeMap::new();
    for (date, _, loan, place) in days {
        let owed = charged.iter().fold(0_i64, |sum, (loan, fen)| {
            let settled = settled.get(loan).into_iter().flatten();
            let settled = settled.filter(|(day, _)| *day < date).fold(0, |sum, (_, fen)| add(sum, *fen));
            add(sum, fen.saturating_sub(settled.max(0)).max(0))
        });
        let Some(fine) = fines.get_mut(&loan) else { continue };
        let Some(day) = fine.days.get_mut(place) else { continue };
        let room = i64::from(fine.fines_cap.value.0).saturating_sub(owed).max(0);
        if let Some(room) = u32::try_from(room).ok().map(Fen).filter(|room| *room < day.fen) {
            (day.fen, day.why, day.by) = (room, Why::ReaderCap, fine.fines_cap.by.clone());
        }
        let sum = charged.entry(loan).or_default();
        *sum = add(*sum, i64::from(day.fen.0));
    }
}

/// Entries are of fen that fit 32 bits: a sum of 64 bits holds more of them than any ledger has.
const fn add(sum: i64, fen: i64) -> i64 {
    sum.saturating_add(fen)
}
