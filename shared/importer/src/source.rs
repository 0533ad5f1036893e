//! Files of titles, whatever they hold: CSV, ISO 2709 or MARCXML, packed by gzip or not. What a file holds is told by its content.

use std::fmt;
use std::io::{self, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;
use yujie_catalogue::csv::{self, SheetError, Titles};
use yujie_domain::import::{FileOptions, HoldingsFields, MarcCharset, MarcFlavour};
use yujie_domain::title::Title;
use yujie_marc::{Charset, Flavour, Holding, HoldingsMap, Mode, OpenError, Options, Reader};

/// How much of a file is looked at to find out what it holds: more than the longest record of ISO 2709.
const SNIFF: u64 = 128 * 1024;
/// What a record of ISO 2709 begins with.
const LEADER: usize = 24;
const GZIP: [u8; 2] = [0x1f, 0x8b];
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It holds something else.
    #[error("the file is neither ISO 2709 nor MARCXML nor CSV")]
    Unrecognised,
    /// It is no table of titles.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// It holds no records.
    #[error(transparent)]
    Marc(#[from] OpenError),
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Where in its file a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A row of CSV: the line on which it begins, from 1.
    Line(u64),
    /// A record of MARC.
    Record {
        /// Its number, from 1.
        number: u64,
        /// Its first byte in the unpacked file, from 0.
        byte: u64,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Record { number, byte } => write!(f, "record {number} at byte {byte}"),
        }
    }
}

/// A title that was read, and the copies that its record names.
#[derive(Debug, Clone)]
pub struct Found {
    /// Where its record stands.
    pub place: Place,
    /// The title.
    pub title: Title,
    /// The copies, as text.
    pub holdings: Vec<Holding>,
    /// What was left out, mended or guessed.
    pub warnings: Vec<String>,
}

/// A record that was passed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place} ({}): {reason}", .id.as_deref().unwrap_or("no id"))]
pub struct Reject {
    /// Where it stands.
    pub place: Place,
    /// What it calls itself, as far as it can be read.
    pub id: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// Whether something is broken, which ends a strict reading; a sound record that is no title does not.
    pub fault: bool,
    /// Whether the file itself cannot be read on from here: it broke off, or is packed wrongly. Nothing comes after it.
    pub broken_off: bool,
}

impl From<csv::Reject> for Reject {
    fn from(reject: csv::Reject) -> Self {
        let csv::Reject { line, id, reason } = reject;
        let broken_off = matches!(reason, csv::Reason::Unreadable(_));
        Self { place: Place::Line(line), id, reason: reason.to_string(), fault: true, broken_off }
    }
}

impl From<yujie_marc::Reject> for Reject {
    fn from(reject: yujie_marc::Reject) -> Self {
        let yujie_marc::Reject { position, id, reason } = reject;
        let broken_off = matches!(reason, yujie_marc::Reason::Unreadable(_));
        Self { place: position.into(), id, fault: reason.is_fault(), reason: reason.to_string(), broken_off }
    }
}

impl From<yujie_marc::Position> for Place {
    fn from(position: yujie_marc::Position) -> Self {
        Self::Record { number: position.record, byte: position.offset }
    }
}

/// The titles of a file, one by one.
pub struct Source(Kind);

enum Kind {
    Csv(Titles),
    Marc(Reader),
}

impl Source {
    /// Finds out what the file holds.
    ///
    /// # Errors
    /// [`SourceError`] when it holds nothing, or something else, or cannot be read.
    pub fn open(input: impl Read + Send + 'static, options: &FileOptions) -> Result<Self, SourceError> {
        let mut input = unpacked(input)?;
        let mut head = Vec::new();
        input.by_ref().take(SNIFF).read_to_end(&mut head)?;
        let kind = sniff(&head)?;
        let whole = Cursor::new(head).chain(input);
        Ok(Self(match kind {
            Format::Marc => Kind::Marc(Reader::open(whole, marc_options(options))?),
            Format::Csv => Kind::Csv(Titles::open(whole)?),
        }))
    }
}

impl Iterator for Source {
    type Item = Result<Found, Reject>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(match &mut self.0 {
            Kind::Csv(rows) => rows.next()?.map_err(Reject::from).map(|row| Found {
                place: Place::Line(row.line),
                title: row.title,
                holdings: Vec::new(),
                warnings: row.warnings.iter().map(ToString::to_string).collect(),
            }),
            Kind::Marc(records) => records.next()?.map_err(Reject::from).map(|record| Found {
                place: record.position.into(),
                title: record.title,
                holdings: record.holdings,
                warnings: record.warnings.iter().map(ToString::to_string).collect(),
            }),
        })
    }
}

enum Format {
    Marc,
    Csv,
}

/// What a file holds that begins like this.
fn sniff(head: &[u8]) -> Result<Format, SourceError> {
    let head = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
    let begin = head.iter().position(|byte| !byte.is_ascii_whitespace() && *byte != 0);
    let head = begin.and_then(|begin| head.get(begin..)).ok_or(SourceError::Empty)?;
    // The first record may be broken: one that begins as it should is enough.
    if head.starts_with(b"<") || head.windows(LEADER).any(is_leader) {
        return Ok(Format::Marc);
    }
    let header = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if head.contains(&0) || std::str::from_utf8(header).is_err() {
        return Err(SourceError::Unrecognised);
    }
    Ok(Format::Csv)
}

/// Whether these bytes are a leader: the record's length, `22` for the lengths of indicators and codes, where the fields begin, and what
/// MARC has at the leader's end.
fn is_leader(bytes: &[u8]) -> bool {
    let digits = |range| bytes.get(range).is_some_and(|part: &[u8]| part.iter().all(u8::is_ascii_digit));
    digits(0..5)
        && digits(12..17)
        && (bytes.get(10..12) == Some(b"22") || bytes.get(20..22) == Some(b"45"))
        && bytes.iter().all(|byte| (b' '..=b'~').contains(byte))
}

/// The bytes themselves, or what they unpack to when they begin like gzip.
fn unpacked(mut input: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    let mut head = Vec::new();
    input.by_ref().take(2).read_to_end(&mut head)?;
    let packed = head == GZIP;
    let whole = BufReader::with_capacity(64 * 1024, Cursor::new(head).chain(input));
    Ok(if packed { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) })
}

fn marc_options(options: &FileOptions) -> Options {
    Options {
        mode: if options.strict { Mode::Strict } else { Mode::Lenient },
        flavour: options.flavour.map(|flavour| match flavour {
            MarcFlavour::Marc21 => Flavour::Marc21,
            MarcFlavour::Unimarc => Flavour::Unimarc,
        }),
        charset: options.charset.map(|charset| match charset {
            MarcCharset::Utf8 => Charset::Utf8,
            MarcCharset::Gb18030 => Charset::Gb18030,
            MarcCharset::Marc8 => Charset::Marc8,
            MarcCharset::Latin1 => Charset::Latin1,
        }),
        holdings: options.holdings.as_ref().map(holdings_map).unwrap_or_default(),
    }
}

fn holdings_map(fields: &HoldingsFields) -> HoldingsMap {
    let usual = HoldingsMap::default();
    HoldingsMap {
        tag: fields.tag.as_bytes().try_into().unwrap_or(usual.tag),
        site: fields.site,
        barcode: fields.barcode,
        location: fields.location,
        class: fields.class,
        book_number: fields.book_number,
        volume: fields.volume,
        in_marc21: fields.in_marc21,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(content: &[u8]) -> Result<&'static str, String> {
        match sniff(content) {
            Ok(Format::Marc) => Ok("marc"),
            Ok(Format::Csv) => Ok("csv"),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_file_is_known_by_its_content() {
        assert_eq!(kind(b"00852nam0 2200289   450 001...\x1e"), Ok("marc"));
        assert_eq!(kind(b"\r\n broken first \x1d00852nam0 2200289   450 001"), Ok("marc"));
        assert_eq!(kind(b"\xEF\xBB\xBF<?xml version=\"1.0\"?><collection/>"), Ok("marc"));
        assert_eq!(kind("id,title\n1,书\n".as_bytes()), Ok("csv"));
        assert_eq!(kind(b"id,title\n1,\xff bad row\n"), Ok("csv"));
    }

    #[test]
    fn a_picture_or_nothing_is_refused() {
        let jpeg = [b"\xFF\xD8\xFF\xE0\x00\x10JFIF\x00\x1e\x1d".as_slice(), &[0x1e; 300]].concat();
        assert!(kind(&jpeg).unwrap_err().contains("neither"));
        assert!(kind(b"PK\x03\x04\x14\x00\x06\x00").unwrap_err().contains("neither"));
        for nothing in [&b""[..], b" \n", b"\xEF\xBB\xBF"] {
            assert!(kind(nothing).unwrap_err().contains("empty"));
        }
    }
}
