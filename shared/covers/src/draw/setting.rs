//! Setting text: how large, and where its lines end.
//!
//! A text is a row of pieces that are not torn apart: a Han character with the punctuation that may not stand at the beginning or the
//! end of a line (避头尾), or a word of letters. Of all ways to break the row into lines the most even one is taken.

use super::scheme::{Colour, Scheme};
use super::text::{escape, is_han, is_wide, width};
use super::{FOOT, MARGIN, WIDTH};

/// What a line may fill.
const MEASURE: i32 = WIDTH - 2 * MARGIN;

/// A typeface, by what systems call it: nothing is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    /// 宋体, with serifs.
    Song,
    /// 黑体, without.
    Hei,
}

impl Face {
    pub(super) const fn family(self) -> &'static str {
        match self {
            Self::Song => {
                "'Noto Serif CJK SC','Noto Serif SC','Source Han Serif SC','Songti SC',STSong,SimSun,serif"
            }
            Self::Hei => {
                "'PingFang SC','Noto Sans CJK SC','Noto Sans SC','HarmonyOS Sans SC','Microsoft YaHei',sans-serif"
            }
        }
    }
}

/// Lines of one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    face: Face,
    weight: u16,
    size: i32,
    lines: Vec<String>,
}

impl Block {
    /// A title, as large as it can be in lines that are not too many.
    pub(super) fn title(text: &str, face: Face) -> Self {
        Self::fitting(text, face, 700, &[(60, 2), (52, 2), (46, 3), (40, 3), (34, 4), (28, 5)])
    }

    /// A subtitle.
    pub(super) fn subtitle(text: &str, face: Face) -> Self {
        Self::fitting(text, face, 400, &[(20, 1), (18, 2), (16, 2)])
    }

    /// The first size at which the text needs no more lines than go with it and no word is torn for it; else the first at which it fits;
    /// else the last, and what is too much is cut off.
    fn fitting(text: &str, face: Face, weight: u16, sizes: &[(i32, usize)]) -> Self {
        let pieces = pieces(text);
        let mut smallest = (16, 1);
        let mut torn = None;
        for &(size, most) in sizes {
            smallest = (size, most);
            if let Some(broken) = broken(&pieces, MEASURE * 100 / size, most) {
                let block = Self { face, weight, size, lines: broken.lines };
                if broken.worst < TORN {
                    return block;
                }
                torn = torn.or(Some(block));
            }
        }
        let (size, most) = smallest;
        torn.unwrap_or_else(|| {
            let lines = cut(&pieces, MEASURE * 100 / size, most);
            Self { face, weight, size, lines }
        })
    }

    fn leading(&self) -> i32 {
        self.size * 5 / 4
    }

    pub(super) fn height(&self) -> i32 {
        self.leading() * i32::try_from(self.lines.len()).unwrap_or(0)
    }

    /// The lines, the first of them beginning at `top`.
    pub(super) fn place(&self, top: i32, fill: Colour) -> String {
        let Self { face, weight, size, lines } = self;
        let family = face.family();
        let mut drawn =
            format!(r#"<g font-family="{family}" font-weight="{weight}" font-size="{size}" fill="{fill}">"#);
        let mut baseline = top + size;
        for line in lines {
            drawn += &line_of_text(MARGIN, baseline, line);
            baseline += self.leading();
        }
        drawn + "</g>"
    }
}

/// A line in the type that stands around it.
pub(super) fn line_of_text(x: i32, baseline: i32, text: &str) -> String {
    format!(r#"<text x="{x}" y="{baseline}">{}</text>"#, escape(text))
}

/// The author's line under a title, with a short rule before it.
pub(super) fn author(name: &str, top: i32, scheme: Scheme) -> String {
    if name.is_empty() {
        return String::new();
    }
    let Scheme { accent, ink, .. } = scheme;
    let rule = format!(r#"<rect x="{MARGIN}" y="{}" width="28" height="3" fill="{accent}"/>"#, top - 8);
    rule + &small(name, 17, top + 22, ink)
}

/// The last lines of a cover.
pub(super) fn foot(author: &str, publisher: &str, ink: Colour) -> String {
    small(author, 18, FOOT, ink) + &small(publisher, 12, FOOT + 23, ink)
}

/// One small line, cut off where it must be.
fn small(text: &str, size: i32, baseline: i32, ink: Colour) -> String {
    if text.is_empty() {
        return String::new();
    }
    let line = cut(&pieces(text), MEASURE * 100 / size, 1).concat();
    format!(r#"<text x="{MARGIN}" y="{baseline}" font-size="{size}" fill="{ink}">{}</text>"#, escape(&line))
}

/// What is not torn apart.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    text: String,
    /// A space stands before it, except at the beginning of a line.
    spaced: bool,
}

impl Piece {
    fn width(&self) -> i32 {
        self.text.chars().map(width).sum()
    }

    /// The same at the end of a line, where half of a full-width punctuation mark is empty.
    fn width_at_end(&self) -> i32 {
        let hangs = self.text.chars().last().is_some_and(|c| is_closing(c) && is_wide(c));
        self.width() - if hangs { 50 } else { 0 }
    }

    fn space(&self) -> i32 {
        if self.spaced { width(' ') } else { 0 }
    }
}

/// Something is torn that a reader takes for one: a word of kana, a name in brackets.
const TORN: i32 = 120;

/// What it costs to end a line between two pieces. Most Chinese words have two characters, so a row of them is rather cut after an even
/// number; before it counts the Han characters since something else stood there.
fn tearing(before: &[Piece], after: Option<&Piece>) -> i32 {
    let last = |piece: &Piece| piece.text.chars().last();
    let (Some(left), Some(right)) =
        (before.last().and_then(last), after.and_then(|next| next.text.chars().next()))
    else {
        return 0;
    };
    let opened = before.iter().flat_map(|piece| piece.text.chars()).fold(0, |depth, c| match c {
        '《' | '（' | '“' | '(' => depth + 1,
        '》' | '）' | '”' | ')' => depth - 1,
        _ => depth,
    });
    let inside = if opened > 0 { TORN } else { 0 };
    let here = if is_pause(left) || after.is_some_and(|next| next.spaced) {
        0
    } else if Script::of(left) != Script::of(right) || matches!(left, '的' | '之') {
        10
    } else if Script::of(left) == Script::Han {
        let run = before.iter().rev().map_while(last).take_while(|c| Script::of(*c) == Script::Han).count();
        match (run % 2 == 0, matches!(right, '与' | '和' | '及')) {
            (true, true) => 10,
            (true, false) => 20,
            (false, true) => 40,
            (false, false) => 90,
        }
    } else {
        TORN
    };
    inside + here
}

/// Kinds of characters: where they change, a word ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Han,
    Hiragana,
    Katakana,
    Other,
}

impl Script {
    fn of(c: char) -> Self {
        match c {
            '\u{3041}'..='\u{309f}' => Self::Hiragana,
            '\u{30a0}'..='\u{30ff}' => Self::Katakana,
            _ if is_han(c) => Self::Han,
            _ => Self::Other,
        }
    }
}

/// May not stand at the beginning of a line.
fn is_closing(c: char) -> bool {
    is_pause(c) || "々ーぁぃぅぇぉっゃゅょァィゥェォッャュョ％".contains(c)
}

/// A mark after which a reader pauses, and a line ends well.
fn is_pause(c: char) -> bool {
    "，。、；：？！）】》〉」』”’…—·～)]}-–/".contains(c)
}

/// May not stand at the end of a line.
fn is_opening(c: char) -> bool {
    "（【《〈「『“‘([{￥$#".contains(c)
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut spaced = false;
    for c in text.chars() {
        if c == ' ' {
            spaced = true;
            continue;
        }
        match pieces.last_mut() {
            Some(last) if belongs(&last.text, c, spaced) => last.text.push(c),
            _ => pieces.push(Piece { text: c.to_string(), spaced }),
        }
        spaced = false;
    }
    pieces
}

/// Whether a character goes with the piece before it.
fn belongs(before: &str, c: char, spaced: bool) -> bool {
    let Some(last) = before.chars().last() else { return true };
    let one_word = !is_wide(last) && !is_wide(c) && !is_closing(last) && !is_opening(c);
    is_closing(c) || (!spaced && (is_opening(last) || one_word))
}

/// A text in lines.
struct Broken {
    lines: Vec<String>,
    /// The most that ending one of them costs.
    worst: i32,
}

/// The best way to set the first pieces of a text: what it costs, and where its last line begins.
#[derive(Clone, Copy)]
struct Best {
    cost: i32,
    worst: i32,
    from: usize,
}

/// Lines of at most `measure` hundredths of the size, at most `most` of them, as even as can be; `None` when it does not fit.
fn broken(pieces: &[Piece], measure: i32, most: usize) -> Option<Broken> {
    // For each number of lines, the best way to set each number of pieces.
    let mut ways: Vec<Vec<Option<Best>>> = Vec::new();
    for _ in 0..most {
        let before = ways.last();
        let row = (0..=pieces.len()).map(|end| {
            let torn = pieces.get(..end).map_or(0, |set| tearing(set, pieces.get(end)));
            // From the end back, for as long as a line has room.
            let fitting = (0..end).rev().map_while(|from| {
                let slack = (measure - line_width(pieces.get(from..end)?)) / 10;
                (slack >= 0).then_some((from, slack))
            });
            let line_from = |(from, slack): (usize, i32)| {
                let (cost, worst) = match before {
                    None => (from == 0).then_some((0, 0))?,
                    Some(before) => {
                        before.get(from).copied().flatten().map(|best| (best.cost, best.worst))?
                    }
                };
                Some(Best { cost: cost + slack * slack / 4 + torn, worst: worst.max(torn), from })
            };
            fitting.filter_map(line_from).min_by_key(|best| best.cost)
        });
        let row: Vec<_> = row.collect();
        let whole = row.last().copied().flatten();
        ways.push(row);
        // Not one line more than is needed.
        if let Some(whole) = whole {
            let (mut end, mut from, mut lines) = (pieces.len(), whole.from, Vec::new());
            for way in ways.iter().rev().skip(1) {
                lines.push(joined(pieces.get(from..end)?));
                (end, from) = (from, way.get(from).copied().flatten()?.from);
            }
            lines.push(joined(pieces.get(from..end)?));
            lines.reverse();
            return Some(Broken { lines, worst: whole.worst });
        }
    }
    None
}

fn line_width(line: &[Piece]) -> i32 {
    let inner: i32 = line.iter().map(|piece| piece.space() + piece.width()).sum();
    let first = line.first().map_or(0, Piece::space);
    let hang = line.last().map_or(0, |last| last.width() - last.width_at_end());
    inner - first - hang
}

fn joined(line: &[Piece]) -> String {
    let mut text = String::new();
    for piece in line {
        if piece.spaced && !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&piece.text);
    }
    text
}

/// Full lines, character by character where a word does not fit, and an ellipsis where it had to end.
fn cut(pieces: &[Piece], measure: i32, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let (mut line, mut filled) = (String::new(), 0);
    for piece in pieces {
        let space = if line.is_empty() { 0 } else { piece.space() };
        if !line.is_empty() && filled + space + piece.width() > measure && piece.width() <= measure {
            if lines.len() + 1 == most {
                lines.push(with_ellipsis(line, measure));
                return lines;
            }
            lines.push(std::mem::take(&mut line));
            filled = 0;
        } else if space > 0 {
            line.push(' ');
            filled += space;
        }
        for c in piece.text.chars() {
            if filled + width(c) > measure {
                if lines.len() + 1 == most {
                    lines.push(with_ellipsis(line, measure));
                    return lines;
                }
                lines.push(std::mem::take(&mut line));
                filled = 0;
            }
            line.push(c);
            filled += width(c);
        }
    }
    lines.push(line);
    lines
}

fn with_ellipsis(mut line: String, measure: i32) -> String {
    let room = measure - width('…');
    while line.chars().map(width).sum::<i32>() > room
        || line.ends_with(|c| is_opening(c) || is_closing(c) || c == ' ')
    {
        if line.pop().is_none() {
            break;
        }
    }
    line + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, ems: i32, most: usize) -> Vec<String> {
        broken(&pieces(text), ems * 100, most).map(|broken| broken.lines).unwrap_or_default()
    }

    #[test]
    fn lines_are_even_and_no_more_than_needed() {
        assert_eq!(lines("解忧杂货店", 4, 2), ["解忧", "杂货店"]);
        assert_eq!(lines("红楼梦", 4, 2), ["红楼梦"]);
        assert_eq!(lines("红楼梦", 4, 3), ["红楼梦"]);
    }

    #[test]
    fn words_are_rather_not_torn() {
        assert_eq!(lines("中国哲学简史", 4, 2), ["中国哲学", "简史"]);
        assert_eq!(lines("近代中国社会的新陈代谢", 5, 3), ["近代中国", "社会的", "新陈代谢"]);
        assert_eq!(lines("战争与和平", 4, 2), ["战争", "与和平"]);
        let block = Block::title("ノルウェイの森", Face::Song);
        assert_eq!((block.size, block.lines), (46, vec!["ノルウェイ".to_owned(), "の森".to_owned()]));
    }

    #[test]
    fn a_line_rather_ends_where_the_reader_pauses() {
        assert_eq!(lines("你好，世界的人", 5, 2), ["你好，", "世界的人"]);
    }

    #[test]
    fn no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one() {
        let title = "论《红楼梦》、《西游记》（上）：我们，怎样读“小说”？";
        for ems in 5..12 {
            for line in lines(title, ems, 20) {
                assert!(!line.starts_with(is_closing), "{line}");
                assert!(!line.ends_with(is_opening), "{line}");
            }
        }
        assert_eq!(lines(title, 5, 20).concat(), title);
    }

    #[test]
    fn words_of_letters_stay_whole_and_keep_their_spaces() {
        assert_eq!(lines("One Hundred Years of Solitude", 7, 3), ["One Hundred", "Years of", "Solitude"]);
        assert_eq!(lines("深入理解Java虚拟机", 5, 3), ["深入理解", "Java", "虚拟机"]);
    }

    #[test]
    fn what_does_not_fit_is_cut_with_an_ellipsis() {
        let endless = "很".repeat(200);
        let block = Block::title(&endless, Face::Song);
        assert_eq!((block.size, block.lines.len()), (28, 5));
        assert!(block.lines.iter().all(|line| line.chars().count() <= 8), "{:?}", block.lines);
        assert!(block.lines.last().unwrap().ends_with("很…"));

        let word = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch";
        let block = Block::title(word, Face::Song);
        assert!(block.lines.len() > 1 && block.lines.concat().starts_with("Llanfair"), "{:?}", block.lines);
    }
}
