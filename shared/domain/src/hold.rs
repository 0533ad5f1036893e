//! Holds: the queue for a title that has no free copy.
//!
//! The order of the queue is published: whoever asked first is served first ([`POLICY`]). A reader who has suspended a hold, or who may not
//! have a book at the moment, is passed over and keeps their place. A copy that comes free goes to the first reader in line in the same
//! transaction that frees it, as an order to where that reader wants it.

mod serving;
mod turn;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use serving::{Outlook, Serving, demand};
pub use turn::{PassedOver, Turn};

use crate::account::Account;
use crate::ids::{AddressId, ReaderId, SiteId, TitleId};
use crate::rules::About;
use crate::slot::Slot;

/// The name under which the queue's order is published.
pub const POLICY: &str = "first_come_first_served";

/// Where a reader wants a book that is not there yet. An address is looked up when the book comes: it may have been mended until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Wherever {
    /// At one of their addresses.
    Home {
        /// Which.
        #[schema(value_type = String)]
        address_id: AddressId,
        /// When: one of `GET /slots`; nothing for as soon as possible. Nobody knows when a book comes that is waited for: a hold has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        slot: Option<Slot>,
    },
    /// At a public site.
    Site {
        /// Which.
        #[schema(value_type = String)]
        site_id: SiteId,
    },
}

impl Wherever {
    /// The same, as soon as possible.
    #[must_use]
    pub fn without_slot(&self) -> Self {
        match self {
            Self::Home { address_id, .. } => Self::Home { address_id: address_id.clone(), slot: None },
            Self::Site { site_id } => Self::Site { site_id: site_id.clone() },
        }
    }

    /// The slot that is chosen.
    pub const fn slot(&self) -> Option<&Slot> {
        match self {
            Self::Home { slot, .. } => slot.as_ref(),
            Self::Site { .. } => None,
        }
    }
}

/// One reader's place in the queue for a title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The title.
    pub title_id: TitleId,
    /// The reader.
    pub rid: ReaderId,
    /// Since when: what the queue is ordered by.
    pub since: Timestamp,
    /// Where the book is to go.
    pub deliver_to: Wherever,
    /// The last day on which the reader wants it; `None` for any.
    pub until: Option<Date>,
    /// The day on which a suspended hold waits again.
    pub resumes: Option<Date>,
    /// Since when the wait is known to be hopeless, and its reader told so; `None` while there is hope ([`Outlook`]).
    pub hopeless: Option<Timestamp>,
    /// Counts the changes: the condition of every write.
    pub version: u64,
}

/// A place in the queue, as a reader is told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Position {
    /// 1 for the next one.
    pub place: u32,
    /// How many wait in all.
    pub waiting: u32,
}

impl Hold {
    /// Whether it waits on `day`: neither suspended nor past.
    pub fn waits_on(&self, day: Date) -> bool {
        self.away_on(day).is_none()
    }

    /// What the rules are asked about for this hold of that reader.
    pub fn about(&self, account: &Account) -> About<'_> {
        About::card(account.class).at(self.site())
    }

    /// The site where the book is to be collected.
    pub fn site(&self) -> Option<&SiteId> {
        match &self.deliver_to {
            Wherever::Home { .. } => None,
            Wherever::Site { site_id } => Some(site_id),
        }
    }
}

/// A reader's place among those who wait, in the queue's order. A suspended one keeps a place, and is not counted before the others.
pub fn position(queue: &[Hold], rid: &ReaderId, today: Date) -> Option<Position> {
    let own = queue.iter().position(|hold| hold.rid == *rid)?;
    let waiting =
        |holds: &[Hold]| holds.iter().filter(|hold| hold.rid != *rid && hold.waits_on(today)).count();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Some(Position {
        place: count(waiting(queue.get(..own)?)).saturating_add(1),
        waiting: count(waiting(queue)).saturating_add(1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn hold(n: u8) -> Hold {
        Hold {
            title_id: TitleId::parse("t").unwrap(),
            rid: ReaderId::parse(&format!("01ARZ3NDEKTSV4RRFFQ69G5F{n:02}")).unwrap(),
            since: Timestamp::UNIX_EPOCH,
            deliver_to: Wherever::Site { site_id: SiteId::parse("S01").unwrap() },
            until: None,
            resumes: None,
            hopeless: None,
            version: 1,
        }
    }

    #[test]
    fn a_suspended_reader_keeps_the_place_and_does_not_hold_up_the_others() {
        let today = day("2026-11-24");
        let mut queue: Vec<Hold> = (1..=3).map(hold).collect();
        if let Some(first) = queue.first_mut() {
            first.resumes = Some(day("2026-12-01"));
        }
        let places = |today| {
            queue.iter().map(|hold| position(&queue, &hold.rid, today).unwrap().place).collect::<Vec<_>>()
        };
        assert_eq!(places(today), [1, 1, 2]);
        assert_eq!(places(day("2026-12-01")), [1, 2, 3]);
        assert_eq!(position(&queue, &hold(9).rid, today), None);
    }
}
