//! The cart: the titles that a reader means to order, kept by the library, so that it is the same on every device.
//!
//! A cart promises nothing and reserves nothing. How it is with a line is worked out anew each time by the very look at copies and queue that
//! decides an order. Nor does placing an order write the cart: a line whose title was ordered after it was added counts as gone,
//! and is dropped for good with the next change.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use crate::account::Account;
use crate::ids::{OrderNo, SiteId, TitleId};
use crate::order::{self, Asked, Look, Obstacle, Offer, Place, Target};
use crate::parcel::Destination;
use crate::rules::{About, By, RuleSet};
use crate::slot::Wish;

/// Lines that a cart may have: ten orders' worth, and few enough to be looked at together.
pub const MOST: usize = 50;

/// A reader's cart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cart {
    /// Its lines, in the order in which they were added.
    pub lines: Vec<CartLine>,
    /// Counts the changes: the condition of every write. 0 for one that was never written.
    pub version: u64,
}

/// A title in a cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartLine {
    /// The title.
    pub title_id: TitleId,
    /// When it was added.
    pub added: Timestamp,
}

/// The cart has as many lines as it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cart has at most {} lines", MOST)]
pub struct Full;

impl Cart {
    /// The same cart, ready to be changed and stored in its place.
    #[must_use]
    pub fn next(&self) -> Self {
        Self { version: self.version + 1, ..self.clone() }
    }

    /// When the oldest line was added; `None` for an empty cart.
    pub fn oldest(&self) -> Option<Timestamp> {
        self.lines.iter().map(|line| line.added).min()
    }

    /// With this title at its end. A title that is in it already stays where it is.
    ///
    /// # Errors
    /// [`Full`] when there is no room for another line.
    pub fn put(mut self, title_id: &TitleId, now: Timestamp) -> Result<Self, Full> {
        if self.lines.iter().any(|line| line.title_id == *title_id) {
            return Ok(self);
        }
        if self.lines.len() >= MOST {
            return Err(Full);
        }
        self.lines.push(CartLine { title_id: title_id.clone(), added: now });
        Ok(self)
    }

    /// Without this title, whether it was in it or not.
    #[must_use]
    pub fn remove(mut self, title_id: &TitleId) -> Self {
        self.lines.retain(|line| line.title_id != *title_id);
        self
    }

    /// Without any line.
    #[must_use]
    pub fn emptied(mut self) -> Self {
        self.lines.clear();
        self
    }

    /// Without the lines whose titles were ordered after they were added, given the latest order of each title.
    #[must_use]
    pub fn without_ordered(mut self, ordered: &BTreeMap<TitleId, OrderNo>) -> Self {
        self.lines.retain(|line| {
            // Numbers of orders sort by time; without its chance, a number comes before all of its millisecond.
            ordered.get(&line.title_id).is_none_or(|no| *no < OrderNo::new(line.added, 0))
        });
        self
    }
}

/// How it is with a line: whether its title can be ordered now, and why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LineState {
    /// It can be ordered: more copies are free than readers wait.
    Now {
        /// How many more.
        copies: u32,
    },
    /// No copy is free, or as many readers wait as copies are: it can be queued for.
    Queue {
        /// How many readers wait for it already.
        waiting: u32,
        /// About how many days one who joins them now waits: an estimate.
        likely_days: u32,
    },
    /// The reader has ordered or borrowed it, from before it came into the cart.
    AlreadyHave {
        /// The order that brings or brought it.
        #[schema(value_type = String)]
        order_no: OrderNo,
    },
    /// The reader waits for it already.
    AlreadyWaiting,
    /// It is for use in the library.
    NotLendable {
        /// The rule.
        by: By,
    },
    /// It is worth more than what is sent out.
    TooDear {
        /// What it cost.
        price_fen: u32,
        /// What a book that is sent may have cost.
        cap_fen: u32,
        /// The rule.
        by: By,
    },
    /// The catalogue does not have the title any more.
    Gone,
    /// The library has no copy of it, so that waiting is in vain.
    Never,
}

/// How it is with the title of a line for this reader, as an order of it alone would find it. Where it is to go is not known yet: it is asked as
/// for the door, so that rules of single sites are left out.
pub fn state(
    offer: &Offer,
    account: &Account,
    rules: &RuleSet,
    places: &BTreeMap<SiteId, Place>,
    now: Timestamp,
) -> LineState {
    let target = Target { destination: Destination::Home, zone: None, wish: Wish::default(), obstacle: None };
    let asked = Asked { account, rules, target: &target, if_missing: None, places, now, spread: 0 };
    match order::look(offer, &asked) {
        Ok(Look::Free { copies, .. }) => {
            let copies = u32::try_from(copies.len()).unwrap_or(u32::MAX);
            LineState::Now { copies: copies.saturating_sub(offer.waiting) }
        }
        Ok(Look::Missing(queued)) => queue(queued.place.saturating_sub(1), queued.likely_days),
        Err(obstacle) => obstacle.into(),
    }
}

fn queue(waiting: u32, likely_days: Option<u32>) -> LineState {
    likely_days.map_or(LineState::Never, |likely_days| LineState::Queue { waiting, likely_days })
}

impl From<Obstacle> for LineState {
    fn from(obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::UnknownTitle { .. } => Self::Gone,
            Obstacle::NoCopyAvailable { waiting, likely_days, .. } => queue(waiting, likely_days),
            Obstacle::AlreadyHave { order_no, .. } => Self::AlreadyHave { order_no },
            Obstacle::AlreadyWaiting { .. } => Self::AlreadyWaiting,
            Obstacle::NotLendable { by, .. } => Self::NotLendable { by },
            Obstacle::TooDear { price_fen, cap_fen, by, .. } => Self::TooDear { price_fen, cap_fen, by },
            // What stands against an order, its reader or its destination is no state of a title: the look at one never finds it.
            Obstacle::EmptyOrder
            | Obstacle::TooManyBooks { .. }
            | Obstacle::SameTitleTwice { .. }
            | Obstacle::AvailableNow { .. }
            | Obstacle::LimitReached { .. }
            | Obstacle::TooManyInProcess { .. }
            | Obstacle::TooManyHolds { .. }
            | Obstacle::CardExpired { .. }
            | Obstacle::Paused { .. }
            | Obstacle::UnknownAddress
            | Obstacle::OutOfZone { .. }
            | Obstacle::UnknownSite
            | Obstacle::SiteClosed { .. }
            | Obstacle::SiteFull { .. }
            | Obstacle::DoorCosts { .. }
            | Obstacle::SlotFull { .. }
            | Obstacle::SlotPast { .. }
            | Obstacle::UnknownSlot { .. }
            | Obstacle::SlotsFull { .. } => Self::Never,
        }
    }
}

impl LineState {
    /// What an order of this title would be refused with; `None` for one that can be ordered.
    pub fn obstacle(&self, title_id: &TitleId) -> Option<Obstacle> {
        let title_id = title_id.clone();
        Some(match self {
            Self::Now { .. } => return None,
            Self::Queue { waiting, likely_days } => {
                Obstacle::NoCopyAvailable { title_id, waiting: *waiting, likely_days: Some(*likely_days) }
            }
            Self::AlreadyHave { order_no } => Obstacle::AlreadyHave { title_id, order_no: order_no.clone() },
            Self::AlreadyWaiting => Obstacle::AlreadyWaiting { title_id },
            Self::NotLendable { by } => Obstacle::NotLendable { title_id, by: by.clone() },
            Self::TooDear { price_fen, cap_fen, by } => {
                Obstacle::TooDear { title_id, price_fen: *price_fen, cap_fen: *cap_fen, by: by.clone() }
            }
            Self::Gone => Obstacle::UnknownTitle { title_id },
            Self::Never => Obstacle::NoCopyAvailable { title_id, waiting: 0, likely_days: None },
        })
    }
}

/// How many books the reader may order besides what is ordered and on loan, in one order or several: none while the card is past its last
/// day or the reader is in a pause. Rules of single sites are left out, as in [`state`].
pub fn limit_left(account: &Account, rules: &RuleSet, today: Date) -> u16 {
    if !order::standing(account, rules, today).is_empty() {
        return 0;
    }
    let about = About::card(account.class);
    let left = |most: u16, has: usize| most.saturating_sub(u16::try_from(has).unwrap_or(u16::MAX));
    left(rules.open_items(&about).value, account.held())
        .min(left(rules.in_process(&about).value, account.in_process()))
}

#[cfg(test)]
mod tests;
