//! 上门取书: couriers who collect returned books at readers' doors are booked, called off, and listened to.
//!
//! The message only names a return. What there is to do is read from it: a booking to make, one to call off, pushes to follow. As with parcels
//! a booking goes out before it is written down; the platform keeps the return's number as its idempotency key.

mod courier;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use yujie_courier_desk::{Desk, Settings, pickup};
use yujie_couriers::kuaidi100::Push;
use yujie_couriers::{CourierEvent, EventKind};
use yujie_domain::courier::Journey;
use yujie_domain::parcel::{Destination, LineStatus, Parcel};
use yujie_domain::returning::{Booking, Command, Outcome, Refusal, Return, Way};
use yujie_domain::{Carried, ReturnRef};
use yujie_lending::{Fault, Lending, delivery_day};
use yujie_runtime::batch::{self, Failure};
use yujie_runtime::message::CollectionMessage;
use yujie_runtime::{Clients, Clock, Edge, Entropy, Keys, StartError, Vars, telemetry};
use yujie_table::courier_event::{self, RawEvent};
use yujie_table::{Table, TransactError, returning};

/// How often a return that changes under our hands is read again.
const TRIES: u32 = 6;

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table, keys, time, chance, the rules in force.
    pub lending: Lending,
    /// The desk at the courier platform.
    pub desk: Desk,
}

impl App {
    /// Reads the environment and the secrets.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn from_env() -> Result<Self, StartError> {
        let mut vars = Vars::new();
        telemetry::init(vars.optional("LOG_LEVEL").as_deref());
        let clients = Clients::from_env(&mut vars);
        let table = Table::new(clients.dynamodb(), vars.required("TABLE_NAME"));
        let app_secret = vars.required("APP_SECRET_ID");
        let desk = Settings::read(&mut vars);
        vars.finish()?;
        let keys = Keys::from_secret(&clients.secret(&app_secret).await?)?;
        let desk = desk.open(&clients, keys.clone()).await?;
        let edge = Edge { keys, clock: Clock::System, entropy: Entropy::system() };
        Ok(Self { lending: Lending::new(table, edge), desk })
    }
}

/// Works off a batch of the `collections` queue.
pub async fn handle(app: &App, event: SqsEvent) -> SqsBatchResponse {
    batch::each(event, |message: CollectionMessage| async move { attend(app, &message.returning).await })
        .await
}

async fn attend(app: &App, at: &ReturnRef) -> Result<(), Failure> {
    // News first: a courier who has the books is not called off, and not booked again.
    let this = follow(app, read(app, at).await?).await?;
    if this.call_off {
        return call_off(app, &this).await;
    }
    if this.booking.is_some() || !this.waits_for_courier() {
        return Ok(());
    }
    match &this.way {
        Way::Site { .. } | Way::Unbooked { .. } => Ok(()),
        Way::Courier { day, .. } => match pickup::on(*day, app.lending.edge.clock.now()) {
            Some(pickup) => {
                let from = courier::contact_of_return(app, &this)?;
                let booking = courier::book(app, &this, from, pickup).await?;
                keep(app, this, booking).await
            }
            None => Ok(()),
        },
        Way::WithDelivery { parcel_no, .. } => {
            let parcel = app.lending.delivery_of(&at.rid, parcel_no).await?;
            match parcel.as_ref().map(|parcel| (parcel, comes(parcel))) {
                None | Some((_, Comes::Never)) => write_down(app, at, &Command::NoDelivery).await,
                Some((_, Comes::Later)) => Ok(()),
                Some((parcel, Comes::Now)) => {
                    let Some(pickup) = pickup::on(delivery_day(parcel), app.lending.edge.clock.now()) else {
                        return Ok(());
                    };
                    let from = courier::contact_of_order(app, parcel).await?;
                    let booking = courier::book(app, &this, from, pickup).await?;
                    keep(app, this, booking).await
                }
            }
        }
    }
}

/// Calls the courier off, and writes that down.
async fn call_off(app: &App, this: &Return) -> Result<(), Failure> {
    if let Some(booking) = &this.booking {
        courier::call_off(app, this, &booking.ticket).await?;
    }
    write_down(app, &this.at, &Command::CalledOff).await
}

/// Whether a parcel comes to its reader's door.
enum Comes {
    /// It has left, or is there: its carrier is asked to take books along.
    Now,
    /// It has not left yet, and may still be called off or sent elsewhere.
    Later,
    /// It goes elsewhere, or nowhere.
    Never,
}

fn comes(parcel: &Parcel) -> Comes {
    if parcel.destination != Destination::Home {
        return Comes::Never;
    }
    match parcel.status() {
        LineStatus::Reserved | LineStatus::Accepted | LineStatus::Picked | LineStatus::Packed => Comes::Later,
        LineStatus::Dispatched
        | LineStatus::Delivering
        | LineStatus::ReadyForPickup
        | LineStatus::Delivered
        | LineStatus::Collected => Comes::Now,
        LineStatus::Recalled | LineStatus::Cancelled | LineStatus::Uncollected => Comes::Never,
    }
}

/// Applies what the courier has pushed so far: the return as it stands afterwards.
async fn follow(app: &App, this: Return) -> Result<Return, Failure> {
    let pushes = courier_event::of(&app.lending.table, &Carried::Return(this.at.clone())).await?;
    // Whoever pushes has the address of this return; that his booking was written down is not needed to believe that he has the books.
    let waybill = this.booking.as_ref().map(|booking| booking.waybill.as_str());
    let events: Vec<CourierEvent> = pushes
        .iter()
        .flat_map(|push| events_of(push, waybill))
        // A courier who found nobody at home has no books: only what proves that he has them counts.
        .filter(|event| event.kind != EventKind::FailedAttempt)
        .collect();
    if events.is_empty() {
        return Ok(this);
    }
    app.lending.follow_return(&this.at, &Journey::of(&events)).await.map_err(fault)?;
    read(app, &this.at).await
}

/// The events of one stored push; none if it is about another waybill, or cannot be read.
fn events_of(stored: &RawEvent, waybill: Option<&str>) -> Vec<CourierEvent> {
    match Push::parse(&stored.raw) {
        Ok(push) if push.waybill.as_ref().zip(waybill).is_some_and(|(told, ours)| told.as_str() != ours) => {
            tracing::warn!("a push about another waybill is left alone");
            Vec::new()
        }
        Ok(push) => push.events,
        Err(error) => {
            tracing::error!(%error, "a stored push cannot be read");
            Vec::new()
        }
    }
}

/// Writes a booking down. The reader may have called the return off, or given the books to somebody else, while the courier was asked: then it is
/// written down as one to be called off, and he is.
async fn keep(app: &App, booked_for: Return, booking: Booking) -> Result<(), Failure> {
    let at = booked_for.at.clone();
    let mut this = booked_for;
    for _ in 0..TRIES {
        let next = match this.decide(&Command::Book(booking.clone()), app.lending.edge.clock.now()) {
            Ok(Outcome::Changed(next)) => *next,
            Ok(Outcome::Already) => return Ok(()),
            Err(Refusal::Over | Refusal::HandedOver | Refusal::NoSuchBook | Refusal::WrongWay) => {
                tracing::warn!(return.no = %at.no, "its reader changed it while the courier was asked");
                return courier::call_off(app, &this, &booking.ticket).await;
            }
        };
        match returning::store(&app.lending.table, &next).await {
            Ok(()) if next.call_off => return call_off(app, &next).await,
            Ok(()) => {
                tracing::info!(return.no = %at.no, "collection booked");
                return Ok(());
            }
            Err(TransactError::Refused(_)) => this = read(app, &at).await?,
            Err(TransactError::Table(error)) => return Err(error.into()),
        }
    }
    Err(Failure::Transient(format!("return {} changes all the time", at.no)))
}

/// Carries out a command that changes the return alone. What is refused is over.
async fn write_down(app: &App, at: &ReturnRef, command: &Command) -> Result<(), Failure> {
    for _ in 0..TRIES {
        let this = read(app, at).await?;
        let Ok(Outcome::Changed(next)) = this.decide(command, app.lending.edge.clock.now()) else {
            return Ok(());
        };
        match returning::store(&app.lending.table, &next).await {
            Ok(()) => return Ok(()),
            Err(TransactError::Refused(_)) => {}
            Err(TransactError::Table(error)) => return Err(error.into()),
        }
    }
    Err(Failure::Transient(format!("return {} changes all the time", at.no)))
}

async fn read(app: &App, at: &ReturnRef) -> Result<Return, Failure> {
    let this = returning::get(&app.lending.table, at).await?;
    this.ok_or_else(|| Failure::Poison(format!("there is no return {}", at.no)))
}

fn fault(fault: Fault) -> Failure {
    match fault {
        Fault::Table(error) => error.into(),
        Fault::NoRules | Fault::Seal(_) | Fault::Unsound(_) => Failure::Transient(fault.to_string()),
    }
}
