//! An order that is to go somewhere else.

use yujie_domain::hold::Wherever;
use yujie_domain::money::Fen;
use yujie_domain::order::{self as rule, Obstacle};
use yujie_domain::parcel::{Command, Counted, Destination, LineStatus, Outcome, Parcel, Refusal};
use yujie_domain::payment::Command::Waive;
use yujie_domain::rules::{About, CardClass};
use yujie_domain::slot::{self, Settled};
use yujie_domain::{OrderNo, ReaderId};
use yujie_runtime::contact::{self, Place, Recipient};
use yujie_table::order::{Head, Order};
use yujie_table::{TableError, order};

use crate::work::Work;
use crate::{Fault, Lending, TRIES, Where};

/// Why an order was not redirected.
#[derive(Debug, thiserror::Error)]
pub enum RedirectError {
    /// The reader has no such order.
    #[error("no such order")]
    NotFound,
    /// It has left the library, or part of it has; or nothing is left of it. How far it is.
    #[error("too late")]
    TooLate(LineStatus),
    /// It cannot go there.
    #[error("it cannot go there")]
    Obstacle(Obstacle),
    /// A fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<TableError> for RedirectError {
    fn from(error: TableError) -> Self {
        Self::Fault(error.into())
    }
}

impl Lending {
    /// Sends a reader's order to another address or site, or to the same address in another slot, up to the first 出库 scan of its parcels: an
    /// order is promised as a whole. What was promised stays promised, unless another slot is chosen, which promises its end; a courier who was
    /// booked for the old place or slot is called off. Where places are counted, those of the new place are taken while there is room, and the old
    /// ones are given back. A site is free: what was to be paid for the door is not, or goes back. An order that goes there already stays as it
    /// is, and nothing is written.
    ///
    /// # Errors
    /// [`RedirectError`]; then nothing was changed.
    pub async fn redirect(
        &self,
        rid: &ReaderId,
        order_no: &OrderNo,
        to: &Wherever,
    ) -> Result<Order, RedirectError> {
        for _ in 0..TRIES {
            let order = order::get(&self.table, rid, order_no).await?.ok_or(RedirectError::NotFound)?;
            let open: Vec<&Parcel> =
                order.parcels.iter().filter(|parcel| parcel.status().is_live()).collect();
            if let Some(farthest) = order.parcels.iter().map(Parcel::status).max().filter(|_| open.is_empty())
            {
                return Err(RedirectError::TooLate(farthest));
            }
            if Self::goes_to_site(&order, to) {
                return Ok(order);
            }
            let parcels = u16::try_from(open.len()).unwrap_or(u16::MAX);
            let mut found = self.destination(rid, to, parcels).await?;
            if self.goes_to_door(&order, &found, to)? {
                return Ok(order);
            }
            if let Some(obstacle) = found.target.obstacle.clone() {
                return Err(RedirectError::Obstacle(obstacle));
            }
            let mut work = Work::begin(self, self.edge.clock.now()).await?;
            if let Some(obstacle) = work.door_costs(&order, &found).await? {
                return Err(RedirectError::Obstacle(obstacle));
            }
            let settled = work.settle_slot(&order, &mut found, parcels).await?;
            let Settled { slot, per_slot, promised_by } = settled.map_err(RedirectError::Obstacle)?;
            let command = Command::Redirect {
                destination: found.target.destination.clone(),
                zone: found.division(),
                slot,
                promised_by,
                takes_place: found.capacity().or(per_slot).is_some(),
            };
            let mut next_parcels = Vec::new();
            for parcel in &order.parcels {
                match parcel.decide(&command, work.now) {
                    _ if parcel.status().is_void() => next_parcels.push(parcel.clone()),
                    Ok(Outcome::Changed(next)) => {
                        work.give_back_place(parcel);
                        work.take_place(&next);
                        if let Some(per_slot) = per_slot {
                            work.if_room_in_slot(&next, per_slot);
                        }
                        work.store(&next)?;
                        next_parcels.push(*next);
                    }
                    Ok(Outcome::Already) => next_parcels.push(parcel.clone()),
                    Err(Refusal::TooLate { .. }) => return Err(RedirectError::TooLate(parcel.status())),
                    Err(refusal) => return Err(Fault::Unsound(refusal.to_string()).into()),
                }
            }
            if let Some((site, capacity)) = found.site.as_ref().zip(found.capacity()) {
                work.if_room(&site.id, capacity);
            }
            let mut payment = order.payment.clone();
            let free = found.target.site().is_some();
            if let Some(owed) = order.payment.as_ref().filter(|_| free) {
                payment = work.settle_payment(owed, &Waive { amount: owed.amount })?.or(payment);
            }
            let head = Head {
                fee: if free { Fen::ZERO } else { order.head.fee },
                destination: found.target.destination.clone(),
                slot,
                promised_by,
                recipient: found.sealed(self, rid, order_no)?,
                version: order.head.version + 1,
                ..order.head
            };
            work.write(order::replace(&head)?);
            if work.commit().await? {
                return Ok(Order { head, parcels: next_parcels, payment });
            }
        }
        Err(Fault::from(TableError::Busy).into())
    }

    /// Whether an order goes to this site already, with all that is left of it.
    fn goes_to_site(order: &Order, to: &Wherever) -> bool {
        let Wherever::Site { site_id } = to else { return false };
        let open = order.parcels.iter().filter(|parcel| parcel.status().is_live());
        order.head.destination.site() == Some(site_id)
            && open.map(|parcel| parcel.destination.site()).all(|site| site == Some(site_id))
    }

    /// Whether an order goes to this door already: to the same person, as the address says it today, in the same slot.
    fn goes_to_door(&self, order: &Order, found: &Where, to: &Wherever) -> Result<bool, Fault> {
        let Some(recipient) =
            found.recipient.as_ref().filter(|_| order.head.destination == Destination::Home)
        else {
            return Ok(false);
        };
        if to.slot().is_some_and(|slot| order.head.slot != Some(*slot)) {
            return Ok(false);
        }
        let Some(sealed) = &order.head.recipient else { return Ok(false) };
        let place = Place::Order(&order.head.rid, &order.head.order_no);
        let before: Recipient = contact::open(&self.edge.keys, place, sealed)
            .map_err(|_| Fault::Seal("a recipient does not open".to_owned()))?;
        Ok(before == *recipient)
    }
}

impl Work<'_> {
    /// An order to a site is free, and one to the door is paid when it is placed: where the door costs something, it has to be placed anew.
    async fn door_costs(&mut self, order: &Order, found: &Where) -> Result<Option<Obstacle>, Fault> {
        if order.head.destination == Destination::Home || found.target.destination != Destination::Home {
            return Ok(None);
        }
        let card = self.account(&order.head.rid).await?.map(|account| account.class).unwrap_or_default();
        let books = order.parcels.iter().flat_map(Parcel::live).count();
        let fee = rule::fee(&Destination::Home, &self.rules, &About::card(card), books);
        let by = fee.by.filter(|_| fee.fen > Fen::ZERO);
        Ok(by.map(|by| Obstacle::DoorCosts { order_no: order.head.order_no.clone(), fee_fen: fee.fen.0, by }))
    }

    /// When an order is delivered that goes to `found` from now on: in the slot that its reader chose, or in its own where that is possible.
    async fn settle_slot(
        &mut self,
        order: &Order,
        found: &mut Where,
        parcels: u16,
    ) -> Result<Result<Settled, Obstacle>, Fault> {
        let promised = order.head.promised_by;
        let target = &mut found.target;
        let Some(zone) = &target.zone else {
            return Ok(Ok(Settled { slot: None, per_slot: None, promised_by: promised }));
        };
        target.wish.kept = order.head.slot;
        target.wish.bound = true;
        // Its own places are free for it.
        for place in order.parcels.iter().filter(|parcel| parcel.status().is_live()).filter_map(Parcel::place)
        {
            if let Counted::Slot { division, day, from } = place
                && division == zone.division
                && let Some(taken) = target.wish.taken.get_mut(&(day, from))
            {
                *taken = taken.saturating_sub(1);
            }
        }
        // Who asks matters to rules for a class of cards alone, and those only where a slot has to be found.
        let card = if target.wish.chosen.is_some() || zone.per_slot.is_some() {
            self.account(&order.head.rid).await?.map(|account| account.class).unwrap_or_default()
        } else {
            CardClass::default()
        };
        let when = (self.now, parcels, promised);
        Ok(slot::settle(&self.rules, &About::card(card), zone, &target.wish, when))
    }
}
