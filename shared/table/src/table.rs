//! The table itself: reads, conditional writes, transactions. It knows nothing of what the items mean.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConsumedCapacity, Delete, KeysAndAttributes, Put, ReturnConsumedCapacity,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use crate::codec::{Item, key_of};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::schema::Index;

/// How often a transaction that met another writer is tried in all. Each try costs its units, so the number is small; a queue
/// message comes again anyway and an HTTP client is told to.
const TRIES: u32 = 8;

/// The table of one stack.
#[derive(Clone)]
pub struct Table {
    client: Client,
    name: String,
    consumed: Arc<Mutex<Consumed>>,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Table({})", self.name)
    }
}

/// Units used so far, in tenths: DynamoDB bills halves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Consumed {
    /// Read units × 10.
    pub read_tenths: u64,
    /// Write units × 10.
    pub write_tenths: u64,
}

/// One write of a transaction (or alone). All are conditional.
#[derive(Debug, Clone)]
pub struct Write {
    kind: Kind,
    condition: String,
    names: Vec<(String, String)>,
    values: Vec<(String, AttributeValue)>,
}

#[derive(Debug, Clone)]
enum Kind {
    Put(Item),
    Update { key: Key, expression: String },
    Delete(Key),
}

impl Write {
    /// Puts an item that must not exist yet.
    pub(crate) fn put_new(item: Item) -> Self {
        Self::new(Kind::Put(item), "attribute_not_exists(pk)")
    }

    /// Puts an item, new or in the place of one for which the condition holds.
    pub(crate) fn put_if(item: Item, condition: impl Into<String>) -> Self {
        Self::new(Kind::Put(item), condition)
    }

    /// Puts an item in the place of its version `version`.
    pub(crate) fn replace(item: Item, version: u64) -> Self {
        Self::new(Kind::Put(item), "v = :version").value(":version", AttributeValue::N(version.to_string()))
    }

    /// Changes attributes of an item under a condition.
    pub(crate) fn update(key: Key, expression: impl Into<String>, condition: impl Into<String>) -> Self {
        Self::new(Kind::Update { key, expression: expression.into() }, condition)
    }

    /// Removes an item under a condition.
    pub(crate) fn delete(key: Key, condition: impl Into<String>) -> Self {
        Self::new(Kind::Delete(key), condition)
    }

    fn new(kind: Kind, condition: impl Into<String>) -> Self {
        Self { kind, condition: condition.into(), names: Vec::new(), values: Vec::new() }
    }

    /// Names an attribute whose name is data or a reserved word.
    pub(crate) fn name(mut self, placeholder: impl Into<String>, name: impl Into<String>) -> Self {
        self.names.push((placeholder.into(), name.into()));
        self
    }

    /// Fills a placeholder.
    pub(crate) fn value(mut self, placeholder: impl Into<String>, value: AttributeValue) -> Self {
        self.values.push((placeholder.into(), value));
        self
    }

    /// Fills a placeholder with a number.
    pub(crate) fn number(self, placeholder: impl Into<String>, value: u64) -> Self {
        self.value(placeholder, AttributeValue::N(value.to_string()))
    }

    /// Fills a placeholder with text.
    pub(crate) fn text(self, placeholder: impl Into<String>, value: impl Into<String>) -> Self {
        self.value(placeholder, AttributeValue::S(value.into()))
    }

    fn into_transact(self, table: &str) -> Result<TransactWriteItem, aws_sdk_dynamodb::error::BuildError> {
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        let names = (!self.names.is_empty()).then(|| self.names.into_iter().collect());
        let values = (!self.values.is_empty()).then(|| self.values.into_iter().collect());
        let builder = TransactWriteItem::builder();
        Ok(match self.kind {
            Kind::Put(item) => builder.put(
                Put::builder()
                    .table_name(table)
                    .set_item(Some(item))
                    .condition_expression(self.condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(old)
                    .build()?,
            ),
            Kind::Update { key, expression } => builder.update(
                Update::builder()
                    .table_name(table)
                    .set_key(Some(key_item(&key)))
                    .update_expression(expression)
                    .condition_expression(self.condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(old)
                    .build()?,
            ),
            Kind::Delete(key) => builder.delete(
                Delete::builder()
                    .table_name(table)
                    .set_key(Some(key_item(&key)))
                    .condition_expression(self.condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(old)
                    .build()?,
            ),
        }
        .build())
    }
}

/// One write of a transaction whose condition did not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// Its place in the transaction, from 0.
    pub write: usize,
    /// The item as it is; `None` when there is none.
    pub old: Option<Item>,
}

/// Why a write or transaction had no effect.
#[derive(Debug, thiserror::Error)]
pub enum TransactError {
    /// Conditions that did not hold. Nothing was written.
    #[error("{} condition(s) did not hold", .0.len())]
    Refused(Vec<Refused>),
    /// The table failed.
    #[error(transparent)]
    Table(#[from] TableError),
}

impl Table {
    /// The table `name` of this client.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into(), consumed: Arc::default() }
    }

    /// The client, for the local tools that create and count tables.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The table's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Units used through this value and its clones since it was made.
    pub fn consumed(&self) -> Consumed {
        *self.consumed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the connection in the init phase, where processor time is given away: a read of a key that does not exist. A failure
    /// is no failure: the first real call will open the connection then.
    pub async fn warm(&self) {
        let read =
            self.client.get_item().table_name(&self.name).set_key(Some(key_item(&key::nothing()))).send();
        let _ = tokio::time::timeout(Duration::from_millis(500), read).await;
    }

    /// Reads one item, strongly consistent.
    pub(crate) async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key_item(key)))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(TableError::from_sdk)?;
        self.count_read(answer.consumed_capacity());
        Ok(answer.item)
    }

    /// Reads up to any number of items, a hundred a call; missing ones are left out and the order is the database's.
    pub(crate) async fn batch_get(&self, keys: &[Key], consistent: bool) -> Result<Vec<Item>, TableError> {
        let mut items = Vec::with_capacity(keys.len());
        for chunk in keys.chunks(100) {
            let mut pending: Vec<Item> = chunk.iter().map(key_item).collect();
            let mut tries = 0;
            while !pending.is_empty() {
                let wanted = KeysAndAttributes::builder()
                    .set_keys(Some(std::mem::take(&mut pending)))
                    .consistent_read(consistent)
                    .build()
                    .map_err(|e| TableError::Unavailable(e.to_string()))?;
                let answer = self
                    .client
                    .batch_get_item()
                    .request_items(&self.name, wanted)
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
                    .await
                    .map_err(TableError::from_sdk)?;
                for capacity in answer.consumed_capacity() {
                    self.count_read(Some(capacity));
                }
                items.extend(answer.responses.into_iter().flatten().flat_map(|(_, found)| found));
                pending =
                    answer.unprocessed_keys.into_iter().flatten().flat_map(|(_, left)| left.keys).collect();
                if !pending.is_empty() {
                    tries += 1;
                    if tries == TRIES {
                        return Err(TableError::Throttled);
                    }
                    pause(tries).await;
                }
            }
        }
        Ok(items)
    }

    /// Reads a page of a partition whose sort keys begin with `prefix`.
    pub(crate) async fn query(&self, page: Page<'_>) -> Result<Vec<Item>, TableError> {
        let mut request = self
            .client
            .query()
            .table_name(&self.name)
            .scan_index_forward(!page.newest_first)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .expression_attribute_values(":pk", AttributeValue::S(page.pk.to_owned()));
        let (pk, sk) = if let Some(index) = page.index {
            request = request.index_name(index.name);
            (index.pk, index.sk)
        } else {
            request = request.consistent_read(true);
            ("pk", "sk")
        };
        request = match page.prefix {
            Some(prefix) => request
                .key_condition_expression(format!("{pk} = :pk AND begins_with({sk}, :prefix)"))
                .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned())),
            None => request.key_condition_expression(format!("{pk} = :pk")),
        };
        if let Some(after) = page.after {
            request = request.set_exclusive_start_key(Some(key_item(after)));
        }
        let mut items: Vec<Item> = Vec::new();
        loop {
            let left = page.limit.map(|limit| limit.saturating_sub(items.len()));
            if left == Some(0) {
                return Ok(items);
            }
            let asked = left.map(|n| i32::try_from(n).unwrap_or(i32::MAX));
            let answer = request.clone().set_limit(asked).send().await.map_err(TableError::from_sdk)?;
            self.count_read(answer.consumed_capacity());
            items.extend(answer.items.unwrap_or_default());
            match answer.last_evaluated_key {
                Some(next) => request = request.set_exclusive_start_key(Some(next)),
                None => return Ok(items),
            }
        }
    }

    /// Follows index entries to their items. An entry may be older than the table by a moment, so items may be missing.
    pub(crate) async fn query_through(&self, page: Page<'_>) -> Result<Vec<Item>, TableError> {
        let keys: Vec<Key> = self.query(page).await?.iter().map(key_of).collect();
        self.batch_get(&keys, true).await
    }

    /// Carries out one write.
    ///
    /// # Errors
    /// [`TransactError::Refused`] when its condition did not hold.
    pub async fn write(&self, write: Write) -> Result<(), TransactError> {
        if matches!(write.kind, Kind::Delete(_)) {
            return self.transact(vec![write]).await;
        }
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        let total = ReturnConsumedCapacity::Total;
        let names = (!write.names.is_empty()).then(|| write.names.into_iter().collect());
        let values = (!write.values.is_empty()).then(|| write.values.into_iter().collect());
        match write.kind {
            Kind::Put(item) => {
                let sent = self
                    .client
                    .put_item()
                    .table_name(&self.name)
                    .set_item(Some(item))
                    .condition_expression(write.condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(old)
                    .return_consumed_capacity(total)
                    .send()
                    .await;
                match sent {
                    Ok(answer) => self.count_write(answer.consumed_capacity()),
                    Err(SdkError::ServiceError(failure))
                        if failure.err().is_conditional_check_failed_exception() =>
                    {
                        return Err(refused_alone(failure.into_err()));
                    }
                    Err(error) => return Err(TableError::from_sdk(error).into()),
                }
            }
            Kind::Update { key, expression } => {
                let sent = self
                    .client
                    .update_item()
                    .table_name(&self.name)
                    .set_key(Some(key_item(&key)))
                    .update_expression(expression)
                    .condition_expression(write.condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(old)
                    .return_consumed_capacity(total)
                    .send()
                    .await;
                match sent {
                    Ok(answer) => self.count_write(answer.consumed_capacity()),
                    Err(SdkError::ServiceError(failure))
                        if failure.err().is_conditional_check_failed_exception() =>
                    {
                        return Err(refused_update(failure.into_err()));
                    }
                    Err(error) => return Err(TableError::from_sdk(error).into()),
                }
            }
            Kind::Delete(_) => {}
        }
        Ok(())
    }

    /// Carries out all writes or none. No two may be of one item.
    ///
    /// # Errors
    /// [`TransactError::Refused`] with every condition that did not hold.
    pub async fn transact(&self, writes: Vec<Write>) -> Result<(), TransactError> {
        let mut request =
            self.client.transact_write_items().return_consumed_capacity(ReturnConsumedCapacity::Total);
        for write in writes {
            let item = write.into_transact(&self.name).map_err(|e| TableError::Unavailable(e.to_string()))?;
            request = request.transact_items(item);
        }
        for attempt in 1..=TRIES {
            match request.clone().send().await {
                Ok(answer) => {
                    for capacity in answer.consumed_capacity() {
                        self.count_write(Some(capacity));
                    }
                    return Ok(());
                }
                Err(SdkError::ServiceError(failure)) => match failure.err() {
                    TransactWriteItemsError::TransactionCanceledException(cancelled) => {
                        let refused: Vec<Refused> = cancelled
                            .cancellation_reasons()
                            .iter()
                            .enumerate()
                            .filter(|(_, reason)| reason.code() == Some("ConditionalCheckFailed"))
                            .map(|(write, reason)| Refused { write, old: reason.item().cloned() })
                            .collect();
                        let met = cancelled
                            .cancellation_reasons()
                            .iter()
                            .any(|reason| reason.code() == Some("TransactionConflict"));
                        // While another transaction holds one of the items, what the others told may be half the story.
                        if !refused.is_empty() && (!met || attempt == TRIES) {
                            return Err(TransactError::Refused(refused));
                        }
                        // Another transaction held one of the items: that says nothing about our conditions.
                    }
                    TransactWriteItemsError::TransactionInProgressException(_) => {}
                    _ => return Err(TableError::from_sdk(SdkError::ServiceError(failure)).into()),
                },
                Err(error) => return Err(TableError::from_sdk(error).into()),
            }
            pause(attempt).await;
        }
        Err(TableError::Busy.into())
    }

    pub(crate) fn count_read(&self, capacity: Option<&ConsumedCapacity>) {
        self.consumed.lock().unwrap_or_else(PoisonError::into_inner).read_tenths += tenths(capacity);
    }

    pub(crate) fn count_write(&self, capacity: Option<&ConsumedCapacity>) {
        self.consumed.lock().unwrap_or_else(PoisonError::into_inner).write_tenths += tenths(capacity);
    }
}

/// What to read of a partition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page<'a> {
    pub(crate) index: Option<Index>,
    pub(crate) pk: &'a str,
    pub(crate) prefix: Option<&'a str>,
    pub(crate) after: Option<&'a Key>,
    pub(crate) newest_first: bool,
    pub(crate) limit: Option<usize>,
}

impl<'a> Page<'a> {
    /// Everything under `pk`.
    pub(crate) fn of(pk: &'a str) -> Self {
        Self { index: None, pk, prefix: None, after: None, newest_first: false, limit: None }
    }
}

fn key_item(key: &Key) -> Item {
    [("pk", &key.pk), ("sk", &key.sk)]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), AttributeValue::S(value.clone())))
        .collect()
}

fn refused_alone(error: aws_sdk_dynamodb::operation::put_item::PutItemError) -> TransactError {
    use aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException as Failed;
    let old = if let Failed(failed) = error { failed.item } else { None };
    TransactError::Refused(vec![Refused { write: 0, old }])
}

fn refused_update(error: aws_sdk_dynamodb::operation::update_item::UpdateItemError) -> TransactError {
    use aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException as Failed;
    let old = if let Failed(failed) = error { failed.item } else { None };
    TransactError::Refused(vec![Refused { write: 0, old }])
}

#[expect(
    clippy::float_arithmetic,
    reason = "the SDK tells units as a float; they are halves, so tenths are exact"
)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "units are small and not negative"
)]
fn tenths(capacity: Option<&ConsumedCapacity>) -> u64 {
    capacity.and_then(ConsumedCapacity::capacity_units).map_or(0, |units| (units * 10.0).round() as u64)
}

/// Waits before the next try: longer each time, and by chance, so that writers that met do not meet again.
async fn pause(attempt: u32) {
    use std::hash::{BuildHasher, RandomState};
    let most = 8_u64 << attempt.min(6);
    tokio::time::sleep(Duration::from_millis(1 + RandomState::new().hash_one(attempt) % most)).await;
}
