//! Cutting folded text into what the index stores: pairs of characters in scripts without spaces, words elsewhere.
//!
//! 解忧杂货店 becomes 解忧 忧杂 杂货 货店, so every part of a title of two characters or more finds it, without a dictionary
//! that might cut otherwise. A run of one character becomes that character.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::fold::{fold, is_unspaced};

/// Longer words are cut off: nobody types them, and a term has a greatest length.
const LONGEST_WORD: usize = 64;

/// Stands before the first token of a title, so that "begins with" is a phrase like any other. Folding never leaves it.
pub(crate) const START: &str = "^";

/// The tokens of a folded text, in order.
pub fn cut(folded: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = folded.chars().peekable();
    while let Some(first) = rest.next() {
        if first == ' ' {
            continue;
        }
        let unspaced = is_unspaced(first);
        let mut run = String::from(first);
        while let Some(next) = rest.next_if(|&c| c != ' ' && is_unspaced(c) == unspaced) {
            run.push(next);
        }
        if unspaced {
            tokens.extend(pairs(&run));
        } else {
            tokens.push(run.chars().take(LONGEST_WORD).collect());
        }
    }
    tokens
}

fn pairs(run: &str) -> Vec<String> {
    let mut seconds = run.chars().skip(1).peekable();
    if seconds.peek().is_none() {
        return vec![run.to_owned()];
    }
    run.chars().zip(seconds).map(|(first, second)| String::from_iter([first, second])).collect()
}

/// The single character that a token is, if it is one of a script without spaces.
pub(crate) fn lone(token: &str) -> Option<char> {
    let mut chars = token.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) if is_unspaced(c) => Some(c),
        _ => None,
    }
}

/// How a field of the index is cut.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cut {
    /// Pairs and words.
    Pairs,
    /// The same after [`START`].
    PairsFromStart,
    /// Each character of the scripts without spaces by itself, for queries of one character.
    Characters,
}

impl Cut {
    fn tokens(self, text: &str) -> Vec<String> {
        let folded = fold(text);
        match self {
            Self::Pairs => cut(&folded),
            Self::PairsFromStart => std::iter::once(START.to_owned()).chain(cut(&folded)).collect(),
            Self::Characters => folded.chars().filter(|&c| is_unspaced(c)).map(String::from).collect(),
        }
    }
}

impl Tokenizer for Cut {
    type TokenStream<'a> = Tokens;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Tokens {
        Tokens { texts: self.tokens(text).into_iter().enumerate(), current: Token::default() }
    }
}

/// The tokens of one text, for tantivy. Offsets are left at zero: nothing highlights, and folding moves them anyway.
#[derive(Debug)]
pub(crate) struct Tokens {
    texts: std::iter::Enumerate<std::vec::IntoIter<String>>,
    current: Token,
}

impl TokenStream for Tokens {
    fn advance(&mut self) -> bool {
        let Some((position, text)) = self.texts.next() else {
            return false;
        };
        self.current.position = position;
        self.current.text = text;
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
