//! A trade as the platform has it.

use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use yujie_domain::money::Fen;

use super::call::maybe;
use super::{Account, TradeNo};

/// A trade, from the reply to a [`Query`](super::Query) or from a notification.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Transaction {
    /// Whose official account it was made for.
    #[serde(rename = "appid")]
    pub app_id: String,
    /// Who gets the money.
    #[serde(rename = "mchid")]
    pub mch_id: String,
    /// Our number, if it is ours.
    #[serde(rename = "out_trade_no")]
    pub trade_no: String,
    /// How it stands.
    #[serde(rename = "trade_state")]
    pub state: TradeState,
    /// The platform's number, once it is paid.
    #[serde(default, deserialize_with = "maybe")]
    pub transaction_id: Option<String>,
    /// When it was paid.
    #[serde(default, deserialize_with = "maybe")]
    pub success_time: Option<Timestamp>,
    /// What was asked for. The payer may have paid less, with a coupon of the platform's, which makes up for it.
    #[serde(default)]
    pub amount: Option<Amount>,
}

/// An amount, as it stands in the platform's messages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Amount {
    /// How much.
    #[serde(default)]
    pub total: Option<Fen>,
    /// `CNY`.
    #[serde(default, deserialize_with = "maybe")]
    pub currency: Option<String>,
}

/// How a trade stands (`trade_state`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TradeState {
    /// Paid.
    Success,
    /// Paid, and at least a part was given back.
    Refund,
    /// Not paid yet. A failed attempt leaves it so.
    NotPay,
    /// It can be paid no more.
    Closed,
    /// Taken back; only where a cashier scans the payer's code, which we do not do. So are the next three.
    Revoked,
    /// The payer is entering the password.
    UserPaying,
    /// Paying failed.
    PayError,
    /// The bank has been asked.
    Accept,
}

/// A payment that we may credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The platform's number, by which the money is found in its bills.
    pub transaction_id: String,
    /// When.
    pub at: Timestamp,
    /// How much.
    pub amount: Fen,
    /// Whether some or all of it was given back since.
    pub refunded: bool,
}

/// Why a trade or a refund, though truly the platform's, is not the one that we asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOurs {
    /// Paid to somebody else.
    #[error("it is another merchant's")]
    Merchant,
    /// Made for another official account.
    #[error("it is another app's")]
    App,
    /// Another trade or refund.
    #[error("it has another number")]
    Number,
    /// Another amount, or none where there must be one.
    #[error("it has another amount")]
    Amount,
    /// Not in yuan.
    #[error("it has another currency")]
    Currency,
    /// It is said to be paid, but not when, or under which number.
    #[error("it is incomplete")]
    Incomplete,
}

impl Transaction {
    /// The payment, if this trade is `trade_no`, for `amount`, and was paid to us; `None` if it is that trade and was not paid, which
    /// [`Transaction::state`] tells more about.
    pub fn payment(
        &self,
        account: &Account,
        trade_no: &TradeNo,
        amount: Fen,
    ) -> Result<Option<Payment>, NotOurs> {
        let told = self.amount.as_ref();
        if self.mch_id != account.mch_id() {
            return Err(NotOurs::Merchant);
        }
        if self.app_id != account.app_id() {
            return Err(NotOurs::App);
        }
        if self.trade_no != trade_no.as_str() {
            return Err(NotOurs::Number);
        }
        if told.and_then(|told| told.currency.as_deref()).is_some_and(|currency| currency != "CNY") {
            return Err(NotOurs::Currency);
        }
        let total = told.and_then(|told| told.total);
        if total.is_some_and(|total| total != amount) {
            return Err(NotOurs::Amount);
        }
        let refunded = match self.state {
            TradeState::Success => false,
            TradeState::Refund => true,
            TradeState::NotPay
            | TradeState::Closed
            | TradeState::Revoked
            | TradeState::UserPaying
            | TradeState::PayError
            | TradeState::Accept => return Ok(None),
        };
        if total.is_none() {
            return Err(NotOurs::Amount);
        }
        let (Some(transaction_id), Some(at)) = (self.transaction_id.clone(), self.success_time) else {
            return Err(NotOurs::Incomplete);
        };
        Ok(Some(Payment { transaction_id, at, amount, refunded }))
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("trade_no", &self.trade_no)
            .field("state", &self.state)
            .field("amount", &self.amount)
            .finish_non_exhaustive()
    }
}
