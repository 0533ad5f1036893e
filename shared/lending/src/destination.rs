//! Where something goes: an address of the reader's, or a site.

use yujie_domain::hold::Wherever;
use yujie_domain::order::{Obstacle, Target};
use yujie_domain::parcel::Destination;
use yujie_domain::site::Site;
use yujie_domain::{OrderNo, ReaderId, time};
use yujie_runtime::contact::{self, Place, Recipient};
use yujie_table::{address, site, site_load};

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

    /// The site's capacity, when its places are counted.
    pub fn capacity(&self) -> Option<u16> {
        self.site.as_ref().and_then(|site| site.capacity)
    }
}

impl Lending {
    /// Looks a destination up, for `parcels` new parcels. What is wrong with it is an obstacle of the target. A full site is none for no new
    /// parcel: who waits for a book gets it there all the same.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn destination(&self, rid: &ReaderId, to: &Wherever, parcels: u16) -> Result<Where, Fault> {
        match to {
            Wherever::Home { address_id } => {
                let recipient: Option<Recipient> = address::get(&self.table, rid, address_id)
                    .await?
                    .map(|address| {
                        contact::open(&self.edge.keys, Place::Address(rid, &address.id), &address.sealed)
                    })
                    .transpose()
                    .map_err(|_| Fault::Seal("an address does not open".to_owned()))?;
                let obstacle = recipient.is_none().then_some(Obstacle::UnknownAddress);
                let division = recipient.as_ref().map(|recipient| recipient.division.clone());
                let target = Target { destination: Destination::Home, division, obstacle };
                Ok(Where { target, recipient, site: None })
            }
            Wherever::Site { site_id } => {
                let site = site::get(&self.table, site_id).await?;
                let obstacle = match &site {
                    None => Some(Obstacle::UnknownSite),
                    Some(site) => self.site_obstacle(site, parcels).await?,
                };
                let destination = Destination::Site { site_id: site_id.clone() };
                Ok(Where { target: Target { destination, division: None, obstacle }, recipient: None, site })
            }
        }
    }

    async fn site_obstacle(&self, site: &Site, parcels: u16) -> Result<Option<Obstacle>, Fault> {
        let today = time::day(self.edge.clock.now());
        let opens = site.next_open_day(today);
        // Books are on their way for two days; a site that is closed for longer takes none.
        let soon = today.checked_add(jiff::Span::new().days(3)).unwrap_or(today);
        if opens.is_none_or(|day| day > soon) {
            return Ok(Some(Obstacle::SiteClosed { site_id: site.id.clone(), opens }));
        }
        let Some(capacity) = site.capacity.filter(|_| parcels > 0) else { return Ok(None) };
        let taken = site_load::of_many(&self.table, std::slice::from_ref(&site.id)).await?;
        let taken = taken.get(&site.id).copied().unwrap_or_default();
        Ok((taken.saturating_add(parcels) > capacity)
            .then(|| Obstacle::SiteFull { site_id: site.id.clone(), capacity }))
    }
}
