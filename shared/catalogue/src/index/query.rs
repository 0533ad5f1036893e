//! What a reader typed, as a query of the index.
//!
//! Every token must be found in some field of a title. On top of that come tiers, far enough apart that the words' own scores never lift a
//! title from one into the next: the whole title, or the whole name of one of its people; its beginning; a part of the title; a part of a
//! name. What is typed in Latin letters may also be pinyin, in tiers of its own below those.

use std::collections::HashSet;

use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, FuzzyTermQuery, Occur,
    PhraseQuery, Query, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};
use yujie_domain::Isbn;

use super::schema::Fields;
use crate::fold::{fold, fold_whole, is_unspaced};
use crate::spelling::{self, END};
use crate::tokens::{START, cut, lone};

/// No reader types more than this; the rest of a longer query is not looked at.
const MOST_CHARACTERS: usize = 200;
const MOST_TOKENS: usize = 64;

/// The top: here words no longer count, only fame. Who types 鲁迅 may want the book of that name or the books by him.
pub(super) const EXACT: f32 = 40_000.0;
const TITLE_BEGINS: f32 = 20_000.0;
const IN_TITLE: f32 = 10_000.0;
const IN_NAME: f32 = 5_000.0;
const EXACT_PART: f32 = 8_000.0;
const PINYIN_EXACT: f32 = 3_000.0;
const PINYIN_NAME: f32 = 2_200.0;
const PINYIN_BEGINS: f32 = 1_500.0;
const INITIALS_EXACT: f32 = 1_200.0;
const PINYIN_WITHIN: f32 = 800.0;
const INITIALS_NAME: f32 = 600.0;
const INITIALS_BEGIN: f32 = 400.0;
const INITIALS_WITHIN: f32 = 200.0;

/// Fewer letters than this are the initials of everything.
const FEWEST_INITIALS: usize = 3;
/// A word this long may be misspelled by one letter and still be recognised.
const FUZZY_FROM: usize = 4;

/// What a reader is looking for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Nothing typed: the whole catalogue.
    Everything,
    /// One edition.
    Edition(Isbn),
    /// Titles with these words.
    Words(Words),
    /// Something typed, but nothing that could be in a title.
    Nothing,
}

/// A query of words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    /// As typed, folded.
    pub(super) folded: String,
    /// The tokens of it.
    pub(super) tokens: Vec<String>,
    /// The query without its spaces.
    pub(super) whole: String,
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
        if tokens.is_empty() {
            Self::Nothing
        } else {
            Self::Words(Words { folded, tokens, whole: fold_whole(&typed) })
        }
    }

    /// The query in which everything typed must be found.
    pub(super) fn strict(&self, fields: &Fields) -> Option<Box<dyn Query>> {
        match self {
            Self::Everything => Some(Box::new(AllQuery)),
            Self::Edition(isbn) => Some(term(fields.isbn, isbn.as_str())),
            Self::Words(words) => Some(words.strict(fields)),
            Self::Nothing => None,
        }
    }
}

impl Words {
    fn strict(&self, fields: &Fields) -> Box<dyn Query> {
        let found = self.found(fields, |distinct| distinct);
        let as_typed = BooleanQuery::new(vec![
            (Occur::Must, found),
            (Occur::Should, self.tier(fields)),
            (Occur::Should, self.parts(fields)),
        ]);
        match self.as_pinyin(fields) {
            Some(pinyin) => Box::new(DisjunctionMaxQuery::new(vec![Box::new(as_typed), pinyin])),
            None => Box::new(as_typed),
        }
    }

    /// The query in which three of four tokens are enough, for titles and names run together or half remembered.
    pub(super) fn lenient(&self, fields: &Fields) -> Box<dyn Query> {
        self.found(fields, |distinct| if distinct > 3 { distinct * 3 / 4 } else { distinct })
    }

    /// So many of the distinct tokens are somewhere in the title's fields.
    fn found(&self, fields: &Fields, enough: fn(usize) -> usize) -> Box<dyn Query> {
        let clauses: Vec<_> =
            distinct(&self.tokens).into_iter().map(|token| anywhere(fields, token)).collect();
        let enough = enough(clauses.len());
        Box::new(BooleanQuery::union_with_minimum_required_clauses(clauses, enough))
    }

    /// The highest tier that a title reaches.
    fn tier(&self, fields: &Fields) -> Box<dyn Query> {
        Box::new(DisjunctionMaxQuery::new(vec![
            tier(term(fields.whole, &self.whole), EXACT),
            tier(phrase(fields.title, &from_start(&self.tokens)), TITLE_BEGINS),
            tier(term(fields.names, &self.whole), EXACT),
            tier(phrase(fields.title, &self.tokens), IN_TITLE),
            tier(phrase(fields.people, &self.tokens), IN_NAME),
        ]))
    }

    /// Of a query in several words, those that are a whole title or a whole name: 活着 余华 is that book before one that quotes both.
    fn parts(&self, fields: &Fields) -> Box<dyn Query> {
        let words: Vec<&str> = self.folded.split(' ').collect();
        let mut whole = Vec::new();
        for at in 1..words.len().min(8) {
            let (before, after) = words.split_at(at);
            for part in [before, after].map(<[&str]>::concat) {
                whole.push((Occur::Should, tier(term(fields.whole, &part), EXACT_PART)));
                whole.push((Occur::Should, tier(term(fields.names, &part), EXACT_PART)));
            }
        }
        Box::new(BooleanQuery::new(whole))
    }

    /// What was typed, read as the pinyin of a title or a name, or as its initials.
    fn as_pinyin(&self, fields: &Fields) -> Option<Box<dyn Query>> {
        if self.folded.chars().any(is_unspaced) {
            return None;
        }
        let mut readings = Vec::new();
        for way in spelling::ways(&self.folded) {
            let Run { begin, within, whole } = pairs(&way);
            readings.push(tier(all(fields.pinyin, &whole), PINYIN_EXACT));
            readings.push(tier(all(fields.more_pinyin, &whole), PINYIN_NAME));
            if !within.is_empty() {
                readings.push(tier(all(fields.pinyin, &begin), PINYIN_BEGINS));
                readings.push(tier(all(fields.pinyin, &within), PINYIN_WITHIN));
                readings.push(tier(all(fields.more_pinyin, &within), PINYIN_WITHIN));
            }
        }
        if let Some(Run { begin, within, whole }) = initials(&self.folded) {
            readings.push(tier(all(fields.initials, &whole), INITIALS_EXACT));
            readings.push(tier(all(fields.more_initials, &whole), INITIALS_NAME));
            readings.push(tier(all(fields.initials, &begin), INITIALS_BEGIN));
            readings.push(tier(all(fields.initials, &within), INITIALS_WITHIN));
        }
        (!readings.is_empty()).then(|| -> Box<dyn Query> { Box::new(DisjunctionMaxQuery::new(readings)) })
    }

    /// Titles that may be meant although something is wrong with what was typed: what sounds the same; what has all characters of it but one;
    /// what has words that differ in one letter.
    pub(super) fn forgiving(&self, fields: &Fields) -> Vec<Box<dyn Query>> {
        let mut ways = Vec::new();
        let (han, latin): (Vec<&String>, Vec<&String>) =
            distinct(&self.tokens).into_iter().partition(|token| token.chars().any(is_unspaced));
        if latin.is_empty() {
            ways.extend(self.sounding(fields));
        }
        let characters: Vec<String> =
            self.whole.chars().filter(|&c| is_unspaced(c)).map(String::from).collect();
        let characters = distinct(&characters);
        let fuzzy: Vec<Box<dyn Query>> = latin.iter().map(|word| misspelled(fields, word)).collect();
        if characters.len() >= 3 || (!han.is_empty() && !fuzzy.is_empty()) {
            let needed = if characters.len() < 3 { characters.len() } else { characters.len() - 1 };
            let mostly: Box<dyn Query> = Box::new(BooleanQuery::union_with_minimum_required_clauses(
                characters.iter().map(|c| term(fields.characters, c)).collect(),
                needed,
            ));
            let and_words = fuzzy.into_iter().map(|word| (Occur::Must, word));
            ways.push(Box::new(BooleanQuery::new(
                std::iter::once((Occur::Must, mostly)).chain(and_words).collect(),
            )) as Box<dyn Query>);
        } else if characters.is_empty() && !fuzzy.is_empty() {
            ways.push(Box::new(BooleanQuery::intersection(fuzzy)));
        }
        ways
    }

    /// Whether a title has a part that can be read aloud like what was typed.
    pub(super) fn sounds_like(&self, title: &str) -> bool {
        spelling::sound_alike(&self.folded, &fold(title))
    }

    /// Titles that sound like this, whatever characters were chosen.
    fn sounding(&self, fields: &Fields) -> Option<Box<dyn Query>> {
        let pairs = spelling::sounds(&self.folded)?;
        let clauses: Vec<Box<dyn Query>> = pairs
            .iter()
            .map(|alternatives| -> Box<dyn Query> {
                Box::new(BooleanQuery::union(
                    alternatives.iter().map(|pair| term(fields.pinyin, pair)).collect(),
                ))
            })
            .collect();
        Some(Box::new(BooleanQuery::intersection(clauses)))
    }
}

/// What must be found for letters to stand somewhere in a text, at its beginning, or for the whole of it.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    within: Vec<String>,
    begin: Vec<String>,
    whole: Vec<String>,
}

impl Run {
    fn new(start: String, within: Vec<String>, end: String) -> Self {
        let begin = [vec![start], within.clone()].concat();
        let whole = [begin.clone(), vec![end]].concat();
        Self { within, begin, whole }
    }
}

/// A way of reading letters, in pairs of syllables.
fn pairs(way: &[String]) -> Run {
    let first = way.first().map_or("", String::as_str);
    let last = way.last().map_or("", String::as_str);
    let pairs = way.windows(2).map(|two| two.join(" ")).collect();
    Run::new(format!("{} {first}", spelling::START), pairs, format!("{last} {END}"))
}

/// Letters that may be initials, in triples. Spaces between them do not matter.
fn initials(folded: &str) -> Option<Run> {
    let letters: Vec<char> = folded.chars().filter(|&c| c != ' ').collect();
    let spelled =
        letters.iter().all(char::is_ascii_alphanumeric) && letters.iter().any(char::is_ascii_alphabetic);
    if !spelled || letters.len() < FEWEST_INITIALS {
        return None;
    }
    let text = |part: &[char]| part.iter().collect::<String>();
    let within = letters.windows(3).map(text).collect();
    let start = format!("{}{}", spelling::START, text(letters.get(..2)?));
    let end = format!("{}{END}", text(letters.get(letters.len() - 2..)?));
    Some(Run::new(start, within, end))
}

fn distinct(tokens: &[String]) -> Vec<&String> {
    let mut seen = HashSet::new();
    tokens.iter().filter(|token| seen.insert(*token)).collect()
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

/// A word of title or name that this one may have been meant to be.
fn misspelled(fields: &Fields, word: &str) -> Box<dyn Query> {
    let length = word.chars().count();
    let distance = u8::from(length >= FUZZY_FROM && !word.bytes().all(|b| b.is_ascii_digit()));
    let places = [fields.title, fields.people, fields.more_title].map(|field| -> Box<dyn Query> {
        Box::new(FuzzyTermQuery::new(Term::from_field_text(field, word), distance, true))
    });
    Box::new(BooleanQuery::union(places.into()))
}

pub(super) fn from_start(tokens: &[String]) -> Vec<String> {
    std::iter::once(START.to_owned()).chain(tokens.iter().cloned()).collect()
}

fn tier(query: Box<dyn Query>, score: f32) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(query, score))
}

/// Titles with all of these terms.
pub(super) fn all(field: Field, terms: &[String]) -> Box<dyn Query> {
    Box::new(BooleanQuery::intersection(terms.iter().map(|text| term(field, text)).collect()))
}

pub(super) fn phrase(field: Field, tokens: &[String]) -> Box<dyn Query> {
    match tokens {
        [one] => term(field, one),
        many => {
            Box::new(PhraseQuery::new(many.iter().map(|token| Term::from_field_text(field, token)).collect()))
        }
    }
}

pub(super) fn term(field: Field, text: &str) -> Box<dyn Query> {
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
        let Wanted::Words(Words { tokens, whole, .. }) = Wanted::parse(&"解忧杂货店".repeat(1_000))
        else {
            panic!("words")
        };
        assert_eq!(tokens.len(), MOST_TOKENS);
        assert_eq!(whole.chars().count(), MOST_CHARACTERS);
    }

    #[test]
    fn initials_are_three_letters_or_more() {
        let whole = |letters: &str| initials(letters).map(|run| run.whole.join(" "));

        assert_eq!(whole("jyzhd").as_deref(), Some("^jy jyz yzh zhd hd$"));
        assert_eq!(whole("s t i").as_deref(), Some("^st sti ti$"));
        assert_eq!(whole("jy"), None);
        assert_eq!(whole("1984"), None);
    }
}
