//! What is on its way to a site that closes, or waits in it.
//!
//! Nothing tells these commands that a site was closed: they look at a parcel and at its site as both stand now. So it makes no difference
//! whether the closing came first or the order, and a round that dies is made again.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use yujie_domain::parcel::{Command, Destination, Outcome, Parcel, Refusal};
use yujie_domain::rules::CardClass;
use yujie_domain::site::{Shut, Site};
use yujie_domain::{OrderNo, ParcelRef, ReaderId, SiteId, time};
use yujie_runtime::step::{self, StepError};
use yujie_table::order::{Head, Order};
use yujie_table::{TableError, account, order, site};

use crate::guide::Near;
use crate::work::Work;
use crate::{Fault, Lending, TRIES};

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
            let near = Near::Site(concerned.site.id.clone(), concerned.site.point);
            let other = self.open_sites(&near, day, parcels, 1).await?.pop();
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
                    | Refusal::NotBooked
                    | Refusal::OldLabel
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

    /// Until when a parcel would wait for its reader by the calendars of its site and of the library, and which closing is why, when that is longer
    /// than it waits now.
    async fn would_wait(&self, parcel: &Parcel, site: &Site) -> Result<Option<(Date, Shut)>, Fault> {
        let Some(since) = parcel.waits_since() else { return Ok(None) };
        let rules = self.rules.in_force(&self.table, self.edge.clock.now()).await?;
        let site = &site.with_holidays(&rules.holidays);
        let Some(shut) = parcel.shut_while_waiting(site) else { return Ok(None) };
        // This is asked every minute: the account is read only when some reader's parcel would wait longer.
        let deadlines = CardClass::ALL.map(|class| site.keeps_until(since, &rules, class));
        if deadlines.iter().all(|until| parcel.keep_until >= Some(*until)) {
            return Ok(None);
        }
        let until = site.keeps_until(since, &rules, self.class_of(&parcel.at.rid).await?);
        Ok((parcel.keep_until < Some(until)).then_some((until, shut)))
    }

    /// The last day on which a parcel waits at `site` that arrived there on `arrived`, by the rules and the calendars of site and library.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn pickup_deadline(&self, rid: &ReaderId, site: &Site, arrived: Date) -> Result<Date, Fault> {
        let rules = self.rules.in_force(&self.table, self.edge.clock.now()).await?;
        let site = site.with_holidays(&rules.holidays);
        Ok(site.keeps_until(arrived, &rules, self.class_of(rid).await?))
    }

    /// What sort of card a reader has.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn class_of(&self, rid: &ReaderId) -> Result<CardClass, Fault> {
        Ok(account::get(&self.table, rid).await?.map(|account| account.class).unwrap_or_default())
    }
}
