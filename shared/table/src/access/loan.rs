//! Loans: a loan begins with the step that hands the books over.

use yujie_domain::parcel::Parcel;

use super::{account, copy, parcel, rules, site_load};
use crate::error::TableError;
use crate::table::{Table, TransactError};

/// Stores the step by which a parcel's books came into the reader's hands, and begins their loans, in one transaction. The loan
/// counts from the hand-over itself, however late we hear of it.
///
/// # Errors
/// [`TransactError::Refused`] when the parcel, a copy or the account changed in between.
pub(super) async fn begin(table: &Table, delivered: &Parcel) -> Result<(), TransactError> {
    let missing = |what: &str| TableError::Unavailable(format!("parcel {}: {what}", delivered.at.no()));
    let since = delivered.handed_over().ok_or_else(|| missing("it is not handed over"))?;
    let account =
        account::get(table, &delivered.at.rid).await?.ok_or_else(|| missing("its reader has no account"))?;
    let rules = rules::in_force(table, since).await?.ok_or_else(|| missing("no rules are loaded"))?;
    let mut writes = vec![
        parcel::replace(delivered)?,
        account::replace(&account.with_loans_of(delivered, since, &rules))?,
    ];
    writes.extend(delivered.live().map(|line| copy::lend(&line.barcode, &delivered.at)));
    if let Some(site) = delivered.destination.site().filter(|_| delivered.takes_place) {
        writes.push(site_load::give_back(site, 1));
    }
    table.transact(writes).await
}
