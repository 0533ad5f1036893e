//! The return of loans: how the books come back, and what has happened so far.
//!
//! The reader answers for a book until they hand it over, and not a minute longer: the loan stops at the courier's, the driver's or the
//! desk's scan, however long the book is on its way back. The copy itself stays with its parcel until a site checks it in.
//!
//! Each command is decided here, as a parcel's are: a changed return, "already there", or a refusal.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{AddressId, Barcode, ParcelNo, ReturnNo, ReturnRef, SiteId, TitleId, Waybill};
use crate::parcel::{By, Ticket};
use crate::time;

/// Books that one return may have: as many as a courier carries in one bag.
pub const MOST: usize = 20;
/// The days for which a collection can be booked, from today on: those that couriers take bookings for.
pub const DAYS: u8 = 3;
/// From this hour of the day on a courier is not asked for on the same day.
pub const LAST_HOUR: i8 = 16;
/// How long a book may be on its way back before somebody looks for it, in days.
pub const ON_THE_ROAD: u16 = 14;

/// How the books come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Way {
    /// The reader takes them to a site: its desk, or the drop of one that serves itself around the clock.
    Site {
        /// Which.
        site_id: SiteId,
    },
    /// A courier collects them at the reader's door.
    Courier {
        /// Where.
        address_id: AddressId,
        /// On which day.
        day: Date,
        /// The site that they are brought to.
        to: SiteId,
    },
    /// Whoever brings the reader's next parcel takes them along.
    WithDelivery {
        /// That parcel.
        parcel_no: ParcelNo,
        /// The site that they are brought to: the one that the parcel leaves from.
        to: SiteId,
    },
    /// They were handed over without a booking.
    Unbooked {
        /// The site of whoever took them.
        site_id: SiteId,
    },
}

impl Way {
    /// Whether a courier has to be booked for it.
    pub const fn by_courier(&self) -> bool {
        match self {
            Self::Courier { .. } | Self::WithDelivery { .. } => true,
            Self::Site { .. } | Self::Unbooked { .. } => false,
        }
    }

    /// The site where the books are expected.
    pub const fn site(&self) -> &SiteId {
        match self {
            Self::Site { site_id } | Self::Unbooked { site_id } => site_id,
            Self::Courier { to, .. } | Self::WithDelivery { to, .. } => to,
        }
    }
}

/// How a reader wants the books to come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = ReturnWay)]
pub enum Wanted {
    /// The reader takes them to a site.
    Site {
        /// Which.
        #[schema(value_type = String)]
        site_id: SiteId,
    },
    /// A courier collects them.
    Courier {
        /// Where: one of the reader's addresses.
        #[schema(value_type = String)]
        address_id: AddressId,
        /// On which day.
        #[schema(value_type = String, format = Date)]
        day: Date,
    },
    /// Whoever brings a parcel takes them along.
    WithDelivery {
        /// Which; the next one to the reader's door when none is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>)]
        parcel_no: Option<ParcelNo>,
    },
}

/// How far one book has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReturnedBookState)]
pub enum BookState {
    /// With the reader.
    Booked,
    /// Handed over: the loan has stopped.
    GivenBack,
    /// Checked in at a site.
    Back,
    /// The reader keeps it.
    Cancelled,
}

/// One book of a return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// The copy.
    pub barcode: Barcode,
    /// Its title.
    pub title_id: TitleId,
    /// The title's name.
    pub title: String,
    /// How far it has come.
    pub state: BookState,
}

/// What happened to a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReturnStep)]
pub enum Step {
    /// It was booked.
    Booked,
    /// A courier is booked for it.
    CourierBooked,
    /// The parcel that it hangs on does not come to the door.
    NoDelivery,
    /// Books were handed over.
    GivenBack,
    /// The courier brought them to the library. They are checked in next.
    Arrived,
    /// Books were checked in.
    Back,
    /// The reader called it off, or books of it came back with another one.
    Cancelled,
}

impl Step {
    /// As stored and shown to programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::CourierBooked => "courier_booked",
            Self::NoDelivery => "no_delivery",
            Self::GivenBack => "given_back",
            Self::Arrived => "arrived",
            Self::Back => "back",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How far a return has come: as far as its slowest book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReturnState)]
pub enum State {
    /// The reader has the books.
    Booked,
    /// A courier comes for them.
    CourierBooked,
    /// On their way back: no loan runs any more.
    GivenBack,
    /// All of them are in.
    Back,
    /// Called off.
    Cancelled,
}

/// One step that happened. Entries are only ever added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What.
    pub step: Step,
    /// When (of a courier's news: by the courier's clock).
    pub at: Timestamp,
    /// At which of our sites, or by whose driver.
    pub place: Option<SiteId>,
    /// Who did it.
    pub by: By,
    /// The one book that it concerns; `None` for all that were in the same state.
    pub barcode: Option<Barcode>,
}

/// The courier's booking of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// The courier's number.
    pub waybill: Waybill,
    /// What it is called off by.
    pub ticket: Ticket,
}

/// Books that a reader gives back together.
#[derive(Clone, PartialEq, Eq)]
pub struct Return {
    /// Which.
    pub at: ReturnRef,
    /// The books.
    pub books: Vec<Book>,
    /// How they come back.
    pub way: Way,
    /// Where a courier collects them, sealed for this return; `None` for other ways.
    pub contact: Option<Vec<u8>>,
    /// The courier.
    pub booking: Option<Booking>,
    /// Whether the courier is still to be called off.
    pub call_off: bool,
    /// What happened, oldest first.
    pub history: Vec<Entry>,
    /// Counts the changes: the condition of every write.
    pub version: u64,
}

impl fmt::Debug for Return {
    /// Without the contact: sealed, but of no use in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Return")
            .field("at", &self.at)
            .field("books", &self.books)
            .field("way", &self.way)
            .field("booking", &self.booking)
            .field("call_off", &self.call_off)
            .field("history", &self.history)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// What is asked of a return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The courier is booked.
    Book(Booking),
    /// The parcel that it hangs on does not come to the door.
    NoDelivery,
    /// The reader handed these books over.
    GiveBack {
        /// Which; all that are still to come when none is named.
        barcodes: Vec<Barcode>,
        /// When.
        at: Timestamp,
        /// The site of whoever took them; `None` for a courier.
        place: Option<SiteId>,
        /// Who took them.
        by: By,
    },
    /// The courier brought them to the library.
    Arrive {
        /// When.
        at: Timestamp,
    },
    /// A book was checked in.
    CheckIn {
        /// Which.
        barcode: Barcode,
        /// Where.
        site: SiteId,
    },
    /// The reader keeps the books after all.
    Cancel,
    /// These books come back with another return: the reader booked them anew, and gave them to the courier of before.
    LetGo {
        /// Which.
        barcodes: Vec<Barcode>,
    },
    /// The courier is called off.
    CalledOff,
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It had happened before; nothing is to be written.
    Already,
    /// The return as it is to be stored.
    Changed(Box<Return>),
}

/// Why a command is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The books were handed over.
    #[error("the books were handed over")]
    HandedOver,
    /// It was called off, or is over.
    #[error("the return is over")]
    Over,
    /// It has no such book.
    #[error("this return has no such book")]
    NoSuchBook,
    /// No courier is booked for this way.
    #[error("no courier is booked for this way")]
    WrongWay,
}

impl Return {
    /// A return that a reader books at `now`.
    pub fn book(at: ReturnRef, books: Vec<Book>, way: Way, contact: Option<Vec<u8>>, now: Timestamp) -> Self {
        let booked = Entry { step: Step::Booked, at: now, place: None, by: By::Reader, barcode: None };
        Self { at, books, way, contact, booking: None, call_off: false, history: vec![booked], version: 1 }
    }

    /// A book that was taken without a booking, at `now`, at `site` or by its driver.
    pub fn unbooked(at: ReturnRef, book: Book, site: &SiteId, now: Timestamp) -> Self {
        let taken = Entry {
            step: Step::GivenBack,
            at: now,
            place: Some(site.clone()),
            by: By::Staff,
            barcode: Some(book.barcode.clone()),
        };
        Self {
            at,
            books: vec![Book { state: BookState::GivenBack, ..book }],
            way: Way::Unbooked { site_id: site.clone() },
            contact: None,
            booking: None,
            call_off: false,
            history: vec![taken],
            version: 1,
        }
    }

    /// How far it has come.
    pub fn state(&self) -> State {
        let slowest = self.books.iter().map(|book| book.state).min().unwrap_or(BookState::Cancelled);
        match slowest {
            BookState::Booked if self.booking.is_some() => State::CourierBooked,
            BookState::Booked => State::Booked,
            BookState::GivenBack => State::GivenBack,
            BookState::Back => State::Back,
            BookState::Cancelled => State::Cancelled,
        }
    }

    /// When it was booked, or its book taken.
    pub fn begun(&self) -> Option<Timestamp> {
        self.history.first().map(|entry| entry.at)
    }

    /// When a book was handed over, if so.
    pub fn given_back(&self, barcode: &Barcode) -> Option<Timestamp> {
        let of_it = |entry: &&Entry| {
            matches!(entry.step, Step::GivenBack | Step::Back)
                && entry.barcode.as_ref().is_none_or(|one| one == barcode)
        };
        let with_us = |book: &&Book| matches!(book.state, BookState::GivenBack | BookState::Back);
        self.books.iter().filter(with_us).find(|book| book.barcode == *barcode)?;
        self.history.iter().find(of_it).map(|entry| entry.at)
    }

    /// Since when the longest of its books is on its way back without having been checked in.
    pub fn on_the_road_since(&self) -> Option<Timestamp> {
        let on_the_road = |book: &&Book| book.state == BookState::GivenBack;
        self.books.iter().filter(on_the_road).filter_map(|book| self.given_back(&book.barcode)).min()
    }

    /// Whether a book has been on its way back for so long that somebody should look for it.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.on_the_road_since().is_some_and(|since| time::due(since, ON_THE_ROAD) < time::day(now))
    }

    /// Whether the courier has something to do here that no person does: be booked, be called off, or tell.
    pub fn waits_for_courier(&self) -> bool {
        self.call_off || (self.way.by_courier() && !self.lost_delivery() && self.open().next().is_some())
    }

    /// Whether its parcel was found not to come to the door: nothing happens by itself any more.
    pub fn lost_delivery(&self) -> bool {
        self.booking.is_none() && self.history.iter().any(|entry| entry.step == Step::NoDelivery)
    }

    /// The books that the reader still has.
    pub fn open(&self) -> impl Iterator<Item = &Book> {
        self.books.iter().filter(|book| book.state == BookState::Booked)
    }

    /// Its number.
    pub const fn no(&self) -> &ReturnNo {
        &self.at.no
    }

    /// Decides `command` at `now`.
    ///
    /// # Errors
    /// A [`Refusal`] that says what stands in the way; the return stays as it is.
    pub fn decide(&self, command: &Command, now: Timestamp) -> Result<Outcome, Refusal> {
        match command {
            Command::Book(booking) => self.take_booking(booking, now),
            Command::NoDelivery => self.lose_delivery(now),
            Command::GiveBack { barcodes, at, place, by } => {
                self.give_back(barcodes, (*at).min(now), place.as_ref(), *by)
            }
            Command::Arrive { at } => Ok(self.arrive((*at).min(now))),
            Command::CheckIn { barcode, site } => self.check_in(barcode, site, now),
            Command::Cancel => self.cancel(now),
            Command::LetGo { barcodes } => {
                let open = self.open().map(|book| book.barcode.clone());
                Ok(self.without(
                    &open.filter(|open| barcodes.contains(open)).collect::<Vec<_>>(),
                    By::System,
                    now,
                ))
            }
            Command::CalledOff if self.call_off => Ok(Self { call_off: false, ..self.clone() }.changed()),
            Command::CalledOff => Ok(Outcome::Already),
        }
    }

    fn take_booking(&self, booking: &Booking, now: Timestamp) -> Result<Outcome, Refusal> {
        if !self.way.by_courier() {
            return Err(Refusal::WrongWay);
        }
        if self.booking.as_ref() == Some(booking) {
            return Ok(Outcome::Already);
        }
        if self.booking.is_some() {
            return Err(Refusal::Over);
        }
        // Booked while the reader called it off: it is kept, because nobody else knows by what he is called off.
        if self.open().next().is_none() {
            return Ok(Self { booking: Some(booking.clone()), call_off: true, ..self.clone() }.changed());
        }
        let next = Self { booking: Some(booking.clone()), ..self.clone() };
        Ok(next.noted(Step::CourierBooked, now, None, By::System, None).changed())
    }

    fn lose_delivery(&self, now: Timestamp) -> Result<Outcome, Refusal> {
        if !matches!(self.way, Way::WithDelivery { .. }) {
            return Err(Refusal::WrongWay);
        }
        if self.lost_delivery() {
            return Ok(Outcome::Already);
        }
        if self.booking.is_some() || self.open().next().is_none() {
            return Err(Refusal::Over);
        }
        Ok(self.clone().noted(Step::NoDelivery, now, None, By::System, None).changed())
    }

    fn give_back(
        &self,
        barcodes: &[Barcode],
        at: Timestamp,
        place: Option<&SiteId>,
        by: By,
    ) -> Result<Outcome, Refusal> {
        if barcodes.iter().any(|barcode| self.books.iter().all(|book| book.barcode != *barcode)) {
            return Err(Refusal::NoSuchBook);
        }
        let named = |book: &Book| barcodes.is_empty() || barcodes.contains(&book.barcode);
        // What the reader called off and handed over all the same is with us all the same.
        let theirs = |book: &Book| matches!(book.state, BookState::Booked | BookState::Cancelled);
        let mut next = self.clone();
        let mut given = Vec::new();
        for book in next.books.iter_mut().filter(|book| named(book) && theirs(book)) {
            book.state = BookState::GivenBack;
            given.push(book.barcode.clone());
        }
        if given.is_empty() {
            return Ok(Outcome::Already);
        }
        let all = given.len() == self.books.len();
        // One entry for each book, unless it is all of them at once: then their time is one, whoever asks for which.
        for barcode in given.into_iter().take(if all { 1 } else { MOST }) {
            next = next.noted(Step::GivenBack, at, place, by, (!all).then_some(barcode));
        }
        // A courier who has the books is not called off any more; one for whom nothing is left is.
        next.call_off = by != By::Courier && (self.call_off || self.nothing_left_for_courier(&next));
        Ok(next.changed())
    }

    /// Whether the courier who was to come has nothing to collect since this step.
    fn nothing_left_for_courier(&self, next: &Self) -> bool {
        let left = |this: &Self| this.open().next().is_some();
        self.booking.is_some() && !self.taken() && left(self) && !left(next)
    }

    /// Whether the courier took something.
    fn taken(&self) -> bool {
        self.history.iter().any(|entry| entry.step == Step::GivenBack && entry.by == By::Courier)
    }

    fn arrive(&self, at: Timestamp) -> Outcome {
        if self.history.iter().any(|entry| entry.step == Step::Arrived) {
            return Outcome::Already;
        }
        self.clone().noted(Step::Arrived, at, None, By::Courier, None).changed()
    }

    fn check_in(&self, barcode: &Barcode, site: &SiteId, now: Timestamp) -> Result<Outcome, Refusal> {
        let mut next = self.clone();
        let book = next.books.iter_mut().find(|book| book.barcode == *barcode).ok_or(Refusal::NoSuchBook)?;
        if book.state == BookState::Back {
            return Ok(Outcome::Already);
        }
        book.state = BookState::Back;
        let barcode = (self.books.len() > 1).then(|| barcode.clone());
        let mut next = next.noted(Step::Back, now, Some(site), By::Staff, barcode);
        next.call_off |= self.nothing_left_for_courier(&next);
        Ok(next.changed())
    }

    fn cancel(&self, now: Timestamp) -> Result<Outcome, Refusal> {
        let open: Vec<Barcode> = self.open().map(|book| book.barcode.clone()).collect();
        if open.is_empty() {
            let over = self.state() == State::Cancelled;
            return if over { Ok(Outcome::Already) } else { Err(Refusal::HandedOver) };
        }
        Ok(self.without(&open, By::Reader, now))
    }

    /// Takes these of the books out that the reader still has.
    fn without(&self, open: &[Barcode], by: By, now: Timestamp) -> Outcome {
        if open.is_empty() {
            return Outcome::Already;
        }
        let mut next = self.clone();
        for book in next.books.iter_mut().filter(|book| open.contains(&book.barcode)) {
            book.state = BookState::Cancelled;
        }
        let all = open.len() == self.books.len();
        for barcode in open.iter().take(if all { 1 } else { MOST }) {
            next = next.noted(Step::Cancelled, now, None, by, (!all).then(|| barcode.clone()));
        }
        next.call_off |= self.nothing_left_for_courier(&next);
        next.changed()
    }

    fn noted(
        mut self,
        step: Step,
        at: Timestamp,
        place: Option<&SiteId>,
        by: By,
        barcode: Option<Barcode>,
    ) -> Self {
        self.history.push(Entry { step, at, place: place.cloned(), by, barcode });
        self
    }

    fn changed(mut self) -> Outcome {
        self.version += 1;
        Outcome::Changed(Box::new(self))
    }
}

/// Why loans cannot be booked for return. All reasons are told at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum NotReturned {
    /// The reader has no such book on loan.
    NotYours {
        /// Which.
        #[schema(value_type = String)]
        barcode: Barcode,
    },
    /// It is booked for a return already.
    AlreadyBooked {
        /// Which.
        #[schema(value_type = String)]
        barcode: Barcode,
        /// The return.
        #[schema(value_type = String)]
        return_no: ReturnNo,
    },
    /// It was handed over.
    GivenBack {
        /// Which.
        #[schema(value_type = String)]
        barcode: Barcode,
        /// When.
        #[schema(value_type = String, format = DateTime)]
        at: Timestamp,
    },
    /// No parcel is on its way to the reader's door.
    NoDelivery,
    /// Another return goes with this parcel already.
    DeliveryTaken {
        /// The return.
        #[schema(value_type = String)]
        return_no: ReturnNo,
    },
}

/// The days on which a courier can be asked to come, seen from `now`.
pub fn days(now: Timestamp) -> Vec<Date> {
    let today = time::day(now);
    let first = u8::from(time::shanghai(now).hour() >= LAST_HOUR);
    std::iter::successors(Some(today), |day| day.tomorrow().ok())
        .take(usize::from(DAYS))
        .skip(usize::from(first))
        .collect()
}

#[cfg(test)]
mod tests;
