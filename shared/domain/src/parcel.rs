//! A parcel: the books of one order that leave one site together. It is the unit of fulfilment: its lines, its history and its
//! version live in one item, so that every step is one conditional write.
//!
//! Each command is decided here. The answer is a changed parcel, "already there" (a repeated message or scan: normal), or a refusal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::copy::Received;
use crate::courier::Journey;
use crate::ids::{Barcode, OrderNo, ParcelRef, SiteId, TitleId, Waybill};

/// How far one book of an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineStatus {
    /// A copy is claimed for it.
    Reserved,
    /// 接单.
    Accepted,
    /// 分拣: taken from its shelf.
    Picked,
    /// 装箱.
    Packed,
    /// 出库: handed to the courier or the van.
    Dispatched,
    /// 配送: on its way.
    Delivering,
    /// 送达, at the pickup site.
    ReadyForPickup,
    /// 送达, at the door: the loan runs.
    Delivered,
    /// Taken at the pickup site: the loan runs.
    Collected,
}

/// What moves a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEvent {
    /// The order is taken on.
    Accept,
    /// A picker scanned the copy.
    Pick,
    /// A packer scanned the copy into its box.
    Pack,
    /// The box was handed to the courier or driver.
    HandOver,
    /// It is under way.
    Depart,
    /// It reached the pickup site.
    Arrive,
    /// It was signed for at the door.
    Deliver,
    /// The reader took it at the site.
    Collect,
}

use LineStatus::{
    Accepted, Collected, Delivered, Delivering, Dispatched, Packed, Picked, ReadyForPickup, Reserved,
};

/// Every legal move of a line: one step at a time, so that no book's way has a gap. Evidence of a later step (a courier's news, a
/// scan at the pickup site) proves the earlier ones and makes them first.
pub const TRANSITIONS: &[(LineStatus, LineEvent, LineStatus)] = &[
    (Reserved, LineEvent::Accept, Accepted),
    (Accepted, LineEvent::Pick, Picked),
    (Picked, LineEvent::Pack, Packed),
    (Packed, LineEvent::HandOver, Dispatched),
    (Dispatched, LineEvent::Depart, Delivering),
    (Delivering, LineEvent::Arrive, ReadyForPickup),
    (Delivering, LineEvent::Deliver, Delivered),
    (ReadyForPickup, LineEvent::Collect, Collected),
];

impl LineStatus {
    /// All of them.
    pub const ALL: [Self; 9] =
        [Reserved, Accepted, Picked, Packed, Dispatched, Delivering, ReadyForPickup, Delivered, Collected];

    /// Where `event` leads from here; `None` when that is no legal move.
    pub fn after(self, event: LineEvent) -> Option<Self> {
        TRANSITIONS.iter().find(|(from, on, _)| *from == self && *on == event).map(|(_, _, to)| *to)
    }

    /// Whether `event` has had its effect already, or a later event has overtaken it.
    fn is_past(self, event: LineEvent) -> bool {
        let goal = match event {
            LineEvent::Accept => Accepted,
            LineEvent::Pick => Picked,
            LineEvent::Pack => Packed,
            LineEvent::HandOver => Dispatched,
            LineEvent::Depart => Delivering,
            LineEvent::Arrive => ReadyForPickup,
            LineEvent::Deliver => return self == Delivered,
            LineEvent::Collect => return self == Collected,
        };
        self >= goal
    }

    /// Whether the reader has the book, so that its loan runs.
    pub const fn with_reader(self) -> bool {
        matches!(self, Delivered | Collected)
    }

    /// As stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reserved => "reserved",
            Accepted => "accepted",
            Picked => "picked",
            Packed => "packed",
            Dispatched => "dispatched",
            Delivering => "delivering",
            ReadyForPickup => "ready_for_pickup",
            Delivered => "delivered",
            Collected => "collected",
        }
    }
}

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
    /// How far it has come.
    pub status: LineStatus,
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
    /// When the reader was told it would arrive.
    pub promised_by: Timestamp,
    /// The version of the rules that the order was decided under.
    pub rules: u32,
    /// How long the loan lasts, in days, by those rules.
    pub loan_days: u16,
    /// The books.
    pub lines: Vec<Line>,
    /// When its books were put on the pick list.
    pub sorted: Option<Timestamp>,
    /// The box it goes into.
    pub boxed: Option<BoxSize>,
    /// Who carries it.
    pub booking: Option<Booking>,
    /// The one-time code that the reader shows at the site.
    pub pickup_code: Option<String>,
    /// What happened, oldest first.
    pub history: Vec<Entry>,
    /// Counts the changes: the condition of every write.
    pub version: u64,
}

/// What is asked of a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
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
}

impl Parcel {
    /// How far the parcel has come: as far as its slowest book.
    pub fn status(&self) -> LineStatus {
        self.lines.iter().map(|line| line.status).min().unwrap_or(Reserved)
    }

    /// Whether it is still in our or the carrier's hands.
    pub fn is_open(&self) -> bool {
        !self.status().with_reader()
    }

    /// The site whose staff has it on its lists: the one that sends it until it left, then the one that hands it out.
    pub fn working_site(&self) -> Option<&SiteId> {
        match (self.status(), &self.destination) {
            (Reserved | Accepted | Picked | Packed, _) | (Dispatched, Destination::Site { .. }) => {
                Some(&self.site)
            }
            (Delivering | ReadyForPickup, Destination::Site { site_id }) => Some(site_id),
            (Dispatched | Delivering | ReadyForPickup, Destination::Home) | (Delivered | Collected, _) => {
                None
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
            Command::HandOver { site } => {
                self.at_site(site, &self.site)?;
                if self.booking.is_none() {
                    return Err(self.too_early());
                }
                self.advance(LineEvent::HandOver, now, Some(site), By::Staff)
            }
            Command::Depart { site } => {
                self.by_van()?;
                self.at_site(site, &self.site)?;
                self.advance(LineEvent::Depart, now, Some(site), By::Staff)
            }
            Command::Arrive { site, code } => self.arrive(site, code, now),
            Command::Collect { site, code } => self.collect(site, code, now),
            Command::Follow(journey) => self.follow(journey, now),
        }
    }

    fn sort(&self, now: Timestamp) -> Result<Outcome, Refusal> {
        if self.sorted.is_some() {
            return Ok(Outcome::Already);
        }
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
        if self.status() < Picked {
            return Err(self.too_early());
        }
        let mut next = self.clone();
        next.boxed = Some(BoxSize::for_books(self.lines.len()));
        Ok(next.changed())
    }

    fn book(&self, booking: &Booking) -> Result<Outcome, Refusal> {
        if self.booking.is_some() {
            return Ok(Outcome::Already);
        }
        if self.status() < Packed {
            return Err(self.too_early());
        }
        let mut next = self.clone();
        next.booking = Some(booking.clone());
        Ok(next.changed())
    }

    fn arrive(&self, site: &SiteId, code: &str, now: Timestamp) -> Result<Outcome, Refusal> {
        self.at_site(site, self.pickup_site()?)?;
        self.by_van()?;
        // What has arrived was handed over and has left, whether or not somebody scanned it.
        let steps = [(LineEvent::HandOver, now), (LineEvent::Depart, now), (LineEvent::Arrive, now)];
        match self.advance_all(&steps, Some(site), By::Staff)? {
            Outcome::Already => Ok(Outcome::Already),
            Outcome::Changed(mut next) => {
                next.pickup_code = Some(code.to_owned());
                Ok(Outcome::Changed(next))
            }
        }
    }

    fn collect(&self, site: &SiteId, code: &str, now: Timestamp) -> Result<Outcome, Refusal> {
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

    /// Moves every line by `event`.
    fn advance(
        &self,
        event: LineEvent,
        at: Timestamp,
        place: Option<&SiteId>,
        by: By,
    ) -> Result<Outcome, Refusal> {
        if self.lines.iter().all(|line| line.status.is_past(event)) {
            return Ok(Outcome::Already);
        }
        let mut next = self.clone();
        for line in &mut next.lines {
            line.status = line.status.after(event).ok_or_else(|| self.too_early())?;
        }
        let step = next.status();
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

/// An order's status: that of its slowest parcel.
pub fn order_status(parcels: &[Parcel]) -> LineStatus {
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
