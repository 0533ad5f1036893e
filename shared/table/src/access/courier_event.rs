//! What couriers pushed, raw as it came, kept 90 days. The same push twice is one item.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use yujie_domain::Carried;

use crate::codec::{self, Image, corrupt, key_of};
use crate::error::TableError;
use crate::key;
use crate::table::{Page, Table, TransactError, Write};

pub(crate) const KIND: &str = "courier_event";
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    carrier: String,
    #[serde(with = "codec::millis")]
    received: Timestamp,
    raw: String,
    expires_at: i64,
}

/// One stored push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEvent {
    /// The carrier's code in our paths, such as `kuaidi100`.
    pub carrier: String,
    /// When we got it.
    pub received: Timestamp,
    /// The verified content, byte for byte.
    pub raw: String,
}

/// Stores a verified push; `digest` is a hash of its content. Storing it again changes nothing.
pub async fn store(
    table: &Table,
    carried: &Carried,
    digest: &str,
    event: &RawEvent,
) -> Result<(), TableError> {
    let row = Row {
        carrier: event.carrier.clone(),
        received: event.received,
        raw: event.raw.clone(),
        expires_at: (event.received + KEPT).as_second(),
    };
    let item = codec::item(&key::courier_event(carried, digest), KIND, &row)?;
    match table.write(Write::put_new(item)).await {
        Ok(()) | Err(TransactError::Refused(_)) => Ok(()),
        Err(TransactError::Table(error)) => Err(error),
    }
}

/// All pushes for what is carried.
pub async fn of(table: &Table, carried: &Carried) -> Result<Vec<RawEvent>, TableError> {
    let pk = key::courier_events(carried);
    let items = table.query(Page::of(&pk)).await?;
    items
        .into_iter()
        .map(|item| {
            let row: Row = codec::body(item)?;
            Ok(RawEvent { carrier: row.carrier, received: row.received, raw: row.raw })
        })
        .collect()
}

/// What a stored push is about.
pub fn carried_by(image: Image) -> Result<Carried, TableError> {
    let key = key_of(&image.into());
    let carried = key.pk.strip_prefix("COURIER#").unwrap_or_default();
    carried.parse().map_err(|e| corrupt(&key, e))
}
