//! `/staff/unmet-searches`: what readers looked for and did not find, as they typed it. It says nothing of who asked.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use yujie_domain::month::Month;
use yujie_domain::staff::Duty;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, Query, Staff};
use yujie_table::unmet;

use crate::App;

/// A longer list is read by nobody; the rarest queries are left out.
const MOST: usize = 500;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// A month such as `2026-11`; the present one when not said.
    month: Option<String>,
}

/// The searches of a month that found nothing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnmetSearches {
    month: String,
    /// Most asked first; the first five hundred.
    items: Vec<UnmetSearch>,
}

/// A search that found nothing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnmetSearch {
    /// What was typed.
    q: String,
    /// How often, in all ways of writing it.
    asked: u32,
    /// What the reader was offered instead: a title that was perhaps meant, or fewer words.
    #[serde(skip_serializing_if = "Option::is_none")]
    offered: Option<String>,
}

/// What readers looked for in vain.
#[utoipa::path(
    get,
    path = "/staff/unmet-searches",
    tag = "staff",
    security(("staff" = [])),
    params(Which),
    responses(
        (status = 200, body = UnmetSearches),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    staff: Staff,
    Query(Which { month }): Query<Which>,
) -> Result<Json<UnmetSearches>, Problem> {
    staff.must(Duty::Catalogue)?;
    let month = match month {
        None => Month::of(app.edge.clock.now()),
        Some(month) => Month::parse(&month)
            .map_err(|fault| Problem::new(Code::MalformedRequest).and_field("month", fault.why))?,
    };
    let found = unmet::of_month(&app.table, &month).await?;
    let items = found.into_iter().take(MOST).map(|unmet| UnmetSearch {
        q: unmet.typed,
        asked: unmet.asked,
        offered: Some(unmet.offered).filter(|offered| !offered.is_empty()),
    });
    Ok(Json(UnmetSearches { month: month.into(), items: items.collect() }))
}
