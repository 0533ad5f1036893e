//! What the platform answers to a booking.

use std::fmt;

use serde::Deserialize;
use yujie_domain::Waybill;

use super::lenient::{self, Lenient, Text};

/// A booking that the platform accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// The platform's task.
    pub task_id: String,
    /// The platform's order.
    pub order_id: String,
    /// The parcel's number, unless the carrier gives it only on collection.
    pub waybill: Option<Waybill>,
}

impl Booked {
    /// Reads the reply to a [`Booking`](super::Booking).
    pub fn parse(reply: &[u8]) -> Result<Self, BookingError> {
        let Details { task_id, order_id, kuaidinum } = match answer(reply) {
            Answer::Yes(details) => details,
            Answer::No(refusal) => return Err(BookingError::of(refusal)),
            Answer::Unreadable => return Err(BookingError::Unreadable),
        };
        let (Some(task_id), Some(order_id)) = (task_id.some(), order_id.some()) else {
            return Err(BookingError::Unreadable);
        };
        Ok(Self { task_id, order_id, waybill: Waybill::parse(kuaidinum.as_str()).ok() })
    }
}

/// Why there is no booking, by what has to happen next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookingError {
    /// No reply of this protocol, such as a gateway's error page.
    #[error("the platform's reply cannot be read")]
    Unreadable,
    /// The platform failed.
    #[error("the platform failed: {0}")]
    Busy(Refusal),
    /// Our key, signature or credit is at fault: no booking will succeed until somebody sees to it.
    #[error("the platform refuses our account: {0}")]
    Account(Refusal),
    /// This booking is at fault, such as its address, or the carrier does not serve it.
    #[error("the booking is refused: {0}")]
    Refused(Refusal),
}

impl BookingError {
    fn of(refusal: Refusal) -> Self {
        if refusal.is_about_account() {
            Self::Account(refusal)
        } else if refusal.code == "500" {
            Self::Busy(refusal)
        } else {
            Self::Refused(refusal)
        }
    }

    /// Whether the same request may succeed later. Repeating it is safe: it has an idempotency key.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreadable | Self::Busy(_))
    }
}

/// The platform's own words.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its code.
    pub code: String,
    /// Its explanation, for the staff. It may repeat the reader's address, so it is not shown by `Debug` and `Display`.
    pub message: String,
}

impl Refusal {
    /// Whether our key, signature or credit is at fault, whatever was asked for.
    pub(super) fn is_about_account(&self) -> bool {
        ["503", "600", "601"].contains(&self.code.as_str())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "code {}", self.code)
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal").field("code", &self.code).finish_non_exhaustive()
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Reply {
    result: Text,
    return_code: Text,
    message: Text,
    data: Lenient<Details>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Details {
    task_id: Text,
    order_id: Text,
    kuaidinum: Text,
}

/// A reply, by what it says.
pub(super) enum Answer {
    /// Yes, and what there is to know.
    Yes(Details),
    /// No.
    No(Refusal),
    /// Neither: not of this protocol.
    Unreadable,
}

/// Reads a reply, whatever was asked for.
pub(super) fn answer(reply: &[u8]) -> Answer {
    let Ok(Reply { result, return_code, message, data: Lenient(details) }) = lenient::object(reply) else {
        return Answer::Unreadable;
    };
    if result.as_str() == "true" && return_code.as_str() == "200" {
        return Answer::Yes(details);
    }
    match return_code.some() {
        Some(code) => Answer::No(Refusal { code, message: message.some().unwrap_or_default() }),
        None => Answer::Unreadable,
    }
}
