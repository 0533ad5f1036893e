//! Reading CSV files that people made: plain or gzipped, columns in any order, bad rows among good ones.
//!
//! A bad row is never a reason to stop: it is handed over as a [`Reject`] with its line, its id and what is wrong, and the
//! next row follows. Only a file whose header lacks a required column cannot be read at all.

mod sheet;
mod titles;

pub use sheet::{Cells, Reason, Reject, Sheet, SheetError};
pub use titles::{TitleRow, Titles, Warning};
