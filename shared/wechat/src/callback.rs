//! What the platform tells by itself (服务器配置): above all, whether a message arrived.
//!
//! It wants [`ANSWER`] within five seconds, after which it tries again, three times in all. When the address is entered in its console,
//! it asks once with a text that has to come [back](echo).
//!
//! The signature covers no more than a time and a nonce, not the message: it keeps strangers out, and what is told is a hint all the
//! same. SHA-1 is the platform's choice. The account must be set to plain text (明文模式): what comes encrypted is refused.

use std::fmt;

use jiff::Timestamp;

use crate::template::MsgId;
use crate::xml::{self, Fault};
use crate::{Account, OpenId, sha1};

/// "We have it."
pub const ANSWER: &str = "success";
/// No message is as long as this, in bytes: a reader's text has at most 2 kB.
pub const MAX_BODY: usize = 64 * 1024;
/// So many seconds from our clock, in either direction, a message is refused: its signature may be an old one, used by somebody else.
const WINDOW: u64 = 300;

/// The parameters that prove a call, as they came in its query.
#[derive(Clone, Copy)]
pub struct Query<'a> {
    signature: Option<&'a str>,
    timestamp: Option<&'a str>,
    nonce: Option<&'a str>,
}

impl<'a> Query<'a> {
    /// Takes what it needs from `parameter`, which finds a parameter by its name.
    pub fn read(parameter: impl Fn(&str) -> Option<&'a str>) -> Self {
        Self {
            signature: parameter("signature"),
            timestamp: parameter("timestamp"),
            nonce: parameter("nonce"),
        }
    }
}

impl fmt::Debug for Query<'_> {
    /// Without the signature, which is good for a while.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query").field("timestamp", &self.timestamp).finish_non_exhaustive()
    }
}

/// Why it is not proven that the platform calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// We have no token, so that anybody could have signed it.
    #[error("no callback token is configured")]
    NoToken,
    /// A parameter that every call of the platform has is not there.
    #[error("there is no parameter {0}")]
    Missing(&'static str),
    /// The time is not ten digits, of seconds.
    #[error("the time cannot be read")]
    Timestamp,
    /// Five minutes or more from our clock.
    #[error("the time is {0} seconds from ours")]
    Clock(u64),
    /// Signed with another token, or not by the platform at all.
    #[error("the signature does not fit")]
    Forged,
}

/// The platform called, not long ago. There is no other way to have one than [`verify`].
#[derive(Debug, Clone, Copy)]
pub struct Proven(());

/// Proves that the platform called, less than five minutes from `now`.
pub fn verify(account: &Account, query: &Query<'_>, now: Timestamp) -> Result<Proven, VerifyError> {
    let token = account.callback_token().ok_or(VerifyError::NoToken)?;
    let needed = |value: Option<_>, name| value.ok_or(VerifyError::Missing(name));
    let signature = needed(query.signature, "signature")?;
    let timestamp = needed(query.timestamp, "timestamp")?;
    let nonce = needed(query.nonce, "nonce")?;
    // Nothing stands between the parts that are signed. With a time of any length, one could take digits from its neighbour.
    if timestamp.len() != 10 || !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(VerifyError::Timestamp);
    }
    let seconds: i64 = timestamp.parse().map_err(|_| VerifyError::Timestamp)?;
    let distance = now.as_second().abs_diff(seconds);
    if distance >= WINDOW {
        return Err(VerifyError::Clock(distance));
    }
    let ours = sha1::of_sorted([token.expose(), timestamp, nonce]);
    if sha1::same(&ours, signature) { Ok(Proven(())) } else { Err(VerifyError::Forged) }
}

/// What to answer when the platform tries the address: its own `echostr`, if that is 1 to 128 letters and digits. Anything else could be
/// a page of somebody's under our name.
pub fn echo(_: Proven, echostr: &str) -> Option<&str> {
    let plain = echostr.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Some(echostr).filter(|text| (1..=128).contains(&text.len()) && plain)
}

/// What the platform tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// What became of a message (`TEMPLATESENDJOBFINISH`).
    Receipt(Receipt),
    /// Something else, such as a reader's message to the account. It gets [`ANSWER`], which is not shown to the reader.
    Other,
}

/// What became of a message. It may come twice, and before the reply to the message itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Whose it was.
    pub reader: OpenId,
    /// Its number.
    pub msg_id: MsgId,
    /// When, by the platform's clock.
    pub at: Timestamp,
    /// What became of it.
    pub delivery: Delivery,
}

/// Whether a message arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It did (`success`).
    Arrived,
    /// The reader has blocked the account's messages (`failed:user block`).
    Blocked,
    /// The platform failed (`failed: system failed`).
    SystemFailed,
    /// It did not, for a reason that we do not know.
    Failed,
}

/// Why a message cannot be read. It shows nothing of the message, which may be a reader's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Longer than [`MAX_BODY`].
    #[error("the body has {bytes} bytes")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// Not UTF-8.
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// It has a document type or an entity, which the platform's have not.
    #[error("the body has a document type or an entity")]
    Entities,
    /// Broken, or another XML.
    #[error("the body is not the expected XML")]
    NotXml,
    /// The account is set to safe mode (安全模式) in the platform's console.
    #[error("the message is encrypted; the account must be set to plain text")]
    Encrypted,
    /// A receipt without one of its parts, or with one that makes no sense.
    #[error("the receipt has no sensible {0}")]
    Incomplete(&'static str),
}

impl Event {
    /// Reads the body of a call of the platform's.
    pub fn parse(_: Proven, body: &[u8]) -> Result<Self, MessageError> {
        if body.len() > MAX_BODY {
            return Err(MessageError::TooLarge { bytes: body.len() });
        }
        let text = std::str::from_utf8(body).map_err(|_| MessageError::NotUtf8)?;
        let texts = xml::texts(text).map_err(|fault| match fault {
            Fault::Entities => MessageError::Entities,
            Fault::Form => MessageError::NotXml,
        })?;
        let text = |name: &'static str| texts.get(name).map(|text| text.trim());
        let Some(kind) = text("MsgType") else {
            let encrypted = text("Encrypt").is_some();
            return Err(if encrypted { MessageError::Encrypted } else { MessageError::NotXml });
        };
        if (kind, text("Event")) != ("event", Some("TEMPLATESENDJOBFINISH")) {
            return Ok(Self::Other);
        }
        let needed = |name| text(name).ok_or(MessageError::Incomplete(name));
        let senseless = MessageError::Incomplete;
        let seconds: i64 = needed("CreateTime")?.parse().map_err(|_| senseless("CreateTime"))?;
        Ok(Self::Receipt(Receipt {
            reader: OpenId::parse(needed("FromUserName")?).map_err(|_| senseless("FromUserName"))?,
            msg_id: MsgId(needed("MsgID")?.parse().map_err(|_| senseless("MsgID"))?),
            at: Timestamp::from_second(seconds).map_err(|_| senseless("CreateTime"))?,
            delivery: Delivery::named(needed("Status")?),
        }))
    }
}

impl Delivery {
    fn named(status: &str) -> Self {
        // With and without a blank after the colon: the platform's documents have both.
        match status.strip_prefix("failed:").map(str::trim) {
            None if status == "success" => Self::Arrived,
            Some("user block") => Self::Blocked,
            Some("system failed") => Self::SystemFailed,
            None | Some(_) => Self::Failed,
        }
    }
}
