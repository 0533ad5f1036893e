//! Carrying out a command on a parcel: load, decide, store; and once more when somebody else stored first.

use jiff::Timestamp;
use yujie_domain::ParcelRef;
use yujie_domain::parcel::{Command, Outcome, Parcel, Refusal};
use yujie_table::{Table, TableError, TransactError, parcel};

use crate::batch::Failure;
use crate::{Clients, Clock, ConfigError, Vars, telemetry};

/// What a step works with that needs nothing but the table.
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

/// How often a parcel that changes under our hands is read again.
const TRIES: u32 = 6;

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The parcel as it stands now.
    pub parcel: Parcel,
    /// Whether this command changed it.
    pub changed: bool,
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// There is no such parcel.
    #[error("no such parcel")]
    NotFound,
    /// The rules refuse it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The table failed.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// Carries `command` out on the parcel at `at`.
///
/// # Errors
/// [`StepError`]; then nothing was written.
pub async fn carry_out(
    table: &Table,
    at: &ParcelRef,
    command: &Command,
    now: Timestamp,
) -> Result<Done, StepError> {
    for _ in 0..TRIES {
        let parcel = parcel::get(table, at).await?.ok_or(StepError::NotFound)?;
        let next = match parcel.decide(command, now)? {
            Outcome::Already => {
                return Ok(Done { parcel, changed: false });
            }
            Outcome::Changed(next) => *next,
        };
        match parcel::store(table, &parcel, &next).await {
            Ok(()) => {
                return Ok(Done { parcel: next, changed: true });
            }
            Err(TransactError::Refused(_)) => {}
            Err(TransactError::Table(error)) => return Err(error.into()),
        }
    }
    Err(TableError::Busy.into())
}

/// Carries out what a queue message asks for. A message that comes too early or twice is no fault: the relay sends it again when its
/// time comes, and a repetition changes nothing.
///
/// # Errors
/// [`Failure`] for what should come back or be looked at.
pub async fn work_off(
    table: &Table,
    at: &ParcelRef,
    command: &Command,
    now: Timestamp,
) -> Result<(), Failure> {
    match carry_out(table, at, command, now).await {
        Ok(done) => {
            tracing::info!(parcel.no = %at.no(), parcel.status = done.parcel.status().as_str(), changed = done.changed, "step");
            Ok(())
        }
        Err(StepError::Refused(refusal)) => {
            tracing::info!(parcel.no = %at.no(), %refusal, "nothing to do yet");
            Ok(())
        }
        Err(StepError::NotFound) => Err(Failure::Poison(format!("there is no parcel {}", at.no()))),
        Err(StepError::Table(error)) => Err(error.into()),
    }
}
