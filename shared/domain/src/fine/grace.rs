//! Days of grace, and the intervals that overdue days are counted in. Days that are free do not come here: they count for neither.

use super::terms::Terms;
use crate::rules::ChargedAt;

/// What a day comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It is one of grace.
    Grace,
    /// It is not the day of its interval on which that is charged.
    Between,
    /// So many intervals are charged on it: one, or on the first day after the grace all that lie in it as well.
    Due(u32),
}

/// Counts overdue days.
#[derive(Debug)]
pub(super) struct Count {
    grace: u32,
    grace_charged: bool,
    interval: u32,
    charged: ChargedAt,
    days: u32,
}

impl Count {
    pub(super) fn of(terms: &Terms) -> Self {
        Self {
            grace: u32::from(terms.grace_days.value),
            grace_charged: terms.grace_charged,
            // A rule set of less is refused; one that was written past that check must not stop everybody's fines.
            interval: u32::from(terms.fine_interval.value.max(1)),
            charged: terms.fine_charged,
            days: 0,
        }
    }

    /// Takes the next day.
    pub(super) fn next_day(&mut self) -> Step {
        let before = self.intervals();
        self.days = self.days.saturating_add(1);
        match self.intervals().saturating_sub(before) {
            _ if self.days <= self.grace => Step::Grace,
            0 => Step::Between,
            due => Step::Due(due),
        }
    }

    /// How many intervals are charged for the days so far.
    fn intervals(&self) -> u32 {
        if self.days <= self.grace {
            return 0;
        }
        let counted = if self.grace_charged { self.days } else { self.days.saturating_sub(self.grace) };
        match self.charged {
            ChargedAt::Start => counted.div_ceil(self.interval),
            ChargedAt::End => counted / self.interval,
        }
    }
}
