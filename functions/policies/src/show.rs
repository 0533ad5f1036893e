//! `GET /staff/rules/{version}`: one version, and what it changed.

use axum::extract::State;
use yujie_domain::rules::RuleSet;
use yujie_domain::staff::Duty;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Staff};
use yujie_table::rules;

use crate::App;
use crate::view::VersionView;

/// A version of the rules, with what it says otherwise than the version before it.
#[utoipa::path(
    get,
    path = "/staff/rules/{version}",
    tag = "staff",
    params(("version" = u32, Path, description = "The version.")),
    security(("staff" = [])),
    responses(
        (status = 200, body = VersionView),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    staff: Staff,
    Path(version): Path<String>,
) -> Result<Json<VersionView>, Problem> {
    staff.must(Duty::Rules)?;
    let not_found = || Problem::new(Code::NotFound);
    let number: u32 = version.parse().map_err(|_| not_found())?;
    let version = rules::get(&app.table, number).await?.ok_or_else(not_found)?;
    let before = rules::list(&app.table, 1, Some(number)).await?.pop();
    let before = before.map_or_else(RuleSet::founding, |before| before.rules);
    Ok(Json(VersionView::of(version, Some(&before))))
}
