//! `POST /loans/{barcode}/renewals`.

use axum::extract::State;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use yujie_domain::{Barcode, text};
use yujie_lending::RenewError;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Query, Reader};

use crate::App;
use crate::refusal::{fault, with_detail};

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Renewed {
    barcode: String,
    /// The loan's last day now, in Shanghai.
    #[schema(value_type = String, format = Date)]
    due: Date,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Seen {
    /// The loan's last day as the reader sees it. A request whose answer was lost is then no second renewal when it is repeated.
    #[serde(default)]
    #[param(value_type = Option<String>, format = Date)]
    due: Option<Date>,
}

/// Renews a loan. In place of an idempotency key it takes the last day from which it is renewed: a loan that has a later one by now was renewed.
#[utoipa::path(
    post,
    path = "/loans/{barcode}/renewals",
    tag = "orders",
    params(("barcode" = String, Path), Seen),
    security(("reader" = [])),
    responses(
        (status = 200, body = Renewed),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, description = "`renewal_refused`: all reasons in `reasons`", content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn renew(
    State(app): State<App>,
    reader: Reader,
    Path(barcode): Path<String>,
    Query(seen): Query<Seen>,
) -> Result<Json<Renewed>, Problem> {
    let barcode = Barcode::parse(&barcode).map_err(|_| Problem::new(Code::LoanNotFound))?;
    match app.lending.renew(&reader.rid, &barcode, seen.due).await {
        Ok(due) => Ok(Json(Renewed { barcode: barcode.to_string(), due })),
        Err(RenewError::NotFound) => Err(Problem::new(Code::LoanNotFound)),
        Err(RenewError::Refused(reasons)) => {
            Err(reasons.iter().fold(Problem::new(Code::RenewalRefused), |problem, reason| {
                problem.because(with_detail(reason, text::not_renewed(reason)))
            }))
        }
        Err(RenewError::Fault(error)) => Err(fault(error)),
    }
}
