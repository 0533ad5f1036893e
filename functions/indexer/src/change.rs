//! One change of the index.

use std::collections::BTreeSet;

use yujie_catalogue::Entry;
use yujie_catalogue::index::{IndexError, Writer, files};
use yujie_domain::TitleId;
use yujie_index_store::{Published, StoreError};
use yujie_table::title::Described;
use yujie_table::{TableError, title};

use crate::App;

/// How often a change that another writer overtook is made anew before the queue is left to bring it again.
const TRIES: u32 = 5;
/// Old objects are looked for after every so many publications.
const SWEEP_EVERY: u64 = 20;

/// Why a change was not published.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// Publishes an index in which these titles are as the table has them.
pub(crate) async fn publish(app: &App, ids: &BTreeSet<TitleId>) -> Result<(), ChangeError> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut tries = 0;
    let published = loop {
        tries += 1;
        // Read again in every try: the writer that was faster may have been told of a later change.
        let titles = read(app, ids).await?;
        match change(app, &titles).await {
            Err(ChangeError::Store(StoreError::LostRace | StoreError::Gone(_))) if tries < TRIES => {
                tracing::info!(tries, "another writer was faster");
            }
            other => break other?,
        }
    };
    tracing::info!(titles = ids.len(), generation = published.manifest.generation, tries, "index published");
    if published.manifest.generation.is_multiple_of(SWEEP_EVERY) {
        sweep(app, &published).await;
    }
    Ok(())
}

/// Each title as it is now, or its absence.
async fn read(app: &App, ids: &BTreeSet<TitleId>) -> Result<Vec<(TitleId, Option<Entry>)>, TableError> {
    let wanted: Vec<TitleId> = ids.iter().cloned().collect();
    let mut found = title::described(&app.table, &wanted).await?;
    let entry = |described: Described| Entry {
        title: described.title,
        free_at: described.availability.free_at.into_iter().collect(),
        borrowed: described.lending.total,
    };
    Ok(wanted
        .into_iter()
        .map(|id| {
            let entry = found.remove(&id).map(entry);
            (id, entry)
        })
        .collect())
}

async fn change(app: &App, titles: &[(TitleId, Option<Entry>)]) -> Result<Published, ChangeError> {
    let base = app.store.current().await?;
    let directory = match &base {
        Some(base) => app.store.materialise(base, &app.local).await?,
        None => app.local.empty()?,
    };
    let mut writer = Writer::open(directory.path(), 0)?;
    for (id, title) in titles {
        match title {
            Some(title) => writer.upsert(title)?,
            None => writer.remove(id),
        }
    }
    writer.commit()?;
    Ok(app.store.publish(base.as_ref(), directory.path(), &files(directory.path())?).await?)
}

/// A sweep that fails costs storage, not correctness.
async fn sweep(app: &App, published: &Published) {
    match app.store.sweep(published, app.clock.now()).await {
        Ok(swept) => tracing::info!(swept, "old index files deleted"),
        Err(error) => tracing::warn!(cause = %error, "old index files not deleted"),
    }
}
