//! The search index, built here and published once.

use std::collections::BTreeSet;

use futures_util::stream::{StreamExt, TryStreamExt};
use yujie_catalogue::Entry;
use yujie_catalogue::index::{IndexError, Writer, files};
use yujie_domain::TitleId;
use yujie_domain::title::Title;
use yujie_index_store::StoreError;
use yujie_table::title::Described;
use yujie_table::{availability, bulk, lending, title};

use crate::records::Reading;
use crate::{ImportError, Importer, Report};

/// Bytes that are collected before a segment is written: one segment for about a hundred thousand titles.
const MEMORY: usize = 128 * 1024 * 1024;
/// How often a load begins its index anew because the indexer published in between.
const TRIES: u32 = 5;
/// Titles whose copies and loans are asked for together, and how many times at once.
const CHUNK: usize = 100;
const AT_ONCE: usize = 8;

/// What a change of the index begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    /// The index as it is published.
    Published,
    /// Nothing.
    Empty,
}

impl Importer {
    /// Puts a file's titles into the published index.
    pub(crate) async fn index_file(&self, file: &Reading, report: &mut Report) -> Result<(), ImportError> {
        let put = async |writer: &mut Writer, report: &mut Report| {
            let titles = good_titles(file)?;
            let mut entries = futures_util::stream::iter(chunks(titles))
                .map(|titles| self.entries(titles))
                .buffered(AT_ONCE);
            while let Some(entries) = entries.try_next().await? {
                entries.iter().try_for_each(|entry| writer.upsert(entry))?;
                report.progress("indexing");
            }
            Ok(())
        };
        match self.change(From::Published, &put, report).await {
            Err(ImportError::Index(IndexError::OtherSchema)) => self.rebuild_index(report).await,
            other => other,
        }
    }

    /// Brings some titles of the published index up to date with the table.
    pub(crate) async fn index_titles(
        &self,
        ids: &BTreeSet<TitleId>,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        let ids: Vec<TitleId> = ids.iter().cloned().collect();
        let put = async |writer: &mut Writer, report: &mut Report| {
            for ids in ids.chunks(CHUNK) {
                for described in title::described(&self.table, ids).await?.into_values() {
                    writer.upsert(&entry(described))?;
                }
                report.progress("indexing");
            }
            Ok(())
        };
        if ids.is_empty() {
            return Ok(());
        }
        match self.change(From::Published, &put, report).await {
            Err(ImportError::Index(IndexError::OtherSchema)) => self.rebuild_index(report).await,
            other => other,
        }
    }

    /// Builds the index anew from the table and publishes it in place of whatever was there.
    pub async fn rebuild_index(&self, report: &mut Report) -> Result<(), ImportError> {
        let put = async |writer: &mut Writer, report: &mut Report| {
            report.summary.read = 0;
            let mut after = None;
            loop {
                let (titles, next) = bulk::titles_after(&self.table, after).await?;
                for described in titles {
                    writer.upsert(&entry(described))?;
                    report.summary.read += 1;
                }
                report.progress("building the index");
                after = next;
                if after.is_none() {
                    report.summary.loaded = report.summary.read;
                    return Ok(());
                }
            }
        };
        self.change(From::Empty, &put, report).await
    }

    /// Publishes a change of the index; begins again when another writer was faster.
    async fn change(
        &self,
        from: From,
        put: &impl AsyncFn(&mut Writer, &mut Report) -> Result<(), ImportError>,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.change_once(from, put, report).await {
                Err(ImportError::Store(StoreError::LostRace | StoreError::Gone(_))) if tries < TRIES => {}
                other => return other,
            }
        }
    }

    async fn change_once(
        &self,
        from: From,
        put: &impl AsyncFn(&mut Writer, &mut Report) -> Result<(), ImportError>,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        let base = self.store.current().await?;
        let directory = match &base {
            Some(base) if from == From::Published => self.store.materialise(base, &self.local).await?,
            _ => self.local.empty()?,
        };
        let mut writer = Writer::open(directory.path(), MEMORY)?;
        put(&mut writer, report).await?;
        writer.commit_whole()?;
        let published =
            self.store.publish(base.as_ref(), directory.path(), &files(directory.path())?).await?;
        self.store.sweep(&published, self.clock.now()).await?;
        Ok(())
    }

    /// Titles of a file with what the table knows of their copies and loans.
    async fn entries(&self, titles: Vec<Title>) -> Result<Vec<Entry>, ImportError> {
        let ids: Vec<TitleId> = titles.iter().map(|title| title.id.clone()).collect();
        let mut counted = availability::get_many(&self.table, &ids).await?;
        let mut lent = lending::get_many(&self.table, &ids).await?;
        let described = titles.into_iter().map(|title| Described {
            availability: counted.remove(&title.id).unwrap_or_default(),
            lending: lent.remove(&title.id).unwrap_or_default(),
            title,
        });
        Ok(described.map(entry).collect())
    }
}

fn entry(described: Described) -> Entry {
    Entry {
        title: described.title,
        free_at: described.availability.free_at.into_iter().collect(),
        borrowed: described.lending.total,
    }
}

/// The records that were loaded; the others have been reported.
fn good_titles(file: &Reading) -> Result<impl Iterator<Item = Title>, ImportError> {
    Ok(file.begin()?.filter_map(Result::ok).map(|record| record.title))
}

fn chunks(mut titles: impl Iterator<Item = Title>) -> impl Iterator<Item = Vec<Title>> {
    std::iter::from_fn(move || {
        let chunk: Vec<Title> = titles.by_ref().take(CHUNK).collect();
        (!chunk.is_empty()).then_some(chunk)
    })
}
