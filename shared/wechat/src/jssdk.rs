//! What a page of ours needs to scan and to open the cashier (JS-SDK).

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::ids::Invalid;

use crate::refusal::{self, AccessError, No, Refusal, is_about_token};
use crate::token::{ApiToken, Lease};
use crate::{Account, Request, WebUrl, sha1};

/// Marks a [`JsTicket`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Js;

/// What pages are signed with (`jsapi_ticket`): one for the account, kept like its token, because it is given out only so often.
pub type JsTicket = Lease<Js>;

/// Asks for the ticket.
#[derive(Debug, Clone, Copy)]
pub struct TicketQuery;

/// Why there is no ticket, by what has to happen next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// The token is over or was renewed by somebody else: it is asked for again, and then the ticket once more.
    #[error("the token is refused: {0}")]
    TokenExpired(Refusal),
    /// See [`AccessError`].
    #[error(transparent)]
    Access(#[from] AccessError),
}

impl TicketQuery {
    /// The request.
    pub fn request(self, token: &ApiToken) -> Request {
        Request::get("/cgi-bin/ticket/getticket", &[("access_token", token.expose()), ("type", "jsapi")])
    }

    /// Reads the reply to a request that was sent at `asked`.
    pub fn read(status: u16, body: &[u8], asked: Timestamp) -> Result<JsTicket, TicketError> {
        #[derive(Deserialize)]
        struct Reply {
            ticket: String,
            expires_in: i64,
        }
        match refusal::read(status, body) {
            Ok(Reply { ticket, expires_in }) => {
                Ok(JsTicket::read(ticket, expires_in, asked, status).map_err(AccessError::from)?)
            }
            Err(No::Refused(refusal)) if is_about_token(&refusal) => Err(TicketError::TokenExpired(refusal)),
            Err(No::Refused(refusal)) => Err(AccessError::of(refusal).into()),
            Err(No::Unreadable(unreadable)) => Err(AccessError::from(unreadable).into()),
        }
    }
}

/// What makes two signatures of one second differ: 1 to 32 letters and digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// From randomness, which is the caller's.
    pub fn new(random: u128) -> Self {
        Self(format!("{random:032x}"))
    }

    /// Reads a nonce.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let fits = (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let invalid = Invalid { what: "nonce", why: "expected 1 to 32 letters and digits" };
        if fits { Ok(Self(text.to_owned())) } else { Err(invalid) }
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(…)")
    }
}

/// The parameters of `wx.config`, under the names that it wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageConfig {
    /// Our account.
    pub app_id: String,
    /// Seconds since 1970.
    pub timestamp: i64,
    /// See [`Nonce`].
    pub nonce_str: String,
    /// Our signature.
    pub signature: String,
    /// What the page may call.
    pub js_api_list: [&'static str; 2],
    /// Which of the platform's own elements the page may show: the one with which a reader allows a notice.
    pub open_tag_list: [&'static str; 1],
}

impl PageConfig {
    /// Signs a page, as the reader's WeChat has its address at that moment. Whether it is one of ours, [`WebUrl::is_below`] tells.
    pub fn sign(account: &Account, ticket: &JsTicket, page: &WebUrl, now: Timestamp, nonce: &Nonce) -> Self {
        let (timestamp, nonce_str) = (now.as_second(), nonce.0.clone());
        // In this order, and as they are: nothing is encoded.
        let signed = format!(
            "jsapi_ticket={}&noncestr={nonce_str}&timestamp={timestamp}&url={}",
            ticket.expose(),
            page.without_fragment(),
        );
        Self {
            app_id: account.app_id().to_owned(),
            timestamp,
            nonce_str,
            signature: sha1::hex(&signed),
            js_api_list: ["chooseWXPay", "scanQRCode"],
            open_tag_list: ["wx-open-subscribe"],
        }
    }
}

/// What stands in a code, from the `resultStr` of `scanQRCode`: in front of a one-dimensional one the platform writes its kind
/// (`CODE_128,0111…`).
pub fn scanned(result: &str) -> &str {
    const KINDS: [&str; 9] =
        ["CODE_128", "CODE_39", "CODE_93", "CODABAR", "EAN_13", "EAN_8", "UPC_A", "UPC_E", "ITF"];
    match result.split_once(',') {
        Some((kind, value)) if KINDS.contains(&kind) => value,
        Some(_) | None => result,
    }
}
