//! What concerns more than one parcel.

use std::collections::BTreeSet;

use super::super::act::{Missing, OrderKey, ParcelKey, To};
use super::super::world::{
    BOOKS_PER_ORDER, CAPACITY, HOLDS, IN_PROCESS, LOAN_DAYS, NO_TITLE, OPEN_ITEMS, RENEW_FROM, RENEWAL_DAYS,
    RENEWALS, SITES, TITLES,
};
use super::parcel::{Parcel, Stage};
use super::{Answer, Chosen, Hold, Item, Ledger, Loan, Order, day_of, open_day, promised};

/// Codes are told together, in the order of the alphabet.
pub(crate) fn all_codes(mut codes: Vec<&str>) -> String {
    codes.sort_unstable();
    codes.join(" ")
}

/// Whether a site counts its places.
fn counts(to: To) -> bool {
    to == To::Site("S01")
}

impl Ledger {
    pub(super) fn order(
        &mut self,
        reader: u32,
        titles: &[usize],
        to: To,
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
        if self.readers[&reader].open.len() + found.len() > OPEN_ITEMS {
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
        if !codes.is_empty() {
            return Err(all_codes(codes));
        }
        let fewest = self.fewest_parcels(&found);
        if counts(to) && self.taken("S01") + fewest > CAPACITY {
            return Err("site_full".to_owned());
        }

        let Some(chosen) = chosen else { return Ok("ordered".to_owned()) };
        self.assert_good(chosen, &found, fewest, to);
        let key = self.next_key();
        for (n, (site, copies)) in (1..).zip(&chosen.parcels) {
            let books = copies.iter().map(|copy| (self.copies[copy].title, *copy)).collect();
            self.send(ParcelKey { order: key, n }, reader, Parcel::new(site, to, counts(to), books));
        }
        let queued = if queues > 0 { lacking.clone() } else { Vec::new() };
        for title in &queued {
            let hold = Hold { reader, since: self.now, to, until: None, resumes: None };
            self.queues.get_mut(title).unwrap().push(hold);
        }
        let unfilled = if missing == Missing::Ship { lacking } else { Vec::new() };
        let number = Some(chosen.number.clone());
        let promised = promised(self.now);
        self.orders.insert(key, Order { reader, to, promised, unfilled, queued, from_hold: false, number });
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
    fn send(&mut self, key: ParcelKey, reader: u32, parcel: Parcel) {
        for book in &parcel.books {
            self.copies.get_mut(book.copy).unwrap().of = Some(key);
            let item = Item { copy: book.copy, order: key.order, loan: None };
            self.readers.get_mut(&reader).unwrap().open.insert(book.title, item);
        }
        self.touched.push(key);
        self.parcels.insert(key, parcel);
    }

    /// The reader has it: the loans begin.
    pub(super) fn lend(&mut self, key: ParcelKey, parcel: &Parcel, since: i64) {
        let reader = self.orders[&key.order].reader;
        for book in parcel.books.iter().filter(|book| book.stage.with_reader()) {
            self.copies.get_mut(book.copy).unwrap().lent = true;
            let due = open_day(day_of(since) + LOAN_DAYS + parcel.remedy());
            let item = self.readers.get_mut(&reader).unwrap().open.get_mut(&book.title).unwrap();
            item.loan = Some(Loan { since, due, renewed: 0 });
        }
    }

    pub(super) fn cancel(&mut self, reader: u32, order: OrderKey, books: &[&'static str]) -> Answer {
        if self.orders[&order].reader != reader {
            return Err("not_found".to_owned());
        }
        let keys: Vec<ParcelKey> = self.parcels.keys().filter(|key| key.order == order).copied().collect();
        let all: Vec<&str> =
            keys.iter().flat_map(|key| &self.parcels[key].books).map(|book| book.copy).collect();
        if books.iter().any(|book| !all.contains(book)) {
            return Err("no_such_book".to_owned());
        }
        let named = |copy: &str| books.is_empty() || books.contains(&copy);
        let (mut now, mut before, mut too_late) = (Vec::new(), Vec::new(), Vec::new());
        for key in keys {
            let mut parcel = self.parcels[&key].clone();
            let late = !parcel.stage().is_void() && parcel.stage() >= Stage::Dispatched;
            let mut freed = Vec::new();
            for book in parcel.books.iter_mut().filter(|book| named(book.copy)) {
                match book.stage {
                    Stage::Cancelled | Stage::Recalled => before.push(book.copy.to_owned()),
                    stage if late || stage == Stage::Uncollected => {
                        too_late.push(format!("{} {}", book.copy, stage.name()));
                    }
                    stage => {
                        book.stage = if stage < Stage::Picked { Stage::Cancelled } else { Stage::Recalled };
                        parcel.history.push((Stage::Cancelled, self.now, None, "reader", Some(book.copy)));
                        now.push(book.copy.to_owned());
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
            self.parcels.insert(key, parcel);
            self.touched.push(key);
            self.forget(reader, &freed);
            for copy in freed {
                let site = self.copies[copy].site;
                self.let_go(copy, site);
            }
        }
        for list in [&mut now, &mut before, &mut too_late] {
            list.sort_unstable();
        }
        if now.is_empty() && !too_late.is_empty() {
            return Err(format!("too_late {too_late:?}"));
        }
        Ok(format!("now {now:?}, before {before:?}, too late {too_late:?}"))
    }

    pub(super) fn redirect(&mut self, reader: u32, order: OrderKey, to: To) -> Answer {
        if self.orders[&order].reader != reader {
            return Err("not_found".to_owned());
        }
        let keys: Vec<ParcelKey> = self
            .parcels
            .iter()
            .filter(|(key, parcel)| key.order == order && !parcel.stage().is_void())
            .map(|(key, _)| *key)
            .collect();
        if keys.is_empty() {
            return Err("too_late".to_owned());
        }
        // It goes there already: nothing is done.
        if self.orders[&order].to == to {
            return Ok("redirected".to_owned());
        }
        if counts(to) && self.taken("S01") + keys.len() > CAPACITY {
            return Err("site_full".to_owned());
        }
        if keys.iter().any(|key| self.parcels[key].stage() >= Stage::Dispatched) {
            return Err("too_late".to_owned());
        }
        for key in keys {
            self.parcels.get_mut(&key).unwrap().send_to(to, counts(to));
            self.touched.push(key);
        }
        self.orders.get_mut(&order).unwrap().to = to;
        Ok("redirected".to_owned())
    }

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

    pub(super) fn check_in(&mut self, code: &'static str, site: &'static str) -> Answer {
        let copy = &self.copies[code];
        match copy.of {
            Some(_) if !copy.lent => return Err("not_on_loan".to_owned()),
            Some(key) => self.forget(self.orders[&key.order].reader, &[code]),
            None if copy.site == site => return Ok("already".to_owned()),
            // It should stand elsewhere, and is found here.
            None => {}
        }
        Ok(if self.let_go(code, site) { "given" } else { "free" }.to_owned())
    }

    pub(super) fn renew(&mut self, reader: u32, code: &str) -> Answer {
        let title = self.copies[code].title;
        let paused = self.paused(reader);
        let today = self.today();
        let waiting = self.waiting(title);
        let free = self.free(title).len();
        let item = self.readers.get_mut(&reader).unwrap().open.get_mut(&title);
        let loan =
            item.filter(|item| item.copy == code).and_then(|item| item.loan.as_mut()).ok_or("not_found")?;
        let mut codes = Vec::new();
        if loan.renewed >= RENEWALS {
            codes.push("too_often");
        } else if today < loan.due - RENEW_FROM {
            codes.push("not_yet");
        }
        if today > loan.due {
            codes.push("overdue");
        }
        if waiting > free {
            codes.push("awaited");
        }
        if paused {
            codes.push("paused");
        }
        if !codes.is_empty() {
            return Err(all_codes(codes));
        }
        loan.due = open_day(loan.due + RENEWAL_DAYS);
        loan.renewed += 1;
        Ok(format!("due on day {}", loan.due))
    }

    pub(super) fn expire(&mut self, key: ParcelKey) -> Answer {
        let mut parcel = self.parcels[&key].clone();
        let over = parcel.keep_until.is_some_and(|last| last < self.today());
        let (Stage::Ready, To::Site(site), true) = (parcel.stage(), parcel.to, over) else {
            return Ok("not".to_owned());
        };
        let mut freed = Vec::new();
        for book in parcel.books.iter_mut().filter(|book| !book.stage.is_void()) {
            book.stage = Stage::Uncollected;
            freed.push(book.copy);
        }
        parcel.history.push((Stage::Uncollected, self.now, None, "system", None));
        self.parcels.insert(key, parcel);
        self.touched.push(key);
        let (reader, today) = (self.orders[&key.order].reader, self.today());
        self.forget(reader, &freed);
        self.readers.get_mut(&reader).unwrap().uncollected.push(today);
        let given = freed.into_iter().filter(|copy| self.let_go(copy, site)).count();
        Ok(format!("given up, gave {given}"))
    }

    /// A reader has no more to do with these copies.
    fn forget(&mut self, reader: u32, copies: &[&str]) {
        self.readers.get_mut(&reader).unwrap().open.retain(|_, item| !copies.contains(&item.copy));
    }

    /// A copy comes free at a site: it is given to who is next, or stands there.
    fn let_go(&mut self, code: &'static str, site: &'static str) -> bool {
        let copy = self.copies.get_mut(code).unwrap();
        (copy.of, copy.lent, copy.site) = (None, false, site);
        self.give(code)
    }

    /// The place in the queue of the one whose turn it is: the first who waits today and may have one book more.
    pub(crate) fn whose_turn(&self, title: usize) -> Option<usize> {
        self.queues[&title].iter().position(|hold| {
            let open = &self.readers[&hold.reader].open;
            self.waits_today(hold)
                && !open.contains_key(&title)
                && !self.paused(hold.reader)
                && open.len() < OPEN_ITEMS
                && self.in_process(hold.reader) < IN_PROCESS
        })
    }

    /// Gives a free copy to who is next, as an order to where that reader wants it, whether or not there is room.
    fn give(&mut self, code: &'static str) -> bool {
        let (title, site) = (self.copies[code].title, self.copies[code].site);
        let Some(place) = self.whose_turn(title) else { return false };
        let hold = self.queues.get_mut(&title).unwrap().remove(place);
        let key = self.next_key();
        let parcel = Parcel::new(site, hold.to, counts(hold.to), vec![(title, code)]);
        self.send(ParcelKey { order: key, n: 1 }, hold.reader, parcel);
        let order = Order {
            reader: hold.reader,
            to: hold.to,
            promised: promised(self.now),
            unfilled: Vec::new(),
            queued: Vec::new(),
            from_hold: true,
            number: None,
        };
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
