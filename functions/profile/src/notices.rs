//! `GET /me/notices`: the reader's inbox.

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use yujie_domain::returning::Step as ReturnStep;
use yujie_domain::timeline::Step;
use yujie_runtime::page::{self, PageQuery};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, Query, Reader};
use yujie_table::notice::{self, About, Notice, Sms};

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
    kind: NoticeKind,
    /// The order, when it is about a parcel.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_no: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parcel_no: Option<String>,
    /// The return, when it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    return_no: Option<String>,
    /// The title, when it is about a place in its queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    title_id: Option<String>,
    text: String,
    sms: SmsState,
}

/// A step of a parcel or of a return, or what became of a wait.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum NoticeKind {
    /// Of a parcel.
    Parcel(Step),
    /// Of a return.
    Return(ReturnStep),
    /// Of a wait.
    Wait(WaitNews),
}

/// What became of a wait.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WaitNews {
    /// It is longer than is reasonable, or without end: `GET /holds` has what can be done instead.
    HoldHopeless,
}

/// How far the SMS of a notice has come.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SmsState {
    /// On its way.
    Pending,
    /// The provider took it.
    Sent,
    /// The phone takes none: the number is wrong, or its owner wants no SMS.
    Refused,
    /// The reader did not want one.
    Off,
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
    let (notices, next) = notice::list(&app.lending.table, &reader.rid, after.as_deref(), limit).await?;
    Ok(Json(Inbox {
        items: notices.into_iter().map(view).collect(),
        next_cursor: next.as_deref().map(page::cursor),
    }))
}

fn view(notice: Notice) -> NoticeView {
    let id = notice.id();
    let (kind, parcel, return_no, title_id) = match notice.about {
        About::Parcel { no, step } => (NoticeKind::Parcel(step), Some(no), None, None),
        About::Return { no, step } => (NoticeKind::Return(step), None, Some(no), None),
        About::Wait { title_id } => (NoticeKind::Wait(WaitNews::HoldHopeless), None, None, Some(title_id)),
    };
    NoticeView {
        id,
        at: notice.at,
        kind,
        order_no: parcel.as_ref().map(|no| no.order_no.to_string()),
        parcel_no: parcel.map(|no| no.to_string()),
        return_no: return_no.map(|no| no.to_string()),
        title_id: title_id.map(|id| id.to_string()),
        text: notice.text,
        sms: match notice.sms {
            Sms::Sending => SmsState::Pending,
            Sms::Sent => SmsState::Sent,
            Sms::Refused => SmsState::Refused,
            Sms::Off => SmsState::Off,
        },
    }
}
