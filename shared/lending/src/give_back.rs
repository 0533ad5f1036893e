//! Loans that stop: a book handed over to be brought back, before it is in the library.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use yujie_domain::account::{Account, Loan};
use yujie_domain::copy::CopyStatus;
use yujie_domain::courier::Journey;
use yujie_domain::parcel::By;
use yujie_domain::returning::{Book, BookState, Command, Outcome, Refusal, Return};
use yujie_domain::{Barcode, ReturnNo, ReturnRef, SiteId};
use yujie_table::{TableError, copy, returning};

use crate::work::Work;
use crate::{Fault, Lending, TRIES};

/// No drop stays full for longer: what is said to have lain in one for more than a week is a slip of the hand.
const DROP_IS_EMPTIED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What became of a book that was taken from its reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakenBack {
    /// Its loan stopped now, with this return.
    Now(ReturnNo),
    /// It had been taken before, with this one.
    Already(Option<ReturnNo>),
}

/// Why a book was not taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeBackError {
    /// There is no such copy.
    #[error("no such copy")]
    NotFound,
    /// Nobody has it.
    #[error("the copy is not on loan")]
    NotOnLoan,
    /// It was not handed over at that time: its loan had not begun, that is yet to come, or it is longer ago than any drop stays full.
    #[error("not handed over then")]
    NotThen,
    /// A fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<TableError> for TakeBackError {
    fn from(error: TableError) -> Self {
        Self::Fault(error.into())
    }
}

impl Lending {
    /// Takes a book from its reader, at a desk or a drop of `site` or by its driver: the loan stops now, and the copy stays with its parcel until
    /// a site checks it in. With the return that the reader booked for it, else with one that is made for it. What lay in a drop was handed over
    /// `earlier`: as long ago as staff can say.
    ///
    /// # Errors
    /// [`TakeBackError`]; then nothing was changed.
    pub async fn take_back(
        &self,
        barcode: &Barcode,
        site: &SiteId,
        earlier: Option<Timestamp>,
    ) -> Result<TakenBack, TakeBackError> {
        for _ in 0..TRIES {
            let copy = copy::get(&self.table, barcode).await?.ok_or(TakeBackError::NotFound)?;
            let holder = match copy.status {
                CopyStatus::OnLoan => copy.holder.ok_or(TakeBackError::NotOnLoan)?,
                CopyStatus::Available | CopyStatus::Reserved => return Err(TakeBackError::NotOnLoan),
            };
            let mut work = Work::begin(self, self.edge.clock.now()).await?;
            let account = work.account(&holder.rid).await?.ok_or(TakeBackError::NotOnLoan)?;
            let Some((title_id, item)) = account.item_of(barcode) else { continue };
            let Some(loan) = item.loan else { return Err(TakeBackError::NotOnLoan) };
            if !loan.runs() {
                return Ok(TakenBack::Already(item.returning.clone()));
            }
            let now = work.now;
            let possible = |at: &Timestamp| {
                (loan.since..=now).contains(at) && now.duration_since(*at) <= DROP_IS_EMPTIED
            };
            if !earlier.as_ref().is_none_or(possible) {
                return Err(TakeBackError::NotThen);
            }
            let mut at = earlier.unwrap_or(now);
            let no = if let Some(no) = item.returning.clone() {
                let of = ReturnRef { rid: holder.rid.clone(), no };
                let booked = returning::get(&self.table, &of).await?.ok_or_else(|| missing(&of))?;
                // Nothing is handed over with a return before it is booked. What else became of the return since takes no day from the loan; only
                // its own history must not run backwards.
                at = booked.begun().map_or(at, |begun| at.max(begun));
                let noted = booked.history.last().map_or(at, |last| at.max(last.at));
                let command = Command::GiveBack {
                    barcodes: vec![barcode.clone()],
                    at: noted,
                    place: Some(site.clone()),
                    by: By::Staff,
                };
                match booked.decide(&command, now) {
                    Ok(Outcome::Changed(next)) => work.write(returning::replace(&next)?),
                    Ok(Outcome::Already) => {}
                    Err(refusal) => return Err(unsound(&of, refusal).into()),
                }
                of.no
            } else {
                let no = self.return_no(now)?;
                let of = ReturnRef { rid: holder.rid.clone(), no: no.clone() };
                let book = Book {
                    barcode: barcode.clone(),
                    title_id: title_id.clone(),
                    title: item.title.clone(),
                    state: BookState::GivenBack,
                };
                work.write(returning::add(&Return::unbooked(of, book, site, at))?);
                no
            };
            work.change(account.handed_back(std::slice::from_ref(barcode), &no, at));
            if work.commit().await? {
                return Ok(TakenBack::Now(no));
            }
        }
        Err(Fault::from(TableError::Busy).into())
    }

    /// Follows what a courier's pushes together say of a return: with the collection all its books that the reader still has are handed over,
    /// by the courier's clock. That they came to the library is only noted: a scan there checks each of them in. A reader who called the
    /// courier off and gave him the books all the same gave them back, with him and not with a return that was booked for them since.
    ///
    /// # Errors
    /// [`Fault`]; then nothing was changed.
    pub async fn follow_return(&self, at: &ReturnRef, journey: &Journey) -> Result<(), Fault> {
        for _ in 0..TRIES {
            let this = returning::get(&self.table, at).await?.ok_or_else(|| missing(at))?;
            let mut work = Work::begin(self, self.edge.clock.now()).await?;
            // A courier whose collection was not told of has the books since the first news of them on the way.
            let told = [journey.collected, journey.under_way, journey.delivered];
            let Some(collected) = told.into_iter().flatten().min() else { return Ok(()) };
            let collected = collected.max(this.begun().unwrap_or(Timestamp::MIN)).min(work.now);
            let account = work.account(&at.rid).await?.ok_or_else(|| missing(at))?;
            let stops = |book: &&Book| {
                let loan = account.item_of(&book.barcode).and_then(|(_, item)| item.loan);
                // Of what was called off it may be a later loan of the same copy.
                let same = |loan: Loan| this.begun().is_none_or(|begun| loan.since <= begun);
                matches!(book.state, BookState::Booked | BookState::Cancelled)
                    && loan.is_some_and(|loan| loan.runs() && same(loan))
            };
            let barcodes: Vec<Barcode> =
                this.books.iter().filter(stops).map(|book| book.barcode.clone()).collect();
            let mut next = this.clone();
            let give =
                Command::GiveBack { barcodes: barcodes.clone(), at: collected, place: None, by: By::Courier };
            let arrive = journey.delivered.map(|at| Command::Arrive { at });
            let give = (!barcodes.is_empty()).then_some(give);
            for command in give.iter().chain(&arrive) {
                match next.decide(command, work.now) {
                    // However many commands the news hold, it is one change.
                    Ok(Outcome::Changed(changed)) => next = Return { version: this.version + 1, ..*changed },
                    Ok(Outcome::Already) => {}
                    Err(refusal) => return Err(unsound(at, refusal)),
                }
            }
            if next == this {
                return Ok(());
            }
            for (other, barcodes) in booked_anew(&account, &barcodes, at) {
                let booked = returning::get(&self.table, &other).await?.ok_or_else(|| missing(&other))?;
                match booked.decide(&Command::LetGo { barcodes }, work.now) {
                    Ok(Outcome::Changed(next)) => work.write(returning::replace(&next)?),
                    Ok(Outcome::Already) => {}
                    Err(refusal) => return Err(unsound(&other, refusal)),
                }
            }
            if !barcodes.is_empty() {
                work.change(account.handed_back(&barcodes, &at.no, collected));
            }
            work.write(returning::replace(&next)?);
            if work.commit().await? {
                tracing::info!(return.no = %at.no, given = barcodes.len(), "return followed");
                return Ok(());
            }
        }
        Err(TableError::Busy.into())
    }

    pub(crate) fn return_no(&self, now: Timestamp) -> Result<ReturnNo, Fault> {
        let chance = self.edge.entropy.number().map_err(|error| Fault::Seal(error.to_string()))?;
        Ok(ReturnNo::new(now, chance))
    }
}

/// Which of these books are booked for another return than this one, and for which.
fn booked_anew(
    account: &Account,
    barcodes: &[Barcode],
    this: &ReturnRef,
) -> BTreeMap<ReturnRef, Vec<Barcode>> {
    let mut others: BTreeMap<ReturnRef, Vec<Barcode>> = BTreeMap::new();
    for barcode in barcodes {
        let booked = account.item_of(barcode).and_then(|(_, item)| item.returning.clone());
        if let Some(no) = booked.filter(|no| *no != this.no) {
            let other = ReturnRef { rid: this.rid.clone(), no };
            others.entry(other).or_default().push(barcode.clone());
        }
    }
    others
}

pub(crate) fn missing(at: &ReturnRef) -> Fault {
    Fault::Unsound(format!("there is no return {}", at.no))
}

fn unsound(at: &ReturnRef, refusal: Refusal) -> Fault {
    Fault::Unsound(format!("return {}: {refusal}", at.no))
}
