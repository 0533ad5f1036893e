//! The rows of a title list.

use std::io::Read;

use yujie_domain::title::Title;
use yujie_domain::{Isbn, Language, TitleId};

use super::{Cells, Reason, Reject, Sheet, SheetError};

/// The titles of a file, one by one.
///
/// Required columns: `id`, `title`. Known besides: `isbn`, `subtitle`, `original_title`, `author`, `translator`, `publisher`,
/// `pub_year` or `pub_date`, `edition`, `language`, `pages`, `series`, `category`, `class`, `summary`, `contents`, `rating_count`.
/// Others are passed over.
pub struct Titles(Sheet);

/// A title that was read.
#[derive(Debug, Clone)]
pub struct TitleRow {
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// The title.
    pub title: Title,
    /// What was left out of it because it cannot be right.
    pub warnings: Vec<Warning>,
}

/// A field that was left out of a title that is otherwise good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{column} left out: {why}")]
pub struct Warning {
    /// Which column.
    pub column: &'static str,
    /// What is wrong with it.
    pub why: String,
}

/// Room for the longest title pages; a longer title is a row that slipped.
const LONGEST_TITLE: usize = 1_000;

impl Titles {
    /// Reads the header.
    pub fn open(input: impl Read + Send + 'static) -> Result<Self, SheetError> {
        Sheet::open(input, &["id", "title"]).map(Self)
    }
}

impl Iterator for Titles {
    type Item = Result<TitleRow, Reject>;

    fn next(&mut self) -> Option<Self::Item> {
        let cells = match self.0.next()? {
            Ok(cells) => cells,
            Err(reject) => return Some(Err(reject)),
        };
        Some(title(&cells).map_err(|reason| cells.reject("id", reason)))
    }
}

fn title(cells: &Cells) -> Result<TitleRow, Reason> {
    let id = cells.parse("id", TitleId::parse)?;
    let title = cells.require("title")?;
    if title.chars().count() > LONGEST_TITLE {
        return Err(Reason::Invalid { column: "title", why: "longer than 1,000 characters".to_owned() });
    }
    let mut warnings = Vec::new();
    let isbn = cells.get("isbn").map(Isbn::parse).transpose().unwrap_or_else(|error| {
        warnings.push(Warning { column: "isbn", why: error.to_string() });
        None
    });
    let language = cells.get("language").map(Language::parse).transpose().unwrap_or_else(|error| {
        warnings.push(Warning { column: "language", why: error.to_string() });
        None
    });
    let text = |column| cells.get(column).map(str::to_owned);
    let title = Title {
        subtitle: text("subtitle"),
        original_title: text("original_title"),
        authors: cells.get("author").map(people).unwrap_or_default(),
        translators: cells.get("translator").map(people).unwrap_or_default(),
        publisher: text("publisher"),
        year: cells.get("pub_year").or_else(|| cells.get("pub_date")).and_then(year),
        edition: text("edition"),
        language,
        isbn,
        pages: cells.get("pages").and_then(first_number).filter(|&pages| pages > 0),
        series: text("series"),
        tags: cells.get("category").map(|tags| split(tags, &['|'])).unwrap_or_default(),
        class: text("class"),
        summary: text("summary"),
        contents: text("contents"),
        popularity: cells.get("rating_count").and_then(first_number).unwrap_or_default(),
        ..Title::new(id, title)
    };
    Ok(TitleRow { line: cells.line, title, warnings })
}

/// `[清] 曹雪芹 著 / 高鹗` are two people. Commas do not divide: `尼采(Nietzsche,F.)` is one.
fn people(text: &str) -> Vec<String> {
    split(text, &['/', ';', '；', '、', '|'])
}

fn split(text: &str, at: &[char]) -> Vec<String> {
    text.split(at).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The year of `2014-5`, `1998年3月` or `2014.0`.
fn year(text: &str) -> Option<u16> {
    first_number(text).filter(|year| (1_000..=2_999).contains(year))
}

fn first_number<N: std::str::FromStr>(text: &str) -> Option<N> {
    let digits: String =
        text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
