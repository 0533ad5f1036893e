//! The search index between machines: a set of files in S3 that changes as a whole.
//!
//! Files are immutable and named by their content (`index/<hash>-<name>`); `manifest.json` says which of them make up the index
//! now. To publish is to upload the new files and then to replace the manifest *on condition that it is still the one that the
//! change was made from*: of two writers one wins, the other is told [`StoreError::LostRace`] and starts again from the
//! winner's. Readers ask for the manifest with the tag of the one they have, and fetch only files that they lack.
//!
//! Nothing here knows what is in the files.

mod error;
mod local;
mod manifest;
mod store;
#[cfg(feature = "testing")]
pub mod testing;

pub use error::StoreError;
pub use local::{Local, Materialised};
pub use manifest::{Manifest, Published};
pub use store::IndexStore;
