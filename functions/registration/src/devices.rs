//! `/me/sessions`: where a reader is signed in, and the end of it.

use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use yujie_domain::ReaderId;
use yujie_runtime::auth::SessionId;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Oneself, Path, Problem};
use yujie_table::session::{self, Owner, Session};

use crate::App;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionList {
    /// Last used first; ten at most.
    items: Vec<SessionView>,
}

/// A place where the reader is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// Names it here, and opens nothing.
    session_id: String,
    /// The device and its program, as readers call them.
    device: String,
    /// When the reader signed in.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// The Shanghai day of its last use; that is told within half an hour of it.
    #[schema(value_type = String, format = Date)]
    last_used: Date,
    /// Whether this request was made with it.
    current: bool,
}

/// Where the reader is signed in.
#[utoipa::path(
    get,
    path = "/me/sessions",
    tag = "reader",
    security(("reader" = [])),
    responses(
        (status = 200, body = SessionList),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, description = "`not_while_acting`", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Oneself(reader): Oneself,
) -> Result<Json<SessionList>, Problem> {
    let mut sessions = of(&app, &reader.rid).await?;
    sessions.sort_by(|a, b| (b.used, &b.family).cmp(&(a.used, &a.family)));
    let view = |session: Session| SessionView {
        session_id: shown(&app, &session),
        since: SessionId::parse(&session.family).and_then(|family| family.signed_in_at()),
        last_used: session.used,
        current: reader.session.as_ref().is_some_and(|own| own.as_str() == session.family),
        device: session.device,
    };
    Ok(Json(SessionList { items: sessions.into_iter().map(view).collect() }))
}

/// Signs the reader out of one of them.
#[utoipa::path(
    delete,
    path = "/me/sessions/{session_id}",
    tag = "reader",
    params(("session_id" = String, Path)),
    security(("reader" = [])),
    responses(
        (status = 204, description = "It gets no other access token; the one it has is good for half an hour at most."),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, description = "`not_while_acting`", content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn end(
    State(app): State<App>,
    Oneself(reader): Oneself,
    Path(session_id): Path<String>,
) -> Result<StatusCode, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let sessions = of(&app, &reader.rid).await?;
    let meant = sessions.into_iter().find(|session| shown(&app, session) == session_id);
    let owner = Owner::Reader(reader.rid);
    if session::end(&app.table, &owner, &meant.ok_or_else(not_found)?.family).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(not_found())
    }
}

/// Signs the reader out everywhere, here as well.
#[utoipa::path(
    delete,
    path = "/me/sessions",
    tag = "reader",
    security(("reader" = [])),
    responses(
        (status = 204, description = "None gets another access token; those they have are good for half an hour at most."),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, description = "`not_while_acting`", content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn end_all(State(app): State<App>, Oneself(reader): Oneself) -> Result<StatusCode, Problem> {
    session::end_all(&app.table, &Owner::Reader(reader.rid), None, app.edge.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn of(app: &App, rid: &ReaderId) -> Result<Vec<Session>, Problem> {
    Ok(session::list(&app.table, &Owner::Reader(rid.clone()), app.edge.clock.now()).await?)
}

/// How a session is named where it is shown: a family stands in its refresh token, and whoever knows it could end it.
fn shown(app: &App, session: &Session) -> String {
    app.edge.keys.hash("session", &session.family).chars().take(16).collect()
}
