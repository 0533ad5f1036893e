//! The site list: `id,name,kind,address,lat,lng,opening_hours,holds_stock`.

use std::path::Path;

use serde::Deserialize;
use serde::de::value::{Error as ValueError, StrDeserializer};
use yujie_catalogue::csv::{Cells, Reason};
use yujie_domain::SiteId;
use yujie_domain::site::{Point, Site, SiteKind};
use yujie_table::bulk::Loaded;

use crate::copies::rows;
use crate::{ImportError, Importer, Report};

impl Importer {
    /// Loads a site list; a site that is there is brought up to date.
    pub async fn sites(&self, file: &Path, report: &mut Report) -> Result<(), ImportError> {
        let mut sites = Vec::new();
        for site in rows(file, &["id", "name", "kind", "lat", "lng"], site, report)? {
            // One batch must not name a site twice; the later row is the newer one.
            sites.retain(|other: &Site| other.id != site.id);
            sites.push(site);
        }
        report.summary.loaded = u64::try_from(sites.len()).unwrap_or_default();
        self.put(sites.into_iter().map(Loaded::Site).collect()).await?;
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
        opening_hours: cells.get("opening_hours").unwrap_or_default().to_owned(),
        holds_stock: cells.get("holds_stock") == Some("1"),
    })
}
