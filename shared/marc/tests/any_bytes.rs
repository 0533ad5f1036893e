//! Whatever a file holds, reading it ends, without panic, and with no more items than its bytes can make.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking, as the tests do")]

mod writer;

use std::io::Cursor;

use proptest::prelude::*;
use writer::{Written, chinese_book, collection, marc21, unimarc};
use yujie_marc::records::Records;
use yujie_marc::{Charset, Flavour, Mode, Options, Reader};

/// Reads in every way; the items are counted as they come, so that an endless reading is noticed.
fn survives(bytes: &[u8]) -> Result<(), TestCaseError> {
    for mode in [Mode::Lenient, Mode::Strict] {
        for charset in [None, Some(Charset::Marc8), Some(Charset::Gb18030)] {
            for flavour in [None, Some(Flavour::Unimarc)] {
                let options = Options { mode, charset, flavour, ..Options::default() };
                let Ok(reader) = Reader::open(Cursor::new(bytes.to_vec()), options) else { continue };
                // The shortest thing that is an item, `<record/>` aside, is a terminator.
                let most = bytes.len() + 1;
                prop_assert!(reader.take(most + 1).count() <= most);
            }
        }
    }
    Ok(())
}

/// Text that a cataloguer could write: no separators, and `$` only begins a subfield.
fn value() -> impl Strategy<Value = String> {
    prop_oneof!["[ -#%-~]{0,30}", "[一-龥]{1,12}", "[a-zé一-龥ん😀]{0,12}"]
}

fn record() -> impl Strategy<Value = Written> {
    let fields = proptest::collection::vec(
        ("[2-9][0-9]{2}", proptest::collection::vec(("[a-z0-9]", value()), 1..4)),
        1..8,
    );
    (fields, any::<bool>()).prop_map(|(fields, chinese)| {
        let mut written = if chinese { unimarc(&[]) } else { marc21(&[]) };
        written.fields.push(("001".to_owned(), "12345".to_owned()));
        if chinese {
            written.fields.push(("101".to_owned(), "0 $achi".to_owned()));
            written.fields.push(("200".to_owned(), "1 $a一定是中文".to_owned()));
        }
        for (tag, subfields) in fields.into_iter().filter(|(tag, _)| !(chinese && tag == "245")) {
            let mut text = "  ".to_owned();
            for (code, value) in &subfields {
                text += &["$", code, value].concat();
            }
            written.fields.push((tag, text));
        }
        written
    })
}

/// What comes back, as it was written.
fn read_back(bytes: Vec<u8>) -> Vec<Vec<(String, String)>> {
    let options = Options { mode: Mode::Strict, ..Options::default() };
    let records = Records::open(Cursor::new(bytes), &options).unwrap();
    let fields = |record: yujie_marc::records::Record| {
        record
            .fields()
            .map(|field| (String::from_utf8(field.tag.to_vec()).unwrap(), field.text.replace('\u{1f}', "$")))
            .collect()
    };
    records.map(|outcome| fields(outcome.unwrap())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        survives(&bytes)?;
        survives(&[&b"00040nam a2200037 a 4500"[..], &bytes].concat())?;
        survives(&[&b"<collection><record>"[..], &bytes].concat())?;
    }

    #[test]
    fn any_separators_are_survived(text in "[0-9a$\\x1b\\x1d\\x1e\\x1f(B1 ]{0,600}", xml in "(<record>|</record>|<record/>|<!--|-->|<a|>|<datafield tag='245'>|&x;|<subfield code=\"a\">|\\]\\]>|<!\\[CDATA\\[|b){0,40}") {
        survives(text.as_bytes())?;
        survives(xml.as_bytes())?;
    }

    #[test]
    fn damaged_records_are_survived(
        records in proptest::collection::vec(record(), 1..4),
        as_xml in any::<bool>(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let mut bytes = if as_xml { collection(&records) } else { records.iter().flat_map(Written::utf8).collect() };
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        survives(&bytes)?;
    }

    #[test]
    fn what_was_written_is_read(records in proptest::collection::vec(record(), 1..5)) {
        let expected: Vec<_> = records.iter().map(|record| record.fields.clone()).collect();
        prop_assert_eq!(&read_back(records.iter().flat_map(Written::utf8).collect()), &expected);
        prop_assert_eq!(&read_back(collection(&records)), &expected);
        // MARC 21 has no GB18030.
        let chinese: Vec<Written> = records.into_iter().filter(|record| record.leader.ends_with("450 ")).collect();
        let expected: Vec<_> = chinese.iter().map(|record| record.fields.clone()).collect();
        if !chinese.is_empty() {
            prop_assert_eq!(&read_back(chinese.iter().flat_map(Written::gb18030).collect()), &expected);
        }
    }

    #[test]
    fn every_title_has_the_key_that_it_had_before(control in "[ -~一-龥]{1,60}", agency in "[A-Za-z0-9 /_-]{0,20}") {
        let key = |book: &Written| {
            let mut reader = Reader::open(Cursor::new(book.utf8()), Options::default()).unwrap();
            reader.next().unwrap().unwrap().title.id
        };
        let book = marc21(&[("001", &control.replace('$', "")), ("003", &agency), ("245", "10$aX")]);
        prop_assert_eq!(key(&book), key(&book));
        prop_assert_eq!(key(&chinese_book()).to_string(), "CNBJL_012026000001");
    }
}
