//! Who is reading a page of ours inside WeChat (网页授权).
//!
//! The reader's page is sent to [`Authorise::url`] and comes back to our address with a `code` and our `state`. The state is compared
//! with that of the session that began it: without this, somebody could have a reader bound to a stranger's identity. Then the code is
//! exchanged for the reader's [`OpenId`].

use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use yujie_domain::ids::Invalid;

use crate::refusal::{self, AccessError, No, Refusal};
use crate::request::encoded;
use crate::token::Lease;
use crate::{Account, OpenId, Request, WebUrl, sha1};

/// How much of the reader is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The openid, without asking the reader (`snsapi_base`).
    Base,
    /// Name and portrait as well: the reader is asked, and may say no (`snsapi_userinfo`).
    UserInfo,
}

impl Scope {
    fn name(self) -> &'static str {
        match self {
            Self::Base => "snsapi_base",
            Self::UserInfo => "snsapi_userinfo",
        }
    }
}

/// What makes an answer belong to the session that asked: 1 to 128 letters and digits. It is kept in the session.
#[derive(Clone)]
pub struct State(String);

impl State {
    /// From randomness, which is the caller's.
    pub fn new(random: u128) -> Self {
        Self(format!("{random:032x}"))
    }

    /// Reads a state from where it was kept.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let invalid = Invalid { what: "state", why: "expected 1 to 128 letters and digits" };
        if fits { Ok(Self(text.to_owned())) } else { Err(invalid) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the reader came back with this state.
    pub fn is(&self, given: &str) -> bool {
        sha1::same(&self.0, given)
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("State(…)")
    }
}

/// Sends a reader's page to be known. The address must be below a domain that is entered in the platform's console, or the reader sees
/// error 10003; 10005 is a scope that the account does not have.
#[derive(Debug, Clone)]
pub struct Authorise {
    /// Where the reader comes back to.
    pub redirect_uri: WebUrl,
    /// How much is asked for.
    pub scope: Scope,
    /// See [`State`].
    pub state: State,
}

impl Authorise {
    /// Where the page goes: below `host`, which is [`OPEN_HOST`](crate::OPEN_HOST). The platform wants the parameters in this order.
    pub fn url(&self, account: &Account, host: &str) -> String {
        let query = encoded(&[
            ("appid", account.app_id()),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("response_type", "code"),
            ("scope", self.scope.name()),
            ("state", self.state.as_str()),
        ]);
        format!("{}/connect/oauth2/authorize?{query}#wechat_redirect", host.trim_end_matches('/'))
    }
}

/// What a reader comes back with: good once, for five minutes. 1 to 512 visible ASCII characters.
#[derive(Clone)]
pub struct AuthCode(String);

impl AuthCode {
    /// Reads the parameter `code`. It is absent when the reader said no.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let fits = (1..=512).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        let invalid = Invalid { what: "code", why: "expected 1 to 512 visible characters" };
        if fits { Ok(Self(text.to_owned())) } else { Err(invalid) }
    }
}

impl fmt::Debug for AuthCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthCode(…)")
    }
}

/// Exchanges a code for who the reader is. Repeating it is no use: the code is spent, which reads as
/// [`SignInError::CodeSpent`].
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The code.
    pub code: AuthCode,
}

/// Marks the token of a [`Grant`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User;

/// Who the reader is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The reader under our account.
    pub openid: OpenId,
    /// The reader under all accounts of the same owner, if the platform tells it.
    pub union_id: Option<OpenId>,
    /// Opens what the reader allowed (`sns/userinfo`) and nothing else; it is not the account's token.
    pub token: Lease<User>,
    /// What the reader allowed, in the platform's words.
    pub scope: String,
}

/// Why it is not known who the reader is, by what has to happen next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// The page is shown as a snapshot (快照页), under an identity that the platform made up: nothing may be bound to it and nobody can
    /// pay with it. The reader must open the whole page (使用完整服务).
    #[error("the reader sees a snapshot of the page")]
    Snapshot,
    /// The code was used before (40163), is over (42003), or is not one of ours (40029): the reader is sent to be known anew.
    #[error("the code is spent: {0}")]
    CodeSpent(Refusal),
    /// See [`AccessError`].
    #[error(transparent)]
    Access(#[from] AccessError),
}

impl Exchange {
    /// The request. Its query holds the account's secret.
    pub fn request(&self, account: &Account) -> Request {
        let query = [
            ("appid", account.app_id()),
            ("secret", account.secret().expose()),
            ("code", &self.code.0),
            ("grant_type", "authorization_code"),
        ];
        Request::get("/sns/oauth2/access_token", &query)
    }

    /// Reads the reply to a request that was sent at `asked`.
    pub fn read(status: u16, body: &[u8], asked: Timestamp) -> Result<Grant, SignInError> {
        #[derive(Deserialize)]
        struct Reply {
            access_token: String,
            expires_in: i64,
            openid: OpenId,
            #[serde(default)]
            scope: String,
            #[serde(default)]
            is_snapshotuser: Value,
            #[serde(default)]
            unionid: Option<OpenId>,
        }
        let reply: Reply = match refusal::read(status, body) {
            Ok(reply) => reply,
            Err(No::Refused(refusal)) => {
                return Err(match refusal.code {
                    40029 | 40163 | 42003 => SignInError::CodeSpent(refusal),
                    _ => AccessError::of(refusal).into(),
                });
            }
            Err(No::Unreadable(unreadable)) => return Err(AccessError::from(unreadable).into()),
        };
        // Absent or 0 for a real reader. Whatever else it may be, it is not that.
        let real = match &reply.is_snapshotuser {
            Value::Null | Value::Bool(false) => true,
            Value::Number(number) => number.as_i64() == Some(0),
            Value::String(text) => text == "0",
            Value::Bool(true) | Value::Array(_) | Value::Object(_) => false,
        };
        if !real {
            return Err(SignInError::Snapshot);
        }
        let token =
            Lease::read(reply.access_token, reply.expires_in, asked, status).map_err(AccessError::from)?;
        Ok(Grant { openid: reply.openid, union_id: reply.unionid, token, scope: reply.scope })
    }
}
