//! What is still to be done about a payment at the payment platform: to ask whether it was made, to have no more money taken for it, to give money
//! back.
//!
//! A message only says: look at this payment. What the platform tells by itself mostly comes first, and then there is nothing to do.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use yujie_cashier::{Desk, DeskError, Found, Settings};
use yujie_domain::payment::{Command, Payment, State};
use yujie_lending::{Fault, Lending, PayError, Receipt};
use yujie_payments::wechatpay::RefundState;
use yujie_runtime::batch::{self, Failure};
use yujie_runtime::message::PaymentMessage;
use yujie_runtime::{Clients, Clock, Edge, Entropy, Keys, StartError, Vars, telemetry};
use yujie_table::{Table, payment};

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table, keys, time, chance, the rules in force.
    pub lending: Lending,
    /// The desk at the payment platform.
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
        let edge = Edge { keys, clock: Clock::System, entropy: Entropy::system() };
        let desk = desk.open(&clients, &edge).await?;
        Ok(Self { lending: Lending::new(table, edge), desk })
    }
}

/// Works off a batch of the `settlements` queue.
pub async fn handle(app: &App, event: SqsEvent) -> SqsBatchResponse {
    batch::each(event, |message: PaymentMessage| async move { settle(app, &message).await }).await
}

async fn settle(app: &App, message: &PaymentMessage) -> Result<(), Failure> {
    let no = &message.payment_no;
    let unknown = || Failure::Poison(format!("there is no payment {no}"));
    let order_no = no.order_no().map_err(|_| unknown())?;
    let owed = payment::of_order(&app.lending.table, &message.rid, &order_no).await?.ok_or_else(unknown)?;
    let over = app.lending.edge.clock.now() >= owed.until;
    match &owed.state {
        State::Due if over => run_out(app, &owed).await?,
        State::Due => {
            ask(app, &owed).await?;
        }
        State::Lapsed { closed: false } => shut(app, &owed).await?,
        State::Lapsed { closed: true } | State::Paid { .. } => {}
    }
    // What was just found paid for nothing goes back at once.
    let owed = payment::of_order(&app.lending.table, &message.rid, &order_no).await?.ok_or_else(unknown)?;
    give_back(app, &owed).await
}

/// Asks whether it was made, and settles it if so.
async fn ask(app: &App, owed: &Payment) -> Result<Found, Failure> {
    let found = app.desk.find(owed).await.map_err(desk)?;
    if let Found::Paid(paid) = &found {
        let (amount, transaction) = (paid.amount, paid.transaction_id.clone());
        let receipt = Receipt { amount, at: paid.at, transaction };
        let settled = app.lending.paid(&owed.rid, &owed.no(), &receipt).await.map_err(lending)?;
        tracing::info!(payment.no = %owed.no(), ?settled, "found paid");
    }
    Ok(found)
}

/// Has the platform take no more money. What it says to that decides nothing, and a refusal must not keep us from asking whether it was paid.
async fn close(app: &App, owed: &Payment) -> Result<(), Failure> {
    match app.desk.close(owed).await {
        Err(DeskError::Refused(code)) => {
            tracing::warn!(payment.no = %owed.no(), ?code, "not closed");
            Ok(())
        }
        other => other.map_err(desk),
    }
}

/// The time to pay is over: nobody may pay any more; whoever has paid has paid, and else the order is given up.
async fn run_out(app: &App, owed: &Payment) -> Result<(), Failure> {
    close(app, owed).await?;
    match ask(app, owed).await? {
        Found::Paid(_) => Ok(()),
        // The platform closed it, or was never asked and takes no money after the last moment.
        Found::Closed | Found::Unknown => {
            let lapsed = app.lending.lapse(&owed.rid, &owed.no()).await.map_err(lending)?;
            tracing::info!(payment.no = %owed.no(), lapsed, "not paid in time");
            Ok(())
        }
        Found::Open => Err(Failure::Transient(format!("{} can still be paid", owed.no()))),
    }
}

/// What is not wanted any more is to take no more money.
async fn shut(app: &App, owed: &Payment) -> Result<(), Failure> {
    close(app, owed).await?;
    match ask(app, owed).await? {
        Found::Closed | Found::Unknown => {
            app.lending.note(&owed.rid, &owed.no(), &Command::Closed).await.map_err(lending)?;
        }
        Found::Paid(_) | Found::Open => {}
    }
    Ok(())
}

/// Asks for the refunds that are owed, each by its one number.
async fn give_back(app: &App, owed: &Payment) -> Result<(), Failure> {
    let mut failed = Ok(());
    for (n, amount) in owed.asked() {
        let state = match app.desk.give_back(owed, n, amount).await {
            Ok(state) => state,
            // One that fails does not keep the others.
            Err(error) => {
                failed = failed.and(Err(desk(error)));
                continue;
            }
        };
        let command = match state {
            RefundState::Success => Command::Refunded { n },
            // It is told when it is done; until then it is asked about again.
            RefundState::Processing => continue,
            RefundState::Abnormal | RefundState::Closed => Command::Stuck { n },
        };
        app.lending.note(&owed.rid, &owed.no(), &command).await.map_err(lending)?;
    }
    failed
}

fn desk(error: DeskError) -> Failure {
    match error {
        DeskError::Transient(told) => Failure::Transient(told),
        error @ (DeskError::Refused(_) | DeskError::NotOurs(_) | DeskError::Unfit(_)) => {
            Failure::Poison(error.to_string())
        }
    }
}

fn lending(error: PayError) -> Failure {
    match error {
        PayError::NotFound | PayError::Refused(_) => Failure::Poison(error.to_string()),
        PayError::Fault(Fault::Table(error)) => error.into(),
        PayError::Fault(error @ (Fault::NoRules | Fault::Seal(_) | Fault::Unsound(_))) => {
            Failure::Transient(error.to_string())
        }
    }
}
