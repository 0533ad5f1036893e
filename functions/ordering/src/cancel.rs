//! `POST /orders/{order_no}/cancel`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_domain::parcel::LineStatus;
use yujie_domain::{Barcode, OrderNo, text};
use yujie_lending::CancelError;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Reader};

use crate::App;
use crate::refusal::{fault, with_detail};
use crate::view::{OrderView, own, view};

/// Which books of an order are not wanted any more.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unwanted {
    /// The copies; the whole order when none is named.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    barcodes: Vec<Barcode>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CancelledOrder {
    /// The books that are cancelled, now or before.
    cancelled: Vec<String>,
    /// The books that are not: they have left the library.
    too_late: Vec<TooLate>,
    /// The order as it is now.
    order: OrderView,
}

/// A book that was not cancelled.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TooLate {
    barcode: String,
    /// How far it is.
    status: LineStatus,
}

impl From<(Barcode, LineStatus)> for TooLate {
    fn from((barcode, status): (Barcode, LineStatus)) -> Self {
        Self { barcode: barcode.to_string(), status }
    }
}

/// Cancels an order, or some of its books, up to the 出库 scan. Cancelling twice is no fault. Of several books, those that can be cancelled are.
#[utoipa::path(
    post,
    path = "/orders/{order_no}/cancel",
    tag = "orders",
    params(("order_no" = String, Path)),
    request_body = Unwanted,
    security(("reader" = [])),
    responses(
        (status = 200, body = CancelledOrder),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, description = "`too_late`: each book in `reasons`, with how far it is", content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn cancel(
    State(app): State<App>,
    reader: Reader,
    Path(order_no): Path<String>,
    Json(unwanted): Json<Unwanted>,
) -> Result<Json<CancelledOrder>, Problem> {
    let no = OrderNo::parse(&order_no).map_err(|_| Problem::new(Code::NotFound))?;
    let done = app.lending.cancel(&reader.rid, &no, &unwanted.barcodes).await.map_err(problem)?;
    tracing::info!(order.no = %no, books = done.now.len(), too_late = done.too_late.len(), "cancelled");
    let order = own(&app, &reader.rid, &order_no).await?;
    Ok(Json(CancelledOrder {
        cancelled: done.before.iter().chain(&done.now).map(ToString::to_string).collect(),
        too_late: done.too_late.into_iter().map(TooLate::from).collect(),
        order: view(&order, app.lending.edge.clock.now()),
    }))
}

fn problem(error: CancelError) -> Problem {
    match error {
        CancelError::NotFound => Problem::new(Code::NotFound),
        CancelError::NoSuchBook => Problem::field("barcodes", "not a book of this order"),
        CancelError::TooLate(books) => {
            books.into_iter().fold(Problem::new(Code::TooLate), |problem, book| {
                let detail = text::too_late(book.1);
                problem.because(with_detail(&TooLate::from(book), detail.to_owned()))
            })
        }
        CancelError::Fault(error) => fault(error),
    }
}
