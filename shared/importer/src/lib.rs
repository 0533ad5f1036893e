//! Loading a library from files: its rules, sites, staff, titles and copies.
//!
//! Everything may be loaded again: what is there is brought up to date or left alone, never doubled, and a copy in use is never
//! written over. Items are marked as loaded in bulk, so that the relay does not send a hundred thousand messages; the search index
//! is built here instead and published once.

mod catalogue;
mod copies;
mod error;
mod index;
mod invent;
pub mod places;
pub mod records;
pub mod rejects;
mod report;
mod rules;
mod sites;
pub mod source;
mod staff;

use yujie_index_store::{IndexStore, Local};
use yujie_runtime::{Clients, Clock, Entropy, Vars};
use yujie_table::Table;

pub use catalogue::Wanted;
pub use error::ImportError;
pub use report::{Report, Summary};

/// What loading works with.
#[derive(Debug, Clone)]
pub struct Importer {
    /// The table.
    pub table: Table,
    /// The published index.
    pub store: IndexStore,
    /// The index's files on this machine.
    pub local: Local,
    /// The time.
    pub clock: Clock,
    /// Chance, for the salts of passwords.
    pub entropy: Entropy,
}

impl Importer {
    /// Reads the environment: `TABLE_NAME`, `INDEX_BUCKET`, and what the AWS clients need.
    pub fn from_env() -> Result<Self, ImportError> {
        let mut vars = Vars::new();
        let clients = Clients::from_env(&mut vars);
        let table = Table::new(clients.dynamodb(), vars.required("TABLE_NAME"));
        let store = IndexStore::new(clients.s3(), vars.required("INDEX_BUCKET"));
        vars.finish()?;
        let local = Local::open(&std::env::temp_dir().join("yujie-index"))?;
        Ok(Self { table, store, local, clock: Clock::System, entropy: Entropy::system() })
    }
}
