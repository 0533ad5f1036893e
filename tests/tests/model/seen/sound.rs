//! What must be true of the table whatever happened.

use std::collections::BTreeMap;

use jiff::Timestamp;
use yujie_domain::copy::{Copy, CopyStatus};
use yujie_domain::parcel::{Counted, Parcel};
use yujie_domain::returning::{Book, BookState};
use yujie_domain::time;

use super::super::world::{HOLDS, IN_PROCESS, OPEN_ITEMS};
use super::{Account, Clocked, Loan, Seen, reader_of};

impl Seen {
    /// What must be true of the table at any moment.
    pub(crate) fn sound(&self, now: Timestamp) -> Result<(), String> {
        let open: Vec<&Parcel> = self.parcels.values().filter(|parcel| parcel.is_open()).collect();
        for (code, copy) in &self.copies {
            self.sound_copy(copy, &open).map_err(|why| format!("copy {code} {why}"))?;
        }
        for (reader, account) in &self.accounts {
            self.sound_account(*reader, account).map_err(|why| format!("reader {reader} {why}"))?;
        }
        for ((title, since, reader), hold) in &self.holds {
            let known = self.accounts[reader].holds.get(title) == Some(since);
            ensure(known, || format!("reader {reader}'s account does not know of the hold {hold:?}"))?;
        }
        for line in open.iter().flat_map(|parcel| parcel.live()) {
            let of =
                open.iter().flat_map(|parcel| parcel.live()).filter(|other| other.barcode == line.barcode);
            ensure(of.count() == 1, || format!("copy {} is in several parcels", line.barcode))?;
            let copy = self.copies.get(line.barcode.as_str());
            ensure(copy.is_none_or(|copy| copy.status == CopyStatus::Reserved), || {
                format!("copy {} is on its way, and not claimed", line.barcode)
            })?;
        }
        self.sound_places(now)?;
        self.sound_money()?;
        self.sound_returns()
    }

    /// Every place that is taken is counted, and no other. What comes off an order after its slot's day gives nothing back.
    fn sound_places(&self, now: Timestamp) -> Result<(), String> {
        let mut taken: BTreeMap<String, u64> = BTreeMap::new();
        for parcel in self.parcels.values().filter(|parcel| parcel.takes_place && parcel.status().is_live()) {
            let name = match parcel.place().ok_or_else(|| format!("{:?} takes a place nowhere", parcel.at))? {
                // What was collected makes room; what was delivered in a slot was delivered in it.
                Counted::Site(_) if !parcel.is_open() => continue,
                Counted::Site(site) => site.to_string(),
                Counted::Slot { division, day, from } => {
                    format!("ZONE#{division} SLOT#{day}T{:02}:{:02}", from.hour(), from.minute())
                }
            };
            *taken.entry(name).or_default() += 1;
        }
        let today = format!("SLOT#{}", time::day(now));
        let over = |place: &&String| place.split_once(' ').is_some_and(|(_, slot)| slot < today.as_str());
        for site in self.loads.keys().chain(taken.keys()).filter(|place| !over(place)) {
            let (counted, real) =
                (self.loads.get(site).copied().unwrap_or_default(), taken.get(site).copied());
            let real = real.unwrap_or_default();
            ensure(counted == real, || {
                format!("{real} parcels take places at {site}, {counted} are counted")
            })?;
        }
        Ok(())
    }

    /// A book that is to come back is with one return: the one that its reader's account names, as far as the loan is.
    /// Nothing is due of what was handed over.
    fn sound_returns(&self) -> Result<(), String> {
        for (reader, account) in &self.accounts {
            let first =
                account.open.values().filter_map(|item| item.loan.as_ref()).filter(|loan| loan.runs());
            let due = first.map(|loan| format!("DUE#{}", loan.due)).min();
            ensure(account.clock == due, || {
                format!(
                    "reader {reader} is looked at under {:?}, and {due:?} is the first day",
                    account.clock
                )
            })?;
            for item in account.open.values() {
                let state = item.returning.as_ref().map(|no| self.state_in(no, &item.code));
                let handed_over = item.loan.as_ref().map(|loan| !loan.runs());
                let fits = match (handed_over, state) {
                    (Some(true), Some(state)) => state == Some(BookState::GivenBack),
                    (Some(false), Some(state)) => state == Some(BookState::Booked),
                    (Some(false) | None, None) => true,
                    (Some(true), None) | (None, Some(_)) => false,
                };
                ensure(fits, || format!("reader {reader} has {item:?}, in its return {state:?}"))?;
            }
        }
        for (no, Clocked { one, clock }) in &self.returns {
            let account = &self.accounts[&reader_of(&format!("READER#{} / ", one.at.rid))];
            let live = |book: &&Book| matches!(book.state, BookState::Booked | BookState::GivenBack);
            for book in one.books.iter().filter(live) {
                let item = account.open.values().find(|item| item.code == book.barcode.as_str());
                ensure(item.is_some_and(|item| item.returning.as_ref() == Some(no)), || {
                    format!("return {no} has {} {:?}, and its reader {item:?}", book.barcode, book.state)
                })?;
            }
            let any = |state| one.books.iter().any(|book| book.state == state);
            let list = if one.call_off || one.way.by_courier() && any(BookState::Booked) {
                Some("RETURNS#WAITING")
            } else {
                any(BookState::GivenBack).then_some("RETURNS#ON-THE-ROAD")
            };
            ensure(clock.as_deref() == list, || format!("return {no} is on {clock:?}, not {list:?}"))?;
        }
        Ok(())
    }

    fn state_in(&self, return_no: &str, code: &str) -> Option<BookState> {
        let books = &self.returns.get(return_no)?.one.books;
        books.iter().find(|book| book.barcode.as_str() == code).map(|book| book.state)
    }

    fn sound_copy(&self, copy: &Copy, open: &[&Parcel]) -> Result<(), String> {
        let free = copy.status == CopyStatus::Available;
        ensure(free == copy.holder.is_none(), || "is free and held, or neither".to_owned())?;
        let Some(holder) = &copy.holder else { return Ok(()) };
        let parcel = self.parcels.get(holder).ok_or("is held by a parcel that is not there")?;
        let line = parcel.lines.iter().find(|line| line.barcode == copy.barcode);
        let line = line.ok_or("is held by a parcel that it is not in")?;
        ensure(line.status.is_live(), || format!("is held by a parcel in which it is {:?}", line.status))?;
        let lent = copy.status == CopyStatus::OnLoan;
        ensure(line.status.with_reader() == lent, || {
            format!("is {:?} and its line {:?}", copy.status, line.status)
        })?;
        let lines =
            open.iter().flat_map(|parcel| parcel.live()).filter(|line| line.barcode == copy.barcode).count();
        ensure(lines == usize::from(!lent), || format!("has {lines} live lines"))?;
        let account = &self.accounts[&reader_of(&format!("READER#{} / ", holder.rid))];
        let item = account.open.get(copy.title_id.as_str());
        let known = item.is_some_and(|item| {
            (item.code.as_str(), item.order.as_str()) == (copy.barcode.as_str(), holder.order_no.as_str())
                && item.loan.is_some() == lent
        });
        ensure(known, || format!("is with a reader who has {item:?}"))
    }

    fn sound_account(&self, reader: u32, account: &Account) -> Result<(), String> {
        for (title, item) in &account.open {
            let holder = self.copies.get(&item.code).and_then(|copy| copy.holder.as_ref());
            let own = holder.is_some_and(|holder| reader_of(&format!("READER#{} / ", holder.rid)) == reader);
            ensure(own, || format!("has {title} open, and its copy is with {holder:?}"))?;
            ensure(!account.holds.contains_key(title), || format!("has {title} and waits for it"))?;
        }
        for (title, since) in &account.holds {
            let there = self.holds.contains_key(&(title.clone(), *since, reader));
            ensure(there, || format!("waits for {title}, and the queue does not know"))?;
        }
        let held = account.open.values().filter(|item| item.loan.as_ref().is_none_or(Loan::runs)).count();
        let in_process = account.open.values().filter(|item| item.loan.is_none()).count();
        ensure(held <= OPEN_ITEMS, || format!("has {held} books"))?;
        ensure(in_process <= IN_PROCESS, || format!("has {in_process} in process"))?;
        ensure(account.holds.len() <= HOLDS, || format!("waits for {}", account.holds.len()))
    }
}

/// A timeline only grows, and never runs backwards.
pub(super) fn history(old: Option<&Parcel>, new: &Parcel) -> Result<(), String> {
    grows(old.map(|old| old.history.as_slice()), &new.history)?;
    let times: Vec<Timestamp> = new.history.iter().map(|entry| entry.at).collect();
    ensure(times.is_sorted(), || format!("its history runs backwards: {times:?}"))?;
    for line in &new.lines {
        let old = old.and_then(|old| old.lines.iter().find(|old| old.barcode == line.barcode));
        let back = old.is_some_and(|old| line.status < old.status && !line.status.is_void());
        ensure(!back, || format!("{} went back from {old:?} to {:?}", line.barcode, line.status))?;
    }
    Ok(())
}

/// What happened is never told otherwise afterwards.
pub(super) fn grows<T: PartialEq>(old: Option<&[T]>, new: &[T]) -> Result<(), String> {
    ensure(new.starts_with(old.unwrap_or_default()), || "its history was rewritten".to_owned())
}

pub(super) fn ensure(holds: bool, why: impl Fn() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}
