//! A copy that comes free: for the next reader in line, else for its shelf.

use yujie_domain::account::OpenItem;
use yujie_domain::copy::{Copy, CopyStatus};
use yujie_domain::hold::Hold;
use yujie_domain::money::Fen;
use yujie_domain::order::{self as rule, Asked, Offer};
use yujie_domain::parcel::{Because, Line, LineStatus, Parcel};
use yujie_domain::rules::{About, LoanStart};
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
        let queue = hold::queue(&self.lending.table, &copy.title_id, LOOKED_AT).await?;
        for waiting in queue {
            match self.give_to(&waiting, copy, site).await {
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

    async fn give_to(&mut self, waiting: &Hold, copy: &Copy, site: &SiteId) -> Result<Option<Gift>, Fault> {
        let lending = self.lending;
        let Some(account) = self.account(&waiting.rid).await? else { return Ok(None) };
        // A hold that this very command has served already is no longer in its reader's account.
        let served = !account.holds.contains_key(&waiting.title_id);
        let today = time::day(self.now);
        if let Some(why) = waiting.passed_over(&account, copy.class, &self.rules, today) {
            tracing::info!(title.id = %copy.title_id, ?why, "passed over");
            return Ok(None);
        }
        let mut to = lending.destination(&waiting.rid, &waiting.deliver_to, 0).await?;
        if let Some(zone) = &to.target.zone {
            to.target.wish.taken = self.with_own(&zone.division, to.target.wish.taken);
        }
        let about = About::card(account.class).at(to.target.site()).item(copy.class);
        if served || to.target.obstacle.is_some() || rule::may_go(copy, &self.rules, &about).is_err() {
            return Ok(None);
        }
        let Some(order) = self.order_for(waiting, copy, site, &to, &about).await? else { return Ok(None) };
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
    async fn order_for(
        &mut self,
        waiting: &Hold,
        copy: &Copy,
        site: &SiteId,
        to: &Where,
        about: &About<'_>,
    ) -> Result<Option<Order>, Fault> {
        let lending = self.lending;
        let Some(title) = title::get(&lending.table, &copy.title_id).await? else { return Ok(None) };
        let Some(account) = self.account(&waiting.rid).await? else { return Ok(None) };
        let sites = lending.places.all(&lending.table, self.now).await?;
        let places = Places::of(&sites, to.target.site().into_iter().chain([site]), self.now);
        let mut quoted = account.clone();
        quoted.holds.clear();
        let asked = Asked {
            account: &quoted,
            rules: &self.rules,
            target: &to.target,
            if_missing: Some(rule::IfMissing::Cancel),
            places: &places,
            now: self.now,
            spread: 0,
        };
        let free = Copy { status: CopyStatus::Available, site: site.clone(), ..copy.clone() };
        let offer = Offer {
            title_id: copy.title_id.clone(),
            title: Some(title.title.clone()),
            copies: vec![free],
            waiting: 0,
        };
        let Ok(quote) = rule::quote(&[offer], &asked) else { return Ok(None) };
        let chance = lending.edge.entropy.number().map_err(|error| Fault::Seal(error.to_string()))?;
        let order_no = OrderNo::new(self.now, chance);
        let loan_from = (self.rules.loan_starts(about).value == LoanStart::Ordered).then_some(self.now);
        let line = Line {
            title_id: copy.title_id.clone(),
            title: title.title,
            barcode: copy.barcode.clone(),
            call_number: copy.call_number.clone(),
            received: copy.received.clone(),
            class: copy.class,
            loan_days: self.rules.loan_days(about).value,
            status: LineStatus::Reserved,
        };
        let at = ParcelRef { rid: waiting.rid.clone(), order_no: order_no.clone(), n: 1 };
        let parcel = Parcel {
            loan_from,
            because: Because::CameFree,
            zone: to.division(),
            slot: quote.slot,
            ..Parcel::new(
                at,
                site.clone(),
                to.target.destination.clone(),
                to.capacity().or(quote.per_slot).is_some(),
                quote.promised_by,
                self.rules.version,
                vec![line],
            )
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
            rules: self.rules.version,
            version: 1,
        };
        Ok(Some(Order { head, parcels: vec![parcel], payment: None }))
    }
}
