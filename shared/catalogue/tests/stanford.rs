//! What Stanford's library has found out about searching in Chinese and Japanese, as far as it holds in any library.
//!
//! The facts are not part of this repository; where they are not at hand, nothing is checked. Most of them name records or sizes of
//! Stanford's own catalogue. What remains is which ways of writing are one and the same.

#![cfg(test)]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use yujie_catalogue::Entry;
use yujie_catalogue::csv::Titles;
use yujie_catalogue::fold::fold;
use yujie_catalogue::index::{Page, Search, Searcher, Writer};

const FACTS: &str = "search/stanford_cjk_checks.json";
const BOOKS: &str = "books/books.csv.gz";
/// Enough for most queries to find something, few enough for a development build.
const TITLES: usize = 20_000;
const COMPARED: usize = 100;

/// Where we do not follow Stanford, and why.
const OTHERWISE: &[(&str, &str, &str)] = &[
    ("文藝戰線", "文芸戦線", "芸 is a character of its own in Chinese (芸香, 陈芸)"),
    ("南滿洲鐵道株式會社", "南満州鉄道株式会社", "洲 and 州 are two characters in Chinese (亚洲, 杭州)"),
    ("けいちゅう", "契沖", "a reading, which only a record can give"),
    ("ものがたり", "物語", "a reading, which only a record can give"),
    ("マンチュリヤ", "満洲", "a reading, which only a record can give"),
    ("おじいさん", "オジいサン", "a Chinese library's readers do not write kana the other way"),
    ("まんが", "マンガ", "a Chinese library's readers do not write kana the other way"),
];

/// The same for single characters.
const TWO_CHARACTERS: &[[char; 2]] = &[['洲', '州']];

/// The queries of a fact that "both scripts" find the same.
struct Pair {
    place: String,
    one: String,
    other: String,
}

impl Pair {
    fn otherwise(&self) -> bool {
        OTHERWISE.iter().any(|(one, other, _)| *one == self.one && *other == self.other)
    }
}

#[derive(Default)]
struct Facts {
    pairs: Vec<Pair>,
    /// Characters that a fact takes for one another, with the place of the fact.
    variants: Vec<(String, Vec<char>)>,
    /// How many facts were not used, by reason.
    unused: BTreeMap<&'static str, usize>,
}

fn data(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if path.exists() {
        Some(path)
    } else {
        println!("skipped: {name} is not here");
        None
    }
}

fn facts() -> Option<Facts> {
    let file: Value = serde_json::from_reader(File::open(data(FACTS)?).unwrap()).unwrap();
    let mut facts = Facts::default();
    for check in file["checks"].as_array().unwrap() {
        let place = format!("{}:{}", check["file"].as_str().unwrap(), check["line"]);
        let variants = check["regex"].as_str().map(variants).unwrap_or_default();
        let varied = !variants.is_empty();
        facts.variants.extend(variants.into_iter().map(|group| (place.clone(), group)));
        match texts(&check["queries"]).as_deref() {
            Some([one, other]) if check["same_size"] == true => {
                facts.pairs.push(Pair { place, one: one.clone(), other: other.clone() });
            }
            _ if varied => {}
            found => *facts.unused.entry(why_not(check, found)).or_default() += 1,
        }
    }
    Some(facts)
}

/// The queries, if all of them are written out.
fn texts(queries: &Value) -> Option<Vec<String>> {
    queries.as_array()?.iter().map(|query| query.as_str().map(str::to_owned)).collect()
}

fn why_not(check: &Value, queries: Option<&[String]>) -> &'static str {
    match queries {
        None if check["queries"].is_null() => "only calls facts that stand elsewhere",
        None => "its query is a variable",
        Some(_) if !check["record_ids"].is_null() || !check["must_not_include"].is_null() => {
            "names records of Stanford's"
        }
        Some(_) if !check["regex"].is_null() => "tells what Stanford's first hits are called",
        Some(_) => "tells how many records Stanford has",
    }
}

/// The groups of single Han characters in a regular expression: `(國|国|囯)`, `[歷历歴]`.
fn variants(regex: &str) -> Vec<Vec<char>> {
    let groups = regex.split('(').skip(1).filter_map(|rest| rest.split_once(')')).map(|(group, _)| group);
    let groups = groups.filter_map(|group| group.split('|').map(only_char).collect::<Option<Vec<char>>>());
    let classes = regex.split('[').skip(1).filter_map(|rest| rest.split_once(']')).map(|(class, _)| class);
    let classes = classes.map(|class| class.chars().collect::<Vec<char>>());
    let han = |c: &char| ('\u{4e00}'..='\u{9fff}').contains(c);
    groups.chain(classes).filter(|group| group.len() > 1 && group.iter().all(han)).collect()
}

fn only_char(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}

fn library(books: &Path) -> (TempDir, Searcher) {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(directory.path(), 0).unwrap();
    for row in Titles::open(File::open(books).unwrap()).unwrap().filter_map(Result::ok).take(TITLES) {
        writer.upsert(&Entry::from(row.title)).unwrap();
    }
    writer.commit().unwrap();
    let searcher = Searcher::open(directory.path()).unwrap();
    (directory, searcher)
}

/// How many titles there are, and the first of them.
fn found(library: &Searcher, typed: &str) -> (usize, Vec<String>) {
    let page = Page { offset: 0, limit: COMPARED };
    let hits = library.search(&Search { typed: typed.to_owned(), page, ..Search::default() }).unwrap();
    (hits.total, hits.lines.iter().map(|hit| hit.line.id.as_str().to_owned()).collect())
}

#[test]
fn two_ways_of_writing_one_thing_find_the_same() {
    let Some(facts) = facts() else { return };
    let (alike, otherwise): (Vec<_>, Vec<_>) = facts.pairs.iter().partition(|pair| !pair.otherwise());

    let differ = |pair: &&&Pair| fold(&pair.one) != fold(&pair.other);
    let wrong: Vec<_> =
        alike.iter().filter(differ).map(|pair| (&pair.place, &pair.one, &pair.other)).collect();
    let chinese = alike.iter().filter(|pair| pair.place.contains("/chinese_")).count();
    println!("{} facts of one set in two ways of writing, {chinese} of them Chinese", alike.len());
    println!("{} facts where we do otherwise, of {} kinds", otherwise.len(), OTHERWISE.len());
    for (reason, count) in &facts.unused {
        println!("{count} facts not used: {reason}");
    }

    assert!(wrong.is_empty(), "fold differently: {wrong:?}");
    assert!(otherwise.iter().all(|pair| differ(&pair)), "no longer otherwise: take it from the list");

    let Some(books) = data(BOOKS) else { return };
    let (_directory, library) = library(&books);
    let mut with_hits = 0;
    for pair in alike {
        let hits = found(&library, &pair.one);
        with_hits += usize::from(hits.0 > 0);
        assert_eq!(hits, found(&library, &pair.other), "{}: {} and {}", pair.place, pair.one, pair.other);
    }
    println!("{with_hits} of them find something in {} titles", library.titles());
}

#[test]
fn variants_of_a_character_are_one_character() {
    let Some(facts) = facts() else { return };
    let mut groups: BTreeMap<&[char], Vec<&str>> = BTreeMap::new();
    for (place, group) in &facts.variants {
        groups.entry(group).or_default().push(place);
    }
    println!("{} groups of variants in {} places", groups.len(), facts.variants.len());

    let folded = |c: char| fold(&c.to_string());
    let one =
        |two: &[char]| folded(two[0]) == folded(two[1]) || TWO_CHARACTERS.iter().any(|known| known == two);
    let wrong: Vec<_> = groups.iter().filter(|(group, _)| !group.windows(2).all(one)).collect();

    assert!(wrong.is_empty(), "fold differently: {wrong:?}");
}
