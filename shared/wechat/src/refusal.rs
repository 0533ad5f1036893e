//! Replies that are no result. The platform says no with status 200 and an `errcode` that is not 0.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The platform's own words.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its `errcode`.
    pub code: i64,
    /// Its `errmsg`, for the staff: for 40164 it names the address that is not allowed, for 47003 the field. It may repeat what was
    /// sent, so it is not shown by `Debug` and `Display`.
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "errcode {}", self.code)
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal").field("code", &self.code).finish_non_exhaustive()
    }
}

/// No reply of this protocol, such as a gateway's error page. What was asked for may have been done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the platform's reply cannot be read (status {status})")]
pub struct Unreadable {
    /// The HTTP status.
    pub status: u16,
}

/// Why the platform does not let us in, by what has to happen next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// Our id, secret, rights or address is at fault: no call will succeed until somebody sees to it. 40164 means that the address
    /// from which we call is not on the account's list (IP白名单).
    #[error("the platform refuses our account: {0}")]
    Account(Refusal),
    /// We have asked too often today (45009).
    #[error("the quota of today is used up: {0}")]
    Quota(Refusal),
    /// The platform failed (-1), or we ask too fast (45011).
    #[error("the platform is busy: {0}")]
    Busy(Refusal),
    /// See [`Unreadable`].
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl AccessError {
    /// A refusal that is about nothing else than us and the platform: one that we do not know is our account's as well.
    pub(crate) fn of(refusal: Refusal) -> Self {
        match refusal.code {
            -1 | 45011 => Self::Busy(refusal),
            45009 => Self::Quota(refusal),
            _ => Self::Account(refusal),
        }
    }

    /// Whether the same request may succeed soon.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Busy(_) | Self::Unreadable(_) => true,
            Self::Account(_) | Self::Quota(_) => false,
        }
    }
}

/// Whether the token is at fault and not what was asked for: wrong (40001, 40014), missing (41001) or over (42001).
pub(crate) fn is_about_token(refusal: &Refusal) -> bool {
    matches!(refusal.code, 40001 | 40014 | 41001 | 42001)
}

/// A reply without a result.
pub(crate) enum No {
    Refused(Refusal),
    Unreadable(Unreadable),
}

/// Reads a reply.
pub(crate) fn read<T: DeserializeOwned>(status: u16, body: &[u8]) -> Result<T, No> {
    let unreadable = || No::Unreadable(Unreadable { status });
    let reply: Map<String, Value> = serde_json::from_slice(body).map_err(|_| unreadable())?;
    match reply.get("errcode").map(Value::as_i64) {
        None | Some(Some(0)) => {}
        Some(Some(code)) => {
            let message = reply.get("errmsg").and_then(Value::as_str).unwrap_or_default().to_owned();
            return Err(No::Refused(Refusal { code, message }));
        }
        Some(None) => return Err(unreadable()),
    }
    if !(200..300).contains(&status) {
        return Err(unreadable());
    }
    serde_json::from_value(Value::Object(reply)).map_err(|_| unreadable())
}
