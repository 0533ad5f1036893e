//! The fields of a message.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use yujie_domain::ids::Invalid;

use super::Kind;

/// A field's name in a template, as the platform's console shows it without `.DATA`: its kind and one or two digits (`thing4`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key {
    kind: Kind,
    name: String,
}

impl Key {
    /// Reads a name. Those of the older templates (`first`, `keyword1`, `remark`) are none: the platform gives out no such templates
    /// any more.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let name = text.into();
        let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let numbered = (1..=2).contains(&(name.len() - bare.len()));
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == bare).filter(|_| numbered);
        let invalid = Invalid {
            what: "template key",
            why: "expected a kind of a category template and its number, such as thing4",
        };
        kind.map(|kind| Self { kind, name }).ok_or(invalid)
    }

    /// What may stand there.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl TryFrom<String> for Key {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.name
    }
}

/// What a template is filled in with. The platform wants every field of the template; which these are only it and the operator know.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields(BTreeMap<Key, String>);

/// A text does not fit into its field. It names the field and shows nothing of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {fault}")]
pub struct Misfit {
    /// The field.
    pub key: Key,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a field's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The platform takes no empty field.
    #[error("is empty")]
    Empty,
    /// Line breaks and other control characters are taken nowhere.
    #[error("has a line break or another control character")]
    LineBreak,
    /// Too many characters; in numbers and amounts, digits.
    #[error("has {has} characters, {most} are taken")]
    TooLong {
        /// So many may stand there.
        most: usize,
        /// So many there are.
        has: usize,
    },
    /// It has characters, or an order of them, that the kind does not allow.
    #[error("{0}")]
    Form(&'static str),
    /// The field has a text already.
    #[error("is filled in twice")]
    Twice,
}

impl Fields {
    /// No fields yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Fills in one more field.
    pub fn with(mut self, key: Key, text: impl Into<String>) -> Result<Self, Misfit> {
        let text = text.into();
        if let Err(fault) = key.kind().check(&text) {
            return Err(Misfit { key, fault });
        }
        match self.0.entry(key) {
            Entry::Vacant(place) => drop(place.insert(text)),
            Entry::Occupied(taken) => {
                return Err(Misfit { key: taken.key().clone(), fault: Fault::Twice });
            }
        }
        Ok(self)
    }
}

impl Serialize for Fields {
    /// `{"thing4":{"value":"…"}, …}`
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Field<'a> {
            value: &'a str,
        }
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key.as_str(), &Field { value })?;
        }
        map.end()
    }
}

impl fmt::Debug for Fields {
    /// Only the names: the texts are a reader's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys().map(Key::as_str)).finish()
    }
}
