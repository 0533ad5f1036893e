//! `GET /shelves`: what the catalogue opens with. The shelves are filled each night; what is free now comes from the table.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use yujie_domain::shelves::ShelfName;
use yujie_domain::title::Title;
use yujie_domain::{TitleId, text};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, Query};
use yujie_table::availability::{self, Availability};
use yujie_table::{pick, shelf, title};

use crate::App;

/// Titles of a shelf that are shown at most.
const MOST: usize = 20;
/// Titles that are read besides, so that one that is gone leaves no gap.
const SPARE: usize = 4;

/// How much of each shelf.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ShelvesQuery {
    /// How many titles of each shelf, 1 to 20; 20 when not said.
    #[param(minimum = 1, maximum = 20)]
    limit: Option<usize>,
}

/// The shelves that have something on them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Shelves {
    shelves: Vec<ShelfView>,
}

/// A shelf.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShelfView {
    name: ShelfKind,
    /// Its heading for readers.
    title: &'static str,
    /// Best or newest first.
    items: Vec<ShelvedTitle>,
}

/// Which shelf.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ShelfKind {
    /// What librarians recommend.
    Picks,
    /// Titles whose first copy came within sixty days, newest first.
    New,
    /// Titles most borrowed within thirty days.
    Popular,
}

/// A title on a shelf.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShelvedTitle {
    /// Its id, to order it by.
    id: String,
    /// Title proper.
    title: String,
    /// Authors as printed.
    authors: Vec<String>,
    /// Publisher.
    #[serde(skip_serializing_if = "Option::is_none")]
    publisher: Option<String>,
    /// Year of publication.
    #[serde(skip_serializing_if = "Option::is_none")]
    year: Option<u16>,
    /// Copies that can be ordered now.
    copies_available: u32,
    /// Copies that the library has.
    copies_total: u32,
    /// Why a librarian recommends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    sentence: Option<String>,
}

/// A shelf before its titles are read.
struct Planned {
    name: ShelfKind,
    title: &'static str,
    items: Vec<(TitleId, Option<String>)>,
}

/// Shows the shelves: librarians' picks, new titles, most borrowed titles.
#[utoipa::path(
    get, path = "/shelves", tag = "catalogue",
    params(ShelvesQuery),
    responses(
        (status = 200, description = "The shelves; an empty one is left out.", body = Shelves),
        (status = 400, description = "A wrong `limit`.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<ShelvesQuery>,
) -> Result<Json<Shelves>, Problem> {
    let limit = match query.limit {
        None => MOST,
        Some(limit @ 1..=MOST) => limit,
        Some(_) => return Err(Problem::new(Code::MalformedRequest).and_field("limit", "1 to 20")),
    };
    let planned = planned(&app, limit + SPARE).await?;

    let ids: Vec<TitleId> = planned.iter().flat_map(|shelf| &shelf.items).map(|(id, _)| id.clone()).collect();
    let (titles, copies) =
        tokio::try_join!(title::get_many(&app.table, &ids), availability::get_many(&app.table, &ids))?;
    let shelves = planned.into_iter().map(|shelf| ShelfView {
        name: shelf.name,
        title: shelf.title,
        items: shelf.items.into_iter().filter_map(|item| view(item, &titles, &copies)).take(limit).collect(),
    });
    Ok(Json(Shelves { shelves: shelves.filter(|shelf| !shelf.items.is_empty()).collect() }))
}

async fn planned(app: &App, limit: usize) -> Result<Vec<Planned>, Problem> {
    let (picks, mut filled) = tokio::try_join!(pick::all(&app.table), shelf::all(&app.table))?;
    let picks = picks.into_iter().take(limit).map(|kept| {
        let sentence = kept.pick.sentence.as_str().to_owned();
        (kept.pick.title_id, Some(sentence))
    });
    let mut planned =
        vec![Planned { name: ShelfKind::Picks, title: text::PICKS_HEADING, items: picks.collect() }];
    filled.sort_by_key(|shelf| shelf.name);
    planned.extend(filled.into_iter().map(|shelf| Planned {
        name: match shelf.name {
            ShelfName::New => ShelfKind::New,
            ShelfName::Popular => ShelfKind::Popular,
        },
        title: text::shelf_heading(shelf.name),
        items: shelf.titles.into_iter().take(limit).map(|one| (one.id, None)).collect(),
    }));
    Ok(planned)
}

/// `None` for a title that the catalogue does not have any more. One title may stand on several shelves.
fn view(
    (id, sentence): (TitleId, Option<String>),
    titles: &BTreeMap<TitleId, Title>,
    copies: &BTreeMap<TitleId, Availability>,
) -> Option<ShelvedTitle> {
    let title = titles.get(&id)?;
    let (available, total) = copies.get(&id).map_or((0, 0), |counted| (counted.available, counted.total));
    Some(ShelvedTitle {
        title: title.title.clone(),
        authors: title.authors.clone(),
        publisher: title.publisher.clone(),
        year: title.year,
        copies_available: available,
        copies_total: total,
        id: id.into(),
        sentence,
    })
}
