//! `GET /staff/rules`: what is in force, what is prepared, and every version.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use yujie_domain::rules::{Rule, Setting};
use yujie_domain::staff::Duty;
use yujie_runtime::page::{PageQuery, cursor};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, Query, Staff};
use yujie_table::rules;

use crate::App;
use crate::view::{VersionInShort, VersionView};

/// The library's rules.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RulesList {
    /// The version that decides orders now; missing before the library has set any.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_force: Option<VersionView>,
    /// Younger versions, which hold from a later day on, newest first. When several have begun, the youngest holds.
    prepared: Vec<VersionView>,
    /// Every rule with the value that it has when no version says otherwise.
    founding: &'static [Setting],
    /// What it has for children's cards besides, when no version says otherwise for them.
    founding_children: &'static [Rule],
    /// The versions, newest first.
    versions: Vec<VersionInShort>,
    /// Where the next page of `versions` begins; `null` at the end.
    next_cursor: Option<String>,
}

/// What is in force, what is prepared for later, and the versions so far.
#[utoipa::path(
    get,
    path = "/staff/rules",
    tag = "staff",
    params(PageQuery),
    security(("staff" = [])),
    responses(
        (status = 200, body = RulesList),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    staff: Staff,
    Query(page): Query<PageQuery>,
) -> Result<Json<RulesList>, Problem> {
    staff.must(Duty::Rules)?;
    let wrong = |_| Problem::new(Code::MalformedRequest).and_field("cursor", "not a cursor of this list");
    let before = page.cursor()?.map(|version| version.parse()).transpose().map_err(wrong)?;
    let limit = page.limit()?;
    let (in_force, prepared) = rules::standing(&app.table, app.edge.clock.now()).await?;
    let versions = rules::list(&app.table, limit, before).await?;
    let last = versions.last().filter(|_| versions.len() == limit);
    let next_cursor = last.map(|last| cursor(&last.rules.version.to_string()));
    Ok(Json(RulesList {
        in_force: in_force.map(|version| VersionView::of(version, None)),
        prepared: prepared.into_iter().map(|version| VersionView::of(version, None)).collect(),
        founding: Setting::FOUNDING,
        founding_children: Setting::CHILDREN,
        versions: versions.into_iter().map(VersionInShort::from).collect(),
        next_cursor,
    }))
}
