//! The catalogue without AWS: titles read from files, text folded and cut, and the full-text index over them.
//!
//! The way of a title: [`csv`] reads a title; [`index::Writer`] puts it into an index directory, where [`fold`] and
//! [`tokens`] have made 紅樓夢, 红楼梦 and their parts one and the same, and [`work`] has made editions one work; [`index::Searcher`]
//! answers what readers type.

pub mod csv;
mod entry;
pub mod fold;
pub mod index;
mod line;
pub mod names;
mod spelling;
pub mod tokens;
pub mod work;

pub use entry::Entry;
pub use line::Line;
