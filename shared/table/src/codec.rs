//! Between Rust values and items. Keys are written apart from the body, so a renamed field cannot change a key.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::TableError;
use crate::key::Key;

/// An item as the SDK has it.
pub type Item = HashMap<String, AttributeValue>;

/// An item's image as a stream record has it.
pub type Image = serde_dynamo::Item;

/// The attribute that says what an item is.
pub(crate) const KIND: &str = "kind";

/// Builds an item: key, kind, body.
pub(crate) fn item(key: &Key, kind: &'static str, body: &impl Serialize) -> Result<Item, TableError> {
    let mut item: Item = serde_dynamo::to_item(body).map_err(|e| corrupt(key, e))?;
    item.insert("pk".to_owned(), AttributeValue::S(key.pk.clone()));
    item.insert("sk".to_owned(), AttributeValue::S(key.sk.clone()));
    item.insert(KIND.to_owned(), AttributeValue::S(kind.to_owned()));
    Ok(item)
}

/// Reads an item's body. A missing or wrong field is [`TableError::Corrupt`], never a default.
pub(crate) fn body<T: DeserializeOwned>(mut item: Item) -> Result<T, TableError> {
    let key = key_of(&item);
    // What every item carries is no part of its body: a body may refuse fields that it does not know.
    item.retain(|name, _| !matches!(name.as_str(), "pk" | "sk" | KIND));
    serde_dynamo::from_item(item).map_err(|e| corrupt(&key, e))
}

/// Reads the body of a stream image.
pub(crate) fn image_body<T: DeserializeOwned>(image: Image) -> Result<T, TableError> {
    let item: Item = image.into();
    body(item)
}

/// What a stream record is about.
pub fn kind_of(image: &Image) -> Option<String> {
    match image.inner().get(KIND) {
        Some(serde_dynamo::AttributeValue::S(kind)) => Some(kind.clone()),
        _ => None,
    }
}

/// The key that an item carries.
pub(crate) fn key_of(item: &Item) -> Key {
    let text = |name: &str| item.get(name).and_then(|v| v.as_s().ok()).cloned().unwrap_or_default();
    Key { pk: text("pk"), sk: text("sk") }
}

pub(crate) fn corrupt(key: &Key, why: impl std::fmt::Display) -> TableError {
    TableError::Corrupt { pk: key.pk.clone(), sk: key.sk.clone(), why: why.to_string() }
}

/// Instants are stored as milliseconds: seven bytes instead of twenty-four.
pub(crate) mod millis {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.as_millisecond())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        Timestamp::from_millisecond(i64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }

    /// The same for an instant that may be missing.
    pub(crate) mod option {
        use jiff::Timestamp;
        use serde::{Deserialize, Deserializer, Serializer};

        #[expect(clippy::ref_option, reason = "the signature that serde's `with` asks for")]
        pub(crate) fn serialize<S: Serializer>(
            at: &Option<Timestamp>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match at {
                Some(at) => serializer.serialize_i64(at.as_millisecond()),
                None => serializer.serialize_none(),
            }
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Timestamp>, D::Error> {
            Option::<i64>::deserialize(deserializer)?
                .map(|ms| Timestamp::from_millisecond(ms).map_err(serde::de::Error::custom))
                .transpose()
        }
    }
}

/// A value that may be missing, as the text that it is written and read as.
pub(crate) mod text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "the signature that serde's `with` asks for")]
    pub(crate) fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        Option::<String>::deserialize(deserializer)?
            .map(|text| text.parse().map_err(serde::de::Error::custom))
            .transpose()
    }
}

/// What can be read of a list on which others wait behind: an item that cannot is logged and left out.
pub(crate) fn readable<T>(items: Vec<Item>, read: impl Fn(Item) -> Result<T, TableError>) -> Vec<T> {
    let read = items.into_iter().filter_map(|item| {
        read(item)
            .inspect_err(|error| tracing::error!(%error, "left out of a list until somebody looked at it"))
            .ok()
    });
    read.collect()
}
