//! Free copies for those who wait.
//!
//! Whatever frees a copy looks at the queue itself and gives it to the next reader in the same transaction. What remains is the moment between
//! that look and the write: somebody joins the queue, or a hold waits again. The relay tells of every copy that became free and of every hold
//! that came or changed; this looks whether the two fit, and does nothing in nearly all cases.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use yujie_lending::{Fault, Lending};
use yujie_runtime::batch::{self, Failure};
use yujie_runtime::message::HoldsMessage;
use yujie_runtime::{Clients, Clock, Edge, Entropy, Keys, StartError, Vars, telemetry};
use yujie_table::Table;

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table, keys, time, chance, the rules in force.
    pub lending: Lending,
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
        let keys = Keys::from_secret(&clients.secret(&secret).await?)?;
        let edge = Edge { keys, clock: Clock::System, entropy: Entropy::system() };
        Ok(Self { lending: Lending::new(table, edge) })
    }
}

/// Works off a batch of the `holds` queue.
pub async fn handle(app: &App, event: SqsEvent) -> SqsBatchResponse {
    batch::each(event, |message: HoldsMessage| async move { give(app, &message).await }).await
}

async fn give(app: &App, message: &HoldsMessage) -> Result<(), Failure> {
    match app.lending.give(&message.title_id).await {
        Ok(gifts) => {
            if !gifts.is_empty() {
                tracing::info!(title.id = %message.title_id, given = gifts.len(), "free copies given");
            }
            Ok(())
        }
        Err(Fault::Table(error)) => Err(error.into()),
        Err(fault @ (Fault::NoRules | Fault::Seal(_) | Fault::Unsound(_))) => {
            Err(Failure::Transient(fault.to_string()))
        }
    }
}
