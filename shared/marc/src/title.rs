//! What a record says of a title.

pub(crate) mod class;
mod draft;
mod key;
mod linked;
mod marc21;
mod numbers;
mod people;
mod punctuation;
mod unimarc;

pub(crate) use punctuation::tidy;

use yujie_domain::title::Title;

use crate::flavour::Flavour;
use crate::holdings;
use crate::options::Options;
use crate::reader::Catalogued;
use crate::records::Record;
use crate::reject::{Kind, Reason};

/// Room for the longest title pages.
const LONGEST_TITLE: usize = 1_000;

/// The title of a record, and its copies.
pub(crate) fn catalogue(record: &Record, options: &Options) -> Result<Catalogued, Reason> {
    if record.leader(5) == b'd' {
        return Err(Reason::Deleted);
    }
    let flavour = options.flavour.unwrap_or_else(|| Flavour::of(record.fields().map(|field| field.tag)));
    let (draft, place) = match flavour {
        Flavour::Marc21 => (marc21::draft(record), "245$a"),
        Flavour::Unimarc => (unimarc::draft(record), "200$a"),
    };
    let Some(title) = draft.title.as_deref() else { return Err(no_title(record, flavour, place)) };
    if title.chars().count() > LONGEST_TITLE {
        return Err(Reason::TitleTooLong);
    }
    let local = || holdings::local(record, &options.holdings, draft.class.as_deref());
    let holdings = match flavour {
        Flavour::Unimarc => local(),
        Flavour::Marc21 if options.holdings.in_marc21 => local(),
        Flavour::Marc21 => holdings::marc21(record),
    };
    let id = key::title_id(record.id(), &draft)?;
    let mut warnings = record.warnings.clone();
    warnings.extend(draft.warnings);
    let title = Title {
        subtitle: draft.subtitle,
        original_title: draft.original_title,
        authors: draft.authors,
        translators: draft.translators,
        publisher: draft.publisher,
        year: draft.year,
        edition: draft.edition,
        language: draft.language,
        isbn: draft.isbn,
        pages: draft.pages,
        series: draft.series,
        tags: draft.tags,
        class: draft.class,
        summary: draft.summary,
        contents: draft.contents,
        ..Title::new(id, draft.title.unwrap_or_default())
    };
    Ok(Catalogued { position: record.position, title, holdings, warnings })
}

/// A record without title may be sound, and describe something else.
fn no_title(record: &Record, flavour: Flavour, place: &'static str) -> Reason {
    match (record.leader(6), flavour) {
        (b'z', _) | (b'x' | b'y', Flavour::Unimarc) => Reason::NotATitle(Kind::Authority),
        (b'u' | b'v' | b'x' | b'y', Flavour::Marc21) => Reason::NotATitle(Kind::Holdings),
        _ => Reason::NoTitle(place),
    }
}
