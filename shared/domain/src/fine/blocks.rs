//! What keeps a reader from ordering until it is settled, and how.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Debts, Fines, Late, LoanRef, Refusal, Suspension};
use crate::money::Fen;
use crate::rules::{About, By, CardClass, RuleSet};

/// A reason why a reader orders nothing. All reasons are told at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
#[schema(as = FineBlock)]
pub enum Block {
    /// The reader owes too much.
    Owes {
        /// How much, in fen.
        #[schema(value_type = u32)]
        owed: Fen,
        /// From how much on nobody orders.
        #[schema(value_type = u32)]
        from: Fen,
        /// The rule.
        by: By,
    },
    /// A book is overdue for too long.
    LongOverdue {
        /// Which.
        loan: LoanRef,
        /// For how many days.
        days: u32,
        /// For how many nobody orders.
        from: u16,
        /// The rule.
        by: By,
    },
    /// A book counts as lost, and is not paid for.
    Lost {
        /// Which.
        loan: LoanRef,
        /// What is owed for it, in fen.
        #[schema(value_type = u32)]
        owed: Fen,
        /// The rule.
        by: By,
    },
    /// Late books cost days without ordering, which are not over.
    Suspended {
        /// The last of them.
        #[schema(value_type = String, format = Date)]
        until: Date,
        /// The rule.
        by: By,
    },
}

/// What clears a block; one of them is enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = ClearsFineBlock)]
pub enum Clears {
    /// Pay at least so much, in fen.
    PayAtLeast {
        /// How much.
        #[schema(value_type = u32)]
        fen: Fen,
    },
    /// Pay for this loan.
    PayFor {
        /// Which.
        loan: LoanRef,
    },
    /// Give this book back.
    GiveBack {
        /// Which.
        loan: LoanRef,
    },
    /// Wait until this day.
    WaitUntil {
        /// The first on which the reader may order again.
        #[schema(value_type = String, format = Date)]
        day: Date,
    },
}

impl Block {
    /// What clears it.
    pub fn clears(&self) -> Vec<Clears> {
        match self {
            // With one fen less than the rule names, nobody is kept from ordering.
            Self::Owes { owed, from, .. } => {
                vec![Clears::PayAtLeast { fen: owed.less(*from).plus(Fen(1)) }]
            }
            Self::LongOverdue { loan, .. } => vec![Clears::GiveBack { loan: loan.clone() }],
            Self::Lost { loan, .. } => vec![Clears::PayFor { loan: loan.clone() }],
            Self::Suspended { until, .. } => {
                vec![Clears::WaitUntil { day: until.tomorrow().unwrap_or(*until) }]
            }
        }
    }
}

/// What a reader's blocks are decided on.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The rules in force.
    pub rules: &'a RuleSet,
    /// The reader's card.
    pub card: CardClass,
    /// The loans of the account, and no others: a book that was checked in keeps nobody from ordering.
    pub loans: &'a BTreeMap<LoanRef, Late>,
    /// The reader's fines.
    pub fines: &'a Fines,
    /// What the reader owes.
    pub debts: &'a Debts,
    /// The days without ordering that late books cost.
    pub suspensions: &'a [Suspension],
    /// Which day it is.
    pub today: Date,
}

/// What keeps a reader from ordering, in the order in which it is told.
///
/// # Errors
/// [`Refusal::TooLarge`].
pub fn blocks(asked: &Asked<'_>) -> Result<Vec<Block>, Refusal> {
    let mut blocks = Vec::new();
    let (owed, from) = (asked.debts.total()?, asked.rules.debt_block(&About::card(asked.card)));
    if owed > Fen::ZERO && owed >= from.value {
        blocks.push(Block::Owes { owed, from: from.value, by: from.by });
    }
    for (loan, late) in asked.loans.iter().filter(|(_, late)| !late.back) {
        let lost = asked.fines.get(loan).is_some_and(|fine| fine.lost.is_some());
        let (days, from) = (late.overdue(), asked.rules.block_days(&late.about()));
        if !lost && days > 0 && days >= u32::from(from.value) {
            blocks.push(Block::LongOverdue { loan: loan.clone(), days, from: from.value, by: from.by });
        }
    }
    blocks.extend(asked.debts.debts.iter().filter_map(|debt| {
        let lost = debt.lost.as_ref().filter(|lost| lost.price > Fen::ZERO)?;
        Some(Block::Lost { loan: debt.loan.clone(), owed: debt.owed, by: lost.by.clone() })
    }));
    let over =
        |pause: &Suspension| Some((pause.until.filter(|until| asked.today <= *until)?, pause.by.clone()));
    let longest = asked.suspensions.iter().filter_map(over).max_by_key(|(until, _)| *until);
    blocks.extend(longest.map(|(until, by)| Block::Suspended { until, by }));
    Ok(blocks)
}
