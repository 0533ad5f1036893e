//! The records of a file as they are to be loaded: each id, and each barcode, once.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use yujie_domain::copy::Copy;
use yujie_domain::import::FileOptions;
use yujie_domain::title::Title;
use yujie_domain::{Barcode, Isbn, TitleId};

use crate::error::ImportError;
use crate::places::Places;
use crate::source::{Found, Place, Reject, Source, SourceError};

/// A file, and how it is read. It can be gone through any number of times, with the same outcome.
#[derive(Debug, Clone)]
pub struct Reading {
    path: PathBuf,
    options: FileOptions,
    places: Arc<Places>,
}

impl Reading {
    /// This file, read so.
    pub fn new(path: &Path, options: FileOptions, places: Places) -> Self {
        Self { path: path.to_owned(), options, places: Arc::new(places) }
    }

    /// Which file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Begins at the file's beginning.
    ///
    /// # Errors
    /// [`SourceError`] when it is no file of titles.
    pub fn open(&self) -> Result<Records, SourceError> {
        let source = Source::open(File::open(&self.path)?, &self.options)?;
        Ok(Records {
            source,
            places: Arc::clone(&self.places),
            strict: self.options.strict,
            seen: Seen::default(),
            stopped: false,
        })
    }

    /// The same, for the command line.
    pub(crate) fn begin(&self) -> Result<Records, ImportError> {
        self.open().map_err(|error| ImportError::file(&self.path, error))
    }
}

/// A record to be loaded.
#[derive(Debug, Clone)]
pub struct Record {
    /// Where it stands.
    pub place: Place,
    /// The title.
    pub title: Title,
    /// Its copies.
    pub copies: Vec<Copy>,
    /// What was left out, mended or guessed.
    pub warnings: Vec<String>,
    /// Whether an earlier title of the file has its ISBN: another edition, or the same one catalogued twice.
    pub duplicate: bool,
}

/// Goes through a file. An id's second record is rejected: which of the two is right, only people know. A strict reading ends with
/// its first fault.
pub struct Records {
    source: Source,
    places: Arc<Places>,
    strict: bool,
    seen: Seen,
    stopped: bool,
}

#[derive(Default)]
struct Seen {
    titles: HashMap<TitleId, Place>,
    barcodes: HashMap<Barcode, Place>,
    isbns: HashSet<Isbn>,
}

impl Records {
    fn record(&mut self, found: Found) -> Result<Record, Reject> {
        let Found { place, title, holdings, mut warnings } = found;
        if let Some(first) = self.seen.titles.get(&title.id) {
            let reason = format!("id: {first} has the same id");
            return Err(Reject { place, id: Some(title.id.into()), reason, fault: true, broken_off: false });
        }
        self.seen.titles.insert(title.id.clone(), place);
        let duplicate = title.isbn.clone().is_some_and(|isbn| !self.seen.isbns.insert(isbn));
        let (mut copies, left_out) = self.places.copies(&title, &holdings);
        warnings.extend(left_out);
        copies.retain(|copy| match self.seen.barcodes.get(&copy.barcode) {
            None => {
                self.seen.barcodes.insert(copy.barcode.clone(), place);
                true
            }
            Some(first) => {
                warnings.push(format!("copy {:?} left out: {first} names it too", copy.barcode.as_str()));
                false
            }
        });
        Ok(Record { place, title, copies, warnings, duplicate })
    }
}

impl Iterator for Records {
    type Item = Result<Record, Reject>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.stopped {
            return None;
        }
        let read = self.source.next()?.and_then(|found| self.record(found));
        self.stopped = self.strict && read.as_ref().is_err_and(|reject| reject.fault);
        Some(read)
    }
}

impl Records {
    /// Whether a fault has ended a strict reading.
    pub fn stopped(&self) -> bool {
        self.stopped
    }
}
