//! Answering queries.

use std::fmt;
use std::path::Path;

use tantivy::collector::TopDocs;
use tantivy::query::Query;
use tantivy::schema::Value;
use tantivy::{DocAddress, DocId, ReloadPolicy, Score, SegmentReader, TantivyDocument};

use super::IndexError;
use super::facets::{Facets, Tally};
use super::query::Wanted;
use super::schema::{Fields, POPULARITY, open};
use crate::line::Line;

/// Which part of the hits is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many hits to pass over.
    pub offset: usize,
    /// How many to return; at least one.
    pub limit: usize,
}

/// One page of hits, and what is known about all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hits {
    /// The page, best first.
    pub lines: Vec<Line>,
    /// How many hits there are in all.
    pub total: usize,
    /// All hits by class and year.
    pub facets: Facets,
}

/// One state of the index, open for searching. It stays as it is while the directory goes on; open another to see the change.
pub struct Searcher {
    fields: Fields,
    searcher: tantivy::Searcher,
}

impl fmt::Debug for Searcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Searcher({} titles)", self.titles())
    }
}

impl Searcher {
    /// Opens the index of a directory. Starts no thread.
    pub fn open(directory: &Path) -> Result<Self, IndexError> {
        let (index, fields) = open(directory, false)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { fields, searcher: reader.searcher() })
    }

    /// How many titles there are.
    pub fn titles(&self) -> u64 {
        self.searcher.num_docs()
    }

    /// Answers what a reader typed. Every text is a query; one with nothing to look for has no hits, an empty one has all.
    pub fn search(&self, typed: &str, page: Page) -> Result<Hits, IndexError> {
        let wanted = Wanted::parse(typed);
        let Some(strict) = wanted.strict(&self.fields) else {
            return Ok(Hits::none());
        };
        let hits = self.run(&*strict, page)?;
        match wanted.lenient(&self.fields) {
            Some(lenient) if hits.total == 0 => self.run(&*lenient, page),
            _ => Ok(hits),
        }
    }

    fn run(&self, query: &dyn Query, page: Page) -> Result<Hits, IndexError> {
        let best =
            TopDocs::with_limit(page.limit.max(1)).and_offset(page.offset).tweak_score(well_known_first);
        let (ranked, tallied) = self.searcher.search(query, &(best, Tally))?;
        let lines = ranked.into_iter().map(|(_, address)| self.line(address)).collect::<Result<_, _>>()?;
        Ok(Hits { lines, total: tallied.total, facets: tallied.facets() })
    }

    fn line(&self, address: DocAddress) -> Result<Line, IndexError> {
        let document: TantivyDocument = self.searcher.doc(address)?;
        let line = document.get_first(self.fields.line).and_then(|value| value.as_str()).unwrap_or_default();
        Ok(serde_json::from_str(line)?)
    }
}

impl Hits {
    fn none() -> Self {
        Self { lines: Vec::new(), total: 0, facets: Facets::default() }
    }
}

/// Adds to a title's score how well known it is: up to 40 points for a million ratings, about what one rare word in the title
/// brings, and far less than a tier. So popularity decides among titles that fit about equally well.
#[expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "a score is a float, and only its order matters"
)]
fn well_known_first(segment: &SegmentReader) -> impl Fn(DocId, Score) -> Score + use<> {
    let popularity = segment.fast_fields().u64(POPULARITY).ok();
    move |doc, score| {
        let ratings = popularity.as_ref().and_then(|column| column.first(doc)).unwrap_or_default();
        score + 3.0 * (ratings as Score).ln_1p()
    }
}
