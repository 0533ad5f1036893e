//! What stands in a ledger: entries that are added and never changed. Each is one fact about one loan, with who caused it and why.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Claim, Late, LoanRef};
use crate::ids::{PaymentNo, StaffLogin};
use crate::money::Fen;
use crate::staff::Reason;

/// An entry. Its number is its place in the reader's ledger, so that it can be written on condition that there is none yet: of two who
/// add to the same ledger, the second reads again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place, from 1.
    pub n: u32,
    /// When it was taken down.
    pub at: Timestamp,
    /// Which loan it is about.
    pub loan: LoanRef,
    /// What it says.
    pub posting: Posting,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Posting {
    /// The rules charge something, or more than before.
    Charge {
        /// How much more.
        fen: Fen,
        /// For what, and by which rules.
        found: Finding,
    },
    /// The reader paid.
    Payment {
        /// How much of it was for this loan.
        fen: Fen,
        /// The payment, of which each loan that it was for has an entry.
        no: PaymentNo,
    },
    /// Somebody let the reader off.
    Waiver {
        /// How much.
        fen: Fen,
        /// Who, and why.
        word: Word,
    },
    /// Money that was paid for nothing went back.
    Refund {
        /// How much.
        fen: Fen,
        /// Of which payment.
        no: PaymentNo,
        /// Which refund of that payment, from 1.
        place: u16,
    },
    /// What was charged was not right.
    Correction {
        /// Whether more is owed, or less.
        sign: Sign,
        /// How much.
        fen: Fen,
        /// Why.
        because: Because,
    },
}

/// Which way a correction goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// More is owed.
    More,
    /// Less is owed.
    Less,
}

/// Why something is corrected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Because {
    /// The rules charge less than before: the book was handed over sooner than was known, days turned out to be free, or a lost book was found.
    Rules {
        /// For what, and by which rules.
        found: Finding,
    },
    /// Somebody says so.
    Staff {
        /// Who, and why.
        word: Word,
    },
}

/// What the rules found. With it a fine can be worked out again when nothing else of the loan is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What is charged for.
    pub claim: Claim,
    /// The version of the rules.
    pub rules: u32,
    /// What they decided on.
    pub late: Late,
}

/// A member of staff's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// Whose.
    pub login: StaffLogin,
    /// Why.
    pub reason: Reason,
}

/// Who caused an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor<'a> {
    /// The library's rules, in this version.
    Rules(u32),
    /// The reader, with this payment.
    Reader(&'a PaymentNo),
    /// A member of staff.
    Staff(&'a StaffLogin),
}

impl Posting {
    /// Who caused it.
    pub const fn actor(&self) -> Actor<'_> {
        match self {
            Self::Charge { found, .. } | Self::Correction { because: Because::Rules { found }, .. } => {
                Actor::Rules(found.rules)
            }
            Self::Payment { no, .. } | Self::Refund { no, .. } => Actor::Reader(no),
            Self::Waiver { word, .. } | Self::Correction { because: Because::Staff { word }, .. } => {
                Actor::Staff(&word.login)
            }
        }
    }

    /// What it adds to what is owed, in fen.
    pub fn adds(&self) -> i64 {
        match self {
            Self::Charge { fen, .. }
            | Self::Refund { fen, .. }
            | Self::Correction { sign: Sign::More, fen, .. } => i64::from(fen.0),
            Self::Payment { fen, .. }
            | Self::Waiver { fen, .. }
            | Self::Correction { sign: Sign::Less, fen, .. } => -i64::from(fen.0),
        }
    }

    /// What the rules found, if they caused it.
    pub const fn found(&self) -> Option<&Finding> {
        match self {
            Self::Charge { found, .. } | Self::Correction { because: Because::Rules { found }, .. } => {
                Some(found)
            }
            Self::Payment { .. }
            | Self::Refund { .. }
            | Self::Waiver { .. }
            | Self::Correction { because: Because::Staff { .. }, .. } => None,
        }
    }
}
