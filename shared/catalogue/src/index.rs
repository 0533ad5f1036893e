//! The full-text index: a directory of immutable segments and one `meta.json` that lists them.

mod closeness;
mod columns;
mod facets;
mod filter;
mod query;
mod ranking;
mod schema;
mod search;
mod suggest;
mod writer;

pub use facets::Facets;
pub use filter::Filter;
pub use ranking::Sort;
pub use search::{Found, Hit, Hits, Page, Search, Searcher};
pub use suggest::{Kind, Suggestion};
pub use writer::{Writer, files};

/// Why an index could not be opened, written or searched.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The engine failed: a file is missing or broken, the disk is full.
    #[error("search index: {0}")]
    Engine(#[from] tantivy::TantivyError),
    /// The directory holds an index of another version of this program; it must be built anew.
    #[error("the index in this directory has another schema; build it anew")]
    OtherSchema,
    /// A stored line cannot be read back.
    #[error("search index: a stored line is broken: {0}")]
    Line(#[from] serde_json::Error),
    /// The directory cannot be read or written.
    #[error("search index: {0}")]
    Io(#[from] std::io::Error),
}
