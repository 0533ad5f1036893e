//! Holds: the queue for a title that has no free copy.
//!
//! The order of the queue is published: whoever asked first is served first ([`POLICY`]). A reader who has suspended a hold, or who may not
//! have a book at the moment, is passed over and keeps their place. A copy that comes free goes to the first reader in line in the same
//! transaction that frees it, as an order to where that reader wants it.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::account::Account;
use crate::ids::{AddressId, ReaderId, SiteId, TitleId};
use crate::rules::{About, ItemClass, RuleSet};
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
    /// Counts the changes: the condition of every write.
    pub version: u64,
}

/// Why a reader is not given a copy though it is their turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PassedOver {
    /// They have suspended the hold.
    Suspended,
    /// They do not want it any more: the last day is past.
    TooLate,
    /// They have a copy of the title already.
    HasIt,
    /// They have as many books as they may.
    AtLimit,
    /// They are in a pause.
    Banned,
    /// Their card is past its last day.
    CardExpired,
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
        self.resumes.is_none_or(|resumes| resumes <= day) && self.until.is_none_or(|until| day <= until)
    }

    /// Why this reader is passed over today; `None` when the copy is theirs.
    pub fn passed_over(
        &self,
        account: &Account,
        item: ItemClass,
        rules: &RuleSet,
        today: Date,
    ) -> Option<PassedOver> {
        let about = About::card(account.class).at(self.site()).item(item);
        let full = |count: usize, limit: u16| count >= usize::from(limit);
        if self.until.is_some_and(|until| until < today) {
            Some(PassedOver::TooLate)
        } else if !self.waits_on(today) {
            Some(PassedOver::Suspended)
        } else if account.open.contains_key(&self.title_id) {
            Some(PassedOver::HasIt)
        } else if account.expired_on(today).is_some() {
            Some(PassedOver::CardExpired)
        } else if account.ban(rules, today).is_some() {
            Some(PassedOver::Banned)
        } else if full(account.held(), rules.open_items(&about).value)
            || full(account.in_process(), rules.in_process(&about).value)
        {
            Some(PassedOver::AtLimit)
        } else {
            None
        }
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

/// About how many days the one at `place` waits, when `copies` copies go from reader to reader for `loan_days` each: half a loan until the
/// first of them comes back, and a whole one for each round after it. An estimate, and told as one. `None`: no copy will ever come.
pub fn likely_wait(place: u32, copies: u32, loan_days: u16) -> Option<u32> {
    let rounds_before = place.max(1).div_ceil(copies.max(1)).saturating_sub(1);
    let days = u32::from(loan_days);
    (copies > 0).then(|| (days / 2).saturating_add(days.saturating_mul(rounds_before)).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::OpenItem;
    use crate::ids::{Barcode, CardNo, OrderNo};

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

    #[test]
    fn why_a_reader_is_passed_over_is_said() {
        let (rules, today) = (RuleSet::founding(), day("2026-11-24"));
        let waiting = hold(1);
        let mut account = Account::new(waiting.rid.clone(), CardNo::from_serial(1), true);
        let why =
            |hold: &Hold, account: &Account| hold.passed_over(account, ItemClass::Ordinary, &rules, today);
        assert_eq!(why(&waiting, &account), None);
        let until = |date| Hold { until: Some(day(date)), ..waiting.clone() };
        assert_eq!(why(&until("2026-11-23"), &account), Some(PassedOver::TooLate));
        assert_eq!(why(&until("2026-11-24"), &account), None);
        let resumes = Hold { resumes: Some(day("2026-11-25")), ..waiting.clone() };
        assert_eq!(why(&resumes, &account), Some(PassedOver::Suspended));
        let expired = Account { expires: Some(day("2026-11-23")), ..account.clone() };
        assert_eq!(why(&waiting, &expired), Some(PassedOver::CardExpired));
        let banned = Account { uncollected: vec![day("2026-11-20"); 3], ..account.clone() };
        assert_eq!(why(&waiting, &banned), Some(PassedOver::Banned));
        for n in 0..10 {
            let item = OpenItem {
                barcode: Barcode::parse("Y99999").unwrap(),
                order_no: OrderNo::new(Timestamp::UNIX_EPOCH, 1),
                title: String::new(),
                class: ItemClass::Ordinary,
                loan: None,
                returning: None,
            };
            account.open.insert(TitleId::parse(&format!("had{n}")).unwrap(), item);
        }
        assert_eq!(why(&waiting, &account), Some(PassedOver::AtLimit));
        let item = account.open.values().next().unwrap().clone();
        account.open.insert(waiting.title_id.clone(), item);
        assert_eq!(why(&waiting, &account), Some(PassedOver::HasIt));
    }

    #[test]
    fn the_wait_grows_by_a_loan_for_each_round() {
        let waits =
            [(1, 1), (2, 1), (3, 2), (5, 5), (6, 5)].map(|(place, copies)| likely_wait(place, copies, 30));
        assert_eq!(waits, [Some(15), Some(45), Some(45), Some(15), Some(45)]);
        assert_eq!(likely_wait(1, 0, 30), None);
    }
}
