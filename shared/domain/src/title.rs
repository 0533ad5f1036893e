//! A title: one edition of a work, as the catalogue describes it.

use crate::ids::{Isbn, TitleId};

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
    /// How many people rated or borrowed it: the tie-break of the ranking.
    pub popularity: u32,
}
