//! Access tokens: short-lived, signed, stateless. `v2.<key>.<claims>.<signature>`: the id of the key that signed, and the rest in base64url.

use axum::extract::FromRequestParts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header;
use http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use yujie_domain::staff::{Duty, Role};
use yujie_domain::{ReaderId, SiteId, StaffLogin};

use crate::Edge;
use crate::keys::Keys;
use crate::problem::{Code, Problem};

/// How long an access token is good.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(30);

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "who", rename_all = "snake_case")]
pub enum Subject {
    /// A reader.
    Reader {
        /// Their id.
        rid: ReaderId,
        /// Who acts for them; nobody for most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<ReaderId>,
    },
    /// A member of staff.
    Staff {
        /// Their sign-in name.
        login: StaffLogin,
        /// What they may do.
        role: Role,
        /// Where.
        site: SiteId,
    },
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Who.
    pub subject: Subject,
    /// The session that the token belongs to. A token that was made without one has none.
    pub session: Option<SessionId>,
}

/// A session's family: a ULID of the instant of its sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(String);

impl SessionId {
    /// Parses one.
    pub fn parse(text: &str) -> Option<Self> {
        ulid::Ulid::from_string(text).ok().map(|id| Self(id.to_string()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// When somebody signed in to it: a password was typed then, or what stood for one was shown.
    pub fn signed_in_at(&self) -> Option<Timestamp> {
        let ms = ulid::Ulid::from_string(&self.0).ok()?.timestamp_ms();
        Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok()
    }
}

#[derive(Serialize, Deserialize)]
struct Claims {
    #[serde(flatten)]
    subject: Subject,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<SessionId>,
    exp: i64,
}

/// Signs an access token for `subject`, in a session if there is one.
///
/// # Errors
/// Only when the subject cannot be written as JSON.
pub fn sign(
    keys: &Keys,
    subject: &Subject,
    session: Option<&SessionId>,
    now: Timestamp,
) -> Result<String, Problem> {
    let claims =
        Claims { subject: subject.clone(), sid: session.cloned(), exp: (now + LIFETIME).as_second() };
    let claims = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).map_err(Problem::internal)?);
    let message = format!("v2.{}.{claims}", keys.token_key());
    let signature = keys.sign_token(message.as_bytes());
    let signature = signature.ok_or_else(|| Problem::internal("there is no key for tokens"))?;
    Ok(format!("{message}.{signature}"))
}

/// Who a token speaks for, if it is ours and still good.
pub fn verify(keys: &Keys, token: &str, now: Timestamp) -> Option<SignedIn> {
    let (message, signature) = token.rsplit_once('.')?;
    let (key, claims) = message.strip_prefix("v2.")?.split_once('.')?;
    if !keys.token_fits(key, message.as_bytes(), signature) {
        return None;
    }
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    (now.as_second() < claims.exp).then_some(SignedIn { subject: claims.subject, session: claims.sid })
}

/// Anybody who is signed in.
impl<S: AsRef<Edge> + Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let edge = state.as_ref();
        parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .and_then(|token| verify(&edge.keys, token, edge.clock.now()))
            .ok_or_else(|| Problem::new(Code::Unauthenticated))
    }
}

/// A signed-in reader, or somebody who acts for one. A route that takes one is closed to everybody else.
#[derive(Debug, Clone)]
pub struct Reader {
    /// Who.
    pub rid: ReaderId,
    /// The session that they are signed in with.
    pub session: Option<SessionId>,
    /// Who acts for them, when it is not they themselves.
    pub by: Option<ReaderId>,
}

impl<S: AsRef<Edge> + Send + Sync> FromRequestParts<S> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let SignedIn { subject, session } = SignedIn::from_request_parts(parts, state).await?;
        match subject {
            Subject::Reader { rid, by } => Ok(Self { rid, session, by }),
            Subject::Staff { .. } => Err(Problem::new(Code::Forbidden)),
        }
    }
}

/// A signed-in reader in person: for what nobody may do for somebody else.
#[derive(Debug, Clone)]
pub struct Oneself(pub Reader);

impl<S: AsRef<Edge> + Send + Sync> FromRequestParts<S> for Oneself {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let reader = Reader::from_request_parts(parts, state).await?;
        if reader.by.is_some() { Err(Problem::new(Code::NotWhileActing)) } else { Ok(Self(reader)) }
    }
}

/// A signed-in member of staff. What they may do is asked with [`Staff::must`].
#[derive(Debug, Clone)]
pub struct Staff {
    /// Who.
    pub login: StaffLogin,
    /// What they may do.
    pub role: Role,
    /// Where they work.
    pub site: SiteId,
}

impl Staff {
    /// Refuses unless this member of staff has `duty`.
    ///
    /// # Errors
    /// [`Code::Forbidden`].
    pub fn must(&self, duty: Duty) -> Result<(), Problem> {
        if self.role.may(duty) { Ok(()) } else { Err(Problem::new(Code::Forbidden)) }
    }
}

impl<S: AsRef<Edge> + Send + Sync> FromRequestParts<S> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match SignedIn::from_request_parts(parts, state).await?.subject {
            Subject::Staff { login, role, site } => Ok(Self { login, role, site }),
            Subject::Reader { .. } => Err(Problem::new(Code::Forbidden)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(letter: &str) -> Keys {
        Keys::from_secret(&format!(r#"{{"master":"{}"}}"#, letter.repeat(32))).unwrap()
    }

    fn reader() -> Subject {
        Subject::Reader { rid: ReaderId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(), by: None }
    }

    #[test]
    fn a_token_is_good_for_its_time_and_its_stack() {
        let now = Timestamp::UNIX_EPOCH;
        let session = SessionId::parse("01JD9Z0000000000000FAM1RY1").unwrap();
        let token = sign(&keys("a"), &reader(), Some(&session), now).unwrap();

        let signed_in = SignedIn { subject: reader(), session: Some(session) };
        assert_eq!(verify(&keys("a"), &token, now), Some(signed_in));
        assert_eq!(verify(&keys("a"), &token, now + LIFETIME), None, "expired");
        assert_eq!(verify(&keys("b"), &token, now), None, "another stack's");
        for place in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(bytes).unwrap();
            // The last character of base64 holds bits that mean nothing: only decoded equality counts.
            if verify(&keys("a"), &forged, now).is_some() {
                assert_eq!(place, token.len() - 1, "forged at {place}");
            }
        }
        for junk in ["", "v2", "v2..", "v2...", "Bearer", &"a.".repeat(5000)] {
            assert_eq!(verify(&keys("a"), junk, now), None);
        }
    }

    #[test]
    fn a_new_token_key_signs_while_older_tokens_live_and_hashes_stay() {
        let now = Timestamp::UNIX_EPOCH;
        let (master, new) = ("a".repeat(32), "n".repeat(32));
        let secret =
            |tokens: &str| Keys::from_secret(&format!(r#"{{"master":"{master}"{tokens}}}"#)).unwrap();
        let before = secret("");
        let rotated = secret(&format!(r#","tokens":["{new}","{master}"]"#));
        let after = secret(&format!(r#","tokens":["{new}"]"#));

        let old = sign(&before, &reader(), None, now).unwrap();
        let newest = sign(&rotated, &reader(), None, now).unwrap();

        assert!(verify(&rotated, &old, now).is_some(), "older ones are good until they expire");
        assert!(verify(&after, &newest, now).is_some(), "new ones are signed with the newest");
        assert!(verify(&after, &old, now).is_none(), "a key that was taken out verifies nothing");
        assert!(verify(&before, &newest, now).is_none());
        assert_eq!(before.hash("document", "1"), after.hash("document", "1"));
        assert_eq!(before.webhook_token("parcel 1"), after.webhook_token("parcel 1"));
    }

    #[test]
    fn a_session_knows_when_somebody_signed_in_to_it() {
        let at: Timestamp = "2026-11-23T02:00:00Z".parse().unwrap();
        let id = crate::Entropy::counting(1).ulid(at).unwrap();
        assert_eq!(SessionId::parse(&id).unwrap().signed_in_at(), Some(at));
        for junk in ["", "01JD9Z0000000000000FAM1LY1 ", "../SESSION", "01JD9Z0000000000000FAM-RY1"] {
            assert_eq!(SessionId::parse(junk), None);
        }
    }
}
