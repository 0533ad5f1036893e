//! `/staff/picks`: the titles that the library recommends, each with a sentence.

use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use yujie_domain::TitleId;
use yujie_domain::pick::{Pick, Sentence};
use yujie_domain::staff::Duty;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Query, Staff};
use yujie_table::{pick, title};

use crate::App;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PickList {
    items: Vec<PickView>,
}

/// A recommended title.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PickView {
    title_id: String,
    /// What it is called; missing when the title is not in the catalogue any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// Why it is recommended.
    sentence: String,
    /// Who says so, by sign-in name.
    by: String,
    /// When it was said, or said otherwise.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Named when it is changed or taken back.
    version: u64,
}

/// What is said of a title.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Said {
    /// One line of at most 140 characters, for readers.
    #[schema(max_length = 140)]
    sentence: String,
    /// The version that this one takes the place of; nothing for a title that is not recommended yet.
    version: Option<u64>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Known {
    /// The version that is taken back.
    version: u64,
}

/// All picks, newest first.
#[utoipa::path(
    get,
    path = "/staff/picks",
    tag = "staff",
    security(("staff" = [])),
    responses(
        (status = 200, body = PickList),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(State(app): State<App>, staff: Staff) -> Result<Json<PickList>, Problem> {
    staff.must(Duty::Catalogue)?;
    let picks = pick::all(&app.table).await?;
    let ids: Vec<TitleId> = picks.iter().map(|kept| kept.pick.title_id.clone()).collect();
    let mut titles = title::get_many(&app.table, &ids).await?;
    let items = picks.into_iter().map(|kept| {
        let title = titles.remove(&kept.pick.title_id).map(|title| title.title);
        view(kept, title)
    });
    Ok(Json(PickList { items: items.collect() }))
}

/// Recommends a title, or says something else of one that is recommended.
#[utoipa::path(
    put,
    path = "/staff/picks/{title_id}",
    tag = "staff",
    params(("title_id" = String, Path)),
    request_body = Said,
    security(("staff" = [])),
    responses(
        (status = 200, body = PickView),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such title.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Another version stands, or there are 200 picks.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn write(
    State(app): State<App>,
    staff: Staff,
    Path(title_id): Path<String>,
    Json(said): Json<Said>,
) -> Result<Json<PickView>, Problem> {
    staff.must(Duty::Catalogue)?;
    let not_found = || Problem::new(Code::NotFound);
    let id = TitleId::parse(&title_id).map_err(|_| not_found())?;
    let sentence = Sentence::parse(&said.sentence)?;
    let title = title::get(&app.table, &id).await?.ok_or_else(not_found)?;
    let new = Pick { title_id: id, sentence, by: staff.login, at: app.edge.clock.now() };
    match pick::put(&app.table, &new, said.version).await? {
        pick::Put::Done(kept) => {
            tracing::info!(title.id = %kept.pick.title_id, staff.login = %kept.pick.by, "pick written");
            Ok(Json(view(kept, Some(title.title))))
        }
        pick::Put::Overtaken => Err(Problem::new(Code::ChangedMeanwhile)),
        pick::Put::Full => Err(Problem::new(Code::TooManyPicks)),
    }
}

/// Takes a pick back.
#[utoipa::path(
    delete,
    path = "/staff/picks/{title_id}",
    tag = "staff",
    params(("title_id" = String, Path), Known),
    security(("staff" = [])),
    responses(
        (status = 204, description = "It is gone."),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "The title is not recommended.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Another version stands.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(
    State(app): State<App>,
    staff: Staff,
    Path(title_id): Path<String>,
    Query(known): Query<Known>,
) -> Result<StatusCode, Problem> {
    staff.must(Duty::Catalogue)?;
    let not_found = || Problem::new(Code::NotFound);
    let id = TitleId::parse(&title_id).map_err(|_| not_found())?;
    match pick::remove(&app.table, &id, known.version).await? {
        pick::Removed::Now => {
            tracing::info!(title.id = %id, staff.login = %staff.login, "pick taken back");
            Ok(StatusCode::NO_CONTENT)
        }
        pick::Removed::Missing => Err(not_found()),
        pick::Removed::Overtaken => Err(Problem::new(Code::ChangedMeanwhile)),
    }
}

fn view(kept: pick::Kept, title: Option<String>) -> PickView {
    let pick::Kept { pick, version } = kept;
    PickView {
        title_id: pick.title_id.into(),
        title,
        sentence: pick.sentence.into(),
        by: pick.by.into(),
        at: pick.at,
        version,
    }
}
