//! `POST /phone-codes`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_domain::{Mobile, telling};
use yujie_phones::NotSent;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, extract};
use yujie_table::phone_code;

use crate::App;

#[derive(Deserialize, ToSchema)]
pub(crate) struct Wanted {
    /// A mainland mobile number.
    phone: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sent {
    /// Seconds for which the code is good.
    expires_in: i64,
}

/// Sends a code of six digits to a phone. The answer is the same whether or not the number is known here.
#[utoipa::path(
    post,
    path = "/phone-codes",
    tag = "cards",
    request_body = Wanted,
    responses(
        (status = 202, body = Sent),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, description = "`sms_unavailable`", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn send(State(app): State<App>, Json(wanted): Json<Wanted>) -> Result<Response, Problem> {
    let phone = Mobile::parse(&wanted.phone)?;
    let edge = &app.edge;
    let code = format!("{:06}", edge.entropy.number().map_err(Problem::internal)? % 1_000_000);
    let phone_hash = phone_hash(&app, &phone);
    if !phone_code::put(&app.table, &phone_hash, &code_hash(&app, &phone, &code), edge.clock.now()).await? {
        return Err(Problem::new(Code::TooManyRequests));
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
    app.edge.keys.hash("phone", phone.as_str())
}

/// How the table knows a code: it fits its number alone.
pub(crate) fn code_hash(app: &App, phone: &Mobile, code: &str) -> String {
    app.edge.keys.hash("phone code", &format!("{} {code}", phone.as_str()))
}
