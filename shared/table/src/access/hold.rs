//! Holds: one item for each place in a title's queue, in the order of the queue.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use yujie_domain::hold::{Hold, Wherever};
use yujie_domain::{ReaderId, TitleId};

use crate::codec::{self, Image, Item, corrupt, key_of};
use crate::error::TableError;
use crate::key::{self, HOLD_SHARDS};
use crate::schema::BY_CLOCK;
use crate::table::{Page, Table, Write};

pub(crate) const KIND: &str = "hold";

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    v: u64,
    to: Wherever,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resumes: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "codec::millis::option")]
    hp: Option<Timestamp>,
}

pub(crate) fn to_item(hold: &Hold) -> Result<Item, TableError> {
    let row = Row {
        v: hold.version,
        to: hold.deliver_to.clone(),
        until: hold.until,
        resumes: hold.resumes,
        hp: hold.hopeless,
    };
    let mut item = codec::item(&key::hold(&hold.title_id, hold.since, &hold.rid), KIND, &row)?;
    item.insert(BY_CLOCK.pk.to_owned(), AttributeValue::S(key::clock_holds(shard(&hold.title_id))));
    item.insert(BY_CLOCK.sk.to_owned(), AttributeValue::S(hold.title_id.to_string()));
    Ok(item)
}

pub(crate) fn from_item(item: Item) -> Result<Hold, TableError> {
    let key = key_of(&item);
    let parsed = || {
        let title_id = TitleId::parse(key.pk.strip_prefix("TITLE#")?).ok()?;
        let (since, rid) = key.sk.strip_prefix(key::HOLD)?.split_once('#')?;
        let since = Timestamp::from_millisecond(since.parse().ok()?).ok()?;
        Some((title_id, since, ReaderId::parse(rid).ok()?))
    };
    let (title_id, since, rid) = parsed().ok_or_else(|| corrupt(&key, "not the key of a hold"))?;
    let row: Row = codec::body(item)?;
    Ok(Hold {
        title_id,
        rid,
        since,
        deliver_to: row.to,
        until: row.until,
        resumes: row.resumes,
        hopeless: row.hp,
        version: row.v,
    })
}

/// Spreads the holds over the index partitions of the clock; those of one title stand together.
fn shard(title_id: &TitleId) -> u8 {
    title_id.as_str().bytes().fold(0_u8, u8::wrapping_add) % HOLD_SHARDS
}

/// The hold that a stream record shows.
pub fn of_image(image: Image) -> Result<Hold, TableError> {
    from_item(image.into())
}

/// A new place at the end of a queue.
pub fn add(hold: &Hold) -> Result<Write, TableError> {
    Ok(Write::put_new(to_item(hold)?))
}

/// Puts a hold in the place of its version before; its place in the queue stays.
pub fn replace(next: &Hold) -> Result<Write, TableError> {
    Ok(Write::replace(to_item(next)?, next.version.saturating_sub(1)))
}

/// Takes a hold out of its queue, if it is still as it was read.
pub fn remove(hold: &Hold) -> Write {
    Write::delete(key::hold(&hold.title_id, hold.since, &hold.rid), "v = :v").number(":v", hold.version)
}

/// One hold.
pub async fn get(
    table: &Table,
    title_id: &TitleId,
    since: Timestamp,
    rid: &ReaderId,
) -> Result<Option<Hold>, TableError> {
    table.get(&key::hold(title_id, since, rid)).await?.map(from_item).transpose()
}

/// Those who wait for a title, the first one first, at most `limit`.
pub async fn queue(table: &Table, title_id: &TitleId, limit: usize) -> Result<Vec<Hold>, TableError> {
    let pk = key::title(title_id).pk;
    let page = Page { prefix: Some(key::HOLD), limit: Some(limit), ..Page::of(&pk) };
    table.query(page).await?.into_iter().map(from_item).collect()
}

/// All titles that somebody waits for.
pub async fn titles(table: &Table) -> Result<Vec<TitleId>, TableError> {
    let mut titles = Vec::new();
    for shard in 0..HOLD_SHARDS {
        let pk = key::clock_holds(shard);
        for entry in table.query(Page { index: Some(BY_CLOCK), ..Page::of(&pk) }).await? {
            let key = key_of(&entry);
            let id = key.pk.strip_prefix("TITLE#").unwrap_or_default();
            titles.push(TitleId::parse(id).map_err(|error| corrupt(&key, error))?);
        }
    }
    titles.sort();
    titles.dedup();
    Ok(titles)
}
