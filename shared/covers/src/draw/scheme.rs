//! Colours. Every text is legible on every ground that it can meet: at least 4.5 to 1, as WCAG counts contrast; a test computes it.

use std::fmt;

use super::dice::Dice;

/// A colour, `0xRRGGBB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour(pub(super) u32);

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:06x}", self.0)
    }
}

/// The colours of one cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scheme {
    hue: Hue,
    /// What everything stands on.
    pub(super) ground: Colour,
    /// The ground's own shadow: ornaments that text may stand on.
    pub(super) shade: Colour,
    /// Ornaments that no text stands on.
    pub(super) accent: Colour,
    /// Text.
    pub(super) ink: Colour,
}

/// The families of colours. Each has a deep ground with light text and a pale one with dark text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hue {
    Vermilion,
    Ochre,
    Amber,
    Olive,
    Pine,
    Teal,
    Sky,
    Indigo,
    Violet,
    Plum,
    Ink,
    Slate,
}

impl Hue {
    pub(super) const ALL: [Self; 12] = [
        Self::Vermilion,
        Self::Ochre,
        Self::Amber,
        Self::Olive,
        Self::Pine,
        Self::Teal,
        Self::Sky,
        Self::Indigo,
        Self::Violet,
        Self::Plum,
        Self::Ink,
        Self::Slate,
    ];

    /// The hues of a class of the Chinese Library Classification: the first, and others.
    fn of(class: Option<char>) -> (Self, &'static [Self]) {
        match class {
            Some('A') => (Self::Vermilion, &[]),
            Some('B') => (Self::Violet, &[Self::Ink, Self::Indigo]),
            Some('C') => (Self::Slate, &[Self::Teal]),
            Some('D') => (Self::Vermilion, &[Self::Plum]),
            Some('E') => (Self::Olive, &[Self::Ink]),
            Some('F') => (Self::Amber, &[Self::Teal]),
            Some('G') => (Self::Sky, &[Self::Pine]),
            Some('H') => (Self::Teal, &[Self::Violet]),
            // Every second book of a library is literature: a shelf of it must not be of one colour.
            Some('I') => (Self::Vermilion, &[Self::Plum, Self::Ochre, Self::Indigo, Self::Teal, Self::Pine]),
            Some('J') => (Self::Plum, &[Self::Amber, Self::Violet]),
            Some('K') => (Self::Ochre, &[Self::Ink, Self::Olive]),
            Some('N' | 'V') => (Self::Sky, &[Self::Slate]),
            Some('O') => (Self::Indigo, &[Self::Sky]),
            Some('P') => (Self::Sky, &[Self::Indigo, Self::Ink]),
            Some('Q') => (Self::Pine, &[Self::Olive]),
            Some('R') => (Self::Teal, &[Self::Pine]),
            Some('S') => (Self::Olive, &[Self::Pine]),
            Some('T') => (Self::Slate, &[Self::Sky, Self::Indigo]),
            Some('U') => (Self::Slate, &[Self::Ochre]),
            Some('X') => (Self::Pine, &[Self::Teal]),
            Some('Z') => (Self::Ink, &[Self::Slate]),
            Some(_) | None => (Self::Slate, &Self::ALL),
        }
    }

    /// A light text on a deep ground.
    pub(super) const fn deep(self) -> Scheme {
        match self {
            Self::Vermilion => self.scheme(0x8c_2b20, 0x9b_382b, 0xe8_a33d, 0xff_f3e4),
            Self::Ochre => self.scheme(0x74_4519, 0x83_5225, 0xe9_b872, 0xff_f4e2),
            Self::Amber => self.scheme(0x66_4e0d, 0x74_5b1a, 0xf0_c54a, 0xff_f8e0),
            Self::Olive => self.scheme(0x48_5721, 0x56_652d, 0xc8_d26b, 0xf7_fae6),
            Self::Pine => self.scheme(0x1d_563a, 0x2a_6547, 0x8f_cb8b, 0xef_faef),
            Self::Teal => self.scheme(0x13_5557, 0x1f_6567, 0x7c_cfc3, 0xe9_faf7),
            Self::Sky => self.scheme(0x1b_4f78, 0x28_5f89, 0x82_bde6, 0xed_f6fd),
            Self::Indigo => self.scheme(0x2a_3a7c, 0x38_498c, 0x9a_a8ee, 0xf0_f2fe),
            Self::Violet => self.scheme(0x50_317a, 0x5f_4089, 0xc0_a0ea, 0xf6_f0fd),
            Self::Plum => self.scheme(0x75_264f, 0x85_355e, 0xee_94b8, 0xfd_eff5),
            Self::Ink => self.scheme(0x2e_3338, 0x3c_4248, 0xc2_a676, 0xf4_f1ea),
            Self::Slate => self.scheme(0x35_495a, 0x43_5868, 0xa8_c3d4, 0xf1_f6f9),
        }
    }

    /// A dark text on a pale ground.
    pub(super) const fn pale(self) -> Scheme {
        match self {
            Self::Vermilion => self.scheme(0xf7_e9df, 0xf0_d9ca, 0xc9_432e, 0x6b_1f16),
            Self::Ochre => self.scheme(0xf6_ecda, 0xed_ddc1, 0xb9_772a, 0x5a_3411),
            Self::Amber => self.scheme(0xf8_f1d8, 0xf0_e4b8, 0xcb_9d1d, 0x54_400a),
            Self::Olive => self.scheme(0xf0_f3de, 0xe1_e7c4, 0x7f_9433, 0x3a_4618),
            Self::Pine => self.scheme(0xe4_f2e7, 0xcf_e5d4, 0x3c_8f5a, 0x17_4430),
            Self::Teal => self.scheme(0xe0_f2f0, 0xc9_e5e2, 0x2a_8c88, 0x0f_4547),
            Self::Sky => self.scheme(0xe3_eff8, 0xcd_e1f0, 0x35_80b5, 0x14_3e60),
            Self::Indigo => self.scheme(0xe8_ebf8, 0xd5_daf2, 0x4c_5db5, 0x21_2e63),
            Self::Violet => self.scheme(0xef_e8f7, 0xe1_d4ef, 0x7c_50b0, 0x3f_2662),
            Self::Plum => self.scheme(0xf8_e7ee, 0xf0_d3e0, 0xb4_427a, 0x5c_1c3d),
            Self::Ink => self.scheme(0xf0_eee8, 0xe2_dfd6, 0x8f_7d58, 0x2a_2e33),
            Self::Slate => self.scheme(0xe9_eff3, 0xd8_e2e9, 0x5c_7f98, 0x27_3846),
        }
    }

    const fn scheme(self, ground: u32, shade: u32, accent: u32, ink: u32) -> Scheme {
        Scheme {
            hue: self,
            ground: Colour(ground),
            shade: Colour(shade),
            accent: Colour(accent),
            ink: Colour(ink),
        }
    }
}

impl Scheme {
    /// The colours that fall to a title of this class.
    pub(super) fn of(class: Option<&str>, dice: &mut Dice) -> Self {
        let letter = class.and_then(|class| class.chars().next()).map(|letter| letter.to_ascii_uppercase());
        let (first, others) = Hue::of(letter);
        let hue = dice.pick(first, others);
        if dice.below(5) < 3 { hue.deep() } else { hue.pale() }
    }

    /// Paper for a slip on this ground.
    pub(super) const fn paper(self) -> Self {
        self.hue.pale()
    }

    /// The same with ornaments that text may stand on.
    pub(super) const fn quiet(self) -> Self {
        Self { accent: self.shade, ..self }
    }
}
