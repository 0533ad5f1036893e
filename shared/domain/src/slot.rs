//! Slots: the windows of a day in which parcels are brought to the door. How many parcels of a division fit into one is a rule of its
//! [zone](crate::rules::Zone).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::Invalid;
use crate::order::Obstacle;
use crate::rules::{About, RuleSet, Zone};
use crate::time;

/// Days whose slots can be chosen: open ones, from the one on which the handling of an order begins.
const DAYS_AHEAD: usize = 7;
/// Slots that are named as a way out, at most.
const NAMED: usize = 6;

/// A stretch of each day in which parcels are delivered, by Shanghai's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// When it begins: a whole minute.
    #[schema(value_type = String, example = "09:00:00")]
    pub from: Time,
    /// When it is over: a whole minute.
    #[schema(value_type = String, example = "12:00:00")]
    pub until: Time,
}

/// A window of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// The day, in Shanghai.
    #[schema(value_type = String, format = Date)]
    pub day: Date,
    /// When it begins.
    #[schema(value_type = String, example = "09:00:00")]
    pub from: Time,
    /// When it is over.
    #[schema(value_type = String, example = "12:00:00")]
    pub until: Time,
}

impl Slot {
    /// When it begins.
    pub fn begins(&self) -> Timestamp {
        time::instant(self.day.to_datetime(self.from)).unwrap_or(Timestamp::MAX)
    }

    /// When it is over.
    pub fn ends(&self) -> Timestamp {
        time::instant(self.day.to_datetime(self.until)).unwrap_or(Timestamp::MAX)
    }

    /// What its counted places go by: slots that begin together are one, however long the rules of the day have them.
    pub const fn place(&self) -> (Date, Time) {
        (self.day, self.from)
    }
}

/// How many places of a division are taken in each slot, by [`Slot::place`]; what is not there has all its places.
pub type Taken = BTreeMap<(Date, Time), u16>;

/// A slot that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotOffer {
    /// The slot.
    pub slot: Slot,
    /// How many parcels it takes yet; `None` when they are not counted.
    pub free: Option<u16>,
}

impl SlotOffer {
    /// Whether it takes so many parcels.
    pub fn takes(&self, parcels: u16) -> bool {
        self.free.is_none_or(|free| free >= parcels)
    }
}

/// What decides about the slot of a delivery, besides the rules and the time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// The slot that the reader chose.
    pub chosen: Option<Slot>,
    /// The slot that the parcels have already: when nothing else is chosen they stay in it if they can.
    pub kept: Option<Slot>,
    /// What is taken of the division's places, without the parcels' own.
    pub taken: Taken,
    /// The reader has waited for the book: it comes even when every slot is full.
    pub at_any_rate: bool,
    /// An order that stands: what it was promised moves only when the reader chooses so.
    pub bound: bool,
}

/// When parcels are delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// The slot; `None`: as soon as possible.
    pub slot: Option<Slot>,
    /// How many places the division has in it, when each parcel takes one of them.
    pub per_slot: Option<u16>,
    /// By when everything will have arrived.
    pub promised_by: Timestamp,
}

/// When the first slot may begin of what is ordered at `now`. Half of the promised time is the library's, counted as the promise is, from the
/// order or from the next morning after the day's cut-off: after it staff are warned that a box has not left. The courier has the other half, so
/// that slots which begin in it lie within the promise.
fn earliest(rules: &RuleSet, about: &About<'_>, now: Timestamp) -> Timestamp {
    let half = SignedDuration::from_mins(i64::from(rules.promise_hours(about).value) * 30);
    let begins = handling(rules, about, now);
    begins.checked_add(half).unwrap_or(begins)
}

/// When an order is worked on.
fn handling(rules: &RuleSet, about: &About<'_>, now: Timestamp) -> Timestamp {
    let (cut_off, opening) = (rules.cut_off(about).value, rules.opening(about).value);
    time::handling_from(now, cut_off, opening, |day| rules.open_day_from(day))
}

/// The slots that can be chosen for what is ordered at `now`, in their order, full ones among them: those of seven days on which the library is
/// open, as far as they leave it the time to get the books ready.
pub fn slots(
    rules: &RuleSet,
    about: &About<'_>,
    zone: &Zone,
    taken: &Taken,
    now: Timestamp,
) -> Vec<SlotOffer> {
    let earliest = earliest(rules, about, now);
    let first = rules.open_day_from(time::day(handling(rules, about, now)));
    let days =
        std::iter::successors(Some(first), |day| day.tomorrow().ok().map(|next| rules.open_day_from(next)));
    let free = |slot: &Slot| {
        zone.per_slot.map(|most| most.saturating_sub(taken.get(&slot.place()).copied().unwrap_or_default()))
    };
    days.take(DAYS_AHEAD)
        .flat_map(|day| rules.windows().iter().map(move |window| window.on(day)))
        .filter(|slot| slot.begins() >= earliest)
        .map(|slot| SlotOffer { free: free(&slot), slot })
        .collect()
}

/// Decides when `parcels` are delivered that are ordered at `now` and would be promised by `promised`.
///
/// A chosen slot promises its end. What chose none is promised as ever and goes as soon as possible: where places are counted, in the first
/// slot that has one, of those that end in time. When a rule leaves no slot in time, the first one is; then its end is promised.
///
/// # Errors
/// The obstacle that there is no such slot, or no place in it, or none in time.
pub fn settle(
    rules: &RuleSet,
    about: &About<'_>,
    zone: &Zone,
    wish: &Wish,
    (now, parcels, promised): (Timestamp, u16, Timestamp),
) -> Result<Settled, Obstacle> {
    let offers = slots(rules, about, zone, &wish.taken, now);
    let mut room = offers.iter().filter(|offer| offer.takes(parcels)).map(|offer| offer.slot);
    let named = || offers.iter().filter(|offer| offer.takes(parcels)).map(|offer| offer.slot).take(NAMED);
    let settled = |slot: Slot, promised_by: Timestamp| Settled {
        slot: Some(slot),
        per_slot: zone.per_slot,
        promised_by,
    };
    if let Some(slot) = wish.chosen {
        let slots = named().collect();
        return match offers.iter().find(|offer| offer.slot == slot) {
            Some(offer) if offer.takes(parcels) => Ok(settled(slot, slot.ends())),
            Some(offer) => {
                let (per_slot, free) = (zone.per_slot.unwrap_or_default(), offer.free.unwrap_or_default());
                Err(Obstacle::SlotFull { slot, per_slot, free, slots })
            }
            None if rules.has(&slot) && slot.begins() < earliest(rules, about, now) => {
                Err(Obstacle::SlotPast { slot, slots })
            }
            None => Err(Obstacle::UnknownSlot { slot, slots }),
        };
    }
    if let Some(slot) = wish.kept.filter(|slot| slot.ends() > now) {
        let taken = wish.taken.get(&slot.place()).copied().unwrap_or_default();
        if zone.per_slot.is_none_or(|most| most.saturating_sub(taken) >= parcels) {
            return Ok(settled(slot, promised));
        }
    }
    let Some(per_slot) = zone.per_slot else {
        return Ok(Settled { slot: None, per_slot: None, promised_by: promised });
    };
    // A new order is promised the first slot, when that is later; one that stands keeps what it was promised.
    let first = offers.first().filter(|_| !wish.bound);
    let in_time = first.map_or(promised, |first| first.slot.ends().max(promised));
    match room.next() {
        Some(slot) if slot.ends() <= in_time || wish.at_any_rate => {
            Ok(settled(slot, slot.ends().max(promised)))
        }
        None if wish.at_any_rate => Ok(Settled { slot: None, per_slot: None, promised_by: promised }),
        next => Err(Obstacle::SlotsFull {
            division: zone.division.clone(),
            per_slot,
            next,
            slots: named().collect(),
        }),
    }
}

impl Window {
    /// The windows that the library was founded with: the morning, the afternoon, and after work.
    pub const FOUNDING: &[Self] = &[Self::hours(9, 12), Self::hours(12, 18), Self::hours(18, 21)];

    const fn hours(from: i8, until: i8) -> Self {
        Self { from: Time::constant(from, 0, 0, 0), until: Time::constant(until, 0, 0, 0) }
    }

    /// The slot that it is on a day.
    pub const fn on(&self, day: Date) -> Slot {
        Slot { day, from: self.from, until: self.until }
    }
}

/// As it is stored: `2026-11-25T09:00/12:00`. It is a fifth of the object's size, and a parcel has to be small.
impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, until) = (self.from, self.until);
        let (h, m) = (from.hour(), from.minute());
        write!(f, "{}T{h:02}:{m:02}/{:02}:{:02}", self.day, until.hour(), until.minute())
    }
}

impl FromStr for Slot {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let parsed = || {
            let (day, window) = text.split_once('T')?;
            let (from, until) = window.split_once('/')?;
            Some(Self { day: day.parse().ok()?, from: from.parse().ok()?, until: until.parse().ok()? })
        };
        parsed().ok_or_else(|| Invalid::new("slot", "a slot is written like 2026-11-25T09:00/12:00"))
    }
}

#[cfg(test)]
mod tests;
