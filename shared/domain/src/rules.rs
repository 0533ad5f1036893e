//! The library's rules as data. A rule set has a version; every order keeps the version that it was decided under.

use jiff::civil::Time;
use serde::{Deserialize, Serialize};

/// One version of the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// Counts up with every change.
    pub version: u32,
    /// The most books of one order.
    pub books_per_order: u16,
    /// The most books that a reader may have ordered and on loan together.
    pub open_items: u16,
    /// Days of a loan.
    pub loan_days: u16,
    /// Orders after this Shanghai time count from the next morning.
    pub cut_off: Time,
    /// When the next morning begins.
    pub opening: Time,
    /// Hours from order to delivery that are promised.
    pub promise_hours: u16,
    /// What delivery to the door costs, in fen: nothing during the trial. Sites are free for good.
    pub home_fee_fen: u32,
}

impl RuleSet {
    /// The rules of the model service's trial: free, 48 hours; limits as Beijing's deposit-free cards have them.
    pub const fn founding() -> Self {
        Self {
            version: 1,
            books_per_order: 5,
            open_items: 10,
            loan_days: 30,
            cut_off: Time::constant(16, 0, 0, 0),
            opening: Time::constant(9, 0, 0, 0),
            promise_hours: 48,
            home_fee_fen: 0,
        }
    }
}
