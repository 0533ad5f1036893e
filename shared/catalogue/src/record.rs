//! A title as the catalogue knows it.

use serde::{Deserialize, Serialize};
use yujie_domain::{Isbn, TitleId};

/// One edition of a work, as a file describes it and as the index takes it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The library's own id.
    pub id: TitleId,
    /// The title proper. Never empty.
    pub title: String,
    /// What follows the title on the title page.
    pub subtitle: Option<String>,
    /// The title in the language that the work was written in.
    pub original_title: Option<String>,
    /// Who wrote it, as the file names them, with nationality or dynasty.
    pub authors: Vec<String>,
    /// Who translated it.
    pub translators: Vec<String>,
    /// The publishing house.
    pub publisher: Option<String>,
    /// The year of publication.
    pub year: Option<u16>,
    /// Present only when its check digit is right.
    pub isbn: Option<Isbn>,
    /// The number of pages.
    pub pages: Option<u16>,
    /// The series that it belongs to.
    pub series: Option<String>,
    /// Free subject words.
    pub tags: Vec<String>,
    /// The Chinese Library Classification, such as `I313.45`.
    pub class: Option<String>,
    /// What it is about.
    pub summary: Option<String>,
    /// How many people rated it: the measure of how well known it is.
    pub rating_count: u32,
}

impl Record {
    /// A record with a title and nothing else.
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
            isbn: None,
            pages: None,
            series: None,
            tags: Vec::new(),
            class: None,
            summary: None,
            rating_count: 0,
        }
    }
}

/// What one line of a result page shows. It is stored in the index, so that a page needs no read of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The title's id.
    pub id: TitleId,
    /// The title proper.
    pub title: String,
    /// The subtitle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// The authors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// The publishing house.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// The year of publication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// The ISBN in thirteen digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isbn: Option<Isbn>,
    /// The class of the Chinese Library Classification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
}

impl From<&Record> for Line {
    fn from(record: &Record) -> Self {
        Self {
            id: record.id.clone(),
            title: record.title.clone(),
            subtitle: record.subtitle.clone(),
            authors: record.authors.clone(),
            publisher: record.publisher.clone(),
            year: record.year,
            isbn: record.isbn.clone(),
            class: record.class.clone(),
        }
    }
}
