//! Access tokens: short-lived, signed, stateless. `v1.<claims>.<signature>`, both parts base64url.

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

#[derive(Serialize, Deserialize)]
struct Claims {
    #[serde(flatten)]
    subject: Subject,
    exp: i64,
}

/// Signs an access token for `subject`.
///
/// # Errors
/// Only when the subject cannot be written as JSON.
pub fn sign(keys: &Keys, subject: &Subject, now: Timestamp) -> Result<String, Problem> {
    let claims = Claims { subject: subject.clone(), exp: (now + LIFETIME).as_second() };
    let message =
        format!("v1.{}", URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).map_err(Problem::internal)?));
    let signature = keys.sign_token(message.as_bytes());
    Ok(format!("{message}.{signature}"))
}

/// Who a token speaks for, if it is ours and still good.
pub fn verify(keys: &Keys, token: &str, now: Timestamp) -> Option<Subject> {
    let (message, signature) = token.rsplit_once('.')?;
    if !keys.token_fits(message.as_bytes(), signature) {
        return None;
    }
    let claims = URL_SAFE_NO_PAD.decode(message.strip_prefix("v1.")?).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    (now.as_second() < claims.exp).then_some(claims.subject)
}

fn subject(parts: &Parts, edge: &Edge) -> Result<Subject, Problem> {
    parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .and_then(|token| verify(&edge.keys, token, edge.clock.now()))
        .ok_or_else(|| Problem::new(Code::Unauthenticated))
}

/// A signed-in reader. A route that takes one is closed to everybody else.
#[derive(Debug, Clone)]
pub struct Reader {
    /// Who.
    pub rid: ReaderId,
}

impl<S: AsRef<Edge> + Send + Sync> FromRequestParts<S> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match subject(parts, state.as_ref())? {
            Subject::Reader { rid } => Ok(Self { rid }),
            Subject::Staff { .. } => Err(Problem::new(Code::Forbidden)),
        }
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
        match subject(parts, state.as_ref())? {
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

    #[test]
    fn a_token_is_good_for_its_time_and_its_stack() {
        let now = Timestamp::UNIX_EPOCH;
        let reader = Subject::Reader { rid: ReaderId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap() };
        let token = sign(&keys("a"), &reader, now).unwrap();

        assert_eq!(verify(&keys("a"), &token, now), Some(reader));
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
        for junk in ["", "v1", "v1..", "Bearer", &"a.".repeat(5000)] {
            assert_eq!(verify(&keys("a"), junk, now), None);
        }
    }
}
