//! A copy that comes back.

use yujie_domain::copy::{Copy, CopyStatus};
use yujie_domain::parcel::Because;
use yujie_domain::returning::{Command, Outcome};
use yujie_domain::{Barcode, ParcelRef, ReturnRef, SiteId};
use yujie_table::{TableError, copy, parcel, returning};

use crate::work::Work;
use crate::{Fault, Gift, Lending, TRIES};

/// What became of a copy that was scanned as handed back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckedIn {
    /// Its loan ended, and it is free at the site.
    Free,
    /// Its loan ended, and it goes to the next reader in line.
    Given(Gift),
    /// It had been scanned before; and the parcel that it went into for the next reader in line, if it did.
    Already(Option<ParcelRef>),
}

/// Why a copy was not taken back.
#[derive(Debug, thiserror::Error)]
pub enum CheckInError {
    /// There is no such copy.
    #[error("no such copy")]
    NotFound,
    /// Nobody has it.
    #[error("the copy is not on loan")]
    NotOnLoan,
    /// A fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<TableError> for CheckInError {
    fn from(error: TableError) -> Self {
        Self::Fault(error.into())
    }
}

impl Lending {
    /// Takes a copy back at `site`: its loan ends now, if it was on loan. It goes to the next reader in line, or is free there.
    ///
    /// # Errors
    /// [`CheckInError`]; then nothing was changed.
    pub async fn check_in(&self, barcode: &Barcode, site: &SiteId) -> Result<CheckedIn, CheckInError> {
        for _ in 0..TRIES {
            let copy = copy::get(&self.table, barcode).await?.ok_or(CheckInError::NotFound)?;
            match copy.status {
                CopyStatus::Available if copy.site == *site => return Ok(CheckedIn::Already(None)),
                CopyStatus::Reserved => return self.given_on(&copy, site).await,
                CopyStatus::Available | CopyStatus::OnLoan => {}
            }
            let mut work = Work::begin(self, self.edge.clock.now()).await?;
            // A copy that should be free elsewhere is here: it was cancelled and left in its box all the same, or was put on a wrong shelf.
            if let Some(holder) = &copy.holder
                && let Some(account) = work.account(&holder.rid).await?
            {
                if let Some(no) = account.item_of(barcode).and_then(|(_, item)| item.returning.clone()) {
                    complete(&mut work, ReturnRef { rid: holder.rid.clone(), no }, barcode, site).await?;
                }
                work.change(account.without(std::slice::from_ref(barcode)));
            }
            let gift = work.release(&copy, site).await?;
            if work.commit().await? {
                return Ok(gift.map_or(CheckedIn::Free, CheckedIn::Given));
            }
        }
        Err(Fault::from(TableError::Busy).into())
    }

    /// A copy that is claimed: when it was given to who waited for it, and leaves from here, its check-in was the scan that is repeated.
    async fn given_on(&self, copy: &Copy, site: &SiteId) -> Result<CheckedIn, CheckInError> {
        let Some(at) = copy.holder.as_ref().filter(|_| copy.site == *site) else {
            return Err(CheckInError::NotOnLoan);
        };
        let parcel = parcel::get(&self.table, at).await?;
        match parcel.filter(|parcel| parcel.because == Because::CameFree && parcel.site == *site) {
            Some(parcel) => Ok(CheckedIn::Already(Some(parcel.at))),
            None => Err(CheckInError::NotOnLoan),
        }
    }
}

/// The book of a return is in, whatever way it came.
async fn complete(
    work: &mut Work<'_>,
    at: ReturnRef,
    barcode: &Barcode,
    site: &SiteId,
) -> Result<(), CheckInError> {
    let Some(this) = returning::get(&work.lending.table, &at).await? else {
        tracing::error!(return.no = %at.no, "a loan is booked for a return that is not there");
        return Ok(());
    };
    match this.decide(&Command::CheckIn { barcode: barcode.clone(), site: site.clone() }, work.now) {
        Ok(Outcome::Changed(next)) => work.write(returning::replace(&next)?),
        Ok(Outcome::Already) => {}
        Err(refusal) => return Err(Fault::Unsound(format!("return {}: {refusal}", at.no)).into()),
    }
    Ok(())
}
