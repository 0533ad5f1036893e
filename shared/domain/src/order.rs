//! Placing an order: the same decision serves the quote (which writes nothing) and the order itself.

mod action;
mod choose;
mod obstacle;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use action::{Action, NamedSite, OnLoan};
pub(crate) use action::{give_back, settle_orders};
pub use choose::{Choice, Place, Shipment};
pub use obstacle::Obstacle;

use crate::account::Account;
use crate::copy::{Copy, CopyStatus};
use crate::hold::Serving;
use crate::ids::{SiteId, TitleId};
use crate::money::Fen;
use crate::parcel::Destination;
use crate::rules::{About, By, RuleSet, Zone};
use crate::slot::{self, Settled, Slot, Wish};
use crate::time;

/// A site that opens no sooner than after this many days sends nothing.
const CLOSED_FOR_LONG: u16 = 3;
/// No promise is moved further than this for closed days.
const MOST_DAYS: u16 = 60;

/// What to do when not every wanted book has a copy to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IfMissing {
    /// Send the books that there are, and forget the rest.
    ShipFound,
    /// Send the books that there are, and queue for the rest.
    Wait,
    /// Then order nothing.
    Cancel,
}

/// One wanted title and what the library has of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The title asked for.
    pub title_id: TitleId,
    /// Its name; `None` when the catalogue does not know it.
    pub title: Option<String>,
    /// Its copies, whatever their status. Of a title with very many, those that were looked at.
    pub copies: Vec<Copy>,
    /// How many readers wait for it: free copies up to that number are theirs.
    pub waiting: u32,
}

/// Where an order is to go, as far as that decides something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// To the door or to which site.
    pub destination: Destination,
    /// The zone of the address, for the door.
    pub zone: Option<Zone>,
    /// When it is to be delivered, at the door.
    pub wish: Wish,
    /// What is wrong with the destination itself.
    pub obstacle: Option<Obstacle>,
}

impl Target {
    /// The site where the books are collected.
    pub fn site(&self) -> Option<&SiteId> {
        self.destination.site()
    }

    /// What the rules are asked about for this reader's order to there.
    pub fn about(&self, account: &Account) -> About<'_> {
        About::card(account.class).at(self.site())
    }
}

/// Everything but the books that an order is decided on.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Who orders.
    pub account: &'a Account,
    /// The rules in force.
    pub rules: &'a RuleSet,
    /// Where it goes.
    pub target: &'a Target,
    /// What to do about missing books; `None` leaves it to the rules.
    pub if_missing: Option<IfMissing>,
    /// The library's sites.
    pub places: &'a BTreeMap<SiteId, Place>,
    /// Now.
    pub now: Timestamp,
    /// Any number: it turns the order in which equally good copies are tried, so that readers who order one title at once reach for different
    /// copies.
    pub spread: u32,
}

/// What delivery costs, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fee {
    /// The amount.
    pub fen: Fen,
    /// What each book but the first added to it.
    pub more: Fen,
    /// The rule; `None` for what is always free.
    pub by: Option<By>,
}

/// What is done about missing books, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What.
    pub what: IfMissing,
    /// The rule; `None` when the reader said it.
    pub by: Option<By>,
}

/// A title that the reader queues for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// The title.
    pub title_id: TitleId,
    /// Its name.
    pub title: String,
    /// The place in the queue.
    pub place: u32,
    /// About how many days the wait is.
    pub likely_days: Option<u32>,
}

/// What an order would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The books, grouped by the site that sends them: one parcel each.
    pub parcels: BTreeMap<SiteId, Shipment>,
    /// Titles without a free copy that the reader queues for.
    pub queued: Vec<Queued>,
    /// Titles without a free copy that are left out.
    pub unfilled: Vec<TitleId>,
    /// What was done about titles without a free copy, or would have been.
    pub if_missing: Missing,
    /// When it is delivered, at the door; `None`: as soon as possible.
    pub slot: Option<Slot>,
    /// How many places the zone has in that slot, when each parcel takes one of them.
    pub per_slot: Option<u16>,
    /// When everything will have arrived.
    pub promised_by: Timestamp,
    /// What it costs.
    pub fee: Fee,
}

/// Decides an order.
///
/// # Errors
/// All obstacles that stand in the way.
pub fn quote(offers: &[Offer], asked: &Asked<'_>) -> Result<Quote, Vec<Obstacle>> {
    let Asked { account, rules, target, now, .. } = *asked;
    let about = target.about(account);
    let today = time::day(now);
    let mut obstacles = standing(account, rules, today);
    let per_order = rules.books_per_order(&about);
    if offers.is_empty() {
        obstacles.push(Obstacle::EmptyOrder);
    }
    if offers.len() > usize::from(per_order.value) {
        let books = u16::try_from(offers.len()).unwrap_or(u16::MAX);
        obstacles.push(Obstacle::TooManyBooks { limit: per_order.value, books, by: per_order.by });
    }

    let mut seen = BTreeSet::new();
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for offer in offers {
        if !seen.insert(&offer.title_id) {
            obstacles.push(Obstacle::SameTitleTwice { title_id: offer.title_id.clone() });
            continue;
        }
        match look(offer, asked) {
            Ok(Look::Free { title, copies }) => found.push((title, copies)),
            Ok(Look::Missing(queued)) => missing.push(queued),
            Err(obstacle) => obstacles.push(obstacle),
        }
    }

    let partial = rules.partial(&about);
    let if_missing = match asked.if_missing {
        Some(what) => Missing { what, by: None },
        None => Missing { what: partial.value, by: Some(partial.by) },
    };
    let (mut queued, mut unfilled) = (Vec::new(), Vec::new());
    match if_missing.what {
        // An order of nothing is no order, whatever is to be done about the rest.
        _ if found.is_empty() => obstacles.extend(missing.iter().map(nothing_free)),
        IfMissing::Cancel => obstacles.extend(missing.iter().map(nothing_free)),
        IfMissing::ShipFound => unfilled.extend(missing.into_iter().map(|queued| queued.title_id)),
        IfMissing::Wait => {
            for wanted in missing {
                match wanted.likely_days {
                    Some(_) => queued.push(wanted),
                    None => obstacles.push(nothing_free(&wanted)),
                }
            }
        }
    }
    obstacles.extend(limits(account, rules, &about, found.len(), queued.len()));
    let promised = promised_by(asked, &about);
    let settle = |parcels: usize| settle(asked, &about, parcels, promised);
    obstacles.extend(target.obstacle.clone());
    if target.obstacle.is_none() {
        obstacles.extend(settle(1).err());
    }
    if !obstacles.is_empty() {
        return Err(obstacles);
    }
    let parcels = choose::choose(found.clone(), asked);
    // A slot that is nearly full may take one parcel and not two.
    let Settled { slot, per_slot, promised_by } = settle(parcels.len()).map_err(|full| vec![full])?;
    let fee = fee(&target.destination, rules, &about, found.len());
    Ok(Quote { parcels, queued, unfilled, if_missing, slot, per_slot, promised_by, fee })
}

/// What stands against this reader whatever they ask for.
pub fn standing(account: &Account, rules: &RuleSet, today: Date) -> Vec<Obstacle> {
    let expired = account.expired_on(today).map(|last| Obstacle::CardExpired { last_day: last });
    let banned = account.ban(rules, today).map(|ban| Obstacle::Paused {
        until: ban.until,
        uncollected: ban.uncollected,
        by: ban.by,
    });
    expired.into_iter().chain(banned).collect()
}

/// What the library can do about one wanted title.
pub(crate) enum Look<'a> {
    Free { title: &'a String, copies: Vec<&'a Copy> },
    Missing(Queued),
}

pub(crate) fn look<'a>(offer: &'a Offer, asked: &Asked<'_>) -> Result<Look<'a>, Obstacle> {
    let Asked { account, rules, target, places, .. } = *asked;
    let title_id = offer.title_id.clone();
    let Some(title) = &offer.title else {
        return Err(Obstacle::UnknownTitle { title_id });
    };
    if let Some(open) = account.open.get(&title_id) {
        return Err(Obstacle::AlreadyHave { title_id, order_no: open.order_no.clone() });
    }
    if account.holds.contains_key(&title_id) {
        return Err(Obstacle::AlreadyWaiting { title_id });
    }
    let about = target.about(account);
    let serving = Serving::of(&offer.copies, rules, &about);
    if let (true, Some(why)) = (serving.lent.is_empty(), &serving.refused) {
        return Err(why.clone());
    }
    let copies = serving.free(places);
    // Copies that came free belong to those who wait for them.
    if copies.len() > usize::try_from(offer.waiting).unwrap_or(usize::MAX) {
        return Ok(Look::Free { title, copies });
    }
    let place = offer.waiting.saturating_add(1);
    let likely_days = serving.outlook(place, rules).likely_days;
    Ok(Look::Missing(Queued { title_id, title: title.clone(), place, likely_days }))
}

/// Whether a copy, if it is lent at all, can be sent now: free, and at a site that opens soon.
pub fn is_free(copy: &Copy, places: &BTreeMap<SiteId, Place>) -> bool {
    copy.status == CopyStatus::Available
        && places.get(&copy.site).is_none_or(|place| place.opens_in < CLOSED_FOR_LONG)
}

/// Whether a copy is lent and sent at all.
///
/// # Errors
/// The obstacle that it is not.
pub fn may_go(copy: &Copy, rules: &RuleSet, about: &About<'_>) -> Result<(), Obstacle> {
    let about = about.item(copy.class);
    let lendable = rules.lendable(&about);
    if !lendable.value {
        return Err(Obstacle::NotLendable { title_id: copy.title_id.clone(), by: lendable.by });
    }
    let cap = rules.price_cap(&about);
    match copy.price {
        Some(price) if price > cap.value => Err(Obstacle::TooDear {
            title_id: copy.title_id.clone(),
            price_fen: price.0,
            cap_fen: cap.value.0,
            by: cap.by,
        }),
        Some(_) | None => Ok(()),
    }
}

fn nothing_free(queued: &Queued) -> Obstacle {
    Obstacle::NoCopyAvailable {
        title_id: queued.title_id.clone(),
        waiting: queued.place.saturating_sub(1),
        likely_days: queued.likely_days,
    }
}

fn limits(
    account: &Account,
    rules: &RuleSet,
    about: &About<'_>,
    wanted: usize,
    queued: usize,
) -> Vec<Obstacle> {
    let count = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    let over = |have: usize, limit: u16| count((have + wanted).saturating_sub(usize::from(limit)));
    let open_items = rules.open_items(about);
    let in_process = rules.in_process(about);
    let holds = rules.holds(about);
    let mut obstacles = Vec::new();
    if account.held() + wanted > usize::from(open_items.value) {
        obstacles.push(Obstacle::LimitReached {
            limit: open_items.value,
            open: count(account.held()),
            over: over(account.held(), open_items.value),
            by: open_items.by,
        });
    }
    // A limit that is no lower than the one above is passed only together with it, and says nothing more.
    if in_process.value < open_items.value && account.in_process() + wanted > usize::from(in_process.value) {
        obstacles.push(Obstacle::TooManyInProcess {
            limit: in_process.value,
            in_process: count(account.in_process()),
            over: over(account.in_process(), in_process.value),
            by: in_process.by,
        });
    }
    if queued > 0 && account.holds.len() + queued > usize::from(holds.value) {
        obstacles.push(Obstacle::TooManyHolds {
            limit: holds.value,
            holds: count(account.holds.len()),
            by: holds.by,
        });
    }
    obstacles
}

/// When so many parcels are delivered.
fn settle(
    asked: &Asked<'_>,
    about: &About<'_>,
    parcels: usize,
    promised: Timestamp,
) -> Result<Settled, Obstacle> {
    let Asked { target, rules, now, .. } = *asked;
    let Some(zone) = &target.zone else {
        return Ok(Settled { slot: None, per_slot: None, promised_by: promised });
    };
    let parcels = u16::try_from(parcels).unwrap_or(u16::MAX);
    slot::settle(rules, about, zone, &target.wish, (now, parcels, promised))
}

/// What bringing `books` books there costs.
pub fn fee(destination: &Destination, rules: &RuleSet, about: &About<'_>, books: usize) -> Fee {
    match destination {
        Destination::Site { .. } => Fee { fen: Fen::ZERO, more: Fen::ZERO, by: None },
        Destination::Home => {
            let (first, more) = (rules.home_fee(about), rules.home_fee_more(about));
            let further = u32::try_from(books.saturating_sub(1)).unwrap_or(u32::MAX);
            Fee { fen: first.value.plus(more.value.times(further)), more: more.value, by: Some(first.by) }
        }
    }
}

/// When what is taken on at `now` will have arrived, as far as the library's own days decide it.
pub fn counted_from(rules: &RuleSet, about: &About<'_>, now: Timestamp) -> Timestamp {
    time::promised_by(
        now,
        rules.cut_off(about).value,
        rules.opening(about).value,
        rules.promise_hours(about).value,
        |day| rules.open_day_from(day),
    )
}

/// When everything will have arrived: counted from the order, or from the next morning after the day's cut-off; never on a day on which the
/// library, or the site where it is collected, is closed.
fn promised_by(asked: &Asked<'_>, about: &About<'_>) -> Timestamp {
    let rules = asked.rules;
    let promised = counted_from(rules, about, asked.now);
    let Some(place) = asked.target.site().and_then(|site| asked.places.get(site)) else { return promised };
    // What is there before its site opens waits for the opening.
    let mut day = place.opens_on.map_or_else(|| time::day(promised), |opens| opens.max(time::day(promised)));
    for _ in 0..MOST_DAYS {
        let open = rules.open_day_from(day);
        if open == day && !place.closed.contains(&day) {
            break;
        }
        day = if open == day { day.tomorrow().unwrap_or(day) } else { open };
    }
    if day == time::day(promised) {
        return promised;
    }
    time::instant(day.to_datetime(time::shanghai(promised).time())).unwrap_or(promised)
}

#[cfg(test)]
mod tests;
