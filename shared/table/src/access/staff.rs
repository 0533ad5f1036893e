//! Staff accounts.

use serde::{Deserialize, Serialize};
use yujie_domain::staff::Role;
use yujie_domain::{SiteId, StaffLogin};

use crate::codec;
use crate::error::TableError;
use crate::key;
use crate::table::{Table, TransactError, Write};

pub(crate) const KIND: &str = "staff";

/// A member of staff.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StaffAccount {
    /// Sign-in name.
    pub login: StaffLogin,
    /// Name for colleagues.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Where they work.
    pub site: SiteId,
    /// The password's argon2id hash.
    pub password_hash: String,
}

/// Looks an account up.
pub async fn get(table: &Table, login: &StaffLogin) -> Result<Option<StaffAccount>, TableError> {
    table.get(&key::staff(login)).await?.map(codec::body).transpose()
}

/// Adds an account.
///
/// # Errors
/// [`TransactError::Refused`] when the login is taken.
pub async fn add(table: &Table, account: &StaffAccount) -> Result<(), TransactError> {
    let item = codec::item(&key::staff(&account.login), KIND, account)?;
    table.write(Write::put_new(item)).await
}

/// Puts an account in the place of the one that has its login.
///
/// # Errors
/// [`TransactError::Refused`] when there is none.
pub async fn replace(table: &Table, account: &StaffAccount) -> Result<(), TransactError> {
    let item = codec::item(&key::staff(&account.login), KIND, account)?;
    table.write(Write::put_if(item, "attribute_exists(pk)")).await
}
