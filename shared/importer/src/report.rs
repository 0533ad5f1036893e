//! What is told while a load runs, of the rows that were passed over, and at the end.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use yujie_catalogue::csv::Reject;

use crate::error::ImportError;

/// Rows that are named on standard error when there is no file for them.
const NAMED: u64 = 10;

/// A load's figures, as the last line on standard output.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Rows read.
    pub read: u64,
    /// Rows that are now in the library.
    pub loaded: u64,
    /// Rows passed over.
    pub rejected: u64,
    /// Rows loaded without a field that cannot be right.
    pub warnings: u64,
    /// New copies.
    pub copies: u64,
    /// How long it took.
    pub seconds: f64,
}

/// Counts, shows progress and keeps the list of rejected rows.
#[derive(Debug)]
pub struct Report {
    /// The figures so far.
    pub summary: Summary,
    rejects: Option<csv::Writer<File>>,
    started: Instant,
    shown: Instant,
    terminal: bool,
}

impl Report {
    /// Begins. `rejects` gets a CSV line for each row that was passed over or only partly used.
    pub fn new(rejects: Option<&Path>) -> Result<Self, ImportError> {
        let rejects = rejects
            .map(|path| {
                let mut writer =
                    csv::Writer::from_path(path).map_err(|error| ImportError::file(path, error))?;
                writer
                    .write_record(["line", "id", "outcome", "reason"])
                    .map_err(|error| ImportError::file(path, error))?;
                Ok::<_, ImportError>(writer)
            })
            .transpose()?;
        let now = Instant::now();
        let terminal = std::io::stderr().is_terminal();
        Ok(Self { summary: Summary::default(), rejects, started: now, shown: now, terminal })
    }

    /// A row that was passed over.
    pub fn reject(&mut self, reject: &Reject) {
        self.summary.rejected += 1;
        let id = reject.id.as_deref().unwrap_or_default();
        self.note(reject.line, id, "rejected", &reject.reason.to_string(), self.summary.rejected);
    }

    /// A row that was loaded without one of its fields.
    pub fn warn(&mut self, line: u64, id: &str, reason: &str) {
        self.summary.warnings += 1;
        self.note(line, id, "warning", reason, self.summary.warnings);
    }

    fn note(&mut self, line: u64, id: &str, outcome: &str, reason: &str, nth: u64) {
        match &mut self.rejects {
            // A list that cannot be written must not stop the load; the counts stand in the summary anyway.
            Some(rejects) => drop(rejects.write_record([&line.to_string(), id, outcome, reason])),
            None if nth <= NAMED => tell(format_args!("{outcome}: line {line} ({id}): {reason}")),
            None => {}
        }
    }

    /// Shows how far the load is: always in place on a terminal, every two seconds elsewhere.
    pub fn progress(&mut self, doing: &str) {
        let every = if self.terminal { Duration::from_millis(200) } else { Duration::from_secs(2) };
        if self.shown.elapsed() >= every {
            self.shown = Instant::now();
            self.show(doing);
        }
    }

    fn show(&self, doing: &str) {
        let Summary { read, rejected, copies, .. } = self.summary;
        let seconds = self.started.elapsed().as_secs();
        let line = format!("{doing}: {read} rows, {rejected} rejected, {copies} new copies, {seconds} s");
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
        } else {
            tell(format_args!("{line}"));
        }
    }

    /// Ends, with the figures.
    pub fn finish(mut self) -> Summary {
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
        self.summary.seconds = self.started.elapsed().as_secs_f64();
        self.summary
    }
}

fn tell(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
