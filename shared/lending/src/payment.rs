//! What a reader owes for an order: paid, not paid in time, given back.
//!
//! Whatever tells first that it was paid settles it: the payment and the order that waits for it change in one transaction. The other one finds it
//! done.

use jiff::Timestamp;
use yujie_domain::money::Fen;
use yujie_domain::order as rule;
use yujie_domain::parcel::{Command, Outcome};
use yujie_domain::payment::{self as domain, Payment, Refusal, State};
use yujie_domain::rules::About;
use yujie_domain::{OrderNo, PaymentNo, ReaderId};
use yujie_runtime::metrics::{self, Unit};
use yujie_table::order::{Head, Order};
use yujie_table::{TableError, TransactError, order, payment, rules};

use crate::cancel::Why;
use crate::work::Work;
use crate::{Fault, Lending, TRIES};

/// What the provider says of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// How much was paid.
    pub amount: Fen,
    /// When.
    pub at: Timestamp,
    /// The provider's number for it.
    pub transaction: String,
}

/// What came of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The order goes on.
    Now,
    /// It was known.
    Already,
    /// Nobody wanted it any more: the money goes back.
    TooLate,
}

/// Why nothing was done about a payment.
#[derive(Debug, thiserror::Error)]
pub enum PayError {
    /// There is no such payment.
    #[error("no such payment")]
    NotFound,
    /// It does not fit what is owed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<TableError> for PayError {
    fn from(error: TableError) -> Self {
        Self::Fault(error.into())
    }
}

impl Lending {
    /// Notes that a payment was made. The order that waits for it goes on, promised anew from now; what was paid for nothing goes back.
    ///
    /// # Errors
    /// [`PayError`]; then nothing was changed.
    pub async fn paid(&self, rid: &ReaderId, no: &PaymentNo, receipt: &Receipt) -> Result<Settled, PayError> {
        let order_no = no.order_no().map_err(|_| PayError::NotFound)?;
        let command = domain::Command::Paid {
            amount: receipt.amount,
            at: receipt.at,
            transaction: receipt.transaction.clone(),
        };
        for _ in 0..TRIES {
            let (order, owed) = self.owed(rid, &order_no).await?;
            let mut work = Work::begin(self, self.edge.clock.now()).await?;
            let next = match owed.decide(&command, work.now)? {
                domain::Outcome::Changed(next) => next,
                domain::Outcome::Already => return Ok(Settled::Already),
            };
            work.write(payment::replace(&next)?);
            let wanted = owed.state == State::Due;
            if wanted {
                work.go_on(order).await?;
            }
            if work.commit().await? {
                return Ok(if wanted { Settled::Now } else { Settled::TooLate });
            }
        }
        Err(TableError::Busy.into())
    }

    /// Gives an order up that was not paid in time: each copy goes to the next reader in line, or is free where it stands. `false` when there is
    /// still time, when it was paid, or when it was given up before.
    ///
    /// # Errors
    /// [`PayError`]; then nothing was changed.
    pub async fn lapse(&self, rid: &ReaderId, no: &PaymentNo) -> Result<bool, PayError> {
        let order_no = no.order_no().map_err(|_| PayError::NotFound)?;
        for _ in 0..TRIES {
            let (order, owed) = self.owed(rid, &order_no).await?;
            let mut work = Work::begin(self, self.edge.clock.now()).await?;
            let next = match owed.decide(&domain::Command::Lapse, work.now) {
                Ok(domain::Outcome::Changed(next)) => next,
                Ok(domain::Outcome::Already) | Err(Refusal::TooEarly) => return Ok(false),
                Err(refusal) => return Err(refusal.into()),
            };
            let (done, parcels) = work.give_up(&order, &[], &Why::Unpaid).await?;
            work.write(payment::replace(&next)?);
            work.take_off(&Order { payment: None, ..order }, &done, parcels).await?;
            if work.commit().await? {
                return Ok(true);
            }
        }
        Err(TableError::Busy.into())
    }

    /// Notes what the provider did about a payment that the order does not hang on. A refund that is stuck rings: people have to give the money back.
    ///
    /// # Errors
    /// [`PayError`]; then nothing was changed.
    pub async fn note(
        &self,
        rid: &ReaderId,
        no: &PaymentNo,
        command: &domain::Command,
    ) -> Result<(), PayError> {
        let order_no = no.order_no().map_err(|_| PayError::NotFound)?;
        for _ in 0..TRIES {
            let owed = payment::of_order(&self.table, rid, &order_no).await?.ok_or(PayError::NotFound)?;
            let next = match owed.decide(command, self.edge.clock.now())? {
                domain::Outcome::Changed(next) => next,
                domain::Outcome::Already => return Ok(()),
            };
            match self.table.write(payment::replace(&next)?).await {
                Ok(()) => {
                    self.tell(&next, command);
                    return Ok(());
                }
                Err(TransactError::Refused(_)) => {}
                Err(TransactError::Table(error)) => return Err(error.into()),
            }
        }
        Err(TableError::Busy.into())
    }

    fn tell(&self, payment: &Payment, command: &domain::Command) {
        match command {
            domain::Command::Stuck { n } => {
                let now = self.edge.clock.now().as_millisecond();
                metrics::put("payments", now, &[("refunds_stuck", Unit::Count, 1)]);
                tracing::error!(
                    refund.no = payment.refund_no(*n),
                    "stuck: people have to give the money back"
                );
            }
            domain::Command::Refunded { n } => {
                tracing::info!(refund.no = payment.refund_no(*n), "given back");
            }
            domain::Command::Paid { .. }
            | domain::Command::Waive { .. }
            | domain::Command::Lapse
            | domain::Command::Closed => {}
        }
    }

    async fn owed(&self, rid: &ReaderId, order_no: &OrderNo) -> Result<(Order, Payment), PayError> {
        let order = order::get(&self.table, rid, order_no).await?.ok_or(PayError::NotFound)?;
        let owed = order.payment.clone().ok_or(PayError::NotFound)?;
        Ok((order, owed))
    }
}

impl Work<'_> {
    /// Decides on a payment and takes it, if it changes.
    pub(crate) fn settle_payment(
        &mut self,
        owed: &Payment,
        command: &domain::Command,
    ) -> Result<Option<Payment>, Fault> {
        match owed.decide(command, self.now) {
            Ok(domain::Outcome::Changed(next)) => {
                self.write(payment::replace(&next)?);
                Ok(Some(*next))
            }
            Ok(domain::Outcome::Already) => Ok(None),
            Err(refusal) => Err(Fault::Unsound(refusal.to_string())),
        }
    }

    /// An order that was paid goes on. It is promised as if it were placed now, by the rules that it was decided under: while it waited nobody
    /// could work on it. A slot that its reader chose stays.
    async fn go_on(&mut self, order: Order) -> Result<(), Fault> {
        let table = &self.lending.table;
        let under = rules::get(table, order.head.rules).await?.map(|version| version.rules);
        let class = self.account(&order.head.rid).await?.map(|account| account.class).unwrap_or_default();
        let about = About::card(class).at(order.head.destination.site());
        let counted = rule::counted_from(under.as_ref().unwrap_or(&self.rules), &about, self.now);
        let before = order.head.promised_by;
        let promised_by = if order.head.slot.is_some() { before } else { counted.max(before) };
        for parcel in &order.parcels {
            if let Ok(Outcome::Changed(next)) = parcel.decide(&Command::Paid { promised_by }, self.now) {
                self.store(&next)?;
            }
        }
        let head = Head { promised_by, version: order.head.version + 1, ..order.head };
        self.write(order::replace(&head)?);
        Ok(())
    }
}
