//! Bulk loading, for the importer: many items at once, marked so that the relay leaves them alone (their index and projections are
//! built by the importer itself).

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, ReturnConsumedCapacity, WriteRequest};
use yujie_domain::copy::Copy;
use yujie_domain::site::Site;
use yujie_domain::title::Title;
use yujie_domain::{Barcode, TitleId};

use crate::access::availability::{self, Availability};
use crate::access::{copy, site, title};
use crate::codec::{Image, Item, KIND};
use crate::error::TableError;
use crate::key;
use crate::table::Table;

/// The attribute that marks an item as loaded in bulk.
pub const BULK_MARK: &str = "bulk";

/// Whether a stream record shows an item as the importer wrote it.
pub fn is_bulk(image: &Image) -> bool {
    image.inner().contains_key(BULK_MARK)
}

/// Something that the importer loads.
#[derive(Debug, Clone)]
pub enum Loaded {
    /// A title (replaces the same title's older record).
    Title(Title),
    /// A new copy. Only for barcodes that [`missing_copies`] named: a copy in use must not be written over.
    Copy(Copy),
    /// A title's counted copies.
    Availability(TitleId, Availability),
    /// A site.
    Site(Site),
}

impl Loaded {
    fn into_item(self) -> Result<Item, TableError> {
        let mut item = match &self {
            Self::Title(title) => title::to_item(title)?,
            Self::Copy(copy) => copy::to_item(copy)?,
            Self::Availability(id, counted) => availability::to_item(id, *counted, 1)?,
            Self::Site(site) => site::to_item(site)?,
        };
        item.insert(BULK_MARK.to_owned(), AttributeValue::Bool(true));
        Ok(item)
    }
}

/// Which of these barcodes the table does not have yet.
pub async fn missing_copies(table: &Table, barcodes: &[Barcode]) -> Result<Vec<Barcode>, TableError> {
    let keys: Vec<_> = barcodes.iter().map(key::copy).collect();
    let found: Vec<String> =
        table.batch_get(&keys, false).await?.iter().map(|item| crate::codec::key_of(item).pk).collect();
    Ok(barcodes.iter().filter(|barcode| !found.contains(&key::copy(barcode).pk)).cloned().collect())
}

/// Writes up to 25 things in one call; what the table did not take is tried again.
pub async fn put(table: &Table, batch: Vec<Loaded>) -> Result<(), TableError> {
    let mut pending = Vec::with_capacity(batch.len());
    for loaded in batch {
        let put = PutRequest::builder()
            .set_item(Some(loaded.into_item()?))
            .build()
            .map_err(|e| TableError::Unavailable(e.to_string()))?;
        pending.push(WriteRequest::builder().put_request(put).build());
    }
    for attempt in 1..=10 {
        if pending.is_empty() {
            return Ok(());
        }
        let answer = table
            .client()
            .batch_write_item()
            .request_items(table.name(), std::mem::take(&mut pending))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(TableError::from_sdk)?;
        for capacity in answer.consumed_capacity() {
            table.count_write(Some(capacity));
        }
        pending = answer.unprocessed_items.into_iter().flatten().flat_map(|(_, left)| left).collect();
        if !pending.is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(20 << attempt)).await;
        }
    }
    Err(TableError::Throttled)
}

/// Where a walk over all titles goes on.
#[derive(Debug, Clone)]
pub struct After(Item);

/// Some of all titles, in no order, and where to go on; `None` at the end. It reads the whole table and is for building the index
/// anew, nothing else.
pub async fn titles_after(
    table: &Table,
    after: Option<After>,
) -> Result<(Vec<Title>, Option<After>), TableError> {
    let answer = table
        .client()
        .scan()
        .table_name(table.name())
        .filter_expression("#kind = :title")
        .expression_attribute_names("#kind", KIND)
        .expression_attribute_values(":title", AttributeValue::S(title::KIND.to_owned()))
        .set_exclusive_start_key(after.map(|After(key)| key))
        .send()
        .await
        .map_err(TableError::from_sdk)?;
    let titles =
        answer.items.unwrap_or_default().into_iter().map(title::from_item).collect::<Result<_, _>>()?;
    Ok((titles, answer.last_evaluated_key.map(After)))
}
