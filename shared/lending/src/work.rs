//! One command's writes, gathered until they are carried out together.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use yujie_domain::account::Account;
use yujie_domain::parcel::Parcel;
use yujie_domain::rules::RuleSet;
use yujie_domain::{ReaderId, SiteId};
use yujie_table::{TransactError, Write, account, parcel, site_load};

use crate::{Fault, Lending};

/// What one command reads and will write. An account or a site's count may be touched by several parts of a command, but a transaction
/// takes each item once: so they are gathered here.
pub(crate) struct Work<'a> {
    pub(crate) lending: &'a Lending,
    pub(crate) now: Timestamp,
    pub(crate) rules: Arc<RuleSet>,
    accounts: BTreeMap<ReaderId, Known>,
    places: BTreeMap<SiteId, i32>,
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
        if let Some(site) = parcel.destination.site().filter(|_| parcel.takes_place) {
            *self.places.entry(site.clone()).or_default() += by;
        }
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
        for (site, change) in &self.places {
            let n = u16::try_from(change.unsigned_abs()).unwrap_or(u16::MAX);
            match change.signum() {
                // Whether there is room is asked before a parcel is sent; what is on its way all the same is counted.
                1 => writes.push(site_load::take(site, n, u16::MAX)),
                -1 => writes.push(site_load::give_back(site, n)),
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
