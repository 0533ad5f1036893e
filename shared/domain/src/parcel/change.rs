//! What departs from the ordinary way: the reader's change of mind, time that ran out.

use jiff::Timestamp;
use jiff::civil::Date;

use super::LineStatus::{Cancelled, Dispatched, Packed, Picked, ReadyForPickup, Uncollected};
use super::{By, Effect, Entry, Line, LineEvent, Outcome, Parcel, Refusal, Ticket, Warning};
use crate::ids::{Barcode, SiteId};
use crate::rules::{About, CardClass, RuleSet};

impl Parcel {
    /// The reader's change of mind, up to the 出库 scan. A book that is still on its shelf is simply left there; one that is off it has to be
    /// taken out by staff before the box may go. A courier that nothing is left for is called off.
    pub(super) fn cancel(&self, barcodes: &[Barcode], by: By, now: Timestamp) -> Result<Outcome, Refusal> {
        let named = |line: &Line| barcodes.is_empty() || barcodes.contains(&line.barcode);
        if barcodes.iter().any(|barcode| self.lines.iter().all(|line| line.barcode != *barcode)) {
            return Err(Refusal::WrongParcel);
        }
        if self.lines.iter().filter(|line| named(line)).all(|line| line.status.is_void()) {
            return Ok(Outcome::Already);
        }
        if self.status() >= Dispatched {
            return Err(self.too_late());
        }
        let mut next = self.clone();
        for line in next.lines.iter_mut().filter(|line| named(line) && line.status.is_live()) {
            let event = if line.status < Picked { LineEvent::Cancel } else { LineEvent::Recall };
            line.status = line.status.after(event).ok_or_else(|| self.too_late())?;
            next.history.push(Entry {
                step: Cancelled,
                at: now,
                place: None,
                by,
                barcode: Some(line.barcode.clone()),
            });
        }
        if next.live().next().is_none() {
            next.give_up_booking();
        }
        Ok(next.changed())
    }

    /// Its reader paid for it: whoever takes it on may do so, and its clock runs.
    pub(super) fn paid(&self, promised_by: Timestamp) -> Outcome {
        if !self.unpaid || !self.status().is_live() {
            return Outcome::Already;
        }
        let mut next = self.clone();
        next.unpaid = false;
        next.promised_by = promised_by;
        next.changed()
    }

    /// Its reader did not pay for it in time: it is cancelled as a whole.
    pub(super) fn lapse(&self, now: Timestamp) -> Result<Outcome, Refusal> {
        if self.unpaid { self.cancel(&[], By::System, now) } else { Err(self.too_late()) }
    }

    pub(super) fn take_out(&self, barcode: &Barcode, site: &SiteId) -> Result<Outcome, Refusal> {
        // It may have left with the box: then it is taken out where it came to.
        if self.working_site() != Some(site) {
            self.at_site(site, &self.site)?;
        }
        let mut next = self.clone();
        let line = next.lines.iter_mut().find(|line| line.barcode == *barcode).ok_or(Refusal::WrongParcel)?;
        if line.status == Cancelled {
            return Ok(Outcome::Already);
        }
        line.status = line.status.after(LineEvent::TakeOut).ok_or_else(|| self.too_early())?;
        Ok(next.changed())
    }

    /// Another place, up to the 出库 scan. A courier who was told the old one is called off.
    /// `next` is this parcel with the new place.
    pub(super) fn redirect(&self, mut next: Self) -> Result<Outcome, Refusal> {
        self.still_wanted()?;
        if self.status() >= Dispatched {
            return Err(self.too_late());
        }
        if next.destination != self.destination {
            // That the old place was shut is no reason any more for anything.
            next.closings.retain(|closing| closing.effect != Effect::Waits);
        }
        // Sites are free: what goes to one waits for no payment.
        next.unpaid &= next.destination.site().is_none();
        let booked = next.booking.is_some();
        next.give_up_booking();
        // A courier who was asked, but whose answer was not stored, would answer for the old place if he were asked by the same number.
        if !booked && self.status() == Packed {
            next.attempt = next.attempt.saturating_add(1);
        }
        Ok(next.changed())
    }

    /// Calls the carrier off: a courier must be told so, the van's driver sees it on the list.
    pub(super) fn give_up_booking(&mut self) {
        if let Some(booking) = self.booking.take() {
            self.attempt = self.attempt.saturating_add(1);
            // The van has no ticket, and nothing to forget a courier's for.
            self.revoked = booking.ticket.or_else(|| self.revoked.take());
        }
    }

    /// Keeps a courier's ticket until he is called off: one at a time.
    pub(super) fn revoke(&self, ticket: &Ticket) -> Result<Outcome, Refusal> {
        match &self.revoked {
            None => Ok(Self { revoked: Some(ticket.clone()), ..self.clone() }.changed()),
            Some(kept) if kept == ticket => Ok(Outcome::Already),
            Some(_) => Err(self.too_early()),
        }
    }

    pub(super) fn forget_revoked(&self, ticket: &Ticket) -> Outcome {
        if self.revoked.as_ref() == Some(ticket) {
            Self { revoked: None, ..self.clone() }.changed()
        } else {
            Outcome::Already
        }
    }

    /// Gives up what its reader did not collect until the end of the last day that the site was open for it.
    pub(super) fn expire(&self, today: Date, now: Timestamp) -> Result<Outcome, Refusal> {
        if self.status() == Uncollected {
            return Ok(Outcome::Already);
        }
        if self.status().with_reader() {
            return Err(self.too_late());
        }
        if self.status() < ReadyForPickup || self.keep_until.is_none_or(|last| today <= last) {
            return Err(self.too_early());
        }
        self.still_wanted()?;
        self.advance(LineEvent::Expire, now, None, By::System)
    }

    /// Days that each loan gets when what was promised to a reader with such a card is not kept.
    pub fn remedy(&self, rules: &RuleSet, card: CardClass) -> u16 {
        rules.remedy_days(&About::card(card).at(self.destination.site())).value
    }

    pub(super) fn warn(&self, level: Warning) -> Outcome {
        if !self.is_open() || self.unpaid || self.status() == ReadyForPickup || self.warned >= Some(level) {
            return Outcome::Already;
        }
        let mut next = self.clone();
        match level {
            Warning::Half | Warning::ThreeQuarters | Warning::AlmostAll => next.warned = Some(level),
            Warning::Broken => next.break_promise(),
        }
        next.changed()
    }

    /// It did not come when it was promised: its reader gets what the rules of the order give for that, once.
    pub(super) fn break_promise(&mut self) {
        if self.warned < Some(Warning::Broken) {
            self.warned = Some(Warning::Broken);
            self.remedy_days = self.remedy_offer;
        }
    }
}
