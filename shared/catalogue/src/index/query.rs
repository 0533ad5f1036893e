//! What a reader typed, as a query of the index.
//!
//! Every token must be found in some field of a title. On top of that come tiers, far enough apart that the words' own scores
//! never lift a title from one into the next: the whole title; its beginning, or the whole name of one of its people; a part
//! of the title; a part of a name.

use std::collections::HashSet;

use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, Occur, PhraseQuery, Query,
    TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};
use yujie_domain::Isbn;

use super::schema::Fields;
use crate::fold::{fold, fold_whole};
use crate::tokens::{START, cut, lone};

/// No reader types more than this; the rest of a longer query is not looked at.
const MOST_CHARACTERS: usize = 200;
const MOST_TOKENS: usize = 64;

const EXACT_TITLE: f32 = 40_000.0;
const TITLE_BEGINS: f32 = 20_000.0;
const WHOLE_NAME: f32 = 20_000.0;
const IN_TITLE: f32 = 10_000.0;
const IN_NAME: f32 = 5_000.0;

/// What a reader is looking for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Nothing typed: the whole catalogue.
    Everything,
    /// One edition.
    Edition(Isbn),
    /// Titles with these tokens; `whole` is the query without its spaces.
    Words { tokens: Vec<String>, whole: String },
    /// Something typed, but nothing that could be in a title.
    Nothing,
}

impl Wanted {
    pub(super) fn parse(typed: &str) -> Self {
        let typed: String = typed.trim().chars().take(MOST_CHARACTERS).collect();
        if typed.is_empty() {
            return Self::Everything;
        }
        let folded = fold(&typed);
        if let Ok(isbn) = Isbn::parse(&folded.replace(' ', "")) {
            return Self::Edition(isbn);
        }
        let mut tokens = cut(&folded);
        tokens.truncate(MOST_TOKENS);
        if tokens.is_empty() { Self::Nothing } else { Self::Words { tokens, whole: fold_whole(&typed) } }
    }

    /// The query in which every token must be found.
    pub(super) fn strict(&self, fields: &Fields) -> Option<Box<dyn Query>> {
        match self {
            Self::Everything => Some(Box::new(AllQuery)),
            Self::Edition(isbn) => Some(term(fields.isbn, isbn.as_str())),
            Self::Words { tokens, whole } => {
                let must = found(fields, tokens, |distinct| distinct);
                Some(Box::new(BooleanQuery::new(vec![
                    (Occur::Must, must),
                    (Occur::Should, tier(fields, tokens, whole)),
                ])))
            }
            Self::Nothing => None,
        }
    }

    /// The query in which three of four tokens are enough, for titles and names run together or half remembered.
    pub(super) fn lenient(&self, fields: &Fields) -> Option<Box<dyn Query>> {
        match self {
            Self::Words { tokens, .. } => {
                Some(found(fields, tokens, |distinct| if distinct > 3 { distinct * 3 / 4 } else { distinct }))
            }
            _ => None,
        }
    }
}

/// So many of the distinct tokens are somewhere in the title's fields.
fn found(fields: &Fields, tokens: &[String], enough: fn(usize) -> usize) -> Box<dyn Query> {
    let mut seen = HashSet::new();
    let clauses: Vec<_> =
        tokens.iter().filter(|token| seen.insert(*token)).map(|token| anywhere(fields, token)).collect();
    let enough = enough(clauses.len());
    Box::new(BooleanQuery::union_with_minimum_required_clauses(clauses, enough))
}

fn anywhere(fields: &Fields, token: &str) -> Box<dyn Query> {
    if lone(token).is_some() {
        return term(fields.characters, token);
    }
    let weighted =
        |field, weight| -> Box<dyn Query> { Box::new(BoostQuery::new(term(field, token), weight)) };
    let places = vec![
        weighted(fields.title, 3.0),
        weighted(fields.people, 2.5),
        weighted(fields.more_title, 1.5),
        weighted(fields.subjects, 0.5),
    ];
    // The best place counts, the others only a little: a word repeated in all fields is no better a match.
    Box::new(DisjunctionMaxQuery::with_tie_breaker(places, 0.1))
}

/// The highest tier that a title reaches.
fn tier(fields: &Fields, tokens: &[String], whole: &str) -> Box<dyn Query> {
    let from_start: Vec<String> = std::iter::once(START.to_owned()).chain(tokens.iter().cloned()).collect();
    let tier = |query, score| -> Box<dyn Query> { Box::new(ConstScoreQuery::new(query, score)) };
    Box::new(DisjunctionMaxQuery::new(vec![
        tier(term(fields.whole, whole), EXACT_TITLE),
        tier(phrase(fields.title, &from_start), TITLE_BEGINS),
        tier(term(fields.names, whole), WHOLE_NAME),
        tier(phrase(fields.title, tokens), IN_TITLE),
        tier(phrase(fields.people, tokens), IN_NAME),
    ]))
}

fn phrase(field: Field, tokens: &[String]) -> Box<dyn Query> {
    match tokens {
        [one] => term(field, one),
        many => {
            Box::new(PhraseQuery::new(many.iter().map(|token| Term::from_field_text(field, token)).collect()))
        }
    }
}

fn term(field: Field, text: &str) -> Box<dyn Query> {
    Box::new(TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::WithFreqs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_isbn_is_known_in_every_way_of_writing_it() {
        let edition = Wanted::Edition(Isbn::parse("9787544270878").unwrap());
        for typed in [
            "9787544270878",
            "978-7-5442-7087-8",
            " 978 7 5442 7087 8 ",
            "９７８７５４４２７０８７８",
            "7-5442-7087-4",
            "7544270874",
        ] {
            assert_eq!(Wanted::parse(typed), edition, "{typed}");
        }
        assert!(
            matches!(Wanted::parse("9787544270879"), Wanted::Words { .. }),
            "a wrong check digit is just digits"
        );
    }

    #[test]
    fn what_has_no_letters_looks_for_nothing() {
        assert_eq!(Wanted::parse("  "), Wanted::Everything);
        assert_eq!(Wanted::parse("《》……！"), Wanted::Nothing);
    }

    #[test]
    fn a_query_has_an_end() {
        let Wanted::Words { tokens, whole } = Wanted::parse(&"解忧杂货店".repeat(1_000)) else {
            panic!("words")
        };
        assert_eq!(tokens.len(), MOST_TOKENS);
        assert_eq!(whole.chars().count(), MOST_CHARACTERS);
    }
}
