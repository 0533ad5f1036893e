//! Which copies of a title serve a reader, and how long one waits for them: the same for a quote, a cart, a place in a queue, its
//! outlook, and for a loan that others wait for.

use std::collections::BTreeMap;

use crate::copy::Copy;
use crate::ids::SiteId;
use crate::order::{self, Obstacle, Place};
use crate::renewal::Demand;
use crate::rules::{About, ItemClass, RuleSet};

/// The copies of a title that serve a reader who wants it at some place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serving<'c, 'a> {
    /// Those that are lent and sent there, free or not.
    pub lent: Vec<&'c Copy>,
    /// Why another one is not.
    pub refused: Option<Obstacle>,
    about: About<'a>,
}

impl<'c, 'a> Serving<'c, 'a> {
    /// Of these copies, for the reader and the place that `about` says.
    pub fn of(copies: &'c [Copy], rules: &RuleSet, about: &About<'a>) -> Self {
        let mut serving = Self { lent: Vec::new(), refused: None, about: *about };
        for copy in copies {
            match order::may_go(copy, rules, about) {
                Ok(()) => serving.lent.push(copy),
                Err(obstacle) => serving.refused = Some(obstacle),
            }
        }
        serving
    }

    /// Those that can be sent now.
    pub fn free(&self, places: &BTreeMap<SiteId, Place>) -> Vec<&'c Copy> {
        self.lent.iter().copied().filter(|copy| order::is_free(copy, places)).collect()
    }

    /// What the wait at `place` of the queue for them comes to. Where classes of items are lent for different times, it is counted in the longest.
    pub fn outlook(&self, place: u32, rules: &RuleSet) -> Outlook {
        let days = |class: ItemClass| rules.loan_days(&self.about.item(class)).value;
        let longest = self.lent.iter().map(|copy| days(copy.class)).max().unwrap_or_default();
        let copies = u32::try_from(self.lent.len()).unwrap_or(u32::MAX);
        let likely_days = likely_wait(place, copies, longest);
        let most = u32::from(rules.hopeless_days(&self.about).value);
        Outlook { likely_days, hopeless: likely_days.is_none_or(|days| days > most) }
    }
}

/// What a wait comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    /// About how many days it is; `None` when no copy will ever come.
    pub likely_days: Option<u32>,
    /// Whether it is longer than the rules call reasonable, or without end: then the reader is offered something else.
    pub hopeless: bool,
}

/// About how many days the one at `place` waits, when `copies` copies go from reader to reader for `loan_days` each: half a loan until the
/// first of them comes back, and a whole one for each round after it. An estimate, and told as one. `None`: no copy will ever come.
fn likely_wait(place: u32, copies: u32, loan_days: u16) -> Option<u32> {
    let rounds_before = place.max(1).div_ceil(copies.max(1)).saturating_sub(1);
    let days = u32::from(loan_days);
    (copies > 0).then(|| (days / 2).saturating_add(days.saturating_mul(rounds_before)).max(1))
}

/// Who waits for a title, in the queue's order, and how many of them a copy serves that is free now. As when one comes free, each takes the first
/// that serves them.
pub fn demand(
    waiting: &[About<'_>],
    copies: &[Copy],
    places: &BTreeMap<SiteId, Place>,
    rules: &RuleSet,
) -> Demand {
    let mut free: Vec<&Copy> = copies.iter().filter(|copy| order::is_free(copy, places)).collect();
    let mut served = 0_u32;
    for about in waiting {
        if let Some(first) = free.iter().position(|copy| order::may_go(copy, rules, about).is_ok()) {
            free.remove(first);
            served = served.saturating_add(1);
        }
    }
    Demand { waiting: u32::try_from(waiting.len()).unwrap_or(u32::MAX), free: served }
}

#[cfg(test)]
mod tests;
