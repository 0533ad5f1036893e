//! `GET /loans`.

use axum::extract::State;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, Reader};
use yujie_table::account;

use crate::App;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoanList {
    /// Soonest due first.
    items: Vec<LoanView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoanView {
    title_id: String,
    title: String,
    barcode: String,
    /// The order that brought it.
    order_no: String,
    /// When the reader got it.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// The last day of the loan, in Shanghai.
    #[schema(value_type = String, format = Date)]
    due: Date,
    /// How often it was renewed.
    renewed: u16,
    /// The return that it is booked for, or on its way back with.
    #[serde(skip_serializing_if = "Option::is_none")]
    return_no: Option<String>,
    /// 归还途中: when the reader handed it over. The loan has stopped since; the book is not in the library yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    handed_over_at: Option<Timestamp>,
}

/// The books that the reader has at home.
#[utoipa::path(
    get,
    path = "/loans",
    tag = "orders",
    security(("reader" = [])),
    responses((status = 200, body = LoanList), (status = 401, body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn list(State(app): State<App>, reader: Reader) -> Result<Json<LoanList>, Problem> {
    let account = account::get(&app.lending.table, &reader.rid)
        .await?
        .ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    let mut items: Vec<LoanView> = account
        .open
        .into_iter()
        .filter_map(|(title_id, item)| {
            let loan = item.loan?;
            Some(LoanView {
                title_id: title_id.to_string(),
                title: item.title,
                barcode: item.barcode.to_string(),
                order_no: item.order_no.to_string(),
                since: loan.since,
                due: loan.due,
                renewed: loan.renewed,
                return_no: item.returning.map(|no| no.to_string()),
                handed_over_at: loan.back,
            })
        })
        .collect();
    items.sort_by(|a, b| (a.due, &a.title_id).cmp(&(b.due, &b.title_id)));
    Ok(Json(LoanList { items }))
}
