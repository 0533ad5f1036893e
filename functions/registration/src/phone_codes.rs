//! `POST /phone-codes`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_domain::{Mobile, telling};
use yujie_phones::NotSent;
use yujie_runtime::contact;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, Source, extract};
use yujie_table::phone_code::{self, Put};

pub(crate) use yujie_runtime::contact::Purpose;

use crate::{App, limits};

#[derive(Deserialize, ToSchema)]
#[schema(as = PhoneCodeWanted)]
pub(crate) struct Wanted {
    /// A mainland mobile number.
    phone: String,
    /// What the code is for; a card when nothing is said.
    #[serde(default)]
    purpose: Purpose,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sent {
    /// Seconds for which the code is good.
    expires_in: i64,
}

/// Sends a code of six digits to a phone. The answer is the same whether or not the number is known here. A new code takes the place of the one
/// before it, whatever that was for.
#[utoipa::path(
    post,
    path = "/phone-codes",
    tag = "cards",
    request_body = Wanted,
    responses(
        (status = 202, body = Sent),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`Retry-After` says when.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, description = "`sms_unavailable`", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn send(
    State(app): State<App>,
    source: Source,
    Json(wanted): Json<Wanted>,
) -> Result<Response, Problem> {
    let phone = Mobile::parse(&wanted.phone)?;
    let edge = &app.edge;
    let code = format!("{:06}", edge.entropy.number().map_err(Problem::internal)? % 1_000_000);
    let phone_hash = phone_hash(&app, &phone);
    limits::allow_code(&app, &source).await?;
    let hash = code_hash(&app, wanted.purpose, &phone, &code);
    match phone_code::put(&app.table, &phone_hash, &hash, edge.clock.now()).await? {
        Put::Now => {}
        Put::Wait(wait) => return Err(Problem::too_often(wait)),
    }
    let reference = edge.entropy.ulid(edge.clock.now()).map_err(Problem::internal)?;
    match app.phones.send(&phone, &telling::phone_code(code), &reference).await {
        // What is perhaps on its way is looked for on the phone, and can be asked for again in a minute.
        Ok(()) | Err(NotSent::Perhaps(_)) => {}
        Err(NotSent::Never(_)) => return Err(Problem::new(Code::PhoneUnreachable)),
        Err(NotSent::Later(why)) => {
            tracing::error!(why, "a phone code was not sent");
            return Err(Problem::new(Code::SmsUnavailable));
        }
    }
    let sent = Sent { expires_in: phone_code::LIFETIME.as_secs() };
    Ok(extract::json(StatusCode::ACCEPTED, serde_json::to_string(&sent).map_err(Problem::internal)?))
}

/// How the table knows a phone number.
pub(crate) fn phone_hash(app: &App, phone: &Mobile) -> String {
    contact::phone_hash(&app.edge.keys, phone)
}

/// How the table knows a code: it fits its number and its purpose alone.
pub(crate) fn code_hash(app: &App, purpose: Purpose, phone: &Mobile, code: &str) -> String {
    contact::code_hash(&app.edge.keys, purpose, phone, code)
}
