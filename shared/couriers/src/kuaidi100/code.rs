//! What the platform's state codes mean.

use crate::{CourierEvent, EventKind};

/// Put into a locker or handed to a station in the reader's stead. Carriers count it as signed for, and so do we, but the book
/// may not be in the reader's hands yet.
const SIGNED_FOR_BY_STATION: &str = "304";

/// The meaning of a state: a basic code (one digit, or 14), an advanced one (three or four), or the name of a basic one, which is
/// all that some carriers give.
///
/// [`EventKind::Unknown`] covers what must change nothing: codes of no table, but also 101 and 102 (ordered, waiting for
/// collection: the carrier does not have the parcel) and customs clearance, where no library parcel ever is.
pub fn meaning(code: &str) -> EventKind {
    match code {
        "1" | "103" | "揽收" | "已揽收" => EventKind::Collected,
        "0" | "1001" | "1002" | "1003" | "7" | "在途" | "转投" => EventKind::InTransit,
        "5" | "派件" => EventKind::OutForDelivery,
        "501" => EventKind::AtPickupPoint,
        "3" | "301" | "302" | "303" | SIGNED_FOR_BY_STATION | "签收" => EventKind::Delivered,
        "204" | "206" => EventKind::FailedAttempt,
        "2" | "201" | "202" | "203" | "205" | "207" | "208" | "209" | "疑难" => EventKind::Problem,
        "6" | "退回" => EventKind::Returning,
        "4" | "14" | "退签" | "拒签" => EventKind::Returned,
        "210" | "401" => EventKind::Cancelled,
        _ => EventKind::Unknown,
    }
}

/// Whether a delivered parcel was left at a locker or station rather than given to a person.
pub fn left_at_station(event: &CourierEvent) -> bool {
    event.kind == EventKind::Delivered && event.code == SIGNED_FOR_BY_STATION
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_code_has_its_meaning() {
        let table: [(EventKind, &[&str]); 11] = [
            (EventKind::Collected, &["1", "103"]),
            (EventKind::InTransit, &["0", "1001", "1002", "1003", "7"]),
            (EventKind::OutForDelivery, &["5"]),
            (EventKind::AtPickupPoint, &["501"]),
            (EventKind::Delivered, &["3", "301", "302", "303", "304"]),
            (EventKind::FailedAttempt, &["204", "206"]),
            (EventKind::Problem, &["2", "201", "202", "203", "205", "207", "208", "209"]),
            (EventKind::Returning, &["6"]),
            (EventKind::Returned, &["4", "14"]),
            (EventKind::Cancelled, &["210", "401"]),
            (EventKind::Unknown, &["", "101", "102", "8", "10", "11", "12", "13", "999", " 3", "03"]),
        ];

        for (kind, codes) in table {
            for code in codes {
                assert_eq!(meaning(code), kind, "{code:?}");
            }
        }
    }
}
