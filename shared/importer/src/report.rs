//! What is told while a load runs, of the records that were passed over, and at the end.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::error::ImportError;
use crate::rejects::{Line, Rejects};
use crate::source::{Place, Reject};

/// Records that are named on standard error when there is no file for them.
const NAMED: u64 = 10;

/// A load's figures, as the last line on standard output.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Records read.
    pub read: u64,
    /// Records that are now in the library.
    pub loaded: u64,
    /// Records passed over.
    pub rejected: u64,
    /// Things left out of, or guessed in, records that were loaded.
    pub warnings: u64,
    /// New copies.
    pub copies: u64,
    /// Titles whose ISBN an earlier title of the file has too.
    pub duplicates: u64,
    /// How long it took.
    pub seconds: f64,
    /// Records read a second, over the whole time.
    pub rate: u64,
}

/// Counts, shows progress and keeps the list of rejected records.
#[derive(Debug)]
pub struct Report {
    /// The figures so far.
    pub summary: Summary,
    file: String,
    rejects: Option<Rejects<File>>,
    started: Instant,
    shown: Instant,
    terminal: bool,
}

impl Report {
    /// Begins. `rejects` gets a CSV line for each record that was passed over or only partly used.
    pub fn new(rejects: Option<&Path>) -> Result<Self, ImportError> {
        let rejects = rejects
            .map(|path| {
                let file = File::create(path).map_err(|error| ImportError::file(path, error))?;
                Rejects::begin(file).map_err(|error| ImportError::file(path, error))
            })
            .transpose()?;
        let now = Instant::now();
        let terminal = std::io::stderr().is_terminal();
        Ok(Self {
            summary: Summary::default(),
            file: String::new(),
            rejects,
            started: now,
            shown: now,
            terminal,
        })
    }

    /// From here on, records come from this file.
    pub(crate) fn reads(&mut self, file: &Path) {
        self.file = file.display().to_string();
    }

    /// A record that was passed over.
    pub fn reject(&mut self, reject: &Reject) {
        self.summary.rejected += 1;
        note(&mut self.rejects, &Line::rejected(&self.file, reject), self.summary.rejected);
    }

    /// A record that was loaded without something, or with something guessed.
    pub fn warn(&mut self, place: Place, id: &str, reason: &str) {
        self.summary.warnings += 1;
        note(&mut self.rejects, &Line::warning(&self.file, place, id, reason), self.summary.warnings);
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
        let (rate, seconds) = (self.rate(), self.started.elapsed().as_secs());
        let line = format!(
            "{doing}: {read} records, {rejected} rejected, {copies} new copies, {seconds} s, {rate} records/s"
        );
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
        } else {
            tell(format_args!("{line}"));
        }
    }

    /// Records a second so far.
    fn rate(&self) -> u64 {
        let ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        self.summary.read.saturating_mul(1_000) / ms
    }

    /// Ends, with the figures.
    pub fn finish(mut self) -> Summary {
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
        self.summary.rate = self.rate();
        self.summary.seconds = self.started.elapsed().as_secs_f64();
        self.summary
    }
}

fn note(rejects: &mut Option<Rejects<File>>, line: &Line<'_>, nth: u64) {
    match rejects {
        // A list that cannot be written must not stop the load; the counts stand in the summary anyway.
        Some(rejects) => drop(rejects.add(line)),
        None if nth <= NAMED => tell(format_args!("{line}")),
        None => {}
    }
}

fn tell(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
