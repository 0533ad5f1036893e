//! Proving that the platform sent something.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::Account;

/// The one kind of signature that the account's keys make. Absent, it is this one.
const SIGNATURE_TYPE: &str = "WECHATPAY2-SHA256-RSA2048";
/// What the platform's probes begin with: it tries now and then whether we would take anything (签名探测流量).
const PROBE: &str = "WECHATPAY/SIGNTEST/";
/// So many seconds from our clock, in either direction, a message is refused: it may be an old one, sent again by somebody else.
const WINDOW: u64 = 300;

/// The headers that prove a message, as they came.
#[derive(Clone, Copy)]
pub struct Headers<'a> {
    timestamp: Option<&'a str>,
    nonce: Option<&'a str>,
    serial: Option<&'a str>,
    signature: Option<&'a str>,
    signature_type: Option<&'a str>,
}

impl<'a> Headers<'a> {
    /// Takes what it needs from `header`, which finds a header by its name in lower case.
    pub fn read(header: impl Fn(&str) -> Option<&'a str>) -> Self {
        Self {
            timestamp: header("wechatpay-timestamp"),
            nonce: header("wechatpay-nonce"),
            serial: header("wechatpay-serial"),
            signature: header("wechatpay-signature"),
            signature_type: header("wechatpay-signature-type"),
        }
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Headers").field("serial", &self.serial).finish_non_exhaustive()
    }
}

/// Why it is not proven that the platform sent something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// A header that every message of the platform has is not there.
    #[error("there is no header {0}")]
    Missing(&'static str),
    /// Signed in another way, such as SM2.
    #[error("the signature is of an unknown type")]
    SignatureType,
    /// One of the platform's probes. It wants to be refused, like any other forgery, and is no reason for an alarm.
    #[error("the signature is a probe")]
    Probe,
    /// Signed with a key that we do not have: forged, or the platform has a new key that must be put into the secret.
    #[error("the signature's key is unknown")]
    UnknownSerial,
    /// The time is no number of seconds.
    #[error("the time cannot be read")]
    Timestamp,
    /// Five minutes or more from our clock.
    #[error("the time is {0} seconds from ours")]
    Clock(u64),
    /// The nonce holds what no header can hold.
    #[error("the nonce cannot be read")]
    Nonce,
    /// The signature is not Base64.
    #[error("the signature cannot be read")]
    Signature,
    /// Signed with another key, or altered, or not signed by the platform at all.
    #[error("the signature does not fit")]
    Forged,
}

/// Bytes that the platform sent to us, not long ago. There is no other way to have one than [`verify`] and
/// [`answer`](super::answer()).
#[derive(Clone, Copy)]
pub struct Verified<'a>(&'a [u8]);

impl<'a> Verified<'a> {
    /// The body as it came.
    pub fn body(self) -> &'a [u8] {
        self.0
    }
}

impl fmt::Debug for Verified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verified({} bytes)", self.0.len())
    }
}

/// Proves that the platform sent `body`, less than five minutes from `now` (签名验证).
pub fn verify<'a>(
    account: &Account,
    headers: &Headers<'_>,
    body: &'a [u8],
    now: Timestamp,
) -> Result<Verified<'a>, VerifyError> {
    let needed = |value: Option<_>, name| value.ok_or(VerifyError::Missing(name));
    let signature = needed(headers.signature, "wechatpay-signature")?;
    if signature.starts_with(PROBE) {
        return Err(VerifyError::Probe);
    }
    if headers.signature_type.is_some_and(|kind| kind != SIGNATURE_TYPE) {
        return Err(VerifyError::SignatureType);
    }
    let serial = needed(headers.serial, "wechatpay-serial")?;
    let timestamp = needed(headers.timestamp, "wechatpay-timestamp")?;
    let nonce = needed(headers.nonce, "wechatpay-nonce")?;
    let seconds: i64 = timestamp.parse().map_err(|_| VerifyError::Timestamp)?;
    let distance = now.as_second().abs_diff(seconds);
    if distance >= WINDOW {
        return Err(VerifyError::Clock(distance));
    }
    // A line feed would let a nonce reach into the body.
    if nonce.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(VerifyError::Nonce);
    }
    let key = account.key(serial).ok_or(VerifyError::UnknownSerial)?;
    let signature = STANDARD.decode(signature).map_err(|_| VerifyError::Signature)?;
    let mut message = format!("{timestamp}\n{nonce}\n").into_bytes();
    message.extend_from_slice(body);
    message.push(b'\n');
    if key.signed(&message, &signature) { Ok(Verified(body)) } else { Err(VerifyError::Forged) }
}
