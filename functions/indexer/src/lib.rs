//! Titles that changed become searchable.
//!
//! A message only names a title. What goes into the index is what the table says when the batch is worked off, so a message that
//! comes twice, late or out of order does no harm. One batch is one publication.

mod change;

use std::collections::BTreeSet;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use yujie_domain::TitleId;
use yujie_index_store::{IndexStore, Local, StoreError};
use yujie_runtime::message::IndexMessage;
use yujie_runtime::{Clients, Clock, ConfigError, Vars, telemetry};
use yujie_table::Table;

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub table: Table,
    /// The published index.
    pub store: IndexStore,
    /// The index's files on this machine.
    pub local: Local,
    /// The time.
    pub clock: Clock,
}

impl App {
    /// Reads the environment.
    ///
    /// # Errors
    /// [`StartError`] with every missing variable, or when there is no room on the disk.
    pub fn from_env() -> Result<Self, StartError> {
        let mut vars = Vars::new();
        telemetry::init(vars.optional("LOG_LEVEL").as_deref());
        let clients = Clients::from_env(&mut vars);
        let table = Table::new(clients.dynamodb(), vars.required("TABLE_NAME"));
        let store = IndexStore::new(clients.s3(), vars.required("INDEX_BUCKET"));
        vars.finish()?;
        let local = Local::open(&std::env::temp_dir().join("yujie-index"))?;
        Ok(Self { table, store, local, clock: Clock::System })
    }
}

/// Why the function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Missing variables.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No place for the index.
    #[error(transparent)]
    Disk(#[from] StoreError),
}

/// Works off a batch of the `index` queue. Messages that are none fail alone; when the index cannot be published, all come again.
pub async fn handle(app: &App, event: SqsEvent) -> SqsBatchResponse {
    let mut failed = Vec::new();
    let mut worked = Vec::new();
    let mut titles = BTreeSet::new();
    for message in event.records {
        let id = message.message_id.clone().unwrap_or_default();
        match title_of(&message) {
            Ok(title) => {
                titles.insert(title);
                worked.push(id);
            }
            Err(error) => {
                tracing::error!(message_id = id, reason = %error, "poison: not a message of this queue");
                failed.push(id);
            }
        }
    }
    if let Err(error) = Box::pin(change::publish(app, &titles)).await {
        tracing::error!(reason = %error, titles = titles.len(), "the index was not published; the batch will come again");
        failed.append(&mut worked);
    }
    report(failed)
}

fn title_of(message: &SqsMessage) -> Result<TitleId, serde_json::Error> {
    let body = message.body.as_deref().unwrap_or_default();
    serde_json::from_str::<IndexMessage>(body).map(|message| message.title_id)
}

fn report(failed: Vec<String>) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for id in failed {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = id;
        response.batch_item_failures.push(failure);
    }
    response
}
