//! A reader's book of addresses.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{AddressId, Invalid};

/// How many addresses a book has room for: a list that is still looked through. It is counted before one is added, so two that come at the same
/// instant may make it one more.
pub const MOST: usize = 20;

/// What a reader calls an address: 家, 公司, 学校, or another word of at most eight characters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(String);

impl Tag {
    /// Parses what was typed; space around it is dropped.
    ///
    /// # Errors
    /// [`Invalid`] when it is empty, longer than eight characters, or no plain text.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > 8 || text.chars().any(char::is_control) {
            return Err(Invalid::new("tag", "1 to 8 characters"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// It may say whose home it is.
impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tag(…)")
    }
}

impl TryFrom<String> for Tag {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<Tag> for String {
    fn from(tag: Tag) -> Self {
        tag.0
    }
}

/// The default among addresses of which is known when each was made it: the one that was made it last. While none was, or none of those is left, it
/// is the oldest (ids sort by time). So there is one at every moment, and when it goes it passes on to the one before.
pub fn default_of<'a>(
    book: impl IntoIterator<Item = (&'a AddressId, Option<Timestamp>)>,
) -> Option<&'a AddressId> {
    book.into_iter()
        .max_by(|(a, a_since), (b, b_since)| a_since.cmp(b_since).then_with(|| b.cmp(a)))
        .map(|(id, _)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_the_one_that_was_made_it_last_and_passes_on_to_the_one_before() {
        let ids = ["01A1", "01A2", "01A3"].map(|id| AddressId::parse(id).unwrap());
        let at = |ms: i64| Some(Timestamp::from_millisecond(ms).unwrap());
        let of = |since: [Option<Timestamp>; 3], left: &[usize]| {
            default_of(left.iter().map(|n| (&ids[*n], since[*n]))).map(AddressId::as_str).unwrap_or_default()
        };
        assert_eq!(of([None, None, None], &[2, 1, 0]), "01A1", "nobody chose: the oldest");
        assert_eq!(of([None, at(5), at(9)], &[0, 1, 2]), "01A3");
        assert_eq!(of([None, at(5), at(9)], &[0, 1]), "01A2", "the one before");
        assert_eq!(of([None, at(5), at(9)], &[0]), "01A1");
        assert_eq!(of([None, None, None], &[]), "");
    }

    #[test]
    fn a_tag_is_a_short_word() {
        assert_eq!(Tag::parse(" 爸妈家 ").unwrap().as_str(), "爸妈家");
        for bad in ["", "  ", "一二三四五六七八九", "a\nb"] {
            assert!(Tag::parse(bad).is_err(), "{bad:?}");
        }
    }
}
