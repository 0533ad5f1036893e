//! Loans that are due on a day that was made a closed one after they began.

use jiff::civil::Date;
use yujie_domain::time;
use yujie_table::{TransactError, account};

use crate::{Fault, Lending};

/// Days ahead that are looked at each morning: what is due later is come to on a later one.
const DAYS_AHEAD: usize = 60;

impl Lending {
    /// Moves the last days of loans that fall on holidays to the next open day: how many readers that concerns. A reader whose first due day is
    /// an earlier one comes to it when that loan has ended.
    ///
    /// # Errors
    /// [`Fault`]; what was moved before it stays moved.
    pub async fn move_dues(&self) -> Result<usize, Fault> {
        let now = self.edge.clock.now();
        let rules = self.rules.in_force(&self.table, now).await?;
        let ahead = std::iter::successors(Some(time::day(now)), |day| day.tomorrow().ok()).take(DAYS_AHEAD);
        let closed: Vec<Date> = ahead.filter(|day| rules.holidays_on(*day).is_some()).collect();
        let mut moved = 0;
        for day in closed {
            for account in account::due_on(&self.table, day).await? {
                let Some(next) = account.with_open_dues(&rules) else { continue };
                match self.table.write(account::replace(&next)?).await {
                    Ok(()) => moved += 1,
                    // It changed at this moment: tomorrow it is looked at again.
                    Err(TransactError::Refused(_)) => {}
                    Err(TransactError::Table(error)) => return Err(error.into()),
                }
            }
        }
        Ok(moved)
    }
}
