//! What a search is narrowed to.

use std::ops::Bound;

use tantivy::Term;
use tantivy::query::{BooleanQuery, ConstScoreQuery, Occur, Query, RangeQuery};
use yujie_domain::{Language, SiteId};

use super::query::term;
use super::schema::{ANYWHERE, Fields};

/// Which titles are wanted. The default is all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// A class of the Chinese Library Classification, with everything below it: `I`, `I24`.
    pub class: Option<String>,
    /// The first year wanted.
    pub from: Option<u16>,
    /// The last year wanted.
    pub to: Option<u16>,
    /// The language.
    pub language: Option<Language>,
    /// The publisher, as the facets name it.
    pub publisher: Option<String>,
    /// A copy must be free at this site now.
    pub site: Option<SiteId>,
    /// A copy must be free somewhere now.
    pub available: bool,
}

impl Filter {
    /// Adds the conditions to a query, without a say in the ranking.
    pub(super) fn narrow(&self, fields: &Fields, query: Box<dyn Query>) -> Box<dyn Query> {
        let conditions = self.conditions(fields);
        if conditions.is_empty() {
            return query;
        }
        let silent = |condition| -> (Occur, Box<dyn Query>) {
            (Occur::Must, Box::new(ConstScoreQuery::new(condition, 0.0)))
        };
        let all = std::iter::once((Occur::Must, query)).chain(conditions.into_iter().map(silent));
        Box::new(BooleanQuery::new(all.collect()))
    }

    fn conditions(&self, fields: &Fields) -> Vec<Box<dyn Query>> {
        let mut conditions = Vec::new();
        if let Some(class) = &self.class {
            conditions.push(term(fields.class, &class.to_ascii_uppercase()));
        }
        if self.from.is_some() || self.to.is_some() {
            let year = |year: Option<u16>| match year {
                Some(year) => Bound::Included(Term::from_field_u64(fields.year, u64::from(year))),
                None => Bound::Unbounded,
            };
            conditions.push(Box::new(RangeQuery::new(year(self.from), year(self.to))));
        }
        if let Some(language) = &self.language {
            conditions.push(term(fields.language, language.as_str()));
        }
        if let Some(publisher) = &self.publisher {
            conditions.push(term(fields.publisher, publisher.trim()));
        }
        if let Some(site) = &self.site {
            conditions.push(term(fields.site, site.as_str()));
        } else if self.available {
            conditions.push(term(fields.site, ANYWHERE));
        }
        conditions
    }
}
