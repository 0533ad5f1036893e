//! What changes a few times a year and decides every order: the rules in force and the sites, each read at most once a minute.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use yujie_domain::order::Place;
use yujie_domain::rules::RuleSet;
use yujie_domain::site::Site;
use yujie_domain::{SiteId, time};
use yujie_table::{Table, TableError, rules, site};

use crate::Fault;

/// Days of a site's calendar that a promise looks at.
const LOOKED_AHEAD: usize = 30;
const KEPT: SignedDuration = SignedDuration::from_secs(60);

/// A value and when it was read.
#[derive(Debug)]
struct Kept<T>(Mutex<Option<(Timestamp, T)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Kept<T> {
    fn fresh(&self, now: Timestamp) -> Option<T> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let young = |read: &Timestamp| now >= *read && now.duration_since(*read) < KEPT;
        kept.as_ref().filter(|(read, _)| young(read)).map(|(_, value)| value.clone())
    }

    fn keep(&self, now: Timestamp, value: &T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, value.clone()));
    }
}

/// The rules in force.
#[derive(Debug, Clone, Default)]
pub struct Rules(Arc<Kept<Arc<RuleSet>>>);

impl Rules {
    /// The rules in force at `now`.
    ///
    /// # Errors
    /// [`Fault::NoRules`] when the library has set none.
    pub async fn in_force(&self, table: &Table, now: Timestamp) -> Result<Arc<RuleSet>, Fault> {
        if let Some(rules) = self.0.fresh(now) {
            return Ok(rules);
        }
        let rules = Arc::new(rules::in_force(table, now).await?.ok_or(Fault::NoRules)?);
        self.0.keep(now, &rules);
        Ok(rules)
    }
}

/// The sites.
#[derive(Debug, Clone, Default)]
pub struct Places(Arc<Kept<Arc<BTreeMap<SiteId, Site>>>>);

impl Places {
    /// All sites as of a minute ago.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn all(
        &self,
        table: &Table,
        now: Timestamp,
    ) -> Result<Arc<BTreeMap<SiteId, Site>>, TableError> {
        if let Some(sites) = self.0.fresh(now) {
            return Ok(sites);
        }
        let read = site::all(table).await?;
        let sites = Arc::new(read.into_iter().map(|site| (site.id.clone(), site)).collect());
        self.0.keep(now, &sites);
        Ok(sites)
    }

    /// What the choice of copies needs to know of these sites.
    pub fn of<'a>(
        sites: &BTreeMap<SiteId, Site>,
        wanted: impl IntoIterator<Item = &'a SiteId>,
        now: Timestamp,
    ) -> BTreeMap<SiteId, Place> {
        wanted.into_iter().filter_map(|id| sites.get(id).map(|site| (id.clone(), place(site, now)))).collect()
    }
}

/// When a site opens next, seen from today.
fn place(site: &Site, now: Timestamp) -> Place {
    let today = time::day(now);
    let next_open = site.next_open_day(today);
    let days = next_open
        .and_then(|day| today.until(day).ok())
        .and_then(|span| u16::try_from(span.get_days()).ok())
        .unwrap_or(u16::MAX);
    let closed = std::iter::successors(Some(today), |day| day.tomorrow().ok())
        .take(LOOKED_AHEAD)
        .filter(|day| !site.is_open_day(*day))
        .collect();
    Place { point: site.point, opens_in: days, opens_on: next_open, closed }
}
