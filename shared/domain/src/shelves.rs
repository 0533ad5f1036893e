//! The shelves of the catalogue: what is new, what is borrowed most, and what the readers of one title borrowed besides.
//!
//! They are made of facts that come in any order ([`Facts`]), each night anew. What a shelf says of a title may never lead to a
//! reader: two titles are put beside each other only when five readers or more borrowed both ([`SharedReaders`]), and readers who do
//! not take part are left out of that altogether. Plain counts of loans name nobody and count everybody.

mod beside;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Time};
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::{ReaderId, TitleId};
use crate::time;

pub use beside::{Besides, SharedReaders};

/// A title is new for this many days after its first copy came.
pub const NEW_DAYS: i32 = 60;
/// What counts as lately borrowed: this many days, and the present one as far as it has come.
pub const MONTH_DAYS: i32 = 30;
/// Titles on a shelf.
pub const ON_SHELF: usize = 60;
/// Titles beside a title.
pub const BESIDE: usize = 12;
/// Of one reader, this many titles count for what stands beside what, the latest: no reader's work grows with the square of a long
/// life of reading, and nobody's taste of twenty years ago is asked for.
pub const LATEST: usize = 200;
/// Readers below this age take part only when they say so themselves.
pub const OF_AGE: i16 = 18;

/// Whether a new reader of this age takes part in recommendations before having said anything about it.
pub const fn takes_part_at_first(age: i16) -> bool {
    age >= OF_AGE
}

/// The shelves that are filled each night.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShelfName {
    /// Titles whose first copy came lately.
    New,
    /// Titles most borrowed lately.
    Popular,
}

impl ShelfName {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::New, Self::Popular];

    /// As stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Popular => "popular",
        }
    }
}

/// A title on a shelf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shelved {
    /// The title.
    pub id: TitleId,
    /// What put it there: on the shelf of new titles the day its first copy came (20261123), on that of popular ones its loans.
    pub n: u32,
}

/// A title beside another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// The title.
    pub id: TitleId,
    /// How many readers borrowed both.
    #[serde(rename = "n")]
    pub readers: SharedReaders,
}

/// How often a title was borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Loans {
    /// Ever.
    pub total: u32,
    /// Lately.
    pub month: u32,
}

/// Everything that the shelves are made of. The order of the facts makes no difference to what comes out.
#[derive(Debug)]
pub struct Facts {
    today: Date,
    month_from: Timestamp,
    new_from: Timestamp,
    latest: usize,
    numbers: BTreeMap<TitleId, TitleNo>,
    titles: Vec<Title>,
    readers: BTreeMap<ReaderId, Vec<Borrowed>>,
    apart: BTreeSet<ReaderId>,
}

/// A title's place among all: four bytes, where its id takes ten times as many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TitleNo(u32);

impl TitleNo {
    fn of<T>(self, all: &[T]) -> Option<&T> {
        all.get(usize::try_from(self.0).ok()?)
    }

    fn of_mut<T>(self, all: &mut [T]) -> Option<&mut T> {
        all.get_mut(usize::try_from(self.0).ok()?)
    }
}

#[derive(Debug)]
struct Title {
    id: TitleId,
    loans: Loans,
    received: Option<Timestamp>,
}

/// A title that a reader borrowed, and when last.
#[derive(Debug, Clone, Copy)]
struct Borrowed {
    title: TitleNo,
    at: Timestamp,
}

impl Facts {
    /// No facts yet; `now` decides what is new and what is lately.
    pub fn new(now: Timestamp) -> Self {
        let today = time::day(now);
        Self {
            today,
            month_from: midnight(today, MONTH_DAYS),
            new_from: midnight(today, NEW_DAYS),
            latest: LATEST,
            numbers: BTreeMap::new(),
            titles: Vec::new(),
            readers: BTreeMap::new(),
            apart: BTreeSet::new(),
        }
    }

    /// `reader` got a book of `title` at `began`.
    pub fn loan(&mut self, reader: &ReaderId, title: &TitleId, began: Timestamp) {
        let Some(no) = self.number(title) else { return };
        if let Some(title) = no.of_mut(&mut self.titles) {
            title.loans.total = title.loans.total.saturating_add(1);
            if began >= self.month_from {
                title.loans.month = title.loans.month.saturating_add(1);
            }
        }
        let borrowed = match self.readers.get_mut(reader) {
            Some(borrowed) => borrowed,
            None => self.readers.entry(reader.clone()).or_default(),
        };
        match borrowed.iter_mut().find(|one| one.title == no) {
            Some(again) => again.at = again.at.max(began),
            None => borrowed.push(Borrowed { title: no, at: began }),
        }
        // What is thrown away now is behind so many later ones for good: those can only become later still.
        if borrowed.len() > self.latest.saturating_mul(2) {
            keep_latest(borrowed, self.latest, &self.titles);
        }
    }

    /// A copy of `title` came into stock at `at`.
    pub fn received(&mut self, title: &TitleId, at: Timestamp) {
        let no = self.number(title);
        if let Some(title) = no.and_then(|no| no.of_mut(&mut self.titles)) {
            title.received = Some(title.received.map_or(at, |first| first.min(at)));
        }
    }

    /// `reader` does not take part.
    pub fn apart(&mut self, reader: ReaderId) {
        self.apart.insert(reader);
    }

    /// Readers with loans, and readers who stand apart.
    pub fn readers(&self) -> (usize, usize) {
        (self.readers.len(), self.apart.len())
    }

    /// How often each title was borrowed; titles that nobody borrowed are left out.
    pub fn loans(&self) -> impl Iterator<Item = (&TitleId, Loans)> {
        let lent = self.titles.iter().filter(|title| title.loans != Loans::default());
        lent.map(|title| (&title.id, title.loans))
    }

    /// The titles that stand on a shelf, best first.
    pub fn shelf(&self, name: ShelfName) -> Vec<Shelved> {
        match name {
            ShelfName::New => self.new_titles(),
            ShelfName::Popular => self.popular(),
        }
    }

    fn new_titles(&self) -> Vec<Shelved> {
        let mut new: Vec<(Timestamp, &TitleId)> = self
            .titles
            .iter()
            .filter_map(|title| Some((title.received?, &title.id)))
            .filter(|(at, _)| *at >= self.new_from && time::day(*at) <= self.today)
            .collect();
        new.sort_unstable_by(|(a, a_id), (b, b_id)| b.cmp(a).then_with(|| a_id.cmp(b_id)));
        new.into_iter().take(ON_SHELF).map(|(at, id)| Shelved { id: id.clone(), n: day_number(at) }).collect()
    }

    fn popular(&self) -> Vec<Shelved> {
        let mut lent: Vec<(u32, &TitleId)> = self
            .titles
            .iter()
            .filter(|title| title.loans.month > 0)
            .map(|title| (title.loans.month, &title.id))
            .collect();
        lent.sort_unstable_by(|(a, a_id), (b, b_id)| b.cmp(a).then_with(|| a_id.cmp(b_id)));
        lent.into_iter().take(ON_SHELF).map(|(n, id)| Shelved { id: id.clone(), n }).collect()
    }

    /// What stands beside what. Readers who stand apart count neither for a pair nor for the size of a title's readership.
    pub fn besides(&self) -> Besides<'_> {
        let taking_part = self.readers.iter().filter(|(reader, _)| !self.apart.contains(*reader));
        let latest = taking_part.map(|(_, borrowed)| {
            let mut borrowed = borrowed.clone();
            keep_latest(&mut borrowed, self.latest, &self.titles);
            borrowed.into_iter().map(|one| one.title).collect()
        });
        Besides::new(&self.titles, latest)
    }

    /// `None` beyond four thousand million titles.
    fn number(&mut self, title: &TitleId) -> Option<TitleNo> {
        if let Some(no) = self.numbers.get(title) {
            return Some(*no);
        }
        let no = TitleNo(u32::try_from(self.titles.len()).ok()?);
        self.titles.push(Title { id: title.clone(), loans: Loans::default(), received: None });
        self.numbers.insert(title.clone(), no);
        Some(no)
    }
}

/// The books of one parcel come at the same moment: among them the id decides, because places depend on the order of the facts.
fn keep_latest(borrowed: &mut Vec<Borrowed>, latest: usize, titles: &[Title]) {
    if borrowed.len() > latest {
        let id = |one: &Borrowed| one.title.of(titles).map(|title| &title.id);
        borrowed.sort_unstable_by(|a, b| b.at.cmp(&a.at).then_with(|| id(a).cmp(&id(b))));
        borrowed.truncate(latest);
    }
}

/// The beginning of the Shanghai day so many days before `today`.
fn midnight(today: Date, days: i32) -> Timestamp {
    let first = today.checked_sub(Span::new().days(days)).unwrap_or(Date::MIN);
    time::instant(first.to_datetime(Time::midnight())).unwrap_or(Timestamp::MIN)
}

fn day_number(at: Timestamp) -> u32 {
    let day = time::day(at);
    let number = i32::from(day.year()) * 10_000 + i32::from(day.month()) * 100 + i32::from(day.day());
    u32::try_from(number).unwrap_or_default()
}
