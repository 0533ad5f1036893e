//! How a file is to be read.

use crate::charset::Charset;
use crate::flavour::Flavour;
use crate::holdings::HoldingsMap;

/// How a file is to be read. The default finds everything out by itself and forgives what can be forgiven.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// What happens at a bad record.
    pub mode: Mode,
    /// The dialect of all records; `None` looks at each.
    pub flavour: Option<Flavour>,
    /// The encoding of all ISO 2709 records; `None` looks at each. MARCXML names its own.
    pub charset: Option<Charset>,
    /// Where a CNMARC record keeps its copies.
    pub holdings: HoldingsMap,
}

/// What happens at a bad record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// The first bad record is reported and is the last; nothing is guessed or mended.
    Strict,
    /// Bad records are mended where their own terminators allow it, with a warning, and otherwise reported and passed over.
    #[default]
    Lenient,
}
