//! MARC 21 as foreign books have it.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking, as the tests do")]

#[expect(dead_code, reason = "this file needs a part of it")]
mod writer;

use std::io::Cursor;

use writer::{Written, marc21};
use yujie_marc::{Catalogued, Holding, HoldingsMap, Kind, Options, Reader, Reason, Warning};

fn read(bytes: Vec<u8>) -> Vec<Result<Catalogued, yujie_marc::Reject>> {
    Reader::open(Cursor::new(bytes), Options::default()).unwrap().collect()
}

fn one(written: &Written) -> Catalogued {
    read(written.utf8()).remove(0).unwrap()
}

#[test]
fn an_english_book_is_read_without_its_punctuation() {
    let title = one(&marc21(&[
        ("001", "11778504"),
        ("003", "DLC"),
        ("008", "990802s1999    maua     b    001 0 eng  "),
        ("020", "  $a020161622X (pbk.) :$c$39.95".replace("$39", "39").as_str()),
        ("084", "  $aTP311$2clc"),
        ("100", "1 $aHunt, Andrew,$d1964-$eauthor."),
        ("245", "14$aThe pragmatic programmer :$bfrom journeyman to master /$cAndrew Hunt, David Thomas."),
        ("250", "  $a1st ed."),
        ("260", "  $aReading, Mass :$bAddison-Wesley,$cc2000."),
        ("300", "  $axxiv, 321 p. :$bill. ;$c24 cm."),
        ("490", "1 $aProfessional ;$v3"),
        ("505", "0 $aA philosophy -- Tools."),
        ("520", "  $aHow to program."),
        ("650", " 0$aComputer programming.$zUSA"),
        ("700", "1 $aThomas, David,$d1956-"),
        ("700", "1 $aVance, A.,$etranslator"),
        ("700", "1 $aPress, P.,$4prt"),
    ]))
    .title;

    assert_eq!(title.id.as_str(), "DLC_11778504");
    assert_eq!(title.title, "The pragmatic programmer");
    assert_eq!(title.subtitle.as_deref(), Some("from journeyman to master"));
    assert_eq!(title.authors, ["Hunt, Andrew", "Thomas, David"]);
    assert_eq!(title.translators, ["Vance, A."]);
    assert_eq!(title.publisher.as_deref(), Some("Addison-Wesley"));
    assert_eq!((title.year, title.pages), (Some(2000), Some(321)));
    assert_eq!(title.edition.as_deref(), Some("1st ed."));
    assert_eq!(title.language.unwrap().as_str(), "eng");
    assert_eq!(title.isbn.unwrap().as_str(), "9780201616224");
    assert_eq!(title.class.as_deref(), Some("TP311"));
    assert_eq!(title.series.as_deref(), Some("Professional"));
    assert_eq!(title.tags, ["Computer programming--USA"]);
    assert_eq!(title.contents.as_deref(), Some("A philosophy -- Tools."));
    assert_eq!(title.summary.as_deref(), Some("How to program."));
}

#[test]
fn a_romanised_title_is_shown_in_its_own_script() {
    let title = one(&marc21(&[
        ("001", "1"),
        ("100", "1 $6880-01$aCao, Xueqin."),
        ("245", "10$6880-02$aHong lou meng /$cCao Xueqin."),
        ("260", "  $6880-03$aBeijing :$bRen min wen xue,$c1982."),
        ("490", "1 $6880-05$aCong shu"),
        ("880", "1 $6100-01/$1$a曹雪芹.".replace("/$1", "/(B").as_str()),
        ("880", "10$6245-02/(3$aحلم"),
        ("880", "10$6245-02$a红楼梦 /$c曹雪芹著."),
        ("880", "  $6260-03$a北京 :$b人民文学出版社,$c1982."),
        ("880", "  $6250-00$a第2版."),
        ("880", "1 $6490-04$a别的"),
    ]))
    .title;

    assert_eq!(title.title, "红楼梦");
    assert_eq!(title.original_title, None);
    assert_eq!(title.authors, ["曹雪芹"]);
    assert_eq!(title.publisher.as_deref(), Some("人民文学出版社"));
    assert_eq!(title.edition.as_deref(), Some("第2版"));
    assert_eq!(title.series.as_deref(), Some("Cong shu"));
    assert_eq!(title.year, Some(1982));
}

#[test]
fn parts_of_a_work_are_part_of_its_title() {
    let title = |field| one(&marc21(&[("001", "1"), ("245", field)])).title.title;

    assert_eq!(title("10$aFaust.$nPart 1,$pNight /"), "Faust. Part 1, Night");
    assert_eq!(title("10$aFaust.$pNight /"), "Faust. Night");
    assert_eq!(title("10$a三体.$n第二部,$p黑暗森林 /"), "三体 第二部 黑暗森林");
}

#[test]
fn copies_are_read_from_852_and_its_items() {
    let book = marc21(&[
        ("001", "1"),
        ("245", "10$aX"),
        ("852", "0 $81$aDLC$bMAIN$cStacks$hQA76$i.H8$p0001"),
        ("852", "8 $82$bEAST$hI247.5$i12"),
        ("876", "  $82.1$p0002"),
        ("876", "  $82.2$p0003"),
    ]);

    let copies = one(&book).holdings;

    let seen: Vec<_> = copies
        .iter()
        .map(|copy| (copy.barcode.as_deref(), copy.site.as_deref(), copy.call_number.as_deref()))
        .collect();
    assert_eq!(
        seen,
        [
            (Some("0001"), Some("MAIN"), Some("QA76 .H8")),
            (Some("0002"), Some("EAST"), Some("I247.5/12")),
            (Some("0003"), Some("EAST"), Some("I247.5/12")),
        ]
    );

    let holdings = HoldingsMap { in_marc21: true, ..HoldingsMap::default() };
    let local = marc21(&[("001", "1"), ("245", "10$aX"), ("905", "  $aLIB$b0009")]);
    let options = Options { holdings, ..Options::default() };
    let found = Reader::open(Cursor::new(local.utf8()), options).unwrap().next().unwrap().unwrap();
    let copy =
        Holding { barcode: Some("0009".to_owned()), site: Some("LIB".to_owned()), ..Holding::default() };
    assert_eq!(found.holdings, [copy]);
}

#[test]
fn marc8_is_read_and_so_is_what_only_claims_to_be_marc8() {
    let mut book = marc21(&[("001", "1"), ("245", "10$aXX")]);
    book.leader = "00000nam  2200000 a 4500".to_owned();
    let with = |title: &'static [u8]| {
        let bytes = book.encoded(|text| match text.split_once("XX") {
            Some((before, _)) => [before.as_bytes(), title].concat(),
            None => text.as_bytes().to_vec(),
        });
        let found = read(bytes).remove(0).unwrap();
        (found.title.title, found.warnings)
    };

    assert_eq!(with(b"Dvo\xe9r\xe2ak \x1b$1!0!\x1b(B"), ("Dvořák 一".to_owned(), vec![]));
    let (title, warnings) = with("Dvořák".as_bytes());
    assert_eq!(title, "Dvořák");
    assert_eq!(warnings.len(), 1);
    let (title, warnings) = with(b"M\xfcller, ni\xf1o");
    assert_eq!(title, "Müller, niño");
    assert!(matches!(warnings[..], [Warning::Guessed(_)]));
}

#[test]
fn a_record_of_something_else_is_said_to_be_that() {
    let mut authority = marc21(&[("001", "n1"), ("100", "1 $aCao, Xueqin")]);
    authority.leader = "00000nz  a2200000n  4500".to_owned();
    let mut deleted = marc21(&[("001", "2"), ("245", "10$aGone")]);
    deleted.leader = "00000dam a2200000 a 4500".to_owned();
    let untitled = marc21(&[("001", " 3 "), ("100", "1 $aNobody")]);

    let found = read([authority.utf8(), deleted.utf8(), untitled.utf8()].concat());

    let reasons: Vec<_> = found.iter().map(|outcome| outcome.as_ref().unwrap_err().reason.clone()).collect();
    assert_eq!(reasons, [Reason::NotATitle(Kind::Authority), Reason::Deleted, Reason::NoTitle("245$a")]);
    let last = found[2].as_ref().unwrap_err();
    assert_eq!((last.id.as_deref(), last.position.record), (Some("3"), 3));
}

#[test]
fn the_same_record_has_the_same_key_and_different_records_different_ones() {
    let key = |fields: &[(&str, &str)]| {
        let fields = [fields, &[("245", "10$aX"), ("020", "  $a9787020002207")]].concat();
        one(&marc21(&fields)).title.id.to_string()
    };

    assert_eq!(key(&[("001", "ocm1"), ("003", "OCoLC")]), "OCoLC_ocm1");
    assert_eq!(key(&[("001", "ocm1 ")]), "ocm1");
    assert_eq!(key(&[("001", "86-1234")]), "86-1234");
    assert_eq!(key(&[]), "_i_9787020002207");
    let keys = [
        key(&[("001", "a b")]),
        key(&[("001", "ab")]),
        key(&[("001", "a_b")]),
        key(&[("001", "b"), ("003", "a")]),
        key(&[("001", "a/b")]),
        key(&[("001", "书")]),
        key(&[("001", "书本")]),
        key(&[("001", &"9".repeat(41))]),
        key(&[("001", &"9".repeat(42))]),
    ];
    for (at, one) in keys.iter().enumerate() {
        assert!(keys.iter().skip(at + 1).all(|other| one != other), "{one}");
    }
    assert_eq!(keys[0], key(&[("001", "a b")]));
    let unnumbered = |author| one(&marc21(&[("245", "10$aX"), ("100", author)])).title.id;
    assert_ne!(unnumbered("1 $aA"), unnumbered("1 $aB"));
    assert_eq!(unnumbered("1 $aA"), unnumbered("1 $aA"));
}
