//! Trials of rules: reads the whole table once for each and works out what the proposed rules would have meant.
//!
//! Nothing is written but the trial's end, in one conditional write. Whatever dies before it is begun anew by the message's next delivery,
//! with the same rules and the same last instant; a message that comes again finds the trial at its end and changes nothing.

mod walk;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use jiff::SignedDuration;
use yujie_domain::trial::{self as rule, Facts, Outcome, Stage, Trial};
use yujie_runtime::batch::{self, Failure};
use yujie_runtime::message::TrialMessage;
use yujie_runtime::{Clients, Clock, ConfigError, Vars, telemetry};
use yujie_table::trial::{self, Stored};
use yujie_table::{Table, rules};

/// A walk is given up after this time: Lambda ends it soon after, and another one would take as long.
const LONGEST: SignedDuration = SignedDuration::from_mins(13);

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub table: Table,
    /// The time.
    pub clock: Clock,
    /// How long a walk may take.
    pub longest: SignedDuration,
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
        Ok(Self { table, clock: Clock::System, longest: LONGEST })
    }
}

/// Works off a batch of the `trials` queue.
pub async fn handle(app: &App, event: SqsEvent) -> SqsBatchResponse {
    batch::each(event, |message: TrialMessage| async move { Box::pin(work_off(app, &message)).await }).await
}

async fn work_off(app: &App, message: &TrialMessage) -> Result<(), Failure> {
    let id = &message.trial_id;
    let Some(asked) = trial::get(&app.table, id).await? else {
        return Err(Failure::Poison(format!("there is no trial {id}")));
    };
    match asked.stage {
        Stage::Running => {}
        Stage::Done(_) | Stage::Failed(_) => {
            tracing::info!(trial.id = %id, "nothing to do");
            return Ok(());
        }
    }
    let end = try_out(app, &asked).await?;
    let failed = end.is_err();
    let Some(ended) = asked.ended(end) else { return Ok(()) };
    let stored = trial::store(&app.table, &ended).await?;
    tracing::info!(trial.id = %id, failed, counted = stored == Stored::Now, "trial ended");
    Ok(())
}

/// What the proposed rules would have meant, or why that is not to be found out.
async fn try_out(app: &App, asked: &Trial) -> Result<Result<Outcome, rule::Failure>, Failure> {
    let Some(in_force) = rules::get(&app.table, asked.in_force).await? else {
        return Err(Failure::Poison(format!("there are no rules of version {}", asked.in_force)));
    };
    let mut facts = Facts::new(asked.at);
    let until = app.clock.now() + app.longest;
    if !walk::gather(app, &mut facts, until).await? {
        return Ok(Err(rule::Failure::TookTooLong));
    }
    Ok(Ok(facts.compare(&in_force.rules, &asked.proposed)))
}
