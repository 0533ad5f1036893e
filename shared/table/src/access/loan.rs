//! Loans: a loan begins with the step that hands the books over, and ends when a copy is handed back.

use yujie_domain::account::Loan;
use yujie_domain::copy::Copy;
use yujie_domain::parcel::Parcel;
use yujie_domain::{SiteId, time};

use super::{account, copy, parcel};
use crate::error::TableError;
use crate::table::{Table, TransactError};

/// Stores the step by which a parcel's books came into the reader's hands, and begins their loans, in one transaction. The loan
/// counts from the hand-over itself, however late we hear of it.
///
/// # Errors
/// [`TransactError::Refused`] when the parcel, a copy or the account changed in between.
pub(super) async fn begin(table: &Table, delivered: &Parcel) -> Result<(), TransactError> {
    let Some(since) = delivered.handed_over() else {
        return Err(
            TableError::Unavailable(format!("parcel {} is not handed over", delivered.at.no())).into()
        );
    };
    let due = time::due(since, delivered.loan_days);
    let titles: Vec<_> = delivered.lines.iter().map(|line| (&line.title_id, &line.barcode)).collect();
    let mut writes = vec![
        parcel::replace(delivered)?,
        account::begin_loans(&delivered.at.rid, &titles, Loan { since, due }),
    ];
    writes.extend(delivered.lines.iter().map(|line| copy::lend(&line.barcode, &delivered.at, due)));
    table.transact(writes).await
}

/// Ends the loan of `copy`, which was handed back at `site` and is free there from now on.
///
/// # Errors
/// [`TransactError::Refused`] when the copy changed in between.
pub async fn end(table: &Table, lent: &Copy, site: &SiteId) -> Result<(), TransactError> {
    let Some(holder) = &lent.holder else {
        return Err(TableError::Unavailable(format!("copy {} has no holder", lent.barcode)).into());
    };
    let writes =
        vec![copy::take_back(lent, site), account::close(&holder.rid, &lent.title_id, &lent.barcode)];
    table.transact(writes).await
}
