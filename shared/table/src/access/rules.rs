//! The rule sets, every version kept.

use yujie_domain::rules::RuleSet;

use crate::codec;
use crate::error::TableError;
use crate::key;
use crate::table::{Page, Table, TransactError, Write};

const KIND: &str = "rules";

/// The rules in force: the highest version; `None` before the library has set any.
pub async fn current(table: &Table) -> Result<Option<RuleSet>, TableError> {
    let page = Page { newest_first: true, limit: Some(1), ..Page::of(key::RULES) };
    table.query(page).await?.pop().map(codec::body).transpose()
}

/// Adds a version. It never changes one that exists.
///
/// # Errors
/// [`TransactError::Refused`] when the version exists already.
pub async fn add(table: &Table, rules: &RuleSet) -> Result<(), TransactError> {
    let item = codec::item(&key::rules(rules.version), KIND, rules)?;
    table.write(Write::put_new(item)).await
}
