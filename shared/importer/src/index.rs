//! The search index, built here and published once.

use std::path::Path;

use yujie_catalogue::index::{IndexError, Writer, files};
use yujie_domain::title::Title;
use yujie_index_store::{Published, StoreError};
use yujie_table::bulk;

use crate::distinct::DistinctTitles;
use crate::{ImportError, Importer, Report};

/// Bytes that are collected before a segment is written: one segment for about a hundred thousand titles.
const MEMORY: usize = 128 * 1024 * 1024;
/// How often a load begins its index anew because the indexer published in between.
const TRIES: u32 = 5;

impl Importer {
    /// Puts a title list into the published index.
    pub(crate) async fn index_file(&self, file: &Path, report: &mut Report) -> Result<(), ImportError> {
        for _ in 1..TRIES {
            match self.add_file(file, report).await {
                Err(ImportError::Store(StoreError::LostRace | StoreError::Gone(_))) => {}
                Err(ImportError::Index(IndexError::OtherSchema)) => return self.rebuild_index(report).await,
                other => return other,
            }
        }
        self.add_file(file, report).await
    }

    /// Builds the index anew from the table and publishes it in place of whatever was there.
    pub async fn rebuild_index(&self, report: &mut Report) -> Result<(), ImportError> {
        let base = self.store.current().await?;
        let directory = self.local.empty()?;
        let mut writer = Writer::open(directory.path(), MEMORY)?;
        let mut after = None;
        loop {
            let (titles, next) = bulk::titles_after(&self.table, after).await?;
            for title in &titles {
                writer.upsert(title)?;
                report.summary.read += 1;
            }
            report.progress("building the index");
            after = next;
            if after.is_none() {
                break;
            }
        }
        report.summary.loaded = report.summary.read;
        self.publish(base.as_ref(), writer, directory.path()).await
    }

    async fn add_file(&self, file: &Path, report: &mut Report) -> Result<(), ImportError> {
        let base = self.store.current().await?;
        let directory = match &base {
            Some(base) => self.store.materialise(base, &self.local).await?,
            None => self.local.empty()?,
        };
        let mut writer = Writer::open(directory.path(), MEMORY)?;
        for title in good_titles(file)? {
            writer.upsert(&title)?;
            report.progress("indexing");
        }
        self.publish(base.as_ref(), writer, directory.path()).await
    }

    async fn publish(
        &self,
        base: Option<&Published>,
        writer: Writer,
        directory: &Path,
    ) -> Result<(), ImportError> {
        writer.commit()?;
        let published = self.store.publish(base, directory, &files(directory)?).await?;
        self.store.sweep(&published, self.clock.now()).await?;
        Ok(())
    }
}

/// The rows that were loaded; the others have been reported.
fn good_titles(file: &Path) -> Result<impl Iterator<Item = Title>, ImportError> {
    Ok(DistinctTitles::open(file)?.filter_map(Result::ok).map(|row| row.title))
}
