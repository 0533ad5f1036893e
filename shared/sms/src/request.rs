//! A signed request.

use std::fmt;

/// A request that can be sent, soon: Alibaba Cloud refuses it when its time is more than 15 minutes off, Tencent Cloud after five. It is
/// meant to be posted once; see the crate's documentation before it is repeated.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// Always `POST`.
    pub method: &'static str,
    /// Path and query below [`Provider::base`](crate::Provider::base), exactly as they are sent. At Alibaba Cloud the query holds the message.
    pub path: String,
    /// The headers, names in lower case. `host` is among them because it is signed: it stays the provider's when a local run sends the
    /// request elsewhere.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty at Alibaba Cloud.
    pub body: String,
}

impl fmt::Debug for SignedRequest {
    /// Without the message, which is in path or body, and without the signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedRequest").field("method", &self.method).finish_non_exhaustive()
    }
}

/// What makes two requests of one second differ, from 128 bits of randomness. Alibaba Cloud carries out none that it has seen within 15
/// minutes; Tencent Cloud has no such thing.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// From randomness, which is the caller's.
    pub fn new(random: u128) -> Self {
        Self(format!("{random:032x}"))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(…)")
    }
}
