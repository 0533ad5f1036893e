//! Reading JSON whose types cannot be relied upon: a field of another kind reads as absent, and costs no more than itself.

use serde_json::Value;

/// The text of a field, trimmed; a number reads as its digits. `None` when it is absent or empty.
pub(crate) fn text(object: &Value, field: &str) -> Option<String> {
    let text = match object.get(field)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// A code of the provider's or the carrier's as it can be logged: without control characters, and no more than 64 characters of it.
pub(crate) fn code(object: &Value, field: &str) -> String {
    text(object, field).unwrap_or_default().chars().filter(|c| !c.is_control()).take(64).collect()
}
