//! What a reader sees of one book's way: 入库 接单 分拣 装箱 出库 配送 送达.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{Barcode, SiteId};
use crate::parcel::{By, Closing, Effect, Line, LineStatus, Parcel};

/// A step as it is shown. `received` comes before any order; the rest are the line's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// 入库.
    Received,
    /// 接单.
    Accepted,
    /// 分拣.
    Picked,
    /// 装箱.
    Packed,
    /// 出库.
    Dispatched,
    /// 配送.
    Delivering,
    /// 送达 at the pickup site.
    ReadyForPickup,
    /// 送达 at the door.
    Delivered,
    /// Collected at the site.
    Collected,
    /// Cancelled by the reader.
    Cancelled,
    /// Left at the site until its time was over.
    Uncollected,
    /// Sent to another site, because its own one is closed.
    Rerouted,
    /// Waits until its site opens: it is closed, and no other has room.
    WaitsForOpening,
    /// Kept for longer at its site, which is closed on some of the days.
    KeptLonger,
    /// It did not come when it was promised.
    PromiseBroken,
}

impl Step {
    /// The step that reaching `status` is; `None` for a bare reservation, which is the order itself.
    pub const fn of(status: LineStatus) -> Option<Self> {
        match status {
            LineStatus::Reserved => None,
            LineStatus::Accepted => Some(Self::Accepted),
            LineStatus::Picked => Some(Self::Picked),
            LineStatus::Packed => Some(Self::Packed),
            LineStatus::Dispatched => Some(Self::Dispatched),
            LineStatus::Delivering => Some(Self::Delivering),
            LineStatus::ReadyForPickup => Some(Self::ReadyForPickup),
            LineStatus::Delivered => Some(Self::Delivered),
            LineStatus::Collected => Some(Self::Collected),
            LineStatus::Recalled | LineStatus::Cancelled => Some(Self::Cancelled),
            LineStatus::Uncollected => Some(Self::Uncollected),
        }
    }

    /// As stored and shown to programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Accepted => "accepted",
            Self::Picked => "picked",
            Self::Packed => "packed",
            Self::Dispatched => "dispatched",
            Self::Delivering => "delivering",
            Self::ReadyForPickup => "ready_for_pickup",
            Self::Delivered => "delivered",
            Self::Collected => "collected",
            Self::Cancelled => "cancelled",
            Self::Uncollected => "uncollected",
            Self::Rerouted => "rerouted",
            Self::WaitsForOpening => "waits_for_opening",
            Self::KeptLonger => "kept_longer",
            Self::PromiseBroken => "promise_broken",
        }
    }

    /// The step that a closing of its site is for a parcel.
    pub const fn of_closing(effect: &Effect) -> Self {
        match effect {
            Effect::Rerouted { .. } => Self::Rerouted,
            Effect::Waits => Self::WaitsForOpening,
            Effect::Kept => Self::KeptLonger,
        }
    }

    /// Whether a parcel makes it once at most.
    pub const fn is_made_once(self) -> bool {
        !matches!(self, Self::Rerouted | Self::WaitsForOpening | Self::KeptLonger)
    }
}

/// One entry of a book's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What happened.
    pub step: Step,
    /// When.
    pub at: Timestamp,
    /// At which site, when it was at one.
    pub place: Option<SiteId>,
    /// Who did it.
    pub by: By,
}

/// The way of one line's book, oldest first.
pub fn of_line(parcel: &Parcel, line: &Line) -> Vec<Entry> {
    let received = Entry {
        step: Step::Received,
        at: line.received.at,
        place: Some(line.received.site.clone()),
        by: By::Staff,
    };
    let concerns = |barcode: &Option<Barcode>| barcode.as_ref().is_none_or(|b| *b == line.barcode);
    // What happens to the rest of the parcel after a book came off it is not that book's way.
    let own = parcel.history.iter().filter(|entry| concerns(&entry.barcode));
    let off = own.clone().position(|entry| entry.step.is_void()).map_or(usize::MAX, |place| place + 1);
    let steps = own.take(off).filter_map(|entry| {
        Some(Entry { step: Step::of(entry.step)?, at: entry.at, place: entry.place.clone(), by: entry.by })
    });
    let mut entries: Vec<Entry> = std::iter::once(received).chain(steps).collect();
    // Clocks of scanners and couriers differ by minutes; the way of a book does not run backwards for it.
    entries.sort_by_key(|entry| entry.step);
    let mut floor = Timestamp::MIN;
    for entry in &mut entries {
        floor = floor.max(entry.at);
        entry.at = floor;
    }
    // A book that came off the order does not go anywhere with the rest.
    let end = entries.last().filter(|_| line.status.is_void()).map_or(Timestamp::MAX, |entry| entry.at);
    for closing in parcel.closings.iter().filter(|closing| closing.at <= end) {
        let after = entries.partition_point(|entry| entry.at <= closing.at);
        entries.insert(after, of_closing(closing));
    }
    entries
}

fn of_closing(closing: &Closing) -> Entry {
    let place = match &closing.effect {
        Effect::Rerouted { to, .. } => Some(to.clone()),
        Effect::Waits | Effect::Kept => None,
    };
    Entry { step: Step::of_closing(&closing.effect), at: closing.at, place, by: By::System }
}

#[cfg(test)]
mod tests;
