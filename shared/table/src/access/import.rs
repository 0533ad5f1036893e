//! Imports of files. They share one partition, in which they stand by their ids and so by time.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::import::{
    Failure, FileName, FileOptions, Import, ImportStatus, Run, Stage, StoredFile, Tally,
};
use yujie_domain::{ImportId, StaffLogin};

use super::idempotency;
use crate::codec::{self, Image, Item, corrupt, key_of};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::table::{Page, Table, TransactError, Write};

pub(crate) const KIND: &str = "import";

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    id: ImportId,
    file_name: FileName,
    by: StaffLogin,
    #[serde(with = "codec::millis")]
    at: Timestamp,
    options: FileOptions,
    status: ImportStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run: Option<RunRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
}

#[derive(Debug, Serialize, Deserialize)]
struct RunRow {
    file: StoredFile,
    #[serde(with = "codec::millis")]
    started: Timestamp,
    #[serde(with = "codec::millis")]
    moved: Timestamp,
    tally: Tally,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rejects: Option<u64>,
}

fn to_item(import: &Import) -> Result<Item, TableError> {
    let run = import.run().map(|run| RunRow {
        file: run.file.clone(),
        started: run.started,
        moved: run.moved,
        tally: run.tally,
        rejects: run.rejects,
    });
    let failure = match &import.stage {
        Stage::Failed { failure, .. } => Some(failure.clone()),
        Stage::Waiting | Stage::Running(_) | Stage::Done(_) => None,
    };
    let row = Row {
        v: import.version,
        id: import.id.clone(),
        file_name: import.file_name.clone(),
        by: import.by.clone(),
        at: import.at,
        options: import.options.clone(),
        status: import.status(),
        run,
        failure,
    };
    codec::item(&key::import(&import.id), KIND, &row)
}

fn from_item(item: Item) -> Result<Import, TableError> {
    let key = key_of(&item);
    let row: Row = codec::body(item)?;
    let run = row.run.map(|run| Run {
        file: run.file,
        started: run.started,
        moved: run.moved,
        tally: run.tally,
        rejects: run.rejects,
    });
    let stage = match (row.status, run, row.failure) {
        (ImportStatus::Waiting, None, None) => Stage::Waiting,
        (ImportStatus::Running, Some(run), None) => Stage::Running(run),
        (ImportStatus::Done, Some(run), None) => Stage::Done(run),
        (ImportStatus::Failed, Some(run), Some(failure)) => Stage::Failed { failure, run },
        (
            ImportStatus::Waiting | ImportStatus::Running | ImportStatus::Done | ImportStatus::Failed,
            None | Some(_),
            None | Some(_),
        ) => return Err(corrupt(&key, "its status, its run and its failure do not fit")),
    };
    Ok(Import {
        id: row.id,
        file_name: row.file_name,
        by: row.by,
        at: row.at,
        options: row.options,
        stage,
        version: row.v,
    })
}

/// The import that a stream record shows.
pub fn of_image(image: Image) -> Result<Import, TableError> {
    from_item(image.into())
}

/// Adds an import, and keeps the answer for the request's repetition.
pub async fn add(
    table: &Table,
    import: &Import,
    request: &idempotency::Request,
    answer: &idempotency::Answer,
) -> Result<idempotency::Known, TableError> {
    let writes = vec![idempotency::remember(request, answer, import.at)?, Write::put_new(to_item(import)?)];
    match table.transact(writes).await {
        Ok(()) => Ok(idempotency::Known::New),
        Err(TransactError::Refused(refused)) => {
            match refused.into_iter().find(|r| r.write == 0).and_then(|r| r.old) {
                Some(old) => idempotency::read(old, request),
                None => Err(TableError::Busy),
            }
        }
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// One import, as it is now.
pub async fn get(table: &Table, id: &ImportId) -> Result<Option<Import>, TableError> {
    table.get(&key::import(id)).await?.map(from_item).transpose()
}

/// The newest imports, after this one.
pub async fn list(table: &Table, limit: usize, after: Option<&ImportId>) -> Result<Vec<Import>, TableError> {
    let after: Option<Key> = after.map(key::import);
    let page = Page {
        prefix: Some(key::IMPORT),
        after: after.as_ref(),
        newest_first: true,
        limit: Some(limit),
        ..Page::of(key::IMPORTS)
    };
    table.query(page).await?.into_iter().map(from_item).collect()
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It stands.
    Now,
    /// Somebody else changed the import first.
    Overtaken,
}

/// Puts an import in the place of the version that it follows from. What stands already is taken for this very write, whose answer was
/// lost.
pub async fn store(table: &Table, import: &Import) -> Result<Stored, TableError> {
    match table.write(Write::replace(to_item(import)?, import.version - 1)).await {
        Ok(()) => Ok(Stored::Now),
        Err(TransactError::Refused(refused)) => {
            let stands = refused.into_iter().find_map(|refused| refused.old).map(from_item).transpose()?;
            Ok(if stands.as_ref() == Some(import) { Stored::Now } else { Stored::Overtaken })
        }
        Err(TransactError::Table(error)) => Err(error),
    }
}
