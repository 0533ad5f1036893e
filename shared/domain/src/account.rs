//! A reader's open items: what is ordered or on loan. It is the record itself, not a counter beside one, so it cannot drift.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::ids::{Barcode, CardNo, OrderNo, ReaderId, TitleId};

/// A reader's account with the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The reader.
    pub rid: ReaderId,
    /// The card in force.
    pub card_no: CardNo,
    /// Everything ordered or on loan, by title: one reader never has two copies of one title.
    pub open: BTreeMap<TitleId, OpenItem>,
    /// Whether the reader's loans count for what is recommended, and the reader is recommended something.
    pub takes_part: bool,
}

/// One book that a reader has ordered or on loan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenItem {
    /// The copy.
    pub barcode: Barcode,
    /// The order that brought it.
    pub order_no: OrderNo,
    /// The title's name.
    pub title: String,
    /// The loan, once it runs.
    pub loan: Option<Loan>,
}

/// A running loan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loan {
    /// When the reader got the book: proved delivery or collection.
    pub since: Timestamp,
    /// The last Shanghai day of the loan.
    pub due: Date,
}
