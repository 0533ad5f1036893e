//! Records into the table. Titles and copies are written as anybody's change is: what follows from them, the count of free copies and the
//! index, follows from the stream.

use std::collections::BTreeMap;
use std::future;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use yujie_domain::TitleId;
use yujie_domain::copy::Copy;
use yujie_domain::title::Title;
use yujie_import::records::Record;
use yujie_import::source::Place;
use yujie_runtime::batch::Failure;
use yujie_table::copy::{self, Added};
use yujie_table::title;

use crate::App;

/// Writes under way at once. More only wait for the table.
const AT_ONCE: usize = 16;

/// What came of some records.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// Copies that this import brought.
    pub(crate) copies: u64,
    /// Copies that it could not bring.
    pub(crate) warnings: Vec<(Place, TitleId, String)>,
}

/// Puts titles that are new or other than they were, and then copies that are new.
pub(crate) async fn put(app: &App, records: &[Record], started: Timestamp) -> Result<Loaded, Failure> {
    let ids: Vec<TitleId> = records.iter().map(|record| record.title.id.clone()).collect();
    let known: BTreeMap<TitleId, Title> = title::get_many(&app.table, &ids).await?;
    let changed =
        records.iter().map(|record| &record.title).filter(|title| known.get(&title.id) != Some(*title));
    stream::iter(changed)
        .map(|one| title::put(&app.table, one))
        .buffer_unordered(AT_ONCE)
        .try_for_each(|()| future::ready(Ok(())))
        .await?;
    let copies = records.iter().flat_map(|record| record.copies.iter().map(move |one| (record.place, one)));
    stream::iter(copies)
        .map(|(place, one)| async move { Ok::<_, Failure>((place, one, copy::add(&app.table, one).await?)) })
        // In the file's order, so that the same records make the same list.
        .buffered(AT_ONCE)
        .try_fold(Loaded::default(), |mut loaded, (place, one, added)| {
            match added {
                Added::Now => loaded.copies += 1,
                Added::There(there) => count_again(&mut loaded, place, one, &there, started),
            }
            future::ready(Ok(loaded))
        })
        .await
}

/// A barcode that was there: this import's own, if it did these records before; else somebody's, who keeps it.
fn count_again(loaded: &mut Loaded, place: Place, one: &Copy, there: &Copy, started: Timestamp) {
    if there.title_id != one.title_id {
        let why = format!("copy {:?} left out: title {} has it", one.barcode.as_str(), there.title_id);
        loaded.warnings.push((place, one.title_id.clone(), why));
    } else if there.received.at == started {
        loaded.copies += 1;
    }
}
