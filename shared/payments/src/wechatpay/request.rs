//! A request, and how it is signed.

use std::fmt;

use jiff::Timestamp;
use yujie_domain::ids::Invalid;

use super::Account;

/// Where requests go.
pub const HOST: &str = "https://api.mch.weixin.qq.com";
/// Where they go when [`HOST`] cannot be reached: the same service by another way (跨城冗灾).
pub const SPARE_HOST: &str = "https://api2.mch.weixin.qq.com";

/// What is said to the platform, not signed yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// How.
    pub method: Method,
    /// Where, below the host: path and query exactly as they are sent.
    pub path: String,
    /// A JSON text, byte for byte as it is sent; empty for a GET.
    pub body: String,
}

/// The methods of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Asks.
    Get,
    /// Does.
    Post,
}

impl Method {
    /// As HTTP writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// A request that can be sent, soon: the platform refuses it when its time is more than five minutes off. A repetition is signed
/// anew.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// How.
    pub method: Method,
    /// Where, below the host.
    pub path: String,
    /// The body; empty for a GET.
    pub body: String,
    /// All headers but those that a client adds itself. Names are in lower case.
    pub headers: Vec<(&'static str, String)>,
}

/// What makes two signatures of one second differ: 1 to 32 letters and digits, from 128 bits of randomness.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// From randomness, which is the caller's.
    pub fn new(random: u128) -> Self {
        Self(format!("{random:032X}"))
    }

    /// Reads a nonce.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let fits = (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let invalid = Invalid { what: "nonce", why: "expected 1 to 32 letters and digits" };
        if fits { Ok(Self(text.to_owned())) } else { Err(invalid) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The private key's arithmetic failed its own check: a fault of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request cannot be signed")]
pub struct SigningFailed;

impl Request {
    pub(super) fn get(path: String) -> Self {
        Self { method: Method::Get, path, body: String::new() }
    }

    pub(super) fn post(path: impl Into<String>, body: String) -> Self {
        Self { method: Method::Post, path: path.into(), body }
    }

    /// Signs exactly what is sent: method, path, time, nonce and body, each ended by a line feed (签名生成).
    pub fn sign(
        self,
        account: &Account,
        now: Timestamp,
        nonce: &Nonce,
    ) -> Result<SignedRequest, SigningFailed> {
        let Self { method, path, body } = self;
        let (timestamp, nonce) = (now.as_second(), nonce.as_str());
        let message = format!("{}\n{path}\n{timestamp}\n{nonce}\n{body}\n", method.name());
        let signature = account.signing().sign(message.as_bytes()).ok_or(SigningFailed)?;
        let authorization = format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{}\",nonce_str=\"{nonce}\",timestamp=\"{timestamp}\",serial_no=\"{}\",signature=\"{signature}\"",
            account.mch_id(),
            account.serial_no(),
        );
        let mut headers = vec![
            ("authorization", authorization),
            ("accept", "application/json".to_owned()),
            ("user-agent", concat!("yujie/", env!("CARGO_PKG_VERSION")).to_owned()),
        ];
        match method {
            Method::Get => {}
            Method::Post => headers.push(("content-type", "application/json".to_owned())),
        }
        // Says with which key the reply should be signed.
        headers.extend(account.preferred_serial().map(|serial| ("wechatpay-serial", serial.to_owned())));
        Ok(SignedRequest { method, path, body, headers })
    }
}

impl fmt::Debug for Request {
    /// Without the body, which names the payer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SignedRequest {
    /// Without body and signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(…)")
    }
}
