//! `POST /loans/{barcode}/renewals`.

use axum::extract::State;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use yujie_domain::{Barcode, text};
use yujie_lending::RenewError;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Reader};

use crate::App;
use crate::refusal::{fault, with_detail};

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Renewed {
    barcode: String,
    /// The loan's last day now, in Shanghai.
    #[schema(value_type = String, format = Date)]
    due: Date,
}

/// Renews a loan. It has no idempotency key: a second renewal is refused by the rules, and a repeated request is one.
#[utoipa::path(
    post,
    path = "/loans/{barcode}/renewals",
    tag = "orders",
    params(("barcode" = String, Path)),
    security(("reader" = [])),
    responses(
        (status = 200, body = Renewed),
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
) -> Result<Json<Renewed>, Problem> {
    let barcode = Barcode::parse(&barcode).map_err(|_| Problem::new(Code::NotFound))?;
    match app.lending.renew(&reader.rid, &barcode).await {
        Ok(due) => Ok(Json(Renewed { barcode: barcode.to_string(), due })),
        Err(RenewError::NotFound) => Err(Problem::new(Code::NotFound)),
        Err(RenewError::Refused(reasons)) => {
            Err(reasons.iter().fold(Problem::new(Code::RenewalRefused), |problem, reason| {
                problem.because(with_detail(reason, text::not_renewed(reason)))
            }))
        }
        Err(RenewError::Fault(error)) => Err(fault(error)),
    }
}
