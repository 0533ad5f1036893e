//! `GET /me/notices`: the reader's inbox.

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use yujie_domain::timeline::Step;
use yujie_runtime::page::{self, PageQuery};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, Query, Reader};
use yujie_table::notice::{self, Notice, Sms};

use crate::App;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Inbox {
    /// Newest first.
    items: Vec<NoticeView>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticeView {
    id: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The step that it tells.
    kind: Step,
    order_no: String,
    parcel_no: String,
    text: String,
    sms: SmsState,
}

/// How far the SMS of a notice has come.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SmsState {
    /// On its way.
    Pending,
    /// The provider took it.
    Sent,
}

/// What the reader was told.
#[utoipa::path(
    get,
    path = "/me/notices",
    tag = "reader",
    params(PageQuery),
    security(("reader" = [])),
    responses(
        (status = 200, body = Inbox),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    reader: Reader,
    Query(query): Query<PageQuery>,
) -> Result<Json<Inbox>, Problem> {
    let (limit, after) = (query.limit()?, query.cursor()?);
    if after.as_ref().is_some_and(|cursor| !notice::is_cursor(cursor)) {
        return Err(Problem::new(Code::MalformedRequest).and_field("cursor", "not a cursor of this list"));
    }
    let (notices, next) = notice::list(&app.table, &reader.rid, after.as_deref(), limit).await?;
    Ok(Json(Inbox {
        items: notices.into_iter().map(view).collect(),
        next_cursor: next.as_deref().map(page::cursor),
    }))
}

fn view(notice: Notice) -> NoticeView {
    NoticeView {
        id: format!("{}-{}", notice.parcel_no, notice.step.as_str()),
        at: notice.at,
        kind: notice.step,
        order_no: notice.parcel_no.order_no.to_string(),
        parcel_no: notice.parcel_no.to_string(),
        text: notice.text,
        sms: match notice.sms {
            Sms::Sending => SmsState::Pending,
            Sms::Sent => SmsState::Sent,
        },
    }
}
