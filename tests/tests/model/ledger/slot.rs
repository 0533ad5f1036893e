//! When parcels are brought to a door.

use super::super::act::{OrderKey, To, When};
use super::super::world::{HOLIDAYS, PER_SLOT, WINDOWS};
use super::{DAY, Ledger, begun, day_of, hour_of, open_day, promised};

/// How many days can be chosen from.
const DAYS: usize = 7;

/// A window of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) day: i64,
    pub(crate) window: usize,
}

impl Slot {
    fn begins(self) -> i64 {
        hour_of(self.day, WINDOWS[self.window].0)
    }

    fn ends(self) -> i64 {
        hour_of(self.day, WINDOWS[self.window].1)
    }
}

/// The slot of what is brought, if it has one, and when it is promised.
pub(crate) type Brought = (Option<Slot>, i64);

impl Ledger {
    /// The slot that somebody means today.
    pub(crate) fn slot(&self, When { days, window }: When) -> Slot {
        Slot { day: self.today() + days, window }
    }

    /// When the first slot may begin: half of the promised time is the library's own.
    fn earliest(&self) -> i64 {
        begun(self.now) + DAY
    }

    /// What can be chosen now, full or not: the slots of seven open days, from the one on which an order is begun with.
    pub(crate) fn slots(&self) -> Vec<Slot> {
        let first = open_day(day_of(begun(self.now)));
        let days = std::iter::successors(Some(first), |day| Some(open_day(day + 1))).take(DAYS);
        let all = days.flat_map(|day| (0..WINDOWS.len()).map(move |window| Slot { day, window }));
        all.filter(|slot| slot.begins() >= self.earliest()).collect()
    }

    /// Whether so many parcels more can be brought there in a slot, when those of `own` order are not counted.
    pub(crate) fn has_room(&self, to: To, slot: Slot, parcels: usize, own: Option<OrderKey>) -> bool {
        let brought = self.parcels.iter().filter(|(key, parcel)| {
            let counted = parcel.takes_place && parcel.to == To::Home && parcel.slot == Some(slot);
            counted && !parcel.stage().is_void() && Some(key.order) != own
        });
        to != To::Home || brought.count() + parcels <= PER_SLOT
    }

    fn first_with_room(&self, to: To, parcels: usize, own: Option<OrderKey>) -> Option<Slot> {
        self.slots().into_iter().find(|slot| self.has_room(to, *slot, parcels, own))
    }

    /// A slot that the reader chose is promised.
    fn chosen(
        &self,
        to: To,
        slot: Slot,
        parcels: usize,
        own: Option<OrderKey>,
    ) -> Result<Brought, &'static str> {
        if self.slots().contains(&slot) {
            return if self.has_room(to, slot, parcels, own) {
                Ok((Some(slot), slot.ends()))
            } else {
                Err("slot_full")
            };
        }
        let is_one = slot.window < WINDOWS.len() && !HOLIDAYS.contains(&slot.day);
        Err(if is_one && slot.begins() < self.earliest() { "slot_past" } else { "unknown_slot" })
    }

    /// When a new order of so many parcels comes. Nothing is promised that the couriers cannot keep.
    pub(crate) fn new_in_slot(
        &self,
        to: To,
        wanted: Option<Slot>,
        parcels: usize,
    ) -> Result<Brought, &'static str> {
        let promised = promised(self.now);
        match (to, wanted) {
            (To::Site(_), _) | (To::Office, None) => Ok((None, promised)),
            (To::Home | To::Office, Some(slot)) => self.chosen(to, slot, parcels, None),
            (To::Home, None) => {
                let latest = self.slots()[0].ends().max(promised);
                let slot = self.first_with_room(to, parcels, None).filter(|slot| slot.ends() <= latest);
                slot.map(|slot| (Some(slot), slot.ends().max(promised))).ok_or("slots_full")
            }
        }
    }

    /// When an order comes that is to go there from now on: in its own slot, while that is possible, and no later than it was promised.
    pub(super) fn slot_of_standing(
        &self,
        order: OrderKey,
        to: To,
        wanted: Option<Slot>,
        parcels: usize,
    ) -> Result<Brought, &'static str> {
        let (own, promised) = (Some(order), self.orders[&order].promised);
        if !to.is_door() {
            return Ok((None, promised));
        }
        if let Some(slot) = wanted {
            return self.chosen(to, slot, parcels, own);
        }
        let kept = self.orders[&order].slot.filter(|slot| slot.ends() > self.now);
        if let Some(slot) = kept.filter(|slot| self.has_room(to, *slot, parcels, own)) {
            return Ok((Some(slot), promised));
        }
        if to != To::Home {
            return Ok((None, promised));
        }
        let slot = self.first_with_room(to, parcels, own).filter(|slot| slot.ends() <= promised);
        slot.map(|slot| (Some(slot), promised)).ok_or("slots_full")
    }

    /// When a copy comes to somebody who waited for it: in the first slot with room, however late; and all the same when there is none.
    pub(super) fn slot_of_gift(&self, to: To) -> Brought {
        let promised = promised(self.now);
        let slot = if to == To::Home { self.first_with_room(to, 1, None) } else { None };
        (slot, slot.map_or(promised, |slot| slot.ends().max(promised)))
    }
}
