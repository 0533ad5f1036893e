//! How many parcels are on their way to a site or wait in it. It is counted in the transactions that send a parcel there and let it go, apart
//! from the site itself, which is read by everybody and must not change with every order.

use std::collections::BTreeMap;

use serde::Deserialize;
use yujie_domain::SiteId;

use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::table::{Table, Write};

pub(crate) const KIND: &str = "site_load";

#[derive(Debug, Deserialize)]
struct Row {
    id: SiteId,
    n: u16,
}

pub(crate) fn from_item(item: Item) -> Result<(SiteId, u16), TableError> {
    let row: Row = codec::body(item)?;
    Ok((row.id, row.n))
}

/// Takes `n` places at a site that has `capacity` of them in all. Refused when fewer are free.
///
/// Only for sites with a capacity. Whoever takes a place writes down that it was taken: a site's capacity may come and go
/// while a parcel is under way, and only what was taken is [given back](give_back).
pub fn take(site: &SiteId, n: u16, capacity: u16) -> Write {
    // A counter that is not there yet counts 0, but not every number fits into an empty site either.
    let (condition, most) = match capacity.checked_sub(n) {
        Some(most) => ("attribute_not_exists(n) OR n <= :most", most),
        None => ("n < :most", 0),
    };
    Write::update(
        key::site_load(site),
        "SET n = if_not_exists(n, :none) + :taken, id = :id, kind = :kind",
        condition,
    )
    .number(":most", u64::from(most))
    .number(":none", 0)
    .number(":taken", u64::from(n))
    .text(":id", site.as_str())
    .text(":kind", KIND)
}

/// Gives `n` places back. Refused when fewer are taken.
pub fn give_back(site: &SiteId, n: u16) -> Write {
    Write::update(key::site_load(site), "SET n = n - :given", "n >= :given").number(":given", u64::from(n))
}

/// The parcels of several sites, as of a moment ago; a site that never had one is left out.
pub async fn of_many(table: &Table, sites: &[SiteId]) -> Result<BTreeMap<SiteId, u16>, TableError> {
    let mut keys: Vec<Key> = sites.iter().map(key::site_load).collect();
    keys.sort();
    keys.dedup();
    table.batch_get(&keys, false).await?.into_iter().map(from_item).collect()
}
