//! Text out of bytes: which encoding a record is in, and its characters.

mod eacc;
mod marc8;
mod sets;

use std::fmt;

use encoding_rs::{Encoding, GB18030, WINDOWS_1252};
use memchr::memchr;

use crate::flavour::Flavour;
use crate::options::Mode;
use crate::records::record::{SUBFIELD, Span};
use crate::reject::{Reason, Warning};

/// An encoding of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8.
    Utf8,
    /// GB18030, of which GBK and GB 2312 are parts.
    Gb18030,
    /// MARC-8 with all its sets.
    Marc8,
    /// Latin-1 as Windows has it.
    Latin1,
    /// Another one, which an XML declaration named.
    Declared(&'static str),
}

impl fmt::Display for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf8 => "UTF-8",
            Self::Gb18030 => "GB18030",
            Self::Marc8 => "MARC-8",
            Self::Latin1 => "Latin-1",
            Self::Declared(name) => name,
        })
    }
}

/// A record's bytes, and what is known of them.
pub(crate) struct Bytes<'a> {
    /// Leader.
    pub(crate) leader: &'a [u8],
    /// The whole record.
    pub(crate) frame: &'a [u8],
    /// Where in it the fields are.
    pub(crate) spans: &'a [Span],
    /// The dialect, if it was given.
    pub(crate) flavour: Option<Flavour>,
    /// The encoding, if it was given.
    pub(crate) asked: Option<Charset>,
    /// The encoding of the record before, if it was not ASCII.
    pub(crate) before: Option<Charset>,
    /// Whether guessing is allowed.
    pub(crate) mode: Mode,
}

/// A record's text.
pub(crate) struct Text {
    pub(crate) whole: String,
    /// Where in the text the fields are, if not where they were in the bytes.
    pub(crate) spans: Option<Vec<Span>>,
    pub(crate) charset: Charset,
    pub(crate) warnings: Vec<Warning>,
}

const ESCAPE: u8 = 0x1B;

/// Makes text of a record's bytes.
pub(crate) fn decode(bytes: &Bytes<'_>) -> Result<Text, Reason> {
    if let Some(charset) = bytes.asked {
        return bytes.insist(charset, false);
    }
    let says_utf8 = bytes.leader.get(9) == Some(&b'a');
    let escapes = memchr(ESCAPE, bytes.frame).is_some();
    if (says_utf8 || !escapes)
        && let Ok(text) = std::str::from_utf8(bytes.frame)
    {
        if text.is_ascii() || says_utf8 {
            return Ok(bytes.as_it_is(text, false));
        }
        let unimarc = bytes.flavour() == Flavour::Unimarc;
        if unimarc && bytes.may_be_gb18030(text) {
            return bytes.insist(Charset::Gb18030, false);
        }
        return Ok(bytes.as_it_is(text, !unimarc));
    }
    match bytes.flavour() {
        Flavour::Unimarc if escapes => bytes.insist(Charset::Marc8, false),
        Flavour::Unimarc => bytes.chinese_or_else(Charset::Gb18030, !bytes.says_chinese()),
        Flavour::Marc21 if says_utf8 => bytes.not_utf8_after_all(escapes),
        Flavour::Marc21 => {
            let text = bytes.slowly(Charset::Marc8);
            // Latin-1 and GBK use bytes that MARC-8 does not have.
            if text.unknown > 0 && !escapes {
                return bytes.chinese_or_else(Charset::Marc8, true);
            }
            bytes.accept(text, Charset::Marc8, false)
        }
    }
}

/// Text that was decoded field by field.
struct Decoded {
    text: String,
    spans: Vec<Span>,
    unknown: usize,
}

impl Bytes<'_> {
    fn flavour(&self) -> Flavour {
        self.flavour.unwrap_or_else(|| Flavour::of(self.spans.iter().map(|span| span.tag)))
    }

    fn field(&self, span: &Span) -> &[u8] {
        self.frame.get(span.start..span.end).unwrap_or_default()
    }

    /// Bytes that are UTF-8 become text as they are: nothing moves.
    #[expect(clippy::unused_self, reason = "reads as one of the ways to make text of these bytes")]
    fn as_it_is(&self, text: &str, guessed: bool) -> Text {
        let warnings = if guessed { vec![Warning::Guessed(Charset::Utf8)] } else { Vec::new() };
        Text { whole: text.to_owned(), spans: None, charset: Charset::Utf8, warnings }
    }

    /// This encoding and no other.
    fn insist(&self, charset: Charset, guessed: bool) -> Result<Text, Reason> {
        self.accept(self.slowly(charset), charset, guessed)
    }

    fn accept(&self, decoded: Decoded, charset: Charset, guessed: bool) -> Result<Text, Reason> {
        let mut warnings = Vec::new();
        if guessed {
            warnings.push(Warning::Guessed(charset));
        }
        if decoded.unknown > 0 {
            warnings.push(Warning::Unknown(decoded.unknown));
        }
        if self.mode == Mode::Strict && !warnings.is_empty() {
            return Err(Reason::NotText(charset));
        }
        Ok(Text { whole: decoded.text, spans: Some(decoded.spans), charset, warnings })
    }

    /// Not what `expected` would be, or not known at all: GB18030 if that fits, otherwise Latin-1, which always does.
    fn chinese_or_else(&self, expected: Charset, guessed: bool) -> Result<Text, Reason> {
        let chinese = self.slowly(Charset::Gb18030);
        if chinese.unknown == 0 && (self.says_chinese() || self.high_bytes_are_paired()) {
            return self.accept(chinese, Charset::Gb18030, guessed && !self.says_chinese());
        }
        if self.mode == Mode::Strict {
            return Err(Reason::NotText(expected));
        }
        if self.says_chinese() && expected == Charset::Gb18030 {
            let utf8 = self.slowly(Charset::Utf8);
            let (charset, best) = if utf8.unknown < chinese.unknown {
                (Charset::Utf8, utf8)
            } else {
                (Charset::Gb18030, chinese)
            };
            return self.accept(best, charset, false);
        }
        self.insist(Charset::Latin1, true)
    }

    /// The leader says UTF-8 and it is not, or not everywhere.
    fn not_utf8_after_all(&self, escapes: bool) -> Result<Text, Reason> {
        if self.mode == Mode::Strict {
            return Err(Reason::NotText(Charset::Utf8));
        }
        if escapes {
            return self.insist(Charset::Marc8, true);
        }
        let utf8 = self.slowly(Charset::Utf8);
        let readable =
            utf8.text.chars().filter(|c| !c.is_ascii() && *c != char::REPLACEMENT_CHARACTER).count();
        if readable > utf8.unknown {
            return self.accept(utf8, Charset::Utf8, false);
        }
        self.chinese_or_else(Charset::Utf8, true)
    }

    /// Decodes field by field, so that a broken character does not eat a separator.
    fn slowly(&self, charset: Charset) -> Decoded {
        let mut decoded = Decoded {
            text: String::with_capacity(self.frame.len() * 3 / 2),
            spans: Vec::with_capacity(self.spans.len()),
            unknown: 0,
        };
        for span in self.spans {
            let start = decoded.text.len();
            let field = self.field(span);
            decoded.unknown += match charset {
                Charset::Utf8 => utf8(field, &mut decoded.text),
                Charset::Gb18030 => with(GB18030, field, &mut decoded.text),
                Charset::Latin1 => with(WINDOWS_1252, field, &mut decoded.text),
                Charset::Marc8 => marc8_field(field, &mut decoded.text),
                Charset::Declared(name) => {
                    let encoding = Encoding::for_label(name.as_bytes()).unwrap_or(WINDOWS_1252);
                    with(encoding, field, &mut decoded.text)
                }
            };
            decoded.spans.push(Span { tag: span.tag, start, end: decoded.text.len() });
        }
        decoded
    }

    /// Whether the record says that its text or its maker is Chinese.
    fn says_chinese(&self) -> bool {
        self.before == Some(Charset::Gb18030)
            || self.spans.iter().any(|span| {
                let field = self.field(span);
                let has = |needle: &[u8]| field.windows(needle.len()).any(|part| part == needle);
                match &span.tag {
                    b"008" => field.get(35..38) == Some(b"chi"),
                    b"041" | b"101" => has(b"\x1Fachi"),
                    b"102" | b"801" => has(b"\x1FaCN"),
                    _ => false,
                }
            })
    }

    /// Whether text that is also UTF-8 is rather GB18030: UTF-8 of Chinese has three bytes a character, and here none has.
    fn may_be_gb18030(&self, text: &str) -> bool {
        self.says_chinese()
            && text.chars().all(|c| c.len_utf8() < 3)
            && self.high_bytes_are_paired()
            && self.slowly(Charset::Gb18030).unknown == 0
    }

    /// Whether bytes beyond ASCII come in pairs, as those of Chinese mostly do and single accented letters do not.
    fn high_bytes_are_paired(&self) -> bool {
        let runs = || self.frame.chunk_by(|a, b| a.is_ascii() == b.is_ascii()).filter(|run| !run.is_ascii());
        let odd = runs().filter(|run| !run.len().is_multiple_of(2)).count();
        odd * 4 <= runs().count()
    }
}

fn utf8(bytes: &[u8], out: &mut String) -> usize {
    let mut unknown = 0;
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            out.push(char::REPLACEMENT_CHARACTER);
            unknown += 1;
        }
    }
    unknown
}

fn with(encoding: &'static Encoding, bytes: &[u8], out: &mut String) -> usize {
    let (text, bad) = encoding.decode_without_bom_handling(bytes);
    out.push_str(&text);
    if bad { text.chars().filter(|&c| c == char::REPLACEMENT_CHARACTER).count().max(1) } else { 0 }
}

/// MARC-8 starts anew in each subfield.
fn marc8_field(field: &[u8], out: &mut String) -> usize {
    let mut unknown = 0;
    for (place, part) in field.split(|&byte| byte == SUBFIELD).enumerate() {
        if place > 0 {
            out.push(char::from(SUBFIELD));
        }
        unknown += marc8::decode(part, out);
    }
    unknown
}
