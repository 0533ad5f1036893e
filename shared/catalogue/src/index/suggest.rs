//! What a reader may be about to type: titles, authors and series that begin so, in characters, in pinyin or by initials.

use std::collections::HashSet;
use std::ops::Bound;

use tantivy::query::{BooleanQuery, Occur, PhrasePrefixQuery, Query, RangeQuery};
use tantivy::schema::Field;
use tantivy::{DocAddress, Term};

use super::IndexError;
use super::query::{all, from_start, phrase, term};
use super::ranking::{Best, Sort};
use super::search::Searcher;
use crate::fold::{fold, fold_whole, is_unspaced, without_spaces};
use crate::line::Line;
use crate::names;
use crate::spelling::{self, Allowed};
use crate::tokens::cut;

/// Nobody has typed more than this and still wants a suggestion.
const MOST_CHARACTERS: usize = 40;
/// So many of the best-known titles are looked at for what begins as typed.
const LOOKED_AT: usize = 60;

/// Something that can be searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// What it is.
    pub kind: Kind,
    /// What to search for.
    pub text: String,
}

/// What a suggestion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A title.
    Title,
    /// An author.
    Author,
    /// A series.
    Series,
}

impl Searcher {
    /// Up to `limit` things that begin with what was typed, best known first.
    pub fn suggest(&self, typed: &str, limit: usize) -> Result<Vec<Suggestion>, IndexError> {
        let typed: String = typed.trim().chars().take(MOST_CHARACTERS).collect();
        let Some(begun) = Begun::parse(&typed) else {
            return Ok(Vec::new());
        };
        let query = self.beginning(&begun);
        let best = Best { limit: LOOKED_AT, sort: Sort::MostKnown, columns: &self.columns };
        let found: Vec<DocAddress> = self.engine.search(&*query, &best)?;
        let mut suggestions = Vec::new();
        let mut unusual = Vec::new();
        let mut seen = HashSet::new();
        for address in found {
            for (suggestion, fit) in begun.of(&self.line(address)?) {
                if seen.insert((suggestion.kind, fold_whole(&suggestion.text))) {
                    match fit {
                        Allowed::Usual => suggestions.push(suggestion),
                        Allowed::All => unusual.push(suggestion),
                    }
                }
            }
            if suggestions.len() >= limit {
                break;
            }
        }
        // What is read so only in old texts or place names comes last, however well known.
        suggestions.append(&mut unusual);
        suggestions.truncate(limit);
        Ok(suggestions)
    }

    /// The titles in which something may begin so.
    fn beginning(&self, begun: &Begun) -> Box<dyn Query> {
        let fields = &self.fields;
        let mut ways: Vec<Box<dyn Query>> = Vec::new();
        match begun {
            Begun::Character(c) => ways.push(term(fields.starts, c)),
            Begun::Characters { tokens, .. } => {
                ways.push(phrase(fields.title, &from_start(tokens)));
                ways.push(phrase(fields.people, tokens));
                ways.push(phrase(fields.more_title, tokens));
            }
            Begun::Letters { folded, letters } => {
                ways.push(begun_unit(fields.pinyin, letters));
                ways.push(begun_unit(fields.more_pinyin, letters));
                if let Some(words) = word_prefix(fields.title, &from_start(&cut(folded))) {
                    ways.push(words);
                }
                for field in [fields.people, fields.more_title] {
                    ways.extend(word_prefix(field, &cut(folded)));
                }
                for way in spelling::ways_begun(folded) {
                    ways.extend(begun_syllables(fields.pinyin, &way));
                    ways.extend(begun_syllables(fields.more_pinyin, &way));
                }
                ways.extend(begun_initials(fields.initials, letters));
                ways.extend(begun_initials(fields.more_initials, letters));
            }
        }
        Box::new(BooleanQuery::union(ways))
    }
}

/// What was typed so far.
enum Begun {
    /// One character.
    Character(String),
    /// Characters, perhaps with letters among them.
    Characters { tokens: Vec<String>, whole: String },
    /// Letters and digits: words, pinyin or initials.
    Letters { folded: String, letters: String },
}

impl Begun {
    fn parse(typed: &str) -> Option<Self> {
        let folded = fold(typed);
        let whole = fold_whole(typed);
        let mut characters = whole.chars();
        match (characters.next(), characters.next()) {
            (None, _) => None,
            (Some(c), None) if is_unspaced(c) => Some(Self::Character(whole)),
            _ if whole.chars().any(is_unspaced) => Some(Self::Characters { tokens: cut(&folded), whole }),
            _ => Some(Self::Letters { folded, letters: whole }),
        }
    }

    /// What of a title begins so, and in which reading.
    fn of(&self, line: &Line) -> Vec<(Suggestion, Allowed)> {
        let title = std::iter::once((Kind::Title, line.title.as_str()));
        let authors = line.authors.iter().map(|author| (Kind::Author, names::bare(author)));
        let series = line.series.iter().map(|series| (Kind::Series, series.as_str()));
        title
            .chain(authors)
            .chain(series)
            .filter(|(_, text)| !text.is_empty())
            .filter_map(|(kind, text)| {
                self.begins(text).map(|fit| (Suggestion { kind, text: text.to_owned() }, fit))
            })
            .collect()
    }

    fn begins(&self, text: &str) -> Option<Allowed> {
        let folded = fold(text);
        let whole = without_spaces(&folded);
        match self {
            Self::Character(typed) | Self::Characters { whole: typed, .. } => {
                whole.starts_with(typed).then_some(Allowed::Usual)
            }
            Self::Letters { letters, .. } if whole.starts_with(letters) => Some(Allowed::Usual),
            Self::Letters { letters, .. } => {
                let units = spelling::units(&folded);
                [Allowed::Usual, Allowed::All]
                    .into_iter()
                    .find(|readings| spelling::begins(&units, letters, *readings))
            }
        }
    }
}

/// A first syllable or word that begins so: a range of the dictionary.
fn begun_unit(field: Field, letters: &str) -> Box<dyn Query> {
    let from = format!("{} {letters}", spelling::START);
    let to = format!("{from}{}", char::MAX);
    let bound = |text: &str| Term::from_field_text(field, text);
    Box::new(RangeQuery::new(Bound::Included(bound(&from)), Bound::Excluded(bound(&to))))
}

/// Whole words, then the beginning of one.
fn word_prefix(field: Field, words: &[String]) -> Option<Box<dyn Query>> {
    let terms: Vec<Term> = words.iter().map(|word| Term::from_field_text(field, word)).collect();
    // A single word that is only begun is found as a first unit.
    (terms.len() > 1).then(|| -> Box<dyn Query> { Box::new(PhrasePrefixQuery::new(terms)) })
}

/// Whole syllables from the start, then one that may only be begun.
fn begun_syllables(field: Field, way: &[String]) -> Option<Box<dyn Query>> {
    let (last, whole) = way.split_last()?;
    let before = whole.last()?;
    let start = whole.first()?;
    let mut must = vec![format!("{} {start}", spelling::START)];
    must.extend(whole.windows(2).map(|two| two.join(" ")));
    let ends = spelling::completions(last).into_iter().map(|end| term(field, &format!("{before} {end}")));
    Some(Box::new(BooleanQuery::new(vec![
        (Occur::Must, all(field, &must)),
        (Occur::Must, Box::new(BooleanQuery::union(ends.collect()))),
    ])))
}

/// Initials from the start. A single one is the beginning of a first unit.
fn begun_initials(field: Field, letters: &str) -> Option<Box<dyn Query>> {
    let letters: Vec<char> = letters.chars().collect();
    let two: String = letters.get(..2)?.iter().collect();
    let mut must = vec![format!("{}{two}", spelling::START)];
    must.extend(letters.windows(3).map(|three| three.iter().collect::<String>()));
    Some(all(field, &must))
}
