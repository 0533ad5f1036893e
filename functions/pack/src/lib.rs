//! 装箱 is prepared: a box is chosen for a picked parcel.
//!
//! Packers then scan each copy into it (`POST /staff/scans`), which completes the step.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use yujie_domain::parcel::Command;
use yujie_runtime::message::StepMessage;
use yujie_runtime::{Clients, Clock, ConfigError, Vars, batch, step, telemetry};
use yujie_table::Table;

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub table: Table,
    /// The time.
    pub clock: Clock,
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
        vars.finish()?;
        Ok(Self { table, clock: Clock::System })
    }
}

/// Works off a batch of the `pack` queue.
pub async fn handle(app: &App, event: SqsEvent) -> SqsBatchResponse {
    batch::each(event, |message: StepMessage| async move {
        step::work_off(&app.table, &message.parcel, &Command::PrepareBox, app.clock.now()).await
    })
    .await
}
