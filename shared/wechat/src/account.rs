//! Who we are to the platform, and who a reader is.

use std::fmt;

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use yujie_domain::ids::Invalid;

use crate::Secret;

/// The service account.
///
/// It is read from a stored secret, a JSON object with the texts `app_id` and `app_secret`, and `callback_token` (3 to 32 letters and
/// digits, as entered in the platform's console), without which nothing that claims to be the platform is believed.
pub struct Account {
    app_id: String,
    secret: Secret,
    callback_token: Option<Secret>,
}

/// What is wrong with the stored secret. It names the field and shows nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} {fault}")]
pub struct AccountError {
    /// The field's name.
    pub field: &'static str,
    /// What is wrong with it.
    pub fault: &'static str,
}

impl Account {
    /// Reads the stored secret.
    pub fn parse(json: &str) -> Result<Self, AccountError> {
        let secret: Map<String, Value> = serde_json::from_str(json)
            .map_err(|_| AccountError { field: "the secret", fault: "is not a JSON object" })?;
        Self::of(&secret)
    }

    fn of(secret: &Map<String, Value>) -> Result<Self, AccountError> {
        let callback_token = match secret.get("callback_token") {
            None | Some(Value::Null) => None,
            Some(_) => Some(word(secret, "callback_token", 3..=32)?),
        };
        Ok(Self {
            app_id: word(secret, "app_id", 1..=64)?.to_owned(),
            secret: Secret::new(word(secret, "app_secret", 1..=128)?),
            callback_token: callback_token.map(Secret::new),
        })
    }

    /// The account's id, under which readers have their openid.
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }

    pub(crate) fn callback_token(&self) -> Option<&Secret> {
        self.callback_token.as_ref()
    }
}

/// A text of letters and digits.
fn word<'a>(
    secret: &'a Map<String, Value>,
    field: &'static str,
    length: std::ops::RangeInclusive<usize>,
) -> Result<&'a str, AccountError> {
    let text = secret.get(field).and_then(Value::as_str);
    let text = text.ok_or(AccountError { field, fault: "is not a text" })?;
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(AccountError { field, fault: "is not of letters and digits" });
    }
    if !length.contains(&text.len()) {
        return Err(AccountError { field, fault: "is too short or too long" });
    }
    Ok(text)
}

impl<'de> Deserialize<'de> for Account {
    /// As [`Account::parse`] reads it. The errors of other readers would quote the secret.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let secret = match Value::deserialize(deserializer)? {
            Value::Object(secret) => secret,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(D::Error::invalid_type(Unexpected::Other("something else"), &"a JSON object"));
            }
        };
        Self::of(&secret).map_err(D::Error::custom)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

/// A reader, as the platform knows them under our account: 1 to 128 letters, digits, `-` and `_`. Under another account the same person
/// has another one. It is personal data, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OpenId(String);

impl OpenId {
    /// Reads an openid.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(known);
        let invalid = Invalid { what: "openid", why: "expected 1 to 128 letters, digits, - and _" };
        if fits { Ok(Self(text)) } else { Err(invalid) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for OpenId {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

impl From<OpenId> for String {
    fn from(openid: OpenId) -> Self {
        openid.0
    }
}

impl fmt::Debug for OpenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenId(…)")
    }
}
