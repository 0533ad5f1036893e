//! What the platform tells by itself (回调通知).
//!
//! It wants an answer within five seconds: status 200 with [`ACCEPTED`], or 4xx or 5xx with [`FAILED`], after which it tries again up to
//! 15 times within a day. It may tell the same twice, at the same moment too, and may tell nothing at all.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::call::read;
use super::{Account, RefundNews, Transaction, Unreadable, Verified};

/// "We have it."
pub const ACCEPTED: &str = r#"{"code":"SUCCESS","message":"成功"}"#;
/// "Send it again later", or "you are not who you say".
pub const FAILED: &str = r#"{"code":"FAIL","message":"失败"}"#;

/// A notification, opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The platform's name for it: repetitions have the same.
    pub id: String,
    /// What has happened.
    pub event: Event,
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A trade was paid (`TRANSACTION.SUCCESS`). Whether it is ours, [`Transaction::payment`] tells.
    Paid(Transaction),
    /// A refund has ended, well or not (`REFUND.SUCCESS`, `REFUND.ABNORMAL`, `REFUND.CLOSED`).
    Refund(RefundNews),
}

/// Why a proven notification cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotificationError {
    /// Not the documented envelope.
    #[error("envelope: {0}")]
    Envelope(Unreadable),
    /// About something that we never asked for. Repetitions do not help.
    #[error("the event is of an unknown type")]
    UnknownEvent,
    /// Sealed in another way than AES-256-GCM.
    #[error("it is sealed in an unknown way")]
    Algorithm,
    /// Sealed with another `APIv3` key than ours: the one in the secret is out of date.
    #[error("it cannot be opened")]
    Sealed,
    /// What was sealed is not what the documentation says.
    #[error("content: {0}")]
    Content(Unreadable),
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    event_type: String,
    resource_type: String,
    resource: Resource,
}

#[derive(Deserialize)]
struct Resource {
    original_type: String,
    algorithm: String,
    ciphertext: String,
    #[serde(default)]
    associated_data: Option<String>,
    nonce: String,
}

/// The two kinds of what a notification may hold.
enum Kind {
    Transaction,
    Refund,
}

impl Notification {
    /// Opens a proven notification.
    pub fn parse(account: &Account, notification: Verified<'_>) -> Result<Self, NotificationError> {
        let Envelope { id, event_type, resource_type, resource } =
            read(notification.body()).map_err(NotificationError::Envelope)?;
        let kind = match (event_type.as_str(), resource.original_type.as_str()) {
            ("TRANSACTION.SUCCESS", "transaction") => Kind::Transaction,
            ("REFUND.SUCCESS" | "REFUND.ABNORMAL" | "REFUND.CLOSED", "refund") => Kind::Refund,
            _ => return Err(NotificationError::UnknownEvent),
        };
        if (resource_type.as_str(), resource.algorithm.as_str()) != ("encrypt-resource", "AEAD_AES_256_GCM") {
            return Err(NotificationError::Algorithm);
        }
        let associated = resource.associated_data.as_deref().unwrap_or_default();
        let opened = STANDARD
            .decode(&resource.ciphertext)
            .ok()
            .and_then(|sealed| account.opening().open(&resource.nonce, associated, sealed))
            .ok_or(NotificationError::Sealed)?;
        let event = match kind {
            Kind::Transaction => read(&opened).map(Event::Paid),
            Kind::Refund => read(&opened).map(Event::Refund),
        };
        Ok(Self { id, event: event.map_err(NotificationError::Content)? })
    }
}
