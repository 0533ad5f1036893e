//! A loan renewed by its reader.

use jiff::civil::Date;
use yujie_domain::copy::Copy;
use yujie_domain::order;
use yujie_domain::renewal::{self, Demand, NotRenewed};
use yujie_domain::rules::{About, RuleSet};
use yujie_domain::{Barcode, ReaderId, TitleId, time};
use yujie_table::{TableError, TransactError, account, copy, hold};

use crate::{Fault, Lending, Places, TRIES};

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
            let rules = self.rules.in_force(&self.table, now).await?;
            let demand = self.demand(&title_id, &rules).await?;
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
    async fn demand(&self, title_id: &TitleId, rules: &RuleSet) -> Result<Demand, Fault> {
        let now = self.edge.clock.now();
        let today = time::day(now);
        let queue = hold::queue(&self.table, title_id, COUNTED).await?;
        let waiting = queue.iter().filter(|hold| hold.waits_on(today)).count();
        if waiting == 0 {
            return Ok(Demand::default());
        }
        let copies = copy::of_title(&self.table, title_id).await?;
        let sites = self.places.all(&self.table, now).await?;
        let places = Places::of(&sites, copies.iter().map(|copy| &copy.site), now);
        // What is not lent, or stands where it is closed, serves nobody.
        let serves = |copy: &&Copy| {
            order::is_free(copy, &places) && order::may_go(copy, rules, &About::default()).is_ok()
        };
        let free = copies.iter().filter(serves).count();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Ok(Demand { waiting: number(waiting), free: number(free) })
    }
}
