//! The token with which all calls in the account's name are made, and what keeps it from being asked for too often.
//!
//! There is one such token for the account, good for two hours at most, and it is kept by whoever calls. Asking again gives the same one
//! until five minutes before its end, and then a new one beside which the old one lives on for those five minutes: so any number of
//! machines may ask, and none takes another's token away. Only a renewal by force does that.

use std::marker::PhantomData;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use yujie_domain::ids::Invalid;
use yujie_domain::time;

use crate::refusal::{self, AccessError, No, Unreadable};
use crate::{Account, Request, Secret};

/// So long before its end a token or ticket is not fresh any more. The platform gives a new one from five minutes before the end on;
/// a minute is left for clocks that differ, so that what comes is really new.
const EARLY: SignedDuration = SignedDuration::from_mins(4);
/// No token or ticket is good for longer, whatever is said, in seconds. Asking too early costs nothing.
const LONGEST: i64 = 7200;
/// The platform wants room for 512 characters and may use more some day.
const ROOM: usize = 2048;
/// The platform renews by force so often in a day,
const FORCED_A_DAY: u8 = 20;
/// and not before so much time has passed since the last one: until then it gives the old one again.
const BETWEEN: SignedDuration = SignedDuration::from_secs(30);

/// A secret of the platform's that ends: an [`ApiToken`] or a [`JsTicket`](crate::jssdk::JsTicket).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease<Of> {
    secret: Secret,
    expires: Timestamp,
    of: PhantomData<Of>,
}

/// Marks an [`ApiToken`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Api;

/// The account's token (`access_token`). It is another one than that of [`oauth`](crate::oauth).
pub type ApiToken = Lease<Api>;

impl<Of> Lease<Of> {
    /// From where it was kept. Takes 1 to 2,048 visible ASCII characters.
    pub fn new(secret: Secret, expires: Timestamp) -> Result<Self, Invalid> {
        let text = secret.expose();
        if (1..=ROOM).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self { secret, expires, of: PhantomData })
        } else {
            Err(Invalid { what: "token", why: "expected 1 to 2,048 visible characters" })
        }
    }

    /// From a reply to what was asked for at `asked`: counted from then, the end is not later than the platform's.
    pub(crate) fn read(
        text: String,
        seconds: i64,
        asked: Timestamp,
        status: u16,
    ) -> Result<Self, Unreadable> {
        let unreadable = Unreadable { status };
        if seconds <= 0 {
            return Err(unreadable);
        }
        let expires = asked.checked_add(SignedDuration::from_secs(seconds.min(LONGEST)));
        Self::new(Secret::new(text), expires.map_err(|_| unreadable)?).map_err(|_| unreadable)
    }

    /// The text, for where it is kept or sent.
    pub fn expose(&self) -> &str {
        self.secret.expose()
    }

    /// When it ends.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// Whether it can be used without asking for another one first. It may be refused all the same: then somebody has renewed it by
    /// force.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.expires && now.duration_until(self.expires) > EARLY
    }
}

/// Asks for the account's token (`stable_token`). Its refusals are [`AccessError`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// Gives the token of today, or a new one when that is about to end. This is the way for everything but what follows.
    Normal,
    /// Gives a new one and ends the old one at once: when the old one got out, or is refused and given again all the same.
    Forced(Forced),
}

impl Renewal {
    /// The request.
    pub fn request(&self, account: &Account) -> Request {
        let body = Body {
            grant_type: "client_credential",
            appid: account.app_id(),
            secret: account.secret().expose(),
            force_refresh: match self {
                Self::Normal => false,
                Self::Forced(_) => true,
            },
        };
        Request::post("/cgi-bin/stable_token", &body)
    }

    /// Reads the reply to a request that was sent at `asked`.
    pub fn read(status: u16, body: &[u8], asked: Timestamp) -> Result<ApiToken, AccessError> {
        #[derive(Deserialize)]
        struct Reply {
            access_token: String,
            expires_in: i64,
        }
        match refusal::read(status, body) {
            Ok(Reply { access_token, expires_in }) => {
                Ok(ApiToken::read(access_token, expires_in, asked, status)?)
            }
            Err(No::Refused(refusal)) => Err(AccessError::of(refusal)),
            Err(No::Unreadable(unreadable)) => Err(unreadable.into()),
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    grant_type: &'static str,
    appid: &'a str,
    secret: &'a str,
    force_refresh: bool,
}

/// The last renewal by force, to be kept beside the token: the platform allows 20 in a day, 30 seconds apart. The day is taken as
/// Shanghai's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forced {
    at: Timestamp,
    times: u8,
}

/// A renewal by force would be refused, or would give the same token again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no renewal by force before {until}")]
pub struct TooSoon {
    /// From then on it may be tried.
    pub until: Timestamp,
}

impl Forced {
    /// The next one after `before`, if it may be now. It is written down before it is asked for.
    pub fn next(before: Option<Self>, now: Timestamp) -> Result<Self, TooSoon> {
        let Some(Self { at, times }) = before else { return Ok(Self { at: now, times: 1 }) };
        let earliest = at.checked_add(BETWEEN).unwrap_or(Timestamp::MAX);
        let today = time::day(now);
        if time::day(at) == today && times >= FORCED_A_DAY {
            let midnight = today.tomorrow().ok().and_then(|day| time::instant(day.at(0, 0, 0, 0)));
            return Err(TooSoon { until: midnight.unwrap_or(Timestamp::MAX).max(earliest) });
        }
        if now < earliest {
            return Err(TooSoon { until: earliest });
        }
        if time::day(at) != today {
            return Ok(Self { at: now, times: 1 });
        }
        Ok(Self { at: now, times: times + 1 })
    }
}
