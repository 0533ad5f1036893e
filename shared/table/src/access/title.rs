//! Titles: the catalogue's records.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use yujie_domain::title::Title;
use yujie_domain::{Isbn, Language, TitleId};

use crate::access::availability::{self, Availability};
use crate::access::lending::{self, Lending};
use crate::codec::{self, Image, Item};
use crate::error::TableError;
use crate::key::{self, Key};
use crate::table::{Table, TransactError, Write};

pub(crate) const KIND: &str = "title";

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    id: TitleId,
    title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subtitle: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    original_title: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    authors: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    translators: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    publisher: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    year: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<Language>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    isbn: Option<Isbn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pages: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    series: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contents: Option<String>,
    popularity: u32,
}

/// The item of a title.
pub(crate) fn to_item(title: &Title) -> Result<Item, TableError> {
    let title = title.clone();
    let row = Row {
        id: title.id,
        title: title.title,
        subtitle: title.subtitle,
        original_title: title.original_title,
        authors: title.authors,
        translators: title.translators,
        publisher: title.publisher,
        year: title.year,
        edition: title.edition,
        language: title.language,
        isbn: title.isbn,
        pages: title.pages,
        series: title.series,
        tags: title.tags,
        class: title.class,
        summary: title.summary,
        contents: title.contents,
        popularity: title.popularity,
    };
    codec::item(&key::title(&row.id), KIND, &row)
}

pub(crate) fn from_item(item: Item) -> Result<Title, TableError> {
    let row: Row = codec::body(item)?;
    Ok(Title {
        id: row.id,
        title: row.title,
        subtitle: row.subtitle,
        original_title: row.original_title,
        authors: row.authors,
        translators: row.translators,
        publisher: row.publisher,
        year: row.year,
        edition: row.edition,
        language: row.language,
        isbn: row.isbn,
        pages: row.pages,
        series: row.series,
        tags: row.tags,
        class: row.class,
        summary: row.summary,
        contents: row.contents,
        popularity: row.popularity,
    })
}

/// The title whose item a stream record shows.
pub fn id_of(image: Image) -> Result<TitleId, TableError> {
    #[derive(Deserialize)]
    struct Id {
        id: TitleId,
    }
    codec::image_body::<Id>(image).map(|row| row.id)
}

/// One title.
pub async fn get(table: &Table, id: &TitleId) -> Result<Option<Title>, TableError> {
    table.get(&key::title(id)).await?.map(from_item).transpose()
}

/// Puts a title, new or in the place of its older record. Only imports write titles, and each has the whole record: whichever comes last
/// stands. What else is known of a title (copies, counts, loans, a cover) are items of their own and stay as they are.
pub async fn put(table: &Table, title: &Title) -> Result<(), TransactError> {
    let write = Write::put_if(to_item(title)?, "attribute_not_exists(pk) OR #kind = :kind");
    table.write(write.name("#kind", codec::KIND).text(":kind", KIND)).await
}

/// A title with what the index says of it besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The record.
    pub title: Title,
    /// What is free of it now.
    pub availability: Availability,
    /// How often it was borrowed.
    pub lending: Lending,
}

/// Several titles as they are to be indexed; those that do not exist are left out. Strongly consistent: what is indexed was told of by a
/// change, and must be that change or a newer one.
pub async fn described(table: &Table, ids: &[TitleId]) -> Result<BTreeMap<TitleId, Described>, TableError> {
    let mut keys: Vec<Key> =
        ids.iter().flat_map(|id| [key::title(id), key::availability(id), key::lending(id)]).collect();
    keys.sort();
    keys.dedup();
    let mut titles = Vec::new();
    let mut counted = BTreeMap::new();
    let mut lent = BTreeMap::new();
    for item in table.batch_get(&keys, true).await? {
        match item.get(codec::KIND).and_then(|kind| kind.as_s().ok()).map(String::as_str) {
            Some(KIND) => titles.push(from_item(item)?),
            Some(lending::KIND) => lent.extend([lending::from_item(item)?]),
            _ => counted.extend([availability::from_item(item)?]),
        }
    }
    Ok(titles
        .into_iter()
        .map(|title| {
            let availability = counted.remove(&title.id).unwrap_or_default();
            let lending = lent.remove(&title.id).unwrap_or_default();
            (title.id.clone(), Described { title, availability, lending })
        })
        .collect())
}

/// Several titles; those that do not exist are left out.
pub async fn get_many(table: &Table, ids: &[TitleId]) -> Result<BTreeMap<TitleId, Title>, TableError> {
    let mut keys: Vec<Key> = ids.iter().map(key::title).collect();
    keys.sort();
    keys.dedup();
    let items = table.batch_get(&keys, false).await?;
    items.into_iter().map(|item| from_item(item).map(|title| (title.id.clone(), title))).collect()
}
