//! Waits that have become hopeless.
//!
//! Nothing is written when a wait becomes one: copies go, rules change, a loan grows longer. So every queue is looked at once a day, and
//! what is found is written into the hold. From that its reader is told, once, with what can be done instead.

use yujie_domain::hold::{Hold, Outlook, Serving};
use yujie_domain::{TitleId, time};
use yujie_table::{TableError, TransactError, account, copy, hold};

use crate::hold::LOOKED_AT;
use crate::{Fault, Lending};

impl Lending {
    /// Looks at what those who wait for a title may hope for: how many may not any more, and were not told so yet. Who may hope again is
    /// told anew when that changes once more.
    ///
    /// # Errors
    /// [`Fault`]; what was found before it is written.
    pub async fn look_ahead(&self, title_id: &TitleId) -> Result<usize, Fault> {
        let now = self.edge.clock.now();
        let today = time::day(now);
        let rules = self.rules.in_force(&self.table, now).await?;
        let copies = copy::of_title(&self.table, title_id).await?;
        let (mut before, mut found) = (0_u32, 0);
        for own in hold::queue(&self.table, title_id, LOOKED_AT).await? {
            let place = before.saturating_add(1);
            before = before.saturating_add(u32::from(own.waits_on(today)));
            // One account that cannot be read does not keep those behind it from being looked at.
            let account = match account::get(&self.table, &own.rid).await {
                Ok(Some(account)) => account,
                Ok(None) => continue,
                Err(error @ TableError::Corrupt { .. }) => {
                    tracing::error!(%error, "the outlook of a hold was not looked at");
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let about = own.about(&account);
            let Outlook { hopeless, .. } = Serving::of(&copies, &rules, &about).outlook(place, &rules);
            if hopeless == own.hopeless.is_some() {
                continue;
            }
            let next = Hold { hopeless: hopeless.then_some(now), version: own.version + 1, ..own };
            match self.table.write(hold::replace(&next)?).await {
                Ok(()) => found += usize::from(hopeless),
                // Its reader changed it, or the book came, at this moment: tomorrow it is looked at again.
                Err(TransactError::Refused(_)) => {}
                Err(TransactError::Table(error)) => return Err(error.into()),
            }
        }
        Ok(found)
    }
}
