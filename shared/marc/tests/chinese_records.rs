//! CNMARC as Chinese libraries exchange it.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking, as the tests do")]

#[expect(dead_code, reason = "this file needs a part of it")]
mod writer;

use std::io::Cursor;

use writer::{Written, chinese_book, collection, unimarc};
use yujie_domain::title::Title;
use yujie_domain::{Isbn, Language, TitleId};
use yujie_marc::{Catalogued, Charset, Flavour, Holding, HoldingsMap, Mode, Options, Reader, Warning};

fn read(bytes: Vec<u8>, options: Options) -> Vec<Catalogued> {
    Reader::open(Cursor::new(bytes), options).unwrap().map(|outcome| outcome.unwrap()).collect()
}

fn one(written: &Written) -> Catalogued {
    read(written.utf8(), Options::default()).remove(0)
}

#[expect(clippy::unnecessary_wraps, reason = "what it is compared with may be missing")]
fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

#[test]
fn the_record_of_the_agreed_example_has_its_agreed_length() {
    let bytes = chinese_book().utf8();

    assert_eq!(bytes.len(), 852);
    assert_eq!(&bytes[..24], b"00852nam0 2200289   450 ");
}

#[test]
fn a_chinese_record_becomes_a_title_whether_utf8_or_gb18030_or_xml_and_however_strict() {
    let book = chinese_book();
    let expected = Title {
        subtitle: text("网上借阅示例"),
        authors: vec!["张三".to_owned()],
        translators: vec!["李四".to_owned()],
        publisher: text("测试出版社"),
        year: Some(2008),
        edition: text("第3版"),
        language: Some(Language::parse("chi").unwrap()),
        isbn: Some(Isbn::parse("9787020002207").unwrap()),
        pages: Some(320),
        series: text("测试丛书"),
        tags: vec!["图书馆工作-信息服务".to_owned()],
        class: text("G252"),
        summary: text("内容提要示例。"),
        ..Title::new(TitleId::parse("CNBJL_012026000001").unwrap(), "测试图书 上册")
    };
    let copy = Holding {
        barcode: text("01110000000012"),
        site: text("110101-1-LIB"),
        location: None,
        call_number: text("G252/1001"),
        volume: text("2"),
    };

    for bytes in [book.utf8(), book.gb18030(), collection(&[book])] {
        for mode in [Mode::Lenient, Mode::Strict] {
            let found = read(bytes.clone(), Options { mode, ..Options::default() }).remove(0);
            assert_eq!(found.title, expected);
            assert_eq!(found.holdings, std::slice::from_ref(&copy));
            assert_eq!(found.warnings, []);
        }
    }
}

#[test]
fn a_short_record_that_could_be_either_is_what_its_neighbours_are() {
    // These two characters in GB18030 are also UTF-8.
    let short = unimarc(&[("001", "1"), ("101", "0 $achi"), ("200", "1 $a模模")]);
    let bytes = short.gb18030();
    assert!(std::str::from_utf8(&bytes).is_ok());

    assert_eq!(read(bytes, Options::default())[0].title.title, "模模");
}

#[test]
fn the_encoding_and_the_flavour_can_be_said_instead_of_found_out() {
    let book = unimarc(&[("001", "1"), ("200", "1 $a三体")]);
    let options =
        |charset| Options { charset: Some(charset), flavour: Some(Flavour::Unimarc), ..Options::default() };

    assert_eq!(read(book.gb18030(), options(Charset::Gb18030))[0].title.title, "三体");
    let wrong = &read(book.gb18030(), options(Charset::Utf8))[0];
    assert!(matches!(wrong.warnings[..], [Warning::Unknown(_)]), "{:?}", wrong.warnings);
    let strict = Options { mode: Mode::Strict, ..options(Charset::Utf8) };
    let outcome: Vec<_> = Reader::open(Cursor::new(book.gb18030()), strict).unwrap().collect();
    assert!(matches!(outcome[..], [Err(_)]));
}

#[test]
fn every_barcode_of_a_holdings_field_is_a_copy() {
    let book = unimarc(&[
        ("001", "1"),
        ("200", "1 $a书"),
        ("690", "  $aI247.5"),
        ("905", "  $aLIB$b0001$b0002$e123"),
        ("905", "  $aNORTH$b0003$cReading room$dK1$eK1/9$f2"),
        ("905", "  $aSOUTH"),
    ]);

    let copies = one(&book).holdings;

    let seen: Vec<_> =
        copies.iter().map(|copy| (copy.barcode.as_deref(), copy.call_number.as_deref())).collect();
    assert_eq!(
        seen,
        [
            (Some("0001"), Some("I247.5/123")),
            (Some("0002"), Some("I247.5/123")),
            (Some("0003"), Some("K1/9")),
            (None, None)
        ]
    );
}

#[test]
fn a_library_that_keeps_its_copies_elsewhere_says_where() {
    let book = unimarc(&[("001", "1"), ("200", "1 $a书"), ("906", "  $a0009$lEAST")]);
    let holdings = HoldingsMap { tag: *b"906", barcode: 'a', site: 'l', ..HoldingsMap::default() };

    let found = read(book.utf8(), Options { holdings, ..Options::default() });

    let copy = Holding { barcode: text("0009"), site: text("EAST"), ..Holding::default() };
    assert_eq!(found[0].holdings, [copy]);
}

#[test]
fn a_translation_has_its_original_title_and_people_by_what_they_did() {
    let book = unimarc(&[
        ("001", "1"),
        ("101", "1 $achi$cjpn"),
        ("200", "1 $a解忧杂货店$dナミヤ雑貨店の奇蹟$f(日)东野圭吾著$g李盈春译"),
        ("225", "2 $a新经典文库$v3"),
        ("701", " 0$a东野圭吾$4著"),
        ("702", " 0$a李盈春"),
        ("702", " 0$a某某$4610"),
        ("712", "02$a某印刷厂$4610"),
    ]);

    let title = one(&book).title;

    assert_eq!(title.original_title, text("ナミヤ雑貨店の奇蹟"));
    assert_eq!(title.authors, ["东野圭吾"]);
    assert_eq!(title.translators, ["李盈春"]);
    assert_eq!(title.series, text("新经典文库"));
}

#[test]
fn without_headings_the_statement_on_the_title_page_says_who() {
    let title = one(&unimarc(&[("001", "1"), ("200", "1 $a书$f(日)东野圭吾著$g李盈春, 王五译")])).title;

    assert_eq!(title.authors, ["(日)东野圭吾"]);
    assert_eq!(title.translators, ["李盈春", "王五"]);
}

#[test]
fn the_set_that_a_volume_belongs_to_is_read_from_its_link_embedded_or_plain() {
    for link in [" 0$1001123$12001 $a二十四史$v5", " 0$t二十四史$v5", " 0$a二十四史"] {
        let title = one(&unimarc(&[("001", "1"), ("200", "1 $a史记"), ("461", link)])).title;
        assert_eq!(title.series, text("二十四史"), "{link}");
    }
}

#[test]
fn an_isbn_that_cannot_be_right_is_left_out_and_said() {
    let found = one(&unimarc(&[
        ("001", "1"),
        ("010", "  $a978-7-02-000220-8$dCNY5"),
        ("010", "  $dCNY5"),
        ("200", "1 $a书"),
    ]));

    assert_eq!(found.title.isbn, None);
    assert!(matches!(found.warnings[..], [Warning::LeftOut { field: "010$a", .. }]));
}
