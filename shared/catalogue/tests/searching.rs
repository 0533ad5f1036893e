//! What readers type, and what they must find.

#![cfg(test)]

use std::path::Path;

use tempfile::TempDir;
use yujie_catalogue::index::{Hits, Page, Searcher, Writer, files};
use yujie_domain::title::Title;
use yujie_domain::{Isbn, TitleId};

const FIRST: Page = Page { offset: 0, limit: 20 };

/// id, title, author, ratings
const SHELF: &[(&str, &str, &str, u32)] = &[
    ("t01", "解忧杂货店", "[日] 东野圭吾", 786_505),
    ("t02", "解忧杂货店（精装版）", "[日] 东野圭吾", 90_000),
    ("t03", "杂货店里的解忧人", "某某", 999_999),
    ("t04", "白夜行", "[日] 东野圭吾", 500_000),
    ("t05", "红楼梦", "[清] 曹雪芹 著", 400_000),
    ("t06", "我读红楼梦", "某某", 900_000),
    ("t07", "紅樓夢魘", "张爱玲", 20_000),
    ("t08", "哈利·波特与魔法石", "[英] J. K. 罗琳", 300_000),
    ("t09", "C++ Primer 中文版", "Stanley Lippman", 8_000),
    ("t10", "C语言程序设计", "谭浩强", 7_000),
    ("t11", "１Ｑ８４ BOOK 1", "村上春树", 60_000),
    ("t12", "鲁迅全集", "鲁迅", 50_000),
    ("t13", "秃秃大王", "张天翼", 10_000),
    ("t14", "活着", "余华", 900_000),
    ("t15", "活着之上", "阎真", 30_000),
    ("t16", "在细雨中呼喊", "余华", 200_000),
    ("t17", "L'Étranger", "Albert Camus", 1_000),
];

fn titled(id: &str, title: &str) -> Title {
    Title::new(TitleId::parse(id).unwrap(), title)
}

fn book(&(id, title, author, popularity): &(&str, &str, &str, u32)) -> Title {
    Title { authors: vec![author.to_owned()], popularity, ..titled(id, title) }
}

fn put(directory: &Path, titles: impl IntoIterator<Item = Title>) {
    let mut writer = Writer::open(directory, 0).unwrap();
    for title in titles {
        writer.upsert(&title).unwrap();
    }
    writer.commit().unwrap();
}

fn library() -> (TempDir, Searcher) {
    let directory = tempfile::tempdir().unwrap();
    put(directory.path(), SHELF.iter().map(book));
    let searcher = Searcher::open(directory.path()).unwrap();
    (directory, searcher)
}

fn ids(hits: &Hits) -> Vec<&str> {
    hits.lines.iter().map(|line| line.id.as_str()).collect()
}

#[test]
fn a_known_title_comes_first_then_what_begins_with_it_then_what_contains_its_words() {
    let (_directory, library) = library();

    let hits = library.search("解忧杂货店", FIRST).unwrap();
    assert_eq!(ids(&hits), ["t01", "t02"]);
    assert_eq!(hits.lines[0].title, "解忧杂货店");

    assert_eq!(ids(&library.search("红楼梦", FIRST).unwrap()), ["t05", "t07", "t06"]);
    assert_eq!(ids(&library.search("活着", FIRST).unwrap()), ["t14", "t15"]);
}

#[test]
fn traditional_full_width_and_punctuation_make_no_difference() {
    let (_directory, library) = library();
    for (one, other) in [
        ("紅樓夢", "红楼梦"),
        ("解憂雜貨店", "《解忧杂货店》"),
        ("哈利波特", "哈利·波特"),
        ("1q84", "１Ｑ８４"),
        ("c++", "Ｃ＋＋"),
        ("letranger", "L’ÉTRANGER"),
    ] {
        let hits = library.search(one, FIRST).unwrap();
        assert!(hits.total > 0, "{one}");
        assert_eq!(hits, library.search(other, FIRST).unwrap(), "{one} and {other}");
    }
}

#[test]
fn every_two_neighbouring_han_characters_of_a_title_find_it() {
    let (_directory, library) = library();
    for (id, title, ..) in SHELF {
        let characters: Vec<char> = title.chars().collect();
        for two in
            characters.windows(2).filter(|two| two.iter().all(|c| ('\u{4e00}'..'\u{a000}').contains(c)))
        {
            let typed = String::from_iter(two);
            assert!(ids(&library.search(&typed, FIRST).unwrap()).contains(id), "{typed} should find {title}");
        }
    }
}

#[test]
fn one_character_finds_titles_and_names_with_it() {
    let (_directory, library) = library();

    assert_eq!(ids(&library.search("秃", FIRST).unwrap()), ["t13"]);
    assert_eq!(ids(&library.search("迅", FIRST).unwrap()), ["t12"]);
}

#[test]
fn an_author_finds_the_books_and_with_a_title_the_one_book() {
    let (_directory, library) = library();

    assert_eq!(ids(&library.search("东野圭吾", FIRST).unwrap()), ["t01", "t04", "t02"]);
    assert_eq!(ids(&library.search("余华 细雨", FIRST).unwrap()), ["t16"]);
    assert_eq!(ids(&library.search("东野圭吾 白夜行", FIRST).unwrap()), ["t04"]);
    let run_together = library.search("东野圭吾解忧杂货店", FIRST).unwrap();
    assert_eq!(run_together.lines[0].id.as_str(), "t01");
}

#[test]
fn an_isbn_finds_its_edition_in_ten_or_thirteen_digits() {
    let directory = tempfile::tempdir().unwrap();
    let isbn = Isbn::parse("9787544270878").ok();
    let book = Title { isbn, ..titled("b000004", "解忧杂货店") };
    put(directory.path(), [book, titled("other", "9787544270878 不是书名")]);
    let library = Searcher::open(directory.path()).unwrap();

    for typed in ["9787544270878", "978-7-5442-7087-8", "7-5442-7087-4"] {
        assert_eq!(ids(&library.search(typed, FIRST).unwrap()), ["b000004"], "{typed}");
    }
}

#[test]
fn odd_queries_have_plain_answers() {
    let (_directory, library) = library();

    let all = library.search(" ", FIRST).unwrap();
    assert_eq!(
        (all.total, all.lines[0].id.as_str()),
        (SHELF.len(), "t03"),
        "nothing typed: all, best known first"
    );
    assert_eq!(library.search("《》！？…—", FIRST).unwrap().total, 0);
    assert_eq!(library.search("没有这本书的啊", FIRST).unwrap().total, 0);
    assert_eq!(library.search(&"解忧杂货店".repeat(700), FIRST).unwrap().lines[0].id.as_str(), "t01");
    assert_eq!(library.search(&"x".repeat(10_240), FIRST).unwrap().total, 0);
    assert_eq!(library.search("title:解忧 AND (\"^ OR", FIRST).unwrap().total, 0);
}

#[test]
fn pages_follow_each_other_without_gap_or_repetition() {
    let (_directory, library) = library();
    let mut paged = Vec::new();
    for offset in (0..30).step_by(5) {
        let hits = library.search("", Page { offset, limit: 5 }).unwrap();
        assert_eq!(hits.total, SHELF.len());
        paged.extend(hits.lines);
    }
    let at_once = library.search("", Page { offset: 0, limit: 100 }).unwrap().lines;
    assert_eq!(paged, at_once);
}

#[test]
fn hits_are_counted_by_class_and_year() {
    let directory = tempfile::tempdir().unwrap();
    let book =
        |id, class: Option<&str>, year| Title { class: class.map(str::to_owned), year, ..titled(id, "书") };
    put(
        directory.path(),
        [
            book("1", Some("I247.5"), Some(2014)),
            book("2", Some("i3"), Some(2020)),
            book("3", Some("TP312"), Some(2014)),
            book("4", None, None),
        ],
    );

    let facets = Searcher::open(directory.path()).unwrap().search("书", FIRST).unwrap().facets;

    assert_eq!(facets.classes, [('I', 2), ('T', 1)]);
    assert_eq!(facets.years, [(2020, 1), (2014, 2)]);
}

#[test]
fn a_changed_title_replaces_itself_and_a_removed_one_is_gone() {
    let (directory, before) = library();

    let mut writer = Writer::open(directory.path(), 0).unwrap();
    writer.upsert(&book(&("t13", "宝葫芦的秘密", "张天翼", 10_000))).unwrap();
    writer.remove(&TitleId::parse("t14").unwrap());
    writer.commit().unwrap();
    let after = Searcher::open(directory.path()).unwrap();

    assert_eq!(after.titles(), SHELF.len() as u64 - 1);
    assert_eq!(after.search("秃秃大王", FIRST).unwrap().total, 0);
    assert_eq!(ids(&after.search("宝葫芦", FIRST).unwrap()), ["t13"]);
    assert_eq!(ids(&after.search("活着", FIRST).unwrap()), ["t15"]);
    assert_eq!(
        ids(&before.search("活着", FIRST).unwrap()),
        ["t14", "t15"],
        "an open searcher keeps its state"
    );
}

#[test]
fn many_small_changes_leave_few_files_and_all_of_them_are_listed() {
    let (directory, _) = library();
    for n in 0..30 {
        put(directory.path(), [titled(&format!("n{n}"), &format!("第{n}本新书"))]);
    }

    let listed = files(directory.path()).unwrap();
    assert_eq!(listed[0], "meta.json");
    assert!(listed.len() < 100, "{} files", listed.len());
    let copied = tempfile::tempdir().unwrap();
    for name in &listed {
        std::fs::copy(directory.path().join(name), copied.path().join(name)).unwrap();
    }
    let elsewhere = Searcher::open(copied.path()).unwrap();
    assert_eq!(elsewhere.titles(), SHELF.len() as u64 + 30);
    assert_eq!(elsewhere.search("新书", FIRST).unwrap().total, 30);
}
