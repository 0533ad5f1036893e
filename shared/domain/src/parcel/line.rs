//! How far one book of an order has come, and what moves it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
    /// Cancelled when it was off its shelf already: its copy is released, and staff has to take it out before the box may go.
    Recalled,
    /// Cancelled by the reader.
    Cancelled,
    /// Left at the pickup site until its time was over.
    Uncollected,
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
    /// The reader does not want it any more, and it is on its shelf.
    Cancel,
    /// The reader does not want it any more, and it is off its shelf.
    Recall,
    /// Staff took a recalled book out.
    TakeOut,
    /// It was not collected in time.
    Expire,
}

use LineStatus::{
    Accepted, Cancelled, Collected, Delivered, Delivering, Dispatched, Packed, Picked, ReadyForPickup,
    Recalled, Reserved, Uncollected,
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
    (Reserved, LineEvent::Cancel, Cancelled),
    (Accepted, LineEvent::Cancel, Cancelled),
    (Picked, LineEvent::Recall, Recalled),
    (Packed, LineEvent::Recall, Recalled),
    (Recalled, LineEvent::TakeOut, Cancelled),
    (ReadyForPickup, LineEvent::Expire, Uncollected),
];

impl LineStatus {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Reserved,
        Accepted,
        Picked,
        Packed,
        Dispatched,
        Delivering,
        ReadyForPickup,
        Delivered,
        Collected,
        Recalled,
        Cancelled,
        Uncollected,
    ];

    /// Where `event` leads from here; `None` when that is no legal move.
    pub fn after(self, event: LineEvent) -> Option<Self> {
        TRANSITIONS.iter().find(|(from, on, _)| *from == self && *on == event).map(|(_, _, to)| *to)
    }

    /// Whether `event` has had its effect already, or a later event has overtaken it.
    pub(super) fn is_past(self, event: LineEvent) -> bool {
        let goal = match event {
            LineEvent::Accept => Accepted,
            LineEvent::Pick => Picked,
            LineEvent::Pack => Packed,
            LineEvent::HandOver => Dispatched,
            LineEvent::Depart => Delivering,
            LineEvent::Arrive => ReadyForPickup,
            LineEvent::Deliver => Delivered,
            LineEvent::Collect => Collected,
            LineEvent::Cancel | LineEvent::Recall => return self.is_void(),
            LineEvent::TakeOut => return self == Cancelled,
            LineEvent::Expire => return self == Uncollected,
        };
        match goal {
            // There are two ways to the reader, and each ends in its own step.
            Delivered | Collected => self == goal,
            Reserved | Accepted | Picked | Packed | Dispatched | Delivering | ReadyForPickup | Recalled
            | Cancelled | Uncollected => self >= goal,
        }
    }

    /// Whether the book came off the order, so that nothing more happens to it for this reader.
    pub const fn is_void(self) -> bool {
        matches!(self, Recalled | Cancelled | Uncollected)
    }

    /// Whether a copy is claimed for it, on its way or at its reader's.
    pub const fn is_live(self) -> bool {
        !self.is_void()
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
            Recalled => "recalled",
            Cancelled => "cancelled",
            Uncollected => "uncollected",
        }
    }
}
