//! ISO 2709: where a record begins and ends.

use std::io;

use memchr::memchr;

use super::record::{FIELD_END, LEADER, RECORD_END, Record};
use super::source::Source;
use super::{Failure, Framed, directory};
use crate::charset::{self, Charset};
use crate::flavour::Flavour;
use crate::options::{Mode, Options};
use crate::reject::{Mended, Position, Reason, Warning};

/// The leader's length has five digits.
const LONGEST: usize = 99_999;
/// Leader, end of directory, end of record.
const SHORTEST: usize = LEADER + 2;

/// The records of an ISO 2709 file.
pub(super) struct Iso2709 {
    source: Source,
    mode: Mode,
    flavour: Option<Flavour>,
    charset: Option<Charset>,
    /// The encoding of the record before, which settles what a short record's bytes leave open.
    before: Option<Charset>,
}

/// A record's bytes, at the beginning of the window.
struct Frame {
    length: usize,
    mended: Option<Mended>,
}

impl Iso2709 {
    pub(super) fn new(source: Source, options: &Options) -> Self {
        Self { source, mode: options.mode, flavour: options.flavour, charset: options.charset, before: None }
    }

    pub(super) fn mode(&self) -> Mode {
        self.mode
    }

    pub(super) fn next(&mut self) -> Framed {
        if let Err(error) = self.skip_between() {
            return Some((self.source.offset(), Err(Reason::Unreadable(error.to_string()).into())));
        }
        if self.source.window().is_empty() {
            return None;
        }
        let mut offset = self.source.offset();
        let outcome = match self.frame() {
            Ok(Ok(frame)) => {
                let before = self.step_over_what_is_before(&frame);
                offset += u64::try_from(before).unwrap_or_default();
                let length = frame.length - before;
                let mended = if before > 0 { Some(Mended::Before) } else { frame.mended };
                let (used, outcome) = self.record(length, mended);
                self.source.consume(used);
                outcome
            }
            Ok(Err(reason)) => {
                let id = self.id(self.source.window().len().min(LONGEST));
                self.resume().err().map_or(Err(Failure { id, reason }), |error| {
                    Err(Reason::Unreadable(error.to_string()).into())
                })
            }
            Err(error) => Err(Reason::Unreadable(error.to_string()).into()),
        };
        Some((offset, outcome))
    }

    /// Line ends and padding between records are nobody's data.
    fn skip_between(&mut self) -> io::Result<()> {
        loop {
            self.source.fill(LEADER)?;
            let window = self.source.window();
            let padding = |byte: &u8| matches!(byte, b'\r' | b'\n' | 0 | 0x1A);
            let count = window.iter().take_while(|byte| padding(byte)).count();
            if count == 0 {
                return Ok(());
            }
            self.source.consume(count);
        }
    }

    /// The extent of the record that begins at the window's beginning. Outer error: the file; inner one: the record.
    fn frame(&mut self) -> io::Result<Result<Frame, Reason>> {
        let declared = declared_length(self.source.window());
        if let Some(length) = declared {
            self.source.fill(length)?;
            let last = self.source.window().get(length - 1).copied();
            if last == Some(RECORD_END) {
                return Ok(Ok(Frame { length, mended: None }));
            }
            if self.mode == Mode::Strict {
                let reason = if last.is_none() { Reason::Truncated } else { Reason::Length };
                return Ok(Err(reason));
            }
        } else if self.mode == Mode::Strict {
            return Ok(Err(Reason::NoLeader));
        }
        // The length is wrong. Where is the end?
        let end = self.terminator()?;
        if let Some(length) = declared {
            self.source.fill(length + LEADER)?;
            let next = self.source.window().get(length..).unwrap_or_default();
            if begins_like_a_record(next) && end.is_none_or(|end| end >= length) {
                return Ok(Ok(Frame { length, mended: Some(Mended::Terminator) }));
            }
        }
        Ok(match end {
            Some(end) => Ok(Frame { length: end + 1, mended: Some(Mended::Length) }),
            None if self.source.ended() && self.source.window().len() <= LONGEST => {
                Ok(Frame { length: self.source.window().len(), mended: Some(Mended::Terminator) })
            }
            None => Err(Reason::TooLong),
        })
    }

    /// Where in the window the next terminator is, if within what can be a record.
    fn terminator(&mut self) -> io::Result<Option<usize>> {
        let mut seen = 0;
        loop {
            let window = self.source.window();
            let within = window.get(seen..window.len().min(LONGEST)).unwrap_or_default();
            if let Some(at) = memchr(RECORD_END, within) {
                return Ok(Some(seen + at));
            }
            seen += within.len();
            if seen >= LONGEST || self.source.ended() {
                return Ok(None);
            }
            self.source.fill(seen + 1)?;
        }
    }

    /// Consumes up to and including the next terminator, however far it is.
    fn resume(&mut self) -> io::Result<()> {
        loop {
            let window = self.source.window();
            if let Some(at) = memchr(RECORD_END, window) {
                self.source.consume(at + 1);
                return Ok(());
            }
            self.source.consume(window.len());
            if self.source.ended() {
                return Ok(());
            }
            self.source.fill(1)?;
        }
    }

    /// In a record whose length is wrong, consumes what stands before a leader that fits, and says how much that was.
    fn step_over_what_is_before(&mut self, frame: &Frame) -> usize {
        let bytes = self.source.window().get(..frame.length).unwrap_or_default();
        if frame.mended != Some(Mended::Length) || begins_like_a_record(bytes) {
            return 0;
        }
        let before = (1..bytes.len().saturating_sub(SHORTEST))
            .find(|&at| {
                let rest = bytes.get(at..).unwrap_or_default();
                rest.first().is_some_and(u8::is_ascii_digit)
                    && declared_length(rest) == Some(rest.len())
                    && begins_like_a_record(rest)
            })
            .unwrap_or_default();
        self.source.consume(before);
        before
    }

    /// The record in the first `length` bytes of the window, and how many of them it has used.
    fn record(&mut self, length: usize, mended: Option<Mended>) -> (usize, Result<Record, Failure>) {
        let frame = self.source.window().get(..length).unwrap_or_default();
        // The length may have led over the end of this record to the end of another.
        let end = memchr(RECORD_END, frame).filter(|end| end + 1 < length && self.mode == Mode::Lenient);
        let (frame, mended, used) = match end {
            Some(end) if directory::by_the_book(frame).is_err() => {
                (frame.get(..=end).unwrap_or_default(), Some(Mended::Length), end + 1)
            }
            Some(_) | None => (frame, mended, length),
        };
        let outcome = read(frame, mended, self.mode, self.flavour, self.charset, self.before);
        let outcome = outcome.map_err(|reason| Failure { id: self.id(used), reason });
        if let Ok(record) = &outcome
            && !record.text.is_ascii()
        {
            self.before = Some(record.charset);
        }
        (used, outcome)
    }

    /// What the first `length` bytes of the window have in 001, as far as it can be read.
    fn id(&self, length: usize) -> Option<String> {
        let frame = self.source.window().get(..length)?;
        let spans = directory::by_the_book(frame).or_else(|_| directory::by_terminators(frame)).ok()?;
        let field = spans.iter().find(|span| span.tag == *b"001")?;
        let value = String::from_utf8_lossy(frame.get(field.start..field.end)?);
        let value: String = value.trim().chars().filter(|c| !c.is_control()).take(64).collect();
        (!value.is_empty()).then_some(value)
    }
}

/// A record from its bytes.
fn read(
    frame: &[u8],
    mended: Option<Mended>,
    mode: Mode,
    flavour: Option<Flavour>,
    asked: Option<Charset>,
    before: Option<Charset>,
) -> Result<Record, Reason> {
    let leader = frame.get(..LEADER).and_then(|leader| <[u8; LEADER]>::try_from(leader).ok());
    let leader = leader.filter(|_| frame.len() >= SHORTEST - 1).ok_or(Reason::NoLeader)?;
    let mut warnings: Vec<Warning> = mended.map(Warning::Mended).into_iter().collect();
    let spans = match directory::by_the_book(frame) {
        Ok(spans) => spans,
        Err(_) if frame.last() != Some(&RECORD_END) && mended == Some(Mended::Terminator) => {
            return Err(Reason::Truncated);
        }
        Err(why) if mode == Mode::Strict => return Err(Reason::Directory(why)),
        Err(why) => {
            if !begins_like_a_record(frame) && !leader.get(5..).is_some_and(<[u8]>::is_ascii) {
                return Err(Reason::NoLeader);
            }
            let (spans, how) = directory::by_terminators(frame)
                .map(|spans| (spans, Mended::Directory))
                .or_else(|()| directory::what_fits(frame).map(|spans| (spans, Mended::Fields)))
                .map_err(|()| Reason::Directory(why))?;
            warnings.push(Warning::Mended(how));
            spans
        }
    };
    if spans.is_empty() {
        return Err(Reason::NoFields);
    }
    let text = charset::decode(&charset::Bytes {
        leader: &leader,
        frame,
        spans: &spans,
        flavour,
        asked,
        before,
        mode,
    })?;
    warnings.extend(text.warnings);
    Ok(Record {
        position: Position::default(),
        warnings,
        charset: text.charset,
        leader,
        text: text.whole,
        spans: text.spans.unwrap_or(spans),
    })
}

/// The leader's length, if it can be one.
fn declared_length(bytes: &[u8]) -> Option<usize> {
    let length = directory::number(bytes.get(..5)?)?;
    (SHORTEST..=LONGEST).contains(&length).then_some(length)
}

/// Whether these bytes can be a leader: numbers where it has numbers, and one of its constants where they stand.
fn begins_like_a_record(bytes: &[u8]) -> bool {
    let Some(leader) = bytes.get(..LEADER) else { return false };
    let number = |range: std::ops::Range<usize>| leader.get(range).and_then(directory::number).is_some();
    let constant = leader.get(10..12) == Some(b"22") || leader.get(20..22) == Some(b"45");
    number(0..5) && number(12..17) && constant && !leader.contains(&FIELD_END)
}
