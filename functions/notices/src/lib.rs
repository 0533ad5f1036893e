//! Telling readers: a fact from the topic becomes a notice in the inbox and an SMS.
//!
//! The fact only names a parcel and a step. Just before telling, the parcel is read again: a step that was not made is not told.
//! The inbox record makes each fact told once, however often it is published. An SMS is claimed before it is sent; only when its sender
//! dies between the provider's answer and the mark may it go out a second time.

use aws_lambda_events::event::sns::SnsEvent;
use yujie_domain::parcel::Because;
use yujie_domain::timeline::Step;
use yujie_domain::{Mobile, ParcelRef, text};
use yujie_runtime::contact::{self, Person, Place};
use yujie_runtime::message::Fact;
use yujie_runtime::{Clients, Clock, Keys, StartError, Vars, clients, telemetry};
use yujie_table::notice::{self, Claim, Notice, Sms};
use yujie_table::{Table, TableError, parcel, reader};

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub table: Table,
    /// Opens readers' phone numbers.
    pub keys: Keys,
    /// The way to phones.
    pub sns: aws_sdk_sns::Client,
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
        vars.finish()?;
        Ok(Self {
            table,
            keys: Keys::from_secret(&clients.secret(&secret).await?)?,
            sns: clients.sns(),
            clock: Clock::System,
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
    #[error("the reader's profile is missing or does not open")]
    NoProfile,
    /// Somebody else is sending this notice's SMS. If they die over it, the next try takes it over.
    #[error("the SMS is being sent by somebody else")]
    InHand,
    /// The SMS was not taken.
    #[error("the SMS was not taken: {0}")]
    Sms(String),
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
        }
    }
    Ok(())
}

async fn tell_step(app: &App, at: &ParcelRef, step: Step) -> Result<(), NoticeError> {
    let parcel = parcel::get(&app.table, at).await?;
    // A step of single books is told when the last of them has made it.
    let reached = parcel.as_ref().and_then(|parcel| {
        let made = parcel
            .history
            .iter()
            .filter(|entry| Step::of(entry.step) == Some(step))
            .map(|entry| entry.at)
            .max()?;
        let status = parcel.status();
        // What came to nothing is told as that, and nothing else of it.
        let still_true =
            if status.is_void() { Step::of(status) == Some(step) } else { Step::of(status) >= Some(step) };
        still_true.then_some((parcel, made))
    });
    let Some((parcel, made)) = reached else {
        tracing::warn!(parcel.no = %at.no(), step = step.as_str(), "suppressed: not true");
        return Ok(());
    };
    let notice = Notice {
        parcel_no: at.no(),
        step,
        at: made,
        text: text::step_notice(
            step,
            at.order_no.as_str(),
            parcel.pickup_code.as_deref(),
            parcel.because == Because::CameFree,
        ),
        sms: Sms::Sending,
    };
    match notice::claim(&app.table, at, &notice, app.clock.now()).await? {
        Claim::Sent => Ok(()),
        Claim::SomebodyElse => Err(NoticeError::InHand),
        Claim::Mine { version } => {
            send_sms(app, at, &notice.text).await?;
            Ok(notice::sms_sent(&app.table, &at.rid, &notice, version, app.clock.now()).await?)
        }
    }
}

async fn send_sms(app: &App, at: &ParcelRef, said: &str) -> Result<(), NoticeError> {
    let sealed = reader::sealed_profile(&app.table, &at.rid).await?.ok_or(NoticeError::NoProfile)?;
    let person: Person =
        contact::open(&app.keys, Place::Profile(&at.rid), &sealed).map_err(|_| NoticeError::NoProfile)?;
    let phone = Mobile::parse(&person.phone).map_err(|_| NoticeError::NoProfile)?;
    app.sns
        .publish()
        .phone_number(phone.e164())
        .message(said)
        .send()
        .await
        .map(drop)
        .map_err(|error| NoticeError::Sms(clients::failure(&error)))
}
