//! Who has written and who has translated.

use super::draft::add;
use super::punctuation::{clean, trim};
use crate::records::Field;

/// What somebody has done for a book, as far as a reader's catalogue tells it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Has written it, or compiled, edited, drawn it.
    Author,
    /// Has translated it.
    Translator,
    /// Has printed, sold, owned or examined it: nobody to look for it by.
    Bystander,
    /// Nothing is said.
    Unsaid,
}

/// MARC's relator codes and UNIMARC's (appendix C) of those who have no part in the text.
const BYSTANDERS: [&str; 26] = [
    "prt", "pbl", "fmo", "dnr", "dte", "bkp", "bsl", "dst", "mfr", "ths", "dgs", "dgg", "his", "own", "col",
    "len", "fnd", "spn", "pup", "160", "295", "310", "320", "390", "610", "650",
];

impl Role {
    /// The role in these subfields: codes, or words in the record's language.
    pub(super) fn of<'a>(written: impl Iterator<Item = &'a str>) -> Self {
        let mut role = Self::Unsaid;
        for word in written.map(trim).filter(|word| !word.is_empty()) {
            // A code may come as an address that ends with it.
            let code = word.rsplit('/').next().unwrap_or(word);
            let translates = matches!(code, "trl" | "730")
                || is_translation(word)
                || word.to_ascii_lowercase().contains("translat");
            role = match role {
                _ if translates => return Self::Translator,
                Self::Unsaid | Self::Bystander if BYSTANDERS.contains(&code) => Self::Bystander,
                Self::Unsaid | Self::Bystander | Self::Author | Self::Translator => Self::Author,
            };
        }
        role
    }
}

/// 译, 译注, 合译; but who 编译 something has also made it.
fn is_translation(word: &str) -> bool {
    word.contains(['译', '譯', '訳']) && !word.contains("编译") && !word.contains("編譯")
}

/// A person's or a corporate body's name.
pub(super) fn name(field: &Field<'_>, more: char, between: &str) -> Option<String> {
    let first = field.first('a').and_then(clean)?;
    let rest = field.first(more).and_then(clean);
    Some(rest.map_or_else(|| first.clone(), |rest| format!("{first}{between}{rest}")))
}

/// What a statement of responsibility says: `(日)东野圭吾著 ; 李盈春译`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) authors: Vec<String>,
    pub(super) translators: Vec<String>,
}

const ROLES: [&str; 16] = [
    "编著", "主编", "編著", "主編", "编译", "合著", "等著", "原著", "编写", "著", "编", "編", "译", "譯",
    "撰", "绘",
];

impl Statement {
    /// Adds what one subfield says.
    pub(super) fn read(&mut self, text: &str) {
        for part in text.split([';', '；', '/', '|']).map(trim) {
            let part = part.strip_prefix("by ").unwrap_or(part);
            let chinese = part.ends_with(|c: char| !c.is_ascii());
            let list = if chinese && part.ends_with(['译', '譯']) && is_translation(part) {
                &mut self.translators
            } else {
                &mut self.authors
            };
            let names = part.split(|c| chinese && matches!(c, ',' | '，' | '、'));
            for name in names.map(without_role).filter_map(clean) {
                add(list, name);
            }
        }
    }
}

/// 张三著 is 张三; but 李文 is not 李, and a name of one character is a role that stands alone.
fn without_role(name: &str) -> &str {
    let shorter = ROLES.iter().find_map(|role| name.trim().strip_suffix(role));
    shorter.filter(|shorter| shorter.chars().count() > 1).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_from_codes_and_from_words() {
        for (written, role) in [
            ("著", Role::Author),
            ("译", Role::Translator),
            ("编译", Role::Author),
            ("trl", Role::Translator),
            ("translator.", Role::Translator),
            ("http://id.loc.gov/vocabulary/relators/trl", Role::Translator),
            ("730", Role::Translator),
            ("prt", Role::Bystander),
            ("", Role::Unsaid),
        ] {
            assert_eq!(Role::of([written].into_iter()), role, "{written}");
        }
        assert_eq!(Role::of(["prt", "aut"].into_iter()), Role::Author);
    }

    #[test]
    fn a_statement_of_responsibility_names_authors_and_translators() {
        let mut statement = Statement::default();
        statement.read("(日)东野圭吾著 ; 李盈春, 王五译");
        assert_eq!(statement.authors, ["(日)东野圭吾"]);
        assert_eq!(statement.translators, ["李盈春", "王五"]);

        let mut statement = Statement::default();
        statement.read("by Hunt, Andrew and Thomas, David.");
        assert_eq!(statement.authors, ["Hunt, Andrew and Thomas, David"]);
    }
}
