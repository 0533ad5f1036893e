//! The site list: `id,name,kind,address,lat,lng,opening_hours,holds_stock,capacity`.

use std::path::Path;

use futures_util::stream::{self, TryStreamExt};
use serde::Deserialize;
use serde::de::value::{Error as ValueError, StrDeserializer};
use yujie_catalogue::csv::{Cells, Reason};
use yujie_domain::SiteId;
use yujie_domain::hours::OpeningHours;
use yujie_domain::site::{Point, Site, SiteKind};
use yujie_table::{TableError, site};

use crate::copies::rows;
use crate::{ImportError, Importer, Report};

/// Sites under way at a time.
const AT_ONCE: usize = 8;

impl Importer {
    /// Loads a site list; a site that is there is brought up to date and keeps the closures that staff entered.
    pub async fn sites(&self, file: &Path, report: &mut Report) -> Result<(), ImportError> {
        let mut sites = Vec::new();
        for site in rows(file, &["id", "name", "kind", "lat", "lng", "opening_hours"], site, report)? {
            // Sites are written beside each other; of two rows of one site the later is the newer.
            sites.retain(|other: &Site| other.id != site.id);
            sites.push(site);
        }
        report.summary.loaded = u64::try_from(sites.len()).unwrap_or_default();
        stream::iter(sites.iter().map(Ok::<_, TableError>))
            .try_for_each_concurrent(AT_ONCE, |site| site::load(&self.table, site))
            .await?;
        Ok(())
    }
}

fn site(cells: &Cells) -> Result<Site, Reason> {
    let (lat, lng) = (cells.require("lat")?, cells.require("lng")?);
    Ok(Site {
        id: cells.parse("id", SiteId::parse)?,
        name: cells.require("name")?.to_owned(),
        kind: cells.parse("kind", |kind| SiteKind::deserialize(StrDeserializer::<ValueError>::new(kind)))?,
        address: cells.get("address").unwrap_or_default().to_owned(),
        point: Point::parse(lat, lng)
            .ok_or_else(|| Reason::Invalid { column: "lat", why: format!("{lat}, {lng} is no place") })?,
        opening_hours: cells.parse("opening_hours", OpeningHours::parse)?,
        closures: Vec::new(),
        holds_stock: cells.get("holds_stock") == Some("1"),
        capacity: cells.get("capacity").map(capacity).transpose()?,
    })
}

fn capacity(parcels: &str) -> Result<u16, Reason> {
    let wrong = |_| Reason::Invalid { column: "capacity", why: "no number from 0 to 65535".to_owned() };
    parcels.parse().map_err(wrong)
}
