//! Which copy: few parcels and little transport, the site that opens first, the nearest; among equals, turn by turn.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::Asked;
use crate::copy::Copy;
use crate::ids::SiteId;
use crate::parcel::{Because, Destination};
use crate::site::Point;

/// What a choice needs to know of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where it is.
    pub point: Point,
    /// In how many days it opens next: 0 when it is open today.
    pub opens_in: u16,
    /// That day.
    pub opens_on: Option<Date>,
    /// The days of the next weeks on which it is closed.
    pub closed: Vec<Date>,
}

/// A book that an order would send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The title's name.
    pub title: String,
    /// The copy chosen.
    pub copy: Copy,
}

/// What one site would send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    /// The books.
    pub books: Vec<Choice>,
    /// Why from here.
    pub because: Because,
}

/// What speaks for a site, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Merit {
    covers: usize,
    collected_there: bool,
    opens_in: Reverse<u16>,
    metres: Reverse<u32>,
}

/// What is wanted: each title with its free copies.
type Wanted<'a> = Vec<(&'a String, Vec<&'a Copy>)>;

/// Steps that are spent on finding fewer parcels. Orders of a few books need a few hundred.
const MOST_STEPS: u32 = 20_000;

/// Chooses one copy for each title: again and again from the site with the most merit among the titles that are left. Where that makes more parcels
/// than are needed, the same among the fewest sites that have all of them.
pub(super) fn choose(wanted: Wanted<'_>, asked: &Asked<'_>) -> BTreeMap<SiteId, Shipment> {
    let parcels = from_the_best(wanted.clone(), asked);
    let Some(sites) = fewest_sites(&wanted, parcels.len()) else { return parcels };
    let among = |(title, free): (_, Vec<_>)| {
        (title, free.into_iter().filter(|c: &&Copy| sites.contains(&c.site)).collect())
    };
    let mut parcels = from_the_best(wanted.into_iter().map(among).collect(), asked);
    for shipment in parcels.values_mut() {
        shipment.because = Because::FewerParcels;
    }
    parcels
}

/// The fewest sites that have all titles between them, when they are fewer than `than`. Two are found to be the fewest without a look, since one
/// that has everything is always the best.
fn fewest_sites<'a>(wanted: &Wanted<'a>, than: usize) -> Option<BTreeSet<&'a SiteId>> {
    let has: Vec<BTreeSet<&SiteId>> =
        wanted.iter().map(|(_, free)| free.iter().map(|copy| &copy.site).collect()).collect();
    let mut steps = 0;
    (2..than).find_map(|most| {
        let mut chosen = BTreeSet::new();
        cover(&has, &mut chosen, most, &mut steps).then_some(chosen)
    })
}

/// Whether what is left of the titles is had by so many more sites. The title that the fewest sites have is looked at first.
fn cover<'a>(
    has: &[BTreeSet<&'a SiteId>],
    chosen: &mut BTreeSet<&'a SiteId>,
    most: usize,
    steps: &mut u32,
) -> bool {
    *steps += 1;
    let open = has.iter().filter(|sites| sites.is_disjoint(chosen)).min_by_key(|sites| sites.len());
    let Some(sites) = open else { return true };
    if chosen.len() == most || *steps > MOST_STEPS {
        return false;
    }
    for site in sites {
        chosen.insert(site);
        if cover(has, chosen, most, steps) {
            return true;
        }
        chosen.remove(site);
    }
    false
}

fn from_the_best(mut wanted: Wanted<'_>, asked: &Asked<'_>) -> BTreeMap<SiteId, Shipment> {
    let mut parcels: BTreeMap<SiteId, Shipment> = BTreeMap::new();
    while !wanted.is_empty() {
        let sites: BTreeSet<&SiteId> =
            wanted.iter().flat_map(|(_, free)| free.iter().map(|copy| &copy.site)).collect();
        let ranked: Vec<(Merit, &SiteId)> = rotated(sites.into_iter().collect(), asked.spread)
            .into_iter()
            .map(|site| (merit(site, &wanted, asked), site))
            .collect();
        // Of equals the last one: that is why the list is turned, and looked at from its end.
        let Some((best_merit, best)) = ranked.iter().rev().max_by_key(|(merit, _)| *merit).copied() else {
            break;
        };
        let next = ranked.iter().filter(|(_, site)| *site != best).map(|(merit, _)| *merit).max();
        let (best, because) = (best.clone(), because(best_merit, next));
        let mut left = Vec::new();
        for (title, free) in wanted {
            let here: Vec<&Copy> = free.iter().copied().filter(|copy| copy.site == best).collect();
            match rotated(here, asked.spread).first() {
                Some(copy) => parcels
                    .entry(best.clone())
                    .or_insert_with(|| Shipment { books: Vec::new(), because })
                    .books
                    .push(Choice { title: title.clone(), copy: (*copy).clone() }),
                None => left.push((title, free)),
            }
        }
        wanted = left;
    }
    parcels
}

fn merit(site: &SiteId, wanted: &[(&String, Vec<&Copy>)], asked: &Asked<'_>) -> Merit {
    let goes_to = match &asked.target.destination {
        Destination::Home => None,
        Destination::Site { site_id } => Some(site_id),
    };
    let place = asked.places.get(site);
    let metres = place.zip(goes_to.and_then(|to| asked.places.get(to)));
    Merit {
        covers: wanted.iter().filter(|(_, free)| free.iter().any(|copy| copy.site == *site)).count(),
        collected_there: goes_to == Some(site),
        opens_in: Reverse(place.map_or(0, |place| place.opens_in)),
        // To the door the way is the courier's, and his price the same from everywhere.
        metres: Reverse(metres.map_or(0, |(from, to)| from.point.metres_to(to.point))),
    }
}

/// The first respect in which the best is better than the next best.
fn because(best: Merit, next: Option<Merit>) -> Because {
    match next {
        None => Because::OnlySite,
        Some(next) if best.covers != next.covers => Because::FewerParcels,
        Some(next) if best.collected_there != next.collected_there => Because::SamePlace,
        Some(next) if best.opens_in != next.opens_in => Because::OpensFirst,
        Some(next) if best.metres != next.metres => Because::Nearer,
        Some(_) => Because::Turn,
    }
}

fn rotated<T>(mut items: Vec<T>, by: u32) -> Vec<T> {
    if !items.is_empty() {
        let places = usize::try_from(by).unwrap_or_default() % items.len();
        items.rotate_left(places);
    }
    items
}
