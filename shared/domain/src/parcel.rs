//! A parcel: the books of one order that leave one site together. It is the unit of fulfilment: its lines, its history and its
//! version live in one item, so that every step is one conditional write.
//!
//! Each command is decided here. The answer is a changed parcel, "already there" (a repeated message or scan: normal), or a refusal.

mod change;
mod closing;
mod line;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::copy::{Copy, Received};
use crate::courier::Journey;
use crate::ids::{Barcode, OrderNo, ParcelRef, ReturnNo, SiteId, TitleId, Waybill};
use crate::punctuality;
use crate::rules::{About, ItemClass, LoanStart, RuleSet};
use crate::site::Shut;
use crate::slot::Slot;

pub use closing::{Closing, Effect};
pub use line::{LineEvent, LineStatus, TRANSITIONS};

use LineStatus::{
    Accepted, Cancelled, Collected, Delivered, Delivering, Dispatched, Packed, Picked, ReadyForPickup,
    Recalled, Reserved, Uncollected,
};

/// One book of a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The title ordered.
    pub title_id: TitleId,
    /// Its name when it was ordered.
    pub title: String,
    /// The copy that is sent.
    pub barcode: Barcode,
    /// The copy's shelf mark.
    pub call_number: String,
    /// 入库: when and where the copy came into stock.
    pub received: Received,
    /// What sort of item it is.
    pub class: ItemClass,
    /// How long its loan lasts, in days, by the rules that the order was decided under.
    pub loan_days: u16,
    /// When its loan begins, when that is not the hand-over: by a rule that counts from the order.
    pub loan_from: Option<Timestamp>,
    /// How far it has come.
    pub status: LineStatus,
}

impl Line {
    /// A book that was just ordered: its loan is as the rules say now that are asked for its reader and for where it goes.
    pub fn new(copy: Copy, title: String, rules: &RuleSet, about: &About<'_>, now: Timestamp) -> Self {
        let about = about.item(copy.class);
        let loan_from = match rules.loan_starts(&about).value {
            LoanStart::Delivered => None,
            LoanStart::Ordered => Some(now),
        };
        Self {
            title_id: copy.title_id,
            title,
            barcode: copy.barcode,
            call_number: copy.call_number,
            received: copy.received,
            class: copy.class,
            loan_days: rules.loan_days(&about).value,
            loan_from,
            status: Reserved,
        }
    }
}

/// Where an order goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Destination {
    /// To the reader's door.
    Home,
    /// To a public site, to be collected there.
    Site {
        /// Which.
        site_id: SiteId,
    },
}

impl Destination {
    /// The site where it is collected.
    pub const fn site(&self) -> Option<&SiteId> {
        match self {
            Self::Home => None,
            Self::Site { site_id } => Some(site_id),
        }
    }
}

/// What counts the places of where parcels go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// A site: the parcels that are on their way to it or wait in it.
    Site(SiteId),
    /// A division's slot: the parcels that are delivered in it.
    Slot {
        /// The division.
        division: String,
        /// The slot's day.
        day: Date,
        /// When it begins.
        from: Time,
    },
}

/// Who carries a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// A courier booked through Kuaidi100.
    Kuaidi100,
    /// The library's own van round.
    Van,
}

/// A box by its size: the smallest that takes the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BoxSize {
    /// Up to three books.
    Small,
    /// Up to eight.
    Medium,
    /// More.
    Large,
}

impl BoxSize {
    fn for_books(count: usize) -> Self {
        match count {
            0..=3 => Self::Small,
            4..=8 => Self::Medium,
            _ => Self::Large,
        }
    }
}

/// Who made a step happen. Never a name: readers see this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[schema(as = Actor)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The service itself.
    System,
    /// A member of staff.
    Staff,
    /// The courier.
    Courier,
    /// The reader.
    Reader,
}

/// One step that happened. Entries are only ever added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The status that was reached.
    pub step: LineStatus,
    /// When it happened (for a courier's event: by the courier's clock).
    pub at: Timestamp,
    /// Where, when it was at one of our sites.
    pub place: Option<SiteId>,
    /// Who did it.
    pub by: By,
    /// The one book that it concerns; `None` for all books of the parcel.
    pub barcode: Option<Barcode>,
}

/// The courier's booking of a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// Who carries it.
    pub carrier: Carrier,
    /// The carrier's number; for the van, the parcel's own.
    pub waybill: Waybill,
    /// What the booking is cancelled by, at a courier.
    pub ticket: Option<Ticket>,
}

/// A courier's own names for a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The task.
    #[serde(rename = "t")]
    pub task: String,
    /// The order.
    #[serde(rename = "o")]
    pub order: String,
}

/// Why a parcel leaves from its site and not from another: what set the site apart from the next best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// No other site has these books free.
    OnlySite,
    /// It has more of the order's books: fewer parcels.
    FewerParcels,
    /// The reader collects them there: no transport.
    SamePlace,
    /// It is open earlier.
    OpensFirst,
    /// It is nearer to where they go.
    Nearer,
    /// All else is equal: it was this site's turn.
    Turn,
    /// A copy came free here for a reader who waited.
    CameFree,
}

/// How much of the promised time is gone. Staff are warned at each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// Half: 24 of 48 hours.
    Half,
    /// Three quarters: 36 of 48 hours.
    ThreeQuarters,
    /// Eleven twelfths: 44 of 48 hours.
    AlmostAll,
    /// All: the promise is broken, and what the rules give for it is given.
    Broken,
}

/// A parcel with all that decides what may happen to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Which parcel of whose order.
    pub at: ParcelRef,
    /// The site whose shelves the books are on.
    pub site: SiteId,
    /// Where it goes.
    pub destination: Destination,
    /// The division that it is delivered to, at a door.
    pub zone: Option<String>,
    /// When it is delivered, at a door: as its reader chose, or as there was room.
    pub slot: Option<Slot>,
    /// Whether it takes one of the counted places of where it goes: of the site, or of the division in its slot.
    pub takes_place: bool,
    /// When the reader was told it would arrive.
    pub promised_by: Timestamp,
    /// The version of the rules that the order was decided under.
    pub rules: u32,
    /// Days that a broken promise adds to each loan: by the rules of the order.
    pub remedy_offer: u16,
    /// Days that are added to each loan because the promise was broken.
    pub remedy_days: u16,
    /// Why it leaves from this site.
    pub because: Because,
    /// Whether its reader has yet to pay for it: until then nobody takes it on, and its clock does not run.
    pub unpaid: bool,
    /// The books.
    pub lines: Vec<Line>,
    /// When its books were put on the pick list.
    pub sorted: Option<Timestamp>,
    /// The box it goes into.
    pub boxed: Option<BoxSize>,
    /// Who carries it.
    pub booking: Option<Booking>,
    /// How often a booking was given up: the next one is another one for the courier.
    pub attempt: u8,
    /// A booking that is still to be cancelled at the courier.
    pub revoked: Option<Ticket>,
    /// The one-time code that the reader shows at the site.
    pub pickup_code: Option<String>,
    /// The last day on which it waits at the site.
    pub keep_until: Option<Date>,
    /// How far staff were warned about its clock.
    pub warned: Option<Warning>,
    /// What happened, oldest first.
    pub history: Vec<Entry>,
    /// The return that its carrier takes along from the reader's door.
    pub takes_back: Option<ReturnNo>,
    /// What closings of its sites made of it, oldest first.
    pub closings: Vec<Closing>,
    /// Counts the changes: the condition of every write.
    pub version: u64,
}

/// What is asked of a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// What its reader owes for it was paid.
    Paid {
        /// By when it will be there: counted from the payment.
        promised_by: Timestamp,
    },
    /// Nothing is owed for it any more: it goes on without a payment.
    Free,
    /// It was not paid in time.
    Lapse,
    /// Take the order on.
    Accept,
    /// Put its books on the site's pick list.
    Sort,
    /// A picker at `site` scanned a copy.
    Pick {
        /// The copy.
        barcode: Barcode,
        /// The picker's site.
        site: SiteId,
    },
    /// Choose its box.
    PrepareBox,
    /// A packer at `site` scanned a copy into the box.
    Pack {
        /// The copy.
        barcode: Barcode,
        /// The packer's site.
        site: SiteId,
    },
    /// The carrier is booked.
    Book(Booking),
    /// The box was handed over at `site`.
    HandOver {
        /// Where.
        site: SiteId,
        /// The label that was scanned, if it was: a box must not leave with that of a booking that was given up.
        waybill: Option<Waybill>,
    },
    /// The van left `site` with it.
    Depart {
        /// Where from.
        site: SiteId,
    },
    /// It reached the pickup site; `code` is what the reader will show.
    Arrive {
        /// The site that scanned it.
        site: SiteId,
        /// The one-time code.
        code: String,
        /// The last day on which it waits there.
        keep_until: Date,
    },
    /// The reader took it at `site` with `code`.
    Collect {
        /// The site that hands it out.
        site: SiteId,
        /// What the reader showed.
        code: String,
    },
    /// What the courier's events together say.
    Follow(Journey),
    /// The reader does not want these books any more.
    Cancel {
        /// Which; all of them when none is named.
        barcodes: Vec<Barcode>,
    },
    /// Staff at `site` took a recalled book out.
    TakeOut {
        /// The copy.
        barcode: Barcode,
        /// Where.
        site: SiteId,
    },
    /// The reader wants it brought to another place.
    Redirect {
        /// Where to.
        destination: Destination,
        /// The division of that, at a door.
        zone: Option<String>,
        /// When, at a door.
        slot: Option<Slot>,
        /// By when it will be there.
        promised_by: Timestamp,
        /// Whether it takes a counted place there.
        takes_place: bool,
    },
    /// Its site is closed for long: it is brought to another one. What was promised stays promised.
    Reroute {
        /// Which.
        to: SiteId,
        /// Whether it takes a counted place there.
        takes_place: bool,
        /// When the site is closed that it was going to.
        shut: Shut,
    },
    /// Its site is closed for long, and no other one has room: it comes when the site opens.
    StayBound {
        /// When that site is closed.
        shut: Shut,
    },
    /// Its site is closed on some of the days on which it waits there: it waits longer.
    Keep {
        /// The last day on which it waits there now.
        until: Date,
        /// When the site is closed.
        shut: Shut,
    },
    /// Its carrier takes these books back from the reader's door.
    TakeBack {
        /// The return.
        return_no: ReturnNo,
    },
    /// A courier was booked whom nobody wants any more: he is to be called off.
    Revoke(Ticket),
    /// This booking, which was given up, is cancelled at the courier.
    Revoked(Ticket),
    /// Its time at the pickup site is over, today.
    Expire {
        /// Today, in Shanghai.
        today: Date,
    },
    /// So much of the promised time is gone.
    Warn {
        /// How much.
        level: Warning,
    },
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It had happened before; nothing is to be written.
    Already,
    /// The parcel as it is to be stored.
    Changed(Box<Parcel>),
}

/// Why a command is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The parcel is not so far.
    #[error("the parcel is {status}: that step comes later")]
    TooEarly {
        /// Its status.
        status: &'static str,
    },
    /// Its reader has yet to pay for it.
    #[error("its reader has not paid for it yet")]
    Unpaid,
    /// Its carrier is not booked, or not yet again after a change.
    #[error("no carrier is booked for it yet")]
    NotBooked,
    /// The label is of a booking that was given up.
    #[error("this label is of a booking that was given up")]
    OldLabel,
    /// The copy belongs to another parcel or to none.
    #[error("this copy is not of this parcel")]
    WrongParcel,
    /// The scan was made at a site that has nothing to do with this step.
    #[error("this step happens at site {site}")]
    WrongSite {
        /// Where it happens.
        site: SiteId,
    },
    /// The step does not exist for this way of delivery.
    #[error("a parcel carried this way has no such step")]
    WrongWay,
    /// The pickup code does not fit.
    #[error("the pickup code does not fit")]
    WrongCode,
    /// It has left the library, or is with its reader.
    #[error("the parcel is {status}: it is too late for that")]
    TooLate {
        /// Its status.
        status: &'static str,
    },
    /// The reader has cancelled this.
    #[error("this was cancelled")]
    Cancelled,
    /// The parcel was not collected in time and is given up.
    #[error("this was not collected in time")]
    Expired,
    /// A book that was cancelled is still in the box.
    #[error("copy {barcode} was cancelled and has to be taken out first")]
    TakeOutFirst {
        /// Which.
        barcode: Barcode,
    },
}

impl Parcel {
    /// A parcel that an order was just divided into.
    pub fn new(
        at: ParcelRef,
        site: SiteId,
        destination: Destination,
        takes_place: bool,
        promised_by: Timestamp,
        rules: u32,
        lines: Vec<Line>,
    ) -> Self {
        Self {
            at,
            site,
            destination,
            zone: None,
            slot: None,
            takes_place,
            promised_by,
            rules,
            remedy_offer: 0,
            remedy_days: 0,
            because: Because::OnlySite,
            unpaid: false,
            lines,
            sorted: None,
            boxed: None,
            booking: None,
            attempt: 0,
            revoked: None,
            pickup_code: None,
            keep_until: None,
            warned: None,
            history: Vec::new(),
            takes_back: None,
            closings: Vec::new(),
            version: 1,
        }
    }

    /// How far the parcel has come: as far as its slowest book. Books that came off the order count only when there is no other.
    pub fn status(&self) -> LineStatus {
        let live = self.live().map(|line| line.status).min();
        // What is still to be done or told comes before what is over.
        let void = || {
            [Recalled, Uncollected].into_iter().find(|end| self.lines.iter().any(|line| line.status == *end))
        };
        live.or_else(void).unwrap_or(Cancelled)
    }

    /// Whether it is still in our or the carrier's hands.
    pub fn is_open(&self) -> bool {
        let status = self.status();
        status.is_live() && !status.with_reader()
    }

    /// Whether the library has cancelled it, and not its reader: it was not paid in time.
    pub fn was_given_up(&self) -> bool {
        self.status() == Cancelled && self.history.last().is_some_and(|last| last.by == By::System)
    }

    /// A cancelled book that is still to be taken out.
    pub fn to_take_out(&self) -> Option<&Line> {
        self.lines.iter().find(|line| line.status == Recalled)
    }

    /// The books that are on their way to the reader, or with them.
    pub fn live(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.status.is_live())
    }

    /// The site whose staff has it on its lists: the one that sends it until it left, then the one that hands it out.
    pub fn working_site(&self) -> Option<&SiteId> {
        match (self.status(), &self.destination) {
            (Reserved | Accepted | Picked | Packed | Recalled, _)
            | (Dispatched, Destination::Site { .. }) => Some(&self.site),
            (Delivering | ReadyForPickup, Destination::Site { site_id }) => Some(site_id),
            // A cancelled book that left all the same has to be looked for.
            (Dispatched | Delivering | ReadyForPickup, Destination::Home)
            | (Delivered | Collected | Cancelled | Uncollected, _) => self.to_take_out().map(|_| &self.site),
        }
    }

    /// The counted place that it takes, if it takes one.
    pub fn place(&self) -> Option<Counted> {
        match &self.destination {
            _ if !self.takes_place => None,
            Destination::Site { site_id } => Some(Counted::Site(site_id.clone())),
            Destination::Home => {
                let (day, from) = self.slot?.place();
                Some(Counted::Slot { division: self.zone.clone()?, day, from })
            }
        }
    }

    /// When the reader got it, if so.
    pub fn handed_over(&self) -> Option<Timestamp> {
        self.history.iter().find(|entry| entry.step.with_reader()).map(|entry| entry.at)
    }

    /// Decides `command` at `now`.
    ///
    /// # Errors
    /// A [`Refusal`] that says what stands in the way; the parcel stays as it is.
    pub fn decide(&self, command: &Command, now: Timestamp) -> Result<Outcome, Refusal> {
        match command {
            Command::Paid { promised_by } => Ok(self.paid(*promised_by)),
            Command::Free => Ok(self.paid(self.promised_by)),
            Command::Lapse => self.lapse(now),
            Command::Accept if self.unpaid && self.status() == Reserved => Err(Refusal::Unpaid),
            Command::Accept => self.advance(LineEvent::Accept, now, None, By::System),
            Command::Sort => self.sort(now),
            Command::Pick { barcode, site } => {
                self.at_site(site, &self.site)?;
                self.scan(barcode, LineEvent::Pick, self.sorted.is_some(), now)
            }
            Command::PrepareBox => self.prepare_box(),
            Command::Pack { barcode, site } => {
                self.at_site(site, &self.site)?;
                self.scan(barcode, LineEvent::Pack, self.boxed.is_some(), now)
            }
            Command::Book(booking) => self.book(booking),
            Command::HandOver { site, waybill } => {
                self.at_site(site, &self.site)?;
                self.still_wanted()?;
                if let Some(line) = self.to_take_out() {
                    return Err(Refusal::TakeOutFirst { barcode: line.barcode.clone() });
                }
                match &self.booking {
                    None if self.status() == Packed => return Err(Refusal::NotBooked),
                    None => return Err(self.too_early()),
                    Some(booking) if waybill.as_ref().is_some_and(|seen| *seen != booking.waybill) => {
                        return Err(Refusal::OldLabel);
                    }
                    Some(_) => {}
                }
                self.advance(LineEvent::HandOver, now, Some(site), By::Staff)
            }
            Command::Depart { site } => {
                self.still_wanted()?;
                self.by_van()?;
                self.at_site(site, &self.site)?;
                self.advance(LineEvent::Depart, now, Some(site), By::Staff)
            }
            Command::Arrive { site, code, keep_until } => self.arrive(site, code, *keep_until, now),
            Command::Collect { site, code } => self.collect(site, code, now),
            Command::Follow(journey) => self.follow(journey, now),
            Command::Cancel { barcodes } => self.cancel(barcodes, By::Reader, now),
            Command::TakeOut { barcode, site } => self.take_out(barcode, site),
            Command::Redirect { destination, zone, slot, promised_by, takes_place } => {
                let to = Parcel {
                    destination: destination.clone(),
                    zone: zone.clone(),
                    slot: *slot,
                    promised_by: *promised_by,
                    takes_place: *takes_place,
                    // A later promise has a clock of its own.
                    warned: self.warned.filter(|_| *promised_by <= self.promised_by),
                    ..self.clone()
                };
                self.redirect(to)
            }
            Command::Reroute { to, takes_place, shut } => self.reroute(to, *takes_place, *shut, now),
            Command::StayBound { shut } => self.stay_bound(*shut, now),
            Command::Keep { until, shut } => self.keep(*until, *shut, now),
            Command::TakeBack { return_no } => self.take_back(return_no),
            Command::Revoke(ticket) => self.revoke(ticket),
            Command::Revoked(ticket) => Ok(self.forget_revoked(ticket)),
            Command::Expire { today } => self.expire(*today, now),
            Command::Warn { level } => Ok(self.warn(*level)),
        }
    }

    /// Nothing more is done for books that came off the order.
    fn still_wanted(&self) -> Result<(), Refusal> {
        match self.status() {
            Recalled | Cancelled => Err(Refusal::Cancelled),
            Uncollected => Err(Refusal::Expired),
            Reserved | Accepted | Picked | Packed | Dispatched | Delivering | ReadyForPickup | Delivered
            | Collected => Ok(()),
        }
    }

    fn sort(&self, now: Timestamp) -> Result<Outcome, Refusal> {
        if self.sorted.is_some() {
            return Ok(Outcome::Already);
        }
        self.still_wanted()?;
        if self.status() < Accepted {
            return Err(self.too_early());
        }
        let mut next = self.clone();
        next.sorted = Some(now);
        // The pick list walks along the shelves.
        next.lines.sort_by(|a, b| a.call_number.cmp(&b.call_number));
        Ok(next.changed())
    }

    fn prepare_box(&self) -> Result<Outcome, Refusal> {
        if self.boxed.is_some() {
            return Ok(Outcome::Already);
        }
        self.still_wanted()?;
        if self.status() < Picked {
            return Err(self.too_early());
        }
        let mut next = self.clone();
        next.boxed = Some(BoxSize::for_books(self.live().count()));
        Ok(next.changed())
    }

    fn book(&self, booking: &Booking) -> Result<Outcome, Refusal> {
        if self.booking.is_some() {
            return Ok(Outcome::Already);
        }
        self.still_wanted()?;
        if self.status() < Packed {
            return Err(self.too_early());
        }
        // Who was asked for another place than where it goes now does not carry it.
        match (booking.carrier, &self.destination) {
            (Carrier::Kuaidi100, Destination::Home) | (Carrier::Van, Destination::Site { .. }) => {}
            (Carrier::Kuaidi100, Destination::Site { .. }) | (Carrier::Van, Destination::Home) => {
                return Err(Refusal::WrongWay);
            }
        }
        let mut next = self.clone();
        next.booking = Some(booking.clone());
        Ok(next.changed())
    }

    fn arrive(
        &self,
        site: &SiteId,
        code: &str,
        keep_until: Date,
        now: Timestamp,
    ) -> Result<Outcome, Refusal> {
        self.still_wanted()?;
        self.at_site(site, self.pickup_site()?)?;
        self.by_van()?;
        // What has arrived was handed over and has left, whether or not somebody scanned it.
        let steps = [(LineEvent::HandOver, now), (LineEvent::Depart, now), (LineEvent::Arrive, now)];
        match self.advance_all(&steps, Some(site), By::Staff)? {
            Outcome::Already => Ok(Outcome::Already),
            Outcome::Changed(mut next) => {
                next.pickup_code = Some(code.to_owned());
                next.keep_until = Some(keep_until);
                Ok(Outcome::Changed(next))
            }
        }
    }

    fn collect(&self, site: &SiteId, code: &str, now: Timestamp) -> Result<Outcome, Refusal> {
        self.still_wanted()?;
        self.at_site(site, self.pickup_site()?)?;
        if self.status() < ReadyForPickup {
            return Err(self.too_early());
        }
        if self.pickup_code.as_deref() != Some(code) {
            return Err(Refusal::WrongCode);
        }
        self.advance(LineEvent::Collect, now, Some(site), By::Reader)
    }

    /// Brings the parcel to where the courier's events say it is. An event of the courier proves the hand-over even when nobody
    /// scanned it; a status never moves back. The courier's clock is believed between our last own step and now, no further: a loan
    /// neither begins before the box was packed nor tomorrow.
    fn follow(&self, journey: &Journey, now: Timestamp) -> Result<Outcome, Refusal> {
        if self.booking.as_ref().is_none_or(|b| b.carrier != Carrier::Kuaidi100) {
            return Err(Refusal::WrongWay);
        }
        self.still_wanted()?;
        let own = self.history.iter().filter(|entry| entry.by != By::Courier).map(|entry| entry.at);
        let ours = own.max().unwrap_or(now);
        let steps: Vec<(LineEvent, Timestamp)> = [
            (LineEvent::HandOver, journey.collected.or(journey.under_way).or(journey.delivered)),
            (LineEvent::Depart, journey.under_way.or(journey.delivered)),
            (LineEvent::Deliver, journey.delivered),
        ]
        .into_iter()
        .filter_map(|(event, at)| at.map(|at| (event, at.max(ours).min(now.max(ours)))))
        .collect();
        self.advance_all(&steps, None, By::Courier)
    }

    /// Moves every line by each of `steps` that it has not made yet, as one change.
    fn advance_all(
        &self,
        steps: &[(LineEvent, Timestamp)],
        place: Option<&SiteId>,
        by: By,
    ) -> Result<Outcome, Refusal> {
        let mut next = self.clone();
        for (event, at) in steps {
            if let Outcome::Changed(moved) = next.advance(*event, *at, place, by)? {
                next = Parcel { version: self.version, ..*moved };
            }
        }
        if next == *self { Ok(Outcome::Already) } else { Ok(next.changed()) }
    }

    /// Nobody comes to a door to which it does not go, or has gone.
    fn take_back(&self, return_no: &ReturnNo) -> Result<Outcome, Refusal> {
        if self.takes_back.as_ref() == Some(return_no) {
            return Ok(Outcome::Already);
        }
        self.still_wanted()?;
        if self.destination != Destination::Home {
            return Err(Refusal::WrongWay);
        }
        if !self.is_open() {
            return Err(self.too_late());
        }
        Ok(Self { takes_back: Some(return_no.clone()), ..self.clone() }.changed())
    }

    /// Moves every line by `event`.
    fn advance(
        &self,
        event: LineEvent,
        at: Timestamp,
        place: Option<&SiteId>,
        by: By,
    ) -> Result<Outcome, Refusal> {
        self.still_wanted()?;
        if self.live().all(|line| line.status.is_past(event)) {
            return Ok(Outcome::Already);
        }
        let mut next = self.clone();
        for line in next.lines.iter_mut().filter(|line| line.status.is_live()) {
            line.status = line.status.after(event).ok_or_else(|| self.too_early())?;
        }
        let step = next.status();
        let arrives = punctuality::is_arrival(step) && punctuality::arrived(self).is_none();
        // A sweep that has not seen it in the meantime takes nothing from its reader.
        if arrives && at > self.promised_by {
            next.break_promise();
        }
        next.history.push(Entry { step, at, place: place.cloned(), by, barcode: None });
        Ok(next.changed())
    }

    /// Moves the one line whose copy was scanned.
    fn scan(
        &self,
        barcode: &Barcode,
        event: LineEvent,
        prepared: bool,
        at: Timestamp,
    ) -> Result<Outcome, Refusal> {
        let mut next = self.clone();
        let line = next.lines.iter_mut().find(|line| line.barcode == *barcode).ok_or(Refusal::WrongParcel)?;
        if line.status.is_void() {
            return Err(Refusal::Cancelled);
        }
        if line.status.is_past(event) {
            return Ok(Outcome::Already);
        }
        if !prepared {
            return Err(self.too_early());
        }
        line.status = line.status.after(event).ok_or_else(|| self.too_early())?;
        let step = line.status;
        next.history.push(Entry {
            step,
            at,
            place: Some(self.site.clone()),
            by: By::Staff,
            barcode: Some(barcode.clone()),
        });
        Ok(next.changed())
    }

    fn changed(mut self) -> Outcome {
        self.version += 1;
        Outcome::Changed(Box::new(self))
    }

    fn too_early(&self) -> Refusal {
        Refusal::TooEarly { status: self.status().as_str() }
    }

    fn too_late(&self) -> Refusal {
        Refusal::TooLate { status: self.status().as_str() }
    }

    #[expect(clippy::unused_self, reason = "reads as a question about the parcel at its call sites")]
    fn at_site(&self, scanned_at: &SiteId, expected: &SiteId) -> Result<(), Refusal> {
        if scanned_at == expected { Ok(()) } else { Err(Refusal::WrongSite { site: expected.clone() }) }
    }

    fn by_van(&self) -> Result<(), Refusal> {
        match &self.booking {
            None => Err(self.too_early()),
            Some(Booking { carrier: Carrier::Van, .. }) => Ok(()),
            Some(Booking { carrier: Carrier::Kuaidi100, .. }) => Err(Refusal::WrongWay),
        }
    }

    fn pickup_site(&self) -> Result<&SiteId, Refusal> {
        match &self.destination {
            Destination::Site { site_id } => Ok(site_id),
            Destination::Home => Err(Refusal::WrongWay),
        }
    }
}

/// An order's status: that of its slowest parcel; parcels that came to nothing count only when there is no other.
pub fn order_status(parcels: &[Parcel]) -> LineStatus {
    // The order of the enum has them last.
    parcels.iter().map(Parcel::status).min().unwrap_or(Reserved)
}

/// The order that a parcel belongs to.
impl Parcel {
    /// Its order's number.
    pub fn order_no(&self) -> &OrderNo {
        &self.at.order_no
    }
}

#[cfg(test)]
mod tests;
