//! What a closing of its site makes of a parcel: it goes to another one, waits for the opening, or waits longer for its reader.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::LineStatus::{Dispatched, ReadyForPickup};
use super::{Destination, Outcome, Parcel, Refusal};
use crate::ids::SiteId;
use crate::site::{Shut, Site};
use crate::time;

/// What a closing of its site made of a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// When that was decided.
    pub at: Timestamp,
    /// When the site is closed.
    pub shut: Shut,
    /// What was decided.
    pub effect: Effect,
}

/// What is decided about a parcel whose site is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It is brought to another site.
    Rerouted {
        /// The site that it was going to.
        from: SiteId,
        /// The site that it goes to.
        to: SiteId,
    },
    /// No other site has room: it comes when its own one opens.
    Waits,
    /// It waits longer for its reader.
    Kept,
}

impl Parcel {
    /// The closing of `site` that keeps it from arriving there: it is not there yet, and would not find the site open soon on the day for which
    /// it was promised, or today when that is past. What was decided to come when the site opens is not decided again, unless the site
    /// stays closed for longer.
    pub fn shut_out_of(&self, site: &Site, today: Date) -> Option<Shut> {
        let bound = self.is_open() && self.status() < ReadyForPickup;
        let shut = site.shut_for(today.max(time::day(self.promised_by)))?;
        (bound && self.destination.site() == Some(&site.id) && !self.waits_for_opening(shut)).then_some(shut)
    }

    fn waits_for_opening(&self, shut: Shut) -> bool {
        let known = |closing: &Closing| closing.effect == Effect::Waits && closing.shut.until >= shut.until;
        self.closings.iter().rev().take_while(|closing| !closing.effect.is_rerouted()).any(known)
    }

    /// The day on which it came to the site where it waits for its reader; `None` when it does not wait.
    pub fn waits_since(&self) -> Option<Date> {
        let came = self.history.iter().find(|entry| entry.step == ReadyForPickup);
        came.filter(|_| self.status() == ReadyForPickup).map(|entry| time::day(entry.at))
    }

    /// The closing of `site` on a day on which it waits there for its reader.
    pub fn shut_while_waiting(&self, site: &Site) -> Option<Shut> {
        let (since, last) = (self.waits_since()?, self.keep_until?);
        site.shut_between(since, last).filter(|_| self.destination.site() == Some(&site.id))
    }

    /// Up to its arrival it goes elsewhere, also when it is on its way: the driver's list and the arrival scan follow where it goes. Before that
    /// the van is booked anew, as for a reader's change of mind.
    pub(super) fn reroute(
        &self,
        to: &SiteId,
        takes_place: bool,
        shut: Shut,
        now: Timestamp,
    ) -> Result<Outcome, Refusal> {
        let from = self.bound_for()?;
        if from == to {
            return Ok(Outcome::Already);
        }
        let mut next = self.clone();
        next.destination = Destination::Site { site_id: to.clone() };
        next.takes_place = takes_place;
        if self.status() < Dispatched {
            next.give_up_booking();
        }
        let effect = Effect::Rerouted { from: from.clone(), to: to.clone() };
        next.closings.push(Closing { at: now, shut, effect });
        Ok(next.changed())
    }

    pub(super) fn stay_bound(&self, shut: Shut, now: Timestamp) -> Result<Outcome, Refusal> {
        self.bound_for()?;
        if self.waits_for_opening(shut) {
            return Ok(Outcome::Already);
        }
        let mut next = self.clone();
        next.closings.push(Closing { at: now, shut, effect: Effect::Waits });
        Ok(next.changed())
    }

    pub(super) fn keep(&self, until: Date, shut: Shut, now: Timestamp) -> Result<Outcome, Refusal> {
        self.still_wanted()?;
        self.pickup_site()?;
        if self.status() < ReadyForPickup {
            return Err(self.too_early());
        }
        if self.status() > ReadyForPickup {
            return Err(self.too_late());
        }
        if self.keep_until >= Some(until) {
            return Ok(Outcome::Already);
        }
        let mut next = self.clone();
        next.keep_until = Some(until);
        next.closings.push(Closing { at: now, shut, effect: Effect::Kept });
        Ok(next.changed())
    }

    /// The site to which it still has to come.
    fn bound_for(&self) -> Result<&SiteId, Refusal> {
        self.still_wanted()?;
        let site = self.pickup_site()?;
        if self.status() >= ReadyForPickup { Err(self.too_late()) } else { Ok(site) }
    }
}

impl Effect {
    /// Whether it is the way to another site.
    pub const fn is_rerouted(&self) -> bool {
        matches!(self, Self::Rerouted { .. })
    }
}
