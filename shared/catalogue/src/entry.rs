//! What the index knows of a title beyond its record.

use yujie_domain::SiteId;
use yujie_domain::title::Title;

/// A title as it is indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The record.
    pub title: Title,
    /// The sites where a copy of it is free now, each once.
    pub free_at: Vec<SiteId>,
    /// How often it was borrowed.
    pub borrowed: u32,
}

impl Entry {
    /// How well known a title is: who rated it, and, counting more, who borrowed it here.
    pub(crate) fn popularity(&self) -> u32 {
        const RATINGS_A_LOAN_IS_WORTH: u32 = 50;
        self.title.popularity.saturating_add(self.borrowed.saturating_mul(RATINGS_A_LOAN_IS_WORTH))
    }
}

/// A title of which no copy is free and that nobody has borrowed.
impl From<Title> for Entry {
    fn from(title: Title) -> Self {
        Self { title, free_at: Vec::new(), borrowed: 0 }
    }
}
