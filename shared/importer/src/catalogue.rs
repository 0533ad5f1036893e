//! A file of titles into the table and the index.

use std::collections::BTreeSet;
use std::path::Path;

use futures_util::stream::{FuturesUnordered, StreamExt};
use yujie_domain::copy::Copy;
use yujie_domain::import::FileOptions;
use yujie_domain::title::Title;
use yujie_domain::{Barcode, TitleId};
use yujie_table::availability::{self, Availability};
use yujie_table::bulk::{self, Loaded};
use yujie_table::{TableError, site};

use crate::invent::Stock;
use crate::places::Places;
use crate::records::{Reading, Record, Records};
use crate::source::Reject;
use crate::{ImportError, Importer, Report};

/// Titles that are loaded together: with three copies each, their barcodes fit into one batch read.
const CHUNK: usize = 33;
/// Chunks under way at a time. More only wait for the table.
const AT_ONCE: usize = 8;
/// What one batch write takes.
const BATCH: usize = 25;

/// What is asked for with a file of titles.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// How it is read.
    pub options: FileOptions,
    /// Whether copies are invented for titles that come without any.
    pub make_copies: bool,
}

impl Importer {
    /// Loads a file of titles with the copies that it names, and invents copies for the others if told to. The index is published at the
    /// end, once; also of what was loaded before a strict reading stopped.
    pub async fn catalogue(
        &self,
        file: &Path,
        wanted: &Wanted,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        let now = self.clock.now();
        let sites = site::all(&self.table).await?;
        let places = Places::new(&sites, &wanted.options.sites, now)?;
        let stock =
            wanted.make_copies.then(|| Stock::of(sites, now).ok_or(ImportError::NoStock)).transpose()?;
        let file = Reading::new(file, wanted.options.clone(), places);
        report.reads(file.path());
        let stopped = self.load_titles(&file, stock.as_ref(), report).await?;
        self.index_file(&file, report).await?;
        match stopped {
            None => Ok(()),
            Some(reject) => Err(ImportError::Stopped {
                reject: Box::new(reject),
                titles: report.summary.loaded,
                copies: report.summary.copies,
            }),
        }
    }

    /// Answers the fault that ended a strict reading.
    async fn load_titles(
        &self,
        file: &Reading,
        stock: Option<&Stock>,
        report: &mut Report,
    ) -> Result<Option<Reject>, ImportError> {
        let mut records = file.begin()?;
        let mut stopped = None;
        let mut running = FuturesUnordered::new();
        loop {
            let chunk = next_chunk(&mut records, &mut stopped, report);
            let ended = chunk.is_empty();
            if !ended {
                running.push(self.load_chunk(chunk, stock));
            }
            while running.len() >= AT_ONCE || (ended && !running.is_empty()) {
                if let Some(done) = running.next().await {
                    let Done { titles, copies } = done?;
                    report.summary.loaded += titles;
                    report.summary.copies += copies;
                    report.progress("loading titles");
                }
            }
            if ended {
                return Ok(stopped);
            }
        }
    }

    async fn load_chunk(&self, records: Vec<Record>, stock: Option<&Stock>) -> Result<Done, ImportError> {
        let loaded = u64::try_from(records.len()).unwrap_or_default();
        let (mut titles, mut copies) = (Vec::with_capacity(records.len()), Vec::new());
        for Record { title, copies: named, .. } in records {
            match stock {
                Some(stock) if named.is_empty() => copies.extend(invented(stock, &title)),
                Some(_) | None => copies.extend(named),
            }
            titles.push(Loaded::Title(title));
        }
        self.put(titles).await?;
        Ok(Done { titles: loaded, copies: self.add_copies(copies).await? })
    }

    /// Puts the copies that the table does not have, and counts their titles' copies. Answers how many were new.
    pub(crate) async fn add_copies(&self, copies: Vec<Copy>) -> Result<u64, ImportError> {
        if copies.is_empty() {
            return Ok(0);
        }
        let titles: Vec<TitleId> =
            copies.iter().map(|copy| copy.title_id.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        let barcodes: Vec<Barcode> = copies.iter().map(|copy| copy.barcode.clone()).collect();
        let counted = availability::get_many(&self.table, &titles).await?;
        let missing: BTreeSet<Barcode> =
            bulk::missing_copies(&self.table, &barcodes).await?.into_iter().collect();
        let is_new = |copy: &Copy| missing.contains(&copy.barcode);

        let mut items: Vec<Loaded> =
            copies.iter().filter(|copy| is_new(copy)).cloned().map(Loaded::Copy).collect();
        let mut recount = Vec::new();
        for title in titles {
            let own: Vec<Copy> = copies.iter().filter(|copy| copy.title_id == title).cloned().collect();
            match (counted.contains_key(&title), own.iter().all(is_new), own.iter().any(is_new)) {
                // Nothing was known of this title: its copies are those.
                (false, true, _) => items.push(Loaded::Availability(title, availability::count(&own))),
                // A load that was broken off, or copies of the title are there already: the table knows them all.
                (false, false, _) | (true, _, true) => recount.push(title),
                (true, _, false) => {}
            }
        }
        self.put(items).await?;
        for title in recount {
            let _: Availability = availability::recount(&self.table, &title).await?;
        }
        Ok(u64::try_from(missing.len()).unwrap_or_default())
    }

    /// Writes in the order given: what counts copies comes after the copies.
    pub(crate) async fn put(&self, items: Vec<Loaded>) -> Result<(), TableError> {
        let mut items = items.into_iter();
        loop {
            let batch: Vec<Loaded> = items.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                return Ok(());
            }
            bulk::put(&self.table, batch).await?;
        }
    }
}

struct Done {
    titles: u64,
    copies: u64,
}

fn next_chunk(records: &mut Records, stopped: &mut Option<Reject>, report: &mut Report) -> Vec<Record> {
    let mut chunk = Vec::with_capacity(CHUNK);
    while let Some(record) = records.next() {
        report.summary.read += 1;
        match record {
            Ok(record) => {
                for warning in &record.warnings {
                    report.warn(record.place, record.title.id.as_str(), warning);
                }
                report.summary.duplicates += u64::from(record.duplicate);
                chunk.push(record);
            }
            Err(reject) => {
                report.reject(&reject);
                *stopped = Some(reject).filter(|_| records.stopped());
            }
        }
        if chunk.len() == CHUNK {
            break;
        }
    }
    chunk
}

/// Copies for a title. Their barcodes are made of digits, so none is invalid.
fn invented(stock: &Stock, title: &Title) -> Vec<Copy> {
    stock.copies_of(title).unwrap_or_default()
}
