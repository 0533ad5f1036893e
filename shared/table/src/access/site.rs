//! Sites: about a thousand items in one partition, read with one query. A list says most of a site and is loaded again and again; its closures
//! are entered by staff, and no list takes them away.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use yujie_domain::SiteId;
use yujie_domain::hours::OpeningHours;
use yujie_domain::site::{Closure, Point, Site, SiteKind};

use crate::bulk::BULK_MARK;
use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key;
use crate::table::{Page, Table, TransactError, Write};

pub(crate) const KIND: &str = "site";

/// A site as it is in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The site.
    pub site: Site,
    /// How often it was changed; 0 for what was written before this was counted.
    pub version: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    #[serde(default)]
    v: u64,
    id: SiteId,
    name: String,
    site_kind: SiteKind,
    address: String,
    point: Point,
    hours: OpeningHours,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    closures: Vec<Closure>,
    stock: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    capacity: Option<u16>,
}

fn to_item(site: &Site, version: u64) -> Result<Item, TableError> {
    let site = site.clone();
    let row = Row {
        v: version,
        id: site.id,
        name: site.name,
        site_kind: site.kind,
        address: site.address,
        point: site.point,
        hours: site.opening_hours,
        closures: site.closures,
        stock: site.holds_stock,
        capacity: site.capacity,
    };
    codec::item(&key::site(&row.id), KIND, &row)
}

fn from_item(item: Item) -> Result<Kept, TableError> {
    let row: Row = codec::body(item)?;
    let site = Site {
        id: row.id,
        name: row.name,
        kind: row.site_kind,
        address: row.address,
        point: row.point,
        opening_hours: row.hours,
        closures: row.closures,
        holds_stock: row.stock,
        capacity: row.capacity,
    };
    Ok(Kept { site, version: row.v })
}

/// All sites.
pub async fn all(table: &Table) -> Result<Vec<Site>, TableError> {
    let items = table.query(Page::of(key::SITES)).await?;
    items.into_iter().map(|item| from_item(item).map(|kept| kept.site)).collect()
}

/// One site.
pub async fn get(table: &Table, id: &SiteId) -> Result<Option<Site>, TableError> {
    Ok(get_versioned(table, id).await?.map(|kept| kept.site))
}

/// One site, to be changed.
pub async fn get_versioned(table: &Table, id: &SiteId) -> Result<Option<Kept>, TableError> {
    table.get(&key::site(id)).await?.map(from_item).transpose()
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It stands, at this version.
    Now(u64),
    /// The site is not at the version that the writer knew.
    Overtaken,
}

/// Puts a site in the place of the version of it that its writer knew. What stands already at the version that this write would have made is
/// taken for this very write, sent twice.
pub async fn store(table: &Table, site: &Site, known: u64) -> Result<Stored, TableError> {
    let version = known.saturating_add(1);
    let item = to_item(site, version)?;
    let write = match known {
        0 => Write::put_if(item, "attribute_exists(pk) AND attribute_not_exists(v)"),
        known => Write::replace(item, known),
    };
    match table.write(write).await {
        Ok(()) => Ok(Stored::Now(version)),
        Err(TransactError::Refused(refused)) => {
            let stands = refused.into_iter().find_map(|refused| refused.old).map(from_item).transpose()?;
            let same = stands.is_some_and(|kept| kept.version == version && kept.site == *site);
            Ok(if same { Stored::Now(version) } else { Stored::Overtaken })
        }
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// Loads a site from a list. It writes what the list says and nothing else: the closures of `site` are not looked at, and those that staff
/// entered stay, also when they enter them at this moment.
pub async fn load(table: &Table, site: &Site) -> Result<(), TableError> {
    let mut said = to_item(site, 0)?;
    said.retain(|name, _| !matches!(name.as_str(), "pk" | "sk" | "v" | "closures"));
    said.insert(BULK_MARK.to_owned(), AttributeValue::Bool(true));
    let set: Vec<String> = said.keys().map(|name| format!("#{name} = :{name}")).collect();
    let unsaid = if site.capacity.is_none() { " REMOVE #capacity" } else { "" };
    let expression = format!("SET {}{unsaid} ADD v :one", set.join(", "));
    let condition = "attribute_not_exists(pk) OR #kind = :kind";
    let update = Write::update(key::site(&site.id), expression, condition)
        .number(":one", 1)
        .name("#capacity", "capacity");
    let write = said.into_iter().fold(update, |write, (name, value)| {
        write.name(format!("#{name}"), name.as_str()).value(format!(":{name}"), value)
    });
    match table.write(write).await {
        Ok(()) => Ok(()),
        Err(TransactError::Refused(_)) => Err(TableError::Busy),
        Err(TransactError::Table(error)) => Err(error),
    }
}
