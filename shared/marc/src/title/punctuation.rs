//! What cataloguing rules put between the parts of a description (ISBD), and what files put between characters.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Text without control characters (among them the marks around what is not sorted by), with single blanks, in NFC; `None` if
/// nothing is left.
pub(crate) fn tidy(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let mut before = b'.';
    let plain = text.bytes().all(|byte| {
        let plain = (b' '..0x7F).contains(&byte) && !(byte == b' ' && before == b' ');
        before = byte;
        plain
    });
    if plain {
        return Some(text.to_owned());
    }
    let normal: Cow<'_, str> = if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    };
    let mut tidy = String::with_capacity(normal.len());
    let mut blank = false;
    for c in normal.chars() {
        if c.is_whitespace() {
            blank = !tidy.is_empty();
        } else if !c.is_control() {
            if blank {
                tidy.push(' ');
                blank = false;
            }
            tidy.push(c);
        }
    }
    (!tidy.is_empty()).then_some(tidy)
}

/// Tidy text without the punctuation that leads over to the next part.
pub(super) fn clean(text: &str) -> Option<String> {
    tidy(trim(text))
}

/// As [`clean`], and without brackets that only say where the cataloguer has it from, be they closed or not. That a name is not
/// known (*sine nomine*) is no name.
pub(super) fn unbracketed(text: &str) -> Option<String> {
    const OPENING: [char; 2] = ['[', '〔'];
    const CLOSING: [char; 2] = [']', '〕'];
    let text = trim(text);
    let (opened, closed) = (text.strip_prefix(OPENING), text.strip_suffix(CLOSING));
    let inner = match (opened, closed) {
        (Some(opened), Some(_)) => opened.strip_suffix(CLOSING).filter(|inner| !inner.contains(OPENING)),
        (Some(opened), None) if !opened.contains(CLOSING) => Some(opened),
        (None, Some(closed)) if !closed.contains(OPENING) => Some(closed),
        (Some(_), None) | (None, Some(_) | None) => None,
    };
    clean(inner.unwrap_or(text)).filter(|name| !NAMELESS.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// How cataloguers write that there is no publisher to name.
const NAMELESS: [&str; 6] = ["s.n.", "s.n", "s. n.", "publisher not identified", "出版者不明", "出版者不詳"];

/// The text without what ISBD puts after it: ` /`, ` :`, ` ;`, ` =`, `,` and a full stop that ends no abbreviation.
pub(super) fn trim(text: &str) -> &str {
    let mut text = text.trim();
    while let Some(shorter) = text.strip_suffix(['/', ':', ';', '=', ',', '，', '；']) {
        text = shorter.trim_end();
    }
    let Some(sentence) = text.strip_suffix('.') else { return text };
    let word = sentence.rsplit([' ', '-', '(', '[']).next().unwrap_or_default();
    let abbreviated = word.contains('.')
        || word.chars().count() < 2
        || ABBREVIATIONS.iter().any(|known| known.eq_ignore_ascii_case(word))
        || sentence.ends_with('.');
    if abbreviated { text } else { sentence.trim_end() }
}

/// What keeps its full stop at the end of a title, name or edition.
const ABBREVIATIONS: [&str; 28] = [
    "ed", "eds", "rev", "enl", "inc", "co", "corp", "ltd", "bros", "jr", "sr", "dr", "mr", "mrs", "st",
    "etc", "al", "vol", "no", "pt", "cm", "ca", "pub", "press", "repr", "aufl", "verl", "univ",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_that_leads_over_is_dropped_and_that_of_an_abbreviation_kept() {
        for (written, text) in [
            ("The pragmatic programmer :", "The pragmatic programmer"),
            ("from journeyman to master /", "from journeyman to master"),
            ("Rowling, J. K.,", "Rowling, J. K."),
            ("Addison-Wesley,", "Addison-Wesley"),
            ("History.", "History"),
            ("2nd ed.", "2nd ed."),
            ("Wait for it...", "Wait for it..."),
            ("红楼梦 /", "红楼梦"),
            ("U.S.A.", "U.S.A."),
            (" / ", ""),
            ("", ""),
        ] {
            assert_eq!(trim(written), text, "{written}");
        }
        assert_eq!(unbracketed("[北京] :").as_deref(), Some("北京"));
        assert_eq!(unbracketed("[A] and [B]").as_deref(), Some("[A] and [B]"));
        assert_eq!(unbracketed("Springer]").as_deref(), Some("Springer"));
        assert_eq!(unbracketed("s.n.],"), None);
    }

    #[test]
    fn text_is_composed_and_freed_of_control_characters() {
        assert_eq!(tidy(" e\u{301}t\u{98}e \u{9c}\n\tx  y ").as_deref(), Some("éte x y"));
        assert_eq!(tidy("\u{3000}三\u{3000} 体").as_deref(), Some("三 体"));
        assert_eq!(tidy("a\u{1}b").as_deref(), Some("ab"));
        assert_eq!(tidy(" \u{1}\n "), None);
    }
}
