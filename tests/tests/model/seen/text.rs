//! What was seen, in lines of text that can be compared with the ledger's.

use jiff::Timestamp;
use yujie_domain::ParcelRef;
use yujie_domain::hold::Wherever;
use yujie_domain::parcel::{By, Carrier, Destination, Entry, Line};
use yujie_domain::payment::{Refund, RefundState, State};
use yujie_domain::returning::{self, Way};

use super::super::world::{HOME, OFFICE, office};
use super::{Clocked, Loan, Seen};

impl Seen {
    /// A copy in a line of text, to be compared.
    pub(in super::super) fn copy_text(&self, code: &str) -> String {
        let copy = &self.copies[code];
        let holder = copy.holder.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{} {} {holder}", copy.site, copy.status.as_str())
    }

    /// A reader in lines of text.
    pub(in super::super) fn reader_text(&self, reader: u32) -> String {
        let account = &self.accounts[&reader];
        let mut text = format!("uncollected {:?}, waits for {:?}", account.uncollected, account.holds);
        for (title, item) in &account.open {
            text += &format!("\n  {title} {} of {}", item.code, item.order);
            if let Some(Loan { since, due, renewed, back }) = &item.loan {
                text += &format!(" since {since} until {due}, renewed {renewed}, back {back:?}");
            }
            text += &format!(", with return {:?}", item.returning);
        }
        text
    }

    /// Those who wait for a title, in lines of text.
    pub(in super::super) fn queue_text(&self, title: &str) -> String {
        let mut text = String::new();
        let queue = self.holds.range((title.to_owned(), i64::MIN, 0)..(title.to_owned(), i64::MAX, 0));
        for ((_, since, reader), hold) in queue {
            let to = match &hold.deliver_to {
                Wherever::Home { address_id, .. } if *address_id == office(*reader) => "office",
                Wherever::Home { .. } => "home",
                Wherever::Site { site_id } => site_id.as_str(),
            };
            let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string()).unwrap_or_default();
            text += &format!(
                "\n  {reader} since {since} to {to}, until {}, resumes {}",
                day(hold.until),
                day(hold.resumes)
            );
        }
        text
    }

    /// An order's head in a line of text.
    pub(in super::super) fn order_text(&self, number: &str) -> String {
        let head = &self.heads[number];
        format!(
            "to {} in {:?}, promised {}, for {}, unfilled {:?}, queued {:?}, from a hold {}",
            head.to, head.slot, head.promised, head.fee, head.unfilled, head.queued, head.from_hold
        )
    }

    /// A parcel in lines of text.
    pub(in super::super) fn parcel_text(&self, at: &ParcelRef) -> String {
        let parcel = &self.parcels[at];
        let place = match (&parcel.destination, parcel.zone.as_deref()) {
            (Destination::Site { site_id }, None) => site_id.as_str(),
            (Destination::Home, Some(HOME)) => "home",
            (Destination::Home, Some(OFFICE)) => "office",
            (Destination::Site { .. }, Some(_)) | (Destination::Home, _) => "nowhere",
        };
        let slot = parcel.slot.map(|slot| slot.to_string());
        let mut text = format!(
            "from {} to {place} in {slot:?}, unpaid {}",
            parcel.site,
            parcel.unpaid && parcel.is_open()
        );
        text += &format!(
            ", takes a place {}, promised {}, sorted {}, boxed {}",
            parcel.takes_place,
            parcel.promised_by.as_millisecond(),
            parcel.sorted.is_some(),
            parcel.boxed.is_some()
        );
        let booked = parcel.booking.as_ref().map(|booking| {
            (booking.carrier == Carrier::Van, booking.ticket.as_ref().map(|ticket| ticket.task.clone()))
        });
        text += &format!(
            ", booked {booked:?} after {}, revoked {:?}, code {:?}, until {:?}, remedy {}",
            parcel.attempt,
            parcel.revoked.as_ref().map(|ticket| ticket.task.clone()),
            parcel.pickup_code,
            parcel.keep_until.map(|day| day.to_string()),
            parcel.remedy_days
        );
        for Line { title_id, barcode, status, .. } in &parcel.lines {
            text += &format!("\n  {title_id} {barcode} {}", status.as_str());
        }
        for Entry { step, at, place, by, barcode } in &parcel.history {
            let by = by_whom(*by);
            let place = place.as_ref().map(ToString::to_string).unwrap_or_default();
            let code = barcode.as_ref().map(ToString::to_string).unwrap_or_default();
            text += &format!("\n  {} at {} {place} by {by} {code}", step.as_str(), at.as_millisecond());
        }
        text
    }
}

impl Seen {
    /// What is owed for an order, in lines of text.
    pub(in super::super) fn payment_text(&self, number: &str) -> String {
        let Some(Clocked { one, .. }) = self.payments.get(number) else { return "nothing".to_owned() };
        let state = match &one.state {
            State::Due => "due".to_owned(),
            State::Paid { at, transaction } => format!("paid at {} in {transaction}", at.as_millisecond()),
            State::Lapsed { closed: false } => "lapsed".to_owned(),
            State::Lapsed { closed: true } => "closed".to_owned(),
        };
        let (amount, off) = (one.amount.0, one.waived.0);
        let [since, until] = [one.since, one.until].map(Timestamp::as_millisecond);
        let mut text = format!("{amount} since {since} until {until}, {state}, {off} of it not owed");
        for Refund { amount, asked, state } in &one.refunds {
            let state = match state {
                RefundState::Asked => "asked",
                RefundState::Done => "done",
                RefundState::Stuck => "stuck",
            };
            text += &format!("\n  back {} since {}, {state}", amount.0, asked.as_millisecond());
        }
        text
    }

    /// A return, in lines of text.
    pub(in super::super) fn return_text(&self, number: &str) -> String {
        let Some(Clocked { one, .. }) = self.returns.get(number) else { return "nothing".to_owned() };
        let way = match &one.way {
            Way::Site { site_id } => format!("to {site_id}"),
            Way::Courier { day, to, .. } => format!("by courier on {day} to {to}"),
            Way::WithDelivery { parcel_no, to } => format!("with {parcel_no} to {to}"),
            Way::Unbooked { site_id } => format!("unbooked to {site_id}"),
        };
        let courier = one.booking.as_ref().map(|booking| booking.ticket.task.clone());
        let mut text = format!("{way}, courier {courier:?}, to be called off {}", one.call_off);
        for book in &one.books {
            let state = serde_json::to_value(book.state).unwrap();
            text += &format!("\n  {} {} {}", book.title_id, book.barcode, state.as_str().unwrap());
        }
        for returning::Entry { step, at, place, by, barcode } in &one.history {
            let place = place.as_ref().map(ToString::to_string).unwrap_or_default();
            let code = barcode.as_ref().map(ToString::to_string).unwrap_or_default();
            let (step, at, by) = (step.as_str(), at.as_millisecond(), by_whom(*by));
            text += &format!("\n  {step} at {at} {place} by {by} {code}");
        }
        text
    }
}

fn by_whom(by: By) -> &'static str {
    match by {
        By::System => "system",
        By::Staff => "staff",
        By::Courier => "courier",
        By::Reader => "reader",
    }
}
