//! Readers who wait for a title.

use super::super::act::{ParcelKey, To};
use super::super::world::{HOLDS, IN_PROCESS, NO_TITLE, OPEN_ITEMS, TITLES};
use super::order::all_codes;
use super::{Answer, Hold, Ledger, Order, Parcel};

impl Ledger {
    pub(super) fn hold(&mut self, reader: u32, title: usize, to: To, until: Option<i64>) -> Answer {
        let mut codes = Vec::new();
        if self.paused(reader) {
            codes.push("paused");
        }
        let waits_for = self.waits_for(reader);
        if self.readers[&reader].open.contains_key(&title) {
            codes.push("already_have");
        }
        if waits_for.contains(&title) {
            codes.push("already_waiting");
        }
        if waits_for.len() >= HOLDS {
            codes.push("too_many_holds");
        }
        if title == NO_TITLE {
            codes.push("unknown_title");
        } else if self.free(title).len()
            > self.queues[&title].iter().filter(|hold| self.waits_today(hold)).count()
        {
            codes.push("available_now");
        }
        if !codes.is_empty() {
            return Err(all_codes(codes));
        }
        let until = until.map(|days| self.today() + days);
        let hold = Hold { reader, since: self.now, to, until, resumes: None };
        self.queues.get_mut(&title).unwrap().push(hold);
        Ok("waits".to_owned())
    }

    pub(super) fn change_hold(
        &mut self,
        reader: u32,
        title: usize,
        to: Option<To>,
        until: Option<Option<i64>>,
        resumes: Option<Option<i64>>,
    ) -> Answer {
        let today = self.today();
        let queue = self.queues.get_mut(&title);
        let own = queue.and_then(|queue| queue.iter_mut().find(|hold| hold.reader == reader));
        let hold = own.ok_or("not_found")?;
        hold.to = to.unwrap_or(hold.to);
        if let Some(until) = until {
            hold.until = until.map(|days| today + days);
        }
        if let Some(resumes) = resumes {
            hold.resumes = resumes.map(|days| today + days);
        }
        Ok("changed".to_owned())
    }

    pub(super) fn leave(&mut self, reader: u32, title: usize) -> Answer {
        let queue = self.queues.get_mut(&title).ok_or("not_found")?;
        let place = queue.iter().position(|hold| hold.reader == reader).ok_or("not_found")?;
        queue.remove(place);
        Ok("left".to_owned())
    }

    /// The place in the queue of the one whose turn it is: the first who waits today and may have one book more.
    pub(crate) fn whose_turn(&self, title: usize) -> Option<usize> {
        self.queues[&title].iter().position(|hold| {
            let open = &self.readers[&hold.reader].open;
            self.waits_today(hold)
                && !open.contains_key(&title)
                && !self.paused(hold.reader)
                && self.held(hold.reader) < OPEN_ITEMS
                && self.in_process(hold.reader) < IN_PROCESS
        })
    }

    /// Gives a free copy to who is next, as an order to where that reader wants it, whether or not there is room, and free of charge.
    pub(super) fn give(&mut self, code: &'static str) -> bool {
        let (title, site) = (self.copies[code].title, self.copies[code].site);
        let Some(place) = self.whose_turn(title) else { return false };
        let hold = self.queues.get_mut(&title).unwrap().remove(place);
        let key = self.next_key();
        let (slot, promised) = self.slot_of_gift(hold.to);
        let parcel = Parcel::new(site, (hold.to, slot), promised, vec![(title, code)]);
        self.send(ParcelKey { order: key, n: 1 }, hold.reader, parcel);
        let order = Order { from_hold: true, ..Order::new(hold.reader, (hold.to, slot), promised) };
        self.orders.insert(key, order);
        true
    }

    /// Takes those out of a queue who do not want the book any more.
    pub(super) fn drop_past(&mut self, title: usize) {
        let today = self.today();
        self.queues.get_mut(&title).unwrap().retain(|hold| hold.until.is_none_or(|until| until >= today));
    }

    /// Gives the free copies of a title to those who wait.
    pub(super) fn give_all_of(&mut self, title: usize) -> usize {
        assert!(title < TITLES.len());
        self.free(title).into_iter().filter(|code| self.give(code)).count()
    }
}
