//! The desk at which payments are dealt with: it asks WeChat Pay for them, whether they were made, to take no more money for them, and to give it
//! back; and it reads what WeChat Pay tells by itself.
//!
//! Whatever is asked may be asked again: a payment and a refund each have one number, and the platform does a number once. Nothing is stored
//! here.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use yujie_domain::money::Fen;
use yujie_domain::payment::Payment;
use yujie_domain::text;
use yujie_payments::wechatpay::{
    Account, ApiError, CallError, Cashier, Checkout, Close, Code, Event, Headers, Nonce, NotOurs,
    Notification, NotificationError, Prepay, Query, Refund, RefundNews, RefundNo, RefundState, Request,
    TradeNo, TradeState, Transaction, Unreadable, VerifyError, answer, verify,
};
use yujie_runtime::outbound::{Answer, Outbound};
use yujie_runtime::{Clients, Clock, Edge, Entropy, StartError, Vars};

pub use yujie_payments::wechatpay::{Payment as Paid, Way};

/// Where WeChat Pay tells us what happened.
pub const NOTIFY_PATH: &str = "/webhooks/payments/wechatpay";
/// How long WeChat Pay may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The library's desk at WeChat Pay.
#[derive(Debug, Clone)]
pub struct Desk {
    /// Our account there.
    pub account: Arc<Account>,
    /// The way to it.
    pub platform: Outbound,
    /// The time.
    pub clock: Clock,
    /// Makes signatures differ.
    pub entropy: Entropy,
    /// Our own address, for what it tells us.
    pub public_url: String,
}

/// Where a function finds what its desk needs.
#[derive(Debug)]
pub struct Settings {
    secret: String,
    url: String,
    public_url: String,
}

impl Settings {
    /// Reads the environment; missing variables are noted in `vars`.
    pub fn read(vars: &mut Vars) -> Self {
        Self {
            secret: vars.required("PAYMENT_SECRET_ID"),
            url: vars.required("WECHATPAY_URL"),
            public_url: vars.required("PUBLIC_URL"),
        }
    }

    /// Opens the desk.
    ///
    /// # Errors
    /// [`StartError`] when the account is not there or not readable.
    pub async fn open(self, clients: &Clients, edge: &Edge) -> Result<Desk, StartError> {
        let account = Account::parse(&clients.secret(&self.secret).await?)
            .map_err(|_| StartError::Shape("PAYMENT_SECRET_ID"))?;
        Ok(Desk::new(account, &self.url, self.public_url, edge.clock.clone(), edge.entropy.clone()))
    }
}

/// What a page needs to let its reader pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// The parameters of the cashier inside WeChat.
    Jsapi(Cashier),
    /// The text of a code that is scanned.
    Native(String),
    /// A link that leads into WeChat.
    H5(String),
}

/// How a payment stands at the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It was made.
    Paid(Paid),
    /// It was not, and can still be.
    Open,
    /// It was not, and cannot be any more.
    Closed,
    /// The platform was never asked for it.
    Unknown,
}

/// What the platform told by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Something about a payment.
    Payment(Transaction),
    /// Something about a refund.
    Refund(RefundNews),
}

/// Why the desk has nothing.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// It may work next time.
    #[error("no answer from the payment platform: {0}")]
    Transient(String),
    /// The platform says no.
    #[error("the payment platform refuses: {0:?}")]
    Refused(Code),
    /// What the platform says is not about what was asked: for people to look at.
    #[error("not what was asked: {0}")]
    NotOurs(#[from] NotOurs),
    /// It cannot even be asked.
    #[error("cannot be asked: {0}")]
    Unfit(String),
}

/// Why a message is not believed.
#[derive(Debug, thiserror::Error)]
pub enum NotBelieved {
    /// It is not the platform's, or too old.
    #[error(transparent)]
    Unproven(#[from] VerifyError),
    /// The platform's, but nothing that we know.
    #[error(transparent)]
    Unreadable(#[from] NotificationError),
}

impl Desk {
    /// The desk that asks the platform at `url`.
    pub fn new(account: Account, url: &str, public_url: String, clock: Clock, entropy: Entropy) -> Self {
        Self {
            account: Arc::new(account),
            platform: Outbound::new(url, PATIENCE),
            clock,
            entropy,
            public_url,
        }
    }

    /// Asks for a payment: what its reader's page needs.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn ask_for(&self, payment: &Payment, way: Way) -> Result<Page, DeskError> {
        let prepay = Prepay {
            way,
            trade_no: trade_no(payment)?,
            description: text::bill(&payment.purpose),
            amount: payment.amount,
            expires: payment.until,
            notify_url: self.notify_url(),
        };
        let request = prepay.request(&self.account).map_err(|error| DeskError::Unfit(error.to_string()))?;
        let reply = self.call(request).await?;
        let checkout = prepay.read(self.proven(&reply)?)?;
        Ok(match checkout {
            Checkout::Jsapi(id) => {
                let cashier = Cashier::open(&self.account, &id, self.clock.now(), &self.nonce()?);
                Page::Jsapi(cashier.map_err(|error| DeskError::Transient(error.to_string()))?)
            }
            Checkout::Native(code) => Page::Native(code),
            Checkout::H5(link) => Page::H5(link),
        })
    }

    /// Asks whether a payment was made.
    ///
    /// # Errors
    /// [`DeskError`]; [`DeskError::NotOurs`] when another amount was paid than is owed.
    pub async fn find(&self, payment: &Payment) -> Result<Found, DeskError> {
        let query = Query { trade_no: trade_no(payment)? };
        let reply = self.call(query.request(&self.account)).await?;
        let told = match self.proven(&reply) {
            Ok(proven) => query.read(proven)?,
            Err(DeskError::Refused(Code::OrderNotExist | Code::ResourceNotExists)) => {
                return Ok(Found::Unknown);
            }
            Err(error) => return Err(error),
        };
        Ok(match self.paid(payment, &told)? {
            Some(paid) => Found::Paid(paid),
            None => match told.state {
                TradeState::Closed | TradeState::Revoked => Found::Closed,
                TradeState::Success
                | TradeState::Refund
                | TradeState::NotPay
                | TradeState::UserPaying
                | TradeState::PayError
                | TradeState::Accept => Found::Open,
            },
        })
    }

    /// Has the platform take no more money for a payment. One that was made meanwhile, or that it never heard of, is left as it is:
    /// [`Desk::find`] tells.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn close(&self, payment: &Payment) -> Result<(), DeskError> {
        let close = Close { trade_no: trade_no(payment)? };
        let reply = self.call(close.request(&self.account)).await?;
        match self.proven(&reply) {
            Ok(_)
            | Err(DeskError::Refused(
                Code::OrderPaid | Code::OrderClosed | Code::OrderNotExist | Code::ResourceNotExists,
            )) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Asks for the refund `n` of a payment, by its one number: how it stands.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn give_back(
        &self,
        payment: &Payment,
        n: usize,
        amount: Fen,
    ) -> Result<RefundState, DeskError> {
        let number = refund_no(payment, n)?;
        let refund = Refund {
            trade_no: trade_no(payment)?,
            refund_no: number.clone(),
            reason: text::REFUND_REASON.to_owned(),
            amount,
            total: payment.amount,
            notify_url: self.notify_url(),
        };
        let request = refund.request();
        let reply = self.call(request).await?;
        let news = match self.proven(&reply) {
            Ok(proven) => refund.read(proven)?,
            // The payer's account is closed: the money goes back another way.
            Err(DeskError::Refused(Code::UserAccountAbnormal)) => return Ok(RefundState::Abnormal),
            Err(error) => return Err(error),
        };
        news.check(&self.account, &number, amount)?;
        Ok(news.state)
    }

    /// Reads what the platform tells by itself, if it is the platform.
    ///
    /// # Errors
    /// [`NotBelieved`].
    pub fn hear(&self, headers: &HeaderMap, body: &[u8]) -> Result<Told, NotBelieved> {
        let headers = Headers::read(|name| headers.get(name).and_then(|value| value.to_str().ok()));
        let proven = verify(&self.account, &headers, body, self.clock.now())?;
        Ok(match Notification::parse(&self.account, proven)?.event {
            Event::Paid(told) => Told::Payment(told),
            Event::Refund(told) => Told::Refund(told),
        })
    }

    /// What was paid for `payment`, by what the platform says of it; `None` when nothing was.
    ///
    /// # Errors
    /// [`NotOurs`] when it is about something else, or about another amount.
    pub fn paid(&self, payment: &Payment, told: &Transaction) -> Result<Option<Paid>, NotOurs> {
        let number = TradeNo::parse(payment.no().as_str()).map_err(|_| NotOurs::Number)?;
        told.payment(&self.account, &number, payment.amount)
    }

    /// Whether what the platform says of a refund is about refund `n` of `payment`.
    ///
    /// # Errors
    /// [`NotOurs`].
    pub fn fits(&self, payment: &Payment, n: usize, told: &RefundNews) -> Result<(), NotOurs> {
        let number = RefundNo::parse(&payment.refund_no(n)).map_err(|_| NotOurs::Number)?;
        let place = n.checked_sub(1).and_then(|place| payment.refunds.get(place));
        told.check(&self.account, &number, place.ok_or(NotOurs::Number)?.amount)
    }

    fn notify_url(&self) -> String {
        format!("{}{NOTIFY_PATH}", self.public_url.trim_end_matches('/'))
    }

    fn nonce(&self) -> Result<Nonce, DeskError> {
        let chance = self.entropy.bytes().map_err(|error| DeskError::Transient(error.to_string()))?;
        Ok(Nonce::new(u128::from_be_bytes(chance)))
    }

    async fn call(&self, request: Request) -> Result<Answer, DeskError> {
        let signed = request
            .sign(&self.account, self.clock.now(), &self.nonce()?)
            .map_err(|error| DeskError::Transient(error.to_string()))?;
        self.platform
            .send(signed.method.name(), &signed.path, &signed.headers, signed.body)
            .await
            .map_err(|error| DeskError::Transient(error.to_string()))
    }

    fn proven<'a>(&self, reply: &'a Answer) -> Result<yujie_payments::wechatpay::Verified<'a>, DeskError> {
        let headers = Headers::read(|name| reply.header(name));
        answer(&self.account, reply.status, &headers, &reply.body, self.clock.now()).map_err(refused)
    }
}

impl From<Unreadable> for DeskError {
    fn from(error: Unreadable) -> Self {
        Self::Transient(error.to_string())
    }
}

fn refused(error: CallError) -> DeskError {
    if error.is_transient() {
        return DeskError::Transient(error.to_string());
    }
    match error {
        CallError::Refused(ApiError { code, .. }) => DeskError::Refused(code),
        error @ (CallError::Unproven(_) | CallError::Unreadable(_)) => {
            DeskError::Transient(error.to_string())
        }
    }
}

fn trade_no(payment: &Payment) -> Result<TradeNo, DeskError> {
    TradeNo::parse(payment.no().as_str()).map_err(|error| DeskError::Unfit(error.to_string()))
}

fn refund_no(payment: &Payment, n: usize) -> Result<RefundNo, DeskError> {
    RefundNo::parse(&payment.refund_no(n)).map_err(|error| DeskError::Unfit(error.to_string()))
}
