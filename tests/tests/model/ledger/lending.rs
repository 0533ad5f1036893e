//! Loans that begin and end, and what nobody collected.

use super::super::act::{ParcelKey, To};
use super::super::world::{LOAN_DAYS, RENEW_FROM, RENEWAL_DAYS, RENEWALS};
use super::order::all_codes;
use super::{Answer, Ledger, Loan, Parcel, Stage, day_of, open_day};

impl Ledger {
    /// The reader has it: the loans begin.
    pub(super) fn lend(&mut self, key: ParcelKey, parcel: &Parcel, since: i64) {
        let reader = self.orders[&key.order].reader;
        for book in parcel.books.iter().filter(|book| book.stage.with_reader()) {
            self.copies.get_mut(book.copy).unwrap().lent = true;
            let due = open_day(day_of(since) + LOAN_DAYS + parcel.remedy());
            let item = self.readers.get_mut(&reader).unwrap().open.get_mut(&book.title).unwrap();
            item.loan = Some(Loan { since, due, renewed: 0, back: None });
        }
    }

    pub(super) fn check_in(&mut self, code: &'static str, site: &'static str) -> Answer {
        let copy = &self.copies[code];
        match copy.of {
            // It was given to who waited, and is scanned again where it leaves from.
            Some(key) if self.orders[&key.order].from_hold && !copy.lent && copy.site == site => {
                return Ok("already".to_owned());
            }
            Some(_) if !copy.lent => return Err("not_on_loan".to_owned()),
            Some(key) => {
                let reader = self.orders[&key.order].reader;
                self.came_in(reader, code, site);
                self.forget(reader, &[code]);
            }
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
        if loan.back.is_some() {
            return Err("given_back".to_owned());
        }
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
        self.touched.parcels.push(key);
        let (reader, today) = (self.orders[&key.order].reader, self.today());
        self.forget(reader, &freed);
        self.readers.get_mut(&reader).unwrap().uncollected.push(today);
        let given = freed.into_iter().filter(|copy| self.let_go(copy, site)).count();
        Ok(format!("given up, gave {given}"))
    }

    /// A reader has no more to do with these copies.
    pub(super) fn forget(&mut self, reader: u32, copies: &[&str]) {
        self.readers.get_mut(&reader).unwrap().open.retain(|_, item| !copies.contains(&item.copy));
    }

    /// A copy comes free at a site: it is given to who is next, or stands there.
    pub(super) fn let_go(&mut self, code: &'static str, site: &'static str) -> bool {
        let copy = self.copies.get_mut(code).unwrap();
        (copy.of, copy.lent, copy.site) = (None, false, site);
        self.give(code)
    }
}
