//! Who is reading a page inside WeChat.
//!
//! The page keeps a proof that only it has, and is sent to WeChat with a state that is made from it. Whoever comes back shows both:
//! a stranger's link, with the stranger's code in it, does not fit the proof of the reader who opens it.

use jiff::{SignedDuration, Timestamp};
use yujie_wechat::oauth::{AuthCode, Authorise, Exchange, Scope, State};
use yujie_wechat::{OpenId, WebUrl};

use crate::{Desk, DeskError};

/// How long a reader may take to come back.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// Where a reader's page goes to be known.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The address.
    pub url: String,
    /// Kept by the page until the reader comes back.
    pub proof: String,
}

impl Desk {
    /// Begins. The reader comes back to `path` below our own address, with `code` and `state` in the query.
    ///
    /// # Errors
    /// [`DeskError::NotOurs`] when it is no path of ours.
    pub fn begin(&self, path: &str) -> Result<Begun, DeskError> {
        let redirect_uri =
            WebUrl::parse(format!("{}{path}", self.public_url)).map_err(|_| DeskError::NotOurs)?;
        if !path.starts_with('/') || !redirect_uri.is_below(&self.public_url) {
            return Err(DeskError::NotOurs);
        }
        let proof = format!("{:032x}", self.random()?);
        let state = self.state(&proof, self.edge.clock.now())?;
        let url = Authorise { redirect_uri, scope: Scope::Base, state }.url(&self.account, &self.open_url);
        Ok(Begun { url, proof })
    }

    /// Who came back.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn known(&self, code: &str, state: &str, proof: &str) -> Result<OpenId, DeskError> {
        let now = self.edge.clock.now();
        let begun = begun_at(state).ok_or(DeskError::BeginAnew)?;
        let in_time = begun <= now && now.duration_since(begun) < LIFETIME;
        if !in_time || !self.state(proof, begun)?.is(state) {
            return Err(DeskError::BeginAnew);
        }
        let code = AuthCode::parse(code).map_err(|_| DeskError::BeginAnew)?;
        let answer = self.ask(&Exchange { code }.request(&self.account)).await?;
        Ok(Exchange::read(answer.status, &answer.body, now)?.openid)
    }

    /// The state of a proof: when it was made, in seconds, and a hash that only we can make.
    fn state(&self, proof: &str, at: Timestamp) -> Result<State, DeskError> {
        let seconds = at.as_second();
        let hash = self.edge.keys.hash("wechat state", &format!("{proof} {seconds}"));
        // A state has letters and digits alone; what is lost with the other two is a bit in forty.
        let hash: String = hash.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '0' }).collect();
        State::parse(&format!("{seconds}x{hash}")).map_err(|_| DeskError::BeginAnew)
    }
}

fn begun_at(state: &str) -> Option<Timestamp> {
    let (seconds, _) = state.split_once('x')?;
    Timestamp::from_second(seconds.parse().ok()?).ok()
}
