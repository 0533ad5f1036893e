//! The figures of a segment that are looked at for each hit, opened once for all searches: opening them costs more than most searches.

use tantivy::columnar::{Column, StrColumn};
use tantivy::{SegmentOrdinal, SegmentReader};

use super::schema::{BORROWED, CLASS_LETTER, LANGUAGE, POPULARITY, PUBLISHER, SITE, WORK, YEAR};

/// The columns of one segment.
#[derive(Clone)]
pub(super) struct Columns {
    pub(super) work: Column<u64>,
    pub(super) popularity: Column<u64>,
    pub(super) year: Column<u64>,
    pub(super) borrowed: Column<u64>,
    pub(super) class: Column<u64>,
    pub(super) language: Option<StrColumn>,
    pub(super) publisher: Option<StrColumn>,
    pub(super) site: Option<StrColumn>,
}

impl Columns {
    pub(super) fn open(segment: &SegmentReader) -> tantivy::Result<Self> {
        let columns = segment.fast_fields();
        Ok(Self {
            work: columns.u64(WORK)?,
            popularity: columns.u64(POPULARITY)?,
            year: columns.u64(YEAR)?,
            borrowed: columns.u64(BORROWED)?,
            class: columns.u64(CLASS_LETTER)?,
            language: columns.str(LANGUAGE)?,
            publisher: columns.str(PUBLISHER)?,
            site: columns.str(SITE)?,
        })
    }

    /// Those of a segment among all.
    pub(super) fn of(all: &[Self], segment: SegmentOrdinal) -> tantivy::Result<&Self> {
        let missing = || tantivy::TantivyError::InternalError(format!("segment {segment} was not opened"));
        usize::try_from(segment).ok().and_then(|place| all.get(place)).ok_or_else(missing)
    }
}
