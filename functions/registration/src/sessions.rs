//! `POST /sessions`, `POST /sessions/refresh`, `POST /staff/sessions`.

use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_domain::{CardNo, StaffLogin};
use yujie_runtime::auth::{self, Subject};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, password};
use yujie_table::session::{self, Refreshed};
use yujie_table::{reader, staff as staff_accounts};

use crate::App;

#[derive(Deserialize, ToSchema)]
pub(crate) struct ReaderSignIn {
    card_no: String,
    password: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct StaffSignIn {
    login: String,
    password: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct Refresh {
    refresh_token: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Session {
    /// Goes into `Authorization: Bearer …`.
    access_token: String,
    /// Gets the next pair, once.
    refresh_token: String,
    /// Seconds for which the access token is good.
    expires_in: i64,
}

/// Signs a reader in.
#[utoipa::path(
    post,
    path = "/sessions",
    tag = "cards",
    request_body = ReaderSignIn,
    responses(
        (status = 200, body = Session),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn reader(
    State(app): State<App>,
    Json(given): Json<ReaderSignIn>,
) -> Result<Json<Session>, Problem> {
    // A number that cannot be a card takes the same way as one that is not issued.
    let card = match CardNo::parse(&given.card_no) {
        Ok(card_no) => reader::card(&app.table, &card_no).await?,
        Err(_) => None,
    };
    password::check(&given.password, card.as_ref().map(|card| card.password_hash.as_str()))?;
    let card = card.ok_or_else(|| Problem::new(Code::WrongCredentials))?;
    begin(&app, &Subject::Reader { rid: card.rid }).await
}

/// Signs a member of staff in.
#[utoipa::path(
    post,
    path = "/staff/sessions",
    tag = "staff",
    request_body = StaffSignIn,
    responses(
        (status = 200, body = Session),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn staff(
    State(app): State<App>,
    Json(given): Json<StaffSignIn>,
) -> Result<Json<Session>, Problem> {
    let account = match StaffLogin::parse(&given.login) {
        Ok(login) => staff_accounts::get(&app.table, &login).await?,
        Err(_) => None,
    };
    password::check(&given.password, account.as_ref().map(|account| account.password_hash.as_str()))?;
    let account = account.ok_or_else(|| Problem::new(Code::WrongCredentials))?;
    begin(&app, &Subject::Staff { login: account.login, role: account.role, site: account.site }).await
}

/// Exchanges a refresh token for the next pair. Using one a second time ends the session for everybody who holds it.
#[utoipa::path(
    post,
    path = "/sessions/refresh",
    tag = "cards",
    request_body = Refresh,
    responses(
        (status = 200, body = Session),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn refresh(
    State(app): State<App>,
    Json(given): Json<Refresh>,
) -> Result<Json<Session>, Problem> {
    let refused = || Problem::new(Code::Unauthenticated);
    let (family, secret) =
        given.refresh_token.split_once('.').filter(|(family, _)| is_family(family)).ok_or_else(refused)?;
    let next = secret_of(&app)?;
    let now = app.edge.clock.now();
    let hash = |secret: &str| app.edge.keys.hash("refresh token", secret);
    // Everything that may fail comes before the exchange: afterwards the old token is worth nothing.
    let subject = session::subject(&app.table, family).await?.ok_or_else(refused)?;
    let subject = current(&app, serde_json::from_str(&subject).map_err(Problem::internal)?).await?;
    match session::refresh(&app.table, family, &hash(secret), &hash(&next), now).await? {
        Refreshed::Yes { .. } => answer(&app, &subject, family, &next),
        Refreshed::Unknown => Err(refused()),
        Refreshed::Reused => {
            tracing::warn!("a refresh token was used twice: the session is ended");
            Err(refused())
        }
    }
}

/// The subject as the library knows it now: a member of staff who was moved or has left must not go on as before.
async fn current(app: &App, subject: Subject) -> Result<Subject, Problem> {
    match subject {
        Subject::Reader { .. } => Ok(subject),
        Subject::Staff { login, .. } => {
            let account = staff_accounts::get(&app.table, &login).await?;
            let account = account.ok_or_else(|| Problem::new(Code::Unauthenticated))?;
            Ok(Subject::Staff { login: account.login, role: account.role, site: account.site })
        }
    }
}

pub(crate) async fn begin(app: &App, subject: &Subject) -> Result<Json<Session>, Problem> {
    let now = app.edge.clock.now();
    let family = app.edge.entropy.ulid(now).map_err(Problem::internal)?;
    let secret = secret_of(app)?;
    let subject_text = serde_json::to_string(subject).map_err(Problem::internal)?;
    let hash = app.edge.keys.hash("refresh token", &secret);
    session::begin(&app.table, &family, &subject_text, &hash, now).await?;
    answer(app, subject, &family, &secret)
}

fn answer(app: &App, subject: &Subject, family: &str, secret: &str) -> Result<Json<Session>, Problem> {
    Ok(Json(Session {
        access_token: auth::sign(&app.edge.keys, subject, app.edge.clock.now())?,
        refresh_token: format!("{family}.{secret}"),
        expires_in: auth::LIFETIME.as_secs(),
    }))
}

/// 256 bits of chance, as text.
fn secret_of(app: &App) -> Result<String, Problem> {
    let bytes: [u8; 32] = app.edge.entropy.bytes().map_err(Problem::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Whether this can be a session's name: a ULID.
fn is_family(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|b| b.is_ascii_alphanumeric())
}
