//! Sending a message.

use std::fmt;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use yujie_domain::ids::Invalid;

use super::{Fields, SendError, Sent};
use crate::token::ApiToken;
use crate::{OpenId, Request, WebUrl, sha1};

/// A template's id, as the platform's console shows it: 1 to 64 letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TemplateId(String);

impl TemplateId {
    /// Reads an id.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let why = "expected 1 to 64 letters, digits, - and _";
        if is_name(&text, 64) { Ok(Self(text)) } else { Err(Invalid { what: "template id", why }) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TemplateId {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

impl From<TemplateId> for String {
    fn from(id: TemplateId) -> Self {
        id.0
    }
}

/// What makes a message sent again one message to the reader: 1 to 32 letters, digits, `-` and `_`. The platform remembers it for ten
/// minutes, for each reader by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientMsgId(String);

impl ClientMsgId {
    /// Reads an id.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let why = "expected 1 to 32 letters, digits, - and _";
        if is_name(&text, 32) { Ok(Self(text)) } else { Err(Invalid { what: "client message id", why }) }
    }

    /// The id of what is told, from anything that names it (the key of a notice): the same for the same and, for all that can be, another
    /// for another. It does not give away what it is made of.
    pub fn of(fact: &str) -> Self {
        let digest = digest(&SHA256, fact.as_bytes());
        Self(sha1::digits(digest.as_ref()).chars().take(32).collect())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_name(text: &str, longest: usize) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=longest).contains(&text.len()) && text.bytes().all(known)
}

/// A message to a reader who follows the account.
#[derive(Clone)]
pub struct TemplateMessage {
    /// To whom.
    pub to: OpenId,
    /// Which template.
    pub template: TemplateId,
    /// What it says.
    pub fields: Fields,
    /// The page that it opens.
    pub opens: Option<WebUrl>,
    /// What it is called when it is sent again.
    pub id: ClientMsgId,
}

impl TemplateMessage {
    /// The request. Repeating it within ten minutes is safe: it has an idempotency key.
    pub fn request(&self, token: &ApiToken) -> Request {
        #[derive(Serialize)]
        struct Body<'a> {
            touser: &'a str,
            template_id: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            url: Option<&'a str>,
            data: &'a Fields,
            client_msg_id: &'a str,
        }
        let body = Body {
            touser: self.to.as_str(),
            template_id: self.template.as_str(),
            url: self.opens.as_ref().map(WebUrl::as_str),
            data: &self.fields,
            client_msg_id: self.id.as_str(),
        };
        Request::with_token("/cgi-bin/message/template/send", token, &body)
    }

    /// Reads the reply.
    pub fn read(status: u16, body: &[u8]) -> Result<Sent, SendError> {
        Sent::read(status, body)
    }
}

/// A notice to a reader who has allowed one of this template (订阅通知): a one-time template once for each time, a long-term one until the
/// reader takes it back. The page asks with the platform's own element `wx-open-subscribe`.
///
/// It has no idempotency key. Whoever repeats it, because no reply came, may spend what the reader allowed twice, or find it spent.
#[derive(Clone)]
pub struct SubscribeMessage {
    /// To whom.
    pub to: OpenId,
    /// Which template.
    pub template: TemplateId,
    /// What it says.
    pub fields: Fields,
    /// The page that it opens.
    pub opens: Option<WebUrl>,
}

impl SubscribeMessage {
    /// The request.
    pub fn request(&self, token: &ApiToken) -> Request {
        #[derive(Serialize)]
        struct Body<'a> {
            touser: &'a str,
            template_id: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            page: Option<&'a str>,
            data: &'a Fields,
        }
        let body = Body {
            touser: self.to.as_str(),
            template_id: self.template.as_str(),
            page: self.opens.as_ref().map(WebUrl::as_str),
            data: &self.fields,
        };
        Request::with_token("/cgi-bin/message/subscribe/bizsend", token, &body)
    }

    /// Reads the reply.
    pub fn read(status: u16, body: &[u8]) -> Result<Sent, SendError> {
        Sent::read(status, body)
    }
}

impl fmt::Debug for TemplateMessage {
    /// Without the reader, the texts and the page.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemplateMessage")
            .field("template", &self.template)
            .field("fields", &self.fields)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SubscribeMessage {
    /// Without the reader, the texts and the page.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscribeMessage")
            .field("template", &self.template)
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}
