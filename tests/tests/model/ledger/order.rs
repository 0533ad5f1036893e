//! Orders that readers place.

use std::collections::BTreeSet;

use super::super::act::{Missing, ParcelKey, To};
use super::super::world::{BOOKS_PER_ORDER, CAPACITY, HOLDS, IN_PROCESS, NO_TITLE, OPEN_ITEMS, SITES};
use super::{Answer, Chosen, Hold, Item, Ledger, Order, Parcel, Payment, Slot};

/// Codes are told together, in the order of the alphabet.
pub(crate) fn all_codes(mut codes: Vec<&str>) -> String {
    codes.sort_unstable();
    codes.join(" ")
}

/// Whether a site counts its places.
pub(super) fn counts(to: To) -> bool {
    to == To::Site("S01")
}

impl Order {
    /// An order that costs nothing and lacks nothing.
    pub(super) fn new(reader: u32, (to, slot): (To, Option<Slot>), promised: i64) -> Self {
        Self {
            reader,
            to,
            slot,
            promised,
            fee: 0,
            payment: None,
            unfilled: Vec::new(),
            queued: Vec::new(),
            from_hold: false,
            number: None,
        }
    }
}

impl Ledger {
    pub(super) fn order(
        &mut self,
        reader: u32,
        titles: &[usize],
        (to, wanted): (To, Option<Slot>),
        missing: Missing,
        chosen: Option<&Chosen>,
    ) -> Answer {
        let mut codes = Vec::new();
        if self.paused(reader) {
            codes.push("paused");
        }
        if titles.len() > BOOKS_PER_ORDER {
            codes.push("too_many_books");
        }
        let (mut found, mut lacking, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
        for title in titles {
            if !seen.insert(*title) {
                codes.push("same_title_twice");
            } else if *title == NO_TITLE {
                codes.push("unknown_title");
            } else if self.readers[&reader].open.contains_key(title) {
                codes.push("already_have");
            } else if self.waits_for(reader).contains(title) {
                codes.push("already_waiting");
            } else if self.is_free(*title) {
                found.push(*title);
            } else {
                lacking.push(*title);
            }
        }
        if found.is_empty() || missing == Missing::Cancel {
            codes.extend(lacking.iter().map(|_| "no_copy_available"));
        }
        let queues = if missing == Missing::Wait && !found.is_empty() { lacking.len() } else { 0 };
        if self.held(reader) + found.len() > OPEN_ITEMS {
            codes.push("limit_reached");
        }
        if self.in_process(reader) + found.len() > IN_PROCESS {
            codes.push("too_many_in_process");
        }
        if queues > 0 && self.waits_for(reader).len() + queues > HOLDS {
            codes.push("too_many_holds");
        }
        if counts(to) && self.taken("S01") + 1 > CAPACITY {
            codes.push("site_full");
        }
        codes.extend(self.new_in_slot(to, wanted, 1).err());
        if !codes.is_empty() {
            return Err(all_codes(codes));
        }
        let fewest = self.fewest_parcels(&found);
        if counts(to) && self.taken("S01") + fewest > CAPACITY {
            return Err("site_full".to_owned());
        }
        let (slot, promised) = self.new_in_slot(to, wanted, fewest)?;

        let Some(chosen) = chosen else { return Ok("ordered".to_owned()) };
        self.assert_good(chosen, &found, fewest, to);
        let key = self.next_key();
        let payment = Payment::of(reader, to, found.len(), self.now);
        for (n, (site, copies)) in (1..).zip(&chosen.parcels) {
            let books = copies.iter().map(|copy| (self.copies[copy].title, *copy)).collect();
            let unpaid = payment.is_some();
            let parcel = Parcel { unpaid, ..Parcel::new(site, (to, slot), promised, books) };
            self.send(ParcelKey { order: key, n }, reader, parcel);
        }
        let queued = if queues > 0 { lacking.clone() } else { Vec::new() };
        for title in &queued {
            let hold = Hold { reader, since: self.now, to, until: None, resumes: None };
            self.queues.get_mut(title).unwrap().push(hold);
        }
        let unfilled = if missing == Missing::Ship { lacking } else { Vec::new() };
        let number = Some(chosen.number.clone());
        let fee = payment.as_ref().map_or(0, |owed| owed.amount);
        self.touched.payments.push(key);
        let placed =
            Order { unfilled, queued, fee, payment, number, ..Order::new(reader, (to, slot), promised) };
        self.orders.insert(key, placed);
        Ok("ordered".to_owned())
    }

    /// From how few sites these titles can be sent.
    fn fewest_parcels(&self, titles: &[usize]) -> usize {
        let at =
            |title: usize, site: &str| self.free(title).iter().any(|code| self.copies[code].site == site);
        let covers = |some: u32| {
            titles.iter().all(|title| (0..SITES.len()).any(|n| some >> n & 1 == 1 && at(*title, SITES[n])))
        };
        (1_u32..1 << SITES.len())
            .filter(|some| covers(*some))
            .map(|some| some.count_ones() as usize)
            .min()
            .unwrap()
    }

    /// The library's choice is its own, but not any choice is good.
    fn assert_good(&self, chosen: &Chosen, found: &[usize], fewest: usize, to: To) {
        let codes: Vec<&str> = chosen.parcels.iter().flat_map(|(_, copies)| copies.iter().copied()).collect();
        let mut titles: Vec<usize> = codes.iter().map(|code| self.copies[code].title).collect();
        let mut wanted = found.to_vec();
        titles.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(titles, wanted, "a copy of each title that was found");
        assert!(
            codes.iter().all(|code| self.copies[code].of.is_none()),
            "only free copies are sent: {codes:?}"
        );
        for (site, copies) in &chosen.parcels {
            assert!(
                copies.iter().all(|code| self.copies[code].site == *site),
                "from where they are: {chosen:?}"
            );
        }
        assert_eq!(chosen.parcels.len(), fewest, "in as few parcels as possible: {chosen:?}");
        if let (To::Site(there), [(from, _)]) = (to, chosen.parcels.as_slice()) {
            let all_there = found
                .iter()
                .all(|title| self.free(*title).iter().any(|code| self.copies[code].site == there));
            assert!(!all_there || *from == there, "not brought from elsewhere: {chosen:?}");
        }
    }

    /// A new parcel has its books, and its reader has them open.
    pub(super) fn send(&mut self, key: ParcelKey, reader: u32, parcel: Parcel) {
        for book in &parcel.books {
            self.copies.get_mut(book.copy).unwrap().of = Some(key);
            let item = Item { copy: book.copy, order: key.order, loan: None, returning: None };
            self.readers.get_mut(&reader).unwrap().open.insert(book.title, item);
        }
        self.touched.parcels.push(key);
        self.parcels.insert(key, parcel);
    }
}
