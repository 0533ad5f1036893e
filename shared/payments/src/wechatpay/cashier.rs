//! Opening WeChat's cashier in a page inside WeChat (调起支付).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::ids::Invalid;

use super::{Account, Nonce, SigningFailed};

/// The platform's name for a payment that can be opened in a page. Who has it can open the payment and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PrepayId(String);

impl PrepayId {
    /// Reads what the platform gave: 1 to 64 visible ASCII characters.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        let invalid = Invalid { what: "prepay id", why: "expected 1 to 64 visible characters" };
        if fits { Ok(Self(text)) } else { Err(invalid) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PrepayId {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

impl From<PrepayId> for String {
    fn from(id: PrepayId) -> Self {
        id.0
    }
}

/// The parameters for `WeixinJSBridge.invoke('getBrandWCPayRequest', …)`, under the names that it wants. What that call says to the
/// page afterwards proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cashier {
    /// Our official account.
    pub app_id: String,
    /// Seconds since 1970, as a text.
    pub time_stamp: String,
    /// See [`Nonce`].
    pub nonce_str: String,
    /// `prepay_id=` and the [`PrepayId`].
    pub package: String,
    /// Always `RSA`; not signed.
    pub sign_type: &'static str,
    /// Our signature.
    pub pay_sign: String,
}

impl Cashier {
    /// Signs the parameters.
    pub fn open(
        account: &Account,
        prepay_id: &PrepayId,
        now: Timestamp,
        nonce: &Nonce,
    ) -> Result<Self, SigningFailed> {
        let app_id = account.app_id().to_owned();
        let time_stamp = now.as_second().to_string();
        let nonce_str = nonce.as_str().to_owned();
        let package = format!("prepay_id={}", prepay_id.as_str());
        let message = format!("{app_id}\n{time_stamp}\n{nonce_str}\n{package}\n");
        let pay_sign = account.signing().sign(message.as_bytes()).ok_or(SigningFailed)?;
        Ok(Self { app_id, time_stamp, nonce_str, package, sign_type: "RSA", pay_sign })
    }
}
