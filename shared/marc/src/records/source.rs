//! The bytes of a file, unpacked, through a window that its user keeps small.

use std::io::{self, BufReader, Cursor, ErrorKind, Read};

use flate2::read::MultiGzDecoder;
use memchr::memmem;

use super::record::{FIELD_END, LEADER};
use crate::reject::OpenError;

/// How much is read at a time.
const CHUNK: usize = 64 * 1024;
/// How much of the file may be looked at to find out what it is.
const SNIFF: usize = 4 * 1024;

/// A file's bytes. What has not been consumed is in the window.
pub(super) struct Source {
    input: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    offset: u64,
    ended: bool,
}

/// What a file holds.
pub(super) enum Format {
    /// Leader, directory, fields.
    Iso2709,
    /// MARCXML, or another XML with the same elements.
    Xml,
}

impl Source {
    /// Unpacks what begins like gzip.
    pub(super) fn open(mut input: impl Read + Send + 'static) -> Result<Self, OpenError> {
        let mut head = [0; 2];
        let mut filled = 0;
        while let Some(room) = head.get_mut(filled..).filter(|room| !room.is_empty()) {
            match input.read(room) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        let head = head.get(..filled).unwrap_or_default().to_vec();
        let packed = head == [0x1f, 0x8b];
        let whole = Cursor::new(head).chain(input);
        let input: Box<dyn Read + Send> = if packed {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(CHUNK, whole)))
        } else {
            Box::new(whole)
        };
        Ok(Self { input, buffer: Vec::new(), start: 0, offset: 0, ended: false })
    }

    /// Finds out what the file holds, and steps over a byte order mark.
    pub(super) fn format(&mut self) -> Result<Format, OpenError> {
        self.fill(SNIFF)?;
        if self.window().starts_with(b"\xEF\xBB\xBF") {
            self.consume(3);
        }
        let window = self.window();
        let begin = window.iter().position(|byte| !byte.is_ascii_whitespace() && *byte != 0);
        let Some(begin) = begin else { return Err(OpenError::Empty) };
        let text = window.get(begin..).unwrap_or_default();
        if text.starts_with(b"<") {
            return Ok(Format::Xml);
        }
        // Whatever stands in a file of records, a field ends early in it.
        let digits = window.get(..5).is_some_and(|length| length.iter().all(u8::is_ascii_digit));
        let field_ends = window.get(LEADER..).is_some_and(|rest| memmem::find(rest, &[FIELD_END]).is_some());
        if digits || field_ends { Ok(Format::Iso2709) } else { Err(OpenError::Unrecognised) }
    }

    /// What has been read and not consumed.
    pub(super) fn window(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Where the window begins in the file.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether all of the rest is in the window.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Gives up the first `count` bytes of the window.
    pub(super) fn consume(&mut self, count: usize) {
        let count = count.min(self.window().len());
        self.start += count;
        self.offset += u64::try_from(count).unwrap_or_default();
    }

    /// Reads until the window has `want` bytes or the file ends. After an error nothing more comes.
    pub(super) fn fill(&mut self, want: usize) -> io::Result<()> {
        while self.window().len() < want && !self.ended {
            self.buffer.drain(..self.start);
            self.start = 0;
            let filled = self.buffer.len();
            self.buffer.resize(filled + CHUNK, 0);
            let outcome = self.input.read(self.buffer.get_mut(filled..).unwrap_or_default());
            self.buffer.truncate(filled + outcome.as_ref().copied().unwrap_or_default());
            match outcome {
                Ok(0) => self.ended = true,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}
