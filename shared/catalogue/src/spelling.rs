//! Pinyin: what a title or a name sounds like, and what a reader may have meant with Latin letters.
//!
//! A text is a row of [`Unit`]s: a Han character with all its readings (重庆 is `zhong`, `chong` or `tong`, then `qing`), or a word of
//! letters or digits that is spelled as it is. The index keeps pairs of neighbouring readings and triples of neighbouring initials, between
//! the marks of start and end. A query is cut into syllables in every way that makes sense: `xian` is 先 or 西安.

use std::cell::RefCell;
use std::collections::HashMap;

use pinyin::ToPinyinMulti;

use crate::fold::is_unspaced;

/// Stands before the first unit. Folding never leaves it.
pub(crate) const START: &str = "^";
/// Stands behind the last unit. Folding never leaves it.
pub(crate) const END: &str = "$";

/// Of a character with more readings only the first ones count: the others are place names and classical texts.
const MOST_READINGS: usize = 3;
/// A text is spelled so far and no further: nobody types the pinyin of a longer one.
const MOST_UNITS: usize = 40;
/// So many ways of cutting a query into syllables are tried.
const MOST_WAYS: usize = 8;
/// So many letters before the first syllable may be a word of their own: the C of `cyuyan`, the MBA of `mbanenggongliao`.
const LONGEST_PREFIX: usize = 4;
/// The longest syllable, `zhuang`.
const LONGEST_SYLLABLE: usize = 6;

/// One character or one word, and how it can be spelled. A character without a reading (kana) has no spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unit<'a> {
    /// A Han character.
    Han(Readings),
    /// A word of letters or digits.
    Word(&'a str),
}

/// The readings of a character, the usual one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Readings {
    known: [Option<&'static str>; MOST_READINGS],
}

impl Readings {
    fn of(c: char) -> Self {
        thread_local! {
            /// Looking them up costs more than all the rest, and a catalogue has some thousands of different characters.
            static KNOWN: RefCell<HashMap<char, Readings>> = RefCell::default();
        }
        KNOWN.with_borrow_mut(|known| *known.entry(c).or_insert_with(|| Self::look_up(c)))
    }

    fn look_up(c: char) -> Self {
        let mut readings = Self::default();
        for reading in c.to_pinyin_multi().into_iter().flatten() {
            for &spelling in typed(reading.plain()) {
                if readings.known.contains(&Some(spelling)) {
                    continue;
                }
                if let Some(free) = readings.known.iter_mut().find(|place| place.is_none()) {
                    *free = Some(spelling);
                }
            }
        }
        readings
    }
}

impl<'a> Unit<'a> {
    fn spellings(&self) -> impl Iterator<Item = &'a str> + Clone {
        let (readings, word) = match *self {
            Self::Han(readings) => (readings.known, None),
            Self::Word(word) => ([None; MOST_READINGS], Some(word)),
        };
        readings.into_iter().flatten().chain(word)
    }

    /// The first letters of its spellings, each once.
    fn initials(&self) -> impl Iterator<Item = char> + Clone {
        let mut initials = [None; MOST_READINGS];
        for first in self.spellings().filter_map(|spelling| spelling.chars().next()) {
            if !initials.contains(&Some(first))
                && let Some(free) = initials.iter_mut().find(|place| place.is_none())
            {
                *free = Some(first);
            }
        }
        initials.into_iter().flatten()
    }
}

/// How a reading is typed: keyboards have no ü, so it is a v, or a u by those who do not know.
fn typed(reading: &'static str) -> &'static [&'static str] {
    match reading {
        "lü" => &["lv", "lu"],
        "lüe" => &["lve", "lue"],
        "nü" => &["nv", "nu"],
        "nüe" => &["nve", "nue"],
        _ => SYLLABLES
            .binary_search(&reading)
            .ok()
            .and_then(|place| SYLLABLES.get(place..=place))
            .unwrap_or_default(),
    }
}

/// A folded text, unit by unit.
pub(crate) fn units(folded: &str) -> Vec<Unit<'_>> {
    let mut units = Vec::new();
    let mut rest = folded;
    while let Some(first) = rest.chars().next() {
        let end = if is_unspaced(first) || first == ' ' {
            first.len_utf8()
        } else {
            rest.find(|c| c == ' ' || is_unspaced(c)).unwrap_or(rest.len())
        };
        let (part, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        rest = after;
        if is_unspaced(first) {
            units.push(Unit::Han(Readings::of(first)));
        } else if first != ' ' {
            units.push(Unit::Word(part));
        }
        if units.len() == MOST_UNITS {
            break;
        }
    }
    units
}

/// Writes what the index keeps of a text's pinyin, a line each: neighbouring readings, `^ jie`, `jie you`, …, `dian $`.
pub(crate) fn pairs_into(text: &mut String, units: &[Unit<'_>]) {
    let mut pair = |first: &str, second: &str| text.extend([first, " ", second, "\n"]);
    if let Some(first) = units.first() {
        first.spellings().for_each(|spelling| pair(START, spelling));
    }
    for two in units.windows(2) {
        let [first, second] = two else { continue };
        for one in first.spellings() {
            second.spellings().for_each(|other| pair(one, other));
        }
    }
    if let Some(last) = units.last() {
        last.spellings().for_each(|spelling| pair(spelling, END));
    }
}

/// Writes what the index keeps of a text's initials, a line each: `^jy`, `jyz`, …, `hd$`. A text of one unit has none.
pub(crate) fn triples_into(text: &mut String, units: &[Unit<'_>]) {
    let [first, second, ..] = units else { return };
    let mut triple = |three: [char; 3]| {
        text.extend(three);
        text.push('\n');
    };
    for one in first.initials() {
        second.initials().for_each(|other| triple(['^', one, other]));
    }
    for three in units.windows(3) {
        let [first, second, third] = three else { continue };
        for one in first.initials() {
            for two in second.initials() {
                third.initials().for_each(|three| triple([one, two, three]));
            }
        }
    }
    if let [.., first, second] = units {
        for one in first.initials() {
            second.initials().for_each(|other| triple([one, other, '$']));
        }
    }
}

/// The syllables that a folded query may be meant as, best way first. Words of the query that are no pinyin stay as they are. `None` when
/// nothing in it is pinyin at all.
pub(crate) fn ways(folded: &str) -> Vec<Vec<String>> {
    combine(folded, |word| {
        let ways = syllables(word, false);
        if ways.is_empty() { after_letters(word) } else { ways }
    })
}

/// A word that begins with letters which are no syllable, and goes on in pinyin.
fn after_letters(word: &str) -> Vec<Vec<String>> {
    (1..=LONGEST_PREFIX)
        .filter_map(|at| word.split_at_checked(at))
        .flat_map(|(letters, rest)| {
            let with_letters = move |way: Vec<String>| [vec![letters.to_owned()], way].concat();
            syllables(rest, false).into_iter().map(with_letters)
        })
        .take(MOST_WAYS)
        .collect()
}

/// The same while the last syllable is still being typed: each way ends with the part that is there.
pub(crate) fn ways_begun(folded: &str) -> Vec<Vec<String>> {
    let Some((before, last)) = folded.rsplit_once(' ') else {
        return combine_words(&[], Some(folded));
    };
    let before: Vec<&str> = before.split(' ').collect();
    combine_words(&before, Some(last))
}

fn combine(folded: &str, cut: impl Fn(&str) -> Vec<Vec<String>>) -> Vec<Vec<String>> {
    let words: Vec<&str> = folded.split(' ').collect();
    let mut all: Vec<Vec<String>> = vec![Vec::new()];
    let mut any = false;
    for word in words {
        let mut cuts = cut(word);
        if cuts.is_empty() {
            cuts.push(vec![word.to_owned()]);
        } else {
            any = true;
        }
        all = all
            .iter()
            .flat_map(|so_far| cuts.iter().map(move |cut| [so_far.as_slice(), cut.as_slice()].concat()))
            .take(MOST_WAYS)
            .collect();
    }
    if any { all } else { Vec::new() }
}

fn combine_words(before: &[&str], last: Option<&str>) -> Vec<Vec<String>> {
    let begun = last.map(|last| syllables(last, true)).unwrap_or_default();
    if begun.is_empty() {
        return Vec::new();
    }
    let head = if before.is_empty() {
        vec![Vec::new()]
    } else {
        let head = combine(&before.join(" "), |word| syllables(word, false));
        if head.is_empty() { vec![before.iter().map(|word| (*word).to_owned()).collect()] } else { head }
    };
    head.iter()
        .flat_map(|so_far| begun.iter().map(move |cut| [so_far.as_slice(), cut.as_slice()].concat()))
        .take(MOST_WAYS)
        .collect()
}

/// All ways (up to [`MOST_WAYS`]) of cutting a word into syllables, longer syllables first. With `begun` the last part need only begin one.
fn syllables(word: &str, begun: bool) -> Vec<Vec<String>> {
    if word.is_empty() || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return Vec::new();
    }
    let letters: Vec<char> = word.chars().take(MOST_UNITS * LONGEST_SYLLABLE).collect();
    // From the end: in how many ways a rest can be cut, so that no dead end is ever walked into.
    let mut possible = vec![false; letters.len() + 1];
    if let Some(end) = possible.last_mut() {
        *end = true;
    }
    for from in (0..letters.len()).rev() {
        let fits = parts(&letters, from, begun).any(|end| possible.get(end).copied().unwrap_or(false));
        if let Some(place) = possible.get_mut(from) {
            *place = fits;
        }
    }
    let mut ways = Vec::new();
    let mut open: Vec<(usize, Vec<String>)> = vec![(0, Vec::new())];
    while let Some((from, so_far)) = open.pop() {
        if from == letters.len() {
            ways.push(so_far);
            if ways.len() == MOST_WAYS {
                break;
            }
            continue;
        }
        // Shorter ones first onto the stack, so that longer ones come off first.
        for end in parts(&letters, from, begun) {
            if possible.get(end).copied().unwrap_or(false) {
                let part: String = letters.iter().skip(from).take(end - from).collect();
                open.push((end, so_far.iter().cloned().chain(std::iter::once(part)).collect()));
            }
        }
    }
    ways
}

/// Where a syllable that begins at `from` may end, shortest first.
fn parts(letters: &[char], from: usize, begun: bool) -> impl Iterator<Item = usize> + '_ {
    (from + 1..=(from + LONGEST_SYLLABLE).min(letters.len())).filter(move |&end| {
        let part: String = letters.iter().skip(from).take(end - from).collect();
        is_syllable(&part) || (begun && end == letters.len() && begins_syllable(&part))
    })
}

fn is_syllable(part: &str) -> bool {
    matches!(part, "lv" | "lve" | "nv" | "nve") || SYLLABLES.binary_search(&part).is_ok()
}

fn begins_syllable(part: &str) -> bool {
    !completions(part).is_empty()
}

/// The syllables that begin so.
pub(crate) fn completions(part: &str) -> Vec<&'static str> {
    let from = SYLLABLES.partition_point(|syllable| *syllable < part);
    let listed = SYLLABLES.iter().skip(from).take_while(|syllable| syllable.starts_with(part)).copied();
    listed
        .chain(["lv", "lve", "nv", "nve"].into_iter().filter(|syllable| syllable.starts_with(part)))
        .collect()
}

/// Whether letters typed so far are the beginning of a text: of its readings, its initials, or a mixture of both.
pub(crate) fn begins(units: &[Unit<'_>], letters: &str, readings: Allowed) -> bool {
    if letters.is_empty() {
        return true;
    }
    let Some((unit, rest)) = units.split_first() else {
        return false;
    };
    let many = match readings {
        Allowed::Usual => 1,
        Allowed::All => MOST_READINGS,
    };
    unit.spellings().take(many).any(|spelling| {
        spelling.starts_with(letters)
            || letters.strip_prefix(spelling).is_some_and(|left| begins(rest, left, readings))
            // A spelling of one letter is its own initial; trying it twice at each unit would take time without end.
            || (spelling.len() > 1
                && spelling
                    .chars()
                    .next()
                    .and_then(|initial| letters.strip_prefix(initial))
                    .is_some_and(|left| begins(rest, left, readings)))
    })
}

/// Which readings of a character count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// The usual one: 余 is yu.
    Usual,
    /// Every one: it may be xu as well.
    All,
}

/// The pairs of readings that a folded text has, with the alternatives for each; `None` when a character has no reading.
pub(crate) fn sounds(folded: &str) -> Option<Vec<Vec<String>>> {
    let units = units(folded);
    if units.len() < 2 || units.iter().any(|unit| unit.spellings().next().is_none()) {
        return None;
    }
    let alternatives = |two: &[Unit<'_>]| match two {
        [first, second] => first
            .spellings()
            .flat_map(|one| second.spellings().map(move |other| format!("{one} {other}")))
            .collect(),
        _ => Vec::new(),
    };
    Some(units.windows(2).map(alternatives).collect())
}

/// Whether some part of a text can be read aloud like what was typed. Both are folded.
pub(crate) fn sound_alike(typed: &str, text: &str) -> bool {
    let (typed, text) = (units(typed), units(text));
    let alike =
        |(a, b): (&Unit<'_>, &Unit<'_>)| a.spellings().any(|one| b.spellings().any(|other| one == other));
    !typed.is_empty() && text.windows(typed.len()).any(|part| typed.iter().zip(part).all(alike))
}

/// The syllables of standard Chinese without tones, sorted; those with ü are in [`typed`].
#[rustfmt::skip]
static SYLLABLES: [&str; SYLLABLE_COUNT] = [
    "a", "ai", "an", "ang", "ao", "ba", "bai", "ban", "bang", "bao", "bei", "ben", "beng", "bi", "bian", "biao", "bie", "bin",
    "bing", "bo", "bu", "ca", "cai", "can", "cang", "cao", "ce", "cen", "ceng", "cha", "chai", "chan", "chang", "chao", "che",
    "chen", "cheng", "chi", "chong", "chou", "chu", "chua", "chuai", "chuan", "chuang", "chui", "chun", "chuo", "ci", "cong",
    "cou", "cu", "cuan", "cui", "cun", "cuo", "da", "dai", "dan", "dang", "dao", "de", "dei", "den", "deng", "di", "dia",
    "dian", "diao", "die", "ding", "diu", "dong", "dou", "du", "duan", "dui", "dun", "duo", "e", "ei", "en", "eng", "er", "fa",
    "fan", "fang", "fei", "fen", "feng", "fiao", "fo", "fou", "fu", "ga", "gai", "gan", "gang", "gao", "ge", "gei", "gen",
    "geng", "gong", "gou", "gu", "gua", "guai", "guan", "guang", "gui", "gun", "guo", "ha", "hai", "han", "hang", "hao", "he",
    "hei", "hen", "heng", "hong", "hou", "hu", "hua", "huai", "huan", "huang", "hui", "hun", "huo", "ji", "jia", "jian",
    "jiang", "jiao", "jie", "jin", "jing", "jiong", "jiu", "ju", "juan", "jue", "jun", "ka", "kai", "kan", "kang", "kao", "ke",
    "kei", "ken", "keng", "kong", "kou", "ku", "kua", "kuai", "kuan", "kuang", "kui", "kun", "kuo", "la", "lai", "lan", "lang",
    "lao", "le", "lei", "len", "leng", "li", "lia", "lian", "liang", "liao", "lie", "lin", "ling", "liu", "lo", "long", "lou",
    "lu", "luan", "lue", "lun", "luo", "ma", "mai", "man", "mang", "mao", "me", "mei", "men", "meng", "mi", "mian", "miao",
    "mie", "min", "ming", "miu", "mo", "mou", "mu", "na", "nai", "nan", "nang", "nao", "ne", "nei", "nen", "neng", "ni", "nian",
    "niang", "niao", "nie", "nin", "ning", "niu", "nong", "nou", "nu", "nuan", "nue", "nun", "nuo", "o", "ou", "pa", "pai",
    "pan", "pang", "pao", "pei", "pen", "peng", "pi", "pian", "piao", "pie", "pin", "ping", "po", "pou", "pu", "qi", "qia",
    "qian", "qiang", "qiao", "qie", "qin", "qing", "qiong", "qiu", "qu", "quan", "que", "qun", "ran", "rang", "rao", "re",
    "ren", "reng", "ri", "rong", "rou", "ru", "rua", "ruan", "rui", "run", "ruo", "sa", "sai", "san", "sang", "sao", "se",
    "sen", "seng", "sha", "shai", "shan", "shang", "shao", "she", "shei", "shen", "sheng", "shi", "shou", "shu", "shua",
    "shuai", "shuan", "shuang", "shui", "shun", "shuo", "si", "song", "sou", "su", "suan", "sui", "sun", "suo", "ta", "tai",
    "tan", "tang", "tao", "te", "tei", "teng", "ti", "tian", "tiao", "tie", "ting", "tong", "tou", "tu", "tuan", "tui", "tun",
    "tuo", "wa", "wai", "wan", "wang", "wei", "wen", "weng", "wo", "wu", "xi", "xia", "xian", "xiang", "xiao", "xie", "xin",
    "xing", "xiong", "xiu", "xu", "xuan", "xue", "xun", "ya", "yan", "yang", "yao", "ye", "yi", "yin", "ying", "yo", "yong",
    "you", "yu", "yuan", "yue", "yun", "za", "zai", "zan", "zang", "zao", "ze", "zei", "zen", "zeng", "zha", "zhai", "zhan",
    "zhang", "zhao", "zhe", "zhei", "zhen", "zheng", "zhi", "zhong", "zhou", "zhu", "zhua", "zhuai", "zhuan", "zhuang", "zhui",
    "zhun", "zhuo", "zi", "zong", "zou", "zu", "zuan", "zui", "zun", "zuo",
];
const SYLLABLE_COUNT: usize = 412;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::fold;
    use crate::tokens::lines;

    fn spelled(text: &str) -> Vec<String> {
        sorted(&lines(|to| pairs_into(to, &units(&fold(text)))))
    }

    fn initials(text: &str) -> Vec<String> {
        sorted(&lines(|to| triples_into(to, &units(&fold(text)))))
    }

    fn sorted(text: &str) -> Vec<String> {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    #[test]
    fn a_title_is_kept_as_pairs_of_readings_and_triples_of_initials() {
        assert_eq!(spelled("解忧"), ["^ jie", "^ xie", "jie you", "xie you", "you $"]);
        assert_eq!(initials("中国Ⅱ"), ["^zg", "gi$", "zgi"]);
        assert!(spelled("重庆").contains(&"chong qing".to_owned()));
        assert!(spelled("银行").contains(&"yin hang".to_owned()));
        assert!(
            spelled("绿化").contains(&"lv hua".to_owned()) && spelled("绿化").contains(&"lu hua".to_owned())
        );
        assert_eq!(spelled("C语言"), ["^ c", "c yu", "yan $", "yin $", "yu yan", "yu yin"]);
    }

    #[test]
    fn letters_are_cut_into_syllables_in_every_way() {
        assert_eq!(ways("xian"), [vec!["xian"], vec!["xi", "an"]]);
        assert_eq!(ways("jieyouzahuodian")[0], ["jie", "you", "za", "huo", "dian"]);
        assert_eq!(ways("hong lou meng"), [["hong", "lou", "meng"]]);
        assert_eq!(ways("c yuyan"), [["c", "yu", "yan"]]);
        assert_eq!(ways("cyuyan")[0], ["c", "yu", "yan"]);
        assert!(ways("1984").is_empty());
        assert!(ways("xyz").is_empty());
        assert!(ways(&"xian".repeat(40)).len() <= MOST_WAYS, "and no endless number of ways");
    }

    #[test]
    fn a_syllable_may_be_half_typed() {
        assert_eq!(ways_begun("jieyouz")[0], ["jie", "you", "z"]);
        assert_eq!(ways_begun("hong l")[0], ["hong", "l"]);
        assert!(completions("zhua").contains(&"zhuang"));
    }

    #[test]
    fn what_is_typed_may_be_pinyin_initials_or_both() {
        let units = units("解忧杂货店");
        for typed in ["j", "jie", "jieyouza", "jyzhd", "jieyzh", "jyouz", "jieyouzahuodian"] {
            assert!(begins(&units, typed, Allowed::Usual), "{typed}");
        }
        for typed in ["you", "jx", "jieyouzahuodianx"] {
            assert!(!begins(&units, typed, Allowed::All), "{typed}");
        }
        assert!(
            !begins(&super::units("余华"), "xu", Allowed::Usual)
                && begins(&super::units("余华"), "xu", Allowed::All)
        );
    }

    #[test]
    fn a_cry_of_forty_characters_takes_no_time() {
        let text = "啊".repeat(39) + "行";
        assert!(!begins(&units(&text), &("a".repeat(39) + "q"), Allowed::All));
    }

    #[test]
    fn the_syllables_are_sorted() {
        assert!(SYLLABLES.windows(2).all(|two| two[0] < two[1]));
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_spelled(text in "\\PC{0,60}") {
            let folded = fold(&text);
            let units = units(&folded);
            lines(|to| {
                pairs_into(to, &units);
                triples_into(to, &units);
            });
            let _ = (ways(&folded), ways_begun(&folded));
        }
    }
}
