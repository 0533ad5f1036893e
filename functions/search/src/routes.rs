//! What readers ask of the catalogue.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use yujie_catalogue::index::{Filter, Found, Hit, Hits, Page, Search, Searcher, Sort};
use yujie_domain::arrival::{self, Outlook};
use yujie_domain::copy::Copy;
use yujie_domain::parcel::Parcel;
use yujie_domain::{Language, SiteId, TitleId, time};
use yujie_runtime::page::{PageQuery, cursor};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Query};
use yujie_table::{availability, copy, parcel, rules, title};

use crate::App;
use crate::answer::{
    FoundTitle, FoundTitles, Matched, Offer, OfferKind, ShelfCopy, Suggestions, TitleDetail,
};
use crate::unmet;

/// Nobody turns further pages than this; a query with more hits wants more words.
const DEEPEST: usize = 10_000;
/// As many suggestions as fit under a keyboard.
const SUGGESTIONS: usize = 10;
/// Of a query that found nothing, so many words are tried by themselves.
const OFFERS: usize = 3;

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// Words of title, author, series, publisher or subject, simplified or traditional; their pinyin or initials; or an ISBN. Without it,
    /// all titles, best known first.
    q: Option<String>,
    /// `true`: only titles of which a copy is free now.
    available: Option<bool>,
    /// A class of the Chinese Library Classification with all below it, such as `I` or `I24`.
    class: Option<String>,
    /// Only titles of which a copy is free at this site now.
    site: Option<String>,
    /// A language in three letters, such as `chi`.
    language: Option<String>,
    /// A publisher as the facets name it.
    publisher: Option<String>,
    /// The first year of publication wanted.
    year_from: Option<u16>,
    /// The last year of publication wanted.
    year_to: Option<u16>,
    /// In which order; what fits best when not said.
    #[param(inline)]
    sort: Option<SortQuery>,
}

/// In which order titles are wanted.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SortQuery {
    /// What fits best.
    Relevance,
    /// What was published last.
    Newest,
    /// What was borrowed most.
    MostBorrowed,
}

impl SearchQuery {
    fn search(self, page: Page) -> Result<Search, Problem> {
        let filter = Filter {
            class: self.class,
            from: self.year_from,
            to: self.year_to,
            language: self.language.as_deref().map(Language::parse).transpose()?,
            publisher: self.publisher,
            site: self.site.as_deref().map(SiteId::parse).transpose()?,
            available: self.available.unwrap_or_default(),
        };
        let sort = match self.sort.unwrap_or(SortQuery::Relevance) {
            SortQuery::Relevance => Sort::Relevance,
            SortQuery::Newest => Sort::Newest,
            SortQuery::MostBorrowed => Sort::MostBorrowed,
        };
        Ok(Search { typed: self.q.unwrap_or_default(), filter, sort, page })
    }
}

/// Finds titles.
#[utoipa::path(
    get, path = "/titles", tag = "catalogue",
    params(SearchQuery, PageQuery),
    responses(
        (status = 200, description = "A page of titles, with what is free now.", body = FoundTitles),
        (status = 400, description = "A wrong `limit`, `cursor` or filter.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A filter that is no site or language.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn find(
    State(app): State<Arc<App>>,
    Query(wanted): Query<SearchQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<FoundTitles>, Problem> {
    let page = Page { offset: offset(&page)?, limit: page.limit()? };
    let search = wanted.search(page)?;
    let Some(index) = app.index.current().await.map_err(Problem::internal)? else {
        return Ok(Json(answer(Hits::none(), Vec::new(), Vec::new(), page)));
    };
    let hits = index.search(&search).map_err(Problem::internal)?;
    let offers = if hits.total == 0 { offers(&index, &search)? } else { Vec::new() };
    if page.offset == 0 && hits.found != Found::AsTyped {
        unmet::count(&app, &search, &hits, &offers).await;
    }
    let items = with_copies(&app, hits.lines.clone()).await?;
    Ok(Json(answer(hits, items, offers, page)))
}

/// What a reader may be about to type.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SuggestQuery {
    /// What was typed so far: characters, pinyin or initials.
    q: Option<String>,
}

/// Suggests titles, authors and series that begin as typed.
#[utoipa::path(
    get, path = "/titles/suggest", tag = "catalogue",
    params(SuggestQuery),
    responses(
        (status = 200, description = "Up to ten suggestions, best known first.", body = Suggestions),
        (status = 400, description = "A query that is not text.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn suggest(
    State(app): State<Arc<App>>,
    Query(begun): Query<SuggestQuery>,
) -> Result<Json<Suggestions>, Problem> {
    let Some(index) = app.index.current().await.map_err(Problem::internal)? else {
        return Ok(Json(Suggestions { items: Vec::new() }));
    };
    let suggested = index.suggest(&begun.q.unwrap_or_default(), SUGGESTIONS).map_err(Problem::internal)?;
    Ok(Json(Suggestions { items: suggested.into_iter().map(Into::into).collect() }))
}

/// Shows a title, its editions, where its copies are, and when it can arrive.
#[utoipa::path(
    get, path = "/titles/{id}", tag = "catalogue",
    params(("id" = String, Path, description = "The title's id.")),
    responses(
        (status = 200, description = "The title.", body = TitleDetail),
        (status = 404, description = "No such title.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<TitleDetail>, Problem> {
    let missing = || Problem::new(Code::NotFound);
    let id = TitleId::parse(&id).map_err(|_| missing())?;
    let (title, copies, rules) = tokio::try_join!(
        title::get(&app.table, &id),
        copy::of_title(&app.table, &id),
        rules::in_force(&app.table, app.clock.now())
    )?;
    let title = title.ok_or_else(missing)?;
    let editions = match app.index.current().await.map_err(Problem::internal)? {
        Some(index) => index.editions(&title).map_err(Problem::internal)?,
        None => Vec::new(),
    };
    let count = editions.len();
    let editions = editions.into_iter().map(|line| Hit { line, editions: count }).collect();
    let editions = with_copies(&app, editions).await?;
    let counted = availability::count(&copies);
    let mut shown = Vec::with_capacity(copies.len());
    let mut outlooks = Vec::with_capacity(copies.len());
    for copy in copies {
        let (copy, outlook) = with_state(&app, copy).await?;
        shown.push(copy);
        outlooks.extend(outlook);
    }
    let arrival = rules.map(|rules| arrival::estimate(&outlooks, app.clock.now(), &rules));
    Ok(Json(TitleDetail::new(title, editions, &counted, shown, arrival)))
}

fn offset(page: &PageQuery) -> Result<usize, Problem> {
    let Some(place) = page.cursor()? else { return Ok(0) };
    place
        .parse()
        .ok()
        .filter(|&offset| offset <= DEEPEST)
        .ok_or_else(|| Problem::new(Code::MalformedRequest).and_field("cursor", "not a cursor of this list"))
}

fn answer(hits: Hits, items: Vec<FoundTitle>, offers: Vec<Offer>, page: Page) -> FoundTitles {
    let next = page.offset + page.limit;
    let next_cursor = (hits.more && next <= DEEPEST).then(|| cursor(&next.to_string()));
    let (matched, did_you_mean) = match hits.found {
        Found::AsTyped => (Matched::AsTyped, None),
        Found::Meant(title) => (Matched::Meant, Some(title)),
        Found::Mostly => (Matched::Mostly, None),
        Found::Nothing => (Matched::Nothing, None),
    };
    FoundTitles {
        items,
        total: hits.total,
        facets: hits.facets.into(),
        matched,
        did_you_mean,
        offers,
        next_cursor,
    }
}

/// Other searches for a reader who found nothing: the same one not narrowed; else its words one by one.
fn offers(index: &Searcher, search: &Search) -> Result<Vec<Offer>, Problem> {
    let total = |typed: &str| -> Result<usize, Problem> {
        let page = Page { offset: 0, limit: 1 };
        let search = Search { typed: typed.to_owned(), page, ..Search::default() };
        let hits = index.search(&search).map_err(Problem::internal)?;
        Ok(if hits.found == Found::AsTyped { hits.total } else { 0 })
    };
    if search.filter != Filter::default() {
        let all = total(&search.typed)?;
        if all > 0 {
            return Ok(vec![Offer { kind: OfferKind::WithoutFilters, q: search.typed.clone(), total: all }]);
        }
    }
    let words: Vec<&str> = search.typed.split_whitespace().take(2 * OFFERS).collect();
    if words.len() < 2 {
        return Ok(Vec::new());
    }
    let mut offers = Vec::new();
    for word in words {
        let total = total(word)?;
        if total > 0 {
            offers.push(Offer { kind: OfferKind::FewerWords, q: word.to_owned(), total });
        }
    }
    // The rarer a word, the more it says of what the reader wanted.
    offers.sort_by_key(|offer| offer.total);
    offers.truncate(OFFERS);
    Ok(offers)
}

/// The index knows the titles; what is free now is in the table.
async fn with_copies(app: &App, hits: Vec<Hit>) -> Result<Vec<FoundTitle>, Problem> {
    let ids: Vec<TitleId> = hits.iter().map(|hit| hit.line.id.clone()).collect();
    let copies = availability::get_many(&app.table, &ids).await?;
    let found = hits.into_iter().map(|hit| {
        let counted = copies.get(&hit.line.id).cloned().unwrap_or_default();
        FoundTitle::new(hit, &counted)
    });
    Ok(found.collect())
}

/// How far a claimed copy has come, and when it will be back, is known to the parcel that claims it. A copy whose parcel cannot be found
/// has no outlook.
async fn with_state(app: &App, copy: Copy) -> Result<(ShelfCopy, Option<Outlook>), Problem> {
    let Some(holder) = &copy.holder else {
        let state = copy.state(None);
        return Ok((ShelfCopy::new(copy, state), Some(Outlook::Free)));
    };
    let parcel = parcel::get(&app.table, holder).await?;
    let line = parcel.as_ref().and_then(|parcel| {
        parcel.lines.iter().find(|line| line.barcode == copy.barcode).map(|line| line.status)
    });
    let outlook = parcel.as_ref().map(|parcel| Outlook::BackOn(back_on(parcel)));
    let state = copy.state(line);
    Ok((ShelfCopy::new(copy, state), outlook))
}

/// The day on which the loans of a parcel end: counted from when the reader got it, or is promised to. An estimate: a renewal is known to its
/// reader's account alone.
fn back_on(parcel: &Parcel) -> jiff::civil::Date {
    let got = parcel.history.iter().find(|entry| entry.step.with_reader()).map(|entry| entry.at);
    let days = parcel.lines.iter().map(|line| line.loan_days).max().unwrap_or_default();
    time::due(got.unwrap_or(parcel.promised_by), days.saturating_add(parcel.remedy_days))
}
