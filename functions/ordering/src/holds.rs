//! `/holds`: queueing for titles that have no free copy.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use yujie_domain::hold::{POLICY, PassedOver, Wherever};
use yujie_domain::order::Action;
use yujie_domain::{ReaderId, TitleId, text, time};
use yujie_lending::{Change, HoldChange, HoldError, NewHold, Passed, Standing};
use yujie_runtime::idempotent::Begun;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Reader, extract, idempotent};
use yujie_table::account;

use crate::App;
use crate::refusal::{fault, refused, search_for_editions};

/// A title to queue for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedTitle {
    #[schema(value_type = String)]
    title_id: TitleId,
    deliver_to: Wherever,
    /// The last day on which it is wanted.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    until: Option<Date>,
}

/// What is changed about a hold; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangedHold {
    #[serde(default)]
    deliver_to: Option<Wherever>,
    /// The last day on which it is wanted; `null` for any.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>, format = Date)]
    until: Change<Option<Date>>,
    /// Suspends it until this day; `null`: it waits again now. The place in the queue stays.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>, format = Date)]
    suspended_until: Change<Option<Date>>,
}

/// Tells `null` from what is left out: only what is there is deserialised.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Change<Option<Date>>, D::Error> {
    Option::<Date>::deserialize(deserializer).map(Change::To)
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HoldList {
    /// The rule that orders every queue.
    policy: &'static str,
    items: Vec<HoldView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HoldView {
    title_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    deliver_to: Wherever,
    #[schema(value_type = Option<String>, format = Date)]
    until: Option<Date>,
    /// Until when it is suspended; nothing while it waits.
    #[schema(value_type = Option<String>, format = Date)]
    suspended_until: Option<Date>,
    /// The place in the queue: 1 is the next. Suspended holds before it are not counted.
    place: u32,
    /// How many wait in all.
    waiting: u32,
    /// About how many days the wait is: an estimate.
    likely_days: Option<u32>,
    /// Why a copy that comes free now would go to others, whatever the place; missing when it would be this reader's in their turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    passed_over: Option<PassedOverView>,
    /// When the wait is long beyond reason, or without end: what can be done instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    offers: Vec<Instead>,
}

/// Why a reader is passed over, and what to do about it. The place in the queue stays.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PassedOverView {
    #[serde(flatten)]
    why: PassedOver,
    /// The same in words.
    detail: String,
    /// What makes the hold wait again, the likeliest first; a new place is set with `PATCH /holds/{title_id}`.
    actions: Vec<Action>,
}

impl From<Passed> for PassedOverView {
    fn from(passed: Passed) -> Self {
        Self { detail: text::passed_over(&passed.why), why: passed.why, actions: passed.actions }
    }
}

/// What can be done instead of waiting.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Instead {
    /// Look whether there is another edition with a free copy: there may be none.
    OtherEdition {
        /// The search to make.
        search: String,
    },
    /// Leave the queue.
    Leave,
}

fn view(standing: Standing, today: Date) -> HoldView {
    let Standing { hold, title, position, outlook, passed_over } = standing;
    let edition = title.as_deref().and_then(search_for_editions);
    let edition = edition.map(|search| Instead::OtherEdition { search });
    HoldView {
        title_id: hold.title_id.to_string(),
        title,
        since: hold.since,
        deliver_to: hold.deliver_to,
        until: hold.until,
        suspended_until: hold.resumes.filter(|day| *day > today),
        place: position.place,
        waiting: position.waiting,
        likely_days: outlook.likely_days,
        passed_over: passed_over.map(PassedOverView::from),
        offers: if outlook.hopeless {
            edition.into_iter().chain([Instead::Leave]).collect()
        } else {
            Vec::new()
        },
    }
}

/// Queues for a title. When a copy comes free and it is the reader's turn, it is ordered for them, to where they said.
#[utoipa::path(
    post,
    path = "/holds",
    tag = "orders",
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters")),
    request_body = WantedTitle,
    security(("reader" = [])),
    responses(
        (status = 201, body = HoldView),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, description = "`order_refused`: all obstacles in `reasons`", content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn place(
    State(app): State<App>,
    reader: Reader,
    request: Request,
) -> Result<Response, Problem> {
    let lending = &app.lending;
    let begun =
        idempotent::begin(&lending.table, &lending.edge.keys, "POST /holds", reader.rid.as_str(), request)
            .await?;
    let (known, body) = match begun {
        Begun::Answered(answer) => return Ok(answer),
        Begun::New { known, body } => (known, body),
    };
    let wanted: WantedTitle = extract::parse(&body)?;
    let today = time::day(lending.edge.clock.now());
    if wanted.until.is_some_and(|until| until < today) {
        return Err(Problem::field("until", "this day is past"));
    }
    no_slot(&wanted.deliver_to)?;
    let new = NewHold { title_id: wanted.title_id, deliver_to: wanted.deliver_to, until: wanted.until };
    let answer = |standing: &Standing| {
        idempotent::answer(StatusCode::CREATED, &view(standing.clone(), today)).map_err(Answered::Problem)
    };
    match lending.place_hold(&reader.rid, &new, &known, answer).await {
        Ok(stands) => idempotent::answer_first(stands),
        Err(Answered::Problem(problem)) => Err(problem),
        Err(Answered::Hold(error)) => {
            let refusal = problem(&app, &reader.rid, error, Some(&new.deliver_to)).await;
            // The obstacle may be this very request, made twice at once: then the first one's answer stands.
            idempotent::replay(&lending.table, &known).await?.ok_or(refusal)
        }
    }
}

/// Nobody knows when the book comes.
fn no_slot(to: &Wherever) -> Result<(), Problem> {
    match to.slot() {
        Some(_) => Err(Problem::field(
            "deliver_to.slot",
            "a book that is waited for comes in the first slot with room",
        )),
        None => Ok(()),
    }
}

/// Why no hold was answered.
enum Answered {
    Hold(HoldError),
    Problem(Problem),
}

impl From<HoldError> for Answered {
    fn from(error: HoldError) -> Self {
        Self::Hold(error)
    }
}

/// The titles that the reader waits for.
#[utoipa::path(
    get,
    path = "/holds",
    tag = "orders",
    security(("reader" = [])),
    responses((status = 200, body = HoldList), (status = 401, body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn list(State(app): State<App>, reader: Reader) -> Result<Json<HoldList>, Problem> {
    let today = time::day(app.lending.edge.clock.now());
    match app.lending.holds(&reader.rid).await {
        Ok(holds) => {
            let items = holds.into_iter().map(|standing| view(standing, today)).collect();
            Ok(Json(HoldList { policy: POLICY, items }))
        }
        Err(error) => Err(problem(&app, &reader.rid, error, None).await),
    }
}

/// Changes a hold, or suspends it; its place in the queue stays.
#[utoipa::path(
    patch,
    path = "/holds/{title_id}",
    tag = "orders",
    params(("title_id" = String, Path)),
    request_body = ChangedHold,
    security(("reader" = [])),
    responses(
        (status = 200, body = HoldView),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, description = "`order_refused`: all obstacles in `reasons`", content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change(
    State(app): State<App>,
    reader: Reader,
    Path(title_id): Path<String>,
    Json(changed): Json<ChangedHold>,
) -> Result<Json<HoldView>, Problem> {
    let title_id = TitleId::parse(&title_id).map_err(|_| Problem::new(Code::NotFound))?;
    let today = time::day(app.lending.edge.clock.now());
    for (field, day) in [("until", changed.until), ("suspended_until", changed.suspended_until)] {
        if matches!(day, Change::To(Some(day)) if day < today) {
            return Err(Problem::field(field, "this day is past"));
        }
    }
    changed.deliver_to.as_ref().map_or(Ok(()), no_slot)?;
    let change =
        HoldChange { deliver_to: changed.deliver_to, until: changed.until, resumes: changed.suspended_until };
    let changed = async {
        app.lending.change_hold(&reader.rid, &title_id, &change).await?;
        let holds = app.lending.holds(&reader.rid).await?;
        holds.into_iter().find(|standing| standing.hold.title_id == title_id).ok_or(HoldError::NotFound)
    };
    match changed.await {
        Ok(standing) => Ok(Json(view(standing, today))),
        Err(error) => Err(problem(&app, &reader.rid, error, change.deliver_to.as_ref()).await),
    }
}

/// Leaves the queue for a title.
#[utoipa::path(
    delete,
    path = "/holds/{title_id}",
    tag = "orders",
    params(("title_id" = String, Path)),
    security(("reader" = [])),
    responses(
        (status = 204),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn leave(
    State(app): State<App>,
    reader: Reader,
    Path(title_id): Path<String>,
) -> Result<StatusCode, Problem> {
    let title_id = TitleId::parse(&title_id).map_err(|_| Problem::new(Code::NotFound))?;
    match app.lending.leave(&reader.rid, &title_id).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(problem(&app, &reader.rid, error, None).await),
    }
}

/// The problem that a command ended in which would have sent a book there.
async fn problem(app: &App, rid: &ReaderId, error: HoldError, to: Option<&Wherever>) -> Problem {
    let lending = &app.lending;
    match (error, to) {
        (HoldError::NotFound, _) => Problem::new(Code::NotFound),
        (HoldError::Fault(error), _) => fault(error),
        (HoldError::Refused(obstacles), Some(to)) => match account::get(&lending.table, rid).await {
            // A place that takes nothing more is no obstacle to who waits, but no advice either.
            Ok(Some(account)) => refused(lending, &obstacles, &account, (to, 1)).await,
            Ok(None) => Problem::new(Code::Unauthenticated),
            Err(error) => error.into(),
        },
        (HoldError::Refused(obstacles), None) => {
            Problem::internal(format!("refused without a place: {obstacles:?}"))
        }
    }
}
