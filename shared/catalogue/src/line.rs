//! What a result page shows of a title.

use serde::{Deserialize, Serialize};
use yujie_domain::title::Title;
use yujie_domain::{Isbn, TitleId};

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
    /// The series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// The publishing house.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// The year of publication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// The edition statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<String>,
    /// The ISBN in thirteen digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isbn: Option<Isbn>,
    /// The class of the Chinese Library Classification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
}

impl From<&Title> for Line {
    fn from(title: &Title) -> Self {
        Self {
            id: title.id.clone(),
            title: title.title.clone(),
            subtitle: title.subtitle.clone(),
            authors: title.authors.clone(),
            series: title.series.clone(),
            publisher: title.publisher.clone(),
            year: title.year,
            edition: title.edition.clone(),
            isbn: title.isbn.clone(),
            class: title.class.clone(),
        }
    }
}
