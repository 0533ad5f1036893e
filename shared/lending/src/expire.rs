//! A parcel that was not collected in time.

use yujie_domain::parcel::{Command, Outcome, Refusal};
use yujie_domain::{ParcelRef, time};
use yujie_table::{TableError, copy, parcel};

use crate::work::Work;
use crate::{Fault, Gift, Lending, TRIES};

/// What became of a parcel whose time at its site may be over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expired {
    /// It was given up now; these copies went to the next readers in line.
    Now(Vec<Gift>),
    /// It is not over, or was over before, or the reader was faster.
    Not,
}

impl Lending {
    /// Gives a parcel up that its reader did not collect on the last day that the site was open for it. The reader is told and it counts
    /// against them; each copy goes to the next reader in line, or is free at that site.
    ///
    /// # Errors
    /// [`Fault`]; then nothing was changed.
    pub async fn expire(&self, at: &ParcelRef) -> Result<Expired, Fault> {
        for _ in 0..TRIES {
            let Some(parcel) = parcel::get(&self.table, at).await? else { return Ok(Expired::Not) };
            let mut work = Work::begin(self, self.edge.clock.now()).await?;
            let today = time::day(work.now);
            let next = match parcel.decide(&Command::Expire { today }, work.now) {
                Ok(Outcome::Changed(next)) => next,
                Ok(Outcome::Already)
                | Err(
                    Refusal::TooEarly { .. }
                    | Refusal::TooLate { .. }
                    | Refusal::Unpaid
                    | Refusal::Cancelled
                    | Refusal::Expired
                    | Refusal::NotBooked
                    | Refusal::OldLabel
                    | Refusal::WrongParcel
                    | Refusal::WrongSite { .. }
                    | Refusal::WrongWay
                    | Refusal::WrongCode
                    | Refusal::TakeOutFirst { .. },
                ) => return Ok(Expired::Not),
            };
            let site = parcel
                .destination
                .site()
                .ok_or_else(|| Fault::Unsound(format!("parcel {} waits at no site", at.no())))?;
            let mut gifts = Vec::new();
            let mut barcodes = Vec::new();
            for line in parcel.live() {
                let copy = copy::get(&self.table, &line.barcode).await?;
                if let Some(copy) = copy.filter(|copy| copy.holder.as_ref() == Some(at)) {
                    gifts.extend(work.release(&copy, site).await?);
                }
                barcodes.push(line.barcode.clone());
            }
            if let Some(account) = work.account(&at.rid).await? {
                let mut without = account.without(&barcodes);
                without.note_uncollected(today);
                work.change(without);
            }
            work.give_back_place(&parcel);
            work.store(&next)?;
            if work.commit().await? {
                return Ok(Expired::Now(gifts));
            }
        }
        Err(TableError::Busy.into())
    }
}
