//! A copy that comes back.

use yujie_domain::copy::CopyStatus;
use yujie_domain::{Barcode, SiteId};
use yujie_table::{TableError, copy};

use crate::work::Work;
use crate::{Fault, Gift, Lending, TRIES};

/// What became of a copy that was scanned as handed back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckedIn {
    /// Its loan ended, and it is free at the site.
    Free,
    /// Its loan ended, and it goes to the next reader in line.
    Given(Gift),
    /// It had been scanned before.
    Already,
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
                CopyStatus::Available if copy.site == *site => return Ok(CheckedIn::Already),
                CopyStatus::Reserved => return Err(CheckInError::NotOnLoan),
                CopyStatus::Available | CopyStatus::OnLoan => {}
            }
            let mut work = Work::begin(self, self.edge.clock.now()).await?;
            // A copy that should be free elsewhere is here: it was cancelled and left in its box all the same, or was put on a wrong shelf.
            if let Some(holder) = &copy.holder
                && let Some(account) = work.account(&holder.rid).await?
            {
                work.change(account.without(std::slice::from_ref(barcode)));
            }
            let gift = work.release(&copy, site).await?;
            if work.commit().await? {
                return Ok(gift.map_or(CheckedIn::Free, CheckedIn::Given));
            }
        }
        Err(Fault::from(TableError::Busy).into())
    }
}
