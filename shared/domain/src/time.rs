//! Library time: instants are UTC on the wire, every rule counts in Shanghai calendar days.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// China has had one offset and no daylight saving time since 1991, so no time zone database is linked.
const SHANGHAI: Offset = Offset::constant(8);

/// The wall clock in Shanghai at `at`.
pub fn shanghai(at: Timestamp) -> DateTime {
    SHANGHAI.to_datetime(at)
}

/// The Shanghai calendar day of `at`.
pub fn day(at: Timestamp) -> Date {
    shanghai(at).date()
}

/// The instant of a Shanghai wall-clock time; `None` only outside the years that a timestamp can hold.
pub fn instant(local: DateTime) -> Option<Timestamp> {
    SHANGHAI.to_timestamp(local).ok()
}

/// When an order placed at `placed` is begun with: at once when that is before the day's cut-off, else in the next morning at `opening`.
/// `open_day` gives a day or the first one after it on which the library is open.
pub fn handling_from(
    placed: Timestamp,
    cut_off: Time,
    opening: Time,
    open_day: impl Fn(Date) -> Date,
) -> Timestamp {
    let local = shanghai(placed);
    let today = local.date();
    if local.time() < cut_off && open_day(today) == today {
        return placed;
    }
    today.tomorrow().ok().and_then(|next| instant(open_day(next).to_datetime(opening))).unwrap_or(placed)
}

/// When an order placed at `placed` is promised to arrive: 48 hours (or what the rules say) from when it is begun with. The clock neither
/// starts nor ends on a day on which the library is closed.
pub fn promised_by(
    placed: Timestamp,
    cut_off: Time,
    opening: Time,
    hours: u16,
    open_day: impl Fn(Date) -> Date,
) -> Timestamp {
    let start = handling_from(placed, cut_off, opening, &open_day);
    let end = start.checked_add(SignedDuration::from_hours(i64::from(hours))).unwrap_or(start);
    let (last, first_open) = (day(end), open_day(day(end)));
    if last == first_open {
        return end;
    }
    instant(first_open.to_datetime(shanghai(end).time())).unwrap_or(end)
}

/// The last day of a loan that begins at `since` and lasts `days`: the book may still come back at any hour of that day.
pub fn due(since: Timestamp, days: u16) -> Date {
    let first = day(since);
    first.checked_add(jiff::Span::new().days(i64::from(days))).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_promise_counts_from_the_order_until_the_cut_off() {
        let promise = |placed| {
            let (cut_off, opening) = (Time::constant(16, 0, 0, 0), Time::constant(9, 0, 0, 0));
            // The library is closed over the new year.
            let open =
                |day: Date| if day == Date::constant(2027, 1, 1) { day.tomorrow().unwrap() } else { day };
            promised_by(at(placed), cut_off, opening, 48, open).to_string()
        };

        assert_eq!(promise("2026-11-23T15:59:59+08:00"), "2026-11-25T07:59:59Z");
        assert_eq!(promise("2026-11-23T16:00:00+08:00"), "2026-11-26T01:00:00Z");
        assert_eq!(promise("2026-12-31T23:00:00+08:00"), "2027-01-04T01:00:00Z", "from the 2nd on");
        assert_eq!(promise("2027-01-01T10:00:00+08:00"), "2027-01-04T01:00:00Z", "as before the closed day");
        assert_eq!(promise("2026-12-30T10:00:00+08:00"), "2027-01-02T02:00:00Z", "not on the closed day");
    }

    #[test]
    fn a_loan_is_counted_in_shanghai_days() {
        assert_eq!(due(at("2026-11-23T15:59:59Z"), 30), Date::constant(2026, 12, 23)); // 23:59:59 on the 23rd
        assert_eq!(due(at("2026-11-23T16:00:00Z"), 30), Date::constant(2026, 12, 24)); // 00:00 on the 24th
        assert_eq!(due(at("2028-01-30T04:00:00Z"), 30), Date::constant(2028, 2, 29));
    }
}
