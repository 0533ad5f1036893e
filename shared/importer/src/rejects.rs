//! The list of what was passed over: `file,position,id,outcome,reason`.

use std::fmt;
use std::io::Write;

use crate::source::{Place, Reject};

const COLUMNS: [&str; 5] = ["file", "position", "id", "outcome", "reason"];

/// What became of a record that is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was passed over.
    Rejected,
    /// It was loaded without something, or with something guessed.
    Warning,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rejected => "rejected",
            Self::Warning => "warning",
        })
    }
}

/// A line of the list.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    /// The file.
    pub file: &'a str,
    /// Where in it the record stands.
    pub place: Place,
    /// What the record calls itself.
    pub id: &'a str,
    /// What became of it.
    pub outcome: Outcome,
    /// Why.
    pub reason: &'a str,
}

impl<'a> Line<'a> {
    /// A record that was passed over.
    pub fn rejected(file: &'a str, reject: &'a Reject) -> Self {
        let id = reject.id.as_deref().unwrap_or_default();
        Self { file, place: reject.place, id, outcome: Outcome::Rejected, reason: &reject.reason }
    }

    /// A record that was loaded without something.
    pub fn warning(file: &'a str, place: Place, id: &'a str, reason: &'a str) -> Self {
        Self { file, place, id, outcome: Outcome::Warning, reason }
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, place, id, outcome, reason } = self;
        write!(f, "{outcome}: {file}, {place} ({id}): {reason}")
    }
}

/// A list in the making.
#[derive(Debug)]
pub struct Rejects<W: Write>(csv::Writer<W>);

impl<W: Write> Rejects<W> {
    /// Begins a list.
    ///
    /// # Errors
    /// When its header cannot be written.
    pub fn begin(target: W) -> Result<Self, csv::Error> {
        let mut writer = csv::Writer::from_writer(target);
        writer.write_record(COLUMNS)?;
        Ok(Self(writer))
    }

    /// Goes on with a list that stands in `target` already.
    pub fn go_on(target: W) -> Self {
        Self(csv::Writer::from_writer(target))
    }

    /// Adds a line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&mut self, line: &Line<'_>) -> Result<(), csv::Error> {
        let (place, outcome) = (line.place.to_string(), line.outcome.to_string());
        self.0.write_record([line.file, place.as_str(), line.id, outcome.as_str(), line.reason])
    }

    /// The list.
    ///
    /// # Errors
    /// When its end cannot be written.
    pub fn finish(self) -> Result<W, std::io::Error> {
        self.0.into_inner().map_err(csv::IntoInnerError::into_error)
    }
}
