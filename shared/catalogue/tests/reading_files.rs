//! Title lists as people really make them.

#![cfg(test)]

use std::io::{Cursor, Write};

use yujie_catalogue::csv::{Reason, SheetError, TitleRow, Titles};

/// Line, id, reason.
type Rejected = (u64, Option<String>, Reason);

fn read(file: impl Into<Vec<u8>>) -> (Vec<TitleRow>, Vec<Rejected>) {
    let mut good = Vec::new();
    let mut bad = Vec::new();
    for row in Titles::open(Cursor::new(file.into())).unwrap() {
        match row {
            Ok(row) => good.push(row),
            Err(reject) => bad.push((reject.line, reject.id, reject.reason)),
        }
    }
    (good, bad)
}

#[test]
fn columns_are_known_by_name_in_any_order_and_others_are_passed_over() {
    let (good, bad) = read(
        "\u{feff}price,Title,id,author,category,pub_date,pages,isbn,class\r\n\
         39.50元, 解忧杂货店 ,b000004,[日] 东野圭吾,东野圭吾|小说,2014-5,291页,7-5442-7087-4,I313.45\r\n",
    );

    assert!(bad.is_empty());
    let book = &good[0].title;
    assert_eq!(book.title, "解忧杂货店");
    assert_eq!(book.authors, ["[日] 东野圭吾"]);
    assert_eq!(book.tags, ["东野圭吾", "小说"]);
    assert_eq!((book.year, book.pages), (Some(2014), Some(291)));
    assert_eq!(book.isbn.as_ref().unwrap().as_str(), "9787544270878");
    assert_eq!(book.class.as_deref(), Some("I313.45"));
    assert_eq!(book.publisher, None);
}

#[test]
fn each_bad_row_is_named_and_the_others_go_in() {
    let mut file = b"id,title,author\n1,\xe6\xb4\xbb\xe7\x9d\x80,x\n".to_vec();
    file.extend_from_slice(
        b",no id,x\n3,  ,no title\n4,bad \xff bytes,x\n5,too,many,fields\n6,few\n7#,forged id,x\n",
    );
    file.extend_from_slice("8,\"两行\n的书名\",x\n".as_bytes());
    file.extend_from_slice(format!("9,{},x\n10,last,x\n", "长".repeat(20_000)).as_bytes());

    let (good, bad) = read(file);

    let ids: Vec<_> = good.iter().map(|row| row.title.id.as_str()).collect();
    assert_eq!(ids, ["1", "8", "10"]);
    let id = |text: &str| Some(text.to_owned());
    assert_eq!(bad[0], (3, None, Reason::Empty("id")));
    assert_eq!(bad[1], (4, id("3"), Reason::Empty("title")));
    assert_eq!(bad[2], (5, id("4"), Reason::NotText(2)));
    assert_eq!(bad[3], (6, id("5"), Reason::Fields { found: 4, expected: 3 }));
    assert_eq!(bad[4], (7, id("6"), Reason::Fields { found: 2, expected: 3 }));
    assert!(matches!(&bad[5], (8, Some(id), Reason::Invalid { column: "id", .. }) if id == "7#"));
    assert_eq!(bad[6], (11, id("9"), Reason::TooLong(2)));
    assert_eq!(bad.len(), 7);
}

#[test]
fn a_list_saved_in_china_is_read_and_broken_rows_of_a_unicode_list_are_not_guessed_at() {
    let list = "id,title,author\n1,book,x\n2,解忧杂货店,东野圭吾\n3,活着,余华\n";
    let (gb, _, _) = encoding_rs::GB18030.encode(list);
    let (good, bad) = read(gb.into_owned());
    let titles: Vec<&str> = good.iter().map(|row| row.title.title.as_str()).collect();
    assert_eq!((titles, bad.len()), (vec!["book", "解忧杂货店", "活着"], 0));

    let mut mixed = "id,title\n1,活着\n2,".as_bytes().to_vec();
    mixed.extend_from_slice(&encoding_rs::GB18030.encode("白夜行").0);
    let (good, bad) = read(mixed);
    assert_eq!(good.len(), 1);
    assert!(matches!(&bad[..], [(3, Some(id), Reason::NotText(2))] if id == "2"), "{bad:?}");
}

#[test]
fn a_wrong_isbn_is_left_out_with_a_warning() {
    let (good, bad) = read("id,title,isbn\n1,活着,9787506365430\n");

    assert!(bad.is_empty());
    assert_eq!(good[0].title.isbn, None);
    assert_eq!(good[0].warnings[0].column, "isbn");
}

#[test]
fn a_gzipped_list_is_read_whatever_its_name_and_may_break_off() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"id,title\n").unwrap();
    for n in 0..5_000 {
        writeln!(gzip, "{n},第{n}本书").unwrap();
    }
    let whole = gzip.finish().unwrap();
    let half = whole[..whole.len() / 2].to_vec();

    let (good, bad) = read(whole);
    assert_eq!((good.len(), bad.len()), (5_000, 0));

    let (good, bad) = read(half);
    assert!(good.len() < 5_000);
    assert!(matches!(&bad[..], [(_, _, Reason::Unreadable(_))]), "{bad:?}");
}

#[test]
fn a_file_without_the_columns_that_matter_is_refused() {
    let open = |file: &str| Titles::open(Cursor::new(file.as_bytes().to_vec())).err();

    assert!(matches!(open("id,name\n1,x\n"), Some(SheetError::NoColumn("title"))));
    assert!(matches!(open(""), Some(SheetError::NoColumn("id"))));
    assert!(matches!(open("id,\"title\n1,x"), Some(SheetError::NoColumn("title"))));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        if let Ok(titles) = Titles::open(Cursor::new(bytes)) {
            titles.for_each(drop);
        }
    }
}
