//! Money: whole fen, never a float.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::Invalid;

/// An amount in fen. 100 fen are one yuan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fen(pub u32);

impl Fen {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Reads yuan as people write them: `39`, `39.5`, `39.50`.
    ///
    /// # Errors
    /// [`Invalid`] for what is no amount of whole fen.
    pub fn parse_yuan(text: &str) -> Result<Self, Invalid> {
        const WRONG: Invalid = Invalid::new("amount", "expected yuan such as 39.50");
        let (yuan, fen) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if yuan.is_empty() || fen.len() > 2 || !digits(yuan) || !digits(fen) {
            return Err(WRONG);
        }
        format!("{yuan}{fen:0<2}").parse().map(Self).map_err(|_| WRONG)
    }

    /// The sum; the largest amount there is when it does not fit.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left of this amount without another; nothing when the other is more.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// This amount `n` times; the largest amount there is when it does not fit.
    #[must_use]
    pub const fn times(self, n: u32) -> Self {
        Self(self.0.saturating_mul(n))
    }
}

/// In yuan, as readers know it: `3.50`.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fen_are_shown_in_yuan() {
        let shown = [0, 5, 350, 123_456].map(|fen| Fen(fen).to_string());
        assert_eq!(shown, ["0.00", "0.05", "3.50", "1234.56"]);
        let read = ["39", "39.5", " 39.05 ", "0"].map(|text| Fen::parse_yuan(text).unwrap().0);
        assert_eq!(read, [3_900, 3_950, 3_905, 0]);
        for wrong in ["", ".5", "1.234", "-1", "1,5", "１", "99999999999"] {
            assert!(Fen::parse_yuan(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Fen(u32::MAX).plus(Fen(1)), Fen(u32::MAX));
    }
}
