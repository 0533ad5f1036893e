//! MARC-8: ASCII and ANSEL, and by escape sequences Greek, Hebrew, Arabic, Cyrillic, sub- and superscripts, and East Asian.
//!
//! <https://www.loc.gov/marc/specifications/speccharmarc8.html>. Two sets are in force: G0 for bytes below 0x80, G1 for those above.
//! Marks stand before their letter, which in Unicode they follow; the result is NFC.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::sets::{self, Set};
use super::{ESCAPE, eacc};

/// What a designation brings into force.
#[derive(Clone, Copy)]
enum Designated {
    One(&'static Set),
    EastAsian,
}

/// Appends the text of one subfield; says how many characters there were that MARC-8 does not have.
pub(super) fn decode(bytes: &[u8], out: &mut String) -> usize {
    if bytes.is_ascii() && !bytes.contains(&ESCAPE) && !bytes.windows(3).any(|part| part == b"&#x") {
        out.extend(std::str::from_utf8(bytes));
        return 0;
    }
    let start = out.len();
    let mut state = State {
        g0: Designated::One(&sets::ASCII),
        g1: Designated::One(&sets::ANSEL),
        marks: String::new(),
        out,
        unknown: 0,
    };
    let mut rest = bytes;
    while !rest.is_empty() {
        rest = state.step(rest);
    }
    let unknown = state.unknown;
    if out.get(start..).is_some_and(|text| is_nfc_quick(text.chars()) != IsNormalized::Yes) {
        let text = out.split_off(start);
        out.extend(text.nfc());
    }
    unknown
}

struct State<'a> {
    g0: Designated,
    g1: Designated,
    /// Marks that wait for their letter. Those that never find one are dropped.
    marks: String,
    out: &'a mut String,
    unknown: usize,
}

impl State<'_> {
    /// Reads one character or escape sequence; gives what comes after it, which is always less.
    fn step<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let Some((&first, rest)) = bytes.split_first() else { return &[] };
        match first {
            ESCAPE => self.escape(rest),
            b' ' => {
                self.push(' ');
                rest
            }
            // Joiner and non-joiner. The other control characters bracket what is not to be sorted by, or mean nothing.
            0x8D => {
                self.push('\u{200D}');
                rest
            }
            0x8E => {
                self.push('\u{200C}');
                rest
            }
            0..=0x1F | 0x7F..=0x9F => rest,
            b'&' if matches!(self.g0, Designated::One(_)) && rest.starts_with(b"#x") => self.reference(rest),
            _ => {
                let designated = if first < 0x80 { self.g0 } else { self.g1 };
                match designated {
                    Designated::One(set) => {
                        self.one(set, first);
                        rest
                    }
                    Designated::EastAsian => self.east_asian(bytes),
                }
            }
        }
    }

    fn one(&mut self, set: &Set, byte: u8) {
        let place = usize::from(byte & 0x7F).wrapping_sub(0x20);
        let point = set.chars.get(place).copied().filter(|&point| point != 0);
        match point.and_then(|point| char::from_u32(u32::from(point))) {
            Some(mark) if set.marks >> place & 1 == 1 => self.marks.push(mark),
            Some(letter) => self.push(letter),
            None => self.unreadable(),
        }
    }

    fn east_asian<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        if let Some((key, rest)) = bytes.split_first_chunk::<3>()
            && !key.contains(&ESCAPE)
        {
            match eacc::character(key.map(|byte| byte & 0x7F)) {
                Some(letter) => self.push(letter),
                None => self.unreadable(),
            }
            return rest;
        }
        // Cut off: what is left of it goes, up to the next designation.
        self.unreadable();
        let cut = bytes.iter().position(|&byte| byte == ESCAPE).unwrap_or(bytes.len());
        bytes.get(cut..).unwrap_or_default()
    }

    /// `&#x6F22;`: how a character that MARC-8 lacks is written in it without loss.
    fn reference<'b>(&mut self, after_ampersand: &'b [u8]) -> &'b [u8] {
        let digits = after_ampersand.get(2..).unwrap_or_default();
        let end = digits.iter().take(7).position(|&byte| byte == b';');
        let character = end
            .and_then(|end| std::str::from_utf8(digits.get(..end)?).ok())
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| char::from_u32(u32::from_str_radix(digits, 16).ok()?))
            .filter(|character| !character.is_control());
        if let (Some(end), Some(character)) = (end, character) {
            self.push(character);
            digits.get(end + 1..).unwrap_or_default()
        } else {
            self.push('&');
            after_ampersand
        }
    }

    fn escape<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let (g1, set, rest) = match bytes {
            [b's', rest @ ..] => (false, single(b'B'), rest),
            [b'$', b')' | b'-', b'1', rest @ ..] => (true, Some(Designated::EastAsian), rest),
            [b'$', b'(' | b',', b'1', rest @ ..] | [b'$', b'1', rest @ ..] => {
                (false, Some(Designated::EastAsian), rest)
            }
            // ANSEL's final has two characters.
            [b'(' | b',', b'!', b'E', rest @ ..] => (false, single(b'E'), rest),
            [b')' | b'-', b'!', b'E', rest @ ..] => (true, single(b'E'), rest),
            [set @ (b'b' | b'p' | b'g'), rest @ ..] | [b'(' | b',', set, rest @ ..] => {
                (false, single(*set), rest)
            }
            [b')' | b'-', set, rest @ ..] => (true, single(*set), rest),
            _ => (false, None, bytes),
        };
        match set {
            Some(set) if g1 => self.g1 = set,
            Some(set) => self.g0 = set,
            None => self.unknown += 1,
        }
        rest
    }

    fn push(&mut self, letter: char) {
        self.out.push(letter);
        self.out.push_str(&self.marks);
        self.marks.clear();
    }

    fn unreadable(&mut self) {
        self.unknown += 1;
        self.push(char::REPLACEMENT_CHARACTER);
    }
}

/// The one-byte set with this final character.
fn single(name: u8) -> Option<Designated> {
    Some(Designated::One(match name {
        b'B' => &sets::ASCII,
        b'E' => &sets::ANSEL,
        b'2' => &sets::HEBREW,
        b'3' => &sets::ARABIC,
        b'4' => &sets::ARABIC_MORE,
        b'N' => &sets::CYRILLIC,
        b'Q' => &sets::CYRILLIC_MORE,
        b'S' => &sets::GREEK,
        b'b' => &sets::SUBSCRIPT,
        b'p' => &sets::SUPERSCRIPT,
        b'g' => &sets::GREEK_SYMBOLS,
        // The East Asian set, designated as if it had one byte: seen in the wild.
        b'1' => return Some(Designated::EastAsian),
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::decode;

    fn text(bytes: &[u8]) -> String {
        let mut out = String::new();
        decode(bytes, &mut out);
        out
    }

    #[test]
    fn a_mark_stands_before_its_letter_and_becomes_one_with_it() {
        assert_eq!(text(b"caf\xe2e"), "café");
        assert_eq!(text(b"Dvo\xe9r\xe2ak"), "Dvořák");
        assert_eq!(text(b"Vi\xf2\xe3et Nam"), "Việt Nam");
        assert_eq!(text(b"\xebi\xeca"), "i\u{fe20}a\u{fe21}");
        assert_eq!(text(b"left over\xe2"), "left over");
    }

    #[test]
    fn letters_of_ansel_are_themselves() {
        assert_eq!(text(b"\xa1\xb1\xa2\xb2\xa5\xb5\xb8\xc7\xc3"), "ŁłØøÆæıß©");
    }

    #[test]
    fn other_scripts_come_by_escape_sequences_and_go_by_them() {
        assert_eq!(text(b"\x1b(NpRAWDA\x1b(B!"), "Правда!");
        assert_eq!(text(b"\x1b(Sabd\x1bs!"), "αβγ!");
        assert_eq!(text(b"\x1b(2`ab\x1b(B."), "אבג.");
        assert_eq!(text(b"\x1b,2`ab\x1bs."), "אבג.");
        assert_eq!(text(b"\x1b(3GH\x1b(B"), "اب");
        assert_eq!(text(b"H\x1bb2\x1bsO, x\x1bp2\x1bs"), "H₂O, x²");
        assert_eq!(text(b"\x1bgabc\x1bs"), "αβγ");
    }

    #[test]
    fn a_set_in_the_upper_half_is_read_like_the_same_in_the_lower() {
        let lower = text(b"\x1b(NpRAWDA");
        let upper: Vec<u8> = b"pRAWDA".iter().map(|byte| byte | 0x80).collect();
        assert_eq!(text(&[b"\x1b)N", upper.as_slice()].concat()), lower);
        assert_eq!(text(b"\x1b)!E\xe2e"), "é");
    }

    #[test]
    fn east_asian_characters_have_three_bytes() {
        assert_eq!(text(b"\x1b$1!0!\x1b(B one"), "一 one");
        assert_eq!(text(b"\x1b$1!0I !0!\x1b(B"), "乞 一");
        assert_eq!(text(b"\x1b$)1\xa1\xb0\xa1"), "一");
        assert_eq!(text(b"\x1b$1!0"), "\u{fffd}");
        assert_eq!(text(b"\x1b$1!0\x1b(Bx"), "\u{fffd}x");
    }

    #[test]
    fn a_character_that_marc8_lacks_may_be_written_by_its_number() {
        assert_eq!(text(b"&#x6F22; &#x; &#xD800; &amp;"), "漢 &#x; &#xD800; &amp;");
    }

    #[test]
    fn what_cannot_be_read_is_counted() {
        let mut out = String::new();
        assert_eq!(decode(b"a\xffb\xfc \x1b(?c\x1b", &mut out), 4);
        assert_eq!(out, "a\u{fffd}b\u{fffd} c");
    }
}
