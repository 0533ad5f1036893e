//! The sweep: every open parcel whose next automatic step has not been made is given to that step again.
//!
//! Normally nothing is found. It is here for the stream record that was skipped, the message that was lost, the push whose courier
//! never repeated it: they cost minutes, not a book.

use serde::Deserialize;
use yujie_domain::parcel::{Carrier, LineStatus, Parcel};
use yujie_runtime::message::StepMessage;
use yujie_runtime::{Clients, ConfigError, Vars, telemetry};
use yujie_table::{Table, TableError, parcel};

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub table: Table,
    sqs: aws_sdk_sqs::Client,
    accept: String,
    sort: String,
    pack: String,
    dispatch: String,
    deliver: String,
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
        let app = Self {
            table,
            sqs: clients.sqs(),
            accept: vars.required("ACCEPT_QUEUE_URL"),
            sort: vars.required("SORT_QUEUE_URL"),
            pack: vars.required("PACK_QUEUE_URL"),
            dispatch: vars.required("DISPATCH_QUEUE_URL"),
            deliver: vars.required("DELIVER_QUEUE_URL"),
        };
        vars.finish()?;
        Ok(app)
    }
}

/// What the schedule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Job {
    /// Re-drive what has not moved on.
    Redrive,
}

/// The sweep was not finished; the next one comes in a minute.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The table failed.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A queue did not take a message.
    #[error("not sent: {0}")]
    Send(String),
}

/// The automatic step that a parcel waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// For 接单.
    Accept,
    /// For the pick list.
    Sort,
    /// For its box.
    Pack,
    /// For its carrier.
    Dispatch,
    /// For the courier's news, which may lie stored already.
    Deliver,
}

/// Which automatic step `parcel` waits for; `None` when people or nobody have to act.
pub fn waits_for(parcel: &Parcel) -> Option<Waits> {
    let with_courier = parcel.booking.as_ref().is_some_and(|booking| booking.carrier == Carrier::Kuaidi100);
    match parcel.status() {
        LineStatus::Reserved => Some(Waits::Accept),
        LineStatus::Accepted => parcel.sorted.is_none().then_some(Waits::Sort),
        LineStatus::Picked => parcel.boxed.is_none().then_some(Waits::Pack),
        LineStatus::Packed if parcel.booking.is_none() => Some(Waits::Dispatch),
        LineStatus::Packed | LineStatus::Dispatched | LineStatus::Delivering => {
            with_courier.then_some(Waits::Deliver)
        }
        LineStatus::ReadyForPickup | LineStatus::Delivered | LineStatus::Collected => None,
    }
}

/// Sweeps once.
///
/// # Errors
/// [`SweepError`]; what was sent before it is harmless to send again.
pub async fn handle(app: &App, job: Job) -> Result<(), SweepError> {
    match job {
        Job::Redrive => redrive(app).await,
    }
}

async fn redrive(app: &App) -> Result<(), SweepError> {
    let mut redriven = 0_u32;
    for parcel in parcel::open(&app.table).await? {
        let Some(step) = waits_for(&parcel) else { continue };
        let queue = match step {
            Waits::Accept => &app.accept,
            Waits::Sort => &app.sort,
            Waits::Pack => &app.pack,
            Waits::Dispatch => &app.dispatch,
            Waits::Deliver => &app.deliver,
        };
        let body = serde_json::to_string(&StepMessage { parcel: parcel.at.clone() })
            .map_err(|error| SweepError::Send(error.to_string()))?;
        app.sqs
            .send_message()
            .queue_url(queue)
            .message_body(body)
            .send()
            .await
            .map_err(|error| SweepError::Send(aws_sdk_sqs::error::DisplayErrorContext(error).to_string()))?;
        redriven += 1;
    }
    tracing::info!(redriven, "swept");
    Ok(())
}
