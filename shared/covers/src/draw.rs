//! A typographic cover for a title that has no picture: its name set large over a ground and an ornament of its own.
//!
//! Everything follows from the title and its id: the same title looks the same everywhere and every day, and two titles side by side
//! look different. The hue says roughly what kind of book it is. Nothing is loaded: no font, no script, no picture.

mod dice;
mod ornament;
mod scheme;
mod setting;
mod text;

use dice::Dice;
use ornament::{Area, Ornament};
use scheme::Scheme;
use setting::{Block, Face};

/// The canvas: five to seven, between a pocket book and a textbook.
const WIDTH: i32 = 300;
const HEIGHT: i32 = 420;
const MARGIN: i32 = 30;
/// Where an ornament ends that stands under the title; the publisher is below it.
const FOOT: i32 = 378;
/// No title of a book is longer than this; what is, is a mistake in the catalogue, and is cut.
const LONGEST: usize = 160;

/// What stands on a cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The title's id, from which looks are drawn by lot.
    pub id: &'a str,
    /// Its class in the Chinese Library Classification.
    pub class: Option<&'a str>,
    /// Title proper.
    pub title: &'a str,
    /// Other title information.
    pub subtitle: Option<&'a str>,
    /// Who wrote it, as people say it: without country and dynasty.
    pub author: Option<&'a str>,
    /// Who published it.
    pub publisher: Option<&'a str>,
}

/// How a cover is laid out.
enum Layout {
    /// The title, and an ornament in full colour under it.
    Band,
    /// The title over an ornament that is hardly darker than its ground.
    Full,
    /// A slip of paper with the title from top to bottom, as on a thread-bound book.
    Slip(Vec<char>),
}

/// Draws a cover, as an SVG document of at most 4 kB.
pub fn svg(subject: &Subject<'_>) -> String {
    let mut dice = Dice::of(subject.id);
    let scheme = Scheme::of(subject.class, &mut dice);
    let clean = |text: &str| text::shortened(&text::clean(text), LONGEST);
    let title = clean(subject.title);
    let subtitle = subject.subtitle.map(clean).filter(|text| !text.is_empty());
    let (title, subtitle) = match subtitle {
        Some(subtitle) => (title, Some(subtitle)),
        None => text::split(&title),
    };
    let author = subject.author.map(clean).unwrap_or_default();
    let publisher = subject.publisher.map(clean).unwrap_or_default();

    let mut drawn = opening(&title, &author, scheme);
    match layout(&title, subtitle.is_some(), &mut dice) {
        Layout::Slip(characters) => {
            let area = Area { top: 0, bottom: FOOT - 30 };
            drawn += &Ornament::ground(&mut dice).draw(area, scheme, &mut dice);
            drawn += &slip(&characters, scheme.paper());
            drawn += &setting::foot(&author, &publisher, scheme.ink);
        }
        layout @ (Layout::Band | Layout::Full) => {
            let face = dice.pick(Face::Song, &[Face::Song, Face::Hei]);
            let title = Block::title(&title, face);
            let subtitle = subtitle.map(|text| Block::subtitle(&text, face));
            let under = MARGIN + 8 + title.height();
            let bottom = under + subtitle.as_ref().map_or(0, |subtitle| 8 + subtitle.height());
            match layout {
                Layout::Band => {
                    let area = Area { top: (bottom + 72).max(226), bottom: FOOT };
                    drawn += &Ornament::band(&mut dice).draw(area, scheme, &mut dice);
                }
                Layout::Full | Layout::Slip(_) => {
                    drawn += &Ornament::ground(&mut dice).draw(Area::WHOLE, scheme.quiet(), &mut dice);
                }
            }
            drawn += &title.place(MARGIN + 8, scheme.ink);
            if let Some(subtitle) = &subtitle {
                drawn += &subtitle.place(under + 8, scheme.ink);
            }
            drawn += &setting::author(&author, bottom + 20, scheme);
            drawn += &setting::foot("", &publisher, scheme.ink);
        }
    }
    drawn += "</svg>";
    drawn
}

/// The drawing by its content, to tell a cache whether it has this one.
pub fn tag(drawn: &str) -> String {
    dice::fingerprint(drawn)
}

fn opening(title: &str, author: &str, scheme: Scheme) -> String {
    let label = if author.is_empty() { title.to_owned() } else { format!("{title}，{author}") };
    let label = text::escape(&text::shortened(&label, 60));
    let (ground, family) = (scheme.ground, Face::Hei.family());
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" xml:lang="zh-CN" role="img" aria-label="{label}" font-family="{family}"><rect width="{WIDTH}" height="{HEIGHT}" fill="{ground}"/>"#
    )
}

/// A slip suits a short title of Han characters alone, and every second of those gets one.
fn layout(title: &str, has_subtitle: bool, dice: &mut Dice) -> Layout {
    let characters: Vec<char> = title.chars().collect();
    let short = (2..=7).contains(&characters.len()) && characters.iter().all(|c| text::is_han(*c));
    if short && !has_subtitle && dice.below(2) == 0 {
        return Layout::Slip(characters);
    }
    if dice.below(3) == 0 { Layout::Full } else { Layout::Band }
}

/// The slip: characters one below the other, in a double frame.
fn slip(characters: &[char], paper: Scheme) -> String {
    let count = i32::try_from(characters.len()).unwrap_or(1);
    let size = match count {
        ..=4 => 54,
        5 => 48,
        6 => 42,
        _ => 36,
    };
    let step = size + size / 7;
    let (width, height) = (size + 34, step * count + 34);
    let (left, top) = (MARGIN, MARGIN);
    let Scheme { ground, ink, accent, .. } = paper;
    let mut drawn = format!(
        r#"<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="{ground}"/><rect x="{}" y="{}" width="{}" height="{}" fill="none" stroke="{accent}" stroke-width="1.5"/><g font-family="{}" font-weight="700" font-size="{size}" fill="{ink}" text-anchor="middle">"#,
        left + 6,
        top + 6,
        width - 12,
        height - 12,
        Face::Song.family(),
    );
    let mut baseline = top + 17 + size * 9 / 10;
    for character in characters {
        drawn += &setting::line_of_text(left + width / 2, baseline, &character.to_string());
        baseline += step;
    }
    drawn + "</g>"
}

#[cfg(test)]
mod tests;
