//! The walk over the table, in parts beside each other.

use futures_util::{TryStreamExt, stream};
use jiff::Timestamp;
use yujie_domain::trial::{Facts, Placed};
use yujie_table::bulk::{TRIAL_SEGMENTS, TrialFact, trial_facts_after};
use yujie_table::{Table, TableError};

use crate::App;

/// Reads everything once and adds it to `facts`. No more than one page of each part is held at a time. `false`: it was not at its end at
/// `until`.
pub(crate) async fn gather(app: &App, facts: &mut Facts, until: Timestamp) -> Result<bool, TableError> {
    let before = app.table.consumed();
    let from = facts.from();
    let parts = (0..TRIAL_SEGMENTS).map(|segment| Box::pin(pages(&app.table, segment, from)));
    let mut pages = stream::select_all(parts);
    while let Some(page) = pages.try_next().await? {
        for fact in page {
            sort_in(fact, facts);
        }
        if app.clock.now() >= until {
            return Ok(false);
        }
    }
    let read_units = app.table.consumed().read_tenths.saturating_sub(before.read_tenths) / 10;
    tracing::info!(read_units, "gathered");
    Ok(true)
}

/// The pages of one part.
fn pages(
    table: &Table,
    segment: u16,
    from: Timestamp,
) -> impl stream::Stream<Item = Result<Vec<TrialFact>, TableError>> {
    stream::try_unfold(Some(None), move |after| async move {
        let Some(after) = after else { return Ok(None) };
        let page = trial_facts_after(table, segment, from, after).await?;
        for error in page.unreadable {
            tracing::error!(%error, "an item cannot be read; the trial is made without it");
        }
        Ok(Some((page.facts, page.next.map(Some))))
    })
}

fn sort_in(fact: TrialFact, facts: &mut Facts) {
    match fact {
        TrialFact::Order(head) => {
            let missing = head.unfilled.len() + head.queued.len();
            let placed = Placed { at: head.placed_at, destination: head.destination, missing };
            facts.order(&head.rid, &head.order_no, placed);
        }
        TrialFact::Parcel(parcel) => facts.parcel(&parcel),
        TrialFact::Account(account) => facts.account(account),
    }
}
