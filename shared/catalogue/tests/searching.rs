//! What readers type, and what they must find.

#![cfg(test)]

use std::path::Path;

use tempfile::TempDir;
use yujie_catalogue::Entry;
use yujie_catalogue::index::{Filter, Found, Hits, Page, Search, Searcher, Sort, Suggestion, Writer, files};
use yujie_domain::title::Title;
use yujie_domain::{Isbn, Language, SiteId, TitleId};

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
        writer.upsert(&Entry::from(title)).unwrap();
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
    hits.lines.iter().map(|hit| hit.line.id.as_str()).collect()
}

fn find(library: &Searcher, typed: &str) -> Hits {
    library.search(&Search { typed: typed.to_owned(), ..Search::default() }).unwrap()
}

#[test]
fn a_known_title_comes_first_then_what_begins_with_it_then_what_contains_its_words() {
    let (_directory, library) = library();

    let hits = find(&library, "解忧杂货店");
    assert_eq!(ids(&hits), ["t01"]);
    assert_eq!(hits.lines[0].editions, 2);
    assert_eq!(hits.total, 2, "every edition is counted");
    assert_eq!(hits.lines[0].line.title, "解忧杂货店");

    assert_eq!(ids(&find(&library, "红楼梦")), ["t05", "t07", "t06"]);
    assert_eq!(ids(&find(&library, "活着")), ["t14", "t15"]);
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
        let hits = find(&library, one);
        assert!(hits.total > 0, "{one}");
        assert_eq!(hits, find(&library, other), "{one} and {other}");
    }
}

#[test]
fn every_two_neighbouring_han_characters_of_a_title_find_it() {
    let (_directory, library) = library();
    // The second is an edition of the first, which stands for both.
    for (id, title, ..) in SHELF.iter().filter(|(id, ..)| *id != "t02") {
        let characters: Vec<char> = title.chars().collect();
        for two in
            characters.windows(2).filter(|two| two.iter().all(|c| ('\u{4e00}'..'\u{a000}').contains(c)))
        {
            let typed = String::from_iter(two);
            assert!(ids(&find(&library, &typed)).contains(id), "{typed} should find {title}");
        }
    }
}

#[test]
fn one_character_finds_titles_and_names_with_it() {
    let (_directory, library) = library();

    assert_eq!(ids(&find(&library, "秃")), ["t13"]);
    assert_eq!(ids(&find(&library, "迅")), ["t12"]);
}

#[test]
fn an_author_finds_the_books_and_with_a_title_the_one_book() {
    let (_directory, library) = library();

    assert_eq!(ids(&find(&library, "东野圭吾")), ["t01", "t04"]);
    assert_eq!(ids(&find(&library, "余华 细雨")), ["t16"]);
    assert_eq!(ids(&find(&library, "东野圭吾 白夜行")), ["t04"]);
    let run_together = find(&library, "东野圭吾解忧杂货店");
    assert_eq!(run_together.lines[0].line.id.as_str(), "t01");
}

#[test]
fn an_isbn_finds_its_edition_in_ten_or_thirteen_digits() {
    let directory = tempfile::tempdir().unwrap();
    let isbn = Isbn::parse("9787544270878").ok();
    let book = Title { isbn, ..titled("b000004", "解忧杂货店") };
    put(directory.path(), [book, titled("other", "9787544270878 不是书名")]);
    let library = Searcher::open(directory.path()).unwrap();

    for typed in ["9787544270878", "978-7-5442-7087-8", "7-5442-7087-4"] {
        assert_eq!(ids(&find(&library, typed)), ["b000004"], "{typed}");
    }
}

#[test]
fn odd_queries_have_plain_answers() {
    let (_directory, library) = library();

    let all = find(&library, " ");
    assert_eq!(
        (all.total, all.lines[0].line.id.as_str()),
        (SHELF.len(), "t03"),
        "nothing typed: all, best known first"
    );
    assert_eq!(find(&library, "《》！？…—").total, 0);
    assert_eq!(find(&library, "没有这本书的啊").total, 0);
    assert_eq!(find(&library, &"解忧杂货店".repeat(700)).lines[0].line.id.as_str(), "t01");
    assert_eq!(find(&library, &"x".repeat(10_240)).total, 0);
    assert_eq!(find(&library, "title:解忧 AND (\"^ OR").total, 0);
}

#[test]
fn pages_follow_each_other_without_gap_or_repetition() {
    let (_directory, library) = library();
    let mut paged = Vec::new();
    for offset in (0..30).step_by(5) {
        let hits = library.search(&Search { page: Page { offset, limit: 5 }, ..Search::default() }).unwrap();
        assert_eq!(hits.total, SHELF.len());
        paged.extend(hits.lines);
    }
    let at_once =
        library.search(&Search { page: Page { offset: 0, limit: 100 }, ..Search::default() }).unwrap().lines;
    assert_eq!(at_once.len(), SHELF.len() - 1, "two editions are one work");
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

    let facets = find(&Searcher::open(directory.path()).unwrap(), "书").facets;

    assert_eq!(facets.classes, [('I', 2), ('T', 1)]);
    assert_eq!(facets.years, [(2020, 1), (2014, 2)]);
}

#[test]
fn a_changed_title_replaces_itself_and_a_removed_one_is_gone() {
    let (directory, before) = library();

    let mut writer = Writer::open(directory.path(), 0).unwrap();
    writer.upsert(&Entry::from(book(&("t13", "宝葫芦的秘密", "张天翼", 10_000)))).unwrap();
    writer.remove(&TitleId::parse("t14").unwrap());
    writer.commit().unwrap();
    let after = Searcher::open(directory.path()).unwrap();

    assert_eq!(after.titles(), SHELF.len() as u64 - 1);
    assert_eq!(find(&after, "秃秃大王").total, 0);
    assert_eq!(ids(&find(&after, "宝葫芦")), ["t13"]);
    assert_eq!(ids(&find(&after, "活着")), ["t15"]);
    assert_eq!(ids(&find(&before, "活着")), ["t14", "t15"], "an open searcher keeps its state");
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
    assert_eq!(find(&elsewhere, "新书").total, 30);
}

#[test]
fn pinyin_and_initials_find_a_title_after_what_is_written_in_letters() {
    let (_directory, library) = library();

    for typed in ["jieyouzahuodian", "jie you za huo dian", "JieYou ZaHuoDian", "jyzhd", "xieyouzahuodian"] {
        assert_eq!(ids(&find(&library, typed)), ["t01"], "{typed}");
    }
    assert_eq!(ids(&find(&library, "hongloumeng")), ["t05", "t07", "t06"]);
    assert_eq!(ids(&find(&library, "huozhe"))[0], "t14");
    assert_eq!(ids(&find(&library, "dongyeguiwu")), ["t01", "t04"], "an author's name");
    assert_eq!(ids(&find(&library, "cyuyan chengxu")), ["t10"], "letters in a title are spelled as they are");
    assert_eq!(find(&library, "jieyoudian").found, Found::Nothing, "syllables that are not neighbours");

    let directory = tempfile::tempdir().unwrap();
    put(directory.path(), [titled("java", "Hua Zhe"), titled("han", "画者")]);
    assert_eq!(ids(&find(&Searcher::open(directory.path()).unwrap(), "hua zhe")), ["java", "han"]);
}

#[test]
fn every_reading_of_a_character_is_good() {
    let directory = tempfile::tempdir().unwrap();
    put(
        directory.path(),
        [titled("1", "重庆森林"), titled("2", "银行往事"), titled("3", "绿山墙的安妮"), titled("4", "单于")],
    );
    let library = Searcher::open(directory.path()).unwrap();

    for (typed, id) in [
        ("chongqingsenlin", "1"),
        ("zhongqingsenlin", "1"),
        ("yinhangwangshi", "2"),
        ("yinxingwangshi", "2"),
        ("lvshanqiangdeanni", "3"),
        ("lushanqiangdeanni", "3"),
        ("chanyu", "4"),
        ("danyu", "4"),
    ] {
        assert_eq!(ids(&find(&library, typed)), [id], "{typed}");
    }
}

#[test]
fn one_slip_is_forgiven_when_nothing_else_is_found() {
    let (_directory, library) = library();
    for (typed, id) in [
        ("解优杂货店", "t01"),   // sounds the same
        ("解忧杂货铺", "t01"),   // another character
        ("解杂货店", "t01"),     // one too few
        ("解忧的杂货店", "t01"), // one too many
        ("解杂忧货店", "t01"),   // swapped
        ("红楼蒙", "t05"),
        ("轰楼蒙", "t05"), // two, but they sound the same
        ("东野圭五", "t01"),
        ("lippmann", "t09"),
        ("etranger", "t17"),
    ] {
        let hits = find(&library, typed);
        assert_eq!(ids(&hits).first(), Some(&id), "{typed}");
        assert_eq!(hits.found, Found::Meant(hits.lines[0].line.title.clone()), "{typed}");
    }
    assert_eq!(find(&library, "解忧杂货店").found, Found::AsTyped);
    assert_eq!(find(&library, "完全没有的书名").found, Found::Nothing);
}

#[test]
fn a_title_and_its_author_name_one_book_before_all_that_mention_both() {
    let directory = tempfile::tempdir().unwrap();
    put(
        directory.path(),
        [book(&("1", "活着", "余华", 10)), book(&("2", "余华与活着：活着 余华 研究", "某某", 1_000_000))],
    );
    let library = Searcher::open(directory.path()).unwrap();

    for typed in ["活着 余华", "余华 活着", "《活着》余华"] {
        assert_eq!(ids(&find(&library, typed))[0], "1", "{typed}");
    }
}

#[test]
fn editions_stand_side_by_side_newest_first() {
    let directory = tempfile::tempdir().unwrap();
    let edition = |id, title: &str, author, year, isbn: &str| Title {
        year: Some(year),
        isbn: Isbn::parse(isbn).ok(),
        ..book(&(id, title, author, 10))
    };
    let first = edition("1", "解忧杂货店", "[日] 东野圭吾", 2014, "9787544270878");
    put(
        directory.path(),
        [
            first.clone(),
            edition("2", "解憂雜貨店（精装版）", "东野圭吾 著", 2020, ""),
            edition("3", "Jie you za huo dian", "Dongye, Guiwu", 2015, "9787544270878"),
            edition("4", "白夜行", "[日] 东野圭吾", 2017, ""),
        ],
    );
    let library = Searcher::open(directory.path()).unwrap();

    let editions: Vec<String> =
        library.editions(&first).unwrap().into_iter().map(|line| line.id.to_string()).collect();

    assert_eq!(editions, ["2", "3", "1"], "the third is the same ISBN, catalogued by somebody else");
}

#[test]
fn a_search_is_narrowed_and_sorted() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(directory.path(), 0).unwrap();
    for (id, class, year, language, publisher, sites, borrowed) in [
        ("1", "I247.5", 2014, "chi", "作家出版社", vec!["C01", "L02"], 3),
        ("2", "I313.45", 2020, "jpn", "南海出版公司", vec!["L02"], 9),
        ("3", "TP312", 2018, "chi", "作家出版社", vec![], 5),
    ] {
        let title = Title {
            class: Some(class.to_owned()),
            year: Some(year),
            language: Some(Language::parse(language).unwrap()),
            publisher: Some(publisher.to_owned()),
            ..titled(id, &format!("书 {id}"))
        };
        let free_at = sites.into_iter().map(|site| SiteId::parse(site).unwrap()).collect();
        writer.upsert(&Entry { title, free_at, borrowed }).unwrap();
    }
    writer.commit().unwrap();
    let library = Searcher::open(directory.path()).unwrap();
    let narrowed = |filter| {
        let search = Search { typed: "书".to_owned(), filter, ..Search::default() };
        let mut found: Vec<String> =
            library.search(&search).unwrap().lines.iter().map(|hit| hit.line.id.to_string()).collect();
        found.sort();
        found
    };
    let any = Filter::default;

    assert_eq!(narrowed(Filter { class: Some("i".to_owned()), ..any() }), ["1", "2"]);
    assert_eq!(narrowed(Filter { class: Some("I2".to_owned()), ..any() }), ["1"]);
    assert_eq!(narrowed(Filter { from: Some(2015), ..any() }), ["2", "3"]);
    assert_eq!(narrowed(Filter { from: Some(2015), to: Some(2019), ..any() }), ["3"]);
    assert_eq!(narrowed(Filter { language: Some(Language::parse("jpn").unwrap()), ..any() }), ["2"]);
    assert_eq!(narrowed(Filter { publisher: Some("作家出版社".to_owned()), ..any() }), ["1", "3"]);
    assert_eq!(narrowed(Filter { site: Some(SiteId::parse("L02").unwrap()), ..any() }), ["1", "2"]);
    assert_eq!(narrowed(Filter { available: true, ..any() }), ["1", "2"]);

    let sorted = |sort| {
        let hits = library.search(&Search { sort, ..Search::default() }).unwrap();
        ids(&hits).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(sorted(Sort::Newest), ["2", "3", "1"]);
    assert_eq!(sorted(Sort::MostBorrowed), ["2", "3", "1"]);

    let facets = find(&library, "书").facets;
    assert_eq!(facets.languages, [("chi".to_owned(), 2), ("jpn".to_owned(), 1)]);
    assert_eq!(facets.publishers, [("作家出版社".to_owned(), 2), ("南海出版公司".to_owned(), 1)]);
    assert_eq!(facets.sites, [("L02".to_owned(), 2), ("C01".to_owned(), 1)]);
    assert_eq!(facets.available, 2);

    let nothing_there = Search {
        typed: "书 1".to_owned(),
        filter: Filter { from: Some(2019), ..any() },
        ..Search::default()
    };
    assert_eq!(
        library.search(&nothing_there).unwrap().found,
        Found::Nothing,
        "a filter is no slip of the finger"
    );
}

#[test]
fn suggestions_follow_every_key() {
    let directory = tempfile::tempdir().unwrap();
    let in_series =
        Title { series: Some("解密丛书".to_owned()), popularity: 5, ..titled("s", "某一本") };
    put(directory.path(), SHELF.iter().map(book).chain([in_series]));
    let library = Searcher::open(directory.path()).unwrap();
    let suggested = |typed: &str| -> Vec<String> {
        library.suggest(typed, 5).unwrap().into_iter().map(|Suggestion { text, .. }| text).collect()
    };

    for typed in [
        "解忧",
        "解憂",
        "解忧杂",
        "解忧杂货店",
        "jiey",
        "jieyou",
        "jie you z",
        "jieyouzahuod",
        "jyz",
        "jyzhd",
    ] {
        assert_eq!(suggested(typed)[0], "解忧杂货店", "{typed}");
    }
    assert_eq!(suggested("解"), ["解忧杂货店", "解密丛书"]);
    assert!(suggested("j").contains(&"解忧杂货店".to_owned()));
    assert_eq!(suggested("东野"), ["东野圭吾"]);
    assert_eq!(suggested("dongye"), ["东野圭吾"]);
    assert_eq!(suggested("dygw"), ["东野圭吾"]);
    assert_eq!(suggested("红楼"), ["红楼梦", "紅樓夢魘"]);
    assert_eq!(suggested("c++ pr"), ["C++ Primer 中文版"]);
    assert_eq!(suggested("哈利波"), ["哈利·波特与魔法石"]);
    for nothing in ["", "  ", "《", "xqzw", "没有这本"] {
        assert!(suggested(nothing).is_empty(), "{nothing}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_query_and_a_beginning(typed in "\\PC{0,60}") {
        let directory = tempfile::tempdir().unwrap();
        put(directory.path(), SHELF.iter().take(3).map(book));
        let library = Searcher::open(directory.path()).unwrap();

        find(&library, &typed);
        library.suggest(&typed, 10).unwrap();
    }
}
