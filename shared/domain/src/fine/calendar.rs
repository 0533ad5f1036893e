//! Which rules are in force on which day, and the days on which no fine grows.

use jiff::civil::Date;

use super::explain::Why;
use super::terms::Terms;
use crate::rules::{By, RuleSet, Scope};

/// What holds before the library has set any rules.
static FOUNDING: RuleSet = RuleSet::founding();

/// The versions of the rules by which fines are decided, in any order: at least those that were in force from the earliest due day on.
#[derive(Debug, Clone, Copy)]
pub struct Rulebook<'a>(&'a [RuleSet]);

/// A version, and the days on which it was in force, as far as they are known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reign<'a> {
    pub(super) set: &'a RuleSet,
    pub(super) from: Date,
    until: Date,
}

impl<'a> Rulebook<'a> {
    /// These versions.
    pub const fn new(versions: &'a [RuleSet]) -> Self {
        Self(versions)
    }

    /// The rules in force on a day: of the versions that have begun the highest.
    pub fn on(&self, day: Date) -> &'a RuleSet {
        let begun = self.0.iter().filter(|set| set.starts <= day);
        begun.max_by_key(|set| set.version).unwrap_or(&FOUNDING)
    }

    /// The versions that were in force on one of these days, one after the other.
    pub(super) fn reigns(&self, from: Date, until: Date) -> Vec<Reign<'a>> {
        let begin = |from| Reign { set: self.on(from), from, until: Date::MAX };
        let mut starts: Vec<Date> =
            self.0.iter().map(|set| set.starts).filter(|day| from < *day && *day <= until).collect();
        starts.sort_unstable();
        let mut reigns = vec![begin(from)];
        for next in starts.into_iter().map(begin) {
            if let Some(last) = reigns.last_mut().filter(|last| last.set.version != next.set.version) {
                last.until = next.from.yesterday().unwrap_or(next.from);
                reigns.push(next);
            }
        }
        reigns
    }

    /// The days that changed what was known, between these, the latest first: as today stands, and before each version that came meanwhile.
    pub(super) fn known_on(&self, from: Date, today: Date) -> Vec<Date> {
        let came = self.reigns(from, today).into_iter().skip(1);
        let before = came.rev().filter_map(|reign| reign.from.yesterday().ok());
        std::iter::once(today).chain(before).collect()
    }
}

/// Why no fine grows on a day, and the rule. The rules of that day say so, or younger ones: what is declared afterwards is good for days that are
/// past. What only older rules had planned is not. Nothing that came after `known` is listened to.
pub(super) fn free(day: Date, reigns: &[Reign<'_>], known: Date, terms: &Terms) -> Option<(Why, By)> {
    let listened = |reign: &&Reign<'_>| day <= reign.until && reign.from <= day.max(known);
    let mut said = reigns.iter().filter(listened).map(|reign| reign.set);
    let mut later = said.clone();
    if terms.closed_days_free.value
        && let Some(holidays) = said.find_map(|set| set.holidays_on(day))
    {
        return Some((Why::Closed { name: holidays.name.clone() }, terms.closed_days_free.by.clone()));
    }
    later.find_map(|set| {
        let amnesty = set.amnesty_on(day)?;
        let by = By { rule: "amnesties".to_owned(), version: set.version, scope: Scope::ALL };
        Some((Why::Amnesty { name: amnesty.name.clone() }, by))
    })
}
