//! Covers: no title is without a picture. A title has the image that a librarian gave it, or one is drawn.
//!
//! - [`draw`]: a typographic cover for any title, made from its words.
//! - `variants` (feature `resize`): what is made of an uploaded image, and which images are refused.
//! - `store` (feature `store`): where those are kept.
//!
//! Nothing here knows the table or HTTP.

pub mod draw;
#[cfg(feature = "store")]
pub mod store;
#[cfg(feature = "resize")]
pub mod variants;
