//! `POST /returns`: a return is booked.

use std::collections::BTreeSet;

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use yujie_domain::Barcode;
use yujie_domain::returning::{MOST, Wanted};
use yujie_lending::{NewReturn, ReturnError};
use yujie_runtime::idempotent::{self, Begun};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Problem, Reader, extract};
use yujie_table::account;

use crate::App;
use crate::refusal;
use crate::view::{ReturnView, view};

/// Loans to be given back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedReturn {
    /// The copies: 1 to 20.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 20)]
    barcodes: BTreeSet<Barcode>,
    way: Wanted,
}

/// Books the return of loans. The loans run until the books are handed over.
#[utoipa::path(
    post,
    path = "/returns",
    tag = "returns",
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters")),
    request_body = WantedReturn,
    security(("reader" = [])),
    responses(
        (status = 201, body = ReturnView),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, description = "`return_refused`: all that stands in the way in `reasons`", content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn book(
    State(app): State<App>,
    reader: Reader,
    request: Request,
) -> Result<Response, Problem> {
    let lending = &app.lending;
    let begun =
        idempotent::begin(&lending.table, &lending.edge.keys, "POST /returns", reader.rid.as_str(), request)
            .await?;
    let (known, body) = match begun {
        Begun::Answered(answer) => return Ok(answer),
        Begun::New { known, body } => (known, body),
    };
    let wanted: WantedReturn = extract::parse(&body)?;
    if wanted.barcodes.is_empty() || wanted.barcodes.len() > MOST {
        return Err(Problem::field("barcodes", "1 to 20 books"));
    }
    let new = NewReturn { barcodes: wanted.barcodes.into_iter().collect(), way: wanted.way };
    let booked = lending.book_return(&reader.rid, &new, &known, |booked| {
        idempotent::answer(StatusCode::CREATED, &view(booked)).map_err(NotBooked::Problem)
    });
    match booked.await {
        Ok(answer) => idempotent::respond(&answer),
        Err(NotBooked::Problem(problem)) => Err(problem),
        Err(NotBooked::Return(error)) => {
            // What stands in the way may be this very request, made twice at once: then the first one's answer stands.
            if let Some(first) = idempotent::replay(&lending.table, &known).await? {
                return Ok(first);
            }
            let ReturnError::Refused { reasons, obstacles } = error else {
                return Err(refusal::problem(error));
            };
            let account = account::get(&lending.table, &reader.rid).await?;
            let account = account.ok_or_else(|| Problem::new(Code::Unauthenticated))?;
            Err(refusal::refused(lending, &account, &new.way, (&reasons, &obstacles)).await)
        }
    }
}

/// Why no return was answered.
enum NotBooked {
    Return(ReturnError),
    Problem(Problem),
}

impl From<ReturnError> for NotBooked {
    fn from(error: ReturnError) -> Self {
        Self::Return(error)
    }
}
