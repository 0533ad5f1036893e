//! Records as they stand in a file: leader and fields, as text, with no meaning given to them.

mod directory;
mod iso2709;
pub(crate) mod record;
mod source;
mod xml;

use std::io::Read;

pub use record::{Field, Record, Subfields, Tag};

use crate::options::Options;
use crate::reject::{OpenError, Position, Reason, Reject};
use iso2709::Iso2709;
use source::{Format, Source};
use xml::Xml;

/// The records of a file, one by one. Memory is bounded by the longest record, whatever the file holds.
pub struct Records {
    framing: Framing,
    count: u64,
    ended: bool,
}

enum Framing {
    Iso2709(Iso2709),
    Xml(Xml),
}

/// What a framing gives: the offset of what it found, and that; `None` at the end.
type Framed = Option<(u64, Result<Record, Failure>)>;

/// Why there is no record here.
struct Failure {
    id: Option<String>,
    reason: Reason,
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Self { id: None, reason }
    }
}

impl Records {
    /// Finds out what the file holds: ISO 2709 or MARCXML, packed by gzip or not, with a byte order mark or not.
    pub fn open(input: impl Read + Send + 'static, options: &Options) -> Result<Self, OpenError> {
        let mut source = Source::open(input)?;
        let framing = match source.format()? {
            Format::Iso2709 => Framing::Iso2709(Iso2709::new(source, options)),
            Format::Xml => Framing::Xml(Xml::new(source, options.mode)),
        };
        Ok(Self { framing, count: 0, ended: false })
    }

    /// Ends the reading: nothing comes after this.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }
}

impl Iterator for Records {
    type Item = Result<Record, Reject>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let (framed, mode) = match &mut self.framing {
            Framing::Iso2709(iso) => (iso.next(), iso.mode()),
            Framing::Xml(xml) => (xml.next(), xml.mode()),
        };
        let Some((offset, outcome)) = framed else {
            self.ended = true;
            return None;
        };
        self.count += 1;
        let position = Position { record: self.count, offset };
        Some(match outcome {
            Ok(mut record) => {
                record.position = position;
                Ok(record)
            }
            Err(Failure { id, reason }) => {
                self.ended = mode == crate::Mode::Strict || matches!(reason, Reason::Unreadable(_));
                Err(Reject { position, id, reason })
            }
        })
    }
}
