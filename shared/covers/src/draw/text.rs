//! Text as it comes from a catalogue, made fit for a cover and for XML.

/// Without what cannot be seen, and with single spaces.
pub(super) fn clean(text: &str) -> String {
    let seen: String =
        text.chars().filter(|c| !is_unseen(*c)).map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    seen.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Control characters, marks that turn the direction of what follows, and what XML has no place for.
fn is_unseen(c: char) -> bool {
    let is_space = matches!(c, '\t' | '\n' | '\r');
    (c.is_control() && !is_space)
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fff9}'..='\u{fffc}'
            | '\u{e0000}'..='\u{e0fff}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// Cut into title and subtitle where it has both: at a colon, at a dash, or before what stands in brackets at its end.
pub(super) fn split(title: &str) -> (String, Option<String>) {
    for mark in ["：", "——", " : ", ": ", " — ", " – ", " - "] {
        if let Some((main, rest)) = title.split_once(mark) {
            let (main, rest) = (main.trim(), rest.trim_matches(['—', ' ']));
            if !main.is_empty() && !rest.is_empty() {
                return (main.to_owned(), Some(rest.to_owned()));
            }
        }
    }
    for (opening, closing) in [('（', '）'), ('(', ')')] {
        let cut = title.strip_suffix(closing).and_then(|title| title.split_once(opening));
        if let Some((main, rest)) = cut.filter(|(main, rest)| !main.is_empty() && !rest.is_empty()) {
            return (main.trim_end().to_owned(), Some(rest.to_owned()));
        }
    }
    (title.to_owned(), None)
}

/// At most this many characters, the last of which says that there were more.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// For XML text and for attributes in double quotes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A Han character.
pub(super) fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' | '〇')
}

/// As wide as it is high: Han, kana, hangul, full-width forms, most emoji.
pub(super) fn is_wide(c: char) -> bool {
    is_han(c)
        || matches!(c,
            '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{33ff}' | '\u{a000}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
            | '\u{fe30}'..='\u{fe6f}' | '\u{ff01}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f000}'..='\u{1faff}'
            | '—' | '…' | '“' | '”' | '‘' | '’' | '·')
}

/// How wide a character is set, in hundredths of the font's size: rather too wide than too narrow.
pub(super) fn width(c: char) -> i32 {
    match c {
        _ if is_wide(c) => 100,
        'i' | 'j' | 'l' | '\'' | '|' | '.' | ',' | ':' | ';' | '!' | ' ' => 32,
        'f' | 'r' | 't' | 'I' | '(' | ')' | '[' | ']' | '-' | '/' | '"' => 42,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '&' => 94,
        'A'..='Z' | '+' | '=' | '<' | '>' | '#' => 74,
        _ => 60,
    }
}
