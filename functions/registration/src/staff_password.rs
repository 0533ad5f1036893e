//! `POST /staff/password`: another password, by a member of staff who knows the old one; and one's own, instead of a temporary one.

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use yujie_domain::staff::Account;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, Source, password};
use yujie_table::staff::{self, Changed};

use crate::App;
use crate::limits::{self, Name};
use crate::sessions::known_by;

#[derive(Deserialize, ToSchema)]
pub(crate) struct StaffPasswordChange {
    login: String,
    /// The old one, or the temporary one.
    old_password: String,
    /// 8 to 128 characters; not the login, not the old one, no date, none of the commonest.
    new_password: String,
}

/// Sets another password. All sessions of that member of staff end; nobody is signed in by it.
#[utoipa::path(
    post,
    path = "/staff/password",
    tag = "staff",
    request_body = StaffPasswordChange,
    responses(
        (status = 204),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`Retry-After` says when.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change(
    State(app): State<App>,
    source: Source,
    Json(given): Json<StaffPasswordChange>,
) -> Result<StatusCode, Problem> {
    password::choose(&given.new_password, "new_password", &[&given.login, &given.old_password])?;
    let admitted = limits::admit(&app, Name::Login(&given.login), &source).await?;
    let account = known_by(&app, &given.login, &given.old_password).await?;
    admitted.succeeded(&app).await?;
    let changed = Account {
        password_hash: password::hash(&given.new_password, &app.edge.entropy)?,
        temporary: false,
        version: account.version + 1,
        ..account
    };
    match staff::change(&app.table, &changed, app.edge.clock.now()).await? {
        Changed::Now => {
            tracing::info!(staff.login = %changed.login, "password changed");
            Ok(StatusCode::NO_CONTENT)
        }
        Changed::Overtaken | Changed::LastAdministrator => Err(Problem::new(Code::ChangedMeanwhile)),
    }
}
