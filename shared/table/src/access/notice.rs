//! Notices to readers: the inbox, and the record that makes each fact told once.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use yujie_domain::returning::Step as ReturnStep;
use yujie_domain::timeline::Step;
use yujie_domain::{ParcelNo, ReaderId, ReturnNo, TitleId};

use crate::codec::{self, Item, corrupt, key_of};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::table::{Page, Table, TransactError, Write};

pub(crate) const KIND: &str = "notice";

/// How long the one who claimed an SMS has to send it, before somebody else may.
const LEASE: SignedDuration = SignedDuration::from_secs(30);

/// How far the SMS of a notice has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sms {
    /// Somebody is sending it.
    Sending,
    /// The provider took it.
    Sent,
    /// The provider never takes it: the number is wrong, or its owner wants none.
    Refused,
    /// The reader did not want one.
    Off,
}

/// What a notice tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A step of a parcel.
    Parcel {
        /// Which.
        no: ParcelNo,
        /// The step that was reached.
        step: Step,
    },
    /// A step of a return.
    Return {
        /// Which.
        no: ReturnNo,
        /// The step.
        step: ReturnStep,
    },
    /// A wait that has become hopeless.
    Wait {
        /// For what.
        title_id: TitleId,
    },
}

/// A notice in a reader's inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it tells.
    pub about: About,
    /// When the step happened.
    pub at: Timestamp,
    /// What it says.
    pub text: String,
    /// Its SMS.
    pub sms: Sms,
}

impl Notice {
    /// Its name, the same for whoever tells the same: what may be told several times has its time in it.
    pub fn id(&self) -> String {
        let at = self.at.as_millisecond();
        match &self.about {
            About::Parcel { no, step } if step.is_made_once() => format!("{no}-{}", step.as_str()),
            About::Parcel { no, step } => format!("{no}-{}-{at}", step.as_str()),
            About::Return { no, step } => format!("{no}-{}-{at}", step.as_str()),
            About::Wait { title_id } => format!("{title_id}-hopeless-{at}"),
        }
    }
}

/// Who sends a notice's SMS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The caller, who marks it with [`sms_ended`] afterwards.
    Mine {
        /// What that needs to know.
        version: u64,
        /// When somebody who died over it had begun: it may be sent.
        tried: Option<Timestamp>,
    },
    /// Somebody else, just now: look again later.
    SomebodyElse,
    /// Nobody any more: it is sent, or never will be.
    Over,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parcel: Option<ParcelNo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<Step>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    back: Option<ReturnNo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    back_step: Option<ReturnStep>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wait: Option<TitleId>,
    #[serde(with = "codec::millis")]
    at: Timestamp,
    text: String,
    sms: Sms,
    #[serde(with = "codec::millis")]
    claimed: Timestamp,
}

fn key_for(rid: &ReaderId, notice: &Notice) -> Key {
    let at = notice.at.as_millisecond();
    match &notice.about {
        About::Parcel { no, step } => key::notice(rid, at, no, *step),
        About::Return { no, step } => key::return_notice(rid, at, no, *step),
        About::Wait { title_id } => key::wait_notice(rid, at, title_id),
    }
}

fn to_item(rid: &ReaderId, notice: &Notice, version: u64, claimed: Timestamp) -> Result<Item, TableError> {
    let (of_parcel, of_return, wait) = match &notice.about {
        About::Parcel { no, step } => (Some((no.clone(), *step)), None, None),
        About::Return { no, step } => (None, Some((no.clone(), *step)), None),
        About::Wait { title_id } => (None, None, Some(title_id.clone())),
    };
    let (parcel, step) = of_parcel.unzip();
    let (back, back_step) = of_return.unzip();
    let row = Row {
        v: version,
        parcel,
        step,
        back,
        back_step,
        wait,
        at: notice.at,
        text: notice.text.clone(),
        sms: notice.sms,
        claimed,
    };
    codec::item(&key_for(rid, notice), KIND, &row)
}

pub(crate) fn from_item(item: Item) -> Result<Notice, TableError> {
    let key = key_of(&item);
    let row: Row = codec::body(item)?;
    let about = match (row.parcel.zip(row.step), row.back.zip(row.back_step), row.wait) {
        (Some((no, step)), None, None) => About::Parcel { no, step },
        (None, Some((no, step)), None) => About::Return { no, step },
        (None, None, Some(title_id)) => About::Wait { title_id },
        _ => return Err(corrupt(&key, "a notice is about a parcel, a return or a wait")),
    };
    Ok(Notice { about, at: row.at, text: row.text, sms: row.sms })
}

/// Puts a notice into the inbox, unless it is there, and claims the sending of its SMS. A claim whose holder died is taken over.
pub async fn claim(
    table: &Table,
    rid: &ReaderId,
    notice: &Notice,
    now: Timestamp,
) -> Result<Claim, TableError> {
    let sending = Notice { sms: Sms::Sending, ..notice.clone() };
    let old = match table.write(Write::put_new(to_item(rid, &sending, 1, now)?)).await {
        Ok(()) => return Ok(Claim::Mine { version: 1, tried: None }),
        Err(TransactError::Refused(refused)) => refused.into_iter().find_map(|r| r.old),
        Err(TransactError::Table(error)) => return Err(error),
    };
    let old = old.ok_or_else(|| corrupt(&key_for(rid, notice), "refused, but not there"))?;
    let row: Row = codec::body(old)?;
    match row.sms {
        Sms::Sent | Sms::Refused | Sms::Off => Ok(Claim::Over),
        Sms::Sending if now.duration_since(row.claimed) < LEASE => Ok(Claim::SomebodyElse),
        Sms::Sending => {
            let version = row.v + 1;
            match table.write(Write::replace(to_item(rid, &sending, version, now)?, row.v)).await {
                Ok(()) => Ok(Claim::Mine { version, tried: Some(row.claimed) }),
                Err(TransactError::Refused(_)) => Ok(Claim::SomebodyElse),
                Err(TransactError::Table(error)) => Err(error),
            }
        }
    }
}

/// Marks what became of a claimed notice's SMS, as `notice` has it.
pub async fn sms_ended(
    table: &Table,
    rid: &ReaderId,
    notice: &Notice,
    version: u64,
    now: Timestamp,
) -> Result<(), TableError> {
    match table.write(Write::replace(to_item(rid, notice, version + 1, now)?, version)).await {
        Ok(()) | Err(TransactError::Refused(_)) => Ok(()),
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// Whether a text can be a place in an inbox.
pub fn is_cursor(text: &str) -> bool {
    text.len() <= 128 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'#' | b'-' | b'_'))
}

/// A page of a reader's inbox, newest first, with the cursor of the next.
pub async fn list(
    table: &Table,
    rid: &ReaderId,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<Notice>, Option<String>), TableError> {
    let pk = key::reader(rid);
    let start = after.map(|cursor| Key { pk: pk.clone(), sk: format!("{}{cursor}", key::NOTICE) });
    let page = Page {
        prefix: Some(key::NOTICE),
        after: start.as_ref(),
        newest_first: true,
        limit: Some(limit),
        ..Page::of(&pk)
    };
    let items = table.query(page).await?;
    let next = (items.len() == limit)
        .then(|| items.last().map(key_of))
        .flatten()
        .and_then(|key| key.sk.strip_prefix(key::NOTICE).map(ToOwned::to_owned));
    Ok((items.into_iter().map(from_item).collect::<Result<_, _>>()?, next))
}
