//! A trial of rules: what rules that are not in force would have meant for the library's readers.
//!
//! Two rule sets are held against the same record: the orders of the last 365 days with their parcels, and the accounts as they are today
//! ([`Facts`]). What the record does not tell is not guessed. When a loan ended is not recorded, so at the time of an order the books count
//! as open that were certainly open then: those on their way, and those that the reader still has today. What an order was refused is not
//! recorded either; an order is *allowed* by the proposed rules when the rules in force, which may be younger than the order, would refuse
//! it. How many titles a reader waits for is known of today alone. Prices, addresses and where books are waited for are not recorded: rules
//! about them are named as not looked at, and so are fines, holidays, amnesties, zones and windows.

mod facts;
mod judge;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{StaffLogin, TrialId};
use crate::rules::{RuleSet, Scope};

pub use facts::{Facts, Placed};

/// How many days of orders are looked at.
pub const DAYS: i32 = 365;
/// Figures that are given as examples.
pub const EXAMPLES: usize = 10;

/// How far a trial has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TrialStatus)]
pub enum Status {
    /// It is asked for, and worked on.
    Running,
    /// Its result is there.
    Done,
    /// It has none.
    Failed,
}

/// Why a trial has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TrialFailure)]
pub enum Failure {
    /// The library is larger than what is read in the time that there is.
    TookTooLong,
}

impl Failure {
    /// What people read.
    pub const fn detail(self) -> &'static str {
        match self {
            Self::TookTooLong => "数据量过大，试算没有在规定时间内完成，请联系系统管理员。",
        }
    }
}

/// How far a trial has come, with what belongs to that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// It is asked for, and worked on.
    Running,
    /// It ended with this result.
    Done(Outcome),
    /// It ended without one.
    Failed(Failure),
}

/// A trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// Its id.
    pub id: TrialId,
    /// Who asked for it.
    pub by: StaffLogin,
    /// When: what is looked at ends here.
    pub at: Timestamp,
    /// The version of the rules that were in force then.
    pub in_force: u32,
    /// The rules that are tried; they have the version that they would get.
    pub proposed: RuleSet,
    /// How far it has come.
    pub stage: Stage,
    /// Counts the changes: the condition of every write.
    pub version: u64,
}

impl Trial {
    /// Its status.
    pub const fn status(&self) -> Status {
        match self.stage {
            Stage::Running => Status::Running,
            Stage::Done(_) => Status::Done,
            Stage::Failed(_) => Status::Failed,
        }
    }

    /// The same trial at its end. `None` when it has come there before: a trial ends once.
    pub fn ended(&self, with: Result<Outcome, Failure>) -> Option<Self> {
        let stage = match self.stage {
            Stage::Running => with.map_or_else(Stage::Failed, Stage::Done),
            Stage::Done(_) | Stage::Failed(_) => return None,
        };
        Some(Self { stage, version: self.version + 1, ..self.clone() })
    }
}

/// The rules about which the record says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TriedRule)]
pub enum Tried {
    /// The most books of one order.
    BooksPerOrder,
    /// The most books on their way.
    InProcess,
    /// The most books on their way and on loan.
    OpenItems,
    /// The most titles that a reader may wait for.
    Holds,
    /// Whether a class of items is lent.
    Lendable,
    /// When a loan begins.
    LoanStarts,
    /// Days of a loan.
    LoanDays,
    /// Days that a broken promise adds.
    RemedyDays,
    /// What delivery to the door costs for the first book.
    HomeFee,
    /// What each further book adds.
    HomeFeeMore,
    /// How many uncollected parcels are a pause.
    Violations,
    /// How long an uncollected parcel counts.
    ViolationDays,
    /// How long the pause is.
    BanDays,
}

impl Tried {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::BooksPerOrder,
        Self::InProcess,
        Self::OpenItems,
        Self::Holds,
        Self::Lendable,
        Self::LoanStarts,
        Self::LoanDays,
        Self::RemedyDays,
        Self::HomeFee,
        Self::HomeFeeMore,
        Self::Violations,
        Self::ViolationDays,
        Self::BanDays,
    ];

    /// The rule's name, as in a rule set.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BooksPerOrder => "books_per_order",
            Self::InProcess => "in_process",
            Self::OpenItems => "open_items",
            Self::Holds => "holds",
            Self::Lendable => "lendable",
            Self::LoanStarts => "loan_starts",
            Self::LoanDays => "loan_days",
            Self::RemedyDays => "remedy_days",
            Self::HomeFee => "home_fee",
            Self::HomeFeeMore => "home_fee_more",
            Self::Violations => "violations",
            Self::ViolationDays => "violation_days",
            Self::BanDays => "ban_days",
        }
    }

    /// Whether the record says something about such a rule that is for `scope`.
    fn looked_at(self, scope: &Scope) -> bool {
        match self {
            // Where a reader wants the books that they wait for is in no account.
            Self::Holds => scope.site.is_none(),
            Self::BooksPerOrder
            | Self::InProcess
            | Self::OpenItems
            | Self::Lendable
            | Self::LoanStarts
            | Self::LoanDays
            | Self::RemedyDays
            | Self::HomeFee
            | Self::HomeFeeMore
            | Self::Violations
            | Self::ViolationDays
            | Self::BanDays => true,
        }
    }
}

/// What a rule makes a difference to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TrialMatter)]
pub enum Matter {
    /// Whether an order was taken.
    Orders,
    /// How long a book stayed with its reader.
    LoanDays,
    /// What an order cost.
    Fees,
    /// The pause that a reader is in today.
    Pause,
    /// Whether a reader has more books open today than there may be.
    OpenToday,
    /// Whether a reader waits for more titles today than there may be: those stay, and no further one is taken.
    HoldsToday,
}

/// Which way a difference goes, as the reader feels it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TrialEffect)]
pub enum Effect {
    /// Better than under the rules in force.
    Gains,
    /// Worse.
    Loses,
}

/// One difference, as a figure without a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[schema(as = TrialFigure)]
pub struct Figure {
    /// The rule that makes it.
    pub rule: Tried,
    /// What it is made to.
    pub matter: Matter,
    /// Which way it goes.
    pub effect: Effect,
    /// How many books (of the order, or open), titles waited for, or uncollected parcels it is about.
    pub count: u32,
    /// Under the rules in force: the limit, or for `lendable` the books that are lent; days; fen.
    pub before: u32,
    /// The same under the proposed rules.
    pub after: u32,
}

/// An example: a difference, and how many readers meet it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TrialExample)]
pub struct Example {
    /// The difference.
    #[serde(flatten)]
    pub figure: Figure,
    /// How many readers meet just this one.
    pub readers: u32,
}

/// How many readers a rule makes a difference to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TrialRule)]
pub struct OfRule {
    /// The rule.
    pub rule: Tried,
    /// Readers for whom it makes something better; who meets both counts in both.
    pub gaining: u32,
    /// Readers for whom it makes something worse.
    pub losing: u32,
}

/// How many readers see a difference in something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TrialMatterCount)]
pub struct OfMatter {
    /// In what.
    pub matter: Matter,
    /// Readers for whom it is better; who meets both counts in both.
    pub gaining: u32,
    /// Readers for whom it is worse.
    pub losing: u32,
}

/// What a trial found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TrialOutcome)]
pub struct Outcome {
    /// The first Shanghai day of the orders that were looked at.
    #[schema(value_type = String, format = Date)]
    pub since: Date,
    /// Readers looked at: all that have an account.
    pub readers: u32,
    /// Readers for whom something is better and nothing worse.
    pub gaining: u32,
    /// Readers for whom something is worse and nothing better.
    pub losing: u32,
    /// Readers for whom something is better and something worse.
    pub both: u32,
    /// Orders looked at.
    pub orders: u32,
    /// Orders that the proposed rules would have refused, and the rules in force would not.
    pub refused: u32,
    /// Orders that the proposed rules would have taken, and the rules in force would not.
    pub allowed: u32,
    /// Books that came to their readers by these orders.
    pub loans: u32,
    /// The rules that make a difference to somebody.
    pub rules: Vec<OfRule>,
    /// What they make it to.
    pub matters: Vec<OfMatter>,
    /// The differences that most readers meet, at most ten.
    pub examples: Vec<Example>,
    /// Rules that the proposed set changes, and about which the record says nothing, or not all: `holds` for a site. `holidays`, `amnesties`,
    /// `zones` and `windows` among them.
    pub not_looked_at: Vec<String>,
}
