//! Loans that come back: from the moment at which the book is handed over nothing is due, and the copy is free when a site has it.

use super::super::act::{Back, Fetch, ReturnKey};
use super::super::world::SHELVES;
use super::order::all_codes;
use super::{Answer, Chosen, Ledger, MINUTE, hour_of, ticket};

/// How far a book has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Booked,
    GivenBack,
    Back,
    Off,
}

impl State {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::GivenBack => "given_back",
            Self::Back => "back",
            Self::Off => "cancelled",
        }
    }
}

/// A line of its history: what, when, where, by whom, which book of it.
type Entry = (&'static str, i64, Option<&'static str>, &'static str, Option<&'static str>);

#[derive(Debug, Clone)]
pub(crate) struct Return {
    pub(crate) reader: u32,
    pub(crate) number: String,
    /// How it comes, and with a courier on which day; `None` when nobody asked before.
    pub(crate) way: Option<(Back, i64)>,
    /// Where it is expected.
    pub(crate) site: &'static str,
    pub(crate) books: Vec<(usize, &'static str, State)>,
    /// What the courier is called off by.
    pub(crate) courier: Option<String>,
    pub(crate) call_off: bool,
    pub(crate) history: Vec<Entry>,
}

impl Return {
    pub(crate) fn by_courier(&self) -> bool {
        matches!(self.way, Some((Back::Courier { .. }, _)))
    }

    /// Whether its reader still has a book of it.
    pub(crate) fn is_open(&self) -> bool {
        self.books.iter().any(|book| book.2 == State::Booked)
    }

    pub(super) fn hears(&self, fetch: Fetch) -> bool {
        match fetch {
            Fetch::Booked => self.by_courier(),
            Fetch::Push { .. } | Fetch::CalledOff => self.courier.is_some(),
        }
    }

    /// These books are so far; all of them at once are one line of the history.
    fn so_far(
        &mut self,
        copies: &[&'static str],
        state: State,
        at: i64,
        place: Option<&'static str>,
        by: &'static str,
    ) {
        let was_open = self.is_open();
        for book in self.books.iter_mut().filter(|book| copies.contains(&book.1)) {
            book.2 = state;
        }
        if copies.len() == self.books.len() {
            self.history.push((state.name(), at, place, by, None));
        } else {
            self.history.extend(copies.iter().map(|copy| (state.name(), at, place, by, Some(*copy))));
        }
        // A courier who took something is not called off, and who finds nothing any more is.
        let took = self.history.iter().any(|entry| entry.0 == "given_back" && entry.3 == "courier");
        self.call_off |= self.courier.is_some() && was_open && !self.is_open() && !took;
    }

    fn open_books(&self) -> Vec<&'static str> {
        self.books.iter().filter(|book| book.2 == State::Booked).map(|book| book.1).collect()
    }
}

impl Ledger {
    pub(super) fn book_return(
        &mut self,
        reader: u32,
        books: &[&'static str],
        way: Back,
        chosen: Option<&Chosen>,
    ) -> Answer {
        let today = self.today();
        let (day, site) = match way {
            Back::Site(site) => (today, site),
            Back::Courier { days } => {
                // From four in the afternoon on nobody comes on the same day.
                let first = i64::from(self.now >= hour_of(today, 16));
                if !(first..3).contains(&days) {
                    return Err("day".to_owned());
                }
                let from = self.copies[books[0]].site;
                (today + days, if SHELVES.contains(&from) { from } else { SHELVES[0] })
            }
        };
        let mut codes = Vec::new();
        for copy in books {
            let item = self.readers[&reader].open.values().find(|item| item.copy == *copy);
            match item.and_then(|item| Some((item, item.loan?))) {
                None => codes.push("not_yours"),
                Some((_, loan)) if loan.back.is_some() => codes.push("given_back"),
                Some((item, _)) if item.returning.is_some() => codes.push("already_booked"),
                Some(_) => {}
            }
        }
        if !codes.is_empty() {
            return Err(all_codes(codes));
        }
        let Some(chosen) = chosen else { return Ok("booked".to_owned()) };
        let key = ReturnKey(self.step);
        for copy in books {
            self.comes_with(reader, copy, Some(key));
        }
        let new = Return {
            reader,
            number: chosen.number.clone(),
            way: Some((way, day)),
            site,
            books: books.iter().map(|copy| (self.copies[copy].title, *copy, State::Booked)).collect(),
            courier: None,
            call_off: false,
            history: vec![("booked", self.now, None, "reader", None)],
        };
        self.returns.insert(key, new);
        self.touched.returns.push(key);
        Ok("booked".to_owned())
    }

    fn comes_with(&mut self, reader: u32, copy: &str, key: Option<ReturnKey>) {
        let open = &mut self.readers.get_mut(&reader).unwrap().open;
        open.values_mut().find(|item| item.copy == copy).unwrap().returning = key;
    }

    /// The reader keeps what is not handed over.
    pub(super) fn call_off_return(&mut self, reader: u32, key: ReturnKey) -> Answer {
        let now = self.now;
        let this = self.returns.get_mut(&key).unwrap();
        if this.reader != reader {
            return Err("not_found".to_owned());
        }
        let open = this.open_books();
        if open.is_empty() {
            let off = this.books.iter().all(|book| book.2 == State::Off);
            return if off { Ok("called off".to_owned()) } else { Err("handed_over".to_owned()) };
        }
        this.so_far(&open, State::Off, now, None, "reader");
        self.touched.returns.push(key);
        for copy in open {
            self.comes_with(reader, copy, None);
        }
        Ok("called off".to_owned())
    }

    /// The reader has handed a book over: the loan stops.
    fn stop(&mut self, reader: u32, copy: &str, with: ReturnKey, at: i64) {
        let open = &mut self.readers.get_mut(&reader).unwrap().open;
        let item = open.values_mut().find(|item| item.copy == copy).unwrap();
        let before = item.returning.replace(with);
        let loan = item.loan.as_mut().unwrap();
        loan.back = Some(at.max(loan.since));
        // Who booked it anew, and gave it to the courier of before, brings it with that one.
        if let Some(other) = before.filter(|other| *other != with) {
            let now = self.now;
            let other_return = self.returns.get_mut(&other).unwrap();
            let copies: Vec<&'static str> =
                other_return.open_books().into_iter().filter(|open| *open == copy).collect();
            other_return.so_far(&copies, State::Off, now, None, "system");
            self.touched.returns.push(other);
        }
    }

    pub(super) fn take_back(
        &mut self,
        copy: &'static str,
        site: &'static str,
        chosen: Option<&Chosen>,
    ) -> Answer {
        let lent = Some(&self.copies[copy]).filter(|copy| copy.lent).and_then(|copy| copy.of);
        let reader = self.orders[&lent.ok_or("not_on_loan")?.order].reader;
        let title = self.copies[copy].title;
        let item = &self.readers[&reader].open[&title];
        if item.loan.unwrap().back.is_some() {
            return Ok("already".to_owned());
        }
        let now = self.now;
        let key = item.returning.unwrap_or(ReturnKey(self.step));
        if let Some(this) = self.returns.get_mut(&key) {
            this.so_far(&[copy], State::GivenBack, now, Some(site), "staff");
        } else {
            // Nobody asked for it: then it has a return from now on.
            let new = Return {
                reader,
                number: chosen.map(|chosen| chosen.number.clone()).unwrap_or_default(),
                way: None,
                site,
                books: vec![(title, copy, State::GivenBack)],
                courier: None,
                call_off: false,
                history: vec![("given_back", now, Some(site), "staff", Some(copy))],
            };
            self.returns.insert(key, new);
        }
        self.touched.returns.push(key);
        self.stop(reader, copy, key, now);
        Ok("taken".to_owned())
    }

    pub(super) fn fetch(&mut self, key: ReturnKey, fetch: Fetch) -> Answer {
        let (now, step) = (self.now, self.step);
        self.touched.returns.push(key);
        let this = self.returns.get_mut(&key).unwrap();
        match fetch {
            Fetch::Booked => {
                if this.courier.is_some() {
                    return Err("over".to_owned());
                }
                this.courier = Some(ticket(step));
                if this.is_open() {
                    this.history.push(("courier_booked", now, None, "system", None));
                } else {
                    // It was called off meanwhile: then he is, too.
                    this.call_off = true;
                }
                Ok("changed".to_owned())
            }
            Fetch::CalledOff => {
                let was = std::mem::take(&mut this.call_off);
                Ok(if was { "changed" } else { "already" }.to_owned())
            }
            Fetch::Push { far, minutes_ago } => {
                self.follow(key, far, minutes_ago);
                Ok("followed".to_owned())
            }
        }
    }

    /// With the courier's first news he has the books: those that the reader called off and gave him all the same, too.
    fn follow(&mut self, key: ReturnKey, far: u8, minutes_ago: i64) {
        let now = self.now;
        let this = self.returns[&key].clone();
        let begun = this.history[0].1;
        let collected = (now - (minutes_ago + 20) * MINUTE).max(begun).min(now);
        let had = |(title, copy, state): &(usize, &'static str, State)| {
            let item = self.readers[&this.reader].open.get(title).filter(|item| item.copy == *copy);
            let runs = item
                .and_then(|item| item.loan)
                .is_some_and(|loan| loan.back.is_none() && loan.since <= begun);
            runs && matches!(state, State::Booked | State::Off)
        };
        let given: Vec<&'static str> =
            this.books.iter().filter(|book| had(book)).map(|book| book.1).collect();
        let this = self.returns.get_mut(&key).unwrap();
        if !given.is_empty() {
            this.so_far(&given, State::GivenBack, collected, None, "courier");
            this.call_off = false;
        }
        // Where he brought them is no check-in.
        if far >= 3 && !this.history.iter().any(|entry| entry.0 == "arrived") {
            this.history.push(("arrived", now - minutes_ago * MINUTE, None, "courier", None));
        }
        let reader = this.reader;
        for copy in given {
            self.stop(reader, copy, key, collected);
        }
    }

    /// A copy that its reader had is checked in, whatever way it came.
    pub(super) fn came_in(&mut self, reader: u32, copy: &'static str, site: &'static str) {
        let item = &self.readers[&reader].open[&self.copies[copy].title];
        if let Some(key) = item.returning {
            let now = self.now;
            self.returns.get_mut(&key).unwrap().so_far(&[copy], State::Back, now, Some(site), "staff");
            self.touched.returns.push(key);
        }
    }
}
