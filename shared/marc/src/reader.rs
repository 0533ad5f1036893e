//! The titles of a file of records.

use std::io::Read;

use yujie_domain::title::Title;

use crate::holdings::Holding;
use crate::options::{Mode, Options};
use crate::records::Records;
use crate::reject::{OpenError, Position, Reject, Warning};
use crate::title;

/// The titles of a file, one by one.
pub struct Reader {
    records: Records,
    options: Options,
}

/// A title that was read, and the copies that its record names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogued {
    /// Where its record stands.
    pub position: Position,
    /// The title.
    pub title: Title,
    /// The copies.
    pub holdings: Vec<Holding>,
    /// What was left out, mended or guessed.
    pub warnings: Vec<Warning>,
}

impl Reader {
    /// Finds out what the file holds: ISO 2709 or MARCXML, packed by gzip or not.
    ///
    /// # Errors
    /// [`OpenError`] when it holds nothing, or something else, or cannot be read.
    pub fn open(input: impl Read + Send + 'static, options: Options) -> Result<Self, OpenError> {
        Ok(Self { records: Records::open(input, &options)?, options })
    }
}

impl Iterator for Reader {
    type Item = Result<Catalogued, Reject>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = match self.records.next()? {
            Ok(record) => record,
            Err(reject) => return Some(Err(reject)),
        };
        Some(title::catalogue(&record, &self.options).map_err(|reason| {
            if self.options.mode == Mode::Strict && reason.is_fault() {
                self.records.end();
            }
            let id = record.id().map(|id| id.chars().filter(|c| !c.is_control()).take(64).collect());
            Reject { position: record.position, id, reason }
        }))
    }
}
