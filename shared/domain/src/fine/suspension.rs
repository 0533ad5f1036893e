//! Days without ordering, where the rules have them instead of money.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Late;
use super::explain::{Day, Why};
use super::lost::later;
use crate::rules::{About, By, Decided, RuleSet};

/// What a late book costs in days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Suspension {
    /// How many.
    pub days: u16,
    /// The last of them: they are counted from the day after the hand-over, and beside those for other books. Missing while the reader has the book.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub until: Option<Date>,
    /// The rule.
    pub by: By,
}

/// Rules that give days instead of money.
#[derive(Debug)]
pub(super) struct Pause {
    days: Decided<u16>,
    cap: Decided<u16>,
}

impl Pause {
    pub(super) fn of(rules: &RuleSet, about: &About<'_>) -> Option<Self> {
        let days = rules.suspension_days(about);
        (days.value > 0).then(|| Self { days, cap: rules.suspension_cap(about) })
    }

    /// A day on which so many intervals fall due, after `before` days were given.
    pub(super) fn give(&self, date: Date, intervals: u32, before: u16) -> (Day, u16) {
        let asked = intervals.saturating_mul(u32::from(self.days.value));
        let room = self.cap.value.saturating_sub(before);
        let (days, by) = match u16::try_from(asked) {
            Ok(asked) if asked <= room => (asked, &self.days.by),
            Ok(_) | Err(_) => (room, &self.cap.by),
        };
        (Day::free(date, Why::Suspension { days }, by), days)
    }

    /// What they come to.
    pub(super) fn in_all(&self, days: u16, late: &Late) -> Option<Suspension> {
        let until = late.back.then(|| later(late.until, days));
        (days > 0).then(|| Suspension { days, until, by: self.days.by.clone() })
    }
}
