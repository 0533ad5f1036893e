//! 出库 is prepared: a packed parcel gets its carrier. For the door a courier is booked through Kuaidi100; for a site the parcel goes
//! onto the library's own van round. The hand-over scan (`POST /staff/scans`) completes the step.
//!
//! Booking goes out before it is written down, so it may go out twice: the platform keeps the parcel's number as its idempotency key
//! and answers the second booking with the first one's waybill.

use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use jiff::civil::Time;
use yujie_couriers::kuaidi100::booking::{self, Contact, Pickup, PickupDay};
use yujie_couriers::kuaidi100::{Booked, Booking as CourierBooking, Cancellation, Cancelled, Credentials};
use yujie_domain::parcel::{Booking, Carrier, Command, Destination, LineStatus, Outcome, Parcel, Ticket};
use yujie_domain::slot::Slot;
use yujie_domain::{Carried, ParcelRef, Waybill, division, text, time};
use yujie_runtime::batch::{self, Failure};
use yujie_runtime::contact::{self, Place, Recipient};
use yujie_runtime::message::StepMessage;
use yujie_runtime::outbound::Outbound;
use yujie_runtime::{Clients, Clock, Keys, StartError, Vars, step, telemetry};
use yujie_table::{Table, TransactError, order, parcel, site};

/// The courier that Kuaidi100 is asked for.
const COURIER: &str = "shunfeng";
/// What the courier is told when a booking is cancelled.
const CALLED_OFF: &str = "读者已更改订单";
/// How often a parcel that changes under our hands is read again.
const TRIES: u32 = 6;
/// A paperback's weight, in grams, with its share of the box.
const GRAMS_PER_BOOK: usize = 450;

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub table: Table,
    /// The time.
    pub clock: Clock,
    /// Opens recipients, signs webhook addresses.
    pub keys: Keys,
    /// Our account with Kuaidi100.
    pub credentials: Credentials,
    /// The way to Kuaidi100.
    pub courier: Outbound,
    /// Our own address, for the courier's pushes.
    pub public_url: String,
    /// The phone that couriers call when they collect.
    pub sender_phone: String,
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
        let courier_secret = vars.required("COURIER_SECRET_ID");
        let public_url = vars.required("PUBLIC_URL");
        let kuaidi100 = vars.required("KUAIDI100_URL");
        let sender_phone = vars.required("SENDER_PHONE");
        vars.finish()?;
        let credentials = serde_json::from_str(&clients.secret(&courier_secret).await?)
            .map_err(|_| StartError::Shape("COURIER_SECRET_ID"))?;
        Ok(Self {
            table,
            clock: Clock::System,
            keys: Keys::from_secret(&clients.secret(&app_secret).await?)?,
            credentials,
            courier: Outbound::new(&kuaidi100, Duration::from_secs(5)),
            public_url,
            sender_phone,
        })
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
        step::work_off(&app.table, at, &Command::Revoked, app.clock.now()).await?;
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
/// carrier was asked: then the carrier is called off again.
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
                return match &booking.ticket {
                    Some(ticket) => call_off(app, &parcel, ticket).await,
                    None => Ok(()),
                };
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
    let recipient: Recipient = contact::open(&app.keys, Place::Order(rid, parcel.order_no()), &sealed)
        .map_err(|_| poison("its recipient cannot be opened"))?;
    let from = site::get(&app.table, &parcel.site).await?.ok_or_else(|| poison("its site is not there"))?;

    let callback = callback(app, &parcel.at);
    let request = CourierBooking {
        carried: Carried::Parcel(parcel.at.clone()),
        attempt: parcel.attempt,
        carrier: COURIER.to_owned(),
        sender: Contact { name: from.name, phone: app.sender_phone.clone(), address: from.address },
        recipient: Contact {
            name: recipient.name,
            phone: recipient.phone,
            address: format!(
                "{}{}",
                division::name(&recipient.division).unwrap_or_default(),
                recipient.street
            ),
        },
        cargo: "图书".to_owned(),
        weight_kg: u16::try_from((parcel.lines.len() * GRAMS_PER_BOOK).div_ceil(1000)).unwrap_or(u16::MAX),
        remark: parcel.slot.map(|slot| format!("请于{}送达", text::slot_name(&slot))),
        pickup: Some(pickup(app.clock.now(), parcel.slot.as_ref())),
        booking_callback: callback.clone(),
        push_callback: callback,
    };
    let answer = app
        .courier
        .post_form(booking::PATH, request.form(&app.credentials, app.clock.now()))
        .await
        .map_err(|error| Failure::Transient(format!("courier: {error}")))?;
    let booked = Booked::parse(&answer.body).map_err(|error| {
        let told = format!("courier ({}): {error}", answer.status);
        if error.is_transient() { Failure::Transient(told) } else { Failure::Poison(told) }
    })?;
    // Some couriers give the number only when they collect; until then the booking is asked for again.
    let waybill =
        booked.waybill.ok_or_else(|| Failure::Transient("the courier has no waybill yet".to_owned()))?;
    let ticket = Some(Ticket { task: booked.task_id, order: booked.order_id });
    Ok(Booking { carrier: Carrier::Kuaidi100, waybill, ticket })
}

/// Cancels a booking at the courier: its reader cancelled the parcel, or sent it elsewhere.
async fn call_off(app: &App, parcel: &Parcel, ticket: &Ticket) -> Result<(), Failure> {
    let request = Cancellation {
        task_id: ticket.task.clone(),
        order_id: ticket.order.clone(),
        message: CALLED_OFF.to_owned(),
    };
    let answer = app
        .courier
        .post_form(booking::PATH, request.form(&app.credentials, app.clock.now()))
        .await
        .map_err(|error| Failure::Transient(format!("courier: {error}")))?;
    match Cancelled::parse(&answer.body) {
        // A booking that the courier does not know is no booking any more.
        Ok(outcome @ (Cancelled::Done | Cancelled::Already | Cancelled::Unknown)) => {
            tracing::info!(parcel.no = %parcel.at.no(), ?outcome, "courier called off");
            Ok(())
        }
        Err(error) => {
            let told = format!("parcel {}: courier ({}): {error}", parcel.at.no(), answer.status);
            Err(if error.is_transient() { Failure::Transient(told) } else { Failure::Poison(told) })
        }
    }
}

/// When the courier may come: from the next full hour until closing, today while that leaves more than an hour, else tomorrow. What is delivered in
/// a slot is collected on the day before it, so that it neither comes sooner nor waits at the courier's; no courier can be booked for later than
/// the day after tomorrow.
fn pickup(now: Timestamp, slot: Option<&Slot>) -> Pickup {
    const OPENS: Time = Time::constant(9, 0, 0, 0);
    const CLOSES: Time = Time::constant(18, 0, 0, 0);
    let eve = slot.and_then(|slot| slot.day.yesterday().ok());
    let later = match eve.and_then(|eve| time::day(now).until(eve).ok()).map_or(0, |span| span.get_days()) {
        ..=0 => None,
        1 => Some(PickupDay::Tomorrow),
        2.. => Some(PickupDay::DayAfterTomorrow),
    };
    if let Some(day) = later {
        return Pickup { day, from: OPENS, until: CLOSES };
    }
    let hour = time::shanghai(now).hour();
    let next_full = Time::new(hour.saturating_add(1).clamp(0, 23), 0, 0, 0).unwrap_or(CLOSES);
    if hour < 16 {
        Pickup { day: PickupDay::Today, from: next_full.max(OPENS), until: CLOSES }
    } else {
        Pickup { day: PickupDay::Tomorrow, from: OPENS, until: CLOSES }
    }
}

/// Where the courier pushes to: the parcel, and a token that only we can make for it.
fn callback(app: &App, at: &ParcelRef) -> String {
    let base = app.public_url.trim_end_matches('/');
    format!(
        "{base}/webhooks/couriers/kuaidi100?parcel={at}&token={}",
        app.keys.webhook_token(&at.to_string())
    )
}
