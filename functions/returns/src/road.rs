//! `GET /staff/returns`: books that were handed over and are not in the library yet.

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use yujie_domain::returning::Return;
use yujie_domain::staff::Duty;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Json, Problem, Query, Staff};
use yujie_table::returning;

use crate::App;
use crate::view::{ReturnView, view};

/// Returns that are looked at: those that are the longest on the road.
const LOOKED_AT: usize = 200;

/// Which returns staff look for.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Which {
    /// On the road for more than 14 days: somebody has to look for the book.
    Overdue,
    /// All that are on the road.
    GivenBack,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    #[param(inline)]
    state: Which,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoadList {
    /// Longest on the road first, 200 at most.
    items: Vec<OnTheRoad>,
}

/// A return on its way. Who its reader is, is not said here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OnTheRoad {
    /// Since when the longest of its books is on its way.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// The site where its books are expected.
    expected_at: String,
    #[serde(flatten)]
    of: ReturnView,
}

/// Books that were handed over and are not in the library yet.
#[utoipa::path(
    get,
    path = "/staff/returns",
    tag = "staff",
    params(Filter),
    security(("staff" = [])),
    responses(
        (status = 200, body = RoadList),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    staff: Staff,
    Query(filter): Query<Filter>,
) -> Result<Json<RoadList>, Problem> {
    staff.must(Duty::Desk)?;
    let now = app.lending.edge.clock.now();
    let wanted = |this: &&Return| match filter.state {
        Which::Overdue => this.is_overdue(now),
        Which::GivenBack => true,
    };
    let found = returning::on_the_road(&app.lending.table, LOOKED_AT).await?;
    let items = found.iter().filter(wanted).map(|this| OnTheRoad {
        since: this.on_the_road_since(),
        expected_at: this.way.site().to_string(),
        of: view(this),
    });
    Ok(Json(RoadList { items: items.collect() }))
}
