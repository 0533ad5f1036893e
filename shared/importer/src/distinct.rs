//! The titles of a file, each id once.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use yujie_catalogue::csv::{Reason, Reject, TitleRow, Titles};
use yujie_domain::TitleId;

use crate::error::ImportError;

/// Goes through a title list. An id's second row is rejected: which of the two is right, only people know.
pub(crate) struct DistinctTitles {
    rows: Titles,
    lines: HashMap<TitleId, u64>,
}

impl DistinctTitles {
    pub(crate) fn open(path: &Path) -> Result<Self, ImportError> {
        let file = File::open(path).map_err(|error| ImportError::file(path, error))?;
        let rows = Titles::open(file).map_err(|error| ImportError::sheet(path, error))?;
        Ok(Self { rows, lines: HashMap::new() })
    }
}

impl Iterator for DistinctTitles {
    type Item = Result<TitleRow, Reject>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = match self.rows.next()? {
            Ok(row) => row,
            Err(reject) => return Some(Err(reject)),
        };
        Some(match self.lines.insert(row.title.id.clone(), row.line) {
            None => Ok(row),
            Some(first) => {
                self.lines.insert(row.title.id.clone(), first);
                let why = format!("the row on line {first} has the same id");
                Err(Reject {
                    line: row.line,
                    id: Some(row.title.id.into()),
                    reason: Reason::Invalid { column: "id", why },
                })
            }
        })
    }
}
