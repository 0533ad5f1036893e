//! A loan renewed by its reader.

use jiff::civil::Date;
use yujie_domain::copy::CopyStatus;
use yujie_domain::renewal::{self, Demand, NotRenewed};
use yujie_domain::{Barcode, ReaderId, TitleId, time};
use yujie_table::{TableError, TransactError, account, copy, hold};

use crate::{Fault, Lending, TRIES};

/// How many of a queue are counted: one more waiting reader than any title has copies on loan to one reader.
const COUNTED: usize = 1_000;

/// Why a loan was not renewed.
#[derive(Debug, thiserror::Error)]
pub enum RenewError {
    /// The reader has no such loan.
    #[error("no such loan")]
    NotFound,
    /// The rules refuse it.
    #[error("not renewed")]
    Refused(Vec<NotRenewed>),
    /// A fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<TableError> for RenewError {
    fn from(error: TableError) -> Self {
        Self::Fault(error.into())
    }
}

impl Lending {
    /// Renews the loan of a copy: its new last day.
    ///
    /// # Errors
    /// [`RenewError`]; then nothing was changed.
    pub async fn renew(&self, rid: &ReaderId, barcode: &Barcode) -> Result<Date, RenewError> {
        for _ in 0..TRIES {
            let now = self.edge.clock.now();
            let account = account::get(&self.table, rid).await?.ok_or(RenewError::NotFound)?;
            let title_id = account
                .open
                .iter()
                .find(|(_, item)| item.barcode == *barcode && item.loan.is_some())
                .map(|(title_id, _)| title_id.clone())
                .ok_or(RenewError::NotFound)?;
            let demand = self.demand(&title_id).await?;
            let rules = self.rules.in_force(&self.table, now).await?;
            let (next, due) = renewal::renew(&account, barcode, demand, &rules, time::day(now))
                .ok_or(RenewError::NotFound)?
                .map_err(RenewError::Refused)?;
            match self.table.write(account::replace(&next)?).await {
                Ok(()) => return Ok(due),
                Err(TransactError::Refused(_)) => {}
                Err(TransactError::Table(error)) => return Err(error.into()),
            }
        }
        Err(Fault::from(TableError::Busy).into())
    }

    /// Who waits for a title, and how many copies are free for them.
    async fn demand(&self, title_id: &TitleId) -> Result<Demand, Fault> {
        let today = time::day(self.edge.clock.now());
        let queue = hold::queue(&self.table, title_id, COUNTED).await?;
        let waiting = queue.iter().filter(|hold| hold.waits_on(today)).count();
        if waiting == 0 {
            return Ok(Demand::default());
        }
        let copies = copy::of_title(&self.table, title_id).await?;
        let free = copies.iter().filter(|copy| copy.status == CopyStatus::Available).count();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Ok(Demand { waiting: number(waiting), free: number(free) })
    }
}
