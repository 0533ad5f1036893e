//! The single table: its keys, its items, and one function for each access pattern.
//!
//! Every write is conditional: a new item, a replacement at a known version, or a transaction of such writes. There is no
//! plain overwrite, but for the importer (`bulk`). A refused condition comes back with the old item, so that a refusal is explained without another read.
//! `docs/table.md` lists the access patterns with their cost in units; `tests/` asserts the costs.

mod access;
pub mod audit;
pub mod bulk;
mod codec;
mod error;
mod key;
mod schema;
mod table;

pub use access::{
    account, address, audit_report, availability, belongings, cart, copy, counted, courier_event, cover,
    deletion, family, hold, idempotency, import, lending, loan, notice, order, parcel, payment, phone_code,
    pick, preferences, punctuality, reader, returning, rules, session, shelf, site, site_load, slot_load,
    staff, tally, title, trial, tries, unmet, wechat,
};
pub use codec::{Image, Item, kind_of};
pub use error::TableError;
pub use key::Key;
pub use schema::{INDEXES, Index, create_table};
pub use table::{Consumed, Refused, Table, TransactError, Write};
