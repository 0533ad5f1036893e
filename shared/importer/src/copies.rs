//! A copy list: `barcode,title_id,site,call_number`, and `received`, the day on which a copy came, when that was not today.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde::Deserialize;
use serde::de::value::{Error as ValueError, StrDeserializer};
use yujie_catalogue::csv::{Cells, Reason, Sheet};
use yujie_domain::copy::{Copy, CopyStatus, Received};
use yujie_domain::money::Fen;
use yujie_domain::rules::ItemClass;
use yujie_domain::{Barcode, SiteId, TitleId, time};
use yujie_table::{site, title};

use crate::{ImportError, Importer, Report};

/// Copies that are looked up together.
const CHUNK: usize = 100;

impl Importer {
    /// Loads a copy list. A barcode that is in the table already is left as it is; a copy of an unknown title or at an unknown
    /// site is rejected.
    pub async fn copies(&self, file: &Path, report: &mut Report) -> Result<(), ImportError> {
        let now = self.clock.now();
        let sites: BTreeSet<SiteId> = site::all(&self.table).await?.into_iter().map(|site| site.id).collect();
        let parse = |cells: &Cells| {
            let site = cells.parse("site", SiteId::parse)?;
            let received = match cells.get("received") {
                None => now,
                Some(day) => received_on(day)?,
            };
            let copy = Copy {
                barcode: cells.parse("barcode", Barcode::parse)?,
                title_id: cells.parse("title_id", TitleId::parse)?,
                site: site.clone(),
                call_number: cells.require("call_number")?.to_owned(),
                class: match cells.get("class") {
                    None => ItemClass::default(),
                    Some(_) => cells.parse("class", |class| {
                        ItemClass::deserialize(StrDeserializer::<ValueError>::new(class))
                    })?,
                },
                price: match cells.get("price") {
                    None => None,
                    Some(_) => Some(cells.parse("price", Fen::parse_yuan)?),
                },
                status: CopyStatus::Available,
                holder: None,
                received: Received { at: received, site },
                version: 1,
            };
            if sites.contains(&copy.site) {
                Ok((copy, cells.clone()))
            } else {
                Err(Reason::Invalid { column: "site", why: "no such site".to_owned() })
            }
        };
        let listed = rows(file, &["barcode", "title_id", "site", "call_number"], parse, report)?;
        for chunk in listed.chunks(CHUNK) {
            self.add_listed(chunk, report).await?;
            report.progress("loading copies");
        }
        let titles = listed.iter().map(|(copy, _)| copy.title_id.clone()).collect();
        self.index_titles(&titles, report).await
    }

    async fn add_listed(&self, listed: &[(Copy, Cells)], report: &mut Report) -> Result<(), ImportError> {
        let ids: Vec<TitleId> = listed.iter().map(|(copy, _)| copy.title_id.clone()).collect();
        let known = title::get_many(&self.table, &ids).await?;
        let mut copies: Vec<Copy> = Vec::with_capacity(listed.len());
        for (copy, cells) in listed {
            if !known.contains_key(&copy.title_id) {
                let reason = Reason::Invalid { column: "title_id", why: "no such title".to_owned() };
                report.reject(&cells.reject("barcode", reason).into());
            } else if copies.iter().any(|other| other.barcode == copy.barcode) {
                let reason = Reason::Invalid { column: "barcode", why: "it is in the list twice".to_owned() };
                report.reject(&cells.reject("barcode", reason).into());
            } else {
                copies.push(copy.clone());
            }
        }
        report.summary.loaded += u64::try_from(copies.len()).unwrap_or_default();
        report.summary.copies += self.add_copies(copies).await?;
        Ok(())
    }
}

/// The beginning of a Shanghai day such as `2024-05-31`.
fn received_on(day: &str) -> Result<Timestamp, Reason> {
    let wrong = |why: String| Reason::Invalid { column: "received", why };
    let day: Date = day.parse().map_err(|error: jiff::Error| wrong(error.to_string()))?;
    time::instant(day.to_datetime(Time::midnight())).ok_or_else(|| wrong("no day that can be".to_owned()))
}

/// The rows of a list that can be understood; the others are reported. The first of the required columns names a row.
pub(crate) fn rows<T>(
    file: &Path,
    required: &[&'static str],
    parse: impl Fn(&Cells) -> Result<T, Reason>,
    report: &mut Report,
) -> Result<Vec<T>, ImportError> {
    let opened = File::open(file).map_err(|error| ImportError::file(file, error))?;
    let sheet = Sheet::open(opened, required).map_err(|error| ImportError::sheet(file, error))?;
    report.reads(file);
    let id = required.first().copied().unwrap_or_default();
    let mut parsed = Vec::new();
    for row in sheet {
        report.summary.read += 1;
        match row.and_then(|cells| parse(&cells).map_err(|reason| cells.reject(id, reason))) {
            Ok(row) => parsed.push(row),
            Err(reject) => report.reject(&reject.into()),
        }
    }
    Ok(parsed)
}
