//! What is sent: never a text of ours, always an approved template with values for its variables.

use std::fmt;

use serde::{Serialize, Serializer};
use yujie_domain::Mobile;
use yujie_domain::ids::Invalid;

use crate::Provider;

/// One SMS to one number. Both providers take lists of numbers as well, but then one reply and one reference stand for all of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// To whom.
    pub to: Mobile,
    /// Which of the account's templates.
    pub template: TemplateId,
    /// What stands in its variables.
    pub params: Params,
    /// What comes back with receipts.
    pub reference: Reference,
}

/// The name in `【】` before the text (短信签名): 2 to 12 letters and digits, Chinese ones too. It is approved by the provider and filed with the
/// carriers under the library's own name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignName(String);

impl SignName {
    /// Reads a name, without the brackets.
    ///
    /// # Errors
    /// [`Invalid`] when no provider could have approved it.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let fits = (2..=12).contains(&text.chars().count()) && text.chars().all(char::is_alphanumeric);
        let invalid =
            Invalid { what: "sign name", why: "expected 2 to 12 letters and digits, without brackets" };
        if fits { Ok(Self(text.to_owned())) } else { Err(invalid) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The number of an approved template. An [`Account`](crate::Account) hands out its own by the names that we have for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateId(String);

impl TemplateId {
    /// Reads the number as that provider has it: `SMS_` and digits at Alibaba Cloud, digits at Tencent Cloud.
    pub(crate) fn parse(provider: Provider, text: &str) -> Option<Self> {
        let digits = match provider {
            Provider::Alibaba => text.strip_prefix("SMS_")?,
            Provider::Tencent => text,
        };
        let fits = (1..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| Self(text.to_owned()))
    }

    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The values for a template's variables, each with its name, in the order in which they stand in the template's text. Alibaba Cloud goes by
/// the names (`${code}`), Tencent Cloud by the places (`{1}`).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Takes names and values.
    ///
    /// At most 20, of distinct names of 1 to 20 letters, digits and `_`. A value has 1 to 35 characters, which is what Alibaba Cloud's
    /// templates for notices take (those for codes take 4 to 6; Tencent Cloud does not limit companies), and neither a
    /// control character, nor `【` or `】`, which only the sign name has, nor a link or a mobile number, which carriers hold back.
    ///
    /// # Errors
    /// [`Invalid`]; it does not repeat the value.
    pub fn new<'a>(given: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Invalid> {
        let mut params: Vec<(String, String)> = Vec::new();
        for (name, value) in given {
            let named = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            if !(1..=20).contains(&name.len()) || !name.bytes().all(named) {
                return Err(Invalid {
                    what: "template variable",
                    why: "expected 1 to 20 letters, digits and _",
                });
            }
            if params.iter().any(|(other, _)| other == name) {
                return Err(Invalid { what: "template variable", why: "there are two of one name" });
            }
            if let Some(why) = fault(value) {
                return Err(Invalid { what: "template value", why });
            }
            params.push((name.to_owned(), value.to_owned()));
        }
        if params.len() > 20 {
            return Err(Invalid { what: "template variables", why: "there are more than 20" });
        }
        Ok(Self(params))
    }

    /// Whether the template has no variables.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values in their order.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, value)| value.as_str())
    }
}

/// Why a value cannot be sent.
fn fault(value: &str) -> Option<&'static str> {
    if !(1..=35).contains(&value.chars().count()) {
        return Some("expected 1 to 35 characters");
    }
    if value.chars().any(|c| c.is_control() || matches!(c, '【' | '】')) {
        return Some("it has line breaks or brackets");
    }
    let lower = value.to_ascii_lowercase();
    if lower.contains("://") || lower.contains("www.") {
        return Some("carriers hold links back");
    }
    let mut numbers = value.split(|c: char| !c.is_ascii_digit());
    numbers.any(|digits| Mobile::parse(digits).is_ok()).then_some("carriers hold phone numbers back")
}

impl Serialize for Params {
    /// A JSON object of texts, in the variables' order. Alibaba Cloud takes no values of other kinds.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Our name for one message: 1 to 64 letters, digits, `-`, `_`, `.` and `:`. It comes back with receipts and in the provider's lists, so it
/// names no person. It is no idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference(String);

impl Reference {
    /// Reads a reference.
    ///
    /// # Errors
    /// [`Invalid`] when it is not of this form.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(plain);
        let invalid = Invalid { what: "reference", why: "expected 1 to 64 letters, digits, - _ . and :" };
        if fits { Ok(Self(text.to_owned())) } else { Err(invalid) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The provider's name for a message that it accepted (`BizId`, `SerialNo`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageId(String);

impl MessageId {
    /// Reads an id: 1 to 64 visible characters, such as `134523^4351232` and `5000:1045710669157053657849499619`.
    ///
    /// # Errors
    /// [`Invalid`] when it is not of this form.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        let invalid = Invalid { what: "message id", why: "expected 1 to 64 visible characters" };
        if fits { Ok(Self(text.to_owned())) } else { Err(invalid) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Message {
    /// Without the values; the number is masked by its own type.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("to", &self.to)
            .field("template", &self.template)
            .field("reference", &self.reference)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Params {
    /// The names alone: a value may be a code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}
