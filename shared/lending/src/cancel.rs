//! An order cancelled by its reader, or some of its books.

use yujie_domain::parcel::{Command, LineStatus, Outcome, Parcel, Refusal};
use yujie_domain::payment::Command::Waive;
use yujie_domain::payment::State;
use yujie_domain::{Barcode, OrderNo, ReaderId};
use yujie_table::order::Order;
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
            let (done, parcels) = work.give_up(&order, barcodes, &Why::Reader).await?;
            if done.now.is_empty() {
                return if done.too_late.is_empty() {
                    Ok(done)
                } else {
                    Err(CancelError::TooLate(done.too_late))
                };
            }
            work.take_off(&order, &done, parcels).await?;
            if work.commit().await? {
                return Ok(done);
            }
        }
        Err(Fault::from(TableError::Busy).into())
    }
}

/// Why books come off an order.
pub(crate) enum Why {
    /// Their reader does not want them any more.
    Reader,
    /// They were not paid in time.
    Unpaid,
}

impl Work<'_> {
    /// Gives up these books of an order, or all of it when none is named: frees their copies and the places of parcels of which nothing is
    /// left. What became of each book, and the parcels that changed.
    pub(crate) async fn give_up(
        &mut self,
        order: &Order,
        barcodes: &[Barcode],
        why: &Why,
    ) -> Result<(Cancelled, Vec<Parcel>), Fault> {
        let mut done = Cancelled::default();
        let mut changed = Vec::new();
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
            let command = match why {
                Why::Reader => {
                    Command::Cancel { barcodes: lines.iter().map(|line| line.barcode.clone()).collect() }
                }
                Why::Unpaid => Command::Lapse,
            };
            let next = match parcel.decide(&command, self.now) {
                Ok(Outcome::Changed(next)) => next,
                Ok(Outcome::Already) => continue,
                Err(Refusal::TooLate { .. }) => {
                    done.too_late.extend(live().map(|line| (line.barcode.clone(), line.status)));
                    continue;
                }
                Err(refusal) => return Err(Fault::Unsound(refusal.to_string())),
            };
            for line in live() {
                let copy = copy::get(&self.lending.table, &line.barcode).await?;
                if let Some(copy) = copy.filter(|copy| copy.holder.as_ref() == Some(&parcel.at)) {
                    self.release(&copy, &copy.site).await?;
                }
                done.now.push(line.barcode.clone());
            }
            if next.live().next().is_none() {
                self.give_back_place(parcel);
            }
            changed.push(*next);
        }
        Ok((done, changed))
    }

    /// Takes books that were given up off their reader's account, and what they cost off what is owed: of a paid amount it goes back.
    pub(crate) async fn take_off(
        &mut self,
        order: &Order,
        done: &Cancelled,
        mut changed: Vec<Parcel>,
    ) -> Result<(), Fault> {
        if let Some(payment) = &order.payment {
            let live = order.parcels.iter().flat_map(Parcel::live).count();
            let left = live.saturating_sub(done.now.len());
            let waived = payment.purpose.share(payment.amount, done.now.len(), left);
            let next = self.settle_payment(payment, &Waive { amount: waived })?;
            // What is left may cost nothing: then nobody waits for it to be paid.
            if next.is_some_and(|next| matches!(next.state, State::Lapsed { .. })) && left > 0 {
                for parcel in &order.parcels {
                    if let Some(changed) = changed.iter_mut().find(|changed| changed.at == parcel.at) {
                        changed.unpaid = false;
                    } else if let Ok(Outcome::Changed(next)) = parcel.decide(&Command::Free, self.now) {
                        changed.push(*next);
                    }
                }
            }
        }
        for parcel in &changed {
            self.store(parcel)?;
        }
        if let Some(account) = self.account(&order.head.rid).await? {
            self.change(account.without(&done.now));
        }
        Ok(())
    }
}
