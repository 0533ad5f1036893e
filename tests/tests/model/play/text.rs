//! The ledger in lines of text, to be compared with what is seen.

use yujie_tests::library;

use super::super::act::{Back, OrderKey, ParcelKey, ReturnKey, To};
use super::super::ledger::{Hold, Ledger, Loan, Payment, Slot};
use super::super::world::{REMEDY_DAYS, TITLES, WINDOWS};
use super::date;

/// The ledger's side of what is compared.
impl Ledger {
    /// Whether a copy stands free though somebody could have it.
    pub(super) fn owes(&self, title: usize) -> bool {
        self.whose_turn(title).is_some()
            && self.copies.values().any(|copy| copy.title == title && copy.of.is_none())
    }

    pub(super) fn number_of(&self, order: OrderKey) -> &str {
        self.orders[&order].number.as_deref().unwrap_or("?")
    }

    pub(super) fn copy_text(&self, code: &str) -> String {
        let copy = &self.copies[code];
        let status = match (copy.of, copy.lent) {
            (None, _) => "available",
            (Some(_), false) => "reserved",
            (Some(_), true) => "on_loan",
        };
        let holder = copy.of.map(|key| {
            let rid = library::reader(self.orders[&key.order].reader).rid;
            format!("{rid}.{}.{}", self.number_of(key.order), key.n)
        });
        format!("{} {status} {}", copy.site, holder.unwrap_or_default())
    }

    pub(super) fn reader_text(&self, n: u32) -> String {
        let reader = &self.readers[&n];
        let days: Vec<String> = reader.uncollected.iter().map(|day| date(*day).to_string()).collect();
        let since = |title: usize| self.queues[&title].iter().find(|hold| hold.reader == n).unwrap().since;
        let holds: std::collections::BTreeMap<&str, i64> =
            self.waits_for(n).into_iter().map(|title| (TITLES[title].0, since(title))).collect();
        let mut text = format!("uncollected {days:?}, waits for {holds:?}");
        for (title, item) in &reader.open {
            text += &format!("\n  {} {} of {}", TITLES[*title].0, item.copy, self.number_of(item.order));
            if let Some(loan) = item.loan {
                let Loan { since, due, renewed, back } = loan;
                text += &format!(" since {since} until {}, renewed {renewed}, back {back:?}", date(due));
            }
            let returning = item.returning.map(|key| &self.returns[&key].number);
            text += &format!(", with return {returning:?}");
        }
        text
    }

    pub(super) fn queue_text(&self, title: usize) -> String {
        let day = |day: Option<i64>| day.map(|day| date(day).to_string()).unwrap_or_default();
        let line = |hold: &Hold| {
            let (to, until, resumes) = (place(hold.to), day(hold.until), day(hold.resumes));
            format!("\n  {} since {} to {to}, until {until}, resumes {resumes}", hold.reader, hold.since)
        };
        self.queues[&title].iter().map(line).collect()
    }

    pub(super) fn order_text(&self, key: OrderKey) -> String {
        let order = &self.orders[&key];
        let ids = |titles: &[usize]| titles.iter().map(|title| TITLES[*title].0).collect::<Vec<_>>();
        format!(
            "to {} in {:?}, promised {}, for {}, unfilled {:?}, queued {:?}, from a hold {}",
            if order.to.is_door() { "a door" } else { place(order.to) },
            order.slot.map(slot),
            order.promised,
            order.fee,
            ids(&order.unfilled),
            ids(&order.queued),
            order.from_hold
        )
    }

    pub(super) fn parcel_text(&self, key: ParcelKey) -> String {
        let parcel = &self.parcels[&key];
        let (to, slot) = (place(parcel.to), parcel.slot.map(slot));
        let mut text = format!("from {} to {to} in {slot:?}, unpaid {}", parcel.site, parcel.is_unpaid());
        text += &format!(
            ", takes a place {}, promised {}, sorted {}, boxed {}",
            parcel.takes_place, parcel.promised, parcel.sorted, parcel.boxed
        );
        let booked = parcel.booked.clone().map(|(van, ticket)| (van, (!van).then_some(ticket)));
        text += &format!(
            ", booked {booked:?} after {}, revoked {:?}, code {:?}, until {:?}, remedy {}",
            parcel.attempt,
            parcel.revoked,
            parcel.code,
            parcel.keep_until.map(|day| date(day).to_string()),
            if parcel.broken { REMEDY_DAYS } else { 0 }
        );
        for book in &parcel.books {
            text += &format!("\n  {} {} {}", TITLES[book.title].0, book.copy, book.stage.name());
        }
        for (stage, at, place, by, code) in &parcel.history {
            let (place, code) = (place.unwrap_or_default(), code.unwrap_or_default());
            text += &format!("\n  {} at {at} {place} by {by} {code}", stage.name());
        }
        text
    }

    pub(super) fn payment_text(&self, key: OrderKey) -> String {
        let Some(owed) = &self.orders[&key].payment else { return "nothing".to_owned() };
        let state = match &owed.paid {
            Some((at, transaction)) => format!("paid at {at} in {transaction}"),
            None if owed.closed => "closed".to_owned(),
            None if owed.given_up => "lapsed".to_owned(),
            None => "due".to_owned(),
        };
        let Payment { amount, since, until, off, .. } = owed;
        let mut text = format!("{amount} since {since} until {until}, {state}, {off} of it not owed");
        for back in &owed.back {
            text += &format!("\n  back {} since {}, {}", back.amount, back.asked, back.end.name());
        }
        text
    }

    pub(super) fn return_text(&self, key: ReturnKey) -> String {
        let this = &self.returns[&key];
        let way = match this.way {
            Some((Back::Site(_), _)) => format!("to {}", this.site),
            Some((Back::Courier { .. }, day)) => format!("by courier on {} to {}", date(day), this.site),
            None => format!("unbooked to {}", this.site),
        };
        let mut text = format!("{way}, courier {:?}, to be called off {}", this.courier, this.call_off);
        for (title, copy, state) in &this.books {
            text += &format!("\n  {} {copy} {}", TITLES[*title].0, state.name());
        }
        for (step, at, place, by, code) in &this.history {
            let (place, code) = (place.unwrap_or_default(), code.unwrap_or_default());
            text += &format!("\n  {step} at {at} {place} by {by} {code}");
        }
        text
    }
}

fn slot(slot: Slot) -> String {
    let (from, until) = WINDOWS[slot.window];
    format!("{}T{from:02}:00/{until:02}:00", date(slot.day))
}

fn place(to: To) -> &'static str {
    match to {
        To::Home => "home",
        To::Office => "office",
        To::Site(site) => site,
    }
}
