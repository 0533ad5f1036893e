//! Ornaments: circles, arcs and rectangles with whole coordinates, a few hundred bytes each.

use super::dice::Dice;
use super::scheme::{Colour, Scheme};
use super::{HEIGHT, MARGIN, WIDTH};

/// From side to side, between two heights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) top: i32,
    pub(super) bottom: i32,
}

impl Area {
    /// The whole cover.
    pub(super) const WHOLE: Self = Self { top: 0, bottom: HEIGHT };

    fn height(self) -> i32 {
        self.bottom - self.top
    }
}

/// A motif.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ornament {
    /// Quarter circles, circles and triangles on a chequerboard.
    Tiles,
    /// Rows of arches, as water or scales are drawn.
    Arches,
    /// Rings around a point at the edge.
    Rings,
    /// Hills behind hills, and a sun.
    Hills,
    /// The backs of books on a board.
    Books,
    /// The moon over water.
    Moon,
    /// A window of bars.
    Window,
}

impl Ornament {
    /// One that stands under a title in full colour.
    pub(super) fn band(dice: &mut Dice) -> Self {
        dice.pick(
            Self::Hills,
            &[Self::Tiles, Self::Books, Self::Moon, Self::Arches, Self::Rings, Self::Window],
        )
    }

    /// One that fills a whole cover.
    pub(super) fn ground(dice: &mut Dice) -> Self {
        dice.pick(Self::Arches, &[Self::Rings, Self::Tiles, Self::Window])
    }

    /// Draws it. What leaves the area is cut off.
    pub(super) fn draw(self, area: Area, scheme: Scheme, dice: &mut Dice) -> String {
        let (top, height) = (area.top, area.height());
        let inner = match self {
            Self::Tiles => tiles(height, scheme, dice),
            Self::Arches => arches(height, scheme, dice),
            Self::Rings => rings(height, scheme, dice),
            Self::Hills => hills(height, scheme, dice),
            Self::Books => books(height, scheme, dice),
            Self::Moon => moon(height, scheme, dice),
            Self::Window => window(height, scheme),
        };
        format!(r#"<svg y="{top}" width="{WIDTH}" height="{height}">{inner}</svg>"#)
    }
}

fn rect(x: i32, y: i32, width: i32, height: i32, fill: Colour) -> String {
    format!(r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}"/>"#)
}

fn circle(x: i32, y: i32, r: i32, fill: Colour) -> String {
    format!(r#"<circle cx="{x}" cy="{y}" r="{r}" fill="{fill}"/>"#)
}

fn tiles(height: i32, scheme: Scheme, dice: &mut Dice) -> String {
    const SIDE: i32 = 60;
    // One path for each colour, however many tiles it has.
    let (mut shade, mut accent) = (String::new(), String::new());
    let rows = (height + SIDE - 1) / SIDE;
    // The last row is whole: what does not fit is cut at the top.
    let first = height - rows * SIDE;
    for row in 0..rows {
        for column in 0..WIDTH / SIDE {
            let (x, y) = (column * SIDE, first + row * SIDE);
            let half = SIDE / 2;
            let tile = match dice.below(8) {
                0 => format!("M{x} {y}h{SIDE}a{SIDE} {SIDE} 0 0 1-{SIDE} {SIDE}z"),
                1 => format!("M{x} {y}v{SIDE}h{SIDE}a{SIDE} {SIDE} 0 0 1-{SIDE}-{SIDE}z"),
                2 => format!("M{} {y}v{SIDE}h-{SIDE}a{SIDE} {SIDE} 0 0 1 {SIDE}-{SIDE}z", x + SIDE),
                3 => format!("M{x} {y}h{SIDE}v{SIDE}a{SIDE} {SIDE} 0 0 1-{SIDE}-{SIDE}z"),
                4 => format!("M{x} {}a{half} {half} 0 0 1 {SIDE} 0z", y + SIDE),
                5 => format!("M{x} {}a{half} {half} 0 0 0 {SIDE} 0a{half} {half} 0 0 0-{SIDE} 0z", y + half),
                6 => format!("M{x} {y}v{SIDE}h{SIDE}z"),
                _ => continue,
            };
            if dice.below(3) == 0 { accent += &tile } else { shade += &tile }
        }
    }
    let Scheme { shade: dark, accent: bright, .. } = scheme;
    format!(r#"<path d="{shade}" fill="{dark}"/><path d="{accent}" fill="{bright}"/>"#)
}

fn arches(height: i32, scheme: Scheme, dice: &mut Dice) -> String {
    // Small ones on a whole cover would be too many.
    let radius = if height > 200 { dice.pick(60, &[75]) } else { dice.pick(30, &[50]) };
    let mut lines = String::new();
    let rows = height / radius + i32::from(height > 200);
    for row in 0..rows {
        let base = height - row * radius;
        let mut x = if row % 2 == 0 { 0 } else { -radius };
        while x < WIDTH {
            lines += &arch(x, base, radius);
            x += 2 * radius;
        }
    }
    let stroke = scheme.accent;
    format!(r#"<path d="{lines}" fill="none" stroke="{stroke}" stroke-width="3"/>"#)
}

/// Three arches in one another, there and back and there.
fn arch(x: i32, base: i32, radius: i32) -> String {
    let (middle, inner) = (radius * 2 / 3, radius / 3);
    let (width, middle_width, inner_width) = (2 * radius, 2 * middle, 2 * inner);
    let (in_by, on_by) = (radius - middle, middle - inner);
    format!(
        "M{x} {base}a{radius} {radius} 0 0 1 {width} 0m-{in_by} 0a{middle} {middle} 0 0 0-{middle_width} 0m{on_by} 0a{inner} {inner} 0 0 1 {inner_width} 0"
    )
}

fn rings(height: i32, scheme: Scheme, dice: &mut Dice) -> String {
    let x = dice.pick(0, &[WIDTH / 2, WIDTH]);
    let y = dice.pick(height, &[height - height / 4]);
    let widest = height.max(WIDTH);
    let step = widest / 9;
    let Scheme { ground, shade, accent, .. } = scheme;
    let mut drawn = String::new();
    for n in 0..8 {
        let fill = match n % 4 {
            0 => shade,
            2 => accent,
            _ => ground,
        };
        drawn += &circle(x, y, widest - n * step, fill);
    }
    drawn
}

fn hills(height: i32, scheme: Scheme, dice: &mut Dice) -> String {
    let Scheme { shade, accent, .. } = scheme;
    let radius = 26 + dice.below(14);
    let mut drawn = circle(70 + dice.below(160), radius + 6, radius, accent);
    for (layer, fill, opacity) in [(0, shade, "1"), (1, accent, ".35"), (2, accent, ".75")] {
        let mut peak = || height * (36 + 23 * layer) / 100 + dice.below(height / 4);
        let (a, b, c, d) = (peak(), peak(), peak(), peak());
        drawn += &hill(height, [a, b, c, d], fill, opacity);
    }
    drawn
}

/// A ridge through four heights, a third of the width apart.
fn hill(height: i32, [a, b, c, d]: [i32; 4], fill: Colour, opacity: &str) -> String {
    format!(
        r#"<path d="M0 {height}V{a}C50 {a} 50 {b} 100 {b}S150 {c} 200 {c}S250 {d} 300 {d}V{height}z" fill="{fill}" opacity="{opacity}"/>"#
    )
}

fn books(height: i32, scheme: Scheme, dice: &mut Dice) -> String {
    let Scheme { ground, shade, accent, ink, .. } = scheme;
    let board = height - 8;
    let mut drawn = String::new();
    let mut x = MARGIN;
    while x < WIDTH - MARGIN - 12 {
        let width = (14 + dice.below(18)).min(WIDTH - MARGIN - x);
        let tall = board * (62 + dice.below(38)) / 100;
        let fill = dice.pick(shade, &[accent, accent, ink]);
        drawn += &rect(x, board - tall, width, tall, fill);
        let band = if fill == ink { accent } else { ground };
        drawn += &rect(x, board - tall + 10 + dice.below(16), width, 4, band);
        x += width + 3;
    }
    drawn + &rect(0, board, WIDTH, 4, accent)
}

fn moon(height: i32, scheme: Scheme, dice: &mut Dice) -> String {
    let Scheme { shade, accent, .. } = scheme;
    let x = 90 + dice.below(120);
    let water = height * 62 / 100;
    let radius = water * 9 / 20;
    let mut drawn =
        circle(x, water - radius - 2, radius, accent) + &rect(0, water, WIDTH, height - water, shade);
    let mut y = water + 8;
    let mut half = radius;
    while y < height - 4 && half > 4 {
        drawn += &rect(x - half + dice.below(20) - 10, y, 2 * half, 3, accent);
        y += 10;
        half -= radius / 6 + dice.below(4);
    }
    drawn
}

fn window(height: i32, scheme: Scheme) -> String {
    const CELL: i32 = 100;
    let rows = (height + CELL - 1) / CELL;
    let first = (height - rows * CELL) / 2;
    let mut lines = String::new();
    for row in 0..rows {
        for column in 0..WIDTH / CELL {
            let (x, y) = (column * CELL, first + row * CELL);
            // The frame, a window in it, a pane in that, and four bars between the first two; each begins where the last one ended.
            let bars = "zm20 20h60v60h-60zm18 18h24v24h-24zm12-38v20m0 60v20m-50-50h20m60 0h20";
            lines += &["M", &x.to_string(), " ", &y.to_string(), "h100v100h-100", bars].concat();
        }
    }
    let stroke = scheme.accent;
    format!(r#"<path d="{lines}" fill="none" stroke="{stroke}" stroke-width="3"/>"#)
}
