//! WeChat Pay (微信支付), API v3.
//!
//! In the order of a payment's life: a [`Prepay`] asks for it, by one of three [`Way`]s, and its reply is the [`Checkout`] that the
//! reader is shown (inside WeChat by a [`Cashier`]). That the reader has paid is told by a [`Notification`], which may be late,
//! repeated or lost, so it is also asked for by a [`Query`]. A [`Close`] ends what was not paid; a [`Refund`] gives money back, with
//! news of its own.
//!
//! Each of these writes a [`Request`], which nobody can send before it is signed. Nothing that comes back can be read before it is
//! proven: the only way from bytes to meaning leads through [`Verified`], made by [`verify`] for notifications and by [`answer`] for
//! replies.

mod account;
mod call;
mod cashier;
mod error;
mod keys;
mod notification;
mod number;
mod prepay;
mod refund;
mod request;
mod trade;
mod transaction;
mod verify;

pub use account::{Account, AccountError};
pub use call::{CallError, Unreadable, answer};
pub use cashier::{Cashier, PrepayId};
pub use error::{ApiError, Code};
pub use notification::{ACCEPTED, Event, FAILED, Notification, NotificationError};
pub use number::{RefundNo, TradeNo};
pub use prepay::{Checkout, Prepay, Unfit, Way};
pub use refund::{Refund, RefundNews, RefundQuery, RefundState};
pub use request::{HOST, Method, Nonce, Request, SPARE_HOST, SignedRequest, SigningFailed};
pub use trade::{Close, Query};
pub use transaction::{NotOurs, Payment, TradeState, Transaction};
pub use verify::{Headers, Verified, VerifyError, verify};
