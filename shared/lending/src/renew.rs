//! A loan renewed by its reader.

use std::collections::BTreeSet;

use jiff::civil::Date;
use yujie_domain::hold::{self as rule, Hold, Serving};
use yujie_domain::renewal::{self, Demand, NotRenewed};
use yujie_domain::rules::{About, CardClass, RuleSet};
use yujie_domain::{Barcode, ReaderId, SiteId, TitleId, time};
use yujie_table::{TableError, TransactError, account, copy, hold};

use crate::hold::LOOKED_AT;
use crate::{Fault, Lending, Places, TRIES};

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
    /// Renews the loan of a copy: its new last day. `seen` is the last day that the reader saw: one who saw an earlier one than the renewed loan
    /// has asks again because the answer was lost, and is told the day that they have.
    ///
    /// # Errors
    /// [`RenewError`]; then nothing was changed.
    pub async fn renew(
        &self,
        rid: &ReaderId,
        barcode: &Barcode,
        seen: Option<Date>,
    ) -> Result<Date, RenewError> {
        for _ in 0..TRIES {
            let now = self.edge.clock.now();
            let account = account::get(&self.table, rid).await?.ok_or(RenewError::NotFound)?;
            let (title_id, loan) = account
                .open
                .iter()
                .filter(|(_, item)| item.barcode == *barcode)
                .find_map(|(title_id, item)| Some((title_id.clone(), item.loan.as_ref()?)))
                .ok_or(RenewError::NotFound)?;
            let rules = self.rules.in_force(&self.table, now).await?;
            // A day that only moved off a holiday since it was seen was not renewed.
            let renewed_since = |seen| account.last_day(seen, &rules) < loan.due;
            if loan.renewed > 0 && loan.runs() && seen.is_some_and(renewed_since) {
                return Ok(loan.due);
            }
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

    /// Who waits for a title, and how many copies are free for them. What is not lent, or stands where it is closed, serves nobody.
    async fn demand(&self, title_id: &TitleId, rules: &RuleSet) -> Result<Demand, Fault> {
        let now = self.edge.clock.now();
        let today = time::day(now);
        let queue = hold::queue(&self.table, title_id, LOOKED_AT).await?;
        let waiting: Vec<&Hold> = queue.iter().filter(|hold| hold.waits_on(today)).collect();
        if waiting.is_empty() {
            return Ok(Demand::default());
        }
        let copies = copy::of_title(&self.table, title_id).await?;
        let sites = self.places.all(&self.table, now).await?;
        let places = Places::of(&sites, copies.iter().map(|copy| &copy.site), now);
        let sites_asked: BTreeSet<Option<&SiteId>> = waiting.iter().map(|hold| hold.site()).collect();
        let mut hope: BTreeSet<&Barcode> = BTreeSet::new();
        for (site, class) in
            sites_asked.into_iter().flat_map(|site| CardClass::ALL.map(|class| (site, class)))
        {
            let about = About::card(class).at(site);
            let free = Serving::of(&copies, rules, &about).free(&places);
            hope.extend(free.into_iter().map(|copy| &copy.barcode));
        }
        // Nobody's card is looked at when there are too few copies whoever they are, as it nearly always is.
        if hope.len() < waiting.len() {
            let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            return Ok(Demand { waiting: number(waiting.len()), free: number(hope.len()) });
        }
        let mut abouts = Vec::with_capacity(waiting.len());
        for hold in waiting {
            let class = account::get(&self.table, &hold.rid).await?.map(|account| account.class);
            abouts.push(About::card(class.unwrap_or_default()).at(hold.site()));
        }
        Ok(rule::demand(&abouts, &copies, &places, rules))
    }
}
