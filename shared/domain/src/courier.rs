//! What couriers tell, in one taxonomy for all carriers, and what a parcel's full set of events says about it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What happened to a parcel on the road, whatever the carrier calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EventKind {
    /// The courier has the parcel.
    Collected,
    /// It moves between depots.
    InTransit,
    /// On the way to the door.
    OutForDelivery,
    /// Put into a locker or a station: not yet in the reader's hands.
    AtPickupPoint,
    /// Signed for.
    Delivered,
    /// A delivery attempt failed.
    FailedAttempt,
    /// Delay, damage or another fault that has a person to look at it.
    Problem,
    /// On its way back to the library.
    Returning,
    /// Back at the library.
    Returned,
    /// The courier cancelled the booking.
    Cancelled,
    /// A code that no table knows: kept, changes nothing.
    Unknown,
}

/// One event of one parcel.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CourierEvent {
    /// When it happened, by the carrier's clock.
    pub at: Timestamp,
    /// Its meaning.
    pub kind: EventKind,
    /// The carrier's own code.
    pub code: String,
    /// The carrier's text.
    pub text: String,
    /// Where, when the carrier says so.
    pub place: Option<String>,
}

impl std::fmt::Debug for CourierEvent {
    /// Without the carrier's text, which may name the courier and a phone.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CourierEvent({:?} {} at {})", self.kind, self.code, self.at)
    }
}

/// What all events of a parcel together say. The order in which they arrived plays no part: every permutation, with any event
/// repeated, gives the same value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Journey {
    /// When the courier first had it.
    pub collected: Option<Timestamp>,
    /// When it first was on its way.
    pub under_way: Option<Timestamp>,
    /// When it was signed for: the first signature counts, and nothing later takes it back.
    pub delivered: Option<Timestamp>,
}

impl Journey {
    /// Reads the events, in any order.
    pub fn of(events: &[CourierEvent]) -> Self {
        let first =
            |wanted: &[EventKind]| events.iter().filter(|e| wanted.contains(&e.kind)).map(|e| e.at).min();
        Self {
            collected: first(&[EventKind::Collected]),
            under_way: first(&[
                EventKind::InTransit,
                EventKind::OutForDelivery,
                EventKind::AtPickupPoint,
                EventKind::FailedAttempt,
            ]),
            delivered: first(&[EventKind::Delivered]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(second: i64, kind: EventKind) -> CourierEvent {
        CourierEvent {
            at: Timestamp::from_second(second).unwrap(),
            kind,
            code: String::new(),
            text: String::new(),
            place: None,
        }
    }

    /// Heap's algorithm: every order of `items`.
    fn permutations<T: Clone>(items: &mut Vec<T>, k: usize, visit: &mut impl FnMut(&[T])) {
        if k <= 1 {
            visit(items);
            return;
        }
        for i in 0..k {
            permutations(items, k - 1, visit);
            items.swap(if k.is_multiple_of(2) { i } else { 0 }, k - 1);
        }
    }

    #[test]
    fn seven_events_in_all_5040_orders_each_doubled_tell_one_journey() {
        let mut events = vec![
            event(10, EventKind::Collected),
            event(20, EventKind::InTransit),
            event(30, EventKind::OutForDelivery),
            event(35, EventKind::FailedAttempt),
            event(40, EventKind::OutForDelivery),
            event(50, EventKind::Delivered),
            event(60, EventKind::Unknown),
        ];
        let expected = Journey::of(&events);
        assert_eq!(expected.delivered, Some(Timestamp::from_second(50).unwrap()));
        let mut seen = 0;

        permutations(&mut events, 7, &mut |order| {
            let doubled: Vec<CourierEvent> = order.iter().flat_map(|e| [e.clone(), e.clone()]).collect();
            assert_eq!(Journey::of(&doubled), expected);
            seen += 1;
        });

        assert_eq!(seen, 5040);
    }
}
