//! A copy that comes free: for the next reader in line, else for its shelf.

use yujie_domain::account::{Account, OpenItem};
use yujie_domain::copy::Copy;
use yujie_domain::hold::{Hold, PassedOver, Turn};
use yujie_domain::money::Fen;
use yujie_domain::order::Quote;
use yujie_domain::parcel::{Because, Line, Parcel};
use yujie_domain::{OrderNo, ParcelRef, ReaderId, SiteId, time};
use yujie_table::order::{Head, Order};
use yujie_table::{TableError, copy, hold, order, title};

use crate::work::Work;
use crate::{Fault, Places, Where};

/// How many of a queue are looked at before a copy goes onto its shelf: more than are ever passed over together.
const LOOKED_AT: usize = 500;
/// A transaction takes a hundred writes. What gives a copy to its next reader needs seven, and as many as 20 copies and their parcels, an account and a
/// site's count may still follow.
const ROOM: usize = 50;

/// A copy that went to the next reader in line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gift {
    /// The reader.
    pub rid: ReaderId,
    /// The parcel that was made for it.
    pub parcel: ParcelRef,
}

impl Work<'_> {
    /// Frees `copy`, which is at `site`: it goes to the next reader in line, or stays there for whoever orders it.
    pub(crate) async fn release(&mut self, copy: &Copy, site: &SiteId) -> Result<Option<Gift>, Fault> {
        let gift = self.give(copy, site).await?;
        if gift.is_none() {
            self.write(copy::free(copy, site));
        }
        Ok(gift)
    }

    /// Gives `copy`, which is at `site`, to the next reader in line, as an order to where that reader wants it. `None` when there is nobody.
    pub(crate) async fn give(&mut self, copy: &Copy, site: &SiteId) -> Result<Option<Gift>, Fault> {
        // A queue that finds no room in this transaction is served when the stream tells that the copy is free.
        if self.len() > ROOM {
            return Ok(None);
        }
        let lending = self.lending;
        let queue = hold::queue(&lending.table, &copy.title_id, LOOKED_AT).await?;
        if queue.is_empty() {
            return Ok(None);
        }
        let title = title::get(&lending.table, &copy.title_id).await?.map(|title| title.title);
        for waiting in queue {
            match self.give_to(&waiting, title.as_deref(), copy, site).await {
                Ok(Some(gift)) => return Ok(Some(gift)),
                Ok(None) => {}
                // One reader's record that cannot be read must not hold up everybody's books.
                Err(error @ (Fault::Seal(_) | Fault::Table(TableError::Corrupt { .. }))) => {
                    tracing::error!(title.id = %copy.title_id, %error, "passed over");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    async fn give_to(
        &mut self,
        waiting: &Hold,
        title: Option<&str>,
        copy: &Copy,
        site: &SiteId,
    ) -> Result<Option<Gift>, Fault> {
        let lending = self.lending;
        // Who waits for nothing today is passed over before anything is read.
        if let Some(why) = waiting.away_on(time::day(self.now)) {
            passed_over(copy, &why);
            return Ok(None);
        }
        let Some(account) = self.account(&waiting.rid).await? else {
            tracing::error!(title.id = %copy.title_id, "passed over: the hold has no account");
            return Ok(None);
        };
        // A hold that this very command has served already is no longer in its reader's account.
        if !account.holds.contains_key(&waiting.title_id) {
            tracing::debug!(title.id = %copy.title_id, "served already");
            return Ok(None);
        }
        let mut to = lending.goes_to(waiting).await?;
        if let Some(zone) = &to.target.zone {
            to.target.wish.taken = self.with_own(&zone.division, to.target.wish.taken);
        }
        let sites = lending.places.all(&lending.table, self.now).await?;
        let places = Places::of(&sites, to.target.site().into_iter().chain([site]), self.now);
        let here = Copy { site: site.clone(), ..copy.clone() };
        let turn = Turn {
            account: &account,
            rules: &self.rules,
            target: &to.target,
            title,
            places: &places,
            now: self.now,
        };
        let quote = match waiting.turn(&here, &turn) {
            Ok(quote) => quote,
            Err(why) => {
                passed_over(copy, &why);
                return Ok(None);
            }
        };
        let order = self.order_for(waiting, &account, &here, quote, &to)?;
        let Some(parcel) = order.parcels.first() else { return Ok(None) };

        let mut next = account.next();
        next.holds.remove(&waiting.title_id);
        for line in &parcel.lines {
            let item = OpenItem {
                barcode: line.barcode.clone(),
                order_no: order.head.order_no.clone(),
                title: line.title.clone(),
                class: line.class,
                loan: None,
                returning: None,
            };
            next.open.insert(line.title_id.clone(), item);
        }
        self.change(next);
        self.write(hold::remove(waiting));
        self.write(copy::pass_on(copy, site, &parcel.at));
        for write in order::add(&order)? {
            self.write(write);
        }
        // The reader has waited for it: it comes even when the site is full. To a slot it goes only while there is room, and else without one.
        self.take_place(parcel);
        if let Some(per_slot) = to.target.zone.as_ref().and_then(|zone| zone.per_slot) {
            self.if_room_in_slot(parcel, per_slot);
        }
        Ok(Some(Gift { rid: waiting.rid.clone(), parcel: parcel.at.clone() }))
    }

    /// The order that a hold becomes: of this one copy, promised as if its reader had placed it now, and free of charge.
    fn order_for(
        &self,
        waiting: &Hold,
        account: &Account,
        copy: &Copy,
        quote: Quote,
        to: &Where,
    ) -> Result<Order, Fault> {
        let lending = self.lending;
        let title = quote.parcels.into_values().flat_map(|shipment| shipment.books).next();
        let title = title.map(|book| book.title).unwrap_or_default();
        let chance = lending.edge.entropy.number().map_err(|error| Fault::Seal(error.to_string()))?;
        let order_no = OrderNo::new(self.now, chance);
        let line = Line::new(copy.clone(), title, &self.rules, &to.target.about(account), self.now);
        let at = ParcelRef { rid: waiting.rid.clone(), order_no: order_no.clone(), n: 1 };
        let parcel = Parcel::new(
            at,
            copy.site.clone(),
            to.target.destination.clone(),
            to.capacity().or(quote.per_slot).is_some(),
            quote.promised_by,
            self.rules.version,
            vec![line],
        );
        let parcel = Parcel {
            remedy_offer: parcel.remedy(&self.rules, account.class),
            because: Because::CameFree,
            zone: to.division(),
            slot: quote.slot,
            ..parcel
        };
        let head = Head {
            rid: waiting.rid.clone(),
            recipient: to.sealed(lending, &waiting.rid, &order_no)?,
            order_no,
            placed_at: self.now,
            promised_by: quote.promised_by,
            // Whoever waited is not looking when the book comes: an order that nobody pays in time would take it away again (decision 0019).
            fee: Fen::ZERO,
            destination: to.target.destination.clone(),
            slot: quote.slot,
            unfilled: Vec::new(),
            queued: Vec::new(),
            from_hold: true,
            acted_by: None,
            rules: self.rules.version,
            version: 1,
        };
        Ok(Order { head, parcels: vec![parcel], payment: None })
    }
}

/// Says in the log why a copy went past somebody; they are told the same by `GET /holds`.
fn passed_over(copy: &Copy, why: &PassedOver) {
    tracing::info!(title.id = %copy.title_id, ?why, "passed over");
}
