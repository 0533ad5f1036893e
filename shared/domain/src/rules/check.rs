//! What a rule set must be before it is taken.

use std::collections::BTreeSet;

use jiff::civil::{Date, Time};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Kind, Rule, RuleSet, Scope, Setting};
use crate::division;
use crate::money::Fen;

/// What is wrong with a rule set, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Faulty {
    /// The place in the set, such as `rules.3`.
    pub at: String,
    /// What is wrong with it.
    pub why: String,
}

/// No list of a rule set is longer: it is one item of the table, read by every order.
const MOST: usize = 200;
/// A day has no more windows.
const MOST_WINDOWS: usize = 12;
/// No count of days is longer.
const MOST_DAYS: u16 = 3_650;
/// No amount that readers may owe for a book is larger.
const MOST_FEN: Fen = Fen(1_000_000);

impl RuleSet {
    /// Everything that is wrong, at once; empty for a good set.
    pub fn faults(&self) -> Vec<Faulty> {
        let mut faults = Vec::new();
        let mut fault = |at: String, why: &str| faults.push(Faulty { at, why: why.to_owned() });
        for (name, len) in [
            ("rules", self.rules.len()),
            ("holidays", self.holidays.len()),
            ("amnesties", self.amnesties.len()),
            ("zones", self.zones.len()),
        ] {
            if len > MOST {
                fault(name.to_owned(), "at most 200");
            }
        }
        let mut seen: BTreeSet<(&str, &Scope)> = BTreeSet::new();
        for (place, rule) in self.rules.iter().enumerate() {
            let at = format!("rules.{place}");
            if !seen.insert((rule.set.name(), &rule.scope)) {
                fault(at.clone(), "another rule says something about the same");
            }
            if let Some(why) = wrong(&rule.set) {
                fault(at.clone(), why);
            }
            for kind in rule.scope.kinds().filter(|kind| !rule.set.kinds().contains(kind)) {
                fault(at.clone(), &knows_no(rule, kind));
            }
        }
        for (place, days) in self.holidays.iter().enumerate() {
            for why in wrong_days(days.from, days.until, &days.name, 60, "longer than 60 days") {
                fault(format!("holidays.{place}"), why);
            }
        }
        for (place, days) in self.amnesties.iter().enumerate() {
            for why in wrong_days(days.from, days.until, &days.name, 366, "longer than 366 days") {
                fault(format!("amnesties.{place}"), why);
            }
        }
        let mut divisions = BTreeSet::new();
        for (place, zone) in self.zones.iter().enumerate() {
            let at = format!("zones.{place}");
            if division::name(&zone.division).is_none() {
                fault(at.clone(), "no division of the library's city");
            }
            if !divisions.insert(&zone.division) {
                fault(at, "the division stands twice");
            }
        }
        if self.windows.len() > MOST_WINDOWS {
            fault("windows".to_owned(), "at most 12");
        }
        for (place, window) in self.windows.iter().enumerate() {
            let at = format!("windows.{place}");
            let whole = |time: Time| time.second() == 0 && time.subsec_nanosecond() == 0;
            if !whole(window.from) || !whole(window.until) {
                fault(at.clone(), "it begins and ends with a whole minute");
            }
            if window.from >= window.until {
                fault(at.clone(), "it ends before it begins");
            }
            let before = place.checked_sub(1).and_then(|before| self.windows.get(before));
            if before.is_some_and(|before| before.until > window.from) {
                fault(at, "it begins before the one before it ends");
            }
        }
        faults
    }
}

/// What is wrong with days that have a name.
fn wrong_days(
    from: Date,
    until: Date,
    name: &str,
    most: i32,
    too_long: &'static str,
) -> impl Iterator<Item = &'static str> {
    let ordered = if from > until {
        Some("it ends before it begins")
    } else {
        from.until(until).is_ok_and(|span| span.get_days() > most).then_some(too_long)
    };
    let unnamed = name.trim().is_empty() || name.chars().count() > 50;
    ordered.into_iter().chain(unnamed.then_some("a name of 1 to 50 characters"))
}

fn wrong(set: &Setting) -> Option<&'static str> {
    let within = |value: u16, least: u16, most: u16, why| (!(least..=most).contains(&value)).then_some(why);
    match *set {
        Setting::BooksPerOrder(n) => within(n, 1, 20, "1 to 20 books"),
        Setting::InProcess(n) | Setting::OpenItems(n) | Setting::Holds(n) => {
            within(n, 0, 100, "at most 100: they are kept in one item")
        }
        Setting::LoanDays(n) | Setting::PromiseHours(n) => within(n, 1, 1_000, "1 to 1,000"),
        Setting::PickupDays(n) => within(n, 1, 60, "1 to 60 open days"),
        // The provider takes no money for what is over within five minutes; what is kept longer than a day is kept from those who wait.
        Setting::PayMinutes(n) => within(n, 5, 1_440, "5 to 1,440 minutes"),
        Setting::Violations(n) => within(n, 1, 100, "1 to 100"),
        Setting::Renewals(n) => within(n, 0, 100, "at most 100"),
        Setting::RenewalDays(n)
        | Setting::RenewFrom(n)
        | Setting::RemedyDays(n)
        | Setting::ViolationDays(n)
        | Setting::BanDays(n)
        | Setting::HopelessDays(n)
        | Setting::GraceDays(n)
        | Setting::SuspensionDays(n)
        | Setting::SuspensionCap(n)
        | Setting::LostRefundDays(n) => within(n, 0, MOST_DAYS, "at most ten years"),
        Setting::FineInterval(n) => within(n, 1, 366, "1 to 366 days"),
        Setting::FinePricePercent(n) => within(n, 1, 1_000, "1 to 1,000 per cent"),
        Setting::OnTimePoints(n) => within(n, 0, 1_000, "at most 1,000 points"),
        // A fine is worked out day by day, and ends when its book counts as lost.
        Setting::BlockDays(n) | Setting::LostDays(n) => within(n, 1, MOST_DAYS, "1 day to ten years"),
        Setting::DebtBlock(Fen::ZERO) => Some("at least one fen: who owes nothing is not kept from ordering"),
        // So much is far above every fine, and no sum of them comes near what a number holds.
        Setting::OverdueFine(fen)
        | Setting::FineCap(fen)
        | Setting::FinesCap(fen)
        | Setting::DebtBlock(fen)
        | Setting::LostPrice(fen)
        | Setting::LostFee(fen) => (fen > MOST_FEN).then_some("at most 10,000 yuan"),
        Setting::Lendable(_)
        | Setting::PriceCap(_)
        | Setting::Partial(_)
        | Setting::LoanStarts(_)
        | Setting::CutOff(_)
        | Setting::Opening(_)
        | Setting::HomeFee(_)
        | Setting::HomeFeeMore(_)
        | Setting::FineCharged(_)
        | Setting::GraceCharged(_)
        | Setting::ClosedDaysFree(_)
        | Setting::FinePriceCaps(_) => None,
    }
}

/// Why a rule cannot be for a `kind` of things: nothing of the sort is known where it is asked, and it would never decide.
fn knows_no(rule: &Rule, kind: Kind) -> String {
    let can: Vec<&str> = rule.set.kinds().iter().map(|kind| kind.name()).collect();
    format!("{} knows no {}: it can be for {}", rule.set.name(), kind.name(), can.join(", "))
}
