//! What became of each overdue day, so that a reader can count it again.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Fine;
use crate::money::Fen;
use crate::rules::By;

/// What decided about a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
#[schema(as = FineDayWhy)]
pub enum Why {
    /// It is charged.
    Charged {
        /// Intervals that are charged on it: more than one on the first day after a grace that is charged as well.
        intervals: u32,
    },
    /// Such a book, or such a reader, costs nothing.
    NoFine,
    /// It is a day of grace.
    Grace,
    /// Its interval is charged on another day.
    Interval,
    /// The library was closed.
    Closed {
        /// Why.
        name: String,
    },
    /// An amnesty covers it.
    Amnesty {
        /// Which.
        name: String,
    },
    /// The book has cost as much as a book costs at most; what is charged is the last of that.
    ItemCap,
    /// It has cost as much of its price as it may.
    PriceCap,
    /// The reader owes as much in fines as anybody does.
    ReaderCap,
    /// It costs days without ordering, not money.
    Suspension {
        /// How many: none when there are as many as there may be.
        days: u16,
    },
    /// The book counts as lost from this day on, and costs no further fine.
    Lost,
}

/// One overdue day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FineDay)]
pub struct Day {
    /// The Shanghai day.
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    /// What is charged on it, in fen.
    #[schema(value_type = u32)]
    pub fen: Fen,
    /// How much of that is paid already, or not owed any more.
    #[schema(value_type = u32)]
    pub settled: Fen,
    /// What decided.
    #[serde(flatten)]
    pub why: Why,
    /// The rule.
    pub by: By,
}

impl Day {
    /// A day that costs nothing.
    pub(super) fn free(date: Date, why: Why, by: &By) -> Self {
        Self { date, fen: Fen::ZERO, settled: Fen::ZERO, why, by: by.clone() }
    }
}

impl Fine {
    /// The days, with what was settled of them: the oldest first, as far as `fen` goes.
    pub fn days_settled(&self, fen: Fen) -> Vec<Day> {
        let mut left = fen;
        let mut days = self.days.clone();
        for day in &mut days {
            day.settled = day.fen.min(left);
            left = left.less(day.settled);
        }
        days
    }
}
