//! When a reader who orders a title now can expect it.

use jiff::civil::Date;
use jiff::{Span, Timestamp};

use crate::rules::{About, RuleSet};
use crate::time;

/// When a copy can be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// Now.
    Free,
    /// It is ordered or on loan, and is due back on this day.
    BackOn(Date),
}

/// When a title can arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// A copy is free: by this instant, as an order placed now is promised.
    Now(Timestamp),
    /// All copies are out: about this day, when the first one comes back in time and is sent on. An estimate, not a promise.
    About(Date),
    /// The library has no copy.
    Never,
}

/// Estimates from the outlooks of all copies. A copy that is overdue is expected tomorrow at the earliest; the day after a return it can be
/// sent.
pub fn estimate(copies: &[Outlook], now: Timestamp, rules: &RuleSet) -> Arrival {
    let about = About::default();
    let hours = rules.promise_hours(&about).value;
    if copies.contains(&Outlook::Free) {
        return Arrival::Now(time::promised_by(
            now,
            rules.cut_off(&about).value,
            rules.opening(&about).value,
            hours,
            |day| rules.open_day_from(day),
        ));
    }
    let tomorrow = after(time::day(now), 1);
    let first_back = copies.iter().filter_map(|copy| match copy {
        Outlook::Free => None,
        Outlook::BackOn(day) => Some((*day).max(tomorrow)),
    });
    first_back
        .min()
        .map_or(Arrival::Never, |back| Arrival::About(after(back, 1 + i64::from(hours.div_ceil(24)))))
}

fn after(day: Date, days: i64) -> Date {
    day.checked_add(Span::new().days(days)).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_copy_arrives_as_promised_and_one_on_loan_after_it_is_back() {
        let rules = RuleSet::founding();
        let now: Timestamp = "2026-11-23T10:00:00+08:00".parse().unwrap();
        let back = |day: &str| Outlook::BackOn(day.parse().unwrap());
        let about = |day: &str| Arrival::About(day.parse().unwrap());

        assert_eq!(
            estimate(&[back("2026-12-01"), Outlook::Free], now, &rules),
            Arrival::Now("2026-11-25T10:00:00+08:00".parse().unwrap())
        );
        assert_eq!(estimate(&[back("2026-12-10"), back("2026-12-01")], now, &rules), about("2026-12-04"));
        assert_eq!(
            estimate(&[back("2026-11-01")], now, &rules),
            about("2026-11-27"),
            "overdue: not before tomorrow"
        );
        assert_eq!(estimate(&[], now, &rules), Arrival::Never);
    }
}
