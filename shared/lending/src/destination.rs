//! Where something goes: an address of the reader's, or a site.

use yujie_domain::hold::Wherever;
use yujie_domain::order::{Obstacle, Target};
use yujie_domain::parcel::Destination;
use yujie_domain::rules::Zone;
use yujie_domain::site::Site;
use yujie_domain::slot::{Taken, Wish};
use yujie_domain::{AddressId, OrderNo, ReaderId, time};
use yujie_runtime::contact::{self, Place, Recipient};
use yujie_table::{address, family, site, site_load, slot_load};

use crate::{Fault, Lending};

/// A destination, looked up.
#[derive(Debug, Clone)]
pub struct Where {
    /// What it means for the decision.
    pub target: Target,
    /// Whom to deliver to, at a door.
    pub recipient: Option<Recipient>,
    /// The site, when it is one.
    pub site: Option<Site>,
}

impl Where {
    /// The recipient, sealed for an order.
    ///
    /// # Errors
    /// [`Fault::Seal`].
    pub fn sealed(&self, lending: &Lending, rid: &ReaderId, no: &OrderNo) -> Result<Option<Vec<u8>>, Fault> {
        let seal = |recipient: &Recipient| {
            contact::seal(&lending.edge.keys, &lending.edge.entropy, Place::Order(rid, no), recipient)
                .map_err(|_| Fault::Seal("a recipient is not sealed".to_owned()))
        };
        self.recipient.as_ref().map(seal).transpose()
    }

    /// The division of the door that it is delivered to.
    pub fn division(&self) -> Option<String> {
        self.target.zone.as_ref().map(|zone| zone.division.clone())
    }

    /// The site's capacity, when its places are counted.
    pub fn capacity(&self) -> Option<u16> {
        self.site.as_ref().and_then(|site| site.capacity)
    }
}

impl Lending {
    /// Looks a destination up, for `parcels` new parcels. What is wrong with it is an obstacle of the target; whether its slot has room depends on
    /// how many parcels it becomes, and is left to whoever decides that. A full site, or slot, is no obstacle for no new parcel: who waits for a
    /// book gets it there all the same.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn destination(&self, rid: &ReaderId, to: &Wherever, parcels: u16) -> Result<Where, Fault> {
        match to {
            Wherever::Home { address_id, slot } => {
                let recipient = self.recipient(rid, address_id).await?;
                let rules = self.rules.in_force(&self.table, self.edge.clock.now()).await?;
                let division = recipient.as_ref().map(|recipient| &recipient.division);
                let zone = division.and_then(|division| rules.zone(division));
                let obstacle = match (division, &zone) {
                    (None, _) => Some(Obstacle::UnknownAddress),
                    (Some(division), None) => Some(Obstacle::OutOfZone { division: division.clone() }),
                    (Some(_), Some(_)) => None,
                };
                let taken = self.taken(zone.as_ref()).await?;
                let wish = Wish { chosen: *slot, kept: None, taken, at_any_rate: parcels == 0, bound: false };
                let target = Target { destination: Destination::Home, zone, wish, obstacle };
                Ok(Where { target, recipient, site: None })
            }
            Wherever::Site { site_id } => {
                let site = site::get(&self.table, site_id).await?;
                let obstacle = match &site {
                    None => Some(Obstacle::UnknownSite),
                    Some(site) => self.site_obstacle(site, parcels).await?,
                };
                let destination = Destination::Site { site_id: site_id.clone() };
                let target = Target { destination, zone: None, wish: Wish::default(), obstacle };
                Ok(Where { target, recipient: None, site })
            }
        }
    }

    /// Who receives at an address of the reader's own book, or of a guardian's or helper's: theirs are good for as long as they act for the reader.
    async fn recipient(&self, rid: &ReaderId, id: &AddressId) -> Result<Option<Recipient>, Fault> {
        let mut found = address::get(&self.table, rid, id).await?.map(|address| (rid.clone(), address));
        if found.is_none() {
            for other in family::get(&self.table, rid).await?.acted_for_by.into_keys() {
                found = address::get(&self.table, &other, id).await?.map(|address| (other, address));
                if found.is_some() {
                    break;
                }
            }
        }
        found
            .map(|(whose, address)| {
                contact::open(&self.edge.keys, Place::Address(&whose, &address.id), &address.sealed)
            })
            .transpose()
            .map_err(|_| Fault::Seal("an address does not open".to_owned()))
    }

    /// What is taken in the slots of a zone; nothing is read of one that does not count its places.
    async fn taken(&self, zone: Option<&Zone>) -> Result<Taken, Fault> {
        match zone.filter(|zone| zone.per_slot.is_some()) {
            Some(zone) => Ok(slot_load::of_division(&self.table, &zone.division).await?),
            None => Ok(Taken::new()),
        }
    }

    async fn site_obstacle(&self, site: &Site, parcels: u16) -> Result<Option<Obstacle>, Fault> {
        let today = time::day(self.edge.clock.now());
        if !site.opens_soon(today) {
            let opens = site.next_open_day(today);
            return Ok(Some(Obstacle::SiteClosed { site_id: site.id.clone(), opens }));
        }
        let Some(capacity) = site.capacity.filter(|_| parcels > 0) else { return Ok(None) };
        let taken = site_load::of_many(&self.table, std::slice::from_ref(&site.id)).await?;
        let taken = taken.get(&site.id).copied().unwrap_or_default();
        Ok((taken.saturating_add(parcels) > capacity)
            .then(|| Obstacle::SiteFull { site_id: site.id.clone(), capacity }))
    }
}
