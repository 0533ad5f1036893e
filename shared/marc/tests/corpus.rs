//! Everything that pymarc reads out of 389 files of many libraries, we read too, with the same titles.
//!
//! The files are other people's and not part of this repository; `corpus.tsv` has of each only what `pymarc_titles.py` computed.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking, as the tests do")]

use std::fs::File;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use yujie_marc::records::{Record, Records};
use yujie_marc::{Mode, OpenError, Options, Reader, Reason};

const LENGTH: &str = "the leader's length is wrong, where pymarc gives up the file; terminators show the end";
const LEADER: &str = "a byte of the leader is not ASCII, in a place that means nothing";
const NAMELESS: &str = "a field without tag or code ends pymarc's reading; we leave that field out";

/// Where we read more records than pymarc: which of ours (from 0, of those that were read), and why.
const MORE: &[(&str, &[RangeInclusive<usize>], &str)] = &[
    ("malformed/Catmandu-MARC__bu_bibs.mrc.gz", &[2..=99], LENGTH),
    ("malformed/Evergreen__oss.marc", &[27..=27], "indicators that are not ASCII"),
    ("malformed/File_MARC__wronglen.mrc", &[0..=0], LENGTH),
    ("malformed/marc21-rs__invalid.mrc", &[0..=0], LENGTH),
    ("malformed/marc4j__bad_hathi_records.mrc.gz", &[3..=3], "comes after a record that is too long"),
    (
        "malformed/marc4j__bad_oversize_field_bad_directory.mrc",
        &[1..=1],
        "the directory is not whole; its good entries are read",
    ),
    ("malformed/marc4j__bad_too_long_plus_2.mrc", &[0..=1], "come after a record that is too long"),
    ("malformed/marc4j__chabon-missing-controlfield-tag.xml", &[0..=0], NAMELESS),
    ("malformed/marc4j__chabon-missing-subfield-code.xml", &[0..=0], NAMELESS),
    (
        "malformed/marc4j__incomplete_esc_seq.mrc",
        &[0..=0],
        "an escape sequence is cut off; the text around it is read",
    ),
    ("malformed/marc4k__MARCXML_bib_record_missing_data_field_tag.xml", &[0..=0], NAMELESS),
    ("malformed/openlibrary__dasrmischepriv00rein_meta.mrc", &[0..=0], LENGTH),
    ("malformed/openlibrary__lesabndioeinas00sche_meta.mrc", &[0..=0], LENGTH),
    ("malformed/openlibrary__new_poganucpeoplethe00stowuoft_meta.mrc", &[0..=0], LENGTH),
    ("malformed/ruby-marc__cp866_multirecord.marc", &[0..=1], LENGTH),
    ("malformed/ruby-marc__cp866_unimarc.marc", &[0..=0], LENGTH),
    ("malformed/ruby-marc__marc_with_bad_utf8.utf8.marc", &[0..=0], LENGTH),
    (
        "malformed/ruby-marc__three-records-second-bad.xml",
        &[1..=2],
        "the second is not well formed; the third is good",
    ),
    (
        "malformed/ruby-marc__utf8_with_bad_bytes.marc",
        &[0..=0],
        "one character of UTF-8 is broken; the others are read",
    ),
    ("malformed/vufind-marc__marc_collection.mrc", &[1..=1], "line ends between the records"),
    ("malformed/yaz__marc5.marc", &[0..=0], "indicators that are not ASCII"),
    ("marc21/psulib_traject__split_items_test.mrc", &[2..=7], LEADER),
    ("marc21/solrmarc-sw__lccnTests.mrc", &[0..=14], LEADER),
    ("marc21/solrmarc-sw__publicationTests.mrc", &[0..=27], LEADER),
    ("marc21/solrmarc-sw__summaryTests.mrc", &[0..=2], LEADER),
    ("marc21/solrmarc-sw__titleTests.mrc", &[1..=5, 11..=11, 14..=18, 20..=28, 31..=45], LEADER),
    ("marc21/solrmarc-sw__vernSeriesTests.mrc", &[0..=5], LEADER),
    ("nonlatin/solrmarc-sw__authorTitleMappingTests.mrc", &[0..=5, 9..=14, 18..=23, 34..=39], LEADER),
];

/// Where we read the same number of records, but other titles, and why.
const OTHERWISE: &[(&str, &str)] = &[
    (
        "marc21/marc4k__ISO-8859-5_bib_record.mrc",
        "bytes that MARC-8 does not have: we take Latin-1, pymarc blanks",
    ),
    ("marc21/yaz__marc10.marc", "Latin-1 that claims to be MARC-8: we read it, pymarc loses letters"),
    ("marc21/yaz__marc11.marc", "Latin-1 that claims to be MARC-8: we read it, pymarc loses letters"),
];

/// Where the folder is, if it is there.
#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/marc");
    if folder.join("MANIFEST.csv").exists() {
        return Some(folder);
    }
    println!("skipped: {} is not there", folder.display());
    None
}

/// The files: path, and pymarc's count and digest.
fn expected() -> impl Iterator<Item = (&'static str, usize, &'static str)> {
    include_str!("corpus.tsv").lines().skip(1).map(|row| {
        let mut cells = row.split('\t');
        let mut next = || cells.next().unwrap();
        (next(), next().parse().unwrap(), next())
    })
}

/// As `normal` in `pymarc_titles.py`.
fn normal(text: &str) -> String {
    let dropped = |c: &char| {
        matches!(c, '\0'..='\u{8}' | '\u{e}'..='\u{1b}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}')
            || matches!(c, '\u{200c}' | '\u{200d}')
    };
    let text: String =
        text.nfc().filter(|c| !dropped(c)).map(|c| if c == '\u{fffd}' { ' ' } else { c }).collect();
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}'));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// As `line` there.
fn line(record: &Record) -> String {
    let control = record.field(*b"001").map(|field| field.text).unwrap_or_default();
    // Danish records have subfields in 001.
    let control = if control.contains('\u{1f}') { "" } else { control };
    let title = record.field(*b"245").or_else(|| record.field(*b"200"));
    let title = title.and_then(|field| field.first('a')).unwrap_or_default();
    format!("{}\t{}\n", normal(control), normal(title))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[test]
fn what_pymarc_reads_we_read_with_the_same_titles() {
    let Some(folder) = folder() else { return };

    let (mut files, mut theirs, mut ours, mut rejects) = (0, 0, 0, 0);
    let mut differing = Vec::new();
    for (file, count, digest) in expected() {
        let read: Vec<_> = match Records::open(File::open(folder.join(file)).unwrap(), &Options::default()) {
            Ok(records) => records.collect(),
            Err(OpenError::Empty) => Vec::new(),
            Err(error) => panic!("{file}: {error}"),
        };
        let lines: Vec<String> = read.iter().flatten().map(line).collect();
        let extra =
            MORE.iter().find(|(name, ..)| *name == file).map(|(_, extra, _)| *extra).unwrap_or_default();
        let is_extra = |at: &usize| extra.iter().any(|range| range.contains(at));
        let shared: Vec<&str> =
            lines.iter().enumerate().filter(|(at, _)| !is_extra(at)).map(|(_, line)| line.as_str()).collect();
        let same = hex(&Sha256::digest(shared.concat())) == digest;
        if shared.len() != count || same == OTHERWISE.iter().any(|(name, _)| *name == file) {
            differing.push(format!("{file}: {} of ours, {count} of theirs", shared.len()));
        }
        files += 1;
        theirs += count;
        ours += lines.len();
        rejects += read.len() - lines.len();
    }

    println!("{files} files: pymarc reads {theirs} records, we read {ours} and reject {rejects}");
    assert_eq!(differing, Vec::<String>::new());
}

#[test]
fn every_file_is_read_to_its_end_as_titles_in_both_modes() {
    let Some(folder) = folder() else { return };

    let (mut titles, mut holdings, mut no_title, mut other, mut warned) = (0, 0, 0, 0, 0);
    for (file, ..) in expected() {
        for mode in [Mode::Lenient, Mode::Strict] {
            let options = Options { mode, ..Options::default() };
            let Ok(reader) = Reader::open(File::open(folder.join(file)).unwrap(), options) else { continue };
            let mut broken = false;
            for outcome in reader {
                assert!(!broken, "{file}: something comes after what ends a strict reading");
                match outcome {
                    Ok(catalogued) if mode == Mode::Lenient => {
                        titles += 1;
                        holdings += catalogued.holdings.len();
                        warned += usize::from(!catalogued.warnings.is_empty());
                        assert!(!catalogued.title.title.is_empty());
                    }
                    Err(reject) if mode == Mode::Lenient => {
                        let known = matches!(
                            reject.reason,
                            Reason::NoTitle(_) | Reason::NotATitle(_) | Reason::Deleted
                        );
                        if known { no_title += 1 } else { other += 1 }
                    }
                    Ok(_) => {}
                    Err(reject) => broken = reject.reason.is_fault(),
                }
            }
        }
    }

    println!(
        "{titles} titles ({warned} with warnings) and {holdings} holdings; {no_title} records of something else, {other} bad"
    );
}

#[test]
fn what_is_no_file_of_records_is_said_to_be_none() {
    let Some(folder) = folder() else { return };

    let manifest = std::fs::read_to_string(folder.join("MANIFEST.csv")).unwrap();
    for file in manifest.lines().skip(1).filter_map(|row| row.split(',').next()) {
        if expected().all(|(known, ..)| known != file) {
            let outcome = Records::open(File::open(folder.join(file)).unwrap(), &Options::default());
            assert!(matches!(outcome, Err(OpenError::Unrecognised)), "{file}");
        }
    }
}
