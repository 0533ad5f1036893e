//! Giving money back (退款).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::money::Fen;

use super::call::{maybe, read};
use super::prepay::text;
use super::{Account, NotOurs, RefundNo, Request, TradeNo, Unreadable, Verified};

/// The longest reason, in characters.
const REASON: usize = 80;

/// Money to be given back, within a year of its payment. Repeating it under the same number is safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Which trade was paid.
    pub trade_no: TradeNo,
    /// Our number of this refund.
    pub refund_no: RefundNo,
    /// Why, for the reader. Only its first 80 characters are sent.
    pub reason: String,
    /// How much is given back.
    pub amount: Fen,
    /// How much had been paid.
    pub total: Fen,
    /// Where the news go: public, without a query.
    pub notify_url: String,
}

impl Refund {
    /// The request.
    pub fn request(&self) -> Request {
        let reason: String = self.reason.chars().take(REASON).collect();
        let body = Body {
            out_trade_no: self.trade_no.as_str(),
            out_refund_no: self.refund_no.as_str(),
            reason: &reason,
            notify_url: &self.notify_url,
            amount: Amount { refund: self.amount, total: self.total, currency: "CNY" },
        };
        Request::post("/v3/refund/domestic/refunds", text(&body))
    }

    /// Reads the reply. It is seldom the end: most refunds are [`RefundState::Processing`] at first.
    pub fn read(&self, reply: Verified<'_>) -> Result<RefundNews, Unreadable> {
        read(reply.body())
    }
}

/// The question how a refund stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundQuery {
    /// Our number of the refund.
    pub refund_no: RefundNo,
}

impl RefundQuery {
    /// The request.
    pub fn request(&self) -> Request {
        Request::get(format!("/v3/refund/domestic/refunds/{}", self.refund_no))
    }

    /// Reads the reply.
    pub fn read(&self, reply: Verified<'_>) -> Result<RefundNews, Unreadable> {
        read(reply.body())
    }
}

#[derive(Serialize)]
struct Body<'a> {
    out_trade_no: &'a str,
    out_refund_no: &'a str,
    reason: &'a str,
    notify_url: &'a str,
    amount: Amount,
}

#[derive(Serialize)]
struct Amount {
    refund: Fen,
    total: Fen,
    currency: &'static str,
}

/// How a refund stands, from a reply or from a notification.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RefundNews {
    /// Whose it is. Only notifications say so; a reply belongs to the request.
    #[serde(default, rename = "mchid", deserialize_with = "maybe")]
    pub mch_id: Option<String>,
    /// Our number of the trade.
    #[serde(rename = "out_trade_no")]
    pub trade_no: String,
    /// Our number of the refund.
    #[serde(rename = "out_refund_no")]
    pub refund_no: String,
    /// The platform's number of the refund.
    pub refund_id: String,
    /// How it stands. Notifications have another name for it.
    #[serde(rename = "status", alias = "refund_status")]
    pub state: RefundState,
    /// When the money arrived.
    #[serde(default, deserialize_with = "maybe")]
    pub success_time: Option<Timestamp>,
    /// How much.
    pub amount: RefundAmount,
}

/// What a refund is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct RefundAmount {
    /// How much is given back.
    pub refund: Fen,
    /// How much had been paid.
    pub total: Fen,
}

/// How a refund stands (`status`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RefundState {
    /// The money has arrived.
    Success,
    /// Ended without effect; another refund may be made.
    Closed,
    /// Under way.
    Processing,
    /// The payer's card or account does not take it. Somebody has to choose another way, in the platform's pages (异常退款).
    Abnormal,
}

impl RefundNews {
    /// Checks that these news are about `refund_no`, for `amount`, of ours.
    pub fn check(&self, account: &Account, refund_no: &RefundNo, amount: Fen) -> Result<(), NotOurs> {
        if self.mch_id.as_deref().is_some_and(|mch_id| mch_id != account.mch_id()) {
            Err(NotOurs::Merchant)
        } else if self.refund_no != refund_no.as_str() {
            Err(NotOurs::Number)
        } else if self.amount.refund != amount {
            Err(NotOurs::Amount)
        } else {
            Ok(())
        }
    }
}
