use std::collections::BTreeSet;

use super::*;

const EVENTS: [LineEvent; 12] = [
    LineEvent::Accept,
    LineEvent::Pick,
    LineEvent::Pack,
    LineEvent::HandOver,
    LineEvent::Depart,
    LineEvent::Arrive,
    LineEvent::Deliver,
    LineEvent::Collect,
    LineEvent::Cancel,
    LineEvent::Recall,
    LineEvent::TakeOut,
    LineEvent::Expire,
];

#[test]
fn a_line_moves_only_as_the_table_says() {
    let mut legal = Vec::new();
    for (from, event) in LineStatus::ALL.iter().flat_map(|from| EVENTS.map(|event| (*from, event))) {
        let Some(to) = from.after(event) else { continue };
        legal.push(format!("{} {event:?} {}", from.as_str(), to.as_str()));
        assert!(!from.is_past(event), "{from:?} has {event:?} both before and behind it");
        assert!(to.is_past(event), "{event:?} has led to {to:?}");
        assert!(from < to, "no way leads back");
        assert!(from.is_live() || to == Cancelled, "what came off the order stays off it");
        assert!(!from.with_reader(), "what the reader has stays with the reader");
    }
    assert_eq!(
        legal,
        [
            "reserved Accept accepted",
            "reserved Cancel cancelled",
            "accepted Pick picked",
            "accepted Cancel cancelled",
            "picked Pack packed",
            "picked Recall recalled",
            "packed HandOver dispatched",
            "packed Recall recalled",
            "dispatched Depart delivering",
            "delivering Arrive ready_for_pickup",
            "delivering Deliver delivered",
            "ready_for_pickup Collect collected",
            "ready_for_pickup Expire uncollected",
            "recalled TakeOut cancelled",
        ]
    );
    assert_eq!(legal.len(), TRANSITIONS.len());
}

#[test]
fn every_status_has_its_own_name_and_is_one_of_three_sorts() {
    let names: BTreeSet<&str> = LineStatus::ALL.iter().map(|status| status.as_str()).collect();
    assert_eq!(names.len(), LineStatus::ALL.len());
    for status in LineStatus::ALL {
        assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        assert_ne!(status.is_live(), status.is_void());
        assert!(status.is_live() || !status.with_reader());
    }
}
