//! The copies that a record names.

use crate::records::{Field, Record, Tag};
use crate::title::{class, tidy};

/// A copy, or the copies at one place, as a record names them. Nothing is checked: the values are text as cataloguers wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holding {
    /// What is on the copy's label.
    pub barcode: Option<String>,
    /// The library or branch that has it, by its own code or name.
    pub site: Option<String>,
    /// Where it stands there: reading room, collection.
    pub location: Option<String>,
    /// Its shelf mark, `I247.5/1234`.
    pub call_number: Option<String>,
    /// Which volume, or how many copies: libraries use it for both.
    pub volume: Option<String>,
}

/// Where CNMARC records keep copies. The field is local, so every library has its own; the default is the common one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldingsMap {
    /// The field.
    pub tag: Tag,
    /// The subfield with the library.
    pub site: char,
    /// The subfield with a barcode or accession number; repeated for each copy.
    pub barcode: char,
    /// The subfield with the shelving.
    pub location: char,
    /// The subfield with the class; the record's own class (690) stands in for it.
    pub class: char,
    /// The subfield with the book number, which with the class is the call number.
    pub book_number: char,
    /// The subfield with the volume or the number of copies.
    pub volume: char,
    /// Whether MARC 21 records have it too, instead of 852.
    pub in_marc21: bool,
}

impl Default for HoldingsMap {
    fn default() -> Self {
        Self {
            tag: *b"905",
            site: 'a',
            barcode: 'b',
            location: 'c',
            class: 'd',
            book_number: 'e',
            volume: 'f',
            in_marc21: false,
        }
    }
}

/// The copies in the local field. `class` is the record's own.
pub(crate) fn local(record: &Record, map: &HoldingsMap, class: Option<&str>) -> Vec<Holding> {
    let mut holdings = Vec::new();
    for field in record.fields().filter(|field| field.tag == map.tag) {
        let text = |code| field.first(code).and_then(tidy);
        let place = Holding {
            barcode: None,
            site: text(map.site),
            location: text(map.location),
            call_number: call_number(text(map.class).as_deref().or(class), text(map.book_number).as_deref()),
            volume: text(map.volume),
        };
        push_each(&mut holdings, &place, field.all(map.barcode));
    }
    holdings
}

/// Class and book number with a stroke between; a book number alone is no call number unless it holds the class already.
fn call_number(class: Option<&str>, book: Option<&str>) -> Option<String> {
    match (class, book) {
        (Some(class), Some(book)) if book.starts_with(class) && book.contains('/') => Some(book.to_owned()),
        (Some(class), Some(book)) => Some(format!("{class}/{book}")),
        (None, Some(book)) if book.contains('/') => Some(book.to_owned()),
        (Some(_) | None, None) | (None, Some(_)) => None,
    }
}

/// One holding for each barcode, or one without.
fn push_each<'a>(holdings: &mut Vec<Holding>, place: &Holding, barcodes: impl Iterator<Item = &'a str>) {
    let before = holdings.len();
    for barcode in barcodes.filter_map(tidy) {
        holdings.push(Holding { barcode: Some(barcode), ..place.clone() });
    }
    if holdings.len() == before && (place.site.is_some() || place.call_number.is_some()) {
        holdings.push(place.clone());
    }
}

/// The copies in 852, and in 876–878 those that belong to an 852.
pub(crate) fn marc21(record: &Record) -> Vec<Holding> {
    let mut places = Vec::new();
    let mut items = Vec::new();
    for field in record.fields() {
        match &field.tag {
            b"852" => places.push(field),
            b"876" | b"877" | b"878" => items.push(field),
            _ => {}
        }
    }
    let mut holdings = Vec::new();
    for place in &places {
        let here = items.iter().filter(|item| belongs(item, place, places.len()));
        let mut barcodes: Vec<&str> = place.all('p').collect();
        here.for_each(|item| barcodes.extend(item.all('p')));
        push_each(&mut holdings, &described(place), barcodes.into_iter());
    }
    if places.is_empty() {
        for item in items {
            push_each(&mut holdings, &Holding::default(), item.all('p'));
        }
    }
    holdings
}

/// Whether an item is at this place: by the number before the point in `$8`, or because there is no other place.
fn belongs(item: &Field<'_>, place: &Field<'_>, places: usize) -> bool {
    match (link(item), link(place)) {
        (Some(item), Some(place)) => item == place,
        (Some(_), None) | (None, Some(_) | None) => places == 1,
    }
}

fn link<'a>(field: &Field<'a>) -> Option<&'a str> {
    field.first('8')?.split(['.', '\\']).next()
}

/// What an 852 says of its copies.
fn described(field: &Field<'_>) -> Holding {
    let text = |code| field.first(code).and_then(tidy);
    let mut mark = text('h');
    if let Some(item) = text('i') {
        mark = Some(match mark {
            Some(class) if class::is_clc(&class) => format!("{class}/{item}"),
            Some(class) => format!("{class} {item}"),
            None => item,
        });
    }
    let call_number = mark.map(|mark| {
        let parts = [text('k'), Some(mark), text('m')];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    });
    Holding {
        barcode: None,
        site: text('b').or_else(|| text('a')),
        location: text('c'),
        call_number,
        volume: text('3').or_else(|| text('t')),
    }
}
