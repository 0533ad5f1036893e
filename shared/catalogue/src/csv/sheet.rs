//! A CSV file with a header, row by row.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use csv::{ByteRecord, ErrorKind, StringRecord};
use encoding_rs::GB18030;
use flate2::read::MultiGzDecoder;

/// A longer field is not a book's description but a quotation mark that was never closed.
const LONGEST_FIELD: usize = 32 * 1024;

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// The header is missing, or is not text.
    #[error("the file has no readable header line: {0}")]
    NoHeader(String),
    /// The header lacks a column without which no row makes sense.
    #[error("the header has no column {0:?}")]
    NoColumn(&'static str),
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A row that was passed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Reject {
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// What the row has in its first required column, as far as it can be read.
    pub id: Option<String>,
    /// What is wrong.
    pub reason: Reason,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// A required column is empty.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// A column does not hold what it should.
    #[error("{column}: {why}")]
    Invalid {
        /// Which column.
        column: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The row has more or fewer fields than the header.
    #[error("{found} fields where the header has {expected}")]
    Fields {
        /// How many the row has.
        found: u64,
        /// How many the header has.
        expected: u64,
    },
    /// A field is not text in the file's encoding.
    #[error("field {0} is not text in the encoding of the rows before it")]
    NotText(usize),
    /// A field is too long to be true.
    #[error("field {0} is longer than 32 KiB")]
    TooLong(usize),
    /// The file broke off; nothing comes after it.
    #[error("the file cannot be read on from here: {0}")]
    Unreadable(String),
}

/// The rows of a file.
pub struct Sheet {
    reader: csv::Reader<Box<dyn Read + Send>>,
    columns: Arc<HashMap<String, usize>>,
    id_column: usize,
    written: Option<Written>,
    ended: bool,
}

impl Sheet {
    /// Reads the header. The first of the `required` columns names a row in its [`Reject`].
    pub fn open(input: impl Read + Send + 'static, required: &[&'static str]) -> Result<Self, SheetError> {
        let mut reader = csv::Reader::from_reader(unzipped(input)?);
        let header = reader.byte_headers().map_err(|error| SheetError::NoHeader(error.to_string()))?;
        // The columns that mean something have ASCII names; what others are called does not matter.
        let name = |name: &[u8]| String::from_utf8_lossy(name).trim().to_ascii_lowercase();
        let columns: HashMap<String, usize> = header.iter().map(name).zip(0..).collect();
        if let Some(missing) = required.iter().find(|name| !columns.contains_key(**name)) {
            return Err(SheetError::NoColumn(missing));
        }
        let id_column = required.first().and_then(|name| columns.get(*name)).copied().unwrap_or_default();
        Ok(Self { reader, columns: Arc::new(columns), id_column, written: None, ended: false })
    }

    fn read(&mut self) -> Option<Result<Cells, Reject>> {
        let mut bytes = ByteRecord::new();
        let outcome = match self.reader.read_byte_record(&mut bytes) {
            Ok(false) => return None,
            Ok(true) => text(&bytes, &mut self.written),
            Err(error) => Err(self.reason(error.into_kind())),
        };
        let line = bytes.position().map_or(0, csv::Position::line);
        Some(match outcome {
            Ok(fields) => Ok(Cells { line, fields, columns: Arc::clone(&self.columns) }),
            Err(reason) => Err(Reject { line, id: self.id(&bytes), reason }),
        })
    }

    fn reason(&mut self, error: ErrorKind) -> Reason {
        match error {
            ErrorKind::UnequalLengths { expected_len, len, .. } => {
                Reason::Fields { found: len, expected: expected_len }
            }
            ErrorKind::Io(error) => {
                self.ended = true;
                Reason::Unreadable(error.to_string())
            }
            other => {
                self.ended = true;
                Reason::Unreadable(format!("{other:?}"))
            }
        }
    }

    fn id(&self, bytes: &ByteRecord) -> Option<String> {
        let id = String::from_utf8_lossy(bytes.get(self.id_column)?);
        let id: String = id.trim().chars().take(64).collect();
        (!id.is_empty()).then_some(id)
    }
}

impl Iterator for Sheet {
    type Item = Result<Cells, Reject>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended { None } else { self.read() }
    }
}

/// One row, its fields reached by the names in the header.
#[derive(Debug, Clone)]
pub struct Cells {
    /// The line on which the row begins, from 1.
    pub line: u64,
    fields: StringRecord,
    columns: Arc<HashMap<String, usize>>,
}

impl Cells {
    /// What a column holds, trimmed; `None` when it is empty or the file has no such column.
    pub fn get(&self, column: &str) -> Option<&str> {
        let text = self.fields.get(*self.columns.get(column)?)?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// What a required column holds.
    pub fn require(&self, column: &'static str) -> Result<&str, Reason> {
        self.get(column).ok_or(Reason::Empty(column))
    }

    /// What a required column holds, parsed.
    pub fn parse<T, E: std::fmt::Display>(
        &self,
        column: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, Reason> {
        parse(self.require(column)?).map_err(|error| Reason::Invalid { column, why: error.to_string() })
    }

    /// This row as a reject.
    pub fn reject(&self, id_column: &str, reason: Reason) -> Reject {
        Reject { line: self.line, id: self.get(id_column).map(str::to_owned), reason }
    }
}

/// How a file is written. The first row with more than ASCII in it decides: what is broken in a UTF-8 file must not become wrong characters
/// because some of them exist in GB 18030, where nearly everything does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Utf8,
    /// As spreadsheets in China save. Commas, quotation marks and line ends are the same bytes as in ASCII.
    Gb18030,
}

/// The fields as text, if they are.
fn text(bytes: &ByteRecord, written: &mut Option<Written>) -> Result<StringRecord, Reason> {
    if let Some(at) = bytes.iter().position(|field| field.len() > LONGEST_FIELD) {
        return Err(Reason::TooLong(at + 1));
    }
    let unicode = StringRecord::from_byte_record(bytes.clone());
    let ascii = bytes.as_slice().is_ascii();
    match (unicode, *written) {
        (Ok(fields), None) => {
            *written = (!ascii).then_some(Written::Utf8);
            Ok(fields)
        }
        (Ok(fields), Some(Written::Utf8)) => Ok(fields),
        (Ok(fields), Some(Written::Gb18030)) if ascii => Ok(fields),
        (Err(error), Some(Written::Utf8)) => Err(Reason::NotText(error.utf8_error().field() + 1)),
        (_, None | Some(Written::Gb18030)) => {
            let decode = |(at, field)| {
                GB18030
                    .decode_without_bom_handling_and_without_replacement(field)
                    .ok_or(Reason::NotText(at + 1))
            };
            let fields = bytes.iter().enumerate().map(decode).collect::<Result<StringRecord, Reason>>()?;
            *written = Some(Written::Gb18030);
            Ok(fields)
        }
    }
}

/// The bytes themselves, or what they unpack to when they begin like gzip.
fn unzipped(input: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    let mut input = BufReader::with_capacity(64 * 1024, input);
    if input.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        Ok(Box::new(MultiGzDecoder::new(input)))
    } else {
        Ok(Box::new(input))
    }
}
