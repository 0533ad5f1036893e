//! Points for a book that comes back in time: what reading places give instead of taking something.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::rules::{About, Decided, RuleSet};
use crate::time;

/// The points for a book that was due on `due` and handed over at `back`; `about` names the site where it was. `None` when it came late, or
/// there are none for it. The last day is in time to its last second.
pub fn on_time(due: Date, back: Timestamp, rules: &RuleSet, about: &About<'_>) -> Option<Decided<u16>> {
    let points = rules.on_time_points(about);
    (time::day(back) <= due && points.value > 0).then_some(points)
}
