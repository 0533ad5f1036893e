//! `/staff/accounts`: who works here, where and as what. Each change is made at the version that its writer saw, with a reason that stays in the account.

use std::collections::BTreeMap;

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_domain::staff::{Account, Change, Deed, Duty, Reason, Role};
use yujie_domain::{SiteId, StaffLogin};
use yujie_runtime::idempotent::Begun;
use yujie_runtime::page::{self, PageQuery};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Query, Staff, extract, idempotent, password};
use yujie_table::site;
use yujie_table::staff::{self, Added, Changed};

use crate::App;

/// What somebody does at a site.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct Post {
    #[schema(value_type = String)]
    site_id: SiteId,
    role: Role,
}

/// A colleague to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    /// 2 to 32 letters, digits, `-` and `_`.
    login: String,
    /// For colleagues: 1 to 50 characters.
    name: String,
    /// One at each of 1 to 20 sites.
    posts: Vec<Post>,
    /// Good for setting another one, and for nothing else. It is handed over in person.
    temporary_password: String,
    /// Why, for those who ask later.
    #[schema(min_length = 1, max_length = 300)]
    reason: String,
}

/// What an account is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountChange {
    name: String,
    /// All of them: what is not in this list is taken away.
    posts: Vec<Post>,
    /// Whether its owner is shut out.
    disabled: bool,
    /// The version that was seen.
    version: u64,
    /// Why, for those who ask later.
    #[schema(min_length = 1, max_length = 300)]
    reason: String,
}

/// A temporary password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaffPasswordReset {
    temporary_password: String,
    /// The version that was seen.
    version: u64,
    /// Why, for those who ask later.
    #[schema(min_length = 1, max_length = 300)]
    reason: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountList {
    /// By login.
    items: Vec<AccountView>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountView {
    login: String,
    name: String,
    posts: Vec<Post>,
    /// Its owner is shut out.
    disabled: bool,
    /// Its owner has to set a password before signing in.
    temporary: bool,
    /// Named when it is changed.
    version: u64,
    /// What was done to it, newest first, a hundred at most; in the list the last one alone.
    history: Vec<Change>,
}

/// All accounts.
#[utoipa::path(
    get,
    path = "/staff/accounts",
    tag = "staff",
    params(PageQuery),
    security(("staff" = [])),
    responses(
        (status = 200, body = AccountList),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    staff: Staff,
    Query(query): Query<PageQuery>,
) -> Result<Json<AccountList>, Problem> {
    staff.must(Duty::Accounts)?;
    let (limit, after) = (query.limit()?, query.cursor()?);
    if after.as_ref().is_some_and(|login| StaffLogin::parse(login).is_err()) {
        return Err(Problem::new(Code::MalformedRequest).and_field("cursor", "not a cursor of this list"));
    }
    let (accounts, next) = staff::list(&app.table, after.as_deref(), limit).await?;
    let items = accounts.into_iter().map(|account| {
        let mut view = view(account);
        view.history.truncate(1);
        view
    });
    Ok(Json(AccountList { items: items.collect(), next_cursor: next.as_deref().map(page::cursor) }))
}

/// An account with its history.
#[utoipa::path(
    get,
    path = "/staff/accounts/{login}",
    tag = "staff",
    params(("login" = String, Path)),
    security(("staff" = [])),
    responses(
        (status = 200, body = AccountView),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    staff: Staff,
    Path(login): Path<String>,
) -> Result<Json<AccountView>, Problem> {
    staff.must(Duty::Accounts)?;
    Ok(Json(view(found(&app, &login).await?)))
}

/// Adds a colleague.
#[utoipa::path(
    post,
    path = "/staff/accounts",
    tag = "staff",
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters")),
    request_body = NewAccount,
    security(("staff" = [])),
    responses(
        (status = 201, body = AccountView),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The login is somebody's.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add(State(app): State<App>, staff: Staff, request: Request) -> Result<Response, Problem> {
    staff.must(Duty::Accounts)?;
    let edge = &app.edge;
    let action = "POST /staff/accounts";
    let begun = idempotent::begin(&app.table, &edge.keys, action, staff.login.as_str(), request).await?;
    let (known, body) = match begun {
        Begun::Answered(answer) => return Ok(answer),
        Begun::New { known, body } => (known, body),
    };
    let new: NewAccount = extract::parse(&body)?;
    let (login, reason) = (StaffLogin::parse(&new.login)?, Reason::parse(&new.reason)?);
    let (name, posts) = (named(&new.name)?, posted(&app, new.posts).await?);
    password::choose(&new.temporary_password, "temporary_password", &[login.as_str()])?;
    let now = edge.clock.now();
    let hash = password::hash(&new.temporary_password, &edge.entropy)?;
    let mut account = Account { temporary: true, ..Account::new(login, name, posts, hash) };
    account.note(Deed::Added, staff.login.as_str(), &reason, now);
    let answer = idempotent::answer(StatusCode::CREATED, &view(account.clone()))?;
    match staff::add(&app.table, &account, &known, &answer, now).await? {
        Added::Now => {
            tracing::info!(staff.login = %account.login, by = %staff.login, "account added");
            idempotent::respond(&answer)
        }
        Added::Known(seen) => idempotent::answer_known(seen)?.ok_or_else(|| Problem::new(Code::Busy)),
        Added::Taken => Err(Problem::new(Code::LoginTaken)),
    }
}

/// Changes what a colleague may do, and where; shuts one out, or lets them in again. All their sessions end.
#[utoipa::path(
    put,
    path = "/staff/accounts/{login}",
    tag = "staff",
    params(("login" = String, Path)),
    request_body = AccountChange,
    security(("staff" = [])),
    responses(
        (status = 200, body = AccountView),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Another version stands, or nobody would be left who administers.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change(
    State(app): State<App>,
    staff: Staff,
    Path(login): Path<String>,
    Json(change): Json<AccountChange>,
) -> Result<Json<AccountView>, Problem> {
    staff.must(Duty::Accounts)?;
    let account = found(&app, &login).await?;
    let (name, posts) = (named(&change.name)?, posted(&app, change.posts).await?);
    let reason = Reason::parse(&change.reason)?;
    let deed = match (account.disabled, change.disabled) {
        (false, true) => Deed::Disabled,
        (true, false) => Deed::Enabled,
        (false, false) | (true, true) => Deed::Changed,
    };
    let changed = Account { name, posts, disabled: change.disabled, ..account };
    store(&app, &staff, changed, change.version, (deed, &reason)).await
}

/// Gives a colleague a temporary password, with which nothing can be done but setting another one. All their sessions end.
#[utoipa::path(
    post,
    path = "/staff/accounts/{login}/password",
    tag = "staff",
    params(("login" = String, Path)),
    request_body = StaffPasswordReset,
    security(("staff" = [])),
    responses(
        (status = 200, body = AccountView),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Another version stands.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn reset_password(
    State(app): State<App>,
    staff: Staff,
    Path(login): Path<String>,
    Json(reset): Json<StaffPasswordReset>,
) -> Result<Json<AccountView>, Problem> {
    staff.must(Duty::Accounts)?;
    let account = found(&app, &login).await?;
    let reason = Reason::parse(&reset.reason)?;
    password::choose(&reset.temporary_password, "temporary_password", &[account.login.as_str()])?;
    let password_hash = password::hash(&reset.temporary_password, &app.edge.entropy)?;
    let changed = Account { password_hash, temporary: true, ..account };
    store(&app, &staff, changed, reset.version, (Deed::PasswordReset, &reason)).await
}

/// Writes down what was done and by whom, and puts the account in the place of the version that was seen.
async fn store(
    app: &App,
    by: &Staff,
    mut account: Account,
    seen: u64,
    (deed, reason): (Deed, &Reason),
) -> Result<Json<AccountView>, Problem> {
    let now = app.edge.clock.now();
    account.note(deed, by.login.as_str(), reason, now);
    account.version = seen.saturating_add(1);
    match staff::change(&app.table, &account, now).await? {
        Changed::Now => {
            tracing::info!(staff.login = %account.login, by = %by.login, ?deed, "account changed");
            Ok(Json(view(account)))
        }
        Changed::Overtaken => Err(Problem::new(Code::ChangedMeanwhile)),
        Changed::LastAdministrator => Err(Problem::new(Code::LastAdministrator)),
    }
}

async fn found(app: &App, login: &str) -> Result<Account, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let login = StaffLogin::parse(login).map_err(|_| not_found())?;
    staff::get(&app.table, &login).await?.ok_or_else(not_found)
}

fn named(name: &str) -> Result<String, Problem> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 50 || name.chars().any(char::is_control) {
        return Err(Problem::field("name", "1 to 50 characters"));
    }
    Ok(name.to_owned())
}

/// The posts by their sites; or every fault of theirs, by its place in the list.
async fn posted(app: &App, posts: Vec<Post>) -> Result<BTreeMap<SiteId, Role>, Problem> {
    if !(1..=Account::POSTS).contains(&posts.len()) {
        return Err(Problem::field("posts", format!("1 to {}", Account::POSTS)));
    }
    let (mut good, mut wrong) = (BTreeMap::new(), None);
    for (place, Post { site_id, role }) in posts.into_iter().enumerate() {
        let why = match site::get(&app.table, &site_id).await? {
            None => "no such site",
            Some(_) if good.insert(site_id, role).is_some() => "one role at a site",
            Some(_) => continue,
        };
        let problem = wrong.unwrap_or_else(|| Problem::new(Code::InvalidField));
        wrong = Some(problem.and_field(&format!("posts.{place}.site_id"), why));
    }
    wrong.map_or(Ok(good), Err)
}

fn view(account: Account) -> AccountView {
    let posts = account.posts.into_iter().map(|(site_id, role)| Post { site_id, role });
    AccountView {
        login: account.login.to_string(),
        name: account.name,
        posts: posts.collect(),
        disabled: account.disabled,
        temporary: account.temporary,
        version: account.version,
        history: account.history.into_iter().rev().collect(),
    }
}
