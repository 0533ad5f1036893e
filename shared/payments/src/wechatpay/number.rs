//! The numbers that we give to trades and refunds. Each is an idempotency key: who repeats it does nothing twice.

use std::fmt;

use yujie_domain::ids::Invalid;

/// Our number of a trade (`out_trade_no`), unique for the merchant: 6 to 32 letters, digits, `-` and `_`.
///
/// The platform would also take `|` and `*`, which a path would have to escape.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TradeNo(String);

/// Our number of a refund (`out_refund_no`), unique for the merchant: 1 to 64 letters, digits, `-` and `_`. A second number for the
/// same wish pays twice.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RefundNo(String);

impl TradeNo {
    /// Reads a number.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let why = "expected 6 to 32 letters, digits, - and _";
        let fits = (6..=32).contains(&text.len()) && is_plain(text);
        if fits { Ok(Self(text.to_owned())) } else { Err(Invalid { what: "trade number", why }) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RefundNo {
    /// Reads a number.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let why = "expected 1 to 64 letters, digits, - and _";
        let fits = (1..=64).contains(&text.len()) && is_plain(text);
        if fits { Ok(Self(text.to_owned())) } else { Err(Invalid { what: "refund number", why }) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

impl fmt::Display for TradeNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for RefundNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
