//! Readers inside WeChat: signing in with it, binding it to a card, and what pages need there.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use yujie_runtime::auth::Subject;
use yujie_runtime::contact::{self, Place};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Oneself, Problem, Query, Source, extract};
use yujie_table::wechat::{self, Binding, Bound};
use yujie_table::{account, reader};
use yujie_wechat_desk::{Config, Desk, DeskError, LIFETIME, OpenId};

use crate::App;
use crate::sessions::{self, Session};

#[derive(Deserialize, ToSchema)]
pub(crate) struct Begin {
    /// Where the reader comes back to: a path of the library's own pages, such as `/me`.
    return_to: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Authorisation {
    /// Where the page goes. The reader comes back with `code` and `state` in the query.
    url: String,
    /// Kept by the page, and shown with both.
    proof: String,
    /// Seconds that the reader has.
    expires_in: i64,
}

/// What a reader comes back with.
#[derive(Deserialize, ToSchema)]
pub(crate) struct CameBack {
    code: String,
    state: String,
    /// As given when it began.
    proof: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BindingView {
    /// Whether the reader has bound WeChat.
    bound: bool,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
}

#[derive(Deserialize, IntoParams)]
pub(crate) struct PageOf {
    /// The page's whole address without what follows `#`.
    url: String,
}

/// What `wx.config` is given.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub(crate) struct PageConfig(Config);

/// Begins to learn who is reading, without asking them.
#[utoipa::path(
    post,
    path = "/wechat/authorisations",
    tag = "wechat",
    request_body = Begin,
    responses(
        (status = 201, body = Authorisation),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, description = "`wechat_not_offered`", content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn begin(State(app): State<App>, Json(wanted): Json<Begin>) -> Result<Response, Problem> {
    let begun = desk(&app)?.begin(&wanted.return_to).map_err(|error| told(error, "return_to"))?;
    let body = Authorisation { url: begun.url, proof: begun.proof, expires_in: LIFETIME.as_secs() };
    Ok(extract::json(StatusCode::CREATED, serde_json::to_string(&body).map_err(Problem::internal)?))
}

/// Signs in the reader who has bound this WeChat.
#[utoipa::path(
    post,
    path = "/sessions/wechat",
    tag = "wechat",
    request_body = CameBack,
    responses(
        (status = 200, body = Session),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, description = "`card_lost`", content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, description = "`wechat_not_bound`, or `wechat_not_offered`", content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, description = "`wechat_snapshot`", content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, description = "`wechat_begin_anew`", content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, description = "`wechat_unavailable`", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn sign_in(
    State(app): State<App>,
    source: Source,
    Json(back): Json<CameBack>,
) -> Result<Json<Session>, Problem> {
    let openid = known(&app, &back).await?;
    let rid = wechat::reader_of(&app.table, &openid_hash(&app, &openid)).await?;
    let rid = rid.ok_or_else(|| Problem::new(Code::WechatNotBound))?;
    // Of a reader who is leaving, or whose card is being replaced, there is none to begin a session on.
    let account = account::get(&app.table, &rid).await?.ok_or_else(|| Problem::new(Code::WechatNotBound))?;
    let card = reader::card(&app.table, &account.card_no).await?.ok_or_else(|| Problem::new(Code::Busy))?;
    if card.lost.is_some() {
        return Err(Problem::new(Code::CardLost));
    }
    let on = [reader::unchanged(&account.card_no, &card)];
    sessions::begin(&app, &Subject::Reader { rid, by: None }, &source, &on).await
}

/// Binds this WeChat to the signed-in reader's card, in the place of another one that it may have had.
#[utoipa::path(
    put,
    path = "/me/wechat",
    tag = "wechat",
    request_body = CameBack,
    security(("reader" = [])),
    responses(
        (status = 200, body = BindingView),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, description = "`not_while_acting`", content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, description = "`wechat_not_offered`", content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, description = "`wechat_taken`, or `wechat_snapshot`", content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, description = "`wechat_begin_anew`", content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, description = "`wechat_unavailable`", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn bind(
    State(app): State<App>,
    Oneself(reader): Oneself,
    Json(back): Json<CameBack>,
) -> Result<Json<BindingView>, Problem> {
    let openid = known(&app, &back).await?;
    let place = Place::WeChat(&reader.rid);
    let sealed = contact::seal(&app.edge.keys, &app.edge.entropy, place, &openid)?;
    let new = Binding { openid_hash: openid_hash(&app, &openid), sealed, since: app.edge.clock.now() };
    match wechat::bind(&app.table, &reader.rid, &new).await? {
        Bound::Now | Bound::Already => show(State(app), Oneself(reader)).await,
        Bound::Taken => Err(Problem::new(Code::WechatTaken)),
    }
}

/// Whether the reader has bound WeChat.
#[utoipa::path(
    get,
    path = "/me/wechat",
    tag = "wechat",
    security(("reader" = [])),
    responses(
        (status = 200, body = BindingView),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, description = "`not_while_acting`", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    Oneself(reader): Oneself,
) -> Result<Json<BindingView>, Problem> {
    let since = wechat::binding(&app.table, &reader.rid).await?.map(|binding| binding.since);
    Ok(Json(BindingView { bound: since.is_some(), since }))
}

/// Ends the binding: this WeChat signs nobody in any more, and gets no notices.
#[utoipa::path(
    delete,
    path = "/me/wechat",
    tag = "wechat",
    security(("reader" = [])),
    responses(
        (status = 200, body = BindingView),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, description = "`not_while_acting`", content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn unbind(
    State(app): State<App>,
    Oneself(reader): Oneself,
) -> Result<Json<BindingView>, Problem> {
    wechat::unbind(&app.table, &reader.rid).await?;
    Ok(Json(BindingView { bound: false, since: None }))
}

/// What a page needs to scan and to pay inside WeChat.
#[utoipa::path(
    get,
    path = "/wechat/page-config",
    tag = "wechat",
    params(PageOf),
    responses(
        (status = 200, body = PageConfig),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, description = "`wechat_not_offered`", content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, description = "`wechat_unavailable`", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn page_config(
    State(app): State<App>,
    Query(page): Query<PageOf>,
) -> Result<Json<PageConfig>, Problem> {
    let config = desk(&app)?.page_config(&page.url).await.map_err(|error| told(error, "url"))?;
    Ok(Json(PageConfig(config)))
}

fn desk(app: &App) -> Result<&Desk, Problem> {
    app.wechat.as_ref().ok_or_else(|| Problem::new(Code::WechatNotOffered))
}

async fn known(app: &App, back: &CameBack) -> Result<OpenId, Problem> {
    let known = desk(app)?.known(&back.code, &back.state, &back.proof).await;
    known.map_err(|error| told(error, "state"))
}

fn openid_hash(app: &App, openid: &OpenId) -> String {
    app.edge.keys.hash("openid", openid.as_str())
}

fn told(error: DeskError, field: &'static str) -> Problem {
    match error {
        DeskError::NotOurs => Problem::field(field, "not a page of the library"),
        DeskError::BeginAnew => Problem::new(Code::WechatBeginAnew),
        DeskError::Snapshot => Problem::new(Code::WechatSnapshot),
        DeskError::Unavailable(why) => {
            tracing::warn!(why, "WeChat does not answer as it should");
            Problem::new(Code::WechatUnavailable)
        }
        DeskError::Table(error) => error.into(),
        DeskError::Seal(error) => Problem::internal(error),
    }
}
