//! A parcel in the ledger.

use super::super::act::{ParcelKey, To, Work};
use super::super::world::{PICKUP_DAYS, REMEDY_DAYS};
use super::order::counts;
use super::{Answer, Ledger, MINUTE, Slot, day_of};

/// How far a book is. The last three are off the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Reserved,
    Accepted,
    Picked,
    Packed,
    Dispatched,
    Delivering,
    Ready,
    Delivered,
    Collected,
    /// Cancelled, and still to be taken out of the box.
    Recalled,
    Uncollected,
    Cancelled,
}

impl Stage {
    pub(crate) fn is_void(self) -> bool {
        matches!(self, Self::Recalled | Self::Uncollected | Self::Cancelled)
    }

    pub(crate) fn with_reader(self) -> bool {
        matches!(self, Self::Delivered | Self::Collected)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Accepted => "accepted",
            Self::Picked => "picked",
            Self::Packed => "packed",
            Self::Dispatched => "dispatched",
            Self::Delivering => "delivering",
            Self::Ready => "ready_for_pickup",
            Self::Delivered => "delivered",
            Self::Collected => "collected",
            Self::Recalled => "recalled",
            Self::Uncollected => "uncollected",
            Self::Cancelled => "cancelled",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Book {
    pub(crate) title: usize,
    pub(crate) copy: &'static str,
    pub(crate) stage: Stage,
}

/// A line of its history: what, when, where, by whom, which book of it.
pub(crate) type Entry = (Stage, i64, Option<&'static str>, &'static str, Option<&'static str>);

#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    pub(crate) site: &'static str,
    pub(crate) to: To,
    pub(crate) slot: Option<Slot>,
    pub(crate) takes_place: bool,
    pub(crate) promised: i64,
    /// Nobody begins with it before it is paid.
    pub(crate) unpaid: bool,
    pub(crate) books: Vec<Book>,
    pub(crate) sorted: bool,
    pub(crate) boxed: bool,
    /// Whether by van; and what the courier is called off by.
    pub(crate) booked: Option<(bool, String)>,
    pub(crate) attempt: u8,
    /// What the courier is still to be called off by.
    pub(crate) revoked: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) keep_until: Option<i64>,
    /// What it was promised for is over.
    pub(crate) late: bool,
    /// And that was so at some time.
    pub(crate) broken: bool,
    pub(crate) history: Vec<Entry>,
}

/// Where places are counted: at the small site, and in the slots at home.
fn takes_place(to: To, slot: Option<Slot>) -> bool {
    counts(to) || to == To::Home && slot.is_some()
}

impl Parcel {
    pub(super) fn new(
        site: &'static str,
        (to, slot): (To, Option<Slot>),
        promised: i64,
        books: Vec<(usize, &'static str)>,
    ) -> Self {
        let book = |(title, copy)| Book { title, copy, stage: Stage::Reserved };
        Self {
            site,
            to,
            slot,
            takes_place: takes_place(to, slot),
            promised,
            unpaid: false,
            books: books.into_iter().map(book).collect(),
            sorted: false,
            boxed: false,
            booked: None,
            attempt: 0,
            revoked: None,
            code: None,
            keep_until: None,
            late: false,
            broken: false,
            history: Vec::new(),
        }
    }

    /// As far as the slowest book that is still wanted; when none is, whether something has to be taken out, was left lying, or was cancelled.
    pub(crate) fn stage(&self) -> Stage {
        let live = self.books.iter().map(|book| book.stage).filter(|stage| !stage.is_void()).min();
        live.or_else(|| self.books.iter().map(|book| book.stage).min()).unwrap()
    }

    /// Still in the library's or a carrier's hands.
    pub(crate) fn is_open(&self) -> bool {
        !self.stage().is_void() && !self.stage().with_reader()
    }

    /// Still to be paid, by somebody who still wants it.
    pub(crate) fn is_unpaid(&self) -> bool {
        self.unpaid && self.is_open()
    }

    fn wanted(&self) -> Result<(), String> {
        match self.stage() {
            Stage::Recalled | Stage::Cancelled => Err("cancelled".to_owned()),
            Stage::Uncollected => Err("expired".to_owned()),
            _ => Ok(()),
        }
    }

    fn at(&self, site: &str, right: &str) -> Result<(), String> {
        if site == right { Ok(()) } else { Err("wrong_site".to_owned()) }
    }

    fn early<T>() -> Result<T, String> {
        Err("too_early".to_owned())
    }

    /// Moves all books that are still wanted from one stage to the next.
    fn all_on(
        &mut self,
        from: Stage,
        to: Stage,
        now: i64,
        place: Option<&'static str>,
        by: &'static str,
    ) -> Result<bool, String> {
        self.wanted()?;
        let live = || self.books.iter().filter(|book| !book.stage.is_void());
        // To the door and to a site are two ends, not one after the other.
        let past = |stage: Stage| if to.with_reader() { stage == to } else { stage >= to };
        if live().all(|book| past(book.stage)) {
            return Ok(false);
        }
        if !live().all(|book| book.stage == from) {
            return Self::early();
        }
        self.books.iter_mut().filter(|book| !book.stage.is_void()).for_each(|book| book.stage = to);
        // What comes late is made good, whether or not somebody saw it in time.
        let came = |stage: Stage| stage == Stage::Ready || stage.with_reader();
        let late = came(to) && !self.history.iter().any(|entry| came(entry.0)) && now > self.promised;
        (self.late, self.broken) = (self.late || late, self.broken || late);
        self.history.push((to, now, place, by, None));
        Ok(true)
    }

    fn one_on(&mut self, copy: &str, from: Stage, to: Stage, ready: bool, now: i64) -> Result<bool, String> {
        let site = self.site;
        let Some(book) = self.books.iter_mut().find(|book| book.copy == copy) else {
            return Err("wrong_parcel".to_owned());
        };
        if book.stage.is_void() {
            return Err("cancelled".to_owned());
        }
        if book.stage >= to {
            return Ok(false);
        }
        if !ready || book.stage != from {
            return Self::early();
        }
        book.stage = to;
        let code = book.copy;
        self.history.push((to, now, Some(site), "staff", Some(code)));
        Ok(true)
    }

    /// The van is needed for this.
    fn by_van(&self) -> Result<(), String> {
        match &self.booked {
            None => Self::early(),
            Some((true, _)) => Ok(()),
            Some((false, _)) => Err("wrong_way".to_owned()),
        }
    }

    fn pickup_site(&self) -> Result<&'static str, String> {
        match self.to {
            To::Home | To::Office => Err("wrong_way".to_owned()),
            To::Site(site) => Ok(site),
        }
    }

    /// The carrier is not to come.
    pub(super) fn call_off(&mut self) {
        if let Some((van, ticket)) = self.booked.take() {
            self.attempt += 1;
            if !van {
                self.revoked = Some(ticket);
            }
        }
    }

    /// It goes somewhere else. A courier who is being asked at this moment is asked for the old place.
    pub(super) fn send_to(&mut self, (to, slot): (To, Option<Slot>), promised: i64) {
        (self.to, self.slot, self.takes_place) = (to, slot, takes_place(to, slot));
        self.unpaid &= to.is_door();
        // Who chooses a later slot waits for that.
        self.late &= promised <= self.promised;
        self.promised = promised;
        if self.booked.is_none() && self.stage() == Stage::Packed {
            self.attempt += 1;
        }
        self.call_off();
    }

    /// Where a cancelled book is taken out: where the box is worked on, or where it came from.
    fn may_be_opened_at(&self, at: &str) -> bool {
        let came_to = |stage| matches!(stage, Stage::Delivering | Stage::Ready);
        at == self.site || came_to(self.stage()) && matches!(self.to, To::Site(site) if site == at)
    }

    /// Does it, and tells whether anything changed.
    pub(super) fn does(
        &mut self,
        work: &Work,
        now: i64,
        step: u32,
        shelf: impl Fn(&str) -> &'static str,
    ) -> Result<bool, String> {
        let site = self.site;
        match *work {
            Work::Accept if self.is_unpaid() => Err("unpaid".to_owned()),
            Work::Accept => self.all_on(Stage::Reserved, Stage::Accepted, now, None, "system"),
            Work::Sort => {
                if self.sorted {
                    return Ok(false);
                }
                self.wanted()?;
                if self.stage() < Stage::Accepted {
                    return Self::early();
                }
                self.sorted = true;
                self.books.sort_by_key(|book| shelf(book.copy));
                Ok(true)
            }
            Work::Pick(copy, at) => {
                self.at(at, site)?;
                self.one_on(copy, Stage::Accepted, Stage::Picked, self.sorted, now)
            }
            Work::PrepareBox => {
                if self.boxed {
                    return Ok(false);
                }
                self.wanted()?;
                if self.stage() < Stage::Picked {
                    return Self::early();
                }
                self.boxed = true;
                Ok(true)
            }
            Work::Pack(copy, at) => {
                self.at(at, site)?;
                self.one_on(copy, Stage::Picked, Stage::Packed, self.boxed, now)
            }
            Work::Book { van } => {
                if self.booked.is_some() {
                    return Ok(false);
                }
                self.wanted()?;
                if self.stage() < Stage::Packed {
                    return Self::early();
                }
                if van == self.to.is_door() {
                    return Err("wrong_way".to_owned());
                }
                self.booked = Some((van, ticket(step)));
                Ok(true)
            }
            Work::HandOver(at) => {
                self.at(at, site)?;
                self.wanted()?;
                if self.books.iter().any(|book| book.stage == Stage::Recalled) {
                    return Err("take_out_first".to_owned());
                }
                if self.booked.is_none() {
                    return if self.stage() == Stage::Packed {
                        Err("not_booked".to_owned())
                    } else {
                        Self::early()
                    };
                }
                self.all_on(Stage::Packed, Stage::Dispatched, now, Some(site), "staff")
            }
            Work::Depart(at) => {
                self.wanted()?;
                self.by_van()?;
                self.at(at, site)?;
                self.all_on(Stage::Dispatched, Stage::Delivering, now, Some(site), "staff")
            }
            Work::Arrive(at) => {
                self.wanted()?;
                let there = self.pickup_site()?;
                self.at(at, there)?;
                self.by_van()?;
                // What is there was handed over and has left, scanned or not.
                let way = [(Stage::Dispatched, now), (Stage::Delivering, now), (Stage::Ready, now)];
                let changed = self.along(&way, Some(there), "staff")?;
                if changed {
                    self.code = Some(code(step));
                    self.keep_until = Some(day_of(now) + PICKUP_DAYS);
                }
                Ok(changed)
            }
            Work::Collect { site, right_code } => {
                self.wanted()?;
                let there = self.pickup_site()?;
                self.at(site, there)?;
                if self.stage() < Stage::Ready {
                    return Self::early();
                }
                if !right_code || self.code.is_none() {
                    return Err("wrong_code".to_owned());
                }
                self.all_on(Stage::Ready, Stage::Collected, now, Some(there), "reader")
            }
            Work::Push { far, minutes_ago } => {
                if !matches!(self.booked, Some((false, _))) {
                    return Err("wrong_way".to_owned());
                }
                self.wanted()?;
                // The courier's clock is believed from the last step until now, and does not run backwards.
                let mut from = self.history.iter().map(|entry| entry.1).max().unwrap_or(now);
                let mut at = |before: i64| {
                    from = (now - (minutes_ago + before) * MINUTE).max(from).min(now.max(from));
                    from
                };
                let way =
                    [(Stage::Dispatched, at(20)), (Stage::Delivering, at(10)), (Stage::Delivered, at(0))];
                self.along(&way[..usize::from(far)], None, "courier")
            }
            Work::TakeOut(copy, at) => {
                if !self.may_be_opened_at(at) {
                    return Err("wrong_site".to_owned());
                }
                let Some(book) = self.books.iter_mut().find(|book| book.copy == copy) else {
                    return Err("wrong_parcel".to_owned());
                };
                match book.stage {
                    Stage::Cancelled => Ok(false),
                    Stage::Recalled => {
                        book.stage = Stage::Cancelled;
                        Ok(true)
                    }
                    _ => Self::early(),
                }
            }
            Work::CalledOff => Ok(self.revoked.take().is_some()),
            Work::BreakPromise => {
                let late = self.is_open() && !self.unpaid && self.stage() != Stage::Ready && !self.late;
                (self.late, self.broken) = (self.late || late, self.broken || late);
                Ok(late)
            }
        }
    }

    /// Everything that this proves, step by step; nothing when it does not fit.
    fn along(
        &mut self,
        way: &[(Stage, i64)],
        place: Option<&'static str>,
        by: &'static str,
    ) -> Result<bool, String> {
        let mut next = self.clone();
        let mut changed = false;
        let mut from = Stage::Packed;
        for (to, at) in way {
            changed |= next.all_on(from, *to, *at, place, by)?;
            from = *to;
        }
        *self = next;
        Ok(changed)
    }

    /// Days that are added to its loans.
    pub(super) fn remedy(&self) -> i64 {
        if self.broken { REMEDY_DAYS } else { 0 }
    }
}

/// What a courier booked in this step is called off by.
pub(crate) fn ticket(step: u32) -> String {
    format!("T{step}")
}

/// The pickup code of a parcel that arrived in this step.
pub(crate) fn code(step: u32) -> String {
    format!("{step:06}")
}

impl Ledger {
    pub(super) fn work(&mut self, key: ParcelKey, work: &Work) -> Answer {
        let mut parcel = self.parcels[&key].clone();
        let had = parcel.stage().with_reader();
        let shelf = |copy: &str| self.copies[copy].shelf;
        if !parcel.does(work, self.now, self.step, shelf)? {
            return Ok("already".to_owned());
        }
        let (stage, since) = (parcel.stage(), parcel.history.last().map(|entry| entry.1));
        if stage.with_reader() && !had {
            self.lend(key, &parcel, since.unwrap());
        }
        self.parcels.insert(key, parcel);
        self.touched.parcels.push(key);
        Ok("changed".to_owned())
    }
}
