//! Orders that are given up, or go elsewhere.

use super::super::act::{OrderKey, ParcelKey, To};
use super::super::world::CAPACITY;
use super::order::counts;
use super::{Answer, Ledger, Slot, Stage};

/// What became of books that were to come off an order.
#[derive(Default)]
pub(super) struct Off {
    pub(super) now: Vec<String>,
    before: Vec<String>,
    too_late: Vec<String>,
}

impl Ledger {
    pub(super) fn parcels_of(&self, order: OrderKey) -> Vec<ParcelKey> {
        self.parcels.keys().filter(|key| key.order == order).copied().collect()
    }

    pub(super) fn cancel(&mut self, reader: u32, order: OrderKey, books: &[&'static str]) -> Answer {
        if self.orders[&order].reader != reader {
            return Err("not_found".to_owned());
        }
        let keys = self.parcels_of(order);
        let all: Vec<&str> =
            keys.iter().flat_map(|key| &self.parcels[key].books).map(|book| book.copy).collect();
        if books.iter().any(|book| !all.contains(book)) {
            return Err("no_such_book".to_owned());
        }
        let off = self.take_off(order, "reader", |copy| books.is_empty() || books.contains(&copy));
        if !off.now.is_empty() {
            self.owe_less(order, off.now.len());
        }
        let Off { mut now, mut before, mut too_late } = off;
        for list in [&mut now, &mut before, &mut too_late] {
            list.sort_unstable();
        }
        if now.is_empty() && !too_late.is_empty() {
            return Err(format!("too_late {too_late:?}"));
        }
        Ok(format!("now {now:?}, before {before:?}, too late {too_late:?}"))
    }

    /// Takes these books off an order: their copies go on, and parcels of which nothing is left go nowhere.
    pub(super) fn take_off(
        &mut self,
        order: OrderKey,
        by: &'static str,
        named: impl Fn(&str) -> bool,
    ) -> Off {
        let (reader, mut off) = (self.orders[&order].reader, Off::default());
        for key in self.parcels_of(order) {
            let mut parcel = self.parcels[&key].clone();
            let late = !parcel.stage().is_void() && parcel.stage() >= Stage::Dispatched;
            let mut freed = Vec::new();
            for book in parcel.books.iter_mut().filter(|book| named(book.copy)) {
                match book.stage {
                    Stage::Cancelled | Stage::Recalled => off.before.push(book.copy.to_owned()),
                    stage if late || stage == Stage::Uncollected => {
                        off.too_late.push(format!("{} {}", book.copy, stage.name()));
                    }
                    stage => {
                        book.stage = if stage < Stage::Picked { Stage::Cancelled } else { Stage::Recalled };
                        parcel.history.push((Stage::Cancelled, self.now, None, by, Some(book.copy)));
                        off.now.push(book.copy.to_owned());
                        freed.push(book.copy);
                    }
                }
            }
            if freed.is_empty() {
                continue;
            }
            if parcel.stage().is_void() {
                parcel.call_off();
            }
            self.forget(reader, &freed);
            for copy in freed {
                let site = self.copies[copy].site;
                self.let_go(copy, site);
            }
            // Its place comes back together with the books: it is not for those who waited for them.
            self.parcels.insert(key, parcel);
            self.touched.parcels.push(key);
        }
        off
    }

    pub(super) fn redirect(&mut self, reader: u32, order: OrderKey, to: To, wanted: Option<Slot>) -> Answer {
        if self.orders[&order].reader != reader {
            return Err("not_found".to_owned());
        }
        let mut keys = self.parcels_of(order);
        keys.retain(|key| !self.parcels[key].stage().is_void());
        if keys.is_empty() {
            return Err("too_late".to_owned());
        }
        // It goes there already, and then: nothing is done.
        let placed = &self.orders[&order];
        if placed.to == to && (!to.is_door() || wanted.is_none() || wanted == placed.slot) {
            return Ok("redirected".to_owned());
        }
        if counts(to) && self.taken("S01") + keys.len() > CAPACITY {
            return Err("site_full".to_owned());
        }
        // What goes to a site is free, and what goes to a door is paid when it is ordered.
        if to.is_door() && !placed.to.is_door() && self.costs_at_door(order) > 0 {
            return Err("door_costs".to_owned());
        }
        let (slot, promised) = self.slot_of_standing(order, to, wanted, keys.len())?;
        if keys.iter().any(|key| self.parcels[key].stage() >= Stage::Dispatched) {
            return Err("too_late".to_owned());
        }
        for key in keys {
            self.parcels.get_mut(&key).unwrap().send_to((to, slot), promised);
            self.touched.parcels.push(key);
        }
        let placed = self.orders.get_mut(&order).unwrap();
        (placed.to, placed.slot, placed.promised) = (to, slot, promised);
        if !to.is_door() {
            placed.fee = 0;
            self.owe_nothing(order);
        }
        Ok("redirected".to_owned())
    }
}
