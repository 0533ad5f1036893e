//! `DELETE /returns/{return_no}`: the reader keeps the books.

use axum::extract::State;
use http::StatusCode;
use yujie_domain::ReturnNo;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Path, Problem, Reader};

use crate::App;
use crate::refusal;

/// Calls a return off. Books that were handed over stay handed over; the others stay with the reader.
#[utoipa::path(
    delete,
    path = "/returns/{return_no}",
    tag = "returns",
    params(("return_no" = String, Path)),
    security(("reader" = [])),
    responses(
        (status = 204, description = "The reader keeps the books; called off before is the same"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, description = "`handed_over`: all of them were handed over", content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn cancel(
    State(app): State<App>,
    reader: Reader,
    Path(return_no): Path<String>,
) -> Result<StatusCode, Problem> {
    let no = ReturnNo::parse(&return_no).map_err(|_| Problem::new(Code::NotFound))?;
    match app.lending.cancel_return(&reader.rid, &no).await {
        Ok(_) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(refusal::problem(error)),
    }
}
