//! A push: everything that a carrier has said about one parcel so far, sent again in full at each news.
//!
//! It is read in two steps, because they happen in two places. [`verify`] proves at the door that the platform sent it and hands
//! out its text, which is stored as it is; [`Push::parse`] gives that text its meaning later.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::Deserialize;
use yujie_domain::{Waybill, time};

use super::lenient::{self, Lenient, Text};
use super::{code, form, sign};
use crate::{CourierEvent, EventKind, Secret};

/// No push is as long as this: a parcel of a hundred events has some 70 kB. It also keeps a stored push within one table item.
pub const MAX_BODY: usize = 256 * 1024;

/// Why a body is not a push of ours. It says nothing of the content, which may hold a courier's name and phone number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// Longer than [`MAX_BODY`].
    #[error("the body has {bytes} bytes")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// Not `name=value` pairs, or with a broken escape.
    #[error("the body is not a form")]
    NotForm,
    /// A form without `param`.
    #[error("the form has no param")]
    MissingParam,
    /// A form without `sign`: the subscription was made without a salt.
    #[error("the form has no sign")]
    MissingSign,
    /// We have no salt, so that anybody could have signed it.
    #[error("no salt is configured")]
    NoSalt,
    /// `param` is not UTF-8.
    #[error("param is not UTF-8")]
    NotUtf8,
    /// Signed with another salt, or altered, or not signed by the platform at all.
    #[error("the signature does not fit")]
    BadSignature,
    /// `param` is not a JSON object.
    #[error("param is not a JSON object: line {line}, column {column}")]
    NotJson {
        /// Where reading stopped.
        line: usize,
        /// Where in that line.
        column: usize,
    },
}

/// Checks a form body's signature and returns its `param`, a JSON text.
pub fn verify(body: &[u8], salt: &Secret) -> Result<String, PushError> {
    if body.len() > MAX_BODY {
        return Err(PushError::TooLarge { bytes: body.len() });
    }
    if !body.contains(&b'=') {
        return Err(PushError::NotForm);
    }
    let field = |name| form::field(body, name).map_err(|form::BrokenEscape| PushError::NotForm);
    let param = field("param")?.ok_or(PushError::MissingParam)?;
    let given = field("sign")?.ok_or(PushError::MissingSign)?;
    if salt.expose().is_empty() {
        return Err(PushError::NoSalt);
    }
    let param = String::from_utf8(param).map_err(|_| PushError::NotUtf8)?;
    if !sign::is_signed(&[&param, salt.expose()], &given) {
        return Err(PushError::BadSignature);
    }
    Ok(param)
}

/// What the platform is doing about the parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushStatus {
    /// Still following it.
    Polling,
    /// Finished: it was signed for.
    Shutdown,
    /// Given up: three days without a record, or sixty without a change. The number or the carrier may be wrong.
    Abort,
    /// The whole history once more.
    UpdateAll,
    /// Anything else, such as news about a booking, which come in the same envelope but hold no events.
    Unknown,
}

impl PushStatus {
    fn named(name: &str) -> Self {
        match name {
            "polling" => Self::Polling,
            "shutdown" => Self::Shutdown,
            "abort" => Self::Abort,
            "updateall" => Self::UpdateAll,
            _ => Self::Unknown,
        }
    }
}

/// A push, read. Absent fields stay absent: what the platform leaves out is never a reason to lose the rest.
#[derive(Clone, PartialEq, Eq)]
pub struct Push {
    /// What the platform is doing.
    pub status: PushStatus,
    /// The platform's remark, such as why it gave up.
    pub message: Option<String>,
    /// The parcel's number at the carrier.
    pub waybill: Option<Waybill>,
    /// The carrier's code on the platform, such as `shunfeng`.
    pub carrier: Option<String>,
    /// Whether the platform follows the parcel at another carrier than the one we named.
    pub auto_check: bool,
    /// That other carrier, when the platform found one.
    pub new_carrier: Option<String>,
    /// What the parcel's overall state means.
    pub state: EventKind,
    /// The events, oldest first. Those of one second keep the carrier's order.
    pub events: Vec<CourierEvent>,
    /// How many entries were left out because their time could not be read.
    pub undated: usize,
}

impl Push {
    /// Verifies a form body and reads it.
    pub fn receive(body: &[u8], salt: &Secret) -> Result<Self, PushError> {
        Self::parse(&verify(body, salt)?)
    }

    /// Reads a verified `param`.
    pub fn parse(param: &str) -> Result<Self, PushError> {
        let envelope: Envelope = lenient::object(param.as_bytes())
            .map_err(|error| PushError::NotJson { line: error.line(), column: error.column() })?;
        let Lenient(result) = envelope.last_result;
        let (events, undated) = history(result.data.0, result.state.as_str());
        Ok(Self {
            status: PushStatus::named(envelope.status.as_str()),
            message: envelope.message.some(),
            waybill: Waybill::parse(result.nu.or(envelope.kuaidinum).as_str()).ok(),
            carrier: result.com.or(envelope.kuaidicom).some(),
            auto_check: envelope.auto_check.as_str() == "1",
            new_carrier: envelope.com_new.some(),
            state: code::meaning(result.state.as_str()),
            events,
            undated,
        })
    }
}

impl fmt::Debug for Push {
    /// Without texts: carriers write names and phone numbers into them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Push")
            .field("status", &self.status)
            .field("waybill", &self.waybill)
            .field("carrier", &self.carrier)
            .field("state", &self.state)
            .field("events", &self.events.len())
            .field("undated", &self.undated)
            .finish_non_exhaustive()
    }
}

/// `param`, of a push and of news about a booking (whose number is at the top).
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Envelope {
    status: Text,
    message: Text,
    auto_check: Text,
    com_new: Text,
    last_result: Lenient<LastResult>,
    kuaidicom: Text,
    kuaidinum: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LastResult {
    nu: Text,
    com: Text,
    state: Text,
    data: Lenient<Vec<Lenient<Entry>>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Entry {
    time: Text,
    ftime: Text,
    context: Text,
    status: Text,
    status_code: Text,
    area_name: Text,
    location: Text,
}

/// The entries, which come newest first, as events, oldest first; and how many had no readable time.
fn history(entries: Vec<Lenient<Entry>>, state: &str) -> (Vec<CourierEvent>, usize) {
    let told = entries.len();
    let mut events: Vec<CourierEvent> =
        entries.into_iter().rev().filter_map(|Lenient(entry)| event(entry)).collect();
    events.sort_by_key(|event| event.at);
    // A carrier that gives no codes still gives an overall state, which is that of its latest news.
    if let Some(latest) = events.last_mut().filter(|latest| latest.code.is_empty()) {
        state.clone_into(&mut latest.code);
        latest.kind = code::meaning(state);
    }
    let undated = told.saturating_sub(events.len());
    (events, undated)
}

fn event(entry: Entry) -> Option<CourierEvent> {
    let at = shanghai_time(entry.ftime.as_str()).or_else(|| shanghai_time(entry.time.as_str()))?;
    let named = Some(entry.status).filter(|name| code::meaning(name.as_str()) != EventKind::Unknown);
    let code = entry.status_code.or(named.unwrap_or_default());
    Some(CourierEvent {
        at,
        kind: code::meaning(code.as_str()),
        code: code.some().unwrap_or_default(),
        text: entry.context.some().unwrap_or_default(),
        place: entry.location.or(entry.area_name).some(),
    })
}

/// The platform writes `2026-09-27 15:02:11`, in Shanghai's time, whatever the carrier.
fn shanghai_time(text: &str) -> Option<Timestamp> {
    text.parse::<DateTime>().ok().and_then(time::instant)
}
