//! An address as people paste it: 张三 138 0013 8000 北京市朝阳区建国路88号. Who, which phone and which division are told apart; nothing is invented, and
//! what is not understood is said.
//!
//! Every character but separators comes out again, in one field or in the rest. Full-width letters, digits and signs are narrowed first.

mod name;

use crate::division;
use crate::identity::Mobile;

/// Words before a value that say what it is.
const LABELS: [&str; 16] = [
    "收货人姓名",
    "收件人姓名",
    "收货地址",
    "收件地址",
    "详细地址",
    "所在地区",
    "手机号码",
    "联系电话",
    "收货人",
    "收件人",
    "联系人",
    "手机号",
    "姓名",
    "手机",
    "电话",
    "地址",
];

/// How the eleven digits of a mobile number are grouped when they are not written in one.
const GROUPS: [&[usize]; 5] = [&[11], &[3, 4, 4], &[3, 8], &[7, 4], &[5, 6]];

/// What a text says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pasted {
    /// Who receives.
    pub recipient: Option<String>,
    /// The mobile numbers, as they came.
    pub phones: Vec<Phone>,
    /// The division that the library knows.
    pub division: Option<Division>,
    /// Street, house, door.
    pub street: Option<String>,
    /// Words that only said what comes next.
    pub labels: Vec<String>,
    /// What was not understood.
    pub rest: Vec<String>,
}

/// A mobile number in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// The number.
    pub number: Mobile,
    /// As it was written.
    pub written: String,
}

/// A division in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    /// Its code (GB/T 2260).
    pub code: &'static str,
    /// As it was written.
    pub written: String,
}

/// A part of the text, before it is known what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Phone,
    Division,
}

/// Reads a pasted address.
pub fn read(text: &str) -> Pasted {
    let chars: Vec<char> = text.chars().map(narrowed).collect();
    let mut pasted = Pasted::default();
    let mut parts = split(&chars, &mut pasted);
    for part in &mut parts {
        if let Part::Text(text) = part {
            strip_labels(text, &mut pasted.labels);
        }
    }
    parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
    pasted.recipient = name::take(&mut parts, &mut pasted.rest);
    let mut behind = false;
    let known = pasted.division.is_some();
    let mut street: Vec<String> = Vec::new();
    for part in parts {
        match part {
            Part::Division => behind = true,
            Part::Phone => {}
            Part::Text(text) if is_number_of_something_else(&text) => pasted.rest.push(text),
            Part::Text(text) if name::names_a_place(&text) || (known && behind) => street.push(text),
            Part::Text(text) => pasted.rest.push(text),
        }
    }
    pasted.street = (!street.is_empty()).then(|| street.join(" "));
    pasted
}

/// Full-width forms as their narrow ones (U+FF01–U+FF5E and the ideographic space); every other white space and control character as a space.
fn narrowed(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => {
            char::from_u32(u32::from(c).saturating_sub(0xFEE0)).filter(char::is_ascii).unwrap_or(c)
        }
        c if c.is_whitespace() || c.is_control() => ' ',
        c => c,
    }
}

/// What only stands between things.
const fn separates(c: char) -> bool {
    matches!(c, ' ' | ',' | ';' | ':' | '、' | '。' | '|')
}

/// Takes phones and the first division out of the text; what lies between is cut at separators.
fn split(chars: &[char], pasted: &mut Pasted) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        let before = at.checked_sub(1).and_then(|before| chars.get(before)).copied();
        if let Some((length, number)) = phone_at(chars, at, before) {
            flush(&mut text, &mut parts);
            pasted.phones.push(Phone { number, written: written(chars, at, length) });
            parts.push(Part::Phone);
            at += length;
            continue;
        }
        if pasted.division.is_none()
            && let Some((length, code)) = division_at(chars, at)
        {
            flush(&mut text, &mut parts);
            pasted.division = Some(Division { code, written: written(chars, at, length) });
            parts.push(Part::Division);
            at += length;
            continue;
        }
        if separates(*c) {
            flush(&mut text, &mut parts);
        } else {
            text.push(*c);
        }
        at += 1;
    }
    flush(&mut text, &mut parts);
    parts
}

fn flush(text: &mut String, parts: &mut Vec<Part>) {
    if !text.is_empty() {
        parts.push(Part::Text(std::mem::take(text)));
    }
}

fn written(chars: &[char], at: usize, length: usize) -> String {
    chars.iter().skip(at).take(length).collect()
}

/// A mobile number that begins here, and how long it is written. It is no part of a longer number.
fn phone_at(chars: &[char], at: usize, before: Option<char>) -> Option<(usize, Mobile)> {
    if before.is_some_and(|c| c.is_ascii_digit()) {
        return None;
    }
    let rest = chars.get(at..)?;
    let starts = |prefix: &str| prefix.chars().zip(rest).all(|(a, b)| a == *b) && rest.len() >= prefix.len();
    let gap = |from: usize| usize::from(matches!(rest.get(from), Some(' ' | '-')));
    let prefix = if starts("+86") {
        3 + gap(3)
    } else if starts("0086") {
        4 + gap(4)
    } else if starts("86") {
        // With a gap it is as likely the number of a house.
        2
    } else {
        0
    };
    GROUPS.iter().find_map(|groups| {
        let mut end = prefix;
        let mut digits = String::new();
        for (place, length) in groups.iter().enumerate() {
            if place > 0 {
                if gap(end) == 0 {
                    return None;
                }
                end += 1;
            }
            let group = rest.get(end..end + length)?;
            if !group.iter().all(char::is_ascii_digit) {
                return None;
            }
            digits.extend(group);
            end += length;
        }
        if rest.get(end).is_some_and(char::is_ascii_digit) {
            return None;
        }
        Mobile::parse(&digits).ok().map(|number| (end, number))
    })
}

/// A division that begins here, with the city before it or not, and how long it is written. A district's name alone counts only where a part of the
/// text begins and no other city comes before it: other cities have districts of the same name.
fn division_at(chars: &[char], at: usize) -> Option<(usize, &'static str)> {
    let spaces = |from: usize| chars.iter().skip(from).take_while(|c| separates(**c)).count();
    let word = |from: usize, word: &str| {
        let found = word.chars().zip(chars.iter().skip(from)).filter(|(a, b)| a == *b).count();
        (found == word.chars().count()).then_some(found)
    };
    let mut end = at;
    let mut cities = 0;
    while let Some(length) =
        ["中国", "北京市", "市辖区", "北京"].iter().find_map(|city| word(end, city)).filter(|_| cities < 4)
    {
        end += length;
        end += spaces(end);
        cities += 1;
    }
    let (code, length) = division::districts().find_map(|(code, name)| Some((code, word(end, name)?)))?;
    let before = chars.get(..at)?;
    let begins = before.last().is_none_or(|c| separates(*c) || c.is_ascii_digit());
    let elsewhere =
        before.iter().rev().find(|c| !separates(**c)).is_some_and(|c| matches!(c, '市' | '省' | '州' | '盟'));
    (cities > 0 || (begins && !elsewhere)).then_some((end + length - at, code))
}

fn strip_labels(text: &mut String, labels: &mut Vec<String>) {
    while let Some((label, rest)) = LABELS.iter().find_map(|label| Some((label, text.strip_prefix(label)?))) {
        labels.push((*label).to_owned());
        *text = rest.to_owned();
    }
}

/// A postcode, or a number of a fixed line: nothing that an address of ours has a place for.
fn is_number_of_something_else(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let plain = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '(' | ')' | '+'));
    plain && (digits == 6 && text.len() == 6 || digits >= 10)
}

#[cfg(test)]
mod tests;
