//! A payment: an amount that a reader owes, whether it was paid, and what was given back of it.
//!
//! It is settled once, by whatever tells of it first: the provider's notification or our own question. The provider may tell of it after the
//! time was over, or after the order was cancelled; money that comes for nothing goes back at once.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{Invalid, OrderNo, PaymentNo, ReaderId};
use crate::money::Fen;
use crate::order::Fee;
use crate::rules::{About, RuleSet};

/// What an amount is owed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// For bringing an order to the door.
    Delivery {
        /// Which order.
        order_no: OrderNo,
        /// What each of its books but the first added to the amount.
        more: Fen,
    },
}

impl Purpose {
    /// The payment's number: it says what it is for, so that whoever is told a number finds the payment.
    pub fn no(&self) -> PaymentNo {
        match self {
            Self::Delivery { order_no, .. } => PaymentNo::of_delivery(order_no),
        }
    }

    /// What is not owed any more when `cancelled` of an order's books are given up and `left` stay: what those books added, or all of it.
    pub fn share(&self, amount: Fen, cancelled: usize, left: usize) -> Fen {
        match self {
            Self::Delivery { .. } if left == 0 => amount,
            Self::Delivery { more, .. } => {
                more.times(u32::try_from(cancelled).unwrap_or(u32::MAX)).min(amount)
            }
        }
    }
}

impl PaymentNo {
    /// The number under which an order's delivery is paid.
    pub fn of_delivery(order_no: &OrderNo) -> Self {
        // Seventeen letters and digits: the provider takes 6 to 32.
        Self::made(format!("{DELIVERY}{order_no}"))
    }

    /// The order whose delivery is paid under this number.
    ///
    /// # Errors
    /// [`Invalid`] for a number that we never gave.
    pub fn order_no(&self) -> Result<OrderNo, Invalid> {
        const WRONG: Invalid = Invalid::new("payment_no", "not a number of ours");
        self.as_str().strip_prefix(DELIVERY).ok_or(WRONG).and_then(OrderNo::parse)
    }
}

/// What the number of a payment for a delivery begins with.
const DELIVERY: char = 'D';

/// How a payment stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is to be paid.
    Due,
    /// It was paid.
    Paid {
        /// When, by the provider's clock.
        at: Timestamp,
        /// The provider's own number for it.
        transaction: String,
    },
    /// It is not wanted any more: its time is over, or what it was for was given up.
    Lapsed {
        /// Whether the provider takes no money for it any more.
        closed: bool,
    },
}

/// How long after its time a payment may still be made in a page that was open: what the provider hands out for a page is good for two hours from
/// whenever it was asked for, and that is before the time is over.
const PAGES_LIVE: SignedDuration = SignedDuration::from_hours(2);

/// How a payment stands, as its reader sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PaymentState)]
pub enum Shown {
    /// It is to be paid.
    Due,
    /// It was paid.
    Paid,
    /// It is not to be paid any more.
    Lapsed,
    /// Something of it goes back.
    Refunding,
    /// All of it is with the reader again.
    Refunded,
    /// It was paid, and what was to go back of it is with the reader.
    PartlyRefunded,
    /// The provider cannot give it back by itself; people do.
    RefundStuck,
}

impl Shown {
    /// How `payment` stands.
    pub fn of(payment: &Payment) -> Self {
        let any = |state| payment.refunds.iter().any(|refund| refund.state == state);
        match &payment.state {
            State::Due => Self::Due,
            State::Lapsed { .. } => Self::Lapsed,
            State::Paid { .. } if any(RefundState::Stuck) => Self::RefundStuck,
            State::Paid { .. } if any(RefundState::Asked) => Self::Refunding,
            State::Paid { .. } if payment.costs() == Fen::ZERO => Self::Refunded,
            State::Paid { .. } if any(RefundState::Done) => Self::PartlyRefunded,
            State::Paid { .. } => Self::Paid,
        }
    }
}

/// How far a refund is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// The provider is asked for it.
    Asked,
    /// The reader has the money.
    Done,
    /// The provider cannot give it back by itself: people have to.
    Stuck,
}

/// Money that goes back to the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// How much.
    pub amount: Fen,
    /// When it was asked for.
    pub asked: Timestamp,
    /// How far it is.
    pub state: RefundState,
}

/// A payment with all that decides what may happen to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Whose.
    pub rid: ReaderId,
    /// What for.
    pub purpose: Purpose,
    /// How much. It never changes: the provider takes a number with one amount only.
    pub amount: Fen,
    /// Since when it is owed.
    pub since: Timestamp,
    /// Until when it can be paid.
    pub until: Timestamp,
    /// How it stands.
    pub state: State,
    /// How much of it is not owed any more, of what was not paid yet: it goes back as soon as it is.
    pub waived: Fen,
    /// What went back, the first one first. A refund's number is its place, from 1.
    pub refunds: Vec<Refund>,
    /// Counts the changes: the condition of every write.
    pub version: u64,
}

/// What is asked of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The provider says that it was paid.
    Paid {
        /// How much.
        amount: Fen,
        /// When.
        at: Timestamp,
        /// The provider's number for it.
        transaction: String,
    },
    /// So much of it is not owed any more.
    Waive {
        /// How much.
        amount: Fen,
    },
    /// Its time is over, and it was not paid.
    Lapse,
    /// The provider takes no money for what is not wanted. That is final when no page can be open any more in which it could be paid all the same.
    Closed,
    /// The provider gave a refund to the reader.
    Refunded {
        /// Which, from 1.
        n: usize,
    },
    /// The provider cannot carry a refund out.
    Stuck {
        /// Which, from 1.
        n: usize,
    },
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It had happened before; nothing is to be written.
    Already,
    /// The payment as it is to be stored.
    Changed(Box<Payment>),
}

/// Why a command is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another amount was paid than is owed.
    #[error("{paid} yuan were paid for {owed}")]
    WrongAmount {
        /// What was paid.
        paid: Fen,
        /// What is owed.
        owed: Fen,
    },
    /// It was paid before, in another transaction.
    #[error("it was paid before, in transaction {transaction}")]
    PaidTwice {
        /// In which.
        transaction: String,
    },
    /// It can still be paid.
    #[error("there is still time to pay")]
    TooEarly,
    /// There is no such refund.
    #[error("there is no such refund")]
    NoSuchRefund,
}

impl Payment {
    /// A new payment.
    pub const fn new(
        rid: ReaderId,
        purpose: Purpose,
        amount: Fen,
        since: Timestamp,
        until: Timestamp,
    ) -> Self {
        Self {
            rid,
            purpose,
            amount,
            since,
            until,
            state: State::Due,
            waived: Fen::ZERO,
            refunds: Vec::new(),
            version: 1,
        }
    }

    /// What is owed for bringing an order of this moment to where it goes, before anybody takes it on; nothing for what is free.
    pub fn for_delivery(
        rid: &ReaderId,
        order_no: &OrderNo,
        fee: &Fee,
        rules: &RuleSet,
        about: &About<'_>,
        now: Timestamp,
    ) -> Option<Self> {
        let minutes = i64::from(rules.pay_minutes(about).value);
        let until = now.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(now);
        let purpose = Purpose::Delivery { order_no: order_no.clone(), more: fee.more };
        (fee.fen > Fen::ZERO).then(|| Self::new(rid.clone(), purpose, fee.fen, now, until))
    }

    /// Its number.
    pub fn no(&self) -> PaymentNo {
        self.purpose.no()
    }

    /// Whether the reader can pay it now.
    pub fn can_be_paid(&self, now: Timestamp) -> bool {
        self.state == State::Due && now < self.until
    }

    /// Whether something is still to be done about it at the provider.
    pub fn is_open(&self) -> bool {
        let unsettled = match &self.state {
            State::Due | State::Lapsed { closed: false } => true,
            State::Paid { .. } | State::Lapsed { closed: true } => false,
        };
        unsettled || self.refunds.iter().any(|refund| refund.state == RefundState::Asked)
    }

    /// The refunds that the provider is asked for: their places, from 1, and their amounts.
    pub fn asked(&self) -> impl Iterator<Item = (usize, Fen)> {
        let asked = (1..).zip(&self.refunds).filter(|(_, refund)| refund.state == RefundState::Asked);
        asked.map(|(n, refund)| (n, refund.amount))
    }

    /// The number of a refund, the same each time that it is asked for: another one would be paid out once more.
    pub fn refund_no(&self, n: usize) -> String {
        format!("{}-R{n}", self.no())
    }

    /// Which refund has this number, from 1.
    pub fn refund_of(&self, number: &str) -> Option<usize> {
        (1..=self.refunds.len()).find(|n| self.refund_no(*n) == number)
    }

    /// What has gone back or is going.
    pub fn refunded(&self) -> Fen {
        self.refunds.iter().fold(Fen::ZERO, |sum, refund| sum.plus(refund.amount))
    }

    /// What its reader pays in the end, as it stands.
    pub fn costs(&self) -> Fen {
        match self.state {
            State::Due | State::Paid { .. } => self.amount.less(self.refunded()).less(self.waived_of_due()),
            State::Lapsed { .. } => Fen::ZERO,
        }
    }

    /// What will go back as soon as it is paid.
    pub fn waived_of_due(&self) -> Fen {
        if self.state == State::Due { self.waived } else { Fen::ZERO }
    }

    /// Decides `command` at `now`.
    ///
    /// # Errors
    /// A [`Refusal`]; the payment stays as it is.
    pub fn decide(&self, command: &Command, now: Timestamp) -> Result<Outcome, Refusal> {
        match command {
            Command::Paid { amount, at, transaction } => self.paid(*amount, *at, transaction, now),
            Command::Waive { amount } => Ok(self.waive(*amount, now)),
            Command::Lapse => match self.state {
                State::Due if now < self.until => Err(Refusal::TooEarly),
                State::Due => Ok(self.turned(State::Lapsed { closed: false })),
                State::Paid { .. } | State::Lapsed { .. } => Ok(Outcome::Already),
            },
            Command::Closed => Ok(match self.state {
                State::Lapsed { closed: false } if now.duration_since(self.until) >= PAGES_LIVE => {
                    self.turned(State::Lapsed { closed: true })
                }
                State::Due | State::Paid { .. } | State::Lapsed { .. } => Outcome::Already,
            }),
            Command::Refunded { n } => self.refund_turned(*n, RefundState::Done),
            Command::Stuck { n } => self.refund_turned(*n, RefundState::Stuck),
        }
    }

    fn paid(
        &self,
        amount: Fen,
        at: Timestamp,
        transaction: &str,
        now: Timestamp,
    ) -> Result<Outcome, Refusal> {
        if amount != self.amount {
            return Err(Refusal::WrongAmount { paid: amount, owed: self.amount });
        }
        let back = match &self.state {
            State::Paid { transaction: known, .. } if known == transaction => return Ok(Outcome::Already),
            State::Paid { transaction: known, .. } => {
                return Err(Refusal::PaidTwice { transaction: known.clone() });
            }
            State::Due => self.waived,
            State::Lapsed { .. } => self.amount,
        };
        let mut next = self.clone();
        next.state = State::Paid { at, transaction: transaction.to_owned() };
        next.waived = Fen::ZERO;
        next.give_back(back, now);
        Ok(next.changed())
    }

    /// Of what was paid it goes back; of what was not it is not owed, and when nothing is owed any more nobody has to pay.
    fn waive(&self, amount: Fen, now: Timestamp) -> Outcome {
        let mut next = self.clone();
        match &self.state {
            State::Due => {
                next.waived = self.waived.plus(amount).min(self.amount);
                if next.waived == self.amount {
                    next.state = State::Lapsed { closed: false };
                }
            }
            State::Paid { .. } => next.give_back(amount, now),
            State::Lapsed { .. } => {}
        }
        if next == *self { Outcome::Already } else { next.changed() }
    }

    /// Asks for a refund, of no more than is left.
    fn give_back(&mut self, amount: Fen, now: Timestamp) {
        let amount = amount.min(self.amount.less(self.refunded()));
        if amount > Fen::ZERO {
            self.refunds.push(Refund { amount, asked: now, state: RefundState::Asked });
        }
    }

    fn refund_turned(&self, n: usize, state: RefundState) -> Result<Outcome, Refusal> {
        let mut next = self.clone();
        let place = n.checked_sub(1).and_then(|place| next.refunds.get_mut(place));
        let refund = place.ok_or(Refusal::NoSuchRefund)?;
        // The reader has the money: nothing that is told later takes it away.
        if refund.state == state || refund.state == RefundState::Done {
            return Ok(Outcome::Already);
        }
        refund.state = state;
        Ok(next.changed())
    }

    fn turned(&self, state: State) -> Outcome {
        Self { state, ..self.clone() }.changed()
    }

    fn changed(mut self) -> Outcome {
        self.version += 1;
        Outcome::Changed(Box::new(self))
    }
}

#[cfg(test)]
mod tests;
