//! What the readers of one title borrowed besides.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::{BESIDE, Beside, Title, TitleNo};
use crate::ids::{Invalid, TitleId};

/// A number of readers large enough to be told: five or more. A smaller one cannot be written down, nor read from the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct SharedReaders(u32);

impl SharedReaders {
    /// With fewer, a reader who knows some of the others would know too much of the rest.
    pub const FEWEST: u32 = 5;

    /// `None` when they are too few to be told.
    pub const fn new(readers: u32) -> Option<Self> {
        if readers >= Self::FEWEST { Some(Self(readers)) } else { None }
    }

    /// How many.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for SharedReaders {
    type Error = Invalid;
    fn try_from(readers: u32) -> Result<Self, Invalid> {
        Self::new(readers).ok_or(Invalid::new("readers", "too few to be told"))
    }
}

impl From<SharedReaders> for u32 {
    fn from(readers: SharedReaders) -> Self {
        readers.0
    }
}

/// Who borrowed what, from both sides. Pairs are counted title by title, so that never more than one title's are held: all pairs at
/// once would be a hundred times the loans.
#[derive(Debug)]
pub struct Besides<'a> {
    titles: &'a [Title],
    /// By reader, the titles that enough readers borrowed.
    borrowed: Vec<Vec<TitleNo>>,
    /// By title, places in `borrowed`.
    readers: Vec<Vec<u32>>,
}

impl<'a> Besides<'a> {
    pub(super) fn new(titles: &'a [Title], borrowed: impl Iterator<Item = Vec<TitleNo>>) -> Self {
        let mut borrowed: Vec<Vec<TitleNo>> = borrowed.collect();
        let mut counted = vec![0_u32; titles.len()];
        for no in borrowed.iter().flatten() {
            if let Some(readers) = no.of_mut(&mut counted) {
                *readers += 1;
            }
        }
        // Most titles have few readers: without them there is little left to be counted.
        let enough = |no: &TitleNo| no.of(&counted).is_some_and(|n| *n >= SharedReaders::FEWEST);
        for one in &mut borrowed {
            one.retain(enough);
        }
        let mut readers: Vec<Vec<u32>> = vec![Vec::new(); titles.len()];
        for (one, place) in borrowed.iter().zip(0_u32..) {
            for no in one {
                if let Some(readers) = no.of_mut(&mut readers) {
                    readers.push(place);
                }
            }
        }
        Self { titles, borrowed, readers }
    }

    /// Each title that has others beside it, with those, nearest first and at most [`BESIDE`]. In no order.
    pub fn each(&self) -> impl Iterator<Item = (&'a TitleId, Vec<Beside>)> {
        let mut together = vec![0_u32; self.titles.len()];
        self.titles.iter().zip(0_u32..).filter_map(move |(title, no)| {
            let beside = self.of(TitleNo(no), &mut together);
            (!beside.is_empty()).then_some((&title.id, beside))
        })
    }

    /// `together` is zero everywhere, before and after.
    fn of(&self, no: TitleNo, together: &mut [u32]) -> Vec<Beside> {
        let mut touched = Vec::new();
        for place in no.of(&self.readers).into_iter().flatten() {
            let borrowed = usize::try_from(*place).ok().and_then(|place| self.borrowed.get(place));
            for other in borrowed.into_iter().flatten().filter(|other| **other != no) {
                if let Some(count) = other.of_mut(together) {
                    if *count == 0 {
                        touched.push(*other);
                    }
                    *count += 1;
                }
            }
        }
        let mut found: Vec<Candidate<'_>> = Vec::new();
        for other in touched {
            let count = other.of_mut(together).map_or(0, std::mem::take);
            let (Some(readers), Some(title), Some(all)) =
                (SharedReaders::new(count), other.of(self.titles), other.of(&self.readers))
            else {
                continue;
            };
            let all = u32::try_from(all.len()).unwrap_or(u32::MAX);
            found.push(Candidate { id: &title.id, readers, all });
        }
        found.sort_unstable_by(nearest_first);
        found.truncate(BESIDE);
        found.into_iter().map(|one| Beside { id: one.id.clone(), readers: one.readers }).collect()
    }
}

/// A title that may stand beside another.
struct Candidate<'a> {
    id: &'a TitleId,
    /// Who borrowed both.
    readers: SharedReaders,
    /// Who borrowed this one.
    all: u32,
}

/// By `both / sqrt(x · y)`, the cosine between two titles' readers: what everybody borrows stands beside everything, and is near to
/// nothing. `x` is the same on both sides; squared and multiplied out, whole numbers are enough.
fn nearest_first(a: &Candidate<'_>, b: &Candidate<'_>) -> Ordering {
    let weight = |one: &Candidate<'_>, other: &Candidate<'_>| {
        u128::from(one.readers.get()).pow(2) * u128::from(other.all)
    };
    weight(b, a).cmp(&weight(a, b)).then_with(|| b.readers.cmp(&a.readers)).then_with(|| a.id.cmp(b.id))
}
