//! Whether what was promised came when it was promised: an order's clock as its reader sees it, and how often promises are kept.
//!
//! A parcel has come when it is at the door or waits at its site: when its reader collects it there is up to them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::SiteId;
use crate::month::Month;
use crate::parcel::{Carrier, Destination, Effect, LineStatus, Parcel, Warning};
use crate::site::Shut;

/// What is late by less than this came a day late at most.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// How an order's promise stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// There is time.
    Running,
    /// Three quarters of the time are gone.
    AtRisk,
    /// Everything came in time.
    Kept,
    /// Something came late, or is late.
    Broken,
}

/// How an order's promise stands, and what explains it: that of its latest parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// When it was promised.
    pub promised_by: Timestamp,
    /// How it stands.
    pub state: State,
    /// Whether the latest parcel has come.
    pub arrived: bool,
    /// By how much the latest parcel came late, or is late: whole minutes.
    pub late_minutes: u32,
    /// How far that had come when its time was over; `None` when nobody had taken it on.
    pub stood_at: Option<LineStatus>,
    /// When its site is closed, if it waits for that to open.
    pub shut: Option<Shut>,
    /// Days that each loan of it gets for it, by the rule `remedy_days`.
    pub remedy_days: u16,
}

/// How the promise of these parcels of one order stands at `now`; `None` when nothing of them is wanted any more.
pub fn standing(parcels: &[Parcel], now: Timestamp) -> Option<Standing> {
    let wanted = |parcel: &&Parcel| parcel.status().is_live() || parcel.status() == LineStatus::Uncollected;
    parcels.iter().filter(wanted).map(|parcel| of_parcel(parcel, now)).max_by_key(|standing| {
        let weight = match standing.state {
            State::Kept => 0,
            State::Running => 1,
            State::AtRisk => 2,
            State::Broken => 3,
        };
        (weight, standing.late_minutes)
    })
}

/// How the promise of one parcel stands.
pub fn of_parcel(parcel: &Parcel, now: Timestamp) -> Standing {
    let promised_by = parcel.promised_by;
    let arrived = arrived(parcel);
    // A parcel that is not paid for is not on the clock.
    let until = if parcel.unpaid { promised_by } else { arrived.unwrap_or(now) };
    let late = until.duration_since(promised_by);
    let state = if late > SignedDuration::ZERO {
        State::Broken
    } else if arrived.is_some() {
        State::Kept
    } else if parcel.warned >= Some(Warning::ThreeQuarters) {
        State::AtRisk
    } else {
        State::Running
    };
    let closing = parcel.closings.last().filter(|closing| closing.effect == Effect::Waits);
    Standing {
        promised_by,
        state,
        arrived: arrived.is_some(),
        late_minutes: u32::try_from(late.as_mins()).unwrap_or_default(),
        stood_at: parcel
            .history
            .iter()
            .rev()
            .find(|entry| entry.at <= promised_by && entry.step.is_live())
            .map(|entry| entry.step),
        shut: closing.map(|closing| closing.shut),
        remedy_days: parcel.remedy_days,
    }
}

/// When a parcel came to its reader: to the door, or to the site where it is collected.
pub fn arrived(parcel: &Parcel) -> Option<Timestamp> {
    parcel.history.iter().find(|entry| is_arrival(entry.step)).map(|entry| entry.at)
}

/// Whether a parcel that reaches this status has come.
pub const fn is_arrival(status: LineStatus) -> bool {
    matches!(status, LineStatus::ReadyForPickup | LineStatus::Delivered | LineStatus::Collected)
}

/// Where a parcel was brought, as far as figures tell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Zone {
    /// A division in which readers get books at their doors, by its code (GB/T 2260).
    Division(String),
    /// A site where books are collected.
    #[schema(value_type = String)]
    Site(SiteId),
    /// A door of which the division was not written down.
    Unknown,
}

/// Where a parcel was brought, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// Where.
    pub zone: Zone,
    /// Whether a courier carries it; the library's van otherwise.
    pub courier: bool,
}

impl Way {
    /// The way of a parcel; one that has no carrier yet gets the one that its destination asks for.
    pub fn of(destination: &Destination, division: Option<String>, carrier: Option<Carrier>) -> Self {
        let (zone, usual) = match destination {
            Destination::Site { site_id } => (Zone::Site(site_id.clone()), Carrier::Van),
            Destination::Home => (division.map_or(Zone::Unknown, Zone::Division), Carrier::Kuaidi100),
        };
        Self { zone, courier: carrier.unwrap_or(usual) == Carrier::Kuaidi100 }
    }

    /// Who carried it.
    pub const fn carrier(&self) -> Carrier {
        if self.courier { Carrier::Kuaidi100 } else { Carrier::Van }
    }
}

/// What became of one promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Came {
    /// Where to, and by whom.
    pub way: Way,
    /// When it was promised.
    pub promised_by: Timestamp,
    /// When it came; `None` when it is late and still on its way.
    pub arrived: Option<Timestamp>,
}

/// How many promises were kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// Parcels that came.
    pub arrived: u32,
    /// Of these, in time.
    pub on_time: u32,
    /// Of these, late by 24 hours at most.
    pub late_by_a_day: u32,
    /// Of these, later.
    pub later: u32,
    /// Parcels that were promised for this month and are still on their way, late.
    pub still_open: u32,
}

impl Counts {
    /// Kept promises in a thousand, rounded down: of those that came, and of those that are late and still to come. `None` when there are none.
    pub fn on_time_per_mille(&self) -> Option<u32> {
        let all = u64::from(self.arrived) + u64::from(self.still_open);
        (u64::from(self.on_time) * 1000).checked_div(all).and_then(|share| u32::try_from(share).ok())
    }

    /// Both together.
    #[must_use]
    pub const fn with(&self, other: &Self) -> Self {
        Self {
            arrived: self.arrived.saturating_add(other.arrived),
            on_time: self.on_time.saturating_add(other.on_time),
            late_by_a_day: self.late_by_a_day.saturating_add(other.late_by_a_day),
            later: self.later.saturating_add(other.later),
            still_open: self.still_open.saturating_add(other.still_open),
        }
    }

    fn count(&mut self, came: &Came) {
        let Some(arrived) = came.arrived else {
            self.still_open = self.still_open.saturating_add(1);
            return;
        };
        self.arrived = self.arrived.saturating_add(1);
        let late = arrived.duration_since(came.promised_by);
        let which = if late <= SignedDuration::ZERO {
            &mut self.on_time
        } else if late <= DAY {
            &mut self.late_by_a_day
        } else {
            &mut self.later
        };
        *which = which.saturating_add(1);
    }
}

/// The figures of one month.
pub type Figures = BTreeMap<Way, Counts>;

/// The figures of all months, from promises that come in any order.
#[derive(Debug, Clone, Default)]
pub struct Months(BTreeMap<Month, Figures>);

impl Months {
    /// Counts what became of a promise: in the month in which it came; when it is still on its way, in the month for which it was promised.
    pub fn count(&mut self, came: &Came) {
        let month = Month::of(came.arrived.unwrap_or(came.promised_by));
        self.0.entry(month).or_default().entry(came.way.clone()).or_default().count(came);
    }

    /// The figures of each month that has some.
    pub fn into_each(self) -> BTreeMap<Month, Figures> {
        self.0
    }
}

#[cfg(test)]
mod tests;
