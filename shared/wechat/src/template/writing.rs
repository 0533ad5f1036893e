//! Texts that fit.

use jiff::Timestamp;
use jiff::civil::Date;
use yujie_domain::time;

use super::kind::{breaks, length};

/// So much stands in a `thing`.
const THING: usize = 20;

/// A text of any length for a `thing`: what cannot be seen and any run of blanks become one blank, and what is longer than 20 characters
/// ends with `…` as the twentieth. It fits, unless nothing is left of it, which is [`Fault::Empty`](super::Fault::Empty).
///
/// A book's title is shortened so. A number, a code or a name is not to be: half of it is wrong.
pub fn shortened(text: &str) -> String {
    let visible = text.replace(breaks, " ");
    let whole = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    if length(&whole) <= THING {
        return whole;
    }
    let mut cut = String::new();
    let mut left = THING - 1;
    for c in whole.chars() {
        match left.checked_sub(c.len_utf16()) {
            Some(less) => left = less,
            None => break,
        }
        cut.push(c);
    }
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

/// An instant in Shanghai for a `time` or a `date`: `2026年9月27日 09:31`.
pub fn moment(at: Timestamp) -> String {
    let local = time::shanghai(at);
    format!("{} {:02}:{:02}", day(local.date()), local.hour(), local.minute())
}

/// A day for a `date`: `2026年9月27日`.
pub fn day(day: Date) -> String {
    format!("{:04}年{}月{}日", day.year(), day.month(), day.day())
}
