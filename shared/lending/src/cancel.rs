//! An order cancelled by its reader, or some of its books.

use yujie_domain::parcel::{Command, LineStatus, Outcome, Refusal};
use yujie_domain::{Barcode, OrderNo, ReaderId};
use yujie_table::{TableError, copy, order};

use crate::work::Work;
use crate::{Fault, Lending, TRIES};

/// What became of each named book.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cancelled {
    /// Cancelled now.
    pub now: Vec<Barcode>,
    /// Cancelled before.
    pub before: Vec<Barcode>,
    /// Not cancelled: it has left the library, is with its reader, or was not collected in time; and how far it is.
    pub too_late: Vec<(Barcode, LineStatus)>,
}

/// Why nothing was cancelled.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// The reader has no such order.
    #[error("no such order")]
    NotFound,
    /// The order has no such book.
    #[error("the order has no such book")]
    NoSuchBook,
    /// All of it has left the library, each book so far.
    #[error("too late")]
    TooLate(Vec<(Barcode, LineStatus)>),
    /// A fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<TableError> for CancelError {
    fn from(error: TableError) -> Self {
        Self::Fault(error.into())
    }
}

impl Lending {
    /// Cancels these books of a reader's order, or all of it when none is named. Up to the 出库 scan of its parcel a book can be cancelled; of
    /// several, those that can be are, and the others are named. Each copy goes to the next reader in line, or is free where it stands.
    ///
    /// # Errors
    /// [`CancelError`]; then nothing was changed.
    pub async fn cancel(
        &self,
        rid: &ReaderId,
        order_no: &OrderNo,
        barcodes: &[Barcode],
    ) -> Result<Cancelled, CancelError> {
        for _ in 0..TRIES {
            let order = order::get(&self.table, rid, order_no).await?.ok_or(CancelError::NotFound)?;
            let all: Vec<&Barcode> =
                order.parcels.iter().flat_map(|parcel| &parcel.lines).map(|line| &line.barcode).collect();
            if barcodes.iter().any(|barcode| !all.contains(&barcode)) {
                return Err(CancelError::NoSuchBook);
            }
            let mut work = Work::begin(self, self.edge.clock.now()).await?;
            let mut done = Cancelled::default();
            for parcel in &order.parcels {
                let named = |barcode: &Barcode| barcodes.is_empty() || barcodes.contains(barcode);
                let lines: Vec<_> = parcel.lines.iter().filter(|line| named(&line.barcode)).collect();
                if lines.is_empty() {
                    continue;
                }
                let live = || lines.iter().filter(|line| line.status.is_live());
                for line in lines.iter().filter(|line| line.status.is_void()) {
                    // What was left at its site was not cancelled before, and cannot be now.
                    if line.status == LineStatus::Uncollected {
                        done.too_late.push((line.barcode.clone(), line.status));
                    } else {
                        done.before.push(line.barcode.clone());
                    }
                }
                let command =
                    Command::Cancel { barcodes: lines.iter().map(|line| line.barcode.clone()).collect() };
                let next = match parcel.decide(&command, work.now) {
                    Ok(Outcome::Changed(next)) => next,
                    Ok(Outcome::Already) => continue,
                    Err(Refusal::TooLate { .. }) => {
                        done.too_late.extend(live().map(|line| (line.barcode.clone(), line.status)));
                        continue;
                    }
                    Err(refusal) => return Err(Fault::Unsound(refusal.to_string()).into()),
                };
                for line in live() {
                    let copy = copy::get(&self.table, &line.barcode).await?;
                    if let Some(copy) = copy.filter(|copy| copy.holder.as_ref() == Some(&parcel.at)) {
                        work.release(&copy, &copy.site).await?;
                    }
                    done.now.push(line.barcode.clone());
                }
                work.store(&next)?;
                if next.live().next().is_none() {
                    work.give_back_place(parcel);
                }
            }
            if done.now.is_empty() {
                return if done.too_late.is_empty() {
                    Ok(done)
                } else {
                    Err(CancelError::TooLate(done.too_late))
                };
            }
            if let Some(account) = work.account(rid).await? {
                work.change(account.without(&done.now));
            }
            if work.commit().await? {
                return Ok(done);
            }
        }
        Err(Fault::from(TableError::Busy).into())
    }
}
