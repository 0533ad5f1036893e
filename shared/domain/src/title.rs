//! A title: one edition of a work, as the catalogue describes it.

use crate::ids::{Isbn, Language, TitleId};

/// One edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title {
    /// The catalogue's key.
    pub id: TitleId,
    /// Title proper.
    pub title: String,
    /// Other title information.
    pub subtitle: Option<String>,
    /// The title in its own language.
    pub original_title: Option<String>,
    /// Authors as printed, `[日] 东野圭吾`.
    pub authors: Vec<String>,
    /// Translators.
    pub translators: Vec<String>,
    /// Publisher.
    pub publisher: Option<String>,
    /// Year of publication.
    pub year: Option<u16>,
    /// Edition statement, 第2版.
    pub edition: Option<String>,
    /// The language of the text.
    pub language: Option<Language>,
    /// ISBN, when it is a valid one.
    pub isbn: Option<Isbn>,
    /// Pages.
    pub pages: Option<u32>,
    /// Series.
    pub series: Option<String>,
    /// Subjects and tags.
    pub tags: Vec<String>,
    /// Chinese Library Classification.
    pub class: Option<String>,
    /// What it is about.
    pub summary: Option<String>,
    /// Its table of contents.
    pub contents: Option<String>,
    /// How many people rated or borrowed it: the tie-break of the ranking.
    pub popularity: u32,
}

impl Title {
    /// A title of which nothing is known but what it is called.
    pub fn new(id: TitleId, title: impl Into<String>) -> Self {
        Self {
            id,
            title: title.into(),
            subtitle: None,
            original_title: None,
            authors: Vec::new(),
            translators: Vec::new(),
            publisher: None,
            year: None,
            edition: None,
            language: None,
            isbn: None,
            pages: None,
            series: None,
            tags: Vec::new(),
            class: None,
            summary: None,
            contents: None,
            popularity: 0,
        }
    }
}
