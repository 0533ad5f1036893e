//! The best hits, one for each work.
//!
//! A hundred editions of one book would otherwise fill the first pages. The best edition stands for its work; the others are on its page.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader};

use super::columns::Columns;
use super::query::EXACT;

/// In which order hits are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// What fits best.
    #[default]
    Relevance,
    /// What was published last.
    Newest,
    /// What was borrowed most.
    MostBorrowed,
    /// What is best known.
    MostKnown,
}

/// A hit's place in the order: greater is better. Of two hits with the same rank the one that was indexed first is better, so that a page
/// begins where the last one ended.
type Rank = (u64, Reverse<DocAddress>);

/// Collects the best `limit` works.
pub(super) struct Best<'a> {
    pub(super) limit: usize,
    pub(super) sort: Sort,
    pub(super) columns: &'a [Columns],
}

impl Collector for Best<'_> {
    type Fruit = Vec<DocAddress>;
    type Child = SegmentBest;

    fn for_segment(&self, ordinal: SegmentOrdinal, _: &SegmentReader) -> tantivy::Result<SegmentBest> {
        Ok(SegmentBest {
            ordinal,
            sort: self.sort,
            columns: Columns::of(self.columns, ordinal)?.clone(),
            best: Distinct::new(self.limit),
        })
    }

    fn requires_scoring(&self) -> bool {
        match self.sort {
            Sort::Relevance => true,
            Sort::Newest | Sort::MostBorrowed | Sort::MostKnown => false,
        }
    }

    fn merge_fruits(&self, segments: Vec<Distinct>) -> tantivy::Result<Vec<DocAddress>> {
        let mut all = Distinct::new(self.limit);
        for (work, rank) in segments.into_iter().flat_map(|segment| segment.best) {
            all.offer(work, rank);
        }
        Ok(all.in_order())
    }
}

/// [`Best`] within one segment.
pub(super) struct SegmentBest {
    ordinal: SegmentOrdinal,
    sort: Sort,
    columns: Columns,
    best: Distinct,
}

impl SegmentBest {
    fn key(&self, doc: DocId, score: Score) -> u64 {
        let popularity = self.columns.popularity.first(doc).unwrap_or_default();
        match self.sort {
            Sort::Relevance => in_order(well_known(score, popularity)),
            Sort::Newest => self.columns.year.first(doc).unwrap_or_default() << 32 | popularity,
            Sort::MostBorrowed => self.columns.borrowed.first(doc).unwrap_or_default() << 32 | popularity,
            Sort::MostKnown => popularity,
        }
    }
}

impl SegmentCollector for SegmentBest {
    type Fruit = Distinct;

    fn collect(&mut self, doc: DocId, score: Score) {
        let rank = (self.key(doc, score), Reverse(DocAddress::new(self.ordinal, doc)));
        if self.best.would_take(&rank) {
            let work = self.columns.work.first(doc).unwrap_or_default();
            self.best.offer(work, rank);
        }
    }

    fn harvest(self) -> Distinct {
        self.best
    }
}

/// Adds to a title's score how well known it is: up to 40 points for a million ratings, about what one rare word in the title brings, and
/// far less than a tier. So popularity decides among titles that fit about equally well, and alone among those that fit exactly.
#[expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "a score is a float, and only its order matters"
)]
fn well_known(score: Score, popularity: u64) -> Score {
    score.min(EXACT) + 3.0 * (popularity as Score).ln_1p()
}

/// The bits of a score that is not negative stand in the order of the scores.
fn in_order(score: Score) -> u64 {
    u64::from(score.max(0.0).to_bits())
}

/// The best ranks of different works.
#[derive(Debug)]
pub(super) struct Distinct {
    limit: usize,
    best: HashMap<u64, Rank>,
    /// The same, worst on top; an entry that `best` does not confirm is out of date.
    worst: BinaryHeap<Reverse<(Rank, u64)>>,
}

impl Distinct {
    fn new(limit: usize) -> Self {
        Self { limit, best: HashMap::new(), worst: BinaryHeap::new() }
    }

    /// Whether a hit could be among the best: most hits are turned away here, without a look at their work.
    fn would_take(&self, rank: &Rank) -> bool {
        self.best.len() < self.limit || self.worst.peek().is_some_and(|Reverse((worst, _))| rank > worst)
    }

    fn offer(&mut self, work: u64, rank: Rank) {
        if !self.would_take(&rank) || self.best.get(&work).is_some_and(|known| *known >= rank) {
            return;
        }
        self.best.insert(work, rank);
        self.worst.push(Reverse((rank, work)));
        if self.best.len() > self.limit {
            self.drop_outdated();
            if let Some(Reverse((_, work))) = self.worst.pop() {
                self.best.remove(&work);
            }
        }
        self.drop_outdated();
    }

    /// Keeps the top of the heap true, so that it is the threshold.
    fn drop_outdated(&mut self) {
        while let Some(Reverse((rank, work))) = self.worst.peek() {
            if self.best.get(work) == Some(rank) {
                break;
            }
            self.worst.pop();
        }
    }

    fn in_order(self) -> Vec<DocAddress> {
        let mut ranks: Vec<Rank> = self.best.into_values().collect();
        ranks.sort_unstable_by(|a, b| b.cmp(a));
        ranks.into_iter().map(|(_, Reverse(address))| address).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    proptest::proptest! {
        #[test]
        fn the_best_edition_of_each_work_is_what_sorting_everything_gives(
            hits in proptest::collection::vec((0_u64..30, 0_u64..50), 0..300),
            limit in 1_usize..20,
        ) {
            let rank = |place: usize, key| (key, Reverse(DocAddress::new(0, u32::try_from(place).unwrap())));
            let mut distinct = Distinct::new(limit);
            let mut all: BTreeMap<u64, Rank> = BTreeMap::new();
            for (place, &(work, key)) in hits.iter().enumerate() {
                distinct.offer(work, rank(place, key));
                let known = all.entry(work).or_insert(rank(place, key));
                *known = rank(place, key).max(*known);
            }

            let mut expected: Vec<Rank> = all.into_values().collect();
            expected.sort_unstable_by(|a, b| b.cmp(a));
            expected.truncate(limit);
            let expected: Vec<DocAddress> = expected.into_iter().map(|(_, Reverse(address))| address).collect();
            proptest::prop_assert_eq!(distinct.in_order(), expected);
        }
    }
}
