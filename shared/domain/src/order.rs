//! Placing an order: the same decision serves the quote (which writes nothing) and the order itself.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::account::Account;
use crate::copy::{Copy, CopyStatus};
use crate::ids::{SiteId, TitleId};
use crate::parcel::Destination;
use crate::rules::RuleSet;
use crate::time;

/// What to do when not every wanted book has a copy to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IfMissing {
    /// Send the books that there are.
    ShipFound,
    /// Then order nothing.
    Cancel,
}

/// What stands in the way of an order. All obstacles are told at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Obstacle {
    /// No book was named.
    EmptyOrder,
    /// More books than one order takes.
    TooManyBooks {
        /// The most.
        limit: u16,
    },
    /// One title stands twice in the order.
    SameTitleTwice {
        /// Which.
        #[schema(value_type = String)]
        title_id: TitleId,
    },
    /// The catalogue has no such title.
    UnknownTitle {
        /// Which.
        #[schema(value_type = String)]
        title_id: TitleId,
    },
    /// No copy is free.
    NoCopyAvailable {
        /// Of which title.
        #[schema(value_type = String)]
        title_id: TitleId,
    },
    /// The reader has ordered or borrowed it already.
    AlreadyHave {
        /// Which title.
        #[schema(value_type = String)]
        title_id: TitleId,
    },
    /// The reader would have more books than the rules allow.
    LimitReached {
        /// The most.
        limit: u16,
        /// How many they have now.
        open: u16,
    },
    /// The reader has no such address.
    UnknownAddress,
    /// There is no such site.
    UnknownSite,
}

/// One wanted title and what the library has of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The title asked for.
    pub title_id: TitleId,
    /// Its name; `None` when the catalogue does not know it.
    pub title: Option<String>,
    /// Its copies, whatever their status.
    pub copies: Vec<Copy>,
}

/// A book that an order would send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The title's name.
    pub title: String,
    /// The copy chosen.
    pub copy: Copy,
}

/// What an order would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The books, grouped by the site that sends them: one parcel each.
    pub parcels: BTreeMap<SiteId, Vec<Choice>>,
    /// Titles without a free copy, left out by the reader's `ship_found`.
    pub unfilled: Vec<TitleId>,
    /// When everything will have arrived.
    pub promised_by: Timestamp,
    /// What it costs, in fen.
    pub fee_fen: u32,
}

/// Decides an order.
///
/// `spread` is any number: it turns the order in which equally good copies are tried, so that readers who order one title at once
/// reach for different copies.
///
/// # Errors
/// All obstacles that stand in the way.
pub fn quote(
    offers: &[Offer],
    destination: &Destination,
    if_missing: IfMissing,
    account: &Account,
    rules: &RuleSet,
    now: Timestamp,
    spread: u32,
) -> Result<Quote, Vec<Obstacle>> {
    let mut obstacles = Vec::new();
    if offers.is_empty() {
        obstacles.push(Obstacle::EmptyOrder);
    }
    if offers.len() > usize::from(rules.books_per_order) {
        obstacles.push(Obstacle::TooManyBooks { limit: rules.books_per_order });
    }
    let mut seen = BTreeSet::new();
    let mut wanted = Vec::new();
    let mut unfilled = Vec::new();
    for offer in offers {
        let title_id = offer.title_id.clone();
        if !seen.insert(title_id.clone()) {
            obstacles.push(Obstacle::SameTitleTwice { title_id });
            continue;
        }
        let Some(title) = &offer.title else {
            obstacles.push(Obstacle::UnknownTitle { title_id });
            continue;
        };
        if account.open.contains_key(&title_id) {
            obstacles.push(Obstacle::AlreadyHave { title_id });
            continue;
        }
        let free: Vec<&Copy> =
            offer.copies.iter().filter(|copy| copy.status == CopyStatus::Available).collect();
        if free.is_empty() {
            unfilled.push(title_id);
        } else {
            wanted.push((title, free));
        }
    }
    if if_missing == IfMissing::Cancel || wanted.is_empty() {
        obstacles
            .extend(unfilled.iter().map(|title_id| Obstacle::NoCopyAvailable { title_id: title_id.clone() }));
    }
    let open = u16::try_from(account.open.len()).unwrap_or(u16::MAX);
    let would_have = open.saturating_add(u16::try_from(wanted.len()).unwrap_or(u16::MAX));
    if would_have > rules.open_items {
        obstacles.push(Obstacle::LimitReached { limit: rules.open_items, open });
    }
    if !obstacles.is_empty() {
        return Err(obstacles);
    }
    Ok(Quote {
        parcels: choose(wanted, destination, spread),
        unfilled,
        promised_by: time::promised_by(now, rules.cut_off, rules.opening, rules.promise_hours),
        fee_fen: match destination {
            Destination::Home => rules.home_fee_fen,
            Destination::Site { .. } => 0,
        },
    })
}

/// Chooses one copy for each title with as few parcels as possible: again and again the site that has most of the titles left; among
/// equals the site where the reader collects (no transport at all), then by `spread`.
fn choose(
    mut wanted: Vec<(&String, Vec<&Copy>)>,
    destination: &Destination,
    spread: u32,
) -> BTreeMap<SiteId, Vec<Choice>> {
    let collects_at = |site: &SiteId| matches!(destination, Destination::Site { site_id } if site_id == site);
    let mut parcels: BTreeMap<SiteId, Vec<Choice>> = BTreeMap::new();
    while !wanted.is_empty() {
        let sites: BTreeSet<&SiteId> =
            wanted.iter().flat_map(|(_, free)| free.iter().map(|copy| &copy.site)).collect();
        let covered =
            |site: &SiteId| wanted.iter().filter(|(_, free)| free.iter().any(|c| c.site == *site)).count();
        let best = rotated(sites.into_iter().collect(), spread)
            .into_iter()
            .rev()
            .max_by_key(|site| (covered(site), collects_at(site)))
            .cloned();
        let Some(best) = best else { break };
        let mut left = Vec::new();
        for (title, free) in wanted {
            let here: Vec<&Copy> = free.iter().copied().filter(|copy| copy.site == best).collect();
            match rotated(here, spread).first() {
                Some(copy) => parcels
                    .entry(best.clone())
                    .or_default()
                    .push(Choice { title: title.clone(), copy: (*copy).clone() }),
                None => left.push((title, free)),
            }
        }
        wanted = left;
    }
    parcels
}

fn rotated<T>(mut items: Vec<T>, by: u32) -> Vec<T> {
    if !items.is_empty() {
        let places = usize::try_from(by).unwrap_or_default() % items.len();
        items.rotate_left(places);
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::OpenItem;
    use crate::copy::Received;
    use crate::ids::{Barcode, CardNo, OrderNo, ReaderId};

    fn copy(barcode: &str, site: &str) -> Copy {
        Copy {
            barcode: Barcode::parse(barcode).unwrap(),
            title_id: TitleId::parse("t").unwrap(),
            site: SiteId::parse(site).unwrap(),
            call_number: "I313.45/1".to_owned(),
            status: CopyStatus::Available,
            holder: None,
            received: Received { at: Timestamp::UNIX_EPOCH, site: SiteId::parse(site).unwrap() },
            version: 1,
        }
    }

    fn offer(title: &str, copies: &[(&str, &str)]) -> Offer {
        Offer {
            title_id: TitleId::parse(title).unwrap(),
            title: Some(format!("《{title}》")),
            copies: copies.iter().map(|(barcode, site)| copy(barcode, site)).collect(),
        }
    }

    fn reader_with(open: usize) -> Account {
        let item = |i: usize| {
            let order_no = OrderNo::new(Timestamp::UNIX_EPOCH, 1);
            let item = OpenItem {
                barcode: Barcode::parse("Y99999").unwrap(),
                order_no,
                title: String::new(),
                loan: None,
            };
            (TitleId::parse(&format!("had{i}")).unwrap(), item)
        };
        Account {
            rid: ReaderId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(),
            card_no: CardNo::from_serial(1),
            open: (0..open).map(item).collect(),
            takes_part: true,
        }
    }

    fn ask(offers: &[Offer], if_missing: IfMissing, open: usize) -> Result<Quote, Vec<Obstacle>> {
        let (account, rules) = (reader_with(open), RuleSet::founding());
        quote(offers, &Destination::Home, if_missing, &account, &rules, Timestamp::UNIX_EPOCH, 0)
    }

    fn parcels(quote: &Quote) -> Vec<String> {
        let line = |(site, books): (&SiteId, &Vec<Choice>)| {
            let barcodes: Vec<&str> = books.iter().map(|b| b.copy.barcode.as_str()).collect();
            format!("{site}: {}", barcodes.join(" "))
        };
        quote.parcels.iter().map(line).collect()
    }

    #[test]
    fn books_travel_in_as_few_parcels_as_possible() {
        let offers = [
            offer("a", &[("A0001", "L01"), ("A0002", "C01")]),
            offer("b", &[("B0001", "C01")]),
            offer("c", &[("C0001", "L02"), ("C0002", "L01")]),
        ];
        let quote = ask(&offers, IfMissing::Cancel, 0).unwrap();
        assert_eq!(quote.parcels.values().map(Vec::len).sum::<usize>(), 3);
        assert_eq!(quote.parcels.len(), 2, "{:?}", parcels(&quote));
    }

    #[test]
    fn a_copy_that_stands_at_the_pickup_site_is_taken_there() {
        let offers = [offer("a", &[("A0001", "C01"), ("A0002", "S01")])];
        for spread in 0..5 {
            let to = Destination::Site { site_id: SiteId::parse("S01").unwrap() };
            let (account, rules) = (reader_with(0), RuleSet::founding());
            let quote =
                quote(&offers, &to, IfMissing::Cancel, &account, &rules, Timestamp::UNIX_EPOCH, spread)
                    .unwrap();
            assert_eq!(parcels(&quote), ["S01: A0002"]);
        }
    }

    #[test]
    fn readers_who_order_one_title_at_once_reach_for_different_copies() {
        let offers = [offer("a", &[("A0001", "C01"), ("A0002", "C01"), ("A0003", "C01")])];
        let (account, rules) = (reader_with(0), RuleSet::founding());
        let chosen: BTreeSet<String> = (0..3)
            .map(|spread| {
                quote(
                    &offers,
                    &Destination::Home,
                    IfMissing::Cancel,
                    &account,
                    &rules,
                    Timestamp::UNIX_EPOCH,
                    spread,
                )
                .unwrap()
            })
            .flat_map(|quote| parcels(&quote))
            .collect();
        assert_eq!(chosen.len(), 3);
    }

    #[test]
    fn all_obstacles_are_told_at_once() {
        let mut unknown = offer("x", &[]);
        unknown.title = None;
        let offers = [offer("had0", &[("A0001", "C01")]), unknown, offer("n", &[]), offer("n", &[])];

        let codes: Vec<String> = ask(&offers, IfMissing::Cancel, 10)
            .unwrap_err()
            .iter()
            .map(|o| serde_json::to_value(o).unwrap()["code"].as_str().unwrap().to_owned())
            .collect();

        assert_eq!(codes, ["already_have", "unknown_title", "same_title_twice", "no_copy_available"]);
        let full = ask(&[offer("a", &[("A0001", "C01")])], IfMissing::Cancel, 10);
        assert_eq!(full, Err(vec![Obstacle::LimitReached { limit: 10, open: 10 }]));
    }

    #[test]
    fn a_missing_book_follows_the_readers_wish() {
        let offers = [offer("a", &[("A0001", "C01")]), offer("b", &[])];
        let found = ask(&offers, IfMissing::ShipFound, 0).unwrap();
        assert_eq!((parcels(&found), found.unfilled.len()), (vec!["C01: A0001".to_owned()], 1));
        let missing = Obstacle::NoCopyAvailable { title_id: TitleId::parse("b").unwrap() };
        assert_eq!(ask(&offers, IfMissing::Cancel, 0), Err(vec![missing.clone()]));
        assert_eq!(
            ask(&offers[1..], IfMissing::ShipFound, 0),
            Err(vec![missing]),
            "an order of nothing is no order"
        );
    }
}
