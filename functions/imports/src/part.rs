//! A part of a file: from where the import stands, as many records as it may have.
//!
//! Every part reads the file from its beginning and steps over what is done. So each sees what the earlier ones saw: which ids, barcodes and
//! ISBNs came before, and at which byte a record stands (docs/decisions/0015).

use jiff::SignedDuration;
use yujie_domain::import::{self, FailureCode, Import, Part, Run, Tally, Then};
use yujie_import::places::Places;
use yujie_import::records::{Reading, Record, Records};
use yujie_import::rejects::{Line, Rejects};
use yujie_import::source::SourceError;
use yujie_import_store::StoreError;
use yujie_runtime::batch::Failure;
use yujie_table::site;

use crate::load::{self, Loaded};
use crate::{App, download};

/// A part ends after this time even if it has fewer records: long before Lambda ends it.
const LONGEST: SignedDuration = SignedDuration::from_secs(120);
/// Records that are loaded together: their titles are one batch read.
const BATCH: usize = 100;
/// Bytes of a list of rejects, after which it is only counted.
const LONGEST_LIST: usize = 8 * 1024 * 1024;

/// Works off the next part.
pub(crate) async fn work_off(app: &App, import: &Import, run: &Run) -> Result<Part, Failure> {
    let sites = site::all(&app.table).await?;
    let places = match Places::new(&sites, &import.options.sites, run.started) {
        Ok(places) => places,
        Err(error) => return Ok(stopped(run, FailureCode::UnknownSite, error.to_string())),
    };
    let path = match download::file(app, &import.id, &run.file).await {
        Ok(path) => path,
        Err(error @ StoreError::Changed) => {
            return Ok(stopped(run, FailureCode::FileChanged, error.to_string()));
        }
        Err(error) => return Err(transient(&error)),
    };
    let records = match Reading::new(&path, import.options.clone(), places).open() {
        Ok(records) => records,
        Err(SourceError::Io(error)) if path.metadata().is_err() => return Err(transient(&error)),
        Err(error @ SourceError::Io(_)) => {
            return Ok(stopped(run, FailureCode::BrokenOff, error.to_string()));
        }
        Err(error) => return Ok(stopped(run, FailureCode::NotACatalogue, error.to_string())),
    };
    read_on(app, import, run, records).await
}

async fn read_on(app: &App, import: &Import, run: &Run, mut records: Records) -> Result<Part, Failure> {
    for _ in 0..run.tally.read {
        // What was read before can be read again, unless this machine's disk fails.
        if let Some(Err(reject)) = records.next()
            && reject.broken_off
        {
            return Err(transient(&reject));
        }
    }
    let mut list = List::of(app, import, run).await?;
    let mut tally = Tally::default();
    let until = app.clock.now() + LONGEST;
    let then = loop {
        let room = app.records.saturating_sub(tally.read);
        if room == 0 || (tally.read > 0 && app.clock.now() >= until) {
            break Then::More;
        }
        let mut batch = Vec::with_capacity(BATCH);
        let ended = fill(&mut batch, room, &mut records, &mut tally, &mut list)?;
        let Loaded { copies, warnings } = load::put(app, &batch, run.started).await?;
        tally.copies += copies;
        for (place, title, why) in &warnings {
            tally.warnings += 1;
            list.add(&Line::warning(&list.file.clone(), *place, title.as_str(), why))?;
        }
        if let Some(then) = ended {
            break then;
        }
    };
    let read = run.tally.read + tally.read;
    let rejects = list.keep(app, import, run, read).await?;
    Ok(Part { tally, rejects, then })
}

/// Takes the next records; at the file's end, or a strict reading's, what comes then.
fn fill(
    batch: &mut Vec<Record>,
    room: u64,
    records: &mut Records,
    tally: &mut Tally,
    list: &mut List,
) -> Result<Option<Then>, Failure> {
    let most = usize::try_from(room).unwrap_or(BATCH).min(BATCH);
    for _ in 0..most {
        let Some(record) = records.next() else {
            return Ok(Some(Then::Ended));
        };
        tally.read += 1;
        match record {
            Ok(record) => {
                for why in &record.warnings {
                    tally.warnings += 1;
                    list.add(&Line::warning(
                        &list.file.clone(),
                        record.place,
                        record.title.id.as_str(),
                        why,
                    ))?;
                }
                tally.loaded += 1;
                tally.duplicates += u64::from(record.duplicate);
                batch.push(record);
            }
            Err(reject) => {
                tally.rejected += 1;
                list.add(&Line::rejected(&list.file.clone(), &reject))?;
                if reject.broken_off {
                    let failure = failure(FailureCode::BrokenOff, reject.to_string());
                    return Ok(Some(Then::Stopped(failure)));
                }
                if records.stopped() {
                    let failure = failure(FailureCode::BadRecord, reject.to_string());
                    return Ok(Some(Then::Stopped(failure)));
                }
            }
        }
    }
    Ok(None)
}

/// What was passed over so far, in the import's earlier parts and this one.
struct List {
    file: String,
    rejects: Rejects<Vec<u8>>,
    bytes: usize,
    grew: bool,
}

impl List {
    async fn of(app: &App, import: &Import, run: &Run) -> Result<Self, Failure> {
        let file = import.file_name.as_str().to_owned();
        let (rejects, bytes) = match run.rejects {
            Some(read) => {
                let before = app.store.rejects(&import.id, read).await.map_err(|error| transient(&error))?;
                let bytes = before.len();
                (Rejects::go_on(before), bytes)
            }
            None => (Rejects::begin(Vec::new()).map_err(|error| transient(&error))?, 0),
        };
        Ok(Self { file, rejects, bytes, grew: false })
    }

    fn add(&mut self, line: &Line<'_>) -> Result<(), Failure> {
        if self.bytes >= LONGEST_LIST {
            return Ok(());
        }
        self.bytes += line.reason.len() + line.id.len() + line.file.len();
        self.grew = true;
        self.rejects.add(line).map_err(|error| transient(&error))?;
        if self.bytes >= LONGEST_LIST {
            let last = Line { reason: "the list ends here; further ones are only counted", ..line.clone() };
            self.rejects.add(&last).map_err(|error| transient(&error))?;
        }
        Ok(())
    }

    /// Puts the list into the bucket, under the number of records that it is about. Whoever does the part again puts the same there.
    async fn keep(self, app: &App, import: &Import, run: &Run, read: u64) -> Result<Option<u64>, Failure> {
        if !self.grew {
            return Ok(run.rejects);
        }
        let csv = self.rejects.finish().map_err(|error| transient(&error))?;
        app.store.keep_rejects(&import.id, read, csv).await.map_err(|error| transient(&error))?;
        Ok(Some(read))
    }
}

fn stopped(run: &Run, code: FailureCode, cause: String) -> Part {
    Part { tally: Tally::default(), rejects: run.rejects, then: Then::Stopped(failure(code, cause)) }
}

fn failure(code: FailureCode, cause: String) -> import::Failure {
    import::Failure { code, cause }
}

fn transient(error: &dyn std::fmt::Display) -> Failure {
    Failure::Transient(error.to_string())
}
