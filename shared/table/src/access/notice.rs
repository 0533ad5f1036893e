//! Notices to readers: the inbox, and the record that makes each fact told once.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yujie_domain::timeline::Step;
use yujie_domain::{ParcelNo, ParcelRef, ReaderId};

use crate::codec::{self, Item, corrupt, key_of};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::table::{Page, Table, TransactError, Write};

const KIND: &str = "notice";

/// How far the SMS of a notice has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sms {
    /// Not yet known to be sent.
    Pending,
    /// The provider took it.
    Sent,
}

/// A notice in a reader's inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The parcel it is about.
    pub parcel_no: ParcelNo,
    /// The step that was reached.
    pub step: Step,
    /// When the step happened.
    pub at: Timestamp,
    /// What it says.
    pub text: String,
    /// Its SMS.
    pub sms: Sms,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    parcel: ParcelNo,
    step: Step,
    #[serde(with = "codec::millis")]
    at: Timestamp,
    text: String,
    sms: Sms,
}

fn key_for(rid: &ReaderId, notice: &Notice) -> Key {
    key::notice(rid, notice.at.as_millisecond(), &notice.parcel_no, notice.step)
}

fn to_item(rid: &ReaderId, notice: &Notice, version: u64) -> Result<Item, TableError> {
    let row = Row {
        v: version,
        parcel: notice.parcel_no.clone(),
        step: notice.step,
        at: notice.at,
        text: notice.text.clone(),
        sms: notice.sms,
    };
    codec::item(&key_for(rid, notice), KIND, &row)
}

fn from_item(item: Item) -> Result<Notice, TableError> {
    let row: Row = codec::body(item)?;
    Ok(Notice { parcel_no: row.parcel, step: row.step, at: row.at, text: row.text, sms: row.sms })
}

/// Puts a notice into the inbox. Answers the notice as it stands there: the new one, or the one that an earlier message put.
pub async fn put(table: &Table, parcel: &ParcelRef, notice: &Notice) -> Result<Notice, TableError> {
    match table.write(Write::put_new(to_item(&parcel.rid, notice, 1)?)).await {
        Ok(()) => Ok(notice.clone()),
        Err(TransactError::Refused(refused)) => match refused.into_iter().find_map(|r| r.old) {
            Some(old) => from_item(old),
            None => Err(corrupt(&key_for(&parcel.rid, notice), "refused, but not there")),
        },
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// Marks a notice's SMS as sent. Marking it again changes nothing.
pub async fn sms_sent(table: &Table, rid: &ReaderId, notice: &Notice) -> Result<(), TableError> {
    let sent = Notice { sms: Sms::Sent, ..notice.clone() };
    match table.write(Write::replace(to_item(rid, &sent, 2)?, 1)).await {
        Ok(()) | Err(TransactError::Refused(_)) => Ok(()),
        Err(TransactError::Table(error)) => Err(error),
    }
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
