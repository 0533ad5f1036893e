//! What the nightly audits found: one item for each day, forgotten after four hundred.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use yujie_domain::audit::{Finding, Severity};

use crate::audit::key_to;
use crate::codec::{self, Item};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::table::{Page, Table, TransactError, Write};

pub(crate) const KIND: &str = "audit_report";
/// How long a report is kept: a year and a month, so that the same night of the year before can be looked at.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);
/// Findings that a report has in full: an item has 400 KB at most, and nobody mends more in a day.
const IN_FULL: usize = 100;
/// How often a report that met another writer is tried anew.
const TRIES: u32 = 3;

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The day of the audit.
    pub day: Date,
    /// When it began.
    pub begun: Timestamp,
    /// When it was done.
    pub ended: Timestamp,
    /// How often the table was walked: twice when the first walk found something.
    pub walks: u8,
    /// Read units.
    pub read_units: u64,
    /// What was found, by kind.
    pub kinds: Vec<OfKind>,
    /// The first of the findings, sorted as the kinds are.
    pub findings: Vec<Told>,
}

/// How much of one kind was found. It keeps its words: a later release may say them differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfKind {
    /// The kind's code.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// How many.
    #[serde(rename = "n")]
    pub count: u32,
    /// What mends it.
    pub repair: String,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Its kind's code.
    pub code: String,
    /// The keys of the items, `pk / sk`, the one that the repair is about first.
    pub keys: Vec<String>,
    /// What was seen.
    pub seen: String,
}

impl From<&Finding> for Told {
    fn from(finding: &Finding) -> Self {
        let text = |record| {
            let Key { pk, sk } = key_to(record);
            format!("{pk} / {sk}")
        };
        Self {
            code: finding.kind.code().to_owned(),
            keys: finding.records.iter().map(text).collect(),
            seen: finding.seen.clone(),
        }
    }
}

impl Report {
    /// The report of an audit of `day` that found this.
    pub fn of(
        day: Date,
        (begun, ended): (Timestamp, Timestamp),
        walks: u8,
        read_units: u64,
        findings: &[Finding],
    ) -> Self {
        let mut counts = BTreeMap::new();
        for finding in findings {
            *counts.entry(finding.kind).or_insert(0_u32) += 1;
        }
        let of_kind = |(kind, count): (yujie_domain::audit::Kind, u32)| OfKind {
            code: kind.code().to_owned(),
            severity: kind.severity(),
            count,
            repair: kind.repair().to_owned(),
        };
        Self {
            day,
            begun,
            ended,
            walks,
            read_units,
            kinds: counts.into_iter().map(of_kind).collect(),
            findings: findings.iter().take(IN_FULL).map(Told::from).collect(),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    day: Date,
    #[serde(with = "codec::millis")]
    begun: Timestamp,
    #[serde(with = "codec::millis")]
    ended: Timestamp,
    walks: u8,
    units: u64,
    kinds: Vec<OfKind>,
    findings: Vec<Told>,
    expires_at: i64,
}

fn to_item(report: &Report, version: u64) -> Result<Item, TableError> {
    let report = report.clone();
    let row = Row {
        v: version,
        day: report.day,
        begun: report.begun,
        ended: report.ended,
        walks: report.walks,
        units: report.read_units,
        kinds: report.kinds,
        findings: report.findings,
        expires_at: (report.begun + KEPT).as_second(),
    };
    codec::item(&key::audit_report(row.day), KIND, &row)
}

fn from_item(item: Item) -> Result<Report, TableError> {
    let row: Row = codec::body(item)?;
    Ok(Report {
        day: row.day,
        begun: row.begun,
        ended: row.ended,
        walks: row.walks,
        read_units: row.units,
        kinds: row.kinds,
        findings: row.findings,
    })
}

/// Puts the report of a day down. An audit that is made again on the same day takes the place of the one before, unless that one began later.
pub async fn put(table: &Table, report: &Report) -> Result<(), TableError> {
    #[derive(Deserialize)]
    struct Known {
        v: u64,
        #[serde(with = "codec::millis")]
        begun: Timestamp,
    }
    let key = key::audit_report(report.day);
    for _ in 0..TRIES {
        let known: Option<Known> = table.get(&key).await?.map(codec::body).transpose()?;
        let write = match known {
            Some(known) if known.begun > report.begun => return Ok(()),
            Some(known) => Write::replace(to_item(report, known.v + 1)?, known.v),
            None => Write::put_new(to_item(report, 1)?),
        };
        match table.write(write).await {
            Ok(()) => return Ok(()),
            Err(TransactError::Refused(_)) => {}
            Err(TransactError::Table(error)) => return Err(error),
        }
    }
    Err(TableError::Busy)
}

/// The reports, the newest first, at most `limit`, from before `before`.
pub async fn list(table: &Table, limit: usize, before: Option<Date>) -> Result<Vec<Report>, TableError> {
    let before: Option<Key> = before.map(key::audit_report);
    let page = Page {
        prefix: Some(key::REPORT),
        after: before.as_ref(),
        newest_first: true,
        limit: Some(limit),
        ..Page::of(key::AUDIT)
    };
    table.query(page).await?.into_iter().map(from_item).collect()
}
