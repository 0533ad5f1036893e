//! What is on its way to a site that closes, or waits in it.
//!
//! Nothing tells these commands that a site was closed: they look at a parcel and at its site as both stand now. So it makes no difference
//! whether the closing came first or the order, and a round that dies is made again.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use yujie_domain::parcel::{Command, Destination, Outcome, Parcel, Refusal};
use yujie_domain::rules::{About, CardClass, RuleSet};
use yujie_domain::site::{Shut, Site};
use yujie_domain::{OrderNo, ParcelRef, ReaderId, SiteId, time};
use yujie_runtime::step::{self, StepError};
use yujie_table::order::{Head, Order};
use yujie_table::{TableError, account, order, site, site_load};

use crate::work::Work;
use crate::{Fault, Lending, TRIES};

/// Sites whose places are counted with one call when another one is looked for.
const COUNTED_AT_ONCE: usize = 20;

/// What became of an order whose site may be closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// These parcels go to another site.
    Rerouted(SiteId, Vec<ParcelRef>),
    /// No other site has room: these come when their own one opens, on the day after this one.
    Waits(Date, Vec<ParcelRef>),
    /// Nothing had to be done, or it was done before, or its reader was faster.
    Not,
}

/// A site that is closed for some of an order's parcels.
struct Concerned<'a> {
    site: Site,
    shut: Shut,
    parcels: Vec<&'a Parcel>,
}

impl Lending {
    /// Sends what an order still has on its way to a site that is closed for long to the nearest other one that opens soon and has room: all of
    /// it, and the order's head, in one transaction. What was promised stays promised. When no site has room, it is written
    /// down that it comes when its own one opens.
    ///
    /// # Errors
    /// [`Fault`]; then nothing was changed.
    pub async fn make_way(&self, rid: &ReaderId, order_no: &OrderNo) -> Result<Closed, Fault> {
        for _ in 0..TRIES {
            let Some(order) = order::get(&self.table, rid, order_no).await? else { return Ok(Closed::Not) };
            let mut work = Work::begin(self, self.edge.clock.now()).await?;
            let Some(concerned) = self.concerned(&order, work.now).await? else { return Ok(Closed::Not) };
            let parcels = u16::try_from(concerned.parcels.len()).unwrap_or(u16::MAX);
            let day = time::day(work.now).max(time::day(order.head.promised_by));
            let other = self.other_site(&concerned.site, day, parcels, work.now).await?;
            let shut = concerned.shut;
            let command = match &other {
                Some(to) => Command::Reroute { to: to.id.clone(), takes_place: to.capacity.is_some(), shut },
                None => Command::StayBound { shut },
            };
            let mut moved = Vec::new();
            for parcel in concerned.parcels {
                match parcel.decide(&command, work.now) {
                    Ok(Outcome::Changed(next)) => {
                        work.give_back_place(parcel);
                        work.take_place(&next);
                        work.store(&next)?;
                        moved.push(next.at);
                    }
                    Ok(Outcome::Already) => {}
                    Err(refusal) => return Err(Fault::Unsound(refusal.to_string())),
                }
            }
            if let Some(to) = &other {
                if let Some(capacity) = to.capacity {
                    work.if_room(&to.id, capacity);
                }
                let destination = Destination::Site { site_id: to.id.clone() };
                let version = order.head.version + 1;
                work.write(order::replace(&Head { destination, version, ..order.head })?);
            }
            if work.commit().await? {
                return Ok(match other {
                    Some(to) => Closed::Rerouted(to.id, moved),
                    None => Closed::Waits(shut.until, moved),
                });
            }
        }
        Err(TableError::Busy.into())
    }

    /// The first site to which parcels of an order cannot come, and these.
    async fn concerned<'a>(&self, order: &'a Order, now: Timestamp) -> Result<Option<Concerned<'a>>, Fault> {
        let today = time::day(now);
        let bound: BTreeSet<&SiteId> =
            order.parcels.iter().filter_map(|parcel| parcel.destination.site()).collect();
        for id in bound {
            let Some(site) = site::get(&self.table, id).await? else { continue };
            let shut = |parcel: &Parcel| parcel.shut_out_of(&site, today);
            let parcels: Vec<&Parcel> = order.parcels.iter().filter(|p| shut(p).is_some()).collect();
            if let Some(shut) = parcels.first().and_then(|parcel| shut(parcel)) {
                return Ok(Some(Concerned { site, shut, parcels }));
            }
        }
        Ok(None)
    }

    /// The nearest site but `from` that opens soon after `day` and has room for so many parcels more.
    async fn other_site(
        &self,
        from: &Site,
        day: Date,
        parcels: u16,
        now: Timestamp,
    ) -> Result<Option<Site>, Fault> {
        let sites = self.places.all(&self.table, now).await?;
        let mut near: Vec<&Site> =
            sites.values().filter(|site| site.id != from.id && site.opens_soon(day)).collect();
        near.sort_by_key(|site| (from.point.metres_to(site.point), &site.id));
        for some in near.chunks(COUNTED_AT_ONCE) {
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
                if let Some(site) = fresh.filter(|site| site.opens_soon(day) && room(site)) {
                    return Ok(Some(site));
                }
            }
        }
        Ok(None)
    }

    /// Lets a parcel wait longer for its reader when its site is closed on some of the days on which it waits there; until when, if that was
    /// not so already.
    ///
    /// # Errors
    /// [`Fault`]; then nothing was changed.
    pub async fn keep_longer(&self, parcel: &Parcel) -> Result<Option<Date>, Fault> {
        let Some(id) = parcel.destination.site() else { return Ok(None) };
        let Some(site) = site::get(&self.table, id).await? else { return Ok(None) };
        let Some((until, shut)) = self.would_wait(parcel, &site).await? else { return Ok(None) };
        let command = Command::Keep { until, shut };
        match step::carry_out(&self.table, &parcel.at, &command, self.edge.clock.now()).await {
            Ok(done) => Ok(done.changed.then_some(until)),
            // Its reader was faster, or its time was over.
            Err(
                StepError::NotFound
                | StepError::Refused(
                    Refusal::TooEarly { .. }
                    | Refusal::TooLate { .. }
                    | Refusal::Cancelled
                    | Refusal::Expired
                    | Refusal::Unpaid
                    | Refusal::WrongParcel
                    | Refusal::WrongSite { .. }
                    | Refusal::WrongWay
                    | Refusal::WrongCode
                    | Refusal::TakeOutFirst { .. },
                ),
            ) => Ok(None),
            Err(StepError::Table(error)) => Err(error.into()),
        }
    }

    /// Whether closings of `site` change where a parcel goes, or how long it waits there.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn is_concerned(&self, parcel: &Parcel, site: &Site) -> Result<bool, Fault> {
        let today = time::day(self.edge.clock.now());
        Ok(parcel.shut_out_of(site, today).is_some() || self.would_wait(parcel, site).await?.is_some())
    }

    /// Until when a parcel would wait for its reader by the calendar of its site, and which closing is why, when that is longer than it waits now.
    async fn would_wait(&self, parcel: &Parcel, site: &Site) -> Result<Option<(Date, Shut)>, Fault> {
        let (Some(shut), Some(since)) = (parcel.shut_while_waiting(site), parcel.waits_since()) else {
            return Ok(None);
        };
        // This is asked every minute: the account is read only when some reader's parcel would wait longer.
        let rules = self.rules.in_force(&self.table, self.edge.clock.now()).await?;
        let classes = [CardClass::Adult, CardClass::Child, CardClass::Privileged];
        let deadlines = classes.map(|class| deadline(&rules, class, site, since));
        if deadlines.iter().all(|until| parcel.keep_until >= Some(*until)) {
            return Ok(None);
        }
        let until = self.pickup_deadline(&parcel.at.rid, site, since).await?;
        Ok((parcel.keep_until < Some(until)).then_some((until, shut)))
    }

    /// The last day on which a parcel waits at `site` that arrived there on `arrived`, by the rules and the site's calendar.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn pickup_deadline(&self, rid: &ReaderId, site: &Site, arrived: Date) -> Result<Date, Fault> {
        let rules = self.rules.in_force(&self.table, self.edge.clock.now()).await?;
        let account = account::get(&self.table, rid).await?;
        let class = account.map(|account| account.class).unwrap_or_default();
        Ok(deadline(&rules, class, site, arrived))
    }
}

fn deadline(rules: &RuleSet, class: CardClass, site: &Site, arrived: Date) -> Date {
    let days = rules.pickup_days(&About::card(class).at(Some(&site.id))).value;
    rules.open_day_from(site.pickup_deadline(arrived, days))
}
