//! Free copies for those who wait.
//!
//! Whatever frees a copy gives it to the next reader in line in the same transaction. Between the look at an empty queue and the write
//! somebody may join it, or a hold may wait again: then the copy is free and somebody waits. The stream tells of both, and this puts
//! them together.

use yujie_domain::copy::CopyStatus;
use yujie_domain::{TitleId, time};
use yujie_table::{copy, hold};

use crate::work::Work;
use crate::{Fault, Gift, Lending, TRIES};

/// How much of a queue is looked at in one round.
const MOST: usize = 2_000;

impl Lending {
    /// Gives the free copies of a title to those who wait for it, one after the other.
    ///
    /// # Errors
    /// [`Fault`]; what was given stays given.
    pub async fn give(&self, title_id: &TitleId) -> Result<Vec<Gift>, Fault> {
        let mut gifts = Vec::new();
        let mut in_vain = 0;
        while in_vain < TRIES {
            if hold::queue(&self.table, title_id, 1).await?.is_empty() {
                break;
            }
            let copies = copy::of_title(&self.table, title_id).await?;
            let mut work = Work::begin(self, self.edge.clock.now()).await?;
            // One copy may be for those only whom another is not for.
            let mut given = None;
            for free in copies.iter().filter(|copy| copy.status == CopyStatus::Available) {
                given = work.give(free, &free.site).await?;
                if given.is_some() {
                    break;
                }
            }
            let Some(gift) = given else { break };
            if work.commit().await? {
                gifts.push(gift);
            } else {
                in_vain += 1;
            }
        }
        Ok(gifts)
    }

    /// Takes the holds for a title out of its queue whose last day is past: how many.
    ///
    /// # Errors
    /// [`Fault`]; what was taken out stays out.
    pub async fn drop_past(&self, title_id: &TitleId) -> Result<usize, Fault> {
        let today = time::day(self.edge.clock.now());
        let mut dropped = 0;
        for past in hold::queue(&self.table, title_id, MOST).await? {
            if past.until.is_none_or(|until| until >= today) {
                continue;
            }
            let mut work = Work::begin(self, self.edge.clock.now()).await?;
            if let Some(account) = work.account(&past.rid).await? {
                let mut next = account.next();
                next.holds.remove(title_id);
                work.change(next);
            }
            work.write(hold::remove(&past));
            // When its reader changed it at this moment, the next round looks again.
            dropped += usize::from(work.commit().await?);
        }
        Ok(dropped)
    }
}
