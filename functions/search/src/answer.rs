//! What readers are answered.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use yujie_catalogue::index::{Facets, Hit, Kind, Suggestion};
use yujie_domain::arrival::Arrival;
use yujie_domain::copy::{Copy, CopyState};
use yujie_domain::title::Title;
use yujie_table::availability::Availability;

/// A page of titles, best first; of the editions of one work the best.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundTitles {
    /// The titles.
    pub items: Vec<FoundTitle>,
    /// How many titles fit in all, every edition counted.
    pub total: usize,
    /// All of them by what the search can be narrowed with.
    pub facets: TitleFacets,
    /// How they were found.
    pub matched: Matched,
    /// What was perhaps meant, when nothing has what was typed but something is close to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did_you_mean: Option<String>,
    /// When nothing was found: other searches that do find something, best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<Offer>,
    /// Ask for the next page with it; missing on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// How titles were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Matched {
    /// They have all that was typed, in characters, pinyin or initials.
    AsTyped,
    /// Nothing has; these are close to it.
    Meant,
    /// Nothing is close; these have most of it.
    Mostly,
    /// Nothing.
    Nothing,
}

/// A search that finds something.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Offer {
    /// What is different about it.
    pub kind: OfferKind,
    /// What to search for.
    pub q: String,
    /// How many titles it finds.
    pub total: usize,
}

/// How an offered search differs from the reader's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfferKind {
    /// It is not narrowed.
    WithoutFilters,
    /// It has fewer words.
    FewerWords,
}

/// What the reader may be about to type, best known first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Suggestions {
    /// Up to ten.
    pub items: Vec<Suggested>,
}

/// Something to search for.
#[derive(Debug, Serialize, ToSchema)]
pub struct Suggested {
    /// What it is.
    pub kind: SuggestedKind,
    /// The text to search for.
    pub text: String,
}

/// What a suggestion is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SuggestedKind {
    /// A title.
    Title,
    /// An author.
    Author,
    /// A series.
    Series,
}

impl From<Suggestion> for Suggested {
    fn from(suggestion: Suggestion) -> Self {
        let kind = match suggestion.kind {
            Kind::Title => SuggestedKind::Title,
            Kind::Author => SuggestedKind::Author,
            Kind::Series => SuggestedKind::Series,
        };
        Self { kind, text: suggestion.text }
    }
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
    /// Series.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// Publisher.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// Year of publication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// Edition statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edition: Option<String>,
    /// ISBN-13.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isbn: Option<String>,
    /// Chinese Library Classification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// How many editions of this work the catalogue has, this one included.
    pub editions: usize,
    /// Copies of this edition that the library has.
    pub copies_total: u32,
    /// Copies of this edition that can be ordered now.
    pub copies_available: u32,
}

impl FoundTitle {
    pub(crate) fn new(hit: Hit, copies: &Availability) -> Self {
        let Hit { line, editions } = hit;
        Self {
            id: line.id.into(),
            title: line.title,
            subtitle: line.subtitle,
            authors: line.authors,
            series: line.series,
            publisher: line.publisher,
            year: line.year,
            edition: line.edition,
            isbn: line.isbn.map(Into::into),
            class: line.class,
            editions,
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
    /// By language, most first.
    pub language: Vec<Count>,
    /// By publisher, the thirty with most.
    pub publisher: Vec<Count>,
    /// By site where a copy is free now, the thirty with most.
    pub site: Vec<Count>,
    /// How many have a free copy somewhere.
    pub available: u32,
}

impl From<Facets> for TitleFacets {
    fn from(facets: Facets) -> Self {
        fn counts<T: ToString>(facet: Vec<(T, u32)>) -> Vec<Count> {
            facet.into_iter().map(|(value, count)| Count { value: value.to_string(), count }).collect()
        }
        Self {
            class: counts(facets.classes),
            year: counts(facets.years),
            language: counts(facets.languages),
            publisher: counts(facets.publishers),
            site: counts(facets.sites),
            available: facets.available,
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
    /// Edition statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edition: Option<String>,
    /// Language, in three letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
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
    /// Its table of contents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contents: Option<String>,
    /// All editions of this work, newest first, this one among them.
    pub editions: Vec<FoundTitle>,
    /// Copies that the library has.
    pub copies_total: u32,
    /// Copies that can be ordered now.
    pub copies_available: u32,
    /// Each copy, in the order of their barcodes.
    pub copies: Vec<ShelfCopy>,
    /// When it can be with a reader who orders it now; missing while the library has no rules for orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrival: Option<ArrivalEstimate>,
}

/// When a title can be with a reader who orders it now.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "when", rename_all = "snake_case")]
pub enum ArrivalEstimate {
    /// A copy is free.
    Now {
        /// An order placed now is promised by then.
        promised_by: String,
    },
    /// All copies are out. An estimate, not a promise.
    Later {
        /// The day about which the first copy that comes back could be with the reader.
        about: String,
    },
    /// The library has no copy.
    NoCopies,
}

impl From<Arrival> for ArrivalEstimate {
    fn from(arrival: Arrival) -> Self {
        match arrival {
            Arrival::Now(by) => Self::Now { promised_by: Timestamp::to_string(&by) },
            Arrival::About(day) => Self::Later { about: Date::to_string(&day) },
            Arrival::Never => Self::NoCopies,
        }
    }
}

impl TitleDetail {
    pub(crate) fn new(
        title: Title,
        editions: Vec<FoundTitle>,
        counted: &Availability,
        copies: Vec<ShelfCopy>,
        arrival: Option<Arrival>,
    ) -> Self {
        Self {
            id: title.id.into(),
            title: title.title,
            subtitle: title.subtitle,
            original_title: title.original_title,
            authors: title.authors,
            translators: title.translators,
            publisher: title.publisher,
            year: title.year,
            edition: title.edition,
            language: title.language.map(Into::into),
            isbn: title.isbn.map(Into::into),
            pages: title.pages,
            series: title.series,
            tags: title.tags,
            class: title.class,
            summary: title.summary,
            contents: title.contents,
            editions,
            copies_total: counted.total,
            copies_available: counted.available,
            copies,
            arrival: arrival.map(Into::into),
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
