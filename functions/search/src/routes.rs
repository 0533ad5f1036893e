//! The two questions that readers ask of the catalogue.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use yujie_catalogue::Line;
use yujie_catalogue::index::{Facets, Hits, Page};
use yujie_domain::TitleId;
use yujie_domain::copy::Copy;
use yujie_runtime::page::{PageQuery, cursor};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Query};
use yujie_table::{availability, copy, parcel, title};

use crate::App;
use crate::answer::{FoundTitle, FoundTitles, ShelfCopy, TitleDetail};

/// Nobody turns further pages than this; a query with more hits wants more words.
const DEEPEST: usize = 10_000;

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// Words of title, author, series, publisher or subject, simplified or traditional; or an ISBN. Without it, all titles, best
    /// known first.
    q: Option<String>,
}

/// Finds titles.
#[utoipa::path(
    get, path = "/titles", tag = "catalogue",
    params(SearchQuery, PageQuery),
    responses(
        (status = 200, description = "A page of titles, with what is free now.", body = FoundTitles),
        (status = 400, description = "A wrong `limit` or `cursor`.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn find(
    State(app): State<Arc<App>>,
    Query(wanted): Query<SearchQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<FoundTitles>, Problem> {
    let page = Page { offset: offset(&page)?, limit: page.limit()? };
    let typed = wanted.q.unwrap_or_default();
    let Some(index) = app.index.current().await.map_err(Problem::internal)? else {
        return Ok(Json(answer(Vec::new(), 0, Facets::default(), page)));
    };
    let Hits { lines, total, facets } = index.search(&typed, page).map_err(Problem::internal)?;
    if total == 0 {
        let typed: String = typed.chars().take(60).collect();
        tracing::info!(typed, "nothing found");
    }
    let items = with_copies(&app, lines).await?;
    Ok(Json(answer(items, total, facets, page)))
}

/// Shows a title and where its copies are.
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
    let (title, copies) = tokio::try_join!(title::get(&app.table, &id), copy::of_title(&app.table, &id))?;
    let counted = availability::count(&copies);
    let mut shown = Vec::with_capacity(copies.len());
    for copy in copies {
        shown.push(with_state(&app, copy).await?);
    }
    Ok(Json(TitleDetail::new(title.ok_or_else(missing)?, counted, shown)))
}

fn offset(page: &PageQuery) -> Result<usize, Problem> {
    let Some(place) = page.cursor()? else { return Ok(0) };
    place
        .parse()
        .ok()
        .filter(|&offset| offset <= DEEPEST)
        .ok_or_else(|| Problem::new(Code::MalformedRequest).and_field("cursor", "not a cursor of this list"))
}

fn answer(items: Vec<FoundTitle>, total: usize, facets: Facets, page: Page) -> FoundTitles {
    let next = page.offset + page.limit;
    let next_cursor = (next < total && next <= DEEPEST).then(|| cursor(&next.to_string()));
    FoundTitles { items, total, facets: facets.into(), next_cursor }
}

/// The index knows the titles; what is free now is in the table.
async fn with_copies(app: &App, lines: Vec<Line>) -> Result<Vec<FoundTitle>, Problem> {
    let ids: Vec<TitleId> = lines.iter().map(|line| line.id.clone()).collect();
    let copies = availability::get_many(&app.table, &ids).await?;
    let of = |line: &Line| copies.get(&line.id).copied().unwrap_or_default();
    Ok(lines.into_iter().map(|line| FoundTitle::new(line.clone(), of(&line))).collect())
}

/// How far a claimed copy has come is known to the parcel that claims it.
async fn with_state(app: &App, copy: Copy) -> Result<ShelfCopy, Problem> {
    let line = match &copy.holder {
        Some(holder) => parcel::get(&app.table, holder).await?.and_then(|parcel| {
            parcel.lines.iter().find(|line| line.barcode == copy.barcode).map(|line| line.status)
        }),
        None => None,
    };
    let state = copy.state(line);
    Ok(ShelfCopy::new(copy, state))
}
