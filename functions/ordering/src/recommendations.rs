//! `GET /me/recommendations`, `PUT /me/recommendations`: what the readers of the reader's own books borrowed besides, and whether the
//! reader wants to know and to be counted.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_domain::account::Account;
use yujie_domain::shelves::Beside;
use yujie_domain::title::Title;
use yujie_domain::{ReaderId, TitleId, text};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Oneself, Problem, Reader};
use yujie_table::availability::{self, Availability};
use yujie_table::order::{self, Order};
use yujie_table::{TransactError, account, shelf, title};

use crate::App;

/// Reasons that are shown.
const REASONS: usize = 5;
/// Loans that are looked at for reasons: most titles have nothing beside them.
const LOANS: usize = 20;
/// Orders that are looked at. What was borrowed longer ago may be recommended again, which is no harm.
const ORDERS: usize = 50;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Recommendations {
    /// Latest loan first.
    items: Vec<Recommendation>,
    /// Whether the reader takes part; without that there are no items.
    takes_part: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Recommendation {
    because: Because,
    /// Nearest first.
    titles: Vec<RecommendedTitle>,
}

/// A title that the reader borrowed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BecauseBorrowed)]
pub(crate) struct Because {
    title_id: String,
    title: String,
    /// The reason in words.
    text: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecommendedTitle {
    id: String,
    title: String,
    authors: Vec<String>,
    /// How many readers borrowed both: five or more.
    readers: u32,
    /// Copies that can be ordered now.
    copies_available: u32,
}

/// Whether to take part in recommendations.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Participation {
    /// `false`: the reader's loans count for nobody's recommendations, and the reader gets none.
    takes_part: bool,
}

/// What readers of the reader's books borrowed besides.
#[utoipa::path(
    get,
    path = "/me/recommendations",
    tag = "reader",
    security(("reader" = [])),
    responses(
        (status = 200, body = Recommendations),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(app): State<App>, reader: Reader) -> Result<Json<Recommendations>, Problem> {
    let account = account::get(&app.lending.table, &reader.rid)
        .await?
        .ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    if !account.takes_part {
        return Ok(Json(Recommendations { items: Vec::new(), takes_part: false }));
    }
    let items = recommended(&app, &reader.rid, &account).await?;
    Ok(Json(Recommendations { items, takes_part: true }))
}

/// Takes part, or no longer. What others are recommended follows in the next night.
#[utoipa::path(
    put,
    path = "/me/recommendations",
    tag = "reader",
    security(("reader" = [])),
    request_body = Participation,
    responses(
        (status = 200, body = Participation),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, description = "`not_while_acting`", content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn switch(
    State(app): State<App>,
    Oneself(reader): Oneself,
    Json(wanted): Json<Participation>,
) -> Result<Json<Participation>, Problem> {
    match account::set_takes_part(&app.lending.table, &reader.rid, wanted.takes_part).await {
        Ok(()) => Ok(Json(wanted)),
        Err(TransactError::Refused(_)) => Err(Problem::new(Code::Unauthenticated)),
        Err(TransactError::Table(error)) => Err(error.into()),
    }
}

async fn recommended(app: &App, rid: &ReaderId, account: &Account) -> Result<Vec<Recommendation>, Problem> {
    let orders = order::list(&app.lending.table, rid, None, ORDERS).await?;
    let loans = latest_loans(account, &orders);
    let ids: Vec<TitleId> = loans.iter().map(|(id, _)| id.clone()).collect();
    let beside = shelf::beside(&app.lending.table, &ids).await?;
    let chosen = choose(loans, &beside, &known(account, &orders));

    let ids: Vec<TitleId> = chosen.iter().flat_map(|(_, titles)| titles).map(|one| one.id.clone()).collect();
    let (mut titles, copies) = tokio::try_join!(
        title::get_many(&app.lending.table, &ids),
        availability::get_many(&app.lending.table, &ids)
    )?;
    let items = chosen.into_iter().map(|((id, name), beside)| Recommendation {
        because: Because { text: text::because_borrowed(&name), title_id: id.into(), title: name },
        titles: beside.into_iter().filter_map(|one| view(one, &mut titles, &copies)).collect(),
    });
    Ok(items.filter(|item| !item.titles.is_empty()).collect())
}

/// The titles that the reader borrowed, with their names: latest first, each once.
fn latest_loans(account: &Account, orders: &[Order]) -> Vec<(TitleId, String)> {
    let open = account.open.iter().filter_map(|(id, item)| Some((item.loan?.since, id, &item.title)));
    let past = orders.iter().flat_map(|order| &order.parcels).flat_map(|parcel| {
        let handed_over = parcel.handed_over();
        parcel.lines.iter().filter_map(move |line| Some((handed_over?, &line.title_id, &line.title)))
    });
    let mut loans: Vec<(Timestamp, &TitleId, &String)> = open.chain(past).collect();
    loans.sort_by(|(a, a_id, _), (b, b_id, _)| b.cmp(a).then_with(|| a_id.cmp(b_id)));
    let mut seen = BTreeSet::new();
    loans.retain(|(_, id, _)| seen.insert(*id));
    loans.into_iter().take(LOANS).map(|(_, id, title)| (id.clone(), title.clone())).collect()
}

/// What the reader has or had, or has ordered.
fn known(account: &Account, orders: &[Order]) -> BTreeSet<TitleId> {
    let ordered = orders.iter().flat_map(|order| &order.parcels).flat_map(|parcel| &parcel.lines);
    account.open.keys().chain(ordered.map(|line| &line.title_id)).cloned().collect()
}

/// The first reasons that have something to say. Each title is recommended once, for the latest reason.
fn choose(
    loans: Vec<(TitleId, String)>,
    beside: &BTreeMap<TitleId, Vec<Beside>>,
    known: &BTreeSet<TitleId>,
) -> Vec<((TitleId, String), Vec<Beside>)> {
    let mut told = known.clone();
    let with_titles = loans.into_iter().map(|loan| {
        let titles = beside.get(&loan.0).into_iter().flatten();
        let new = titles.filter(|one| told.insert(one.id.clone())).cloned().collect();
        (loan, new)
    });
    with_titles.filter(|(_, titles): &(_, Vec<Beside>)| !titles.is_empty()).take(REASONS).collect()
}

/// `None` for a title that the catalogue does not have any more.
fn view(
    one: Beside,
    titles: &mut BTreeMap<TitleId, Title>,
    copies: &BTreeMap<TitleId, Availability>,
) -> Option<RecommendedTitle> {
    let title = titles.remove(&one.id)?;
    Some(RecommendedTitle {
        copies_available: copies.get(&one.id).map_or(0, |counted| counted.available),
        id: one.id.into(),
        title: title.title,
        authors: title.authors,
        readers: one.readers.get(),
    })
}
