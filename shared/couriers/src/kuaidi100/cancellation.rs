//! Calling a courier off (商家寄件取消), which the platform allows until the courier has collected the parcel.
//!
//! The request is posted to [`booking::PATH`](super::booking), as a booking is.

use jiff::Timestamp;

use super::outcome::{self, Answer, Refusal};
use super::{Credentials, booking};

/// The words for a parcel that is on its way.
const COLLECTED: [&str; 7] = ["已揽收", "已揽件", "已取件", "已收件", "运输中", "派送中", "已签收"];
/// The words for a booking that stands no more. Bare 已取消 may also count what others cancelled.
const CANCELLED: [&str; 6] =
    ["订单已取消", "订单已被取消", "状态为已取消", "订单已撤销", "已销单", "重复取消"];
/// The words for a booking that the platform does not have. Bare 不存在 is also said of keys and carriers.
const UNKNOWN: [&str; 6] =
    ["订单不存在", "任务不存在", "订单号不存在", "找不到订单", "未找到订单", "无此订单"];

/// A request to call the courier off. Repeating it is safe.
#[derive(Debug, Clone)]
pub struct Cancellation {
    /// [`Booked::task_id`](super::Booked::task_id).
    pub task_id: String,
    /// [`Booked::order_id`](super::Booked::order_id).
    pub order_id: String,
    /// Why, in words for the courier: at most 30 characters. That is the platform's rule where private people send (C端寄件下单取消
    /// 接口); for merchants it documents none.
    pub message: String,
}

impl Cancellation {
    /// The request's body, as of `now`.
    pub fn form(&self, credentials: &Credentials, now: Timestamp) -> String {
        let param = [("taskId", &self.task_id), ("orderId", &self.order_id), ("cancelMsg", &self.message)];
        booking::request("cancel", param.map(|(name, value)| (name, Some(value.clone()))), credentials, now)
    }
}

/// There is no booking any more: no courier comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// This request ended it.
    Done,
    /// It had ended before: by an earlier request whose reply was lost, or by the carrier.
    Already,
    /// The platform knows of no such booking. As good as done, but its numbers should be looked at.
    Unknown,
}

impl Cancelled {
    /// Reads the reply to a [`Cancellation`].
    ///
    /// The platform's code 500 stands for its own failure, for a booking that is cancelled already (C端寄件下单取消接口, 信息代码含义)
    /// and for the carrier's objections (同城配送取消下单接口). Only the message tells them apart, in words that are not documented:
    /// plain ones count, those for a collected parcel before all others, and what has none of them is no cancellation.
    ///
    /// # Errors
    /// [`CancellationError`]: the booking stands, or may stand.
    pub fn parse(reply: &[u8]) -> Result<Self, CancellationError> {
        match outcome::answer(reply) {
            Answer::Yes(_) => Ok(Self::Done),
            Answer::No(refusal) => Self::refused(refusal),
            Answer::Unreadable => Err(CancellationError::Unreadable),
        }
    }

    fn refused(refusal: Refusal) -> Result<Self, CancellationError> {
        let says = |words: &[&str]| words.iter().any(|word| refusal.message.contains(word));
        if refusal.is_about_account() {
            Err(CancellationError::Account(refusal))
        } else if says(&COLLECTED) {
            Err(CancellationError::TooLate(refusal))
        } else if says(&CANCELLED) {
            Ok(Self::Already)
        } else if says(&UNKNOWN) {
            Ok(Self::Unknown)
        } else if ["500", "501"].contains(&refusal.code.as_str()) {
            Err(CancellationError::Busy(refusal))
        } else {
            Err(CancellationError::Refused(refusal))
        }
    }
}

/// Why the booking stands or may stand, by what has to happen next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CancellationError {
    /// The courier has the parcel: it goes where it was booked to.
    #[error("the courier has collected the parcel: {0}")]
    TooLate(Refusal),
    /// No reply of this protocol, such as a gateway's error page.
    #[error("the platform's reply cannot be read")]
    Unreadable,
    /// The platform failed (500), or is still at work on the same request (501).
    #[error("the platform failed: {0}")]
    Busy(Refusal),
    /// Our key, signature or credit is at fault: nothing will be cancelled until somebody sees to it.
    #[error("the platform refuses our account: {0}")]
    Account(Refusal),
    /// This request is at fault, or the carrier objects to it.
    #[error("the cancellation is refused: {0}")]
    Refused(Refusal),
}

impl CancellationError {
    /// Whether the same request may succeed later. If an earlier one did after all, the answer will be [`Cancelled::Already`].
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreadable | Self::Busy(_))
    }
}
