//! The image that a title was given for its cover.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::ImageHash;

/// A cover, as its original was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// Its content; the smaller images made of it are found by this.
    pub hash: ImageHash,
    /// Pixels from side to side, upright.
    pub width: u32,
    /// Pixels from top to bottom, upright.
    pub height: u32,
    /// The original's format.
    pub kind: ImageKind,
}

/// The formats that are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImageKind {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
}

/// The sizes that a cover is kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum CoverSize {
    /// For a line of a list.
    #[serde(rename = "120")]
    Small,
    /// For a grid, and for a list on a fine screen.
    #[serde(rename = "240")]
    Medium,
    /// For a title's own page.
    #[serde(rename = "480")]
    Large,
}

impl CoverSize {
    /// All, smallest first.
    pub const ALL: [Self; 3] = [Self::Small, Self::Medium, Self::Large];

    /// Pixels from side to side; fewer when the original has fewer.
    pub const fn width(self) -> u32 {
        match self {
            Self::Small => 120,
            Self::Medium => 240,
            Self::Large => 480,
        }
    }
}
