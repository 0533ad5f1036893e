//! MARCXML: where a record begins and ends, and what is in it.
//!
//! A record is cut out of the stream by its tags and then parsed by itself. So what is broken in one record ends with it, no record is
//! held that is longer than it may be, and a document type with entities is never read, let alone expanded.

use std::borrow::Cow;
use std::io;

use encoding_rs::{Encoding, UTF_8};
use memchr::{memchr, memmem};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::record::{LEADER, Record, SUBFIELD, Span, Tag};
use super::source::Source;
use super::{Failure, Framed};
use crate::charset::Charset;
use crate::options::Mode;
use crate::reject::{Mended, Position, Reason, Warning};

/// Ten times what ISO 2709 can hold, for what the markup adds.
const LONGEST: usize = 1024 * 1024;
/// Room for the longest sensible name of an element, to see which it is.
const NAME: usize = 128;

/// The records of an XML file.
pub(super) struct Xml {
    source: Source,
    mode: Mode,
    encoding: Option<&'static Encoding>,
}

/// What a `<` begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Markup {
    /// Something that ends only with this.
    Until(&'static [u8]),
    /// `<record`, with whatever prefix.
    Record,
    /// `</record`.
    RecordEnd,
    /// Any other.
    Other,
}

impl Xml {
    pub(super) fn new(source: Source, mode: Mode) -> Self {
        Self { source, mode, encoding: None }
    }

    pub(super) fn mode(&self) -> Mode {
        self.mode
    }

    pub(super) fn next(&mut self) -> Framed {
        let unreadable = |error: &io::Error| Err(Reason::Unreadable(error.to_string()).into());
        if self.encoding.is_none() {
            self.encoding = Some(self.declared().unwrap_or(UTF_8));
        }
        match self.find_record() {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => return Some((self.source.offset(), unreadable(&error))),
        }
        let frame = self.frame();
        // Known only now: a record that wraps this one has been stepped over.
        let offset = self.source.offset();
        let outcome = match frame {
            Ok(Ok(length)) => {
                let frame = self.source.window().get(..length).unwrap_or_default();
                let outcome = parse(frame, self.encoding.unwrap_or(UTF_8), self.mode);
                self.source.consume(length);
                outcome
            }
            Ok(Err((length, reason))) => {
                let id = self.source.window().get(..length).and_then(id);
                self.source.consume(length);
                Err(Failure { id, reason })
            }
            Err(error) => unreadable(&error),
        };
        Some((offset, outcome))
    }

    /// The encoding that the XML declaration names.
    fn declared(&self) -> Option<&'static Encoding> {
        let window = self.source.window();
        let end = memmem::find(window.get(..window.len().min(NAME))?, b"?>")?;
        let declaration = window.get(..end)?;
        let after = declaration.get(memmem::find(declaration, b"encoding")?..)?;
        let quoted = after.get(after.iter().position(|byte| matches!(byte, b'"' | b'\''))? + 1..)?;
        let label = quoted.get(..quoted.iter().position(|byte| matches!(byte, b'"' | b'\''))?)?;
        Encoding::for_label(label).filter(|encoding| encoding.is_ascii_compatible())
    }

    /// Consumes up to the next `<record`; false at the end of the file.
    fn find_record(&mut self) -> io::Result<bool> {
        loop {
            self.source.fill(1)?;
            let window = self.source.window();
            if window.is_empty() {
                return Ok(false);
            }
            let Some(at) = memchr(b'<', window) else {
                self.source.consume(window.len());
                continue;
            };
            self.source.consume(at);
            match self.markup(0)? {
                Markup::Record => return Ok(true),
                Markup::RecordEnd | Markup::Other => self.source.consume(1),
                Markup::Until(end) => self.skip_past(end)?,
            }
        }
    }

    /// Consumes up to and including `end`, or everything.
    fn skip_past(&mut self, end: &[u8]) -> io::Result<()> {
        loop {
            self.source.fill(end.len())?;
            let window = self.source.window();
            if let Some(at) = memmem::find(window, end) {
                self.source.consume(at + end.len());
                return Ok(());
            }
            if window.len() < end.len() {
                self.source.consume(window.len());
                return Ok(());
            }
            self.source.consume(window.len() + 1 - end.len());
        }
    }

    /// The length of the innermost record that begins at the window's beginning. On failure, how much to give up.
    fn frame(&mut self) -> io::Result<Result<usize, (usize, Reason)>> {
        let Some(mut at) = self.after(0, b">")? else { return Ok(Err(self.no_end())) };
        if at >= 2 && self.source.window().get(at - 2) == Some(&b'/') {
            return Ok(Ok(at));
        }
        loop {
            let Some(found) = self.after(at, b"<")? else { return Ok(Err(self.no_end())) };
            let begin = found - 1;
            match self.markup(begin)? {
                Markup::Other => at = found,
                Markup::Until(end) => {
                    let Some(after) = self.after(found, end)? else { return Ok(Err(self.no_end())) };
                    at = after;
                }
                Markup::RecordEnd => {
                    let end = self.after(begin, b">")?;
                    return Ok(end.ok_or_else(|| self.no_end()));
                }
                Markup::Record => {
                    let outer = self.source.window().get(..begin).unwrap_or_default();
                    if memmem::find(outer, b"field").is_some() {
                        let reason = Reason::Xml("the record is not closed".to_owned());
                        return Ok(Err((begin, reason)));
                    }
                    // An envelope (OAI-PMH, SRU) that is called record too.
                    self.source.consume(begin);
                    let Some(after) = self.after(0, b">")? else { return Ok(Err(self.no_end())) };
                    if after >= 2 && self.source.window().get(after - 2) == Some(&b'/') {
                        return Ok(Ok(after));
                    }
                    at = after;
                }
            }
        }
    }

    /// Where in the window the next `needle` from `from` on ends, if within what can be a record.
    fn after(&mut self, from: usize, needle: &[u8]) -> io::Result<Option<usize>> {
        let mut from = from;
        loop {
            let window = self.source.window();
            if let Some(at) = window.get(from..).and_then(|rest| memmem::find(rest, needle)) {
                return Ok(Some(from + at + needle.len()).filter(|end| *end <= LONGEST));
            }
            if self.source.ended() || window.len() > LONGEST {
                return Ok(None);
            }
            let seen = window.len();
            from = from.max((seen + 1).saturating_sub(needle.len()));
            self.source.fill(seen + 1)?;
        }
    }

    fn no_end(&self) -> (usize, Reason) {
        let length = self.source.window().len();
        if length > LONGEST { (LONGEST, Reason::TooLong) } else { (length, Reason::Truncated) }
    }

    /// What the `<` at `at` begins.
    fn markup(&mut self, at: usize) -> io::Result<Markup> {
        self.source.fill(at + NAME)?;
        let window = self.source.window();
        let text = window.get(at + 1..window.len().min(at + NAME)).unwrap_or_default();
        Ok(if text.starts_with(b"!--") {
            Markup::Until(b"-->")
        } else if text.starts_with(b"![CDATA[") {
            Markup::Until(b"]]>")
        } else if text.starts_with(b"?") {
            Markup::Until(b"?>")
        } else {
            let (closes, name) = text.strip_prefix(b"/").map_or((false, text), |name| (true, name));
            let end = name.iter().position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'));
            let name = end.and_then(|end| name.get(..end)).unwrap_or_default();
            match name.rsplit(|&byte| byte == b':').next() {
                Some(b"record") if closes => Markup::RecordEnd,
                Some(b"record") => Markup::Record,
                Some(_) | None => Markup::Other,
            }
        })
    }
}

/// What a record that cannot be parsed has in 001.
fn id(frame: &[u8]) -> Option<String> {
    let after = frame.get(memmem::find(frame, br#"tag="001""#)?..)?;
    let value = after.get(memchr(b'>', after)? + 1..)?;
    let value = String::from_utf8_lossy(value.get(..memchr(b'<', value)?)?);
    let value: String = value.trim().chars().filter(|c| !c.is_control()).take(64).collect();
    (!value.is_empty()).then_some(value)
}

/// A record from its XML.
fn parse(frame: &[u8], encoding: &'static Encoding, mode: Mode) -> Result<Record, Failure> {
    let (xml, charset, mut warnings) = text(frame, encoding, mode)?;
    let failed = |reason| Failure { id: id(frame), reason };
    let mut builder = Builder::new(mode);
    let mut reader = Reader::from_str(&xml);
    loop {
        match reader.read_event().map_err(|error| failed(Reason::Xml(error.to_string())))? {
            Event::Start(element) => builder.start(&element).map_err(failed)?,
            Event::Empty(element) => {
                builder.start(&element).map_err(failed)?;
                builder.end(element.local_name().as_ref());
            }
            Event::End(element) => builder.end(element.local_name().as_ref()),
            Event::Text(text) => builder.text(&text.xml10_content()),
            Event::CData(text) => builder.text(&text.xml10_content()),
            Event::GeneralRef(name) => builder.reference(&name).map_err(failed)?,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof => break,
        }
    }
    if builder.spans.is_empty() {
        return Err(Reason::NoFields.into());
    }
    warnings.append(&mut builder.warnings);
    Ok(Record {
        position: Position::default(),
        warnings,
        charset,
        leader: builder.leader,
        text: builder.text,
        spans: builder.spans,
    })
}

/// The record's XML as text.
fn text<'a>(
    frame: &'a [u8],
    encoding: &'static Encoding,
    mode: Mode,
) -> Result<(Cow<'a, str>, Charset, Vec<Warning>), Failure> {
    let charset = if encoding == UTF_8 { Charset::Utf8 } else { Charset::Declared(encoding.name()) };
    if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(frame) {
        return Ok((text, charset, Vec::new()));
    }
    if mode == Mode::Strict {
        return Err(Failure { id: id(frame), reason: Reason::NotText(charset) });
    }
    let (text, _) = encoding.decode_without_bom_handling(frame);
    let unknown = text.chars().filter(|&c| c == char::REPLACEMENT_CHARACTER).count();
    Ok((text, charset, vec![Warning::Unknown(unknown)]))
}

/// A record in the making. Its fields are written as ISO 2709 has them.
struct Builder {
    mode: Mode,
    leader: [u8; LEADER],
    text: String,
    spans: Vec<Span>,
    warnings: Vec<Warning>,
    open: Open,
    /// Where the open field began in the text.
    field: Option<(Tag, usize)>,
    written_leader: String,
}

/// The element whose text is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Leader,
    Control,
    Subfield,
    /// Text here is only layout.
    None,
}

impl Builder {
    fn new(mode: Mode) -> Self {
        Self {
            mode,
            leader: [b' '; LEADER],
            text: String::with_capacity(4 * 1024),
            spans: Vec::with_capacity(64),
            warnings: Vec::new(),
            open: Open::None,
            field: None,
            written_leader: String::new(),
        }
    }

    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), Reason> {
        self.open = Open::None;
        match element.local_name().as_ref() {
            "leader" => self.open = Open::Leader,
            "controlfield" => {
                if let Some(tag) = self.tag(element)? {
                    self.field = Some((tag, self.text.len()));
                    self.open = Open::Control;
                }
            }
            "datafield" => {
                if let Some(tag) = self.tag(element)? {
                    self.field = Some((tag, self.text.len()));
                    for name in ["ind1", "ind2"] {
                        let indicator = attribute(element, name)?;
                        self.text.push(indicator.and_then(|value| value.chars().next()).unwrap_or(' '));
                    }
                }
            }
            "subfield" if self.field.is_some() => {
                match attribute(element, "code")?.and_then(|code| code.chars().next()) {
                    Some(code) => {
                        self.text.push(char::from(SUBFIELD));
                        self.text.push(code);
                        self.open = Open::Subfield;
                    }
                    None => self.nameless()?,
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &str) {
        match name {
            "leader" if self.open == Open::Leader => {
                for (place, byte) in self.leader.iter_mut().zip(self.written_leader.bytes()) {
                    *place = byte;
                }
            }
            "controlfield" | "datafield" => {
                if let Some((tag, start)) = self.field.take() {
                    self.spans.push(Span { tag, start, end: self.text.len() });
                }
            }
            _ => {}
        }
        self.open = Open::None;
    }

    fn text(&mut self, text: &str) {
        match self.open {
            Open::Leader => self.written_leader.push_str(text),
            // Separators of ISO 2709 are no characters of XML, but can be smuggled in.
            Open::Control | Open::Subfield if text.bytes().any(|byte| byte < b' ') => {
                self.text.extend(text.chars().filter(|c| *c >= ' ' || c.is_ascii_whitespace()));
            }
            Open::Control | Open::Subfield => self.text.push_str(text),
            Open::None => {}
        }
    }

    fn reference(&mut self, name: &BytesRef<'_>) -> Result<(), Reason> {
        let character = match &**name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => name.resolve_char_ref().ok().flatten(),
        };
        match character {
            Some(character) => self.text(character.encode_utf8(&mut [0; 4])),
            None if self.mode == Mode::Strict => {
                return Err(Reason::Xml("an entity that is not predefined".to_owned()));
            }
            None => {
                self.warn(Mended::Entity);
                self.text(&format!("&{};", &**name));
            }
        }
        Ok(())
    }

    /// The element's tag in three characters, as `1` is also seen for 001.
    fn tag(&mut self, element: &BytesStart<'_>) -> Result<Option<Tag>, Reason> {
        let tag =
            attribute(element, "tag")?.and_then(|tag| Tag::try_from(format!("{tag:0>3}").as_bytes()).ok());
        self.field = None;
        if tag.is_none() {
            self.nameless()?;
        }
        Ok(tag)
    }

    fn nameless(&mut self) -> Result<(), Reason> {
        if self.mode == Mode::Strict {
            return Err(Reason::Xml("a field without tag, or a subfield without code".to_owned()));
        }
        self.warn(Mended::Nameless);
        Ok(())
    }

    fn warn(&mut self, mended: Mended) {
        let warning = Warning::Mended(mended);
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

fn attribute<'a>(element: &BytesStart<'a>, name: &str) -> Result<Option<Cow<'a, str>>, Reason> {
    let attribute = element.try_get_attribute(name).map_err(|error| Reason::Xml(error.to_string()))?;
    let Some(attribute) = attribute else { return Ok(None) };
    let value =
        quick_xml::escape::unescape(&attribute.value).map_err(|error| Reason::Xml(error.to_string()))?;
    Ok(Some(Cow::Owned(value.into_owned())))
}
