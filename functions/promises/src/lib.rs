//! The sweep: every open parcel whose next automatic step has not been made is given to that step again.
//!
//! Normally nothing is found. It is here for the stream record that was skipped, the message that was lost, the push whose courier
//! never repeated it: they cost minutes, not a book.

pub mod clock;
mod closings;
mod payments;

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::parcel::{Carrier, LineStatus, Parcel};
use yujie_lending::{Fault, Lending};
use yujie_runtime::message::{CollectionMessage, StepMessage};
use yujie_runtime::{Clients, Clock, Edge, Entropy, Keys, StartError, Vars, clients, telemetry};
use yujie_table::{Table, TableError, hold, parcel, returning};

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table, keys, time, chance, the rules in force.
    pub lending: Lending,
    /// The steps' queues.
    pub queues: Queues,
}

impl App {
    /// Reads the environment and the secret.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn from_env() -> Result<Self, StartError> {
        let mut vars = Vars::new();
        telemetry::init(vars.optional("LOG_LEVEL").as_deref());
        let clients = Clients::from_env(&mut vars);
        let table = Table::new(clients.dynamodb(), vars.required("TABLE_NAME"));
        let secret = vars.required("APP_SECRET_ID");
        let queues = Queues::from_env(&clients, &mut vars);
        vars.finish()?;
        let keys = Keys::from_secret(&clients.secret(&secret).await?)?;
        let edge = Edge { keys, clock: Clock::System, entropy: Entropy::system() };
        Ok(Self { lending: Lending::new(table, edge), queues })
    }
}

/// The steps' queues.
#[derive(Debug, Clone)]
pub struct Queues {
    sqs: aws_sdk_sqs::Client,
    accept: String,
    sort: String,
    pack: String,
    dispatch: String,
    deliver: String,
    collections: String,
    settlements: String,
}

impl Queues {
    /// Reads where they are; missing variables are noted in `vars`.
    pub fn from_env(clients: &Clients, vars: &mut Vars) -> Self {
        Self {
            sqs: clients.sqs(),
            accept: vars.required("ACCEPT_QUEUE_URL"),
            sort: vars.required("SORT_QUEUE_URL"),
            pack: vars.required("PACK_QUEUE_URL"),
            dispatch: vars.required("DISPATCH_QUEUE_URL"),
            deliver: vars.required("DELIVER_QUEUE_URL"),
            collections: vars.required("COLLECTIONS_QUEUE_URL"),
            settlements: vars.required("SETTLEMENTS_QUEUE_URL"),
        }
    }
}

/// What the schedule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Job {
    /// Re-drive what has not moved on, find what goes to a site that is closed, and look at every order's clock.
    Redrive,
    /// Look at every queue: a hold that waits again, a reader who may have a book again, a hold whose last day is past.
    Queues,
    /// Look for what nobody writes down when it comes: waits that have become hopeless, loans that are due on days that were closed since.
    Morning,
}

/// The sweep was not finished; the next one comes in a minute.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The table failed.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A command over several parcels failed.
    #[error(transparent)]
    Lending(#[from] Fault),
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
    if parcel.revoked.is_some() {
        return Some(Waits::Dispatch);
    }
    if parcel.unpaid {
        return None;
    }
    let with_courier = parcel.booking.as_ref().is_some_and(|booking| booking.carrier == Carrier::Kuaidi100);
    match parcel.status() {
        LineStatus::Reserved => Some(Waits::Accept),
        LineStatus::Accepted => parcel.sorted.is_none().then_some(Waits::Sort),
        LineStatus::Picked => parcel.boxed.is_none().then_some(Waits::Pack),
        LineStatus::Packed if parcel.booking.is_none() => Some(Waits::Dispatch),
        LineStatus::Packed | LineStatus::Dispatched | LineStatus::Delivering => {
            with_courier.then_some(Waits::Deliver)
        }
        LineStatus::ReadyForPickup
        | LineStatus::Delivered
        | LineStatus::Collected
        | LineStatus::Recalled
        | LineStatus::Cancelled
        | LineStatus::Uncollected => None,
    }
}

/// Sweeps once.
///
/// # Errors
/// [`SweepError`]; what was sent before it is harmless to send again.
pub async fn handle(app: &App, job: Job) -> Result<(), SweepError> {
    match job {
        Job::Redrive => {
            let open = parcel::open(&app.lending.table).await?;
            // One that fails does not keep the others from their work.
            let redriven = redrive(app, &open).await;
            let collected = collections(app).await;
            let paid = payments::redrive(app).await;
            // Before the clocks: what waits behind a closed door is not given up.
            let closed = closings::look(app, &open).await;
            let clocks = clock::look(app, &open).await;
            redriven.and(collected).and(paid).and(closed).and(clocks)
        }
        Job::Queues => queues(app).await,
        Job::Morning => {
            // First what is quickly done: with very many queues the other may not come to its end.
            let moved = app.lending.move_dues().await;
            tracing::info!(moved = moved.as_ref().copied().unwrap_or_default(), "due days looked at");
            moved.map(drop).map_err(SweepError::from).and(outlooks(app).await)
        }
    }
}

/// Nothing is written when such a day comes; so every queue is looked at once an hour.
async fn queues(app: &App) -> Result<(), SweepError> {
    let titles = hold::titles(&app.lending.table).await?;
    let (mut given, mut dropped, mut failed) = (0, 0, None);
    for title_id in &titles {
        let looked = async {
            dropped += app.lending.drop_past(title_id).await?;
            given += app.lending.give(title_id).await?.len();
            Ok::<(), Fault>(())
        };
        if let Err(error) = looked.await {
            tracing::error!(title.id = %title_id, %error, "a queue was not looked at to its end");
            failed = failed.or(Some(error));
        }
    }
    tracing::info!(titles = titles.len(), given, dropped, "queues looked at");
    failed.map_or(Ok(()), |error| Err(error.into()))
}

/// Nothing is written when a wait becomes hopeless; so every queue is looked at once a day, at an hour at which its readers may be told.
async fn outlooks(app: &App) -> Result<(), SweepError> {
    let titles = hold::titles(&app.lending.table).await?;
    let (mut hopeless, mut failed) = (0, None);
    for title_id in &titles {
        match app.lending.look_ahead(title_id).await {
            Ok(found) => hopeless += found,
            Err(error) => {
                tracing::error!(title.id = %title_id, %error, "a queue's outlook was not looked at to its end");
                failed = failed.or(Some(error));
            }
        }
    }
    tracing::info!(titles = titles.len(), hopeless, "outlooks looked at");
    failed.map_or(Ok(()), |error| Err(error.into()))
}

async fn redrive(app: &App, open: &[Parcel]) -> Result<(), SweepError> {
    let now = app.lending.edge.clock.now();
    let waiting: Vec<(Waits, &Parcel)> = open
        .iter()
        .filter(|parcel| is_due(parcel, now))
        .filter_map(|parcel| Some((waits_for(parcel)?, parcel)))
        .collect();
    for (step, queue) in [
        (Waits::Accept, &app.queues.accept),
        (Waits::Sort, &app.queues.sort),
        (Waits::Pack, &app.queues.pack),
        (Waits::Dispatch, &app.queues.dispatch),
        (Waits::Deliver, &app.queues.deliver),
    ] {
        let steps: Vec<StepMessage> = waiting
            .iter()
            .filter(|(waits, _)| *waits == step)
            .map(|(_, parcel)| StepMessage { parcel: parcel.at.clone() })
            .collect();
        for ten in steps.chunks(10) {
            send(app, queue, ten).await?;
        }
    }
    tracing::info!(redriven = waiting.len(), "swept");
    Ok(())
}

/// Returns whose courier was not booked, not called off, or was not listened to.
async fn collections(app: &App) -> Result<(), SweepError> {
    let now = app.lending.edge.clock.now();
    let waiting = returning::waiting(&app.lending.table).await?;
    let due: Vec<CollectionMessage> = waiting
        .into_iter()
        .filter(|this| this.history.last().is_none_or(|last| is_time(last.at, now)))
        .map(|this| CollectionMessage { returning: this.at })
        .collect();
    for ten in due.chunks(10) {
        send(app, &app.queues.collections, ten).await?;
    }
    tracing::info!(redriven = due.len(), "returns swept");
    Ok(())
}

/// Whether a parcel has stood still for so long that its step is given another try: after 2, 4, 8 … minutes. What is refused for good is
/// not asked for every minute; what was merely lost is found soon.
pub fn is_due(parcel: &Parcel, now: Timestamp) -> bool {
    parcel.history.last().is_none_or(|last| is_time(last.at, now))
}

fn is_time(last: Timestamp, now: Timestamp) -> bool {
    let minutes = u64::try_from(now.duration_since(last).as_mins()).unwrap_or_default();
    minutes >= 2 && minutes.is_power_of_two()
}

async fn send(app: &App, queue: &str, messages: &[impl Serialize]) -> Result<(), SweepError> {
    let mut request = app.queues.sqs.send_message_batch().queue_url(queue);
    for (place, message) in messages.iter().enumerate() {
        let body = serde_json::to_string(message).map_err(|error| SweepError::Send(error.to_string()))?;
        let entry = SendMessageBatchRequestEntry::builder()
            .id(place.to_string())
            .message_body(body)
            .build()
            .map_err(|error| SweepError::Send(error.to_string()))?;
        request = request.entries(entry);
    }
    let sent = request.send().await.map_err(|error| SweepError::Send(clients::failure(&error)))?;
    match sent.failed().first() {
        Some(refused) => Err(SweepError::Send(refused.code().to_owned())),
        None => Ok(()),
    }
}
