//! Who we are to the platform.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::keys::{OpeningKey, PlatformKey, SigningKey};

/// What the serial of a public key begins with; that of a platform certificate is hexadecimal.
const PUBLIC_KEY: &str = "PUB_KEY_ID_";

/// The merchant account: what names us, what we sign with, and what proves the platform's messages.
///
/// It is read from a stored secret, a JSON object with the texts `app_id`, `mch_id`, `api_v3_key` (32 characters), `private_key`
/// (PKCS#8 PEM) and `serial_no` (of the certificate that belongs to the private key), and `keys`, an object from serial to SPKI PEM.
/// While the platform changes its key, or an account moves from platform certificates to public keys, both are in `keys`.
pub struct Account {
    app_id: String,
    mch_id: String,
    serial_no: String,
    signing: SigningKey,
    opening: OpeningKey,
    keys: BTreeMap<String, PlatformKey>,
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
        let app_id = identifier(secret, "app_id")?;
        let mch_id = identifier(secret, "mch_id")?;
        let serial_no = identifier(secret, "serial_no")?;
        let opening = OpeningKey::new(text(secret, "api_v3_key")?)
            .ok_or(AccountError { field: "api_v3_key", fault: "does not have 32 characters" })?;
        let signing = SigningKey::from_pem(text(secret, "private_key")?).ok_or(AccountError {
            field: "private_key",
            fault: "is no PKCS#8 PEM of an RSA key of 2048 bits",
        })?;
        let faulty = |fault| AccountError { field: "keys", fault };
        let Some(Value::Object(pems)) = secret.get("keys") else {
            return Err(faulty("is not an object from serials to keys"));
        };
        let mut keys = BTreeMap::new();
        for (serial, pem) in pems {
            let key = pem.as_str().and_then(PlatformKey::from_pem);
            let key = key.ok_or(faulty("has one that is no SPKI PEM of an RSA key"))?;
            keys.insert(serial.clone(), key);
        }
        if keys.is_empty() {
            return Err(faulty("is empty"));
        }
        Ok(Self { app_id, mch_id, serial_no, signing, opening, keys })
    }

    /// The official account's id, under which readers have their openid.
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// The merchant's number.
    pub fn mch_id(&self) -> &str {
        &self.mch_id
    }

    /// The serial of the certificate that belongs to our private key.
    pub(super) fn serial_no(&self) -> &str {
        &self.serial_no
    }

    pub(super) fn signing(&self) -> &SigningKey {
        &self.signing
    }

    pub(super) fn opening(&self) -> &OpeningKey {
        &self.opening
    }

    /// The platform's key of that serial, if we have it.
    pub(super) fn key(&self, serial: &str) -> Option<&PlatformKey> {
        self.keys.get(serial)
    }

    /// The public key with which replies to us should be signed, if the account has public keys. Of several any would do, since all
    /// of them prove; their serials hold the day of their making, so the last is the newest.
    pub(super) fn preferred_serial(&self) -> Option<&str> {
        self.keys.keys().map(String::as_str).rfind(|serial| serial.starts_with(PUBLIC_KEY))
    }
}

fn text<'a>(secret: &'a Map<String, Value>, field: &'static str) -> Result<&'a str, AccountError> {
    secret.get(field).and_then(Value::as_str).ok_or(AccountError { field, fault: "is not a text" })
}

/// A text that is also written into headers and paths.
fn identifier(secret: &Map<String, Value>, field: &'static str) -> Result<String, AccountError> {
    let text = text(secret, field)?;
    let fits = !text.is_empty() && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if fits {
        Ok(text.to_owned())
    } else {
        Err(AccountError { field, fault: "is not of letters and digits" })
    }
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
    /// The names that every reply holds anyway, and no key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("app_id", &self.app_id)
            .field("mch_id", &self.mch_id)
            .field("keys", &self.keys.keys())
            .finish_non_exhaustive()
    }
}
