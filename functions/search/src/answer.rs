//! What readers are answered.

use serde::Serialize;
use utoipa::ToSchema;
use yujie_catalogue::Line;
use yujie_catalogue::index::Facets;
use yujie_domain::copy::{Copy, CopyState};
use yujie_domain::title::Title;
use yujie_table::availability::Availability;

/// A page of titles, best first.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundTitles {
    /// The titles.
    pub items: Vec<FoundTitle>,
    /// How many titles fit in all.
    pub total: usize,
    /// All of them by class and year.
    pub facets: TitleFacets,
    /// Ask for the next page with it; missing on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A title in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundTitle {
    /// Its id, to order it by.
    pub id: String,
    /// Title proper.
    pub title: String,
    /// Other title information.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// Authors as printed.
    pub authors: Vec<String>,
    /// Publisher.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// Year of publication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// ISBN-13.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isbn: Option<String>,
    /// Chinese Library Classification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Copies that the library has.
    pub copies_total: u32,
    /// Copies that can be ordered now.
    pub copies_available: u32,
}

impl FoundTitle {
    pub(crate) fn new(line: Line, copies: Availability) -> Self {
        Self {
            id: line.id.into(),
            title: line.title,
            subtitle: line.subtitle,
            authors: line.authors,
            publisher: line.publisher,
            year: line.year,
            isbn: line.isbn.map(Into::into),
            class: line.class,
            copies_total: copies.total,
            copies_available: copies.available,
        }
    }
}

/// How the found titles are spread.
#[derive(Debug, Serialize, ToSchema)]
pub struct TitleFacets {
    /// By first letter of the class, most first.
    pub class: Vec<Count>,
    /// By year, newest first.
    pub year: Vec<Count>,
}

impl From<Facets> for TitleFacets {
    fn from(facets: Facets) -> Self {
        let count = |value: String, count| Count { value, count };
        Self {
            class: facets.classes.into_iter().map(|(letter, n)| count(letter.to_string(), n)).collect(),
            year: facets.years.into_iter().map(|(year, n)| count(year.to_string(), n)).collect(),
        }
    }
}

/// How many of the found titles have this value.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Count {
    /// The value.
    pub value: String,
    /// How many.
    pub count: u32,
}

/// A title with everything that is known of it, and its copies.
#[derive(Debug, Serialize, ToSchema)]
pub struct TitleDetail {
    /// Its id, to order it by.
    pub id: String,
    /// Title proper.
    pub title: String,
    /// Other title information.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// The title in its own language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_title: Option<String>,
    /// Authors as printed.
    pub authors: Vec<String>,
    /// Translators.
    pub translators: Vec<String>,
    /// Publisher.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// Year of publication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// ISBN-13.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isbn: Option<String>,
    /// Pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<u32>,
    /// Series.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// Subjects and tags.
    pub tags: Vec<String>,
    /// Chinese Library Classification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Copies that the library has.
    pub copies_total: u32,
    /// Copies that can be ordered now.
    pub copies_available: u32,
    /// Each copy, in the order of their barcodes.
    pub copies: Vec<ShelfCopy>,
}

impl TitleDetail {
    pub(crate) fn new(title: Title, counted: Availability, copies: Vec<ShelfCopy>) -> Self {
        Self {
            id: title.id.into(),
            title: title.title,
            subtitle: title.subtitle,
            original_title: title.original_title,
            authors: title.authors,
            translators: title.translators,
            publisher: title.publisher,
            year: title.year,
            isbn: title.isbn.map(Into::into),
            pages: title.pages,
            series: title.series,
            tags: title.tags,
            class: title.class,
            summary: title.summary,
            copies_total: counted.total,
            copies_available: counted.available,
            copies,
        }
    }
}

/// One physical book.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShelfCopy {
    /// Its identity code.
    pub barcode: String,
    /// Where it is; for a copy on loan, where it was last.
    pub site_id: String,
    /// Its shelf mark.
    pub call_number: String,
    /// What is happening to it.
    pub status: CopyState,
}

impl ShelfCopy {
    pub(crate) fn new(copy: Copy, status: CopyState) -> Self {
        Self {
            barcode: copy.barcode.into(),
            site_id: copy.site.into(),
            call_number: copy.call_number,
            status,
        }
    }
}
