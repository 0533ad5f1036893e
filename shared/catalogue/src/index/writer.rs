//! Putting titles into an index directory and taking them out.

use std::fmt;
use std::path::Path;

use crate::entry::Entry;
use tantivy::index::{SegmentId, SegmentMeta};
use tantivy::indexer::{IndexWriterOptions, NoMergePolicy};
use tantivy::{Index, IndexWriter, Term};
use yujie_domain::TitleId;

use super::IndexError;
use super::schema::{Fields, open};

/// Segments up to this size are merged with each other as soon as there are [`MOST_SEGMENTS`] of them.
const SMALL: u32 = 10_000;
/// More segments of one kind than this make every search slower.
const MOST_SEGMENTS: usize = 8;

/// Changes an index directory. Nothing is visible in it before [`Writer::commit`], which leaves no thread running.
///
/// Nothing guards a directory against two writers except tantivy's own lock file; who shares an index between machines gives
/// each writer its own directory and decides by the order of publication.
pub struct Writer {
    index: Index,
    fields: Fields,
    changes: IndexWriter,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Writer({:?})", self.index.directory())
    }
}

impl Writer {
    /// Opens the index of a directory, or begins one when the directory is empty. `memory` is the number of bytes that may be
    /// collected before a segment is written (15 MB at least).
    pub fn open(directory: &Path, memory: usize) -> Result<Self, IndexError> {
        let (index, fields) = open(directory, true)?;
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(memory.max(15_000_000))
            .build();
        let changes: IndexWriter = index.writer_with_options(options)?;
        // Merges happen in `commit`, where somebody waits for them: a background merge would be frozen with the Lambda.
        changes.set_merge_policy(Box::new(NoMergePolicy));
        Ok(Self { index, fields, changes })
    }

    /// Puts a title in, in place of what was there under its id.
    pub fn upsert(&mut self, entry: &Entry) -> Result<(), IndexError> {
        self.remove(&entry.title.id);
        self.changes.add_document(self.fields.document(entry)?)?;
        Ok(())
    }

    /// Takes a title out. Without effect when it is not there.
    pub fn remove(&mut self, id: &TitleId) {
        self.changes.delete_term(Term::from_field_text(self.fields.id, id.as_str()));
    }

    /// Writes everything, merges what has become too many pieces, and removes the files that are no longer part of the index.
    pub fn commit(self) -> Result<(), IndexError> {
        self.finish(segments_to_merge)
    }

    /// Writes everything as one piece: for bulk loads, which leave many and can wait. A search visits every piece.
    pub fn commit_whole(self) -> Result<(), IndexError> {
        self.finish(|segments| match segments {
            [] | [_] => Vec::new(),
            many => many.iter().map(SegmentMeta::id).collect(),
        })
    }

    fn finish(mut self, to_merge: impl Fn(&[SegmentMeta]) -> Vec<SegmentId>) -> Result<(), IndexError> {
        self.changes.commit()?;
        let merge = to_merge(&self.index.searchable_segment_metas()?);
        if !merge.is_empty() {
            self.changes.merge(&merge).wait()?;
        }
        self.changes.garbage_collect_files().wait()?;
        self.changes.wait_merging_threads()?;
        Ok(())
    }
}

/// Small segments come one with every batch of changes, large ones from bulk loads and from merging small ones. Either kind is
/// merged when there are too many of it, so that a change is written about twice in its life and a search visits few segments.
/// A segment of which a third is deleted goes along.
fn segments_to_merge(segments: &[SegmentMeta]) -> Vec<SegmentId> {
    let ids = |of: &[&SegmentMeta]| of.iter().map(|segment| segment.id()).collect();
    let (small, large): (Vec<_>, Vec<_>) = segments.iter().partition(|segment| segment.max_doc() <= SMALL);
    let stale: Vec<_> =
        segments.iter().filter(|s| s.num_deleted_docs() > s.max_doc() / 3 && s.max_doc() > SMALL).collect();
    if large.len() > MOST_SEGMENTS || !stale.is_empty() {
        ids(&segments.iter().collect::<Vec<_>>())
    } else if small.len() > MOST_SEGMENTS {
        ids(&small)
    } else {
        Vec::new()
    }
}

/// The names of the files that make up the index of a directory, `meta.json` first. All others are left over.
pub fn files(directory: &Path) -> Result<Vec<String>, IndexError> {
    let (index, _) = open(directory, false)?;
    let mut names: Vec<String> = index
        .load_metas()?
        .list_segment_files()
        .into_iter()
        .filter(|name| directory.join(name).exists())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names.insert(0, "meta.json".to_owned());
    Ok(names)
}
