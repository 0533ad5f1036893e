//! Who we are to the provider.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{Message, Nonce, Provider, Query, SignName, SignedRequest, TemplateId, alibaba, tencent};

/// The account at a provider: what names us, what we sign with, and what it has approved.
///
/// It is read from a stored secret, a JSON object. `provider` is `alibaba`, with the texts `access_key_id` and `access_key_secret`; or
/// `tencent`, with `secret_id`, `secret_key`, `sdk_app_id` and `region` (such as `ap-beijing`). Both have `sign_name`, and `templates`, an
/// object from our names to the provider's numbers.
pub struct Account {
    keys: Keys,
    sign_name: SignName,
    templates: BTreeMap<String, TemplateId>,
}

enum Keys {
    Alibaba(alibaba::Keys),
    Tencent(tencent::Keys),
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
    ///
    /// # Errors
    /// [`AccountError`] with the first field that is wrong.
    pub fn parse(json: &str) -> Result<Self, AccountError> {
        let secret: Map<String, Value> = serde_json::from_str(json)
            .map_err(|_| AccountError { field: "the secret", fault: "is not a JSON object" })?;
        let keys = match text(&secret, "provider")? {
            "alibaba" => Keys::Alibaba(alibaba::Keys {
                id: identifier(&secret, "access_key_id")?.to_owned(),
                secret: alibaba::signing_key(key(&secret, "access_key_secret")?),
            }),
            "tencent" => Keys::Tencent(tencent::Keys {
                id: identifier(&secret, "secret_id")?.to_owned(),
                secret: tencent::signing_key(key(&secret, "secret_key")?),
                app_id: identifier(&secret, "sdk_app_id")?.to_owned(),
                region: region(&secret)?.to_owned(),
            }),
            _ => return Err(AccountError { field: "provider", fault: "is neither alibaba nor tencent" }),
        };
        let sign_name = SignName::parse(text(&secret, "sign_name")?).map_err(|_| AccountError {
            field: "sign_name",
            fault: "does not have 2 to 12 letters and digits",
        })?;
        let faulty = |fault| AccountError { field: "templates", fault };
        let Some(Value::Object(numbers)) = secret.get("templates") else {
            return Err(faulty("is not an object from names to numbers"));
        };
        let mut templates = BTreeMap::new();
        for (name, number) in numbers {
            let id = number.as_str().and_then(|number| TemplateId::parse(keys.provider(), number));
            templates.insert(name.clone(), id.ok_or(faulty("has a number that is not of this provider"))?);
        }
        Ok(Self { keys, sign_name, templates })
    }

    /// Whose account it is.
    pub fn provider(&self) -> Provider {
        self.keys.provider()
    }

    /// The template that we call so, if there is one.
    pub fn template(&self, name: &str) -> Option<&TemplateId> {
        self.templates.get(name)
    }

    /// Sends a message. [`Provider::sent`] reads the reply.
    pub fn send(&self, message: &Message, now: Timestamp, nonce: &Nonce) -> SignedRequest {
        match &self.keys {
            Keys::Alibaba(keys) => alibaba::send(keys, &self.sign_name, message, now, nonce),
            Keys::Tencent(keys) => tencent::send(keys, &self.sign_name, message, now),
        }
    }

    /// Asks what became of a message. [`Provider::found`] reads the reply.
    pub fn query(&self, query: &Query, now: Timestamp, nonce: &Nonce) -> SignedRequest {
        match &self.keys {
            Keys::Alibaba(keys) => alibaba::query(keys, query, now, nonce),
            Keys::Tencent(keys) => tencent::query(keys, query, now),
        }
    }
}

impl Keys {
    fn provider(&self) -> Provider {
        match self {
            Self::Alibaba(_) => Provider::Alibaba,
            Self::Tencent(_) => Provider::Tencent,
        }
    }
}

fn text<'a>(secret: &'a Map<String, Value>, field: &'static str) -> Result<&'a str, AccountError> {
    secret.get(field).and_then(Value::as_str).ok_or(AccountError { field, fault: "is not a text" })
}

/// A text that is also written into a header.
fn identifier<'a>(secret: &'a Map<String, Value>, field: &'static str) -> Result<&'a str, AccountError> {
    let text = text(secret, field)?;
    let fits = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if fits { Ok(text) } else { Err(AccountError { field, fault: "is not of letters and digits" }) }
}

/// A key; a space that slipped in with it would only ever be reported as a wrong signature.
fn key<'a>(secret: &'a Map<String, Value>, field: &'static str) -> Result<&'a str, AccountError> {
    let text = text(secret, field)?;
    let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(text) } else { Err(AccountError { field, fault: "is empty or has a space in it" }) }
}

fn region(secret: &Map<String, Value>) -> Result<&str, AccountError> {
    let text = text(secret, "region")?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fits = (1..=32).contains(&text.len()) && text.bytes().all(plain);
    if fits { Ok(text) } else { Err(AccountError { field: "region", fault: "is not like ap-beijing" }) }
}

impl fmt::Debug for Account {
    /// What every reader of an SMS sees, and no key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("provider", &self.provider())
            .field("sign_name", &self.sign_name)
            .field("templates", &self.templates)
            .finish_non_exhaustive()
    }
}
