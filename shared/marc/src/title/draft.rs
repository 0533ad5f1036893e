//! A title in the making: everything but its key, which depends on the rest.

use yujie_domain::{Isbn, Language};

use super::numbers;
use super::punctuation::{clean, tidy};
use crate::reject::Warning;

/// What a record has said so far. Of what comes more than once and can be only one, the first stands.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) agency: Option<String>,
    pub(super) title: Option<String>,
    pub(super) subtitle: Option<String>,
    pub(super) original_title: Option<String>,
    pub(super) authors: Vec<String>,
    pub(super) translators: Vec<String>,
    pub(super) publisher: Option<String>,
    pub(super) year: Option<u16>,
    pub(super) edition: Option<String>,
    pub(super) language: Option<Language>,
    pub(super) isbn: Option<Isbn>,
    pub(super) pages: Option<u32>,
    pub(super) series: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) class: Option<String>,
    pub(super) summary: Option<String>,
    pub(super) contents: Option<String>,
    pub(super) warnings: Vec<Warning>,
}

impl Draft {
    /// Takes the ISBN, unless there is one already; one that cannot be right is a warning.
    pub(super) fn isbn(&mut self, field: &'static str, text: Option<&str>) {
        let Some(number) = text.and_then(numbers::isbn).filter(|_| self.isbn.is_none()) else { return };
        match Isbn::parse(&number) {
            Ok(isbn) => self.isbn = Some(isbn),
            Err(error) => self.warnings.push(Warning::LeftOut { field, why: error.to_string() }),
        }
    }

    /// Takes the language, unless there is one already.
    pub(super) fn language(&mut self, field: &'static str, text: Option<&str>) {
        // Several languages may stand without anything between them: the first is the text's.
        let code = text.map(str::trim).and_then(|text| text.get(..3).or(Some(text)));
        let Some(code) = code.filter(|code| self.language.is_none() && !code.is_empty()) else { return };
        match Language::parse(code) {
            Ok(language) => self.language = Some(language),
            Err(error) => self.warnings.push(Warning::LeftOut { field, why: error.to_string() }),
        }
    }

    /// Adds a paragraph to the table of contents.
    pub(super) fn add_contents(&mut self, text: Option<String>) {
        add_paragraph(&mut self.contents, text);
    }

    /// Adds a paragraph to the summary.
    pub(super) fn add_summary(&mut self, text: Option<String>) {
        add_paragraph(&mut self.summary, text);
    }

    /// Adds a subject, its parts joined.
    pub(super) fn tag<'a>(&mut self, parts: impl Iterator<Item = &'a str>, between: &str) {
        let mut tag = String::new();
        for part in parts.filter_map(clean) {
            if !tag.is_empty() {
                tag.push_str(between);
            }
            tag.push_str(&part);
        }
        if !tag.is_empty() {
            add(&mut self.tags, tag);
        }
    }
}

/// Adds what is not there yet.
pub(super) fn add(list: &mut Vec<String>, entry: String) {
    if !list.contains(&entry) {
        list.push(entry);
    }
}

/// Keeps the first.
pub(super) fn keep(place: &mut Option<String>, text: Option<String>) {
    if place.is_none() {
        *place = text;
    }
}

/// Appends a part of a title: `三体 第二部 黑暗森林`, `Faust. Part 1, Night`.
pub(super) fn add_part(title: &mut Option<String>, part: Option<String>, names_a_number: bool) {
    let Some(part) = part else { return };
    match title {
        None => *title = Some(part),
        Some(title) => {
            let latin = title.ends_with(|c: char| c.is_ascii());
            title.push_str(match (latin, names_a_number) {
                (false, _) => " ",
                (true, false) => ". ",
                (true, true) => ", ",
            });
            title.push_str(&part);
        }
    }
}

fn add_paragraph(place: &mut Option<String>, text: Option<String>) {
    match (place.as_mut(), text) {
        (Some(before), Some(text)) => {
            before.push('\n');
            before.push_str(&text);
        }
        (None, text) => *place = text,
        (Some(_), None) => {}
    }
}

/// All these subfields' text, with blanks between.
pub(super) fn joined<'a>(parts: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut text = String::new();
    for part in parts.filter_map(tidy) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&part);
    }
    (!text.is_empty()).then_some(text)
}
