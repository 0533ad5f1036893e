//! 出库 is prepared: a packed parcel gets its carrier. For the door a courier is booked through Kuaidi100; for a site the parcel goes
//! onto the library's own van round. The hand-over scan (`POST /staff/scans`) completes the step.
//!
//! Booking goes out before it is written down, so it may go out twice: the platform keeps the parcel's number as its idempotency key
//! and answers the second booking with the first one's waybill.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use yujie_courier_desk::{CalledOff, Desk, Errand, Settings, pickup, reader};
use yujie_domain::parcel::{Booking, Carrier, Command, Destination, LineStatus, Outcome, Parcel, Ticket};
use yujie_domain::slot::Slot;
use yujie_domain::{Carried, ParcelRef, Waybill, text, time};
use yujie_runtime::batch::{self, Failure};
use yujie_runtime::contact::{self, Place};
use yujie_runtime::message::StepMessage;
use yujie_runtime::{Clients, Clock, Keys, StartError, Vars, step, telemetry};
use yujie_table::{Table, TransactError, order, parcel, site};

/// What the courier is told when a booking is cancelled.
const CALLED_OFF: &str = "读者已更改订单";
/// How often a parcel that changes under our hands is read again.
const TRIES: u32 = 6;
/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub table: Table,
    /// The time.
    pub clock: Clock,
    /// Opens recipients.
    pub keys: Keys,
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
        Ok(Self { table, clock: Clock::System, keys, desk })
    }
}

/// Works off a batch of the `dispatch` queue.
pub async fn handle(app: &App, event: SqsEvent) -> SqsBatchResponse {
    batch::each(event, |message: StepMessage| async move { book(app, &message.parcel).await }).await
}

async fn book(app: &App, at: &ParcelRef) -> Result<(), Failure> {
    let Some(parcel) = parcel::get(&app.table, at).await? else {
        return Err(Failure::Poison(format!("there is no parcel {}", at.no())));
    };
    // A courier who cannot be called off is for people to deal with: the message goes to the dead letters. The parcel goes on without him.
    let mut for_people = Ok(());
    if let Some(ticket) = &parcel.revoked {
        match call_off(app, &parcel, ticket).await {
            Ok(()) => {}
            Err(failure @ Failure::Poison(_)) => for_people = Err(failure),
            Err(failure) => return Err(failure),
        }
        step::work_off(&app.table, at, &Command::Revoked(ticket.clone()), app.clock.now()).await?;
    }
    if parcel.booking.is_some() || parcel.status() != LineStatus::Packed {
        return for_people;
    }
    let booking = match &parcel.destination {
        Destination::Home => book_courier(app, &parcel).await?,
        Destination::Site { .. } => Booking {
            carrier: Carrier::Van,
            waybill: Waybill::parse(&at.no().to_string()).map_err(|e| Failure::Poison(e.to_string()))?,
            ticket: None,
        },
    };
    keep(app, parcel, booking).await?;
    for_people
}

/// Writes a booking down, if the parcel still goes where it was booked for. Its reader may have sent it elsewhere, or cancelled it, while the
/// carrier was asked: then the carrier is called off again. That is written down first, so that it is tried until it is done.
async fn keep(app: &App, booked_for: Parcel, booking: Booking) -> Result<(), Failure> {
    let (at, attempt) = (booked_for.at.clone(), booked_for.attempt);
    let mut parcel = booked_for;
    for _ in 0..TRIES {
        let decided = parcel.decide(&Command::Book(booking.clone()), app.clock.now());
        let next = match decided {
            Ok(Outcome::Changed(next)) if parcel.attempt == attempt => *next,
            Ok(Outcome::Already)
                if parcel.booking.as_ref().is_some_and(|kept| kept.ticket == booking.ticket) =>
            {
                return Ok(());
            }
            Ok(Outcome::Already | Outcome::Changed(_)) | Err(_) => {
                tracing::warn!(parcel.no = %at.no(), "its reader changed the order while the carrier was asked");
                let Some(ticket) = booking.ticket else { return Ok(()) };
                step::work_off(&app.table, &at, &Command::Revoke(ticket.clone()), app.clock.now()).await?;
                call_off(app, &parcel, &ticket).await?;
                return step::work_off(&app.table, &at, &Command::Revoked(ticket), app.clock.now()).await;
            }
        };
        match parcel::store(&app.table, &parcel, &next).await {
            Ok(()) => {
                tracing::info!(parcel.no = %at.no(), "booked");
                return Ok(());
            }
            Err(TransactError::Refused(_)) => {}
            Err(TransactError::Table(error)) => return Err(error.into()),
        }
        let again = parcel::get(&app.table, &at).await?;
        parcel = again.ok_or_else(|| Failure::Poison(format!("there is no parcel {}", at.no())))?;
    }
    Err(Failure::Transient(format!("parcel {} changes all the time", at.no())))
}

async fn book_courier(app: &App, parcel: &Parcel) -> Result<Booking, Failure> {
    let poison = |what: &str| Failure::Poison(format!("parcel {}: {what}", parcel.at.no()));
    let rid = &parcel.at.rid;
    let head = order::head(&app.table, rid, parcel.order_no())
        .await?
        .ok_or_else(|| poison("its order is not there"))?;
    let sealed = head.recipient.ok_or_else(|| poison("a parcel to the door without a recipient"))?;
    let recipient = contact::open(&app.keys, Place::Order(rid, parcel.order_no()), &sealed)
        .map_err(|_| poison("its recipient cannot be opened"))?;
    let from = site::get(&app.table, &parcel.site).await?.ok_or_else(|| poison("its site is not there"))?;
    let errand = Errand {
        carried: Carried::Parcel(parcel.at.clone()),
        attempt: parcel.attempt,
        from: app.desk.library(from),
        to: reader(recipient),
        books: parcel.lines.len(),
        remark: parcel.slot.map(|slot| format!("请于{}送达", text::slot_name(&slot))),
        pickup: pickup::on_or_before(day(app.clock.now(), parcel.slot.as_ref()), app.clock.now()),
    };
    let (waybill, ticket) = app.desk.book(errand).await?;
    Ok(Booking { carrier: Carrier::Kuaidi100, waybill, ticket: Some(ticket) })
}

/// Cancels a booking at the courier: its reader cancelled the parcel, or sent it elsewhere. From one who has it already people have to get it back.
async fn call_off(app: &App, parcel: &Parcel, ticket: &Ticket) -> Result<(), Failure> {
    let carried = Carried::Parcel(parcel.at.clone());
    match app.desk.call_off(&carried, ticket, CALLED_OFF).await? {
        CalledOff::Done => Ok(()),
        CalledOff::TooLate => {
            Err(Failure::Poison(format!("parcel {}: the courier has it already", parcel.at.no())))
        }
    }
}

/// The day on which the courier is to come: today. What is delivered in a slot is collected on the day before it, so that it neither comes sooner
/// nor waits at the courier's.
fn day(now: Timestamp, slot: Option<&Slot>) -> jiff::civil::Date {
    slot.and_then(|slot| slot.day.yesterday().ok()).unwrap_or_else(|| time::day(now))
}
