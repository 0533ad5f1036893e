//! `/staff/rules/trials`: what other rules would have meant. A trial is asked for with one write, from which everything else follows.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_domain::rules::{Amnesty, Holidays, Rule, RuleSet, Zone};
use yujie_domain::slot::Window;
use yujie_domain::staff::Duty;
use yujie_domain::trial::{Failure, Outcome, Stage, Status, Trial};
use yujie_domain::{TrialId, time};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Staff, extract};
use yujie_table::{rules, trial};

use crate::App;
use crate::proposed::{faults, refuse};
use crate::view::RulesView;

/// Rules that are to be tried.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewTrial {
    /// The first Shanghai day on which they would hold; today when it is not said.
    #[schema(value_type = Option<String>, format = Date)]
    starts: Option<Date>,
    /// The rules, all of them.
    rules: Vec<Rule>,
    /// When the whole library would be closed.
    #[serde(default)]
    holidays: Vec<Holidays>,
    /// When no fine would grow.
    #[serde(default)]
    amnesties: Vec<Amnesty>,
    /// Where home delivery would go; none means everywhere.
    #[serde(default)]
    zones: Vec<Zone>,
    /// The windows of each day in which parcels are brought to the door; none means those that the library was founded with.
    #[serde(default)]
    windows: Vec<Window>,
}

/// A trial that was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrialAsked {
    /// Its id: `GET /staff/rules/trials/{id}` tells how far it has come.
    trial_id: String,
}

/// A trial.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trial)]
pub(crate) struct TrialView {
    trial_id: String,
    /// Who asked for it, by sign-in name.
    by: String,
    /// When: orders until then are looked at.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The version that was in force then, and that the proposed rules are held against.
    in_force: u32,
    /// What was tried.
    proposed: RulesView,
    status: Status,
    /// What came out, when it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Outcome>,
    /// Why nothing came out, when it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureView>,
}

/// Why nothing came out of a trial.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrialFailureDetail)]
pub(crate) struct FailureView {
    code: Failure,
    /// What people read, in zh-CN.
    detail: &'static str,
}

/// Has rules tried on the orders of the last 365 days and on today's accounts, against the rules in force. It takes minutes; nothing changes
/// by it. The trial is kept for 30 days.
#[utoipa::path(
    post,
    path = "/staff/rules/trials",
    tag = "staff",
    request_body = NewTrial,
    security(("staff" = [])),
    responses(
        (status = 202, body = TrialAsked),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "Every fault, each with its place.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn begin(
    State(app): State<App>,
    staff: Staff,
    Json(new): Json<NewTrial>,
) -> Result<Response, Problem> {
    staff.must(Duty::Rules)?;
    let now = app.edge.clock.now();
    let (in_force, prepared) = rules::standing(&app.table, now).await?;
    let in_force = in_force.ok_or_else(|| Problem::internal("no rule set has been loaded"))?;
    let newest = prepared.first().unwrap_or(&in_force).rules.version;
    let proposed = RuleSet {
        version: newest.saturating_add(1),
        starts: new.starts.unwrap_or_else(|| time::day(now)),
        rules: new.rules,
        holidays: new.holidays,
        amnesties: new.amnesties,
        zones: new.zones,
        windows: new.windows,
    };
    refuse(faults(&app, &proposed).await?)?;
    let id = app.edge.entropy.ulid(now).map_err(Problem::internal)?;
    let asked = Trial {
        id: TrialId::parse(&id).map_err(Problem::internal)?,
        by: staff.login,
        at: now,
        in_force: in_force.rules.version,
        proposed,
        stage: Stage::Running,
        version: 1,
    };
    trial::add(&app.table, &asked).await?;
    tracing::info!(trial.id = %asked.id, staff.login = %asked.by, "trial asked for");
    let answer = TrialAsked { trial_id: asked.id.into() };
    let body = serde_json::to_string(&answer).map_err(Problem::internal)?;
    Ok(extract::json(StatusCode::ACCEPTED, body))
}

/// How far a trial has come, and what came out.
#[utoipa::path(
    get,
    path = "/staff/rules/trials/{id}",
    tag = "staff",
    params(("id" = String, Path, description = "The trial's id.")),
    security(("staff" = [])),
    responses(
        (status = 200, body = TrialView),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    staff: Staff,
    Path(id): Path<String>,
) -> Result<Json<TrialView>, Problem> {
    staff.must(Duty::Rules)?;
    let not_found = || Problem::new(Code::NotFound);
    let id = TrialId::parse(&id).map_err(|_| not_found())?;
    let found = trial::get(&app.table, &id).await?.ok_or_else(not_found)?;
    let status = found.status();
    let (result, failure) = match found.stage {
        Stage::Running => (None, None),
        Stage::Done(outcome) => (Some(outcome), None),
        Stage::Failed(code) => (None, Some(FailureView { code, detail: code.detail() })),
    };
    Ok(Json(TrialView {
        trial_id: found.id.into(),
        by: found.by.into(),
        at: found.at,
        in_force: found.in_force,
        proposed: found.proposed.into(),
        status,
        result,
        failure,
    }))
}
