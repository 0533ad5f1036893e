//! The staff list: `login,role,site,name,password`.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;
use serde::de::value::{Error as ValueError, StrDeserializer};
use yujie_catalogue::csv::{Cells, Reason};
use yujie_domain::staff::Role;
use yujie_domain::{SiteId, StaffLogin};
use yujie_runtime::password;
use yujie_table::staff::{self, StaffAccount};
use yujie_table::{TransactError, site};

use crate::copies::rows;
use crate::{ImportError, Importer, Report};

impl Importer {
    /// Loads a staff list. Who has an account gets the role, site, name and password of the list.
    pub async fn staff(&self, file: &Path, report: &mut Report) -> Result<(), ImportError> {
        let sites: BTreeSet<SiteId> = site::all(&self.table).await?.into_iter().map(|site| site.id).collect();
        let accounts = rows(
            file,
            &["login", "role", "site", "name", "password"],
            |cells| self.account(cells, &sites),
            report,
        )?;
        for account in &accounts {
            self.employ(account).await?;
            report.summary.loaded += 1;
            report.progress("loading staff");
        }
        Ok(())
    }

    fn account(&self, cells: &Cells, sites: &BTreeSet<SiteId>) -> Result<StaffAccount, Reason> {
        let site = cells.parse("site", SiteId::parse)?;
        if !sites.contains(&site) {
            return Err(Reason::Invalid { column: "site", why: "no such site".to_owned() });
        }
        let password = password::hash(cells.require("password")?, &self.entropy).map_err(|_| {
            Reason::Invalid { column: "password", why: "8 to 128 characters are needed".to_owned() }
        })?;
        Ok(StaffAccount {
            login: cells.parse("login", StaffLogin::parse)?,
            name: cells.require("name")?.to_owned(),
            role: cells.parse("role", |role| Role::deserialize(StrDeserializer::<ValueError>::new(role)))?,
            site,
            password_hash: password,
        })
    }

    async fn employ(&self, account: &StaffAccount) -> Result<(), ImportError> {
        let written = match staff::add(&self.table, account).await {
            Err(TransactError::Refused(_)) => staff::replace(&self.table, account).await,
            other => other,
        };
        match written {
            Ok(()) => Ok(()),
            Err(TransactError::Table(error)) => Err(error.into()),
            Err(TransactError::Refused(_)) => Err(yujie_table::TableError::Busy.into()),
        }
    }
}
