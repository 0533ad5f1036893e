//! The staff list: `login,role,site,name,password`. Who works at several sites has a row for each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde::de::value::{Error as ValueError, StrDeserializer};
use yujie_catalogue::csv::{Cells, Reason};
use yujie_domain::staff::{Account, Deed, Reason as Why, Role};
use yujie_domain::{SiteId, StaffLogin};
use yujie_runtime::password;
use yujie_table::{TableError, TransactError, site, staff};

use crate::copies::rows;
use crate::{ImportError, Importer, Report};

/// How often an account that somebody changes meanwhile is put.
const ATTEMPTS: u32 = 3;

impl Importer {
    /// Loads a staff list. Who has an account gets the roles, sites, name and password of the list, and is let in again if they were shut out.
    pub async fn staff(&self, file: &Path, report: &mut Report) -> Result<(), ImportError> {
        let sites: BTreeSet<SiteId> = site::all(&self.table).await?.into_iter().map(|site| site.id).collect();
        let accounts = rows(
            file,
            &["login", "role", "site", "name", "password"],
            |cells| self.account(cells, &sites),
            report,
        )?;
        let mut people: BTreeMap<StaffLogin, Account> = BTreeMap::new();
        for account in accounts {
            match people.get_mut(&account.login) {
                Some(known) => known.posts.extend(account.posts),
                None => {
                    people.insert(account.login.clone(), account);
                }
            }
        }
        for account in people.into_values() {
            let rows = account.posts.len();
            self.employ(account).await?;
            report.summary.loaded += u64::try_from(rows).unwrap_or_default();
            report.progress("loading staff");
        }
        Ok(())
    }

    fn account(&self, cells: &Cells, sites: &BTreeSet<SiteId>) -> Result<Account, Reason> {
        let site = cells.parse("site", SiteId::parse)?;
        if !sites.contains(&site) {
            return Err(Reason::Invalid { column: "site", why: "no such site".to_owned() });
        }
        let password = password::hash(cells.require("password")?, &self.entropy).map_err(|_| {
            Reason::Invalid { column: "password", why: "8 to 128 characters are needed".to_owned() }
        })?;
        let role = cells.parse("role", |role| Role::deserialize(StrDeserializer::<ValueError>::new(role)))?;
        let (login, name) = (cells.parse("login", StaffLogin::parse)?, cells.require("name")?.to_owned());
        Ok(Account::new(login, name, BTreeMap::from([(site, role)]), password))
    }

    async fn employ(&self, account: Account) -> Result<(), ImportError> {
        let reason = Why::parse("staff list").map_err(|e| TableError::Unavailable(e.to_string()))?;
        for _ in 0..ATTEMPTS {
            let mut account = account.clone();
            if let Some(known) = staff::get(&self.table, &account.login).await? {
                (account.version, account.history) = (known.version + 1, known.history);
            }
            account.note(Deed::Loaded, "importer", &reason, self.clock.now());
            match staff::load(&self.table, &account).await {
                Ok(()) => return Ok(()),
                Err(TransactError::Table(error)) => return Err(error.into()),
                Err(TransactError::Refused(_)) => {}
            }
        }
        Err(TableError::Busy.into())
    }
}
