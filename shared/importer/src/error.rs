//! Why a load ended before its end. Bad rows are no reason: they are reported and passed over.

use std::path::{Path, PathBuf};

use yujie_catalogue::csv::SheetError;
use yujie_catalogue::index::IndexError;
use yujie_index_store::StoreError;
use yujie_runtime::ConfigError;
use yujie_table::TableError;

use crate::places::UnknownSite;
use crate::source::Reject;

/// What stopped a load.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The command line is not one of ours.
    #[error("{0}")]
    Usage(String),
    /// The environment lacks something.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file cannot be opened or written.
    #[error("{}: {why}", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A strict reading ended at its first fault.
    #[error("stopped at {reject}; loaded before it: {titles} titles, {copies} new copies")]
    Stopped {
        /// The fault.
        reject: Box<Reject>,
        /// Titles that were loaded before it.
        titles: u64,
        /// New copies that were loaded before it.
        copies: u64,
    },
    /// The list of site codes is wrong.
    #[error(transparent)]
    Sites(#[from] UnknownSite),
    /// Copies are to be invented, but no site holds stock.
    #[error("no site holds stock: load the sites first")]
    NoStock,
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The published index.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The index itself.
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl ImportError {
    pub(crate) fn file(path: &Path, why: impl std::fmt::Display) -> Self {
        Self::File { path: path.to_owned(), why: why.to_string() }
    }

    pub(crate) fn sheet(path: &Path, error: SheetError) -> Self {
        Self::file(path, error)
    }
}
