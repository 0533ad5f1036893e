//! What the ways out of a refusal lead to: the sites that can be chosen instead, and where a title stands. It is looked for only when such a way
//! is told.

use jiff::civil::Date;
use yujie_domain::hold::Wherever;
use yujie_domain::order::{Action, NamedSite};
use yujie_domain::site::{Point, Site};
use yujie_domain::{ReaderId, SiteId, division, time};
use yujie_table::{copy, site, site_load};

use crate::{Fault, Lending};

/// Sites whose places are counted with one call.
const COUNTED_AT_ONCE: usize = 20;
/// How many sites are named to choose from.
const NAMED: usize = 3;

/// Names what ways out lead to, seen from where something was to go. Sites are looked for once, however many ways lead to one.
#[derive(Debug)]
pub struct Guide<'a> {
    lending: &'a Lending,
    rid: &'a ReaderId,
    to: Wherever,
    parcels: u16,
    sites: Option<Vec<NamedSite>>,
}

impl Guide<'_> {
    /// The same ways, with the places that they lead to. One that leads nowhere, because no copy stands on a shelf, is left out.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn name(&mut self, ways: Vec<Action>) -> Result<Vec<Action>, Fault> {
        let mut named = Vec::with_capacity(ways.len());
        for way in ways {
            match way {
                Action::ChooseSite { .. } => named.push(Action::ChooseSite { sites: self.sites().await? }),
                Action::ReadThere { title_id, .. } => {
                    let copies = copy::of_title(&self.lending.table, &title_id).await?;
                    let (table, now) = (&self.lending.table, self.lending.edge.clock.now());
                    let known = self.lending.places.all(table, now).await?;
                    let from = self.chosen().and_then(|id| known.get(id)).map(|site| site.point);
                    let sites = NamedSite::with_one_of(&copies, &known, from);
                    if !sites.is_empty() {
                        named.push(Action::ReadThere { title_id, sites });
                    }
                }
                other => named.push(other),
            }
        }
        Ok(named)
    }

    /// Where something was to go.
    pub(crate) const fn to(&self) -> &Wherever {
        &self.to
    }

    /// The site that was chosen; `None` for the door.
    const fn chosen(&self) -> Option<&SiteId> {
        match &self.to {
            Wherever::Site { site_id } => Some(site_id),
            Wherever::Home { .. } => None,
        }
    }

    async fn sites(&mut self) -> Result<Vec<NamedSite>, Fault> {
        if let Some(sites) = &self.sites {
            return Ok(sites.clone());
        }
        let (lending, now) = (self.lending, self.lending.edge.clock.now());
        let sites = lending.places.all(&lending.table, now).await?;
        let chosen = self.chosen().and_then(|id| sites.get(id));
        let near = match (chosen, &self.to) {
            (Some(site), _) => Near::Site(site.id.clone(), site.point),
            (None, Wherever::Site { .. }) => Near::Nothing,
            (None, to @ Wherever::Home { .. }) => {
                self.district_of(to).await?.map_or(Near::Nothing, Near::District)
            }
        };
        let found = lending.open_sites(&near, time::day(now), self.parcels, NAMED).await?;
        let from = chosen.map(|site| site.point);
        let named: Vec<NamedSite> = found.iter().map(|site| NamedSite::of(site, from)).collect();
        self.sites = Some(named.clone());
        Ok(named)
    }

    /// The district of a door, if its address is there.
    async fn district_of(&self, to: &Wherever) -> Result<Option<&'static str>, Fault> {
        match self.lending.destination(self.rid, to, 0).await {
            Ok(found) => {
                let name = found.recipient.and_then(|recipient| division::name(&recipient.division));
                Ok(name.map(division::without_city))
            }
            Err(Fault::Seal(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What a site is to be near.
pub(crate) enum Near {
    /// This site, which is where: it is not found itself.
    Site(SiteId, Point),
    /// A door in this district: where it is on the map is not known.
    District(&'static str),
    /// Nothing that is known.
    Nothing,
}

impl Near {
    /// Sites with less of it come first: metres, or 1 for one whose address does not name the district.
    fn distance(&self, site: &Site) -> u32 {
        match self {
            Self::Site(_, point) => point.metres_to(site.point),
            Self::District(name) => u32::from(!site.address.contains(name)),
            Self::Nothing => 0,
        }
    }

    fn is(&self, site: &Site) -> bool {
        matches!(self, Self::Site(id, _) if *id == site.id)
    }
}

impl Lending {
    /// A guide for a reader who wanted so many parcels to go there.
    pub fn guide<'a>(&'a self, rid: &'a ReaderId, to: &Wherever, parcels: u16) -> Guide<'a> {
        Guide { lending: self, rid, to: to.clone(), parcels, sites: None }
    }

    /// The sites to choose instead of a door in this division.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn sites_near(&self, code: &str) -> Result<Vec<NamedSite>, Fault> {
        let near =
            division::name(code).map_or(Near::Nothing, |name| Near::District(division::without_city(name)));
        let found = self.open_sites(&near, time::day(self.edge.clock.now()), 1, NAMED).await?;
        Ok(found.iter().map(|site| NamedSite::of(site, None)).collect())
    }

    /// The first `most` sites that open soon after `day` and have room for so many parcels more, the nearest first.
    pub(crate) async fn open_sites(
        &self,
        near: &Near,
        day: Date,
        parcels: u16,
        most: usize,
    ) -> Result<Vec<Site>, Fault> {
        let sites = self.places.all(&self.table, self.edge.clock.now()).await?;
        let mut open: Vec<&Site> =
            sites.values().filter(|site| !near.is(site) && site.opens_soon(day)).collect();
        open.sort_by_key(|site| (near.distance(site), &site.id));
        let mut found = Vec::new();
        for some in open.chunks(COUNTED_AT_ONCE) {
            let counted: Vec<SiteId> =
                some.iter().filter(|site| site.capacity.is_some()).map(|site| site.id.clone()).collect();
            let taken = site_load::of_many(&self.table, &counted).await?;
            let room = |site: &Site| {
                let taken = taken.get(&site.id).copied().unwrap_or_default();
                site.capacity.is_none_or(|capacity| taken.saturating_add(parcels) <= capacity)
            };
            for site in some.iter().filter(|site| room(site)) {
                // What is known of the sites is a minute old, and more than one may have been closed.
                let fresh = site::get(&self.table, &site.id).await?;
                found.extend(fresh.filter(|site| site.opens_soon(day) && room(site)));
                if found.len() == most {
                    return Ok(found);
                }
            }
        }
        Ok(found)
    }
}
