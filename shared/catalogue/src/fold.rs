//! Folding: the many ways of writing one thing become one way, in titles and in queries alike.
//!
//! Compatibility forms (full width, circled numbers, ligatures) by NFKC; traditional and Japanese characters to simplified
//! ones, one character at a time; capitals and Latin accents; punctuation to a space, or to nothing where it only joins the
//! parts of a transcribed name (哈利·波特). What is left are letters, digits, single spaces, and `+` `#` as in C++ and C#.

mod pairs;

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::decompose_canonical;

/// Folds a text.
pub fn fold(text: &str) -> String {
    let mut folded = Folded::with_capacity(text.len());
    if text.chars().all(is_plain) {
        text.chars().for_each(|c| folded.take(c));
    } else {
        text.nfkc().for_each(|c| folded.take(c));
    }
    folded.text
}

/// Whether NFKC leaves a character alone, or makes of it another mark that separates as well. Nearly every title is of such characters
/// alone, and normalising costs more than everything else here.
fn is_plain(c: char) -> bool {
    matches!(c,
        '\0'..='\x7f' | '\u{4e00}'..='\u{9fff}' | '·' | '《' | '》' | '、' | '。' | '：' | '；' | '（' | '）' | '，' | '！' | '？' | '【' | '】'
        | '“' | '”' | '—')
}

/// Folds a text and leaves out the spaces: what two titles must share to be the same title.
pub fn fold_whole(text: &str) -> String {
    without_spaces(&fold(text))
}

/// A folded text without its spaces.
pub(crate) fn without_spaces(folded: &str) -> String {
    folded.chars().filter(|&c| c != ' ').collect()
}

/// The simplified form of a traditional or Japanese character; any other character as it is.
pub fn simplified(c: char) -> char {
    let common = u32::from(c).checked_sub(u32::from(FIRST)).and_then(|place| usize::try_from(place).ok());
    if let Some(&simple) = common.and_then(|place| COMMON.get(place)) {
        return simple;
    }
    match pairs::PAIRS.binary_search_by_key(&c, |&(other, _)| other) {
        Ok(at) => pairs::PAIRS.get(at).map_or(c, |&(_, simple)| simple),
        Err(_) => c,
    }
}

/// The first and the last of the common Han characters.
const FIRST: char = '\u{4e00}';
const LAST: char = '\u{9fff}';

/// The simplified form of each common Han character, by its place: one look instead of a search for each character of each title.
static COMMON: LazyLock<Vec<char>> = LazyLock::new(|| {
    let mut forms: Vec<char> = (FIRST..=LAST).collect();
    for &(other, simple) in &pairs::PAIRS {
        let place =
            u32::from(other).checked_sub(u32::from(FIRST)).and_then(|place| usize::try_from(place).ok());
        if let Some(form) = place.and_then(|place| forms.get_mut(place)) {
            *form = simple;
        }
    }
    forms
});

/// Whether a character belongs to a script that is written without spaces (Han, kana) or searched the same way (Hangul).
pub fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{3005}' | '\u{3007}'                           // 々 〇
        | '\u{3040}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' // kana without the middle dot
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' // Han
        | '\u{ac00}'..='\u{d7af}'                         // Hangul
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}') // Han, the rarer
}

/// The folded text so far, and what stood between its end and the next character.
struct Folded {
    text: String,
    last: Option<char>,
    gap: Gap,
}

/// Ordered by how far it separates.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    /// A mark that joins two parts of a name written in Han; between other letters it separates.
    Join,
    Space,
}

impl Folded {
    fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), last: None, gap: Gap::None }
    }

    fn take(&mut self, c: char) {
        match c {
            '\'' | '’' | '‘' | 'ʼ' if self.last.is_some_and(|last| last.is_ascii_alphanumeric()) => {}
            _ if joins_names(c) => self.gap = self.gap.max(Gap::Join),
            '+' | '#' if self.ends_a_language_name() => self.push(c),
            _ if is_unspaced(c) => self.push(simplified(c)),
            // Lowering may leave an accent behind (İ becomes i and a dot).
            _ if c.is_alphanumeric() => {
                c.to_lowercase()
                    .filter(|lower| !is_accent(*lower))
                    .for_each(|lower| self.push(without_accent(lower)));
            }
            _ if is_accent(c) => {}
            _ => self.gap = Gap::Space,
        }
    }

    fn ends_a_language_name(&self) -> bool {
        self.gap == Gap::None && self.last.is_some_and(|last| last.is_ascii_lowercase() || last == '+')
    }

    fn push(&mut self, c: char) {
        let separated = match self.gap {
            Gap::None => false,
            Gap::Join => !(is_unspaced(c) && self.last.is_some_and(is_unspaced)),
            Gap::Space => true,
        };
        if separated && self.last.is_some() {
            self.text.push(' ');
        }
        self.text.push(c);
        self.last = Some(c);
        self.gap = Gap::None;
    }
}

/// `é` becomes `e`; a letter whose base is not Latin (が) stays whole.
fn without_accent(c: char) -> char {
    let mut base = None;
    decompose_canonical(c, |part| base = base.or(Some(part)));
    base.filter(char::is_ascii_lowercase).unwrap_or(c)
}

/// The dots and strokes of transcribed names: 哈利·波特, 圣-埃克苏佩里.
fn joins_names(c: char) -> bool {
    matches!(c, '·' | '•' | '・' | '‧' | '∙' | '‐' | '-' | '=')
}

/// The marks that NFKC leaves behind when it knows no composed letter.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_book_written_in_many_ways_is_one_text() {
        for (written, plain) in [
            ("紅樓夢", "红楼梦"),
            ("解憂雜貨店", "解忧杂货店"),
            ("ナミヤ雑貨店の奇蹟", "ナミヤ杂货店の奇迹"),
            ("１Ｑ８４　ＢＯＯＫ　１", "1q84 book 1"),
            ("《活着》（精装）", "活着 精装"),
            ("哈利·波特与魔法石", "哈利波特与魔法石"),
            ("圣-埃克苏佩里", "圣埃克苏佩里"),
            ("Jean-Paul Sartre", "jean paul sartre"),
            ("L'Étranger", "letranger"),
            ("C++ Primer（第5版）", "c++ primer 第5版"),
            ("C#入门", "c#入门"),
            ("1+1", "1 1"),
            ("三体Ⅱ：黑暗森林", "三体ii 黑暗森林"),
            ("——！？…", ""),
            ("", ""),
        ] {
            assert_eq!(fold(written), plain, "{written}");
        }
        assert_eq!(fold_whole("三体 Ⅱ：黑暗森林"), "三体ii黑暗森林");
    }

    #[test]
    fn the_pairs_are_sorted_and_lead_to_their_end_at_once() {
        assert!(pairs::PAIRS.windows(2).all(|two| two[0].0 < two[1].0));
        assert!(pairs::PAIRS.iter().all(|&(_, simple)| simplified(simple) == simple));
    }

    proptest::proptest! {
        #[test]
        fn plain_characters_are_folded_as_if_they_had_been_normalised(text in "[ -~一-鿿·《》、。：；（），！？【】“”—]{0,40}") {
            let mut normalised = Folded::with_capacity(0);
            text.nfkc().for_each(|c| normalised.take(c));
            proptest::prop_assert_eq!(fold(&text), normalised.text);
        }

        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,40}") {
            let once = fold(&text);
            proptest::prop_assert_eq!(fold(&once), once);
        }
    }
}
