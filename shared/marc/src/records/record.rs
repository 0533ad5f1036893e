//! One record as text.

use memchr::memchr;

use crate::charset::Charset;
use crate::reject::{Position, Warning};

/// Begins a subfield; the next character is its code.
pub(crate) const SUBFIELD: u8 = 0x1F;
/// Ends a field, and the directory.
pub(crate) const FIELD_END: u8 = 0x1E;
/// Ends a record.
pub(crate) const RECORD_END: u8 = 0x1D;
/// Bytes of a leader.
pub(crate) const LEADER: usize = 24;

/// A field's three characters, `245`.
pub type Tag = [u8; 3];

/// One record. Its text is one string, in which its fields are ranges: reading a field copies nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it stands in the file.
    pub position: Position,
    /// What was mended or guessed when it was read.
    pub warnings: Vec<Warning>,
    pub(crate) charset: Charset,
    pub(crate) leader: [u8; LEADER],
    pub(crate) text: String,
    pub(crate) spans: Vec<Span>,
}

/// Where a field stands in the record's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) tag: Tag,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Record {
    /// The leader's byte at `place`, from 0; a space where the leader is too short.
    pub fn leader(&self, place: usize) -> u8 {
        self.leader.get(place).copied().unwrap_or(b' ')
    }

    /// The encoding its text was in.
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// The fields in the order of the directory.
    pub fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.spans.iter().map(|span| Field {
            tag: span.tag,
            text: self.text.get(span.start..span.end).unwrap_or_default(),
        })
    }

    /// The first field with this tag.
    pub fn field(&self, tag: Tag) -> Option<Field<'_>> {
        self.fields().find(|field| field.tag == tag)
    }

    /// What field 001 holds, if anything. Where it has subfields, as in Denmark, the first is meant.
    pub fn id(&self) -> Option<&str> {
        let field = self.field(*b"001")?;
        let id = field.subfields().next().map_or(field.text, |(_, value)| value).trim();
        (!id.is_empty()).then_some(id)
    }
}

/// A field of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its tag.
    pub tag: Tag,
    /// All of it: of a control field (001–009) its value, of others indicators and subfields with their separators.
    pub text: &'a str,
}

impl<'a> Field<'a> {
    /// The first or second indicator (0 or 1); a space where it is missing.
    pub fn indicator(&self, which: usize) -> char {
        self.text.chars().take_while(|&c| c != char::from(SUBFIELD)).nth(which).unwrap_or(' ')
    }

    /// Its subfields in their order.
    pub fn subfields(&self) -> Subfields<'a> {
        let rest = memchr(SUBFIELD, self.text.as_bytes()).and_then(|at| self.text.get(at + 1..));
        Subfields { rest }
    }

    /// The first subfield with this code.
    pub fn first(&self, code: char) -> Option<&'a str> {
        self.subfields().find(|(found, _)| *found == code).map(|(_, value)| value)
    }

    /// All subfields with this code.
    pub fn all(&self, code: char) -> impl Iterator<Item = &'a str> {
        self.subfields().filter(move |(found, _)| *found == code).map(|(_, value)| value)
    }
}

/// The subfields of a field: code and value.
#[derive(Debug, Clone)]
pub struct Subfields<'a> {
    rest: Option<&'a str>,
}

impl<'a> Iterator for Subfields<'a> {
    type Item = (char, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.rest?;
            let end = memchr(SUBFIELD, rest.as_bytes()).unwrap_or(rest.len());
            let (subfield, after) = rest.split_at_checked(end)?;
            self.rest = after.get(1..);
            let mut chars = subfield.chars();
            // Two separators in a row are nobody's subfield.
            if let Some(code) = chars.next() {
                return Some((code, chars.as_str()));
            }
        }
    }
}
