//! The table's stream, read from the database itself.

use std::sync::Mutex;

use aws_lambda_events::event::dynamodb::Event;
use dynoxide::Database;
use serde_json::{Value, json};

/// A reader of the stream with its place.
pub(crate) struct Stream {
    db: Database,
    place: Mutex<Option<String>>,
}

impl Stream {
    pub(crate) fn new(db: Database) -> Self {
        Self { db, place: Mutex::new(None) }
    }

    /// Everything after the place reached, as Lambda would hand it over, and the place after it.
    pub(crate) fn peek(&self) -> (Value, Option<String>) {
        let iterator = self.place.lock().unwrap().clone().unwrap_or_else(|| self.beginning());
        let mut records = Vec::new();
        let mut next = iterator;
        loop {
            let page = self.db.get_records(request(json!({"ShardIterator": next}))).unwrap();
            let page = serde_json::to_value(&page).unwrap();
            let found = page["Records"].as_array().cloned().unwrap_or_default();
            let Some(after) = page["NextShardIterator"].as_str() else {
                records.extend(found);
                return (json!({"Records": records}), None);
            };
            after.clone_into(&mut next);
            if found.is_empty() {
                return (json!({"Records": records}), Some(next));
            }
            records.extend(found);
        }
    }

    /// The batch up to `place` was worked off.
    pub(crate) fn commit(&self, place: Option<String>) {
        *self.place.lock().unwrap() = place;
    }

    fn beginning(&self) -> String {
        let streams = serde_json::to_value(self.db.list_streams(request(json!({}))).unwrap()).unwrap();
        let arn = &streams["Streams"][0]["StreamArn"];
        let described = self.db.describe_stream(request(json!({"StreamArn": arn}))).unwrap();
        let described = serde_json::to_value(described).unwrap();
        let shard = &described["StreamDescription"]["Shards"][0]["ShardId"];
        let iterator = self
            .db
            .get_shard_iterator(request(
                json!({"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}),
            ))
            .unwrap();
        serde_json::to_value(iterator).unwrap()["ShardIterator"].as_str().unwrap().to_owned()
    }
}

/// A batch of records as the function gets it.
pub(crate) fn event(batch: &Value) -> Event {
    serde_json::from_value(batch.clone()).unwrap()
}

fn request<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}
