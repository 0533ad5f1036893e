//! `POST /sessions`, `POST /staff/sessions`, `POST /sessions/refresh`, `DELETE /sessions/current`.

use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use yujie_domain::staff::Account;
use yujie_domain::{CardNo, ReaderId, SiteId, StaffLogin};
use yujie_runtime::auth::{self, SessionId, SignedIn, Subject};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, Source, password};
use yujie_table::session::{self, Begun, NewSession, Owner, Refreshed};
use yujie_table::{Write, reader, staff as staff_accounts};

use crate::App;
use crate::limits::{self, Name};

#[derive(Deserialize, ToSchema)]
pub(crate) struct ReaderSignIn {
    card_no: String,
    password: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct StaffSignIn {
    login: String,
    password: String,
    /// Where to work: needed by those who work at several sites.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    site_id: Option<SiteId>,
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
        (status = 409, description = "The password is an initial one: `POST /password-resets` sets the reader's own.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`Retry-After` says when.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, description = "`card_lost`", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn reader(
    State(app): State<App>,
    source: Source,
    Json(given): Json<ReaderSignIn>,
) -> Result<Json<Session>, Problem> {
    let admitted = limits::admit(&app, Name::Card(&given.card_no), &source).await?;
    // A number that cannot be a card takes the same way as one that is not issued.
    let found = match CardNo::parse(&given.card_no) {
        Ok(no) => reader::card(&app.table, &no).await?.map(|card| (no, card)),
        Err(_) => None,
    };
    password::check(&given.password, found.as_ref().and_then(|(_, card)| card.password_hash.as_deref()))?;
    let (no, card) = found.ok_or_else(|| Problem::new(Code::WrongCredentials))?;
    admitted.succeeded(&app).await?;
    if card.lost.is_some() {
        return Err(Problem::new(Code::CardLost));
    }
    if card.initial {
        return Err(Problem::new(Code::PasswordMustBeSet));
    }
    let on = [reader::unchanged(&no, &card)];
    begin(&app, &Subject::Reader { rid: card.rid, by: None }, &source, &on).await
}

/// Signs a member of staff in, for one of the sites where they work.
#[utoipa::path(
    post,
    path = "/staff/sessions",
    tag = "staff",
    request_body = StaffSignIn,
    responses(
        (status = 200, body = Session),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The password is a temporary one (`POST /staff/password` sets another), or a site must be chosen.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`Retry-After` says when.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn staff(
    State(app): State<App>,
    source: Source,
    Json(given): Json<StaffSignIn>,
) -> Result<Json<Session>, Problem> {
    let admitted = limits::admit(&app, Name::Login(&given.login), &source).await?;
    let account = known_by(&app, &given.login, &given.password).await?;
    admitted.succeeded(&app).await?;
    if account.temporary {
        return Err(Problem::new(Code::PasswordMustBeSet));
    }
    let on = [staff_accounts::unchanged(&account)];
    let (site, role) = account.post(given.site_id.as_ref()).ok_or_else(|| choose(&account))?;
    begin(&app, &Subject::Staff { login: account.login, role, site }, &source, &on).await
}

/// The account with this login, if the password is its own. A disabled one is answered as a wrong password is.
pub(crate) async fn known_by(app: &App, login: &str, password: &str) -> Result<Account, Problem> {
    let account = match StaffLogin::parse(login) {
        Ok(login) => staff_accounts::get(&app.table, &login).await?,
        Err(_) => None,
    };
    password::check(password, account.as_ref().map(|account| account.password_hash.as_str()))?;
    account.filter(|account| !account.disabled).ok_or_else(|| Problem::new(Code::WrongCredentials))
}

fn choose(account: &Account) -> Problem {
    account.posts.iter().fold(Problem::new(Code::ChooseSite), |problem, (site, role)| {
        problem.because(json!({"code": "site", "site_id": site, "role": role}))
    })
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
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn refresh(
    State(app): State<App>,
    Json(given): Json<Refresh>,
) -> Result<Json<Session>, Problem> {
    let refused = || Problem::new(Code::Unauthenticated);
    let Token { holder, family, secret } = Token::parse(&given.refresh_token).ok_or_else(refused)?;
    let next = secret_of(&app)?;
    let now = app.edge.clock.now();
    let hash = |secret: &str| app.edge.keys.hash("refresh token", secret);
    // Everything that may fail comes before the exchange: afterwards the old token is worth nothing.
    let subject = current(&app, &holder).await?;
    let (owner, site) = (holder.owner(), holder.site());
    let tokens = (hash(&secret), hash(&next));
    let exchanged =
        session::refresh(&app.table, &owner, (family.as_str(), site), (&tokens.0, &tokens.1), now);
    match exchanged.await? {
        Refreshed::Yes => answer(&app, &subject, Token { holder, family, secret: next }),
        Refreshed::Unknown => Err(refused()),
        Refreshed::Reused => {
            tracing::warn!("a refresh token was used twice: the session is ended");
            Err(refused())
        }
    }
}

/// Signs out: the session that the access token belongs to gets no other one. The token itself is good until it expires, half an hour at most.
#[utoipa::path(
    delete,
    path = "/sessions/current",
    tag = "cards",
    security(("reader" = []), ("staff" = [])),
    responses(
        (status = 204, description = "It has ended, now or before."),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn end(State(app): State<App>, signed_in: SignedIn) -> Result<StatusCode, Problem> {
    if let Some(session) = &signed_in.session {
        let owner = Holder::of(&signed_in.subject).owner();
        session::end(&app.table, &owner, session.as_str()).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Whose a refresh token says that it is. It is believed when a session of theirs has that token.
#[derive(Debug)]
enum Holder {
    Reader(ReaderId),
    /// With the site that was chosen at the sign-in.
    Staff(StaffLogin, SiteId),
}

impl Holder {
    fn of(subject: &Subject) -> Self {
        match subject {
            Subject::Reader { rid, .. } => Self::Reader(rid.clone()),
            Subject::Staff { login, site, .. } => Self::Staff(login.clone(), site.clone()),
        }
    }

    fn owner(&self) -> Owner {
        match self {
            Self::Reader(rid) => Owner::Reader(rid.clone()),
            Self::Staff(login, _) => Owner::Staff(login.clone()),
        }
    }

    fn site(&self) -> Option<&SiteId> {
        match self {
            Self::Reader(_) => None,
            Self::Staff(_, site) => Some(site),
        }
    }
}

/// A refresh token: `r.<reader>.<family>.<secret>` or `s.<login>.<site>.<family>.<secret>`. It says whose it is, so that it is exchanged without
/// looking for it.
struct Token {
    holder: Holder,
    family: SessionId,
    secret: String,
}

impl Token {
    fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let (holder, family, secret) = match *parts.as_slice() {
            ["r", rid, family, secret] => (Holder::Reader(ReaderId::parse(rid).ok()?), family, secret),
            ["s", login, site, family, secret] => {
                let holder = Holder::Staff(StaffLogin::parse(login).ok()?, SiteId::parse(site).ok()?);
                (holder, family, secret)
            }
            _ => return None,
        };
        Some(Self { holder, family: SessionId::parse(family)?, secret: secret.to_owned() })
    }

    fn text(&self) -> String {
        let Self { holder, family, secret } = self;
        let family = family.as_str();
        match holder {
            Holder::Reader(rid) => format!("r.{rid}.{family}.{secret}"),
            Holder::Staff(login, site) => format!("s.{login}.{site}.{family}.{secret}"),
        }
    }
}

/// The subject as the library knows it now: a member of staff who was moved or has left must not go on as before.
async fn current(app: &App, holder: &Holder) -> Result<Subject, Problem> {
    match holder {
        Holder::Reader(rid) => Ok(Subject::Reader { by: None, rid: rid.clone() }),
        Holder::Staff(login, site) => {
            let account = staff_accounts::get(&app.table, login).await?;
            let post = account.and_then(|account| account.post(Some(site)));
            let (site, role) = post.ok_or_else(|| Problem::new(Code::Unauthenticated))?;
            Ok(Subject::Staff { login: login.clone(), role, site })
        }
    }
}

/// Begins a session of somebody who has proved who they are, if what proved it (`on`) still stands: what they are refused for meanwhile, a changed password
/// or account, ends all sessions, and this one must not be forgotten among them.
pub(crate) async fn begin(
    app: &App,
    subject: &Subject,
    source: &Source,
    on: &[Write],
) -> Result<Json<Session>, Problem> {
    let now = app.edge.clock.now();
    let family = app.edge.entropy.ulid(now).map_err(Problem::internal)?;
    let family = SessionId::parse(&family).ok_or_else(|| Problem::internal("no ULID was drawn"))?;
    let token = Token { holder: Holder::of(subject), family, secret: secret_of(app)? };
    let new = NewSession {
        family: token.family.as_str().to_owned(),
        token_hash: app.edge.keys.hash("refresh token", &token.secret),
        device: source.device.clone(),
        site: token.holder.site().cloned(),
    };
    match session::begin(&app.table, &token.holder.owner(), &new, on, now).await? {
        Begun::Now => answer(app, subject, token),
        Begun::Overtaken => Err(Problem::new(Code::WrongCredentials)),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "a token that was answered is not used again")]
fn answer(app: &App, subject: &Subject, token: Token) -> Result<Json<Session>, Problem> {
    Ok(Json(Session {
        access_token: auth::sign(&app.edge.keys, subject, Some(&token.family), app.edge.clock.now())?,
        refresh_token: token.text(),
        expires_in: auth::LIFETIME.as_secs(),
    }))
}

/// 256 bits of chance, as text.
fn secret_of(app: &App) -> Result<String, Problem> {
    let bytes: [u8; 32] = app.edge.entropy.bytes().map_err(Problem::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
