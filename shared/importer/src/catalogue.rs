//! A title list into the table and the index.

use std::collections::BTreeSet;
use std::path::Path;

use futures_util::stream::{FuturesUnordered, StreamExt};
use yujie_domain::copy::Copy;
use yujie_domain::title::Title;
use yujie_domain::{Barcode, TitleId};
use yujie_table::availability::{self, Availability};
use yujie_table::bulk::{self, Loaded};
use yujie_table::{TableError, site};

use crate::distinct::DistinctTitles;
use crate::invent::Stock;
use crate::{ImportError, Importer, Report};

/// Titles that are loaded together: with three copies each, their barcodes fit into one batch read.
const CHUNK: usize = 33;
/// Chunks under way at a time. More only wait for the table.
const AT_ONCE: usize = 8;
/// What one batch write takes.
const BATCH: usize = 25;

impl Importer {
    /// Loads a title list, and invents copies for it if told to. The index is published at the end, once.
    pub async fn catalogue(
        &self,
        file: &Path,
        make_copies: bool,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        let stock = if make_copies {
            Some(Stock::of(site::all(&self.table).await?, self.clock.now()).ok_or(ImportError::NoStock)?)
        } else {
            None
        };
        self.load_titles(file, stock.as_ref(), report).await?;
        self.index_file(file, report).await
    }

    async fn load_titles(
        &self,
        file: &Path,
        stock: Option<&Stock>,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        let mut titles = DistinctTitles::open(file)?;
        let mut running = FuturesUnordered::new();
        loop {
            let chunk = next_chunk(&mut titles, report);
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
                return Ok(());
            }
        }
    }

    async fn load_chunk(&self, titles: Vec<Title>, stock: Option<&Stock>) -> Result<Done, ImportError> {
        let loaded = u64::try_from(titles.len()).unwrap_or_default();
        let copies = match stock {
            Some(stock) => invented(stock, &titles),
            None => Vec::new(),
        };
        self.put(titles.into_iter().map(Loaded::Title).collect()).await?;
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

fn next_chunk(titles: &mut DistinctTitles, report: &mut Report) -> Vec<Title> {
    let mut chunk = Vec::with_capacity(CHUNK);
    for row in titles {
        report.summary.read += 1;
        match row {
            Ok(row) => {
                for warning in &row.warnings {
                    report.warn(row.line, row.title.id.as_str(), &warning.to_string());
                }
                chunk.push(row.title);
            }
            Err(reject) => report.reject(&reject),
        }
        if chunk.len() == CHUNK {
            break;
        }
    }
    chunk
}

/// The copies of these titles. Their barcodes are made of digits, so none is invalid.
fn invented(stock: &Stock, titles: &[Title]) -> Vec<Copy> {
    titles.iter().filter_map(|title| stock.copies_of(title).ok()).flatten().collect()
}
