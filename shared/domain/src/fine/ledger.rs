//! A reader's ledger: what was charged, paid, waived, given back and corrected. What is owed is the sum of it.
//!
//! Each command says which entries are to be added, and adds none itself; no entry means that it had happened before. They are good only behind
//! the entries that were read: the number of each says so. One command's entries are added together or not at all.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::caps::{self, Settled};
use super::posting::{Because, Entry, Finding, Posting, Sign, Word};
use super::{Claim, DebtSet, Fine, Fines, Late, LoanRef, Rulebook};
use crate::ids::PaymentNo;
use crate::money::Fen;
use crate::time;

/// A reader's ledger. Loans of which nothing can become of any more may be left out of it, with all of their entries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
}

/// Why a command is not carried out, or a ledger not read. Nothing is added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The entries do not stand in the order of their numbers, or a number stands twice.
    #[error("entry {n} of the ledger does not follow the one before it")]
    OutOfOrder {
        /// The number.
        n: u32,
    },
    /// It is about no fen.
    #[error("nothing is not an amount")]
    Nothing,
    /// More was to be waived than is owed.
    #[error("{owed} yuan are owed, and {asked} were to be waived")]
    WaivesMore {
        /// What is owed.
        owed: Fen,
        /// What was to be waived.
        asked: Fen,
    },
    /// More was to go back than was paid for nothing.
    #[error("{due} yuan were paid for nothing, and {asked} were to go back")]
    RefundsMore {
        /// What is to go back.
        due: Fen,
        /// What was to.
        asked: Fen,
    },
    /// More was to be taken back than was charged.
    #[error("{charged} yuan are charged, and {asked} were to be taken back")]
    CorrectsMore {
        /// What is charged, corrections included.
        charged: Fen,
        /// What was to be taken back.
        asked: Fen,
    },
    /// A sum does not fit, or there are no more numbers.
    #[error("the amount is larger than any that a ledger holds")]
    TooLarge,
}

/// How a loan stands in the ledger, in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Standing {
    /// What the rules charge, by claim.
    pub(super) claims: [i64; Claim::ALL.len()],
    /// What staff corrected: less than nothing when they took back more than they added.
    pub(super) corrected: i64,
    pub(super) waived: i64,
    pub(super) paid: i64,
    pub(super) refunded: i64,
    /// The number of the loan's last entry.
    pub(super) last: u32,
}

impl Standing {
    fn take(&mut self, entry: &Entry) -> Result<(), Refusal> {
        let adds = entry.posting.adds();
        let sum = match &entry.posting {
            Posting::Charge { found, .. } | Posting::Correction { because: Because::Rules { found }, .. } => {
                let [overdue, price, fee] = &mut self.claims;
                match found.claim {
                    Claim::Overdue => overdue,
                    Claim::LostPrice => price,
                    Claim::LostFee => fee,
                }
            }
            Posting::Correction { because: Because::Staff { .. }, .. } => &mut self.corrected,
            Posting::Waiver { .. } => &mut self.waived,
            Posting::Payment { .. } => &mut self.paid,
            Posting::Refund { .. } => &mut self.refunded,
        };
        let adds = match &entry.posting {
            Posting::Charge { .. } | Posting::Refund { .. } | Posting::Correction { .. } => adds,
            Posting::Waiver { .. } | Posting::Payment { .. } => -adds,
        };
        *sum = sum.checked_add(adds).ok_or(Refusal::TooLarge)?;
        self.last = entry.n;
        Ok(())
    }

    /// What the rules charge for something.
    fn charged(&self, claim: Claim) -> i64 {
        let [overdue, price, fee] = self.claims;
        match claim {
            Claim::Overdue => overdue,
            Claim::LostPrice => price,
            Claim::LostFee => fee,
        }
    }

    /// What is charged in all, as staff corrected it.
    fn in_all(&self) -> Result<i64, Refusal> {
        self.claims.iter().try_fold(self.corrected, |sum, fen| sum.checked_add(*fen)).ok_or(Refusal::TooLarge)
    }

    /// The sum of the loan's entries; less than nothing when more was settled than is charged.
    pub(super) fn balance(&self) -> Result<i64, Refusal> {
        let settled = self.waived.checked_add(self.paid).and_then(|sum| sum.checked_sub(self.refunded));
        settled.and_then(|settled| self.in_all().ok()?.checked_sub(settled)).ok_or(Refusal::TooLarge)
    }

    /// What is owed.
    pub(super) fn owed(&self) -> Result<Fen, Refusal> {
        fen(self.balance()?.max(0))
    }

    /// What was paid for nothing, and has not gone back yet: never more than was paid.
    pub(super) fn refund_due(&self) -> Result<Fen, Refusal> {
        let kept = self.paid.checked_sub(self.refunded).ok_or(Refusal::TooLarge)?;
        fen(self.balance()?.checked_neg().ok_or(Refusal::TooLarge)?.min(kept).max(0))
    }
}

fn fen(sum: i64) -> Result<Fen, Refusal> {
    u32::try_from(sum).map(Fen).map_err(|_| Refusal::TooLarge)
}

impl Ledger {
    /// The ledger that these entries are, in the order of their numbers.
    ///
    /// # Errors
    /// [`Refusal::OutOfOrder`].
    pub fn of(entries: Vec<Entry>) -> Result<Self, Refusal> {
        let mut last = 0;
        for entry in &entries {
            if entry.n <= last {
                return Err(Refusal::OutOfOrder { n: entry.n });
            }
            last = entry.n;
        }
        Ok(Self { entries })
    }

    /// The entries, the first one first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The number of the last entry, 0 before there is one: the next one is to be written behind it.
    pub fn last(&self) -> u32 {
        self.entries.last().map_or(0, |entry| entry.n)
    }

    /// The ledger with these entries behind its own.
    ///
    /// # Errors
    /// [`Refusal::OutOfOrder`] when they were made for another one.
    pub fn with(&self, entries: Vec<Entry>) -> Result<Self, Refusal> {
        Self::of(self.entries.iter().cloned().chain(entries).collect())
    }

    /// What was last known of a loan that was charged for: enough to work its fine out again.
    pub fn known(&self, loan: &LoanRef) -> Option<Late> {
        let of_loan = self.entries.iter().rev().filter(|entry| entry.loan == *loan);
        of_loan.filter_map(|entry| entry.posting.found()).map(|found| found.late).next()
    }

    /// The fines of all the reader's loans: of these, and of those that stand in the ledger.
    ///
    /// Where the cap of the reader cuts, a lighter fine of one book may leave room for another, or for days after a payment. So that no rule that
    /// came meanwhile makes a reader pay more in all, what comes out is the least of what it was before each of them.
    pub fn assess(&self, late: &BTreeMap<LoanRef, Late>, book: &Rulebook<'_>, today: Date) -> Fines {
        let mut all = late.clone();
        let mut settled = Settled::new();
        for entry in &self.entries {
            if let Some(found) = entry.posting.found() {
                let known = found.late;
                all.entry(entry.loan.clone()).and_modify(|late| *late = late.and(&known)).or_insert(known);
            } else {
                let of_loan = settled.entry(entry.loan.clone()).or_default();
                of_loan.push((time::day(entry.at), -entry.posting.adds()));
            }
        }
        let first = all.values().map(|late| late.due).min().unwrap_or(today);
        let mut least: Option<(u64, Fines)> = None;
        for known in book.known_on(first, today) {
            let of =
                |(loan, late): (&LoanRef, &Late)| (loan.clone(), Fine::as_known(late, book, today, known));
            let mut fines: Fines = all.iter().map(of).collect();
            caps::per_reader(&mut fines, &settled);
            let total = fines.values().map(|fine| u64::from(fine.total().0)).sum();
            let kept = least.get_or_insert_with(|| (total, fines.clone()));
            if total < kept.0 {
                *kept = (total, fines);
            }
        }
        least.map(|(_, fines)| fines).unwrap_or_default()
    }

    /// Takes down what the rules charge at `at` otherwise than before. Asked again it takes nothing down, and in whichever order loans and days
    /// are come to, the sum is the same.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`].
    pub fn run(
        &self,
        late: &BTreeMap<LoanRef, Late>,
        book: &Rulebook<'_>,
        at: Timestamp,
    ) -> Result<Vec<Entry>, Refusal> {
        let mut postings = Vec::new();
        let standings = self.standings()?;
        for (loan, fine) in self.assess(late, book, time::day(at)) {
            let standing = standings.get(&loan).copied().unwrap_or_default();
            for claim in Claim::ALL {
                let (was, is) = (standing.charged(claim), i64::from(fine.amount(claim).0));
                let more = is.checked_sub(was).ok_or(Refusal::TooLarge)?;
                let fen = fen(more.checked_abs().ok_or(Refusal::TooLarge)?)?;
                let found = Finding { claim, rules: fine.version, late: fine.late };
                let posting = match more.cmp(&0) {
                    Ordering::Equal => continue,
                    Ordering::Greater => Posting::Charge { fen, found },
                    Ordering::Less => {
                        Posting::Correction { sign: Sign::Less, fen, because: Because::Rules { found } }
                    }
                };
                postings.push((loan.clone(), posting));
            }
        }
        self.behind(at, postings)
    }

    /// Takes down that a set of debts was paid. What is not owed any more by then is to go back.
    ///
    /// # Errors
    /// [`Refusal::Nothing`] for an empty set.
    pub fn pay(&self, set: &DebtSet, no: &PaymentNo, at: Timestamp) -> Result<Vec<Entry>, Refusal> {
        let known =
            |entry: &Entry| matches!(&entry.posting, Posting::Payment { no: known, .. } if known == no);
        if self.entries.iter().any(known) {
            return Ok(Vec::new());
        }
        if set.parts.is_empty() || set.parts.iter().any(|part| part.fen == Fen::ZERO) {
            return Err(Refusal::Nothing);
        }
        let paid = |fen| Posting::Payment { fen, no: no.clone() };
        self.behind(at, set.parts.iter().map(|part| (part.loan.clone(), paid(part.fen))))
    }

    /// Lets the reader off something that is owed.
    ///
    /// # Errors
    /// [`Refusal::WaivesMore`], [`Refusal::Nothing`].
    pub fn waive(&self, loan: &LoanRef, fen: Fen, word: Word, at: Timestamp) -> Result<Vec<Entry>, Refusal> {
        let owed = self.owed(loan)?;
        if fen > owed {
            return Err(Refusal::WaivesMore { owed, asked: fen });
        }
        self.one(loan, fen, Posting::Waiver { fen, word }, at)
    }

    /// Takes down that money went back to the reader, as the `place`th refund of a payment.
    ///
    /// # Errors
    /// [`Refusal::RefundsMore`], [`Refusal::Nothing`].
    pub fn refund(
        &self,
        loan: &LoanRef,
        fen: Fen,
        (no, place): (&PaymentNo, u16),
        at: Timestamp,
    ) -> Result<Vec<Entry>, Refusal> {
        let same = |entry: &Entry| {
            entry.loan == *loan
                && matches!(&entry.posting, Posting::Refund { no: known, place: at, .. } if known == no && *at == place)
        };
        if self.entries.iter().any(same) {
            return Ok(Vec::new());
        }
        let due = self.refund_due(loan)?;
        if fen > due {
            return Err(Refusal::RefundsMore { due, asked: fen });
        }
        self.one(loan, fen, Posting::Refund { fen, no: no.clone(), place }, at)
    }

    /// Corrects what is charged, by so much more or less. The rules leave it as it is: they go on from what they charged themselves.
    ///
    /// # Errors
    /// [`Refusal::CorrectsMore`], [`Refusal::TooLarge`], [`Refusal::Nothing`].
    pub fn correct(
        &self,
        loan: &LoanRef,
        (sign, fen): (Sign, Fen),
        word: Word,
        at: Timestamp,
    ) -> Result<Vec<Entry>, Refusal> {
        let charged = self::fen(self.standing(loan)?.in_all()?.max(0))?;
        if sign == Sign::Less && fen > charged {
            return Err(Refusal::CorrectsMore { charged, asked: fen });
        }
        let because = Because::Staff { word };
        self.one(loan, fen, Posting::Correction { sign, fen, because }, at)
    }

    /// What is owed for a loan.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`].
    pub fn owed(&self, loan: &LoanRef) -> Result<Fen, Refusal> {
        self.standing(loan)?.owed()
    }

    /// What was paid for a loan, is not owed, and has not gone back.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`].
    pub fn refund_due(&self, loan: &LoanRef) -> Result<Fen, Refusal> {
        self.standing(loan)?.refund_due()
    }

    pub(super) fn standings(&self) -> Result<BTreeMap<LoanRef, Standing>, Refusal> {
        let mut standings: BTreeMap<LoanRef, Standing> = BTreeMap::new();
        for entry in &self.entries {
            standings.entry(entry.loan.clone()).or_default().take(entry)?;
        }
        Ok(standings)
    }

    fn standing(&self, loan: &LoanRef) -> Result<Standing, Refusal> {
        let mut standing = Standing::default();
        self.entries.iter().filter(|entry| entry.loan == *loan).try_for_each(|entry| standing.take(entry))?;
        Ok(standing)
    }

    fn one(&self, loan: &LoanRef, fen: Fen, posting: Posting, at: Timestamp) -> Result<Vec<Entry>, Refusal> {
        if fen == Fen::ZERO {
            return Err(Refusal::Nothing);
        }
        self.behind(at, [(loan.clone(), posting)])
    }

    /// The entries behind those that there are. What the ledger comes to with them must be sayable: one after which it is not is not added.
    fn behind(
        &self,
        at: Timestamp,
        postings: impl IntoIterator<Item = (LoanRef, Posting)>,
    ) -> Result<Vec<Entry>, Refusal> {
        let mut n = self.last();
        let entry = |(loan, posting)| {
            n = n.checked_add(1).ok_or(Refusal::TooLarge)?;
            Ok(Entry { n, at, loan, posting })
        };
        let entries: Vec<Entry> = postings.into_iter().map(entry).collect::<Result<_, Refusal>>()?;
        if !entries.is_empty() {
            self.with(entries.clone())?.debts(&Fines::new())?.total()?;
        }
        Ok(entries)
    }
}
