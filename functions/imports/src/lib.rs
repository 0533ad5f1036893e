//! Files of library records that members of staff brought, worked off part by part.
//!
//! A part is: the next records of the file into the table, what was passed over into the bucket, then one conditional write that moves the
//! import on. From that write follows the message for the next part. Whatever dies in between is done again from the part's beginning with
//! the same outcome: titles are as their records say, copies are known again by the instant at which the import began, and the figures
//! stand in the write. A message that comes twice finds the import at another version and changes nothing.

mod download;
mod load;
mod part;

use std::path::PathBuf;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use yujie_domain::import::Stage;
use yujie_import_store::ImportStore;
use yujie_runtime::batch::{self, Failure};
use yujie_runtime::message::ImportMessage;
use yujie_runtime::{Clients, Clock, ConfigError, Vars, telemetry};
use yujie_table::Table;
use yujie_table::import::{self, Stored};

/// Records of a part: some ten to thirty seconds' writing.
const RECORDS: u64 = 10_000;

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub table: Table,
    /// The files.
    pub store: ImportStore,
    /// The time.
    pub clock: Clock,
    /// Where a file is kept while it is worked off.
    pub folder: PathBuf,
    /// The most records of a part.
    pub records: u64,
}

impl App {
    /// Reads the environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every missing variable.
    pub fn from_env() -> Result<Self, ConfigError> {
        let mut vars = Vars::new();
        telemetry::init(vars.optional("LOG_LEVEL").as_deref());
        let clients = Clients::from_env(&mut vars);
        let table = Table::new(clients.dynamodb(), vars.required("TABLE_NAME"));
        let store = ImportStore::new(clients.s3(), vars.required("IMPORTS_BUCKET"));
        vars.finish()?;
        let folder = std::env::temp_dir().join("yujie-imports");
        Ok(Self { table, store, clock: Clock::System, folder, records: RECORDS })
    }
}

/// Works off a batch of the `imports` queue.
pub async fn handle(app: &App, event: SqsEvent) -> SqsBatchResponse {
    batch::each(event, |message: ImportMessage| async move { Box::pin(work_off(app, &message)).await }).await
}

async fn work_off(app: &App, message: &ImportMessage) -> Result<(), Failure> {
    let id = &message.import_id;
    let Some(import) = import::get(&app.table, id).await? else {
        return Err(Failure::Poison(format!("there is no import {id}")));
    };
    let run = match &import.stage {
        Stage::Running(run) if import.version == message.version => run,
        Stage::Running(_) | Stage::Waiting | Stage::Done(_) | Stage::Failed { .. } => {
            tracing::info!(import.id = %id, import.status = import.status().as_str(), "nothing to do");
            return Ok(());
        }
    };
    let part = part::work_off(app, &import, run).await?;
    let next = import.advance(part, app.clock.now()).map_err(|error| Failure::Poison(error.to_string()))?;
    let stored = import::store(&app.table, &next).await?;
    tracing::info!(
        import.id = %id,
        import.status = next.status().as_str(),
        records = next.run().map_or(0, |run| run.tally.read),
        counted = stored == Stored::Now,
        "part"
    );
    Ok(())
}
