//! MARC 21: <https://www.loc.gov/marc/bibliographic/>.

use super::class::is_clc;
use super::draft::{Draft, add, add_part, joined, keep};
use super::people::{Role, Statement, name};
use super::punctuation::{clean, tidy, trim, unbracketed};
use super::{linked, numbers};
use crate::records::{Field, Record};

/// What the record says.
pub(super) fn draft(record: &Record) -> Draft {
    let fields = linked::fields(record);
    let mut draft = Draft::default();
    let mut coded = (None, None);
    let mut statement = Statement::default();
    let mut bodies = Vec::new();
    let mut copyright = None;
    let mut other_imprints = Vec::new();
    let mut traced_series = None;
    for field in &fields {
        match &field.tag {
            b"003" => draft.agency = tidy(field.text),
            b"008" => coded = (field.text.get(7..11), field.text.get(35..38)),
            b"020" => draft.isbn("020$a", field.first('a')),
            b"041" => draft.language("041$a", field.first('a')),
            b"084" => {
                let number = field.first('a').and_then(tidy);
                let chinese =
                    field.first('2').is_some_and(|scheme| scheme.to_ascii_lowercase().contains("clc"));
                keep(&mut draft.class, number.filter(|number| chinese || is_clc(number)));
            }
            // Where Chinese libraries keep it. What stands here in others is not a class of ours.
            b"093" => keep(&mut draft.class, field.first('a').and_then(tidy).filter(|number| is_clc(number))),
            b"100" | b"700" => person(&mut draft, field),
            b"110" => draft.authors.extend(name(field, 'b', " ")),
            b"710" => bodies.extend(
                Some(field)
                    .filter(|field| field.first('t').is_none())
                    .and_then(|field| name(field, 'b', " ")),
            ),
            b"240" if field.first('l').is_some() => {
                keep(&mut draft.original_title, field.first('a').and_then(clean));
            }
            b"765" => keep(&mut draft.original_title, field.first('t').and_then(clean)),
            b"245" if draft.title.is_none() => {
                title(&mut draft, field);
                field.all('c').for_each(|text| statement.read(text));
            }
            b"250" => keep(&mut draft.edition, field.first('a').and_then(clean)),
            b"264" if field.indicator(1) == '4' => copyright = field.first('c').and_then(numbers::year),
            // Production, distribution, manufacture: only if there is no publication.
            b"264" if matches!(field.indicator(1), '0' | '2' | '3') => other_imprints.push(field),
            b"260" | b"264" => imprint(&mut draft, field),
            b"300" => draft.pages = draft.pages.or_else(|| field.first('a').and_then(numbers::pages)),
            b"490" => keep(&mut draft.series, field.first('a').and_then(clean)),
            b"830" => traced_series = traced_series.or_else(|| field.first('a').and_then(clean)),
            b"505" => draft.add_contents(joined(
                field
                    .subfields()
                    .filter(|(code, _)| matches!(code, 'a' | 'g' | 't' | 'r'))
                    .map(|(_, text)| text),
            )),
            b"520" => draft.add_summary(joined(
                field.subfields().filter(|(code, _)| matches!(code, 'a' | 'b')).map(|(_, text)| text),
            )),
            b"600" | b"610" | b"611" | b"630" | b"650" | b"651" | b"653" => subject(&mut draft, field),
            _ => {}
        }
    }
    if draft.authors.is_empty() {
        draft.authors = if bodies.is_empty() { statement.authors } else { bodies };
    }
    if draft.translators.is_empty() {
        draft.translators = statement.translators;
    }
    for field in other_imprints {
        imprint(&mut draft, field);
    }
    draft.series = draft.series.take().or(traced_series);
    draft.year = draft.year.or(copyright).or_else(|| coded.0.and_then(numbers::year));
    // Codes of "none", "several" and "not said" are no language to look for.
    let said =
        |code: &&str| code.bytes().all(|b| b.is_ascii_lowercase()) && !matches!(*code, "mul" | "und" | "zxx");
    draft.language("008", coded.1.filter(said));
    draft
}

fn title(draft: &mut Draft, field: &Field<'_>) {
    let mut rest = Vec::new();
    for (code, text) in field.subfields() {
        match code {
            'a' | 'n' => add_part(&mut draft.title, clean(text), false),
            'p' => add_part(&mut draft.title, clean(text), field.first('n').is_some()),
            'b' => rest.push(trim(text)),
            _ => {}
        }
    }
    draft.subtitle = joined(rest.into_iter());
    // A record of a part may have nothing but its name, and a bad one only what should be the subtitle.
    if draft.title.is_none() {
        draft.title = draft.subtitle.take();
    }
}

fn person(draft: &mut Draft, field: &Field<'_>) {
    // With a title it names another work, which is in this one or about which it is.
    if field.first('t').is_some() {
        return;
    }
    let Some(name) = name(field, 'b', " ") else { return };
    match Role::of(field.subfields().filter(|(code, _)| matches!(code, 'e' | '4')).map(|(_, text)| text)) {
        Role::Author | Role::Unsaid => add(&mut draft.authors, name),
        Role::Translator => add(&mut draft.translators, name),
        Role::Bystander => {}
    }
}

fn imprint(draft: &mut Draft, field: &Field<'_>) {
    keep(&mut draft.publisher, field.first('b').and_then(unbracketed));
    draft.year = draft.year.or_else(|| field.all('c').find_map(numbers::year));
}

fn subject(draft: &mut Draft, field: &Field<'_>) {
    if field.tag == *b"653" {
        for word in field.all('a') {
            draft.tag(std::iter::once(word), "");
        }
        return;
    }
    let heading = |code: &char| matches!(code, 'a' | 'v' | 'x' | 'y' | 'z');
    draft.tag(field.subfields().filter(|(code, _)| heading(code)).map(|(_, text)| text), "--");
}
