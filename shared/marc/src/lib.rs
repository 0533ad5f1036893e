//! Library records as libraries exchange them: MARC 21, UNIMARC and CNMARC, in ISO 2709 or MARCXML, read into titles and holdings.
//!
//! The way of a record: [`records`] cuts it out of the file and makes text of its bytes; [`Reader`] gives what it means as a
//! `Title` with the copies that it names. What must not be here: AWS, async, and any opinion on what becomes of a title.

mod charset;
mod flavour;
mod holdings;
mod options;
mod reader;
pub mod records;
mod reject;
mod title;

pub use charset::Charset;
pub use flavour::Flavour;
pub use holdings::{Holding, HoldingsMap};
pub use options::{Mode, Options};
pub use reader::{Catalogued, Reader};
pub use reject::{Kind, Mended, OpenError, Position, Reason, Reject, Warning};
