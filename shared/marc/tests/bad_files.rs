//! Files as they should not be.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking, as the tests do")]

#[expect(dead_code, reason = "this file needs a part of it")]
mod writer;

use std::io::{Cursor, Read, Write};

use flate2::{Compression, write::GzEncoder};
use writer::{chinese_book, collection, marc21};
use yujie_marc::records::{Record, Records};
use yujie_marc::{Mended, Mode, OpenError, Options, Reason, Reject, Warning};

type Outcome = Result<Record, Reject>;

fn read(bytes: impl Into<Vec<u8>>, mode: Mode) -> Vec<Outcome> {
    Records::open(Cursor::new(bytes.into()), &Options { mode, ..Options::default() }).unwrap().collect()
}

fn book(number: &str) -> writer::Written {
    marc21(&[("001", number), ("245", "10$aA title of its own")])
}

fn ids(found: &[Outcome]) -> Vec<&str> {
    found.iter().map(|outcome| outcome.as_ref().map_or("bad", |record| record.id().unwrap())).collect()
}

fn mended(record: &Outcome) -> Vec<Warning> {
    record.as_ref().unwrap().warnings.clone()
}

#[test]
fn a_file_may_be_packed_marked_or_have_line_ends_between_its_records() {
    let records = [book("1").utf8(), book("2").utf8()];
    let lines = [records.join(&b"\r\n"[..]), b"\n\0\x1a".to_vec()].concat();
    let xml = [&b"\xEF\xBB\xBF"[..], &collection(&[book("1"), book("2")])].concat();

    for plain in [records.concat(), lines, xml] {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&plain).unwrap();
        for bytes in [plain, packed.finish().unwrap()] {
            assert_eq!(ids(&read(bytes, Mode::Strict)), ["1", "2"]);
        }
    }
}

#[test]
fn what_is_no_file_of_records_is_refused_at_once() {
    let open = |bytes: &'static [u8]| Records::open(bytes, &Options::default()).err().unwrap();

    assert!(matches!(open(b""), OpenError::Empty));
    assert!(matches!(open(b" \r\n"), OpenError::Empty));
    assert!(matches!(open(b"id,title\n1,x\n"), OpenError::Unrecognised));
    assert!(matches!(open(b"\x1f\x8b\x08 not gzip"), OpenError::Io(_)));
}

#[test]
fn a_wrong_length_is_mended_by_the_terminator_or_ends_a_strict_reading() {
    for wrong in ["00030", "00500", "99999", "     ", "abcde"] {
        let mut second = book("2").utf8();
        second[..5].copy_from_slice(wrong.as_bytes());
        let file = [book("1").utf8(), second, book("3").utf8()].concat();

        let found = read(file.clone(), Mode::Lenient);
        assert_eq!(ids(&found), ["1", "2", "3"], "{wrong}");
        assert_eq!(mended(&found[1]), [Warning::Mended(Mended::Length)], "{wrong}");
        assert_eq!(ids(&read(file, Mode::Strict)), ["1", "bad"], "{wrong}");
    }
}

#[test]
fn a_wrong_directory_is_mended_where_there_are_as_many_tags_as_fields() {
    let mut bytes = book("2").utf8();
    bytes[24 + 3..24 + 7].copy_from_slice(b"0009");

    let found = read(bytes.clone(), Mode::Lenient);
    assert_eq!(ids(&found), ["2"]);
    assert_eq!(found[0].as_ref().unwrap().field(*b"245").unwrap().first('a'), Some("A title of its own"));
    assert_eq!(mended(&found[0]), [Warning::Mended(Mended::Directory)]);
    let strict = read(bytes, Mode::Strict);
    assert!(matches!(strict[0].as_ref().unwrap_err().reason, Reason::Directory(_)));
}

#[test]
fn a_missing_terminator_costs_no_record() {
    let mut first = book("1").utf8();
    first.pop();
    let length = format!("{:05}", first.len());
    first[..5].copy_from_slice(length.as_bytes());

    let found = read([first.clone(), book("2").utf8(), first].concat(), Mode::Lenient);

    assert_eq!(ids(&found), ["1", "2", "1"]);
    assert_eq!(mended(&found[0]), [Warning::Mended(Mended::Terminator)]);
}

#[test]
fn what_stands_before_a_leader_is_stepped_over() {
    let file = [book("1").utf8(), b"junk of some length".to_vec(), book("2").utf8()].concat();

    let found = read(file, Mode::Lenient);

    assert_eq!(ids(&found), ["1", "2"]);
    assert_eq!(mended(&found[1]), [Warning::Mended(Mended::Before)]);
    let offset = found[1].as_ref().unwrap().position.offset;
    assert_eq!(usize::try_from(offset).unwrap(), book("1").utf8().len() + 19);
}

#[test]
fn a_bad_record_is_named_by_number_place_and_id() {
    let cut = &book("3").utf8()[..60];
    let file = [book("1").utf8(), book("2").utf8(), cut.to_vec()].concat();

    let found = read(file, Mode::Lenient);

    assert_eq!(ids(&found), ["1", "2", "bad"]);
    let reject = found[2].as_ref().unwrap_err();
    assert_eq!(reject.reason, Reason::Truncated);
    assert_eq!(
        (reject.position.record, reject.position.offset),
        (3, 2 * u64::try_from(book("1").utf8().len()).unwrap())
    );
}

#[test]
fn a_record_without_end_takes_no_memory_and_does_not_hide_the_next() {
    let endless = std::io::repeat(b'7').take(50_000_000);
    let file = Cursor::new(book("1").utf8())
        .chain(endless)
        .chain(Cursor::new([&b"\x1d"[..], &book("2").utf8()].concat()));

    let found: Vec<Outcome> = Records::open(file, &Options::default()).unwrap().collect();

    assert_eq!(ids(&found), ["1", "bad", "2"]);
    assert_eq!(found[1].as_ref().unwrap_err().reason, Reason::TooLong);
}

#[test]
fn xml_without_end_takes_no_memory_and_does_not_hide_the_next() {
    let open = "<collection><record><datafield tag=\"245\" ind1=\"1\" ind2=\"0\"><subfield code=\"a\">";
    let close = format!("</subfield></datafield></record>{}</collection>", book("2").xml());
    let endless = std::io::repeat(b'x').take(20_000_000);
    let file = Cursor::new(open).chain(endless).chain(Cursor::new(close));

    let found: Vec<Outcome> = Records::open(file, &Options::default()).unwrap().collect();

    assert_eq!(ids(&found), ["bad", "2"]);
    assert_eq!(found[0].as_ref().unwrap_err().reason, Reason::TooLong);
}

#[test]
fn xml_that_is_broken_in_one_record_is_read_on_in_the_next() {
    let broken = book("2").xml().replace("</subfield>", "</subfeld>");
    let unclosed = book("3").xml().replace("</record>", "");
    let file = format!("<collection>{}{broken}{unclosed}{}</collection>", book("1").xml(), book("4").xml());

    let found = read(file, Mode::Lenient);

    assert_eq!(ids(&found), ["1", "bad", "bad", "4"]);
    assert_eq!(found[1].as_ref().unwrap_err().id.as_deref(), Some("2"));
    assert_eq!(found[2].as_ref().unwrap_err().id.as_deref(), Some("3"));
}

#[test]
fn records_in_envelopes_comments_and_prefixes_are_found_and_counted_once() {
    let prefixed = chinese_book().xml().replace("</", "</m:").replace('<', "<m:").replace("<m:/m:", "</m:");
    let file = format!(
        "<OAI-PMH><!-- <record> --><record><header/><metadata>{prefixed}</metadata></record>\
         <record><recordData><![CDATA[<record>]]>{}</recordData></record></OAI-PMH>",
        book("2").xml()
    );

    assert_eq!(ids(&read(file, Mode::Strict)), ["012026000001", "2"]);
}

#[test]
fn entities_are_not_expanded() {
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE c [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]>";
    let file = format!("{bomb}<c>{}</c>", book("1").xml().replace("of its own", "&b; &amp; &#x4E00;"));

    let found = read(file.clone(), Mode::Lenient);

    let record = found[0].as_ref().unwrap();
    assert_eq!(record.field(*b"245").unwrap().first('a'), Some("A title &b; & 一"));
    assert_eq!(record.warnings, [Warning::Mended(Mended::Entity)]);
    assert!(matches!(read(file, Mode::Strict)[0].as_ref().unwrap_err().reason, Reason::Xml(_)));
}

#[test]
fn xml_in_the_encoding_it_declares_is_text() {
    let xml =
        format!("<?xml version=\"1.0\" encoding=\"GBK\"?><collection>{}</collection>", chinese_book().xml());
    let bytes = encoding_rs::GBK.encode(&xml).0.into_owned();

    let found = read(bytes, Mode::Strict);

    assert_eq!(found[0].as_ref().unwrap().field(*b"200").unwrap().first('a'), Some("测试图书"));
}

#[test]
fn a_packed_file_that_breaks_off_is_read_up_to_there() {
    let many: Vec<u8> = (0..5_000).flat_map(|number| book(&format!("{}", number * 7_919)).utf8()).collect();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&many).unwrap();
    let mut bytes = packed.finish().unwrap();
    bytes.truncate(bytes.len() / 2);

    let found = read(bytes, Mode::Lenient);

    assert!(found.len() > 1_000);
    let (last, before) = found.split_last().unwrap();
    assert!(before.iter().all(Result::is_ok));
    assert!(matches!(last.as_ref().unwrap_err().reason, Reason::Unreadable(_)));
}
