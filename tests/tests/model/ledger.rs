//! The library as one patient librarian with a ledger would keep it: who has which book, who waits for what, how far each parcel is.
//! Written from what the library promises, without the product's code: numbers for days and instants, names for everything else.

mod change;
mod lending;
mod order;
mod parcel;
mod payment;
mod queue;
mod returns;
mod slot;

use std::collections::BTreeMap;

use super::act::{Act, OrderKey, ParcelKey, ReturnKey, Step, To};
use super::world::{BAN_DAYS, HOLIDAYS, READERS, SITES, TITLES, VIOLATION_DAYS, VIOLATIONS};

pub(super) use parcel::{Parcel, Stage, code, ticket};
pub(super) use payment::{End, Payment, transaction};
pub(super) use returns::Return;
pub(super) use slot::Slot;

/// What is answered: what was done, or the code of the refusal.
pub(super) type Answer = Result<String, String>;

pub(super) const SECOND: i64 = 1_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The Shanghai day of an instant, since 1970.
pub(super) const fn day_of(ms: i64) -> i64 {
    (ms + 8 * HOUR).div_euclid(DAY)
}

/// An hour of a Shanghai day.
const fn hour_of(day: i64, hour: i64) -> i64 {
    day * DAY + (hour - 8) * HOUR
}

/// The day itself, or the next one on which the library is open.
fn open_day(mut day: i64) -> i64 {
    while HOLIDAYS.contains(&day) {
        day += 1;
    }
    day
}

/// When an order is begun with: at once, or at nine on the next morning that the library is open when it comes after four in the afternoon or
/// on a holiday.
fn begun(placed: i64) -> i64 {
    let today = day_of(placed);
    if placed < hour_of(today, 16) && !HOLIDAYS.contains(&today) {
        placed
    } else {
        hour_of(open_day(today + 1), 9)
    }
}

/// When an order is promised to arrive: 48 hours after it is begun with; at the same hour of the next open day when that is a holiday.
fn promised(placed: i64) -> i64 {
    let end = begun(placed) + 2 * DAY;
    end + (open_day(day_of(end)) - day_of(end)) * DAY
}

#[derive(Clone)]
pub(super) struct Copy {
    pub(super) title: usize,
    pub(super) site: &'static str,
    pub(super) shelf: &'static str,
    /// The parcel that it is in, or came in.
    pub(super) of: Option<ParcelKey>,
    pub(super) lent: bool,
}

#[derive(Clone, Default)]
pub(super) struct Reader {
    /// What is ordered or at home, by title.
    pub(super) open: BTreeMap<usize, Item>,
    /// The days on which parcels were given up.
    pub(super) uncollected: Vec<i64>,
}

#[derive(Clone)]
pub(super) struct Item {
    pub(super) copy: &'static str,
    pub(super) order: OrderKey,
    pub(super) loan: Option<Loan>,
    /// The return that it is booked for, or on its way back with.
    pub(super) returning: Option<ReturnKey>,
}

impl Item {
    /// Whether the reader has it or will have it, and has not handed it over.
    fn is_held(&self) -> bool {
        self.loan.is_none_or(|loan| loan.back.is_none())
    }
}

#[derive(Clone, Copy)]
pub(super) struct Loan {
    pub(super) since: i64,
    pub(super) due: i64,
    pub(super) renewed: u16,
    /// When the book was handed over, to be brought back.
    pub(super) back: Option<i64>,
}

#[derive(Clone)]
pub(super) struct Hold {
    pub(super) reader: u32,
    pub(super) since: i64,
    pub(super) to: To,
    pub(super) until: Option<i64>,
    pub(super) resumes: Option<i64>,
}

#[derive(Clone)]
pub(super) struct Order {
    pub(super) reader: u32,
    pub(super) to: To,
    pub(super) slot: Option<Slot>,
    pub(super) promised: i64,
    pub(super) fee: i64,
    pub(super) payment: Option<Payment>,
    pub(super) unfilled: Vec<usize>,
    pub(super) queued: Vec<usize>,
    pub(super) from_hold: bool,
    /// Its real number, once that is known.
    pub(super) number: Option<String>,
}

/// All of it.
#[derive(Clone)]
pub(super) struct Ledger {
    pub(super) now: i64,
    pub(super) copies: BTreeMap<&'static str, Copy>,
    pub(super) readers: BTreeMap<u32, Reader>,
    /// Who waits for each title, the first one first.
    pub(super) queues: BTreeMap<usize, Vec<Hold>>,
    pub(super) orders: BTreeMap<OrderKey, Order>,
    pub(super) parcels: BTreeMap<ParcelKey, Parcel>,
    pub(super) returns: BTreeMap<ReturnKey, Return>,
    /// What was touched by the last step: parcels, payments, returns.
    pub(super) touched: Touched,
    step: u32,
    born: u32,
}

#[derive(Clone, Default)]
pub(super) struct Touched {
    pub(super) parcels: Vec<ParcelKey>,
    pub(super) payments: Vec<OrderKey>,
    pub(super) returns: Vec<ReturnKey>,
}

/// What the library is free to choose: the number of an order or a return, and which copies go from where.
#[derive(Debug, Clone, Default)]
pub(super) struct Chosen {
    pub(super) number: String,
    pub(super) parcels: Vec<(&'static str, Vec<&'static str>)>,
}

impl Ledger {
    pub(super) fn new(now: i64) -> Self {
        let copy = |title: usize, (code, site, shelf): (&'static str, &'static str, &'static str)| {
            (code, Copy { title, site, shelf, of: None, lent: false })
        };
        Self {
            now,
            copies: TITLES
                .iter()
                .enumerate()
                .flat_map(|(title, (_, copies))| copies.iter().map(move |one| copy(title, *one)))
                .collect(),
            readers: (1..=READERS).map(|n| (n, Reader::default())).collect(),
            queues: (0..TITLES.len()).map(|title| (title, Vec::new())).collect(),
            orders: BTreeMap::new(),
            parcels: BTreeMap::new(),
            returns: BTreeMap::new(),
            touched: Touched::default(),
            step: 0,
            born: 0,
        }
    }

    pub(super) fn today(&self) -> i64 {
        day_of(self.now)
    }

    /// Whether what a step is about is there: of a history with steps left out it may not be.
    pub(super) fn knows(&self, act: &Act) -> bool {
        match act {
            Act::Cancel { order, .. }
            | Act::Redirect { order, .. }
            | Act::AskToPay { order, .. }
            | Act::Pay { order, .. }
            | Act::GiveUp { order }
            | Act::Close { order }
            | Act::Refund { order, .. } => self.orders.contains_key(order),
            Act::Work { parcel, .. } | Act::Expire { parcel } => self.parcels.contains_key(parcel),
            Act::CallOffReturn { of, .. } => self.returns.contains_key(of),
            // Nobody is told anything by a courier whom nobody asked.
            Act::Fetch { of, fetch } => self.returns.get(of).is_some_and(|one| one.hears(*fetch)),
            _ => true,
        }
    }

    /// What a step would be answered.
    pub(super) fn foresees(&self, step: &Step) -> Answer {
        if !self.knows(&step.act) {
            return Err("nothing to do it to".to_owned());
        }
        let mut then = self.clone();
        then.now += step.seconds * SECOND;
        then.does(step, None)
    }

    /// Does it. `chosen` is what the library chose when it took an order.
    pub(super) fn does(&mut self, step: &Step, chosen: Option<&Chosen>) -> Answer {
        (self.step, self.born) = (step.id, 0);
        self.touched = Touched::default();
        match &step.act {
            Act::Order { reader, titles, to, slot, missing } => {
                let slot = slot.map(|when| self.slot(when));
                self.order(*reader, titles, (*to, slot), *missing, chosen)
            }
            Act::Cancel { reader, order, books } => self.cancel(*reader, *order, books),
            Act::Redirect { reader, order, to, slot } => {
                self.redirect(*reader, *order, *to, slot.map(|when| self.slot(when)))
            }
            Act::AskToPay { reader, order, by } => self.ask_to_pay(*reader, *order, *by),
            Act::Pay { order, told } => self.pay(*order, *told),
            Act::GiveUp { order } => self.lapse(*order),
            Act::Close { order } => self.close(*order),
            Act::Refund { order, n, ended } => self.refund_ended(*order, *n, *ended),
            Act::Hold { reader, title, to, until } => self.hold(*reader, *title, *to, *until),
            Act::ChangeHold { reader, title, to, until, resumes } => {
                self.change_hold(*reader, *title, *to, *until, *resumes)
            }
            Act::Leave { reader, title } => self.leave(*reader, *title),
            Act::Work { parcel, work } => self.work(*parcel, work),
            Act::CheckIn { copy, site } => self.check_in(copy, site),
            Act::Renew { reader, copy } => self.renew(*reader, copy),
            Act::Expire { parcel } => self.expire(*parcel),
            Act::BookReturn { reader, books, way } => self.book_return(*reader, books, *way, chosen),
            Act::CallOffReturn { reader, of } => self.call_off_return(*reader, *of),
            Act::TakeBack { copy, site } => self.take_back(copy, site, chosen),
            Act::Fetch { of, fetch } => self.fetch(*of, *fetch),
            Act::Give { title } => Ok(format!("gave {}", self.give_all_of(*title))),
            Act::Queues => {
                for title in 0..TITLES.len() {
                    self.drop_past(title);
                    self.give_all_of(title);
                }
                Ok("looked".to_owned())
            }
        }
    }

    /// How many parcels are under way to a site or wait there, of those whose places are counted.
    pub(super) fn taken(&self, site: &str) -> usize {
        let there = |parcel: &&Parcel| parcel.takes_place && parcel.to == To::Site(Self::site(site));
        self.parcels.values().filter(there).filter(|parcel| parcel.is_open()).count()
    }

    fn site(site: &str) -> &'static str {
        SITES.into_iter().find(|known| *known == site).unwrap()
    }

    fn in_process(&self, reader: u32) -> usize {
        self.readers[&reader].open.values().filter(|item| item.loan.is_none()).count()
    }

    /// How many books a reader has or will have.
    fn held(&self, reader: u32) -> usize {
        self.readers[&reader].open.values().filter(|item| item.is_held()).count()
    }

    /// The titles that a reader waits for.
    pub(super) fn waits_for(&self, reader: u32) -> Vec<usize> {
        let waits = |queue: &Vec<Hold>| queue.iter().any(|hold| hold.reader == reader);
        self.queues.iter().filter(|(_, queue)| waits(queue)).map(|(title, _)| *title).collect()
    }

    /// Whether a reader has left too many parcels lying.
    fn paused(&self, reader: u32) -> bool {
        let today = self.today();
        let counted: Vec<i64> = self.readers[&reader]
            .uncollected
            .iter()
            .copied()
            .filter(|day| *day >= today - VIOLATION_DAYS)
            .collect();
        counted.len() >= VIOLATIONS && counted.last().is_some_and(|last| today <= last + BAN_DAYS)
    }

    /// A hold that is not suspended and not past.
    fn waits_today(&self, hold: &Hold) -> bool {
        let today = self.today();
        hold.resumes.is_none_or(|day| day <= today) && hold.until.is_none_or(|day| day >= today)
    }

    /// Whether somebody who orders it now gets it.
    pub(super) fn is_free(&self, title: usize) -> bool {
        title < TITLES.len() && self.free(title).len() > self.waiting(title)
    }

    /// How many wait for a title today.
    fn waiting(&self, title: usize) -> usize {
        self.queues[&title].iter().filter(|hold| self.waits_today(hold)).count()
    }

    fn free(&self, title: usize) -> Vec<&'static str> {
        let free = |copy: &Copy| copy.title == title && copy.of.is_none();
        self.copies.iter().filter(|(_, copy)| free(copy)).map(|(code, _)| *code).collect()
    }

    fn next_key(&mut self) -> OrderKey {
        let key = OrderKey { step: self.step, nth: self.born };
        self.born += 1;
        key
    }
}
