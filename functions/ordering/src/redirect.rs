//! `PUT /orders/{order_no}/destination`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use yujie_domain::hold::Wherever;
use yujie_domain::{OrderNo, text};
use yujie_lending::RedirectError;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Reader};
use yujie_table::{account, order};

use crate::App;
use crate::refusal::{fault, refused, with_detail};
use crate::view::{OrderView, view};

/// Where an order is to go instead.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDestination {
    deliver_to: Wherever,
}

/// Sends an order to another address or site, up to the first 出库 scan of its parcels. The promised time stays.
#[utoipa::path(
    put,
    path = "/orders/{order_no}/destination",
    tag = "orders",
    params(("order_no" = String, Path)),
    request_body = NewDestination,
    security(("reader" = [])),
    responses(
        (status = 200, body = OrderView),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, description = "`too_late`, or `order_refused` with the obstacle in `reasons`", content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn redirect(
    State(app): State<App>,
    reader: Reader,
    Path(order_no): Path<String>,
    Json(to): Json<NewDestination>,
) -> Result<Json<OrderView>, Problem> {
    let no = OrderNo::parse(&order_no).map_err(|_| Problem::new(Code::NotFound))?;
    match app.lending.redirect(&reader.rid, &no, &to.deliver_to).await {
        Ok(order) => Ok(Json(view(&order, app.lending.edge.clock.now()))),
        Err(RedirectError::NotFound) => Err(Problem::new(Code::NotFound)),
        Err(RedirectError::TooLate(status)) => {
            let reason = serde_json::json!({"status": status});
            Err(Problem::new(Code::TooLate).because(with_detail(&reason, text::too_late(status).to_owned())))
        }
        Err(RedirectError::Obstacle(obstacle)) => {
            let table = &app.lending.table;
            let account = account::get(table, &reader.rid).await?;
            let account = account.ok_or_else(|| Problem::new(Code::Unauthenticated))?;
            // All that is left of it goes to one place.
            let order = order::get(table, &reader.rid, &no).await?;
            let left = order.iter().flat_map(|order| &order.parcels).filter(|p| p.status().is_live()).count();
            let parcels = u16::try_from(left).unwrap_or(u16::MAX);
            Err(refused(&app.lending, &[obstacle], &account, (&to.deliver_to, parcels)).await)
        }
        Err(RedirectError::Fault(error)) => Err(fault(error)),
    }
}
