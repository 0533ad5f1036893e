//! What comes back from a request.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::{Account, ApiError, Headers, Verified, VerifyError, verify};

/// Why a request has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The platform says no.
    #[error("the platform refuses: {0}")]
    Refused(#[from] ApiError),
    /// The platform seems to say yes, but it is not proven that it was the platform. It may have done what was asked for.
    #[error("the reply is not proven: {0}")]
    Unproven(#[from] VerifyError),
    /// The platform says something that we do not understand. It may have done what was asked for.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl CallError {
    /// Whether the same request may succeed later. Repeating it is safe: our numbers are idempotency keys.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Refused(error) => error.is_transient(),
            Self::Unproven(_) | Self::Unreadable(_) => true,
        }
    }
}

/// A JSON text that is not what the documentation says. It shows nothing of the text, which may name a payer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the expected JSON: line {line}, column {column}")]
pub struct Unreadable {
    /// Where reading stopped.
    pub line: usize,
    /// Where in that line.
    pub column: usize,
}

/// Proves a reply. Refusals are taken as they are: the platform does not sign all of them, and believing one costs nothing, since what
/// was asked for can be asked for again.
pub fn answer<'a>(
    account: &Account,
    status: u16,
    headers: &Headers<'_>,
    body: &'a [u8],
    now: Timestamp,
) -> Result<Verified<'a>, CallError> {
    if (200..300).contains(&status) {
        Ok(verify(account, headers, body, now)?)
    } else {
        Err(ApiError::read(status, body).into())
    }
}

/// Reads JSON of a known shape.
pub(super) fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, Unreadable> {
    serde_json::from_slice(json).map_err(|error| Unreadable { line: error.line(), column: error.column() })
}

/// A value that may be absent, `null` or an empty text, which all mean the same.
pub(super) fn maybe<'de, D: Deserializer<'de>, T: std::str::FromStr>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    match Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()) {
        Some(text) => text.parse().map(Some).map_err(|_| serde::de::Error::custom("of another form")),
        None => Ok(None),
    }
}
