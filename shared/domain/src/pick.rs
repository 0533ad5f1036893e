//! Librarians' picks: titles that the library recommends, each with a sentence that says why.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{Invalid, StaffLogin, TitleId};

/// Picks in all. Whoever wants to add another takes one back first: a list that nobody reads to its end recommends nothing.
pub const MOST: u32 = 200;

/// A recommended title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// The title.
    pub title_id: TitleId,
    /// Why.
    pub sentence: Sentence,
    /// Who says so.
    pub by: StaffLogin,
    /// When it was said, or said otherwise.
    pub at: Timestamp,
}

/// What a librarian says of a title: one line of at most 140 characters, for readers to see.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sentence(String);

impl Sentence {
    /// Characters that one may have.
    pub const LONGEST: usize = 140;

    /// Parses what was typed; space around it is dropped.
    ///
    /// # Errors
    /// [`Invalid`] when it is empty, too long, or more than one line of visible text.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Invalid::new("sentence", "it is empty"));
        }
        if text.chars().count() > Self::LONGEST {
            return Err(Invalid::new("sentence", "it is longer than 140 characters"));
        }
        if text.chars().any(|c| c.is_control() || turns_text(c)) {
            return Err(Invalid::new("sentence", "it is not one line of plain text"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Separators of lines, and marks that turn the direction of everything behind them.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl fmt::Debug for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sentence({})", self.0)
    }
}

impl TryFrom<String> for Sentence {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<Sentence> for String {
    fn from(sentence: Sentence) -> Self {
        sentence.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_one_visible_line_of_at_most_140_characters() {
        assert_eq!(Sentence::parse(" 一口气读完。 ").unwrap().as_str(), "一口气读完。");
        assert!(Sentence::parse(&"书".repeat(140)).is_ok());
        for bad in ["", "  ", "一行\n两行", "\u{202e}好书", &"书".repeat(141)] {
            assert!(Sentence::parse(bad).is_err(), "{bad:?}");
        }
    }
}
