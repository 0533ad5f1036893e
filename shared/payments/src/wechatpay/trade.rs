//! Asking how a trade stands (查询订单), and ending it (关闭订单).

use serde::Serialize;

use super::call::read;
use super::prepay::text;
use super::{Account, Request, TradeNo, Transaction, Unreadable, Verified};

/// The question how a trade stands. This, not the notification, is what can be relied upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Our number.
    pub trade_no: TradeNo,
}

impl Query {
    /// The request.
    pub fn request(&self, account: &Account) -> Request {
        Request::get(format!(
            "/v3/pay/transactions/out-trade-no/{}?mchid={}",
            self.trade_no,
            account.mch_id()
        ))
    }

    /// Reads the reply.
    pub fn read(&self, reply: Verified<'_>) -> Result<Transaction, Unreadable> {
        read(reply.body())
    }
}

/// The wish that a trade can be paid no more. Repeating it is safe. A trade that was paid answers
/// [`Code::OrderPaid`](super::Code::OrderPaid); to any other the reply is a success without a body, which [`answer`](super::answer())
/// alone reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    /// Our number.
    pub trade_no: TradeNo,
}

impl Close {
    /// The request.
    pub fn request(&self, account: &Account) -> Request {
        #[derive(Serialize)]
        struct Body<'a> {
            mchid: &'a str,
        }
        let path = format!("/v3/pay/transactions/out-trade-no/{}/close", self.trade_no);
        Request::post(path, text(&Body { mchid: account.mch_id() }))
    }
}
