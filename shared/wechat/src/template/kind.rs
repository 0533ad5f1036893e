//! What may stand in a field, by its kind (参数值内容限制).

use super::Fault;

/// The kinds of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `thing`: any text of at most 20 characters.
    Thing,
    /// `number`: at most 32 digits, perhaps with a decimal point.
    Number,
    /// `letter`: at most 32 letters.
    Letter,
    /// `symbol`: at most 5 characters that are neither letters nor digits.
    Symbol,
    /// `character_string`: at most 32 letters, digits and symbols, none of them Chinese.
    CharacterString,
    /// `time`: a time of day, perhaps after a date, or two of them joined by `~`.
    Time,
    /// `date`: a date, perhaps with a time of day, or two of them joined by `~`.
    Date,
    /// `amount`: at most 10 digits, perhaps with a decimal point, one currency sign before and `元` behind.
    Amount,
    /// `phone_number`: at most 17 digits and symbols.
    PhoneNumber,
    /// `car_number`: at most 8 letters and digits; the first and the last may be Chinese.
    CarNumber,
    /// `name`: at most 20 letters and symbols, or 10 when one of them is Chinese.
    Name,
    /// `phrase`: at most 5 Chinese characters.
    Phrase,
    /// `const`: one of a list that stands in the platform's console and is checked there.
    Const,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Thing,
        Self::Number,
        Self::Letter,
        Self::Symbol,
        Self::CharacterString,
        Self::Time,
        Self::Date,
        Self::Amount,
        Self::PhoneNumber,
        Self::CarNumber,
        Self::Name,
        Self::Phrase,
        Self::Const,
    ];

    /// What a field's name begins with.
    pub fn name(self) -> &'static str {
        match self {
            Self::Thing => "thing",
            Self::Number => "number",
            Self::Letter => "letter",
            Self::Symbol => "symbol",
            Self::CharacterString => "character_string",
            Self::Time => "time",
            Self::Date => "date",
            Self::Amount => "amount",
            Self::PhoneNumber => "phone_number",
            Self::CarNumber => "car_number",
            Self::Name => "name",
            Self::Phrase => "phrase",
            Self::Const => "const",
        }
    }

    /// Whether a text may stand in a field of this kind.
    pub fn check(self, text: &str) -> Result<(), Fault> {
        if text.trim().is_empty() {
            return Err(Fault::Empty);
        }
        if text.chars().any(breaks) {
            return Err(Fault::LineBreak);
        }
        match self {
            Self::Thing => at_most(20, length(text)),
            Self::Number => {
                at_most(32, digits(text))?;
                fits(is_decimal(text), "expected digits, perhaps with a decimal point")
            }
            Self::Letter => {
                fits(text.bytes().all(|byte| byte.is_ascii_alphabetic()), "expected letters")?;
                at_most(32, text.len())
            }
            Self::Symbol => {
                fits(text.chars().all(is_symbol), "expected symbols")?;
                at_most(5, length(text))
            }
            Self::CharacterString => {
                let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
                fits(plain, "expected letters, digits and symbols, none of them Chinese")?;
                at_most(32, text.len())
            }
            Self::Time => fits(
                joined(text, |text| is_clock(text) || is_date_and_clock(text)),
                "expected a time such as 15:01, perhaps after a date, or two joined by ~",
            ),
            Self::Date => fits(
                joined(text, |text| is_date(text) || is_date_and_clock(text)),
                "expected a date such as 2026年9月27日, perhaps with a time, or two joined by ~",
            ),
            Self::Amount => {
                let amount = text.strip_suffix('元').unwrap_or(text);
                let amount = amount.strip_prefix(is_currency).unwrap_or(amount);
                fits(is_decimal(amount), "expected an amount such as ¥12.50 or 12.50元")?;
                at_most(10, digits(amount))
            }
            Self::PhoneNumber => {
                let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_punctuation());
                fits(plain && digits(text) > 0, "expected digits and symbols")?;
                at_most(17, text.len())
            }
            Self::CarNumber => {
                at_most(8, length(text))?;
                fits(is_car_number(text), "expected letters and digits, Chinese only at the ends")
            }
            Self::Name => {
                let named = text.chars().all(|c| c.is_alphabetic() || c == ' ' || is_symbol(c));
                fits(named && text.chars().any(char::is_alphabetic), "expected letters and symbols")?;
                let latin = text.chars().all(|c| c.is_ascii() || !c.is_alphabetic());
                at_most(if latin { 20 } else { 10 }, length(text))
            }
            Self::Phrase => {
                fits(text.chars().all(is_chinese), "expected Chinese characters")?;
                at_most(5, length(text))
            }
            Self::Const => Ok(()),
        }
    }
}

fn fits(so: bool, expected: &'static str) -> Result<(), Fault> {
    if so { Ok(()) } else { Err(Fault::Form(expected)) }
}

fn at_most(most: usize, has: usize) -> Result<(), Fault> {
    if has <= most { Ok(()) } else { Err(Fault::TooLong { most, has }) }
}

/// How long a text is to the platform, which does not say what a character is. UTF-16 is the longest of what it may mean: a character
/// beyond the usual ones (an emoji, a rare name) counts as two.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Line breaks and other characters that cannot be seen.
pub(super) fn breaks(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

fn is_chinese(c: char) -> bool {
    matches!(c, '〇' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}')
}

fn is_symbol(c: char) -> bool {
    !c.is_alphanumeric() && !c.is_whitespace() && !c.is_control()
}

fn is_currency(c: char) -> bool {
    matches!(c, '¥' | '￥' | '$' | '€' | '£')
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_decimal(text: &str) -> bool {
    match text.split_once('.') {
        Some((whole, part)) => all_digits(whole) && all_digits(part),
        None => all_digits(text),
    }
}

/// One such text, or two of them with `~` in between.
fn joined(text: &str, one: impl Fn(&str) -> bool) -> bool {
    match text.split_once('~') {
        Some((from, until)) => one(from) && one(until),
        None => one(text),
    }
}

fn is_date_and_clock(text: &str) -> bool {
    text.split_once(' ').is_some_and(|(date, clock)| is_date(date) && is_clock(clock))
}

/// `15:01` or `15:01:30`.
fn is_clock(text: &str) -> bool {
    let mut parts = text.split(':');
    let mut next = |below| parts.next().map(|part| part.len() == 2 && within(part, 0, below));
    let (hour, minute, second) = (next(23), next(59), next(59));
    hour == Some(true) && minute == Some(true) && second != Some(false) && parts.next().is_none()
}

/// `2026年9月27日`, without its year or its day too, and the same with `-`, `/` or `.` in between.
fn is_date(text: &str) -> bool {
    if let Some((year, rest)) = text.split_once('年') {
        return is_year(year) && (rest.strip_suffix('月').is_some_and(is_month) || is_month_and_day(rest));
    }
    if text.contains('月') {
        return is_month_and_day(text);
    }
    ['-', '/', '.'].into_iter().any(|between| match *text.split(between).collect::<Vec<_>>() {
        [year, month, day] => is_year(year) && is_month(month) && is_day(day),
        [first, second] => is_year(first) && is_month(second) || is_month(first) && is_day(second),
        _ => false,
    })
}

fn is_month_and_day(text: &str) -> bool {
    let day = text.strip_suffix('日').and_then(|text| text.split_once('月'));
    day.is_some_and(|(month, day)| is_month(month) && is_day(day))
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && all_digits(text)
}

fn is_month(text: &str) -> bool {
    text.len() <= 2 && within(text, 1, 12)
}

fn is_day(text: &str) -> bool {
    text.len() <= 2 && within(text, 1, 31)
}

fn within(text: &str, least: u8, most: u8) -> bool {
    all_digits(text) && text.parse::<u8>().is_ok_and(|number| (least..=most).contains(&number))
}

fn is_car_number(text: &str) -> bool {
    let last = text.chars().count().saturating_sub(1);
    text.chars()
        .enumerate()
        .all(|(place, c)| c.is_ascii_alphanumeric() || is_chinese(c) && (place == 0 || place == last))
}
