//! `Idempotency-Key`: the same request twice has one effect and the same answer, byte for byte.

use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use yujie_table::Table;
use yujie_table::idempotency::{Answer, Known, Request, Stands, look_up};

use crate::extract::{self, json};
use crate::keys::Keys;
use crate::problem::{Code, Problem};

/// A request with an idempotency key, looked at for the first time.
#[derive(Debug)]
pub enum Begun {
    /// Nobody made it before: it is to be carried out.
    New {
        /// What it is remembered by.
        known: Request,
        /// Its body.
        body: Bytes,
    },
    /// It was made before, and answered like this.
    Answered(Response),
}

/// Begins a request that has one effect however often it is sent.
///
/// # Errors
/// [`Code::IdempotencyKeyMissing`], [`Code::IdempotencyKeyReused`], [`Code::BodyTooLarge`].
pub async fn begin(
    table: &Table,
    keys: &Keys,
    action: &str,
    caller: &str,
    sent: axum::extract::Request,
) -> Result<Begun, Problem> {
    let headers = sent.headers().clone();
    let body = extract::body(sent).await?;
    let known = request(&headers, keys, action, caller, &body)?;
    Ok(match replay(table, &known).await? {
        Some(answer) => Begun::Answered(answer),
        None => Begun::New { known, body },
    })
}

/// Identifies a request by who asks (`caller`), for what (`action`), with which key and body.
///
/// # Errors
/// [`Code::IdempotencyKeyMissing`] without a key of 8 to 64 visible ASCII characters.
pub fn request(
    headers: &HeaderMap,
    keys: &Keys,
    action: &str,
    caller: &str,
    body: &[u8],
) -> Result<Request, Problem> {
    let key = headers
        .get("idempotency-key")
        .and_then(|value| value.to_str().ok())
        .filter(|key| (8..=64).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()))
        .ok_or_else(|| {
            Problem::new(Code::IdempotencyKeyMissing)
                .and_field("Idempotency-Key", "8 to 64 visible ASCII characters")
        })?;
    let body = String::from_utf8_lossy(body);
    Ok(Request {
        key: keys.hash("idempotency", &format!("{action}\n{caller}\n{key}")),
        fingerprint: keys.hash("body", &body),
    })
}

/// The answer to a request that was made before; `None` for a new one.
///
/// # Errors
/// [`Code::IdempotencyKeyReused`] when the key was used for another body.
pub async fn replay(table: &Table, request: &Request) -> Result<Option<Response>, Problem> {
    answer_known(look_up(table, request).await?)
}

/// Answers what is known of a request.
///
/// # Errors
/// [`Code::IdempotencyKeyReused`].
pub fn answer_known(known: Known) -> Result<Option<Response>, Problem> {
    match known {
        Known::New => Ok(None),
        Known::OtherBody => Err(Problem::new(Code::IdempotencyKeyReused)),
        Known::Replay(answer) => {
            let mut response = respond(&answer)?;
            response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
            Ok(Some(response))
        }
    }
}

/// Answers what a command says that stands: its own answer the first time, marked as replayed when another request was first.
///
/// # Errors
/// [`Code::IdempotencyKeyReused`].
pub fn answer_first(stands: Stands) -> Result<Response, Problem> {
    match stands {
        Stands::Now(answer) => respond(&answer),
        Stands::Before(known) => answer_known(known)?.ok_or_else(|| Problem::new(Code::Busy)),
    }
}

/// Writes down what is about to be answered.
///
/// # Errors
/// Only when the answer cannot be written as JSON.
pub fn answer(status: StatusCode, body: &impl serde::Serialize) -> Result<Answer, Problem> {
    Ok(Answer { status: status.as_u16(), body: serde_json::to_string(body).map_err(Problem::internal)? })
}

/// Gives the answer.
///
/// # Errors
/// Only for a kept status that is none.
pub fn respond(answer: &Answer) -> Result<Response, Problem> {
    Ok(json(StatusCode::from_u16(answer.status).map_err(Problem::internal)?, answer.body.clone()))
}
