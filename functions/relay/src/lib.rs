//! What must follow from a change follows from here: the table's stream becomes the next step's message, a notice's fact, a title's new
//! count, an index update.
//!
//! A batch that cannot be finished fails whole and comes again; everything sent is a reference, and whoever receives it looks at the
//! table, so sending twice does no harm.

mod follow;
mod send;

use aws_lambda_events::event::dynamodb::Event;
use yujie_runtime::{Clients, ConfigError, Vars, telemetry};
use yujie_table::{Table, TableError, availability};

pub use follow::{Follow, of_batch};
pub use send::{Queue, SendError};

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table, for the projection of availability.
    pub table: Table,
    /// The way to the queues and the topic.
    pub send: send::Send,
}

impl App {
    /// Reads the configuration.
    ///
    /// # Errors
    /// [`ConfigError`] with every missing variable.
    pub fn new(mut vars: Vars) -> Result<Self, ConfigError> {
        telemetry::init(vars.optional("LOG_LEVEL").as_deref());
        let clients = Clients::from_env(&mut vars);
        let table = Table::new(clients.dynamodb(), vars.required("TABLE_NAME"));
        let send = send::Send::from_env(&clients, &mut vars);
        vars.finish()?;
        Ok(Self { table, send })
    }
}

/// A batch was not finished; it comes again.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// A projection was not written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A message was not taken.
    #[error(transparent)]
    Send(#[from] SendError),
}

/// Works off a batch of the table's stream.
///
/// # Errors
/// [`RelayError`]; then the whole batch comes again.
pub async fn handle(app: &App, event: Event) -> Result<(), RelayError> {
    let follow = of_batch(event);
    app.send.all(&follow).await?;
    for title in &follow.recount {
        match availability::recount(&app.table, title).await {
            Ok(_) => {}
            // One copy that cannot be read must not hold up everybody's books.
            Err(error @ TableError::Corrupt { .. }) => tracing::error!(%error, "a title is not counted"),
            Err(error) => return Err(error.into()),
        }
    }
    if !follow.is_empty() {
        tracing::info!(
            steps = follow.steps.len(),
            collections = follow.collections.len(),
            facts = follow.facts.len(),
            titles = follow.index.len(),
            imports = follow.imports.len(),
            trials = follow.trials.len(),
            recounted = follow.recount.len(),
            "relayed"
        );
    }
    Ok(())
}
