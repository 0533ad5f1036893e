//! Asking for a payment (下单).

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::money::Fen;
use yujie_domain::time;

use super::call::read;
use super::{Account, PrepayId, Request, TradeNo, Unreadable, Verified};

/// What the bill shows of a description, in characters.
const DESCRIPTION: usize = 127;

/// A payment to be asked for. Repeating it is safe as long as nothing of it changes; with a change it is
/// [`Code::OutTradeNoUsed`](super::Code::OutTradeNoUsed).
#[derive(Clone)]
pub struct Prepay {
    /// How the reader will pay.
    pub way: Way,
    /// Our number.
    pub trade_no: TradeNo,
    /// What for, on the reader's bill. Only its first 127 characters are sent.
    pub description: String,
    /// How much; not nothing.
    pub amount: Fen,
    /// Until when it can be paid, to the second.
    pub expires: Timestamp,
    /// Where the notification goes: public, without a query, at most 255 bytes.
    pub notify_url: String,
}

/// How the reader pays, by where the reader is.
#[derive(Clone, PartialEq, Eq)]
pub enum Way {
    /// In a page inside WeChat.
    Jsapi {
        /// The reader under our [`Account::app_id`].
        openid: String,
    },
    /// At another screen: WeChat scans a code.
    Native,
    /// In another browser of a phone: a link leads into WeChat.
    H5 {
        /// The address of the reader's device, which the platform compares when the link is opened.
        client_ip: String,
    },
}

/// What the reader is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checkout {
    /// For a [`Cashier`](super::Cashier) in the page. Good for two hours, whatever [`Prepay::expires`] says.
    Jsapi(PrepayId),
    /// The text of a QR code, which begins with `weixin://`.
    Native(String),
    /// A link, good for five minutes.
    H5(String),
}

/// Why a payment cannot be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The platform takes no payment of nothing.
    #[error("there is nothing to pay")]
    Nothing,
    /// The platform takes no address with a query, and none that is longer than 255 bytes.
    #[error("the address for notifications cannot be used")]
    NotifyUrl,
    /// Nobody can pay before 1970.
    #[error("the last moment to pay makes no sense")]
    Expires,
}

impl Prepay {
    /// The request.
    pub fn request(&self, account: &Account) -> Result<Request, Unfit> {
        if self.amount == Fen::ZERO {
            return Err(Unfit::Nothing);
        }
        if self.notify_url.len() > 255 || self.notify_url.contains(['?', '#']) {
            return Err(Unfit::NotifyUrl);
        }
        let last_moment = time::shanghai(self.expires);
        if last_moment.year() < 1970 {
            return Err(Unfit::Expires);
        }
        let description: String = self.description.chars().take(DESCRIPTION).collect();
        let body = Body {
            appid: account.app_id(),
            mchid: account.mch_id(),
            description: &description,
            out_trade_no: self.trade_no.as_str(),
            time_expire: format!("{}+08:00", last_moment.strftime("%Y-%m-%dT%H:%M:%S")),
            notify_url: &self.notify_url,
            amount: Amount { total: self.amount, currency: "CNY" },
            payer: match &self.way {
                Way::Jsapi { openid } => Some(Payer { openid }),
                Way::Native | Way::H5 { .. } => None,
            },
            scene_info: match &self.way {
                Way::H5 { client_ip } => {
                    Some(Scene { payer_client_ip: client_ip, h5_info: H5Info { kind: "Wap" } })
                }
                Way::Native | Way::Jsapi { .. } => None,
            },
        };
        Ok(Request::post(self.way.path(), text(&body)))
    }

    /// Reads the reply.
    pub fn read(&self, reply: Verified<'_>) -> Result<Checkout, Unreadable> {
        #[derive(Deserialize)]
        struct Jsapi {
            prepay_id: PrepayId,
        }
        #[derive(Deserialize)]
        struct Native {
            code_url: String,
        }
        #[derive(Deserialize)]
        struct H5 {
            h5_url: String,
        }
        match &self.way {
            Way::Jsapi { .. } => read(reply.body()).map(|Jsapi { prepay_id }| Checkout::Jsapi(prepay_id)),
            Way::Native => read(reply.body()).map(|Native { code_url }| Checkout::Native(code_url)),
            Way::H5 { .. } => read(reply.body()).map(|H5 { h5_url }| Checkout::H5(h5_url)),
        }
    }
}

impl Way {
    fn path(&self) -> &'static str {
        match self {
            Self::Jsapi { .. } => "/v3/pay/transactions/jsapi",
            Self::Native => "/v3/pay/transactions/native",
            Self::H5 { .. } => "/v3/pay/transactions/h5",
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    appid: &'a str,
    mchid: &'a str,
    description: &'a str,
    out_trade_no: &'a str,
    time_expire: String,
    notify_url: &'a str,
    amount: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer: Option<Payer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_info: Option<Scene<'a>>,
}

#[derive(Serialize)]
struct Amount {
    total: Fen,
    currency: &'static str,
}

#[derive(Serialize)]
struct Payer<'a> {
    openid: &'a str,
}

#[derive(Serialize)]
struct Scene<'a> {
    payer_client_ip: &'a str,
    h5_info: H5Info,
}

#[derive(Serialize)]
struct H5Info {
    #[serde(rename = "type")]
    kind: &'static str,
}

/// A body of ours as JSON. Only maps with odd keys and broken `Serialize`s fail, and there are none of them.
pub(super) fn text<T: Serialize>(body: &T) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

impl fmt::Debug for Prepay {
    /// Without the reader, the description and the address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepay")
            .field("way", &self.way)
            .field("trade_no", &self.trade_no)
            .field("amount", &self.amount)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jsapi { .. } => "Jsapi",
            Self::Native => "Native",
            Self::H5 { .. } => "H5",
        })
    }
}
