//! Telling readers: a fact from the topic becomes a notice in the inbox and an SMS.
//!
//! The fact only names a parcel and a step. Just before telling, the parcel is read again: a step that was not made is not told.
//! The inbox record makes each fact told once, however often it is published. An SMS is claimed before it is sent; only when its sender
//! dies between the provider's answer and the mark may it go out a second time.

mod returns;
mod waits;

use std::collections::BTreeSet;

use aws_lambda_events::event::sns::SnsEvent;
use jiff::Timestamp;
use jiff::civil::Date;
use yujie_domain::parcel::{Because, Closing, Effect, LineStatus, Parcel, Warning};
use yujie_domain::preferences::Topic;
use yujie_domain::telling::{self, Telling};
use yujie_domain::timeline::Step;
use yujie_domain::{Mobile, ParcelRef, ReaderId, SiteId, punctuality, time};
use yujie_phones::{NotSent, Phones};
use yujie_runtime::contact::{self, Person, Place};
use yujie_runtime::message::Fact;
use yujie_runtime::{Clients, Clock, Entropy, Keys, StartError, Vars, telemetry};
use yujie_table::notice::{self, About, Claim, Notice, Sms};
use yujie_table::{Table, TableError, parcel, preferences, reader, site};

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub table: Table,
    /// Opens readers' phone numbers.
    pub keys: Keys,
    /// The way to phones.
    pub phones: Phones,
    /// The time.
    pub clock: Clock,
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
        let phones = yujie_phones::Settings::read(&mut vars);
        vars.finish()?;
        let clock = Clock::System;
        Ok(Self {
            table,
            keys: Keys::from_secret(&clients.secret(&secret).await?)?,
            phones: phones.open(&clients, &clock, &Entropy::system()).await?,
            clock,
        })
    }
}

/// A fact was not told; it is published to us again.
#[derive(Debug, thiserror::Error)]
pub enum NoticeError {
    /// The table failed.
    #[error(transparent)]
    Table(#[from] TableError),
    /// It is not a fact that we know.
    #[error("not a fact of this topic (column {0})")]
    NotAFact(usize),
    /// The reader's phone cannot be had.
    #[error("the reader's profile does not open")]
    NoProfile,
    /// Somebody else is sending this notice's SMS. If they die over it, the next try takes it over.
    #[error("the SMS is being sent by somebody else")]
    InHand,
    /// The SMS was not taken.
    #[error("the SMS was {0}")]
    Sms(NotSent),
}

/// Tells the facts of an event.
///
/// # Errors
/// [`NoticeError`]; the event comes again, and what was told already is not told twice.
pub async fn handle(app: &App, event: SnsEvent) -> Result<(), NoticeError> {
    for record in event.records {
        let fact: Fact = serde_json::from_str(&record.sns.message)
            .map_err(|error| NoticeError::NotAFact(error.column()))?;
        match fact {
            Fact::ParcelStep { parcel, step } => tell_step(app, &parcel, step).await?,
            Fact::ReturnStep { returning, step, at } => returns::tell(app, &returning, step, at).await?,
            Fact::HoldHopeless { rid, title_id, since, at } => {
                waits::tell_hopeless(app, &rid, &title_id, since, at).await?;
            }
        }
    }
    Ok(())
}

async fn tell_step(app: &App, at: &ParcelRef, step: Step) -> Result<(), NoticeError> {
    let parcel = parcel::get(&app.table, at).await?;
    let reached = parcel.and_then(|parcel| made(&parcel, step).map(|made| (parcel, made)));
    let Some((parcel, made)) = reached else {
        tracing::warn!(parcel.no = %at.no(), step = step.as_str(), "suppressed: not true");
        return Ok(());
    };
    let telling = said(app, &parcel, step).await?;
    tell(app, &at.rid, About::Parcel { no: at.no(), step }, made, &telling).await
}

/// Puts a notice into the inbox and sends its SMS, once. Of a reader who has left nobody is told, and nothing is kept.
async fn tell(
    app: &App,
    rid: &ReaderId,
    about: About,
    at: Timestamp,
    telling: &Telling,
) -> Result<(), NoticeError> {
    let Some(sealed) = reader::sealed_profile(&app.table, rid).await? else {
        tracing::warn!(reader.id = %rid, "suppressed: the reader has left");
        return Ok(());
    };
    let notice = Notice { about, at, text: telling.text(), sms: Sms::Sending };
    match notice::claim(&app.table, rid, &notice, app.clock.now()).await? {
        Claim::Over => Ok(()),
        Claim::SomebodyElse => Err(NoticeError::InHand),
        Claim::Mine { version, tried } => {
            let (wants, _) = preferences::get(&app.table, rid).await?;
            let sms = if wants.ways(topic(&notice.about)).sms {
                send_sms(app, rid, &sealed, (telling, &notice.id()), tried).await?
            } else {
                Sms::Off
            };
            Ok(notice::sms_ended(&app.table, rid, &Notice { sms, ..notice }, version, app.clock.now())
                .await?)
        }
    }
}

/// What a notice is about, as its reader chooses.
const fn topic(about: &About) -> Topic {
    match about {
        About::Parcel { step, .. } => Topic::of_step(*step),
        About::Return { .. } => Topic::Returns,
        About::Wait { .. } => Topic::Waits,
    }
}

/// When a parcel made a step, if that is still true of it.
fn made(parcel: &Parcel, step: Step) -> Option<Timestamp> {
    let status = parcel.status();
    match step {
        Step::Rerouted | Step::WaitsForOpening | Step::KeptLonger => {
            closing(parcel, step).map(|closing| closing.at)
        }
        // It is written down some time afterwards; the reader is told of the instant itself.
        Step::PromiseBroken => {
            (parcel.warned == Some(Warning::Broken) && status.is_live()).then_some(parcel.promised_by)
        }
        Step::Received
        | Step::Accepted
        | Step::Picked
        | Step::Packed
        | Step::Dispatched
        | Step::Delivering
        | Step::ReadyForPickup
        | Step::Delivered
        | Step::Collected
        | Step::Cancelled
        | Step::Uncollected => {
            // A step of single books is told when the last of them has made it.
            let entries = parcel.history.iter().filter(|entry| Step::of(entry.step) == Some(step));
            let made = entries.map(|entry| entry.at).max()?;
            // What came to nothing is told as that, and nothing else of it.
            let still_true = if status.is_void() {
                Step::of(status) == Some(step)
            } else {
                Step::of(status) >= Some(step)
            };
            still_true.then_some(made)
        }
    }
}

/// The last closing that made this of a parcel, unless something else has become of it since.
fn closing(parcel: &Parcel, step: Step) -> Option<&Closing> {
    let closing = parcel.closings.iter().rev().find(|closing| Step::of_closing(&closing.effect) == step)?;
    let later = parcel.closings.iter().filter(|other| other.at > closing.at);
    let still_true = match &closing.effect {
        Effect::Rerouted { to, .. } => parcel.is_open() && parcel.destination.site() == Some(to),
        Effect::Waits => {
            let elsewhere = later.clone().any(|other| other.effect.is_rerouted());
            parcel.is_open() && parcel.status() < LineStatus::ReadyForPickup && !elsewhere
        }
        Effect::Kept => parcel.status() == LineStatus::ReadyForPickup,
    };
    still_true.then_some(closing)
}

/// What a reader is told of a step.
async fn said(app: &App, parcel: &Parcel, step: Step) -> Result<Telling, NoticeError> {
    let order_no = parcel.order_no().as_str();
    if step == Step::PromiseBroken {
        return Ok(telling::not_in_time(order_no, &punctuality::of_parcel(parcel, app.clock.now())));
    }
    if let Some(Closing { shut, effect, .. }) = closing(parcel, step) {
        let name = |id: Option<SiteId>| async move {
            let Some(id) = id else { return Ok(None) };
            Ok::<_, TableError>(site::get(&app.table, &id).await?.map(|site| site.name))
        };
        let here = name(parcel.destination.site().cloned()).await?;
        let said = match effect {
            Effect::Rerouted { from, .. } => name(Some(from.clone()))
                .await?
                .zip(here)
                .map(|(from, to)| telling::sent_elsewhere(order_no, &from, *shut, &to)),
            Effect::Waits => here.map(|here| telling::comes_later(order_no, &here, *shut)),
            Effect::Kept => here
                .zip(parcel.keep_until)
                .map(|(here, until)| telling::stays_longer(order_no, &here, *shut, until)),
        };
        if let Some(said) = said {
            return Ok(said);
        }
    }
    if step == Step::Cancelled && parcel.was_given_up() {
        return Ok(telling::given_up_unpaid(order_no));
    }
    if let (Step::Delivered | Step::Collected, Some(got)) = (step, parcel.handed_over()) {
        // By a rule of single classes of books, loans of one parcel may be counted from different days: then none is named.
        let from: BTreeSet<Date> =
            parcel.live().map(|line| time::day(line.loan_from.unwrap_or(got))).collect();
        if let (Some(from), 1) = (from.first(), from.len()) {
            return Ok(telling::loan_begun(order_no, step == Step::Collected, *from));
        }
    }
    if let (Step::ReadyForPickup, Some(id), Some(until), Some(code)) =
        (step, parcel.destination.site(), parcel.keep_until, &parcel.pickup_code)
        && let Some(site) = site::get(&app.table, id).await?
    {
        return Ok(telling::ready(order_no, &site.name, until, code));
    }
    Ok(telling::step_made(step, order_no, parcel.because == Because::CameFree))
}

/// Sends a notice's SMS, unless somebody who tried it at `tried` and died had sent it. What never goes to this phone stays in the inbox.
async fn send_sms(
    app: &App,
    rid: &ReaderId,
    sealed: &[u8],
    (telling, reference): (&Telling, &str),
    tried: Option<Timestamp>,
) -> Result<Sms, NoticeError> {
    let person: Person =
        contact::open(&app.keys, Place::Profile(rid), sealed).map_err(|_| NoticeError::NoProfile)?;
    let phone = Mobile::parse(&person.phone).map_err(|_| NoticeError::NoProfile)?;
    if let Some(tried) = tried
        && app.phones.was_taken(&phone, reference, tried).await.map_err(NoticeError::Sms)?
    {
        return Ok(Sms::Sent);
    }
    match app.phones.send(&phone, telling, reference).await {
        Ok(()) => Ok(Sms::Sent),
        Err(NotSent::Never(why)) => {
            tracing::warn!(notice.reference = reference, why, "this phone takes no SMS of ours");
            Ok(Sms::Refused)
        }
        Err(later) => Err(NoticeError::Sms(later)),
    }
}
