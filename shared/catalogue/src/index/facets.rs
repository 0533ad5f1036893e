//! How many of all hits fall into each class, year, language, publisher and site.

use std::collections::{BTreeMap, HashMap, HashSet};

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, StrColumn};
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader};

use super::columns::Columns;
use super::schema::ANYWHERE;

/// So many publishers are named, and so many sites.
const MOST_NAMED: usize = 30;
/// So many of a segment's most frequent values are candidates for being named.
const CANDIDATES: usize = 4 * MOST_NAMED;

/// The hits counted by what readers narrow a search with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facets {
    /// First letter of the class, and how many hits have it; most first.
    pub classes: Vec<(char, u32)>,
    /// Year of publication, and how many hits have it; newest first.
    pub years: Vec<(u16, u32)>,
    /// Language code, and how many hits have it; most first.
    pub languages: Vec<(String, u32)>,
    /// The publishers with the most hits.
    pub publishers: Vec<(String, u32)>,
    /// The sites at which the most hits are free now.
    pub sites: Vec<(String, u32)>,
    /// How many hits have a free copy.
    pub available: u32,
}

/// Counts every hit.
pub(super) struct Tally<'a>(pub(super) &'a [Columns]);

/// What [`Tally`] brings home: the named values are put together when all segments are there.
#[derive(Debug, Default)]
pub(super) struct Tallied {
    pub(super) total: usize,
    classes: Counts,
    years: Counts,
    languages: Named,
    publishers: Named,
    sites: Named,
}

impl Tallied {
    pub(super) fn facets(&self) -> Facets {
        let mut classes: Vec<(char, u32)> = self
            .classes
            .present()
            .filter_map(|(letter, n)| Some((char::from_u32(u32::try_from(letter).ok()?)?, n)))
            .collect();
        classes.sort_by_key(|&(letter, n)| (std::cmp::Reverse(n), letter));
        let years =
            self.years.present().rev().filter_map(|(year, n)| Some((u16::try_from(year).ok()?, n))).collect();
        let mut sites = self.sites.clone();
        let available = sites.0.remove(ANYWHERE).unwrap_or_default();
        Facets {
            classes,
            years,
            languages: self.languages.most(),
            publishers: self.publishers.most(),
            sites: sites.most(),
            available,
        }
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

/// Counts of texts.
#[derive(Debug, Clone, Default)]
struct Named(BTreeMap<String, u32>);

impl Named {
    fn most(&self) -> Vec<(String, u32)> {
        let mut all: Vec<(String, u32)> = self.0.iter().map(|(value, &n)| (value.clone(), n)).collect();
        all.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
        all.truncate(MOST_NAMED);
        all
    }
}

/// A column of texts, counted by the place of each text in the segment's dictionary.
struct Texts {
    column: Option<StrColumn>,
    counts: Vec<u32>,
}

impl Texts {
    fn of(column: Option<StrColumn>) -> Self {
        let counts = vec![0; column.as_ref().map_or(0, |column| column.num_terms())];
        Self { column, counts }
    }

    fn add(&mut self, doc: DocId) {
        let Some(column) = &self.column else { return };
        for place in column.term_ords(doc) {
            if let Some(count) = usize::try_from(place).ok().and_then(|place| self.counts.get_mut(place)) {
                *count += 1;
            }
        }
    }

    /// The most frequent values of this segment.
    fn candidates(&self) -> Vec<String> {
        let mut places: Vec<(u32, u64)> =
            self.counts.iter().copied().zip(0_u64..).filter(|&(n, _)| n > 0).collect();
        if places.len() > CANDIDATES {
            places.select_nth_unstable_by(CANDIDATES, |a, b| b.cmp(a));
            places.truncate(CANDIDATES);
        }
        let Some(column) = &self.column else { return Vec::new() };
        places
            .into_iter()
            .filter_map(|(_, place)| {
                let mut value = String::new();
                // A place that the dictionary lacks or cannot read is a broken segment; then the hit stands without this facet.
                column.ord_to_str(place, &mut value).ok().filter(|found| *found).map(|_| value)
            })
            .collect()
    }

    fn count(&self, value: &str) -> u32 {
        self.column
            .as_ref()
            .and_then(|column| column.dictionary().term_ord(value.as_bytes()).ok().flatten())
            .and_then(|place| usize::try_from(place).ok())
            .and_then(|place| self.counts.get(place).copied())
            .unwrap_or_default()
    }
}

/// What one segment brings home.
pub(super) struct Segment {
    total: usize,
    classes: Counts,
    years: Counts,
    languages: Texts,
    publishers: Texts,
    sites: Texts,
}

impl Collector for Tally<'_> {
    type Fruit = Tallied;
    type Child = SegmentTally;

    fn for_segment(&self, ordinal: SegmentOrdinal, _: &SegmentReader) -> tantivy::Result<SegmentTally> {
        Columns::of(self.0, ordinal).map(SegmentTally::of)
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<Segment>) -> tantivy::Result<Tallied> {
        Ok(merged(&segments))
    }
}

pub(super) fn merged(segments: &[Segment]) -> Tallied {
    let mut all = Tallied::default();
    for segment in segments {
        all.total += segment.total;
        segment.classes.present().for_each(|(letter, n)| all.classes.add(letter, n));
        segment.years.present().for_each(|(year, n)| all.years.add(year, n));
    }
    all.languages = named(segments, |segment| &segment.languages);
    all.publishers = named(segments, |segment| &segment.publishers);
    all.sites = named(segments, |segment| &segment.sites);
    all
}

/// A value that is frequent in one segment is counted in all of them.
fn named(segments: &[Segment], of: impl Fn(&Segment) -> &Texts) -> Named {
    let candidates: HashSet<String> = segments.iter().flat_map(|segment| of(segment).candidates()).collect();
    let total = |value: &str| segments.iter().map(|segment| of(segment).count(value)).sum();
    Named(
        candidates
            .into_iter()
            .map(|value| {
                let n = total(&value);
                (value, n)
            })
            .collect(),
    )
}

/// [`Tally`] within one segment.
pub(super) struct SegmentTally {
    class: Column<u64>,
    year: Column<u64>,
    counted: Segment,
}

impl SegmentTally {
    fn of(columns: &Columns) -> Self {
        Self {
            class: columns.class.clone(),
            year: columns.year.clone(),
            counted: Segment {
                total: 0,
                classes: Counts::default(),
                years: Counts::default(),
                languages: Texts::of(columns.language.clone()),
                publishers: Texts::of(columns.publisher.clone()),
                sites: Texts::of(columns.site.clone()),
            },
        }
    }
}

impl SegmentCollector for SegmentTally {
    type Fruit = Segment;

    fn collect(&mut self, doc: DocId, _: Score) {
        self.counted.total += 1;
        if let Some(letter) = self.class.first(doc) {
            self.counted.classes.add(letter, 1);
        }
        if let Some(year) = self.year.first(doc) {
            self.counted.years.add(year, 1);
        }
        self.counted.languages.add(doc);
        self.counted.publishers.add(doc);
        self.counted.sites.add(doc);
    }

    fn harvest(self) -> Segment {
        self.counted
    }
}

/// How many of these titles are in each facet: for a list that no single query describes.
pub(super) fn tally(
    columns: &[Columns],
    docs: impl IntoIterator<Item = tantivy::DocAddress>,
) -> tantivy::Result<Tallied> {
    let mut by_segment: HashMap<SegmentOrdinal, Vec<DocId>> = HashMap::new();
    for address in docs {
        by_segment.entry(address.segment_ord).or_default().push(address.doc_id);
    }
    let mut segments = Vec::new();
    for (ordinal, docs) in by_segment {
        let mut segment = SegmentTally::of(Columns::of(columns, ordinal)?);
        for doc in docs {
            segment.collect(doc, 0.0);
        }
        segments.push(segment.harvest());
    }
    Ok(merged(&segments))
}
