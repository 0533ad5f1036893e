//! Cutting folded text into what the index stores: pairs of characters in scripts without spaces, words elsewhere.
//!
//! 解忧杂货店 becomes 解忧 忧杂 杂货 货店, so every part of a title of two characters or more finds it, without a dictionary
//! that might cut otherwise. A run of one character becomes that character.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::fold::is_unspaced;

/// Longer words are cut off: nobody types them, and a term has a greatest length.
const LONGEST_WORD: usize = 64;

/// Stands before the first token of a title, so that "begins with" is a phrase like any other. Folding never leaves it.
pub(crate) const START: &str = "^";

/// The tokens of a folded text, in order.
pub fn cut(folded: &str) -> Vec<String> {
    lines(|text| cut_into(text, folded)).lines().map(str::to_owned).collect()
}

/// Tokens, one on each line: what the index is given, so that a title is folded and cut once for all its fields.
pub(crate) fn lines(write: impl FnOnce(&mut String)) -> String {
    let mut text = String::new();
    write(&mut text);
    text
}

/// Writes the tokens of a folded text, each on a line of its own.
pub(crate) fn cut_into(text: &mut String, folded: &str) {
    let mut rest = folded.chars().peekable();
    while let Some(first) = rest.next() {
        if first == ' ' {
            continue;
        }
        if is_unspaced(first) {
            let mut last = first;
            let mut alone = true;
            while let Some(next) = rest.next_if(|&c| is_unspaced(c)) {
                text.extend([last, next, '\n']);
                last = next;
                alone = false;
            }
            if alone {
                text.extend([first, '\n']);
            }
        } else {
            text.push(first);
            let mut length = 1;
            while let Some(next) = rest.next_if(|&c| c != ' ' && !is_unspaced(c)) {
                if length < LONGEST_WORD {
                    text.push(next);
                }
                length += 1;
            }
            text.push('\n');
        }
    }
}

/// Writes each character of the scripts without spaces on a line of its own: for queries of one character and for half-remembered ones.
pub(crate) fn characters_into(text: &mut String, folded: &str) {
    for c in folded.chars().filter(|&c| is_unspaced(c)) {
        text.extend([c, '\n']);
    }
}

/// The single character that a token is, if it is one of a script without spaces.
pub(crate) fn lone(token: &str) -> Option<char> {
    let mut chars = token.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) if is_unspaced(c) => Some(c),
        _ => None,
    }
}

/// The tokenizer of every field of the index: it takes texts that were cut before, and only reads their lines,
/// each of which ends with a line feed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines;

impl Tokenizer for Lines {
    type TokenStream<'a> = Tokens<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Tokens<'a> {
        Tokens { rest: text, next: 0, current: Token::default() }
    }
}

/// The tokens of one text, for tantivy. Offsets are left at zero: nothing highlights, and folding moves them anyway.
#[derive(Debug)]
pub(crate) struct Tokens<'a> {
    rest: &'a str,
    next: usize,
    current: Token,
}

impl TokenStream for Tokens<'_> {
    fn advance(&mut self) -> bool {
        // By hand: for lines of a few bytes the searchers of the standard library cost more than they find.
        let Some(end) = self.rest.bytes().position(|byte| byte == b'\n') else {
            return false;
        };
        let (line, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        self.rest = rest.get(1..).unwrap_or_default();
        self.current.position = self.next;
        self.next += 1;
        self.current.text.clear();
        self.current.text.push_str(line);
        true
    }

    fn token(&self) -> &Token {
        &self.current
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.current
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::fold;

    #[test]
    fn han_runs_become_pairs_and_latin_becomes_words() {
        assert_eq!(cut("解忧杂货店"), ["解忧", "忧杂", "杂货", "货店"]);
        assert_eq!(cut("c语言程序"), ["c", "语言", "言程", "程序"]);
        assert_eq!(cut("1q84 book 1"), ["1q84", "book", "1"]);
        assert_eq!(cut("我 ii 他"), ["我", "ii", "他"]);
        assert!(cut("").is_empty());
    }

    #[test]
    fn an_endless_word_is_cut_off() {
        assert_eq!(cut(&"a".repeat(10_000)), ["a".repeat(LONGEST_WORD)]);
    }

    proptest::proptest! {
        #[test]
        fn every_two_neighbours_of_a_han_title_are_among_its_tokens(title in "[一-龥]{2,30}") {
            let folded = fold(&title);
            let tokens = cut(&folded);
            let characters: Vec<char> = folded.chars().collect();
            for two in characters.windows(2) {
                proptest::prop_assert!(tokens.contains(&String::from_iter(two)));
            }
        }
    }
}
