//! Answering queries.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;

use tantivy::collector::DocSetCollector;
use tantivy::query::{Query, TermQuery};
use tantivy::schema::{IndexRecordOption, Value};
use tantivy::{DocAddress, ReloadPolicy, TantivyDocument, Term};
use yujie_domain::Isbn;
use yujie_domain::title::Title;

use super::IndexError;
use super::closeness::errors;
use super::columns::Columns;
use super::facets::{Facets, Tally, tally};
use super::filter::Filter;
use super::query::{Wanted, Words, term};
use super::ranking::{Best, Sort};
use super::schema::{Fields, open};
use crate::fold::fold_whole;
use crate::line::Line;
use crate::{names, work};

/// Of what may be meant by a query with errors, so many are looked at more closely.
const LOOKED_AT: usize = 200;
/// More editions fit on nobody's page.
const MOST_EDITIONS: usize = 100;
/// A query this long may have two errors.
const TWO_ERRORS_FROM: usize = 8;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Search {
    /// What the reader typed. Every text is a query; one with nothing to look for has no hits, an empty one has all.
    pub typed: String,
    /// What it is narrowed to.
    pub filter: Filter,
    /// In which order.
    pub sort: Sort,
    /// Which part of the hits.
    pub page: Page,
}

/// Which part of the hits is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many hits to pass over.
    pub offset: usize,
    /// How many to return; at least one.
    pub limit: usize,
}

impl Default for Page {
    fn default() -> Self {
        Self { offset: 0, limit: 20 }
    }
}

/// One page of hits, and what is known about all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hits {
    /// The page, best first, one line for each work.
    pub lines: Vec<Hit>,
    /// How many titles there are in all, every edition counted.
    pub total: usize,
    /// All of them, counted by what a search can be narrowed with.
    pub facets: Facets,
    /// How they were found.
    pub found: Found,
    /// Whether there are works behind this page.
    pub more: bool,
}

/// A work on a page: its best edition, and how many it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The best edition.
    pub line: Line,
    /// All editions that the catalogue has.
    pub editions: usize,
}

/// How hits were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// They have what was typed.
    AsTyped,
    /// Nothing has what was typed, but they are close to it. The first of them is called so.
    Meant(String),
    /// Nothing is close; they have most of what was typed.
    Mostly,
    /// Nothing at all.
    Nothing,
}

/// One state of the index, open for searching. It stays as it is while the directory goes on; open another to see the change.
pub struct Searcher {
    pub(super) fields: Fields,
    pub(super) engine: tantivy::Searcher,
    pub(super) columns: Vec<Columns>,
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
        let engine = reader.searcher();
        let columns = engine.segment_readers().iter().map(Columns::open).collect::<Result<_, _>>()?;
        Ok(Self { fields, engine, columns })
    }

    /// How many titles there are.
    pub fn titles(&self) -> u64 {
        self.engine.num_docs()
    }

    /// Answers what a reader typed: what has all of it; else what is close to it; else what has most of it.
    pub fn search(&self, search: &Search) -> Result<Hits, IndexError> {
        let wanted = Wanted::parse(&search.typed);
        let Some(strict) = wanted.strict(&self.fields) else {
            return Ok(Hits::none());
        };
        let narrowed = search.filter.narrow(&self.fields, strict.box_clone());
        let hits = self.run(&*narrowed, search, Found::AsTyped)?;
        let Wanted::Words(words) = &wanted else {
            return Ok(hits);
        };
        // A filter that leaves nothing of what was found is the reader's own will, and no reason to guess.
        if hits.total > 0 || (search.filter != Filter::default() && self.any(&*strict)?) {
            return Ok(hits);
        }
        if let Some(meant) = self.meant(words, search)? {
            return Ok(meant);
        }
        let lenient = search.filter.narrow(&self.fields, words.lenient(&self.fields));
        self.run(&*lenient, search, Found::Mostly)
    }

    /// The editions of a title's work (a hundred at most) that the catalogue has, newest first, the title itself among them: the same title and author, or the
    /// same ISBN.
    pub fn editions(&self, title: &Title) -> Result<Vec<Line>, IndexError> {
        let mut queries = vec![self.of_work(work::key(title))];
        queries.extend(title.isbn.as_ref().map(|isbn| term(self.fields.isbn, isbn.as_str())));
        let mut lines: HashMap<_, Line> = HashMap::new();
        for query in queries {
            for address in self.engine.search(&*query, &DocSetCollector)?.into_iter().take(MOST_EDITIONS) {
                let line = self.line(address)?;
                lines.insert(line.id.clone(), line);
            }
        }
        let mut lines: Vec<Line> = lines.into_values().collect();
        lines.sort_by(|a, b| b.year.cmp(&a.year).then_with(|| a.id.cmp(&b.id)));
        Ok(lines)
    }

    /// The lines of these titles, in their order; those that the index does not have are left out.
    pub fn lines<'a>(
        &self,
        ids: impl IntoIterator<Item = &'a yujie_domain::TitleId>,
    ) -> Result<Vec<Line>, IndexError> {
        let mut lines = Vec::new();
        for id in ids {
            let found = self.engine.search(&*term(self.fields.id, id.as_str()), &DocSetCollector)?;
            if let Some(address) = found.into_iter().next() {
                lines.push(self.line(address)?);
            }
        }
        Ok(lines)
    }

    fn run(&self, query: &dyn Query, search: &Search, found: Found) -> Result<Hits, IndexError> {
        let Page { offset, limit } = search.page;
        let limit = limit.max(1);
        let best = Best {
            limit: offset.saturating_add(limit).saturating_add(1),
            sort: search.sort,
            columns: &self.columns,
        };
        let (ranked, tallied) = self.engine.search(query, &(best, Tally(&self.columns)))?;
        let found = if tallied.total == 0 { Found::Nothing } else { found };
        let page = ranked.iter().skip(offset).take(limit);
        let lines = self.hits(page.copied())?;
        Ok(Hits {
            lines,
            total: tallied.total,
            facets: tallied.facets(),
            found,
            more: ranked.len() > offset + limit,
        })
    }

    fn any(&self, query: &dyn Query) -> Result<bool, IndexError> {
        Ok(self.engine.search(query, &tantivy::collector::Count)? > 0)
    }

    /// What a query with errors in it may mean.
    fn meant(&self, words: &Words, search: &Search) -> Result<Option<Hits>, IndexError> {
        let typed: Vec<char> = words.whole.chars().collect();
        let allowed = if typed.len() < TWO_ERRORS_FROM { 1 } else { 2 };
        let mut seen = HashSet::new();
        let mut close: Vec<(usize, usize, DocAddress, Line)> = Vec::new();
        for query in words.forgiving(&self.fields) {
            let query = search.filter.narrow(&self.fields, query);
            let best = Best { limit: LOOKED_AT, sort: Sort::Relevance, columns: &self.columns };
            for address in self.engine.search(&*query, &best)? {
                if !seen.insert(self.work(address)?) {
                    continue;
                }
                let line = self.line(address)?;
                let (wrong, apart) = distance(&typed, &line);
                // What sounds the same may look quite different.
                if wrong <= allowed || words.sounds_like(&line.title) {
                    close.push((wrong, apart, address, line));
                }
            }
        }
        // Stable: of titles equally close the better known one stays first.
        close.sort_by_key(|(wrong, apart, ..)| (*wrong, *apart > 0, *apart));
        let Some((.., first)) = close.first() else {
            return Ok(None);
        };
        let found = Found::Meant(first.title.clone());
        let facets = tally(&self.columns, close.iter().map(|(.., address, _)| *address))?.facets();
        let Page { offset, limit } = search.page;
        let page = close.iter().skip(offset).take(limit.max(1));
        Ok(Some(Hits {
            lines: self.hits(page.map(|(.., address, _)| *address))?,
            total: close.len(),
            facets,
            found,
            more: close.len() > offset + limit.max(1),
        }))
    }

    /// The works of a page. Two records of one ISBN are one work, whatever their titles say.
    fn hits(&self, page: impl Iterator<Item = DocAddress>) -> Result<Vec<Hit>, IndexError> {
        let mut isbns: HashSet<Isbn> = HashSet::new();
        let mut hits = Vec::new();
        for address in page {
            let line = self.line(address)?;
            if line.isbn.as_ref().is_none_or(|isbn| isbns.insert(isbn.clone())) {
                let work = self.work(address)?;
                let editions = self.engine.search(&*self.of_work(work), &tantivy::collector::Count)?;
                hits.push(Hit { line, editions });
            }
        }
        Ok(hits)
    }

    fn of_work(&self, key: u64) -> Box<dyn Query> {
        Box::new(TermQuery::new(Term::from_field_u64(self.fields.work, key), IndexRecordOption::Basic))
    }

    fn work(&self, address: DocAddress) -> Result<u64, IndexError> {
        let columns = Columns::of(&self.columns, address.segment_ord)?;
        Ok(columns.work.first(address.doc_id).unwrap_or_default())
    }

    pub(super) fn line(&self, address: DocAddress) -> Result<Line, IndexError> {
        let document: TantivyDocument = self.engine.doc(address)?;
        let line = document.get_first(self.fields.line).and_then(|value| value.as_str()).unwrap_or_default();
        Ok(serde_json::from_str(line)?)
    }
}

/// How many errors make what was typed a part of the title, of a name, or of both together; and by how many characters the whole is longer.
fn distance(typed: &[char], line: &Line) -> (usize, usize) {
    let title = fold_whole(&line.title);
    let named = line.authors.iter().map(|author| fold_whole(names::bare(author)));
    let texts: Vec<String> = named
        .flat_map(|name| [format!("{title}{name}"), name])
        .chain(std::iter::once(title.clone()))
        .collect();
    texts
        .iter()
        .map(|text| {
            let text: Vec<char> = text.chars().collect();
            (errors(typed, &text), text.len().abs_diff(typed.len()))
        })
        .min()
        .unwrap_or((typed.len(), 0))
}

impl Hits {
    /// Nothing was found.
    pub fn none() -> Self {
        Self { lines: Vec::new(), total: 0, facets: Facets::default(), found: Found::Nothing, more: false }
    }
}
