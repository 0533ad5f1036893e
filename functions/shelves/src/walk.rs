//! The walk over the table, in parts beside each other.

use futures_util::{TryStreamExt, stream};
use yujie_domain::shelves::Facts;
use yujie_table::bulk::{SHELF_SEGMENTS, ShelfFact, shelf_facts_after};
use yujie_table::{Table, TableError};

use crate::Found;

/// Reads everything once and adds it to `facts`; what else there is comes back. No more than one page of each part is held at a time.
pub(crate) async fn gather(table: &Table, facts: &mut Facts) -> Result<Found, TableError> {
    let parts = (0..SHELF_SEGMENTS).map(|segment| Box::pin(pages(table, segment)));
    let mut pages = stream::select_all(parts);
    let mut found = Found::default();
    while let Some(page) = pages.try_next().await? {
        for fact in page {
            sort_in(fact, facts, &mut found);
        }
    }
    Ok(found)
}

/// The pages of one part.
fn pages(table: &Table, segment: u16) -> impl stream::Stream<Item = Result<Vec<ShelfFact>, TableError>> {
    stream::try_unfold(Some(None), move |after| async move {
        let Some(after) = after else { return Ok(None) };
        let page = shelf_facts_after(table, segment, after).await?;
        for error in page.unreadable {
            tracing::error!(%error, "an item cannot be read; the shelves are made without it");
        }
        Ok(Some((page.facts, page.next.map(Some))))
    })
}

fn sort_in(fact: ShelfFact, facts: &mut Facts, found: &mut Found) {
    match fact {
        ShelfFact::Loans { reader, began, titles } => {
            for title in titles {
                facts.loan(&reader, &title, began);
            }
        }
        ShelfFact::Received(title, at) => facts.received(&title, at),
        ShelfFact::Apart(reader) => facts.apart(reader),
        ShelfFact::Came(came) => found.months.count(&came),
        ShelfFact::Lending(title, lending) => {
            found.lending.insert(title, lending);
        }
        ShelfFact::Beside(title, beside) => {
            found.beside.insert(title, beside);
        }
    }
}
