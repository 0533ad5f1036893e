//! Numbers within what cataloguers wrote.

/// The year of `c2008.`, `民国25 [1936]` or `2014-5`: the first number of just four digits that can be one.
pub(super) fn year(text: &str) -> Option<u16> {
    runs(text)
        .filter(|run| run.len() == 4)
        .find_map(|run| run.parse().ok().filter(|year| (1_000..=2_999).contains(year)))
}

/// The pages of `320页`, `xiv, 345, [3] p. :` or `422,图版[40]页`: the greatest number before the word for pages.
pub(super) fn pages(text: &str) -> Option<u32> {
    let after_number = |at| {
        text.get(..at).is_some_and(|before| {
            before.ends_with(|c: char| c.is_ascii_digit() || matches!(c, ' ' | ']' | ')'))
        })
    };
    let word = text.char_indices().find(|&(at, c)| match c {
        '页' | '頁' | '面' => true,
        'p' | 'P' => after_number(at),
        _ => false,
    });
    let numbered = match word {
        Some((at, _)) => text.get(..at)?,
        None if text.trim().bytes().all(|byte| byte.is_ascii_digit()) => text,
        None => return None,
    };
    runs(numbered).filter_map(|run| run.parse().ok()).filter(|pages| (1..100_000).contains(pages)).max()
}

/// What may be an ISBN at the beginning of `978-7-02-000220-7 (pbk.) : CNY59.70`.
pub(super) fn isbn(text: &str) -> Option<String> {
    let text = text.trim_start();
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, 'x' | 'X' | '-' | '‐' | '–' | ' ')));
    let number = text.get(..end.unwrap_or(text.len()))?.trim_end();
    // A price, or a qualifier alone, is no mistake in an ISBN.
    if number.is_empty() { None } else { Some(first_number(number)) }
}

/// Digits with hyphens or blanks between them; of two numbers the first.
fn first_number(text: &str) -> String {
    let digits = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).count();
    match text.split_once(' ') {
        Some((first, _)) if matches!(digits(first), 10 | 13) => first.to_owned(),
        Some(_) | None => text.to_owned(),
    }
}

fn runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_is_a_number_of_four_digits() {
        for (written, found) in [
            ("c2008.", Some(2008)),
            ("民国25 [1936]", Some(1936)),
            ("2014-5", Some(2014)),
            ("[19--?]", None),
            ("12345", None),
        ] {
            assert_eq!(year(written), found, "{written}");
        }
    }

    #[test]
    fn pages_are_counted_where_the_word_for_them_stands() {
        for (written, found) in [
            ("320页", Some(320)),
            ("xiv, 345, [3] p. :", Some(345)),
            ("422,图版[40]页", Some(422)),
            ("2册(800页)", Some(800)),
            ("xii, 320p.", Some(320)),
            ("200", Some(200)),
            ("2 v. :", None),
            ("1 computer disc", None),
            ("", None),
        ] {
            assert_eq!(pages(written), found, "{written}");
        }
    }

    #[test]
    fn an_isbn_ends_where_its_qualifier_begins() {
        for (written, found) in [
            ("978-7-02-000220-7 (pbk.) : CNY59.70", Some("978-7-02-000220-7")),
            ("0201616224 9780201616224", Some("0201616224")),
            ("7 02 000220 X", Some("7 02 000220 X")),
            (":  $12.95", None),
            ("(v. 1)", None),
        ] {
            assert_eq!(isbn(written).as_deref(), found, "{written}");
        }
    }
}
