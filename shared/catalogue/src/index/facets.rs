//! How many of all hits fall into each class and each year.

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::Column;
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader};

use super::schema::{CLASS_LETTER, YEAR};

/// The hits counted by what readers narrow a search with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facets {
    /// First letter of the class, and how many hits have it; most first.
    pub classes: Vec<(char, u32)>,
    /// Year of publication, and how many hits have it; newest first.
    pub years: Vec<(u16, u32)>,
}

/// Counts every hit, by class and by year.
pub(super) struct Tally;

/// What [`Tally`] brings home.
#[derive(Debug, Default)]
pub(super) struct Tallied {
    pub(super) total: usize,
    classes: Counts,
    years: Counts,
}

impl Tallied {
    pub(super) fn facets(&self) -> Facets {
        let mut classes: Vec<(char, u32)> = self
            .classes
            .present()
            .filter_map(|(letter, n)| Some((char::from(u8::try_from(letter).ok()?), n)))
            .collect();
        classes.sort_by_key(|&(letter, n)| (std::cmp::Reverse(n), letter));
        let years =
            self.years.present().rev().filter_map(|(year, n)| Some((u16::try_from(year).ok()?, n))).collect();
        Facets { classes, years }
    }
}

/// Counts of small numbers (a letter, a year); whatever is out of range is not counted.
#[derive(Debug, Default)]
struct Counts(Vec<u32>);

impl Counts {
    const RANGE: usize = 3_000;

    fn add(&mut self, value: u64, n: u32) {
        let Some(place) = usize::try_from(value).ok().filter(|&place| place < Self::RANGE) else {
            return;
        };
        if self.0.is_empty() {
            self.0.resize(Self::RANGE, 0);
        }
        if let Some(count) = self.0.get_mut(place) {
            *count += n;
        }
    }

    fn present(&self) -> impl DoubleEndedIterator<Item = (u64, u32)> {
        (0_u64..)
            .zip(&self.0)
            .filter(|&(_, &n)| n > 0)
            .map(|(value, &n)| (value, n))
            .collect::<Vec<_>>()
            .into_iter()
    }
}

impl Collector for Tally {
    type Fruit = Tallied;
    type Child = SegmentTally;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<SegmentTally> {
        let columns = segment.fast_fields();
        Ok(SegmentTally {
            class: columns.u64(CLASS_LETTER)?,
            year: columns.u64(YEAR)?,
            counted: Tallied::default(),
        })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<Tallied>) -> tantivy::Result<Tallied> {
        let mut all = Tallied::default();
        for segment in segments {
            all.total += segment.total;
            segment.classes.present().for_each(|(letter, n)| all.classes.add(letter, n));
            segment.years.present().for_each(|(year, n)| all.years.add(year, n));
        }
        Ok(all)
    }
}

/// [`Tally`] within one segment.
pub(super) struct SegmentTally {
    class: Column<u64>,
    year: Column<u64>,
    counted: Tallied,
}

impl SegmentCollector for SegmentTally {
    type Fruit = Tallied;

    fn collect(&mut self, doc: DocId, _: Score) {
        self.counted.total += 1;
        if let Some(letter) = self.class.first(doc) {
            self.counted.classes.add(letter, 1);
        }
        if let Some(year) = self.year.first(doc) {
            self.counted.years.add(year, 1);
        }
    }

    fn harvest(self) -> Tallied {
        self.counted
    }
}
