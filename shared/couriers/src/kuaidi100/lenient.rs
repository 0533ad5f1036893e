//! Reading JSON whose types cannot be relied upon: the platform passes on what carriers give it, so that any field may be absent,
//! `null`, or a number where the documentation has a text. A field of the wrong kind reads as absent; it never costs the message.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// A text, trimmed; empty when absent.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The text unless it is empty.
    pub(super) fn some(self) -> Option<String> {
        Some(self.0).filter(|text| !text.is_empty())
    }

    /// This text, or `other` when this one is empty.
    pub(super) fn or(self, other: Self) -> Self {
        if self.0.is_empty() { other } else { self }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Value::deserialize(deserializer)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
        }))
    }
}

/// A `T`, or its default when something else is there.
#[derive(Debug, Default)]
pub(super) struct Lenient<T>(pub(super) T);

impl<'de, T: DeserializeOwned + Default> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(serde_json::from_value(Value::deserialize(deserializer)?).unwrap_or_default()))
    }
}

/// Reads a `T` from a JSON object. Fails only when the text is no JSON object at all.
pub(super) fn object<T: DeserializeOwned + Default>(json: &[u8]) -> Result<T, serde_json::Error> {
    let object: Map<String, Value> = serde_json::from_slice(json)?;
    Ok(serde_json::from_value(Value::Object(object)).unwrap_or_default())
}
