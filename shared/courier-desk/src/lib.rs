//! The desk at which couriers are dealt with: it books them through Kuaidi100, and calls them off.
//!
//! Whatever is asked may be asked again: a booking is known by what is carried and the attempt, and the platform does a number once. Nothing
//! is stored here.

pub mod pickup;

use std::time::Duration;

use yujie_couriers::kuaidi100::booking::{self, Pickup};
use yujie_couriers::kuaidi100::{Booked, Booking, Cancellation, CancellationError, Cancelled, Credentials};
use yujie_domain::parcel::Ticket;
use yujie_domain::site::Site;
use yujie_domain::{Carried, Waybill, division};
use yujie_runtime::batch::Failure;
use yujie_runtime::contact::Recipient;
use yujie_runtime::outbound::Outbound;
use yujie_runtime::{Clients, Clock, Keys, StartError, Vars};

pub use yujie_couriers::kuaidi100::booking::Contact;

/// The courier that Kuaidi100 is asked for.
const COURIER: &str = "shunfeng";
/// A paperback's weight, in grams, with its share of the box.
const GRAMS_PER_BOOK: usize = 450;
/// How long Kuaidi100 may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The library's desk at Kuaidi100.
#[derive(Debug, Clone)]
pub struct Desk {
    /// Our account there.
    pub credentials: Credentials,
    /// The way to it.
    pub platform: Outbound,
    /// Our own address, for its pushes.
    pub public_url: String,
    /// The phone at which couriers reach the library.
    pub phone: String,
    /// Signs the addresses of pushes.
    pub keys: Keys,
    /// The time.
    pub clock: Clock,
}

/// Where a function finds what its desk needs.
#[derive(Debug)]
pub struct Settings {
    secret: String,
    url: String,
    public_url: String,
    phone: String,
}

impl Settings {
    /// Reads the environment; missing variables are noted in `vars`.
    pub fn read(vars: &mut Vars) -> Self {
        Self {
            secret: vars.required("COURIER_SECRET_ID"),
            url: vars.required("KUAIDI100_URL"),
            public_url: vars.required("PUBLIC_URL"),
            phone: vars.required("SENDER_PHONE"),
        }
    }

    /// Opens the desk.
    ///
    /// # Errors
    /// [`StartError`] when the account is not there or not readable.
    pub async fn open(self, clients: &Clients, keys: Keys) -> Result<Desk, StartError> {
        let credentials = serde_json::from_str(&clients.secret(&self.secret).await?)
            .map_err(|_| StartError::Shape("COURIER_SECRET_ID"))?;
        Ok(Desk::new(credentials, &self.url, self.public_url, self.phone, keys, Clock::System))
    }
}

/// What a courier is booked for.
#[derive(Debug)]
pub struct Errand {
    /// What is carried.
    pub carried: Carried,
    /// How often a booking for it was given up.
    pub attempt: u8,
    /// Where it is collected.
    pub from: Contact,
    /// Where it is brought.
    pub to: Contact,
    /// How many books that are.
    pub books: usize,
    /// What the courier is told besides.
    pub remark: Option<String>,
    /// When it is collected.
    pub pickup: Pickup,
}

/// What calling a courier off came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalledOff {
    /// No courier comes.
    Done,
    /// He has it already.
    TooLate,
}

/// A reader, as couriers meet them.
pub fn reader(recipient: Recipient) -> Contact {
    let address = format!("{}{}", division::name(&recipient.division).unwrap_or_default(), recipient.street);
    Contact { name: recipient.name, phone: recipient.phone, address }
}

impl Desk {
    /// The desk that asks Kuaidi100 at `url`.
    pub fn new(
        credentials: Credentials,
        url: &str,
        public_url: String,
        phone: String,
        keys: Keys,
        clock: Clock,
    ) -> Self {
        Self { credentials, platform: Outbound::new(url, PATIENCE), public_url, phone, keys, clock }
    }

    /// A site, as couriers meet it.
    pub fn library(&self, site: Site) -> Contact {
        Contact { name: site.name, phone: self.phone.clone(), address: site.address }
    }

    /// Books a courier: his number for it, and what the booking is cancelled by.
    ///
    /// # Errors
    /// [`Failure`]: what may work next time is transient; that includes couriers who give their number only when they collect.
    pub async fn book(&self, errand: Errand) -> Result<(Waybill, Ticket), Failure> {
        let callback = self.callback(&errand.carried);
        let request = Booking {
            carried: errand.carried,
            attempt: errand.attempt,
            carrier: COURIER.to_owned(),
            sender: errand.from,
            recipient: errand.to,
            cargo: "图书".to_owned(),
            weight_kg: u16::try_from((errand.books * GRAMS_PER_BOOK).div_ceil(1000)).unwrap_or(u16::MAX),
            remark: errand.remark,
            pickup: Some(errand.pickup),
            booking_callback: callback.clone(),
            push_callback: callback,
        };
        let (status, reply) = self.ask(request.form(&self.credentials, self.clock.now())).await?;
        let booked = Booked::parse(&reply).map_err(|error| {
            let told = format!("courier ({status}): {error}");
            if error.is_transient() { Failure::Transient(told) } else { Failure::Poison(told) }
        })?;
        let waybill = booked.waybill;
        let waybill =
            waybill.ok_or_else(|| Failure::Transient("the courier has no waybill yet".to_owned()))?;
        Ok((waybill, Ticket { task: booked.task_id, order: booked.order_id }))
    }

    /// Calls a courier off, saying why. A booking that the platform does not know is no booking any more.
    ///
    /// # Errors
    /// [`Failure`]: the booking stands, or may stand.
    pub async fn call_off(
        &self,
        carried: &Carried,
        ticket: &Ticket,
        why: &str,
    ) -> Result<CalledOff, Failure> {
        let request = Cancellation {
            task_id: ticket.task.clone(),
            order_id: ticket.order.clone(),
            message: why.to_owned(),
        };
        let (status, reply) = self.ask(request.form(&self.credentials, self.clock.now())).await?;
        match Cancelled::parse(&reply) {
            Ok(outcome @ (Cancelled::Done | Cancelled::Already | Cancelled::Unknown)) => {
                tracing::info!(carried.no = carried.no(), ?outcome, "courier called off");
                Ok(CalledOff::Done)
            }
            Err(CancellationError::TooLate(_)) => {
                tracing::warn!(carried.no = carried.no(), "the courier has it already");
                Ok(CalledOff::TooLate)
            }
            Err(error) => {
                let told = format!("{}: courier ({status}): {error}", carried.no());
                Err(if error.is_transient() { Failure::Transient(told) } else { Failure::Poison(told) })
            }
        }
    }

    async fn ask(&self, form: String) -> Result<(u16, Vec<u8>), Failure> {
        let answer = self.platform.post_form(booking::PATH, form).await;
        let answer = answer.map_err(|error| Failure::Transient(format!("courier: {error}")))?;
        Ok((answer.status, answer.body))
    }

    /// Where the courier pushes to: what is carried, and a token that only we can make for it.
    fn callback(&self, carried: &Carried) -> String {
        let (base, token) =
            (self.public_url.trim_end_matches('/'), self.keys.webhook_token(&carried.to_string()));
        format!("{base}/webhooks/couriers/kuaidi100?parcel={carried}&token={token}")
    }
}
