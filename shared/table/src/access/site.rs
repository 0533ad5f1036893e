//! Sites: about a thousand items in one partition, read with one query.

use serde::{Deserialize, Serialize};
use yujie_domain::SiteId;
use yujie_domain::site::{Point, Site, SiteKind};

use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key;
use crate::table::{Page, Table};

const KIND: &str = "site";

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    id: SiteId,
    name: String,
    site_kind: SiteKind,
    address: String,
    point: Point,
    hours: String,
    stock: bool,
}

pub(crate) fn to_item(site: &Site) -> Result<Item, TableError> {
    let site = site.clone();
    let row = Row {
        id: site.id,
        name: site.name,
        site_kind: site.kind,
        address: site.address,
        point: site.point,
        hours: site.opening_hours,
        stock: site.holds_stock,
    };
    codec::item(&key::site(&row.id), KIND, &row)
}

fn from_item(item: Item) -> Result<Site, TableError> {
    let row: Row = codec::body(item)?;
    Ok(Site {
        id: row.id,
        name: row.name,
        kind: row.site_kind,
        address: row.address,
        point: row.point,
        opening_hours: row.hours,
        holds_stock: row.stock,
    })
}

/// All sites.
pub async fn all(table: &Table) -> Result<Vec<Site>, TableError> {
    table.query(Page::of(key::SITES)).await?.into_iter().map(from_item).collect()
}

/// One site.
pub async fn get(table: &Table, id: &SiteId) -> Result<Option<Site>, TableError> {
    table.get(&key::site(id)).await?.map(from_item).transpose()
}
