//! What a reader owes, for which loan, and why; and the set of debts that a payment is for.

use super::explain::Day;
use super::ledger::Refusal;
use super::{Claim, Fines, Ledger, LoanRef, Lost};
use crate::money::Fen;

/// What is owed for one loan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debt {
    /// Which.
    pub loan: LoanRef,
    /// How much.
    pub owed: Fen,
    /// What is charged for it, by what it is for.
    pub charged: Vec<(Claim, Fen)>,
    /// What staff corrected, in fen: less than nothing when they took something back.
    pub corrected: i64,
    /// What was waived.
    pub waived: Fen,
    /// What was paid, without what went back.
    pub paid: Fen,
    /// The overdue days, and how much of each is settled.
    pub days: Vec<Day>,
    /// Why the book itself is owed, when it is.
    pub lost: Option<Lost>,
    /// The number of the loan's last entry: with another one it may be another debt.
    pub as_of: u32,
}

/// All that a reader owes, and what is to go back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Debts {
    /// What is owed, loan by loan.
    pub debts: Vec<Debt>,
    /// What was paid for nothing, loan by loan.
    pub refunds: Vec<(LoanRef, Fen)>,
}

/// Debts that are paid together, as their reader saw them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebtSet {
    /// Each of them, in the order of the loans.
    pub parts: Vec<Part>,
}

/// A debt that is paid with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Of which loan.
    pub loan: LoanRef,
    /// How much.
    pub fen: Fen,
    /// The number of the loan's last entry.
    pub as_of: u32,
}

impl Ledger {
    /// What is owed, and why, with the fines as they were last worked out. Charges that are not taken down yet are not owed yet.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`].
    pub fn debts(&self, fines: &Fines) -> Result<Debts, Refusal> {
        let mut debts = Debts::default();
        for (loan, standing) in self.standings()? {
            let (owed, due) = (standing.owed()?, standing.refund_due()?);
            if due > Fen::ZERO {
                debts.refunds.push((loan.clone(), due));
            }
            if owed == Fen::ZERO {
                continue;
            }
            let fine = fines.get(&loan);
            let amount = |sum: i64| u32::try_from(sum).map(Fen).map_err(|_| Refusal::TooLarge);
            let mut charged = Vec::new();
            let mut in_all = Fen::ZERO;
            for (claim, sum) in Claim::ALL.into_iter().zip(standing.claims) {
                let fen = amount(sum)?;
                in_all = in_all.plus(fen);
                charged.extend((fen > Fen::ZERO).then_some((claim, fen)));
            }
            debts.debts.push(Debt {
                owed,
                charged,
                corrected: standing.corrected,
                waived: amount(standing.waived)?,
                paid: amount(standing.paid.saturating_sub(standing.refunded))?,
                days: fine.map(|fine| fine.days_settled(in_all.less(owed))).unwrap_or_default(),
                lost: fine.and_then(|fine| fine.lost.clone()),
                as_of: standing.last,
                loan,
            });
        }
        Ok(debts)
    }
}

impl Debts {
    /// What is owed in all.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`].
    pub fn total(&self) -> Result<Fen, Refusal> {
        sum(self.debts.iter().map(|debt| debt.owed))
    }

    /// What is owed for these loans, to be paid together. What is not owed is left out.
    pub fn set(&self, loans: &[LoanRef]) -> DebtSet {
        let chosen = self.debts.iter().filter(|debt| loans.contains(&debt.loan));
        DebtSet { parts: chosen.map(Part::of).collect() }
    }

    /// All of it, to be paid together.
    pub fn all(&self) -> DebtSet {
        DebtSet { parts: self.debts.iter().map(Part::of).collect() }
    }
}

impl Part {
    fn of(debt: &Debt) -> Self {
        Self { loan: debt.loan.clone(), fen: debt.owed, as_of: debt.as_of }
    }
}

impl DebtSet {
    /// What is to be paid.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`].
    pub fn total(&self) -> Result<Fen, Refusal> {
        sum(self.parts.iter().map(|part| part.fen))
    }

    /// What the payment of just these debts is known by, among all of the reader's: the same for everybody who sees the same debts, however
    /// often and wherever they press. It is made of the numbers of each loan's last entry, which name the loan and how it stood.
    pub fn key(&self) -> String {
        let mut numbers: Vec<u32> = self.parts.iter().map(|part| part.as_of).collect();
        numbers.sort_unstable();
        numbers.iter().map(u32::to_string).collect::<Vec<_>>().join("-")
    }
}

fn sum(mut amounts: impl Iterator<Item = Fen>) -> Result<Fen, Refusal> {
    let add = |sum: u32, fen: Fen| sum.checked_add(fen.0).ok_or(Refusal::TooLarge);
    amounts.try_fold(0, add).map(Fen)
}
