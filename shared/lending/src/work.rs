//! One command's writes, gathered until they are carried out together.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use yujie_domain::account::Account;
use yujie_domain::parcel::{Counted, Parcel};
use yujie_domain::rules::RuleSet;
use yujie_domain::slot::Taken;
use yujie_domain::{ReaderId, SiteId, time};
use yujie_table::{TransactError, Write, account, counted, parcel};

use crate::{Fault, Lending};

/// What one command reads and will write. An account or a site's count may be touched by several parts of a command, but a transaction
/// takes each item once: so they are gathered here.
pub(crate) struct Work<'a> {
    pub(crate) lending: &'a Lending,
    pub(crate) now: Timestamp,
    pub(crate) rules: Arc<RuleSet>,
    accounts: BTreeMap<ReaderId, Known>,
    places: BTreeMap<Counted, i32>,
    /// Places that there are in all, where no more may be taken.
    room: BTreeMap<Counted, u16>,
    writes: Vec<Write>,
}

struct Known {
    read: u64,
    account: Account,
}

impl<'a> Work<'a> {
    pub(crate) async fn begin(lending: &'a Lending, now: Timestamp) -> Result<Self, Fault> {
        let rules = lending.rules.in_force(&lending.table, now).await?;
        Ok(Self {
            lending,
            now,
            rules,
            accounts: BTreeMap::new(),
            places: BTreeMap::new(),
            room: BTreeMap::new(),
            writes: Vec::new(),
        })
    }

    /// A reader's account, with what this command has changed in it.
    pub(crate) async fn account(&mut self, rid: &ReaderId) -> Result<Option<Account>, Fault> {
        if let Some(known) = self.accounts.get(rid) {
            return Ok(Some(known.account.clone()));
        }
        let Some(account) = account::get(&self.lending.table, rid).await? else { return Ok(None) };
        self.accounts.insert(rid.clone(), Known { read: account.version, account: account.clone() });
        Ok(Some(account))
    }

    /// Takes a changed account.
    pub(crate) fn change(&mut self, next: Account) {
        if let Some(known) = self.accounts.get_mut(&next.rid) {
            // However many parts of the command changed it, it is one change.
            known.account = Account { version: known.read + 1, ..next };
        }
    }

    /// Takes a changed parcel.
    pub(crate) fn store(&mut self, next: &Parcel) -> Result<(), Fault> {
        self.writes.push(parcel::replace(next)?);
        Ok(())
    }

    /// A parcel is on its way to the site where it takes a place.
    pub(crate) fn take_place(&mut self, parcel: &Parcel) {
        self.count_place(parcel, 1);
    }

    /// A parcel goes no more to the site where it took a place.
    pub(crate) fn give_back_place(&mut self, parcel: &Parcel) {
        self.count_place(parcel, -1);
    }

    fn count_place(&mut self, parcel: &Parcel, by: i32) {
        if let Some(place) = parcel.place() {
            *self.places.entry(place).or_default() += by;
        }
    }

    /// Nothing is carried out when `site` has not enough of its `capacity` places free.
    pub(crate) fn if_room(&mut self, site: &SiteId, capacity: u16) {
        self.room.insert(Counted::Site(site.clone()), capacity);
    }

    /// Nothing is carried out when the slot of `parcel` has not enough of its `per_slot` places free.
    pub(crate) fn if_room_in_slot(&mut self, parcel: &Parcel, per_slot: u16) {
        if let Some(place @ Counted::Slot { .. }) = parcel.place() {
            self.room.insert(place, per_slot);
        }
    }

    /// What is taken in the slots of a division, with what this command takes.
    pub(crate) fn with_own(&self, division: &str, mut taken: Taken) -> Taken {
        for (place, by) in &self.places {
            if let Counted::Slot { division: other, day, from } = place
                && other == division
            {
                let count = taken.entry((*day, *from)).or_default();
                let change = u16::try_from(by.unsigned_abs()).unwrap_or(u16::MAX);
                *count = if *by < 0 { count.saturating_sub(change) } else { count.saturating_add(change) };
            }
        }
        taken
    }

    pub(crate) fn write(&mut self, write: Write) {
        self.writes.push(write);
    }

    /// How many writes there are so far: a transaction takes a hundred.
    pub(crate) fn len(&self) -> usize {
        self.writes.len() + self.accounts.len() + self.places.len()
    }

    /// Carries everything out. `false`: somebody else was faster, and the command is to be decided anew.
    pub(crate) async fn commit(self) -> Result<bool, Fault> {
        let mut writes = Vec::new();
        for Known { read, account } in self.accounts.values() {
            if account.version != *read {
                writes.push(account::replace(account)?);
            }
        }
        let today = time::day(self.now);
        for (place, change) in &self.places {
            let n = u16::try_from(change.unsigned_abs()).unwrap_or(u16::MAX);
            match change.signum() {
                // Whether there is room is asked before a parcel is sent; what is on its way all the same is counted.
                1 => {
                    let most = self.room.get(place).copied().unwrap_or(u16::MAX);
                    writes.push(counted::take(place, n, most));
                }
                // A slot that is over has no use for its places, and its counter may be gone.
                -1 if matches!(place, Counted::Slot { day, .. } if *day < today) => {}
                -1 => writes.push(counted::give_back(place, n)),
                _ => {}
            }
        }
        writes.extend(self.writes);
        match self.lending.table.transact(writes).await {
            Ok(()) => Ok(true),
            Err(TransactError::Refused(_)) => Ok(false),
            Err(TransactError::Table(error)) => Err(error.into()),
        }
    }
}
