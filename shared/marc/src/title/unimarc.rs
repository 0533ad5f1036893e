//! UNIMARC, as CNMARC uses it: titles in 200, people in 701 and 702, names of roles in words.
//!
//! `$9`, and `$A` and other capitals, hold the pinyin of the subfield before: nothing here reads them.

use super::draft::{Draft, add, add_part, joined, keep};
use super::numbers;
use super::people::{Role, Statement, name};
use super::punctuation::{clean, tidy, unbracketed};
use crate::records::{Field, Record};

/// A person or body, with what the record says of the part they had.
struct Responsible {
    name: String,
    role: Role,
}

/// What the record says.
pub(super) fn draft(record: &Record) -> Draft {
    let mut draft = Draft::default();
    let mut agency = None;
    let mut statement = Statement::default();
    let mut people = Vec::new();
    let mut secondary_bodies = Vec::new();
    let mut translation = false;
    let (mut parallel, mut series_link, mut set_link) = (None, None, None);
    let mut coded_year = None;
    for field in record.fields() {
        match &field.tag {
            b"010" => draft.isbn("010$a", field.first('a')),
            b"100" => coded_year = field.first('a').and_then(|coded| numbers::year(coded.get(9..13)?)),
            b"101" => {
                translation = matches!(field.indicator(0), '1' | '2');
                draft.language("101$a", field.first('a'));
            }
            b"200" if draft.title.is_none() => {
                title(&mut draft, &field);
                parallel = field.first('d').and_then(clean);
                field.all('f').chain(field.all('g')).for_each(|text| statement.read(text));
            }
            b"205" => keep(&mut draft.edition, field.first('a').and_then(clean)),
            // 214 is 210 since UNIMARC's update of 2019.
            b"210" | b"214" => {
                keep(&mut draft.publisher, field.first('c').and_then(unbracketed));
                draft.year = draft.year.or_else(|| field.all('d').find_map(numbers::year));
            }
            b"215" => draft.pages = draft.pages.or_else(|| field.first('a').and_then(numbers::pages)),
            b"225" => keep(&mut draft.series, field.first('a').and_then(clean)),
            b"327" => draft.add_contents(joined(field.all('a'))),
            b"330" => draft.add_summary(joined(field.all('a'))),
            b"410" => series_link = series_link.or_else(|| linked_title(&field)),
            b"461" | b"462" => set_link = set_link.or_else(|| linked_title(&field)),
            b"454" => keep(&mut draft.original_title, linked_title(&field)),
            b"510" => parallel = parallel.or_else(|| field.first('a').and_then(clean)),
            b"600" | b"601" | b"602" | b"605" | b"606" | b"607" => {
                let heading = |code: &char| matches!(code, 'a' | 'b' | 'x' | 'y' | 'z' | 'j');
                draft.tag(field.subfields().filter(|(code, _)| heading(code)).map(|(_, text)| text), "-");
            }
            b"610" => field.all('a').for_each(|word| draft.tag(std::iter::once(word), "")),
            b"690" => keep(&mut draft.class, field.first('a').and_then(tidy)),
            b"700" | b"701" | b"702" => people.extend(responsible(&field, ", ")),
            b"710" | b"711" => people.extend(responsible(&field, " ")),
            b"712" => secondary_bodies.extend(responsible(&field, " ")),
            b"801" => {
                // Whose numbers 001 has: who issued the record (second indicator 3), before who made it.
                let issuer = field.indicator(1) == '3';
                if agency.is_none() || issuer {
                    agency = field.first('b').and_then(tidy).or(agency);
                }
            }
            _ => {}
        }
    }
    draft.agency = agency;
    sort(&mut draft, people, &statement);
    if draft.authors.is_empty() {
        draft.authors = statement.authors;
    }
    if draft.authors.is_empty() {
        sort(&mut draft, secondary_bodies, &Statement::default());
    }
    if draft.translators.is_empty() {
        draft.translators = statement.translators;
    }
    // Of a translated book the parallel title is the original's. Of others it is the same title in another language.
    if translation {
        keep(&mut draft.original_title, parallel);
    }
    draft.series = draft.series.take().or(series_link).or(set_link);
    draft.year = draft.year.or(coded_year);
    draft
}

fn title(draft: &mut Draft, field: &Field<'_>) {
    let mut rest = Vec::new();
    for (code, text) in field.subfields() {
        match code {
            // A second `$a` is another work in the same volume.
            'a' => match (&mut draft.title, clean(text)) {
                (Some(title), Some(other)) => {
                    title.push_str(" ; ");
                    title.push_str(&other);
                }
                (None, text) => draft.title = text,
                (Some(_), None) => {}
            },
            'h' => add_part(&mut draft.title, clean(text), false),
            'i' => add_part(&mut draft.title, clean(text), field.first('h').is_some()),
            'e' => rest.extend(clean(text)),
            _ => {}
        }
    }
    draft.subtitle = joined(rest.iter().map(String::as_str));
}

fn responsible(field: &Field<'_>, between: &str) -> Option<Responsible> {
    // With a title it names another work.
    if field.first('t').is_some() {
        return None;
    }
    Some(Responsible { name: name(field, 'b', between)?, role: Role::of(field.all('4')) })
}

/// Divides people by what they did; where the heading does not say it, the title page may.
fn sort(draft: &mut Draft, people: Vec<Responsible>, statement: &Statement) {
    for Responsible { name, role } in people {
        let translates = || statement.translators.iter().any(|translator| translator.contains(&name));
        match role {
            Role::Translator => add(&mut draft.translators, name),
            Role::Unsaid if translates() => add(&mut draft.translators, name),
            Role::Author | Role::Unsaid => add(&mut draft.authors, name),
            Role::Bystander => {}
        }
    }
}

/// The title in a link to another record: within an embedded field 200 (`$12001 $a…`), or plain in `$t` or `$a`.
fn linked_title(field: &Field<'_>) -> Option<String> {
    let embeds = field.first('1').is_some();
    let mut of_200 = !embeds;
    let found = field.subfields().find(|&(code, text)| {
        if code == '1' {
            of_200 = text.starts_with("200");
        }
        code == 't' || (code == 'a' && of_200)
    });
    found.and_then(|(_, text)| clean(text))
}
