//! The walk over the table, in parts beside each other.

use futures_util::{TryStreamExt, stream};
use jiff::Timestamp;
use yujie_domain::audit::{Fact, Ledger};
use yujie_table::audit::{AUDIT_SEGMENTS, audit_facts_after};
use yujie_table::{Table, TableError};

/// Reads everything once, for an audit at `now`. No more than one page of each part is held besides what is compared.
pub(crate) async fn gather(table: &Table, now: Timestamp, consistent: bool) -> Result<Ledger, TableError> {
    let mut ledger = Ledger::new(now);
    let parts = (0..AUDIT_SEGMENTS).map(|segment| Box::pin(pages(table, segment, consistent)));
    let mut pages = stream::select_all(parts);
    while let Some(page) = pages.try_next().await? {
        for fact in page {
            ledger.add(fact);
        }
    }
    Ok(ledger)
}

/// The pages of one part.
fn pages(
    table: &Table,
    segment: u16,
    consistent: bool,
) -> impl stream::Stream<Item = Result<Vec<Fact>, TableError>> {
    stream::try_unfold(Some(None), move |after| async move {
        let Some(after) = after else { return Ok(None) };
        let page = audit_facts_after(table, segment, consistent, after).await?;
        Ok(Some((page.facts, page.next.map(Some))))
    })
}
