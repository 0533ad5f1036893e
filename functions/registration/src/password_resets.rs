//! `POST /password-resets`: another password, by a reader who has their phone; and one's own first one, instead of the initial one.
//!
//! Whether card and phone belong together is told to nobody: whatever does not fit, the answer is the same, after the same calls of the table and
//! the same hashes.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use yujie_domain::{CardNo, Mobile};
use yujie_runtime::idempotent::Begun;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Problem, Source, extract, idempotent, password};
use yujie_table::reader::{self, Card, PasswordSet, Proof};
use yujie_table::{idempotency, phone_code};

use crate::App;
use crate::limits::{self, Name};
use crate::passwords::{Ended, PasswordDone};
use crate::phone_codes::{Purpose, code_hash, phone_hash};

#[derive(Deserialize, ToSchema)]
pub(crate) struct PasswordReset {
    card_no: String,
    /// The number that the library knows.
    phone: String,
    /// The code that was sent to it for the purpose `password`.
    code: String,
    /// 8 to 128 characters; not the card's or phone's number, no date, none of the commonest.
    new_password: String,
    /// The one that was given with the card, for a reader who has not set their own yet.
    #[serde(default)]
    initial_password: Option<String>,
}

/// Sets another password. All sessions of the reader end; nobody is signed in by it.
#[utoipa::path(
    post,
    path = "/password-resets",
    tag = "cards",
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters")),
    request_body = PasswordReset,
    responses(
        (status = 200, body = PasswordDone),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "Something does not fit: `reset_refused` whatever it is.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`Retry-After` says when.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn reset(
    State(app): State<App>,
    source: Source,
    request: Request,
) -> Result<Response, Problem> {
    let edge = &app.edge;
    let begun = idempotent::begin(&app.table, &edge.keys, "POST /password-resets", "", request).await?;
    let (known, body) = match begun {
        Begun::Answered(answer) => return Ok(answer),
        Begun::New { known, body } => (known, body),
    };
    let given: PasswordReset = extract::parse(&body)?;
    let (phone, now) = (Mobile::parse(&given.phone)?, edge.clock.now());
    password::choose(&given.new_password, "new_password", &[&given.card_no, phone.as_str()])?;

    let counted = limits::count_failure(&app, &source).await?;
    let phone_hash = phone_hash(&app, &phone);
    if !phone_code::take_try(&app.table, &phone_hash, now).await? {
        return refused(&app, &known).await;
    }
    let found = found(&app, &given, &phone_hash).await?;
    let hash = password::hash(&given.new_password, &edge.entropy)?;
    let code_hash = code_hash(&app, Purpose::Password, &phone, given.code.trim());
    let proof = Proof::PhoneCode { phone_hash: &phone_hash, code_hash: &code_hash };
    let answer = idempotent::answer(StatusCode::OK, &PasswordDone::with(Ended::All))?;
    let card = found.as_ref().map(|(no, card)| (no, card));
    match reader::set_password(&app.table, card, &hash, &proof, (&known, &answer), now).await? {
        PasswordSet::Now => {
            counted.proved(&app, Name::Card(&given.card_no)).await?;
            idempotent::respond(&answer)
        }
        PasswordSet::Known(seen) => idempotent::answer_known(seen)?.ok_or_else(|| Problem::new(Code::Busy)),
        PasswordSet::Refused => refused(&app, &known).await,
    }
}

/// The card, if it is that phone's reader's, and the initial password is its own, if it has one.
async fn found(
    app: &App,
    given: &PasswordReset,
    phone_hash: &str,
) -> Result<Option<(CardNo, Card)>, Problem> {
    let owner = reader::of_phone(&app.table, phone_hash).await?;
    let found = match CardNo::parse(&given.card_no) {
        Ok(no) => reader::card(&app.table, &no).await?.map(|card| (no, card)),
        Err(_) => None,
    };
    // A password is always looked at, also where none was asked for.
    let initial = found.as_ref().map(|(_, card)| card).filter(|card| card.initial);
    let typed = given.initial_password.as_deref().unwrap_or_default();
    let knows_it = password::check(typed, initial.and_then(|card| card.password_hash.as_deref()))
        .map_err(|wrong| wrong.code());
    let fits = match (initial.is_some(), knows_it) {
        (false, _) | (true, Ok(())) => true,
        (true, Err(Code::WrongCredentials)) => false,
        (true, Err(code)) => return Err(Problem::new(code)),
    };
    Ok(found.filter(|(_, card)| fits && owner.as_ref() == Some(&card.rid)))
}

/// Refuses, unless the obstacle is this very request, made twice at once: then the first one's answer stands.
async fn refused(app: &App, known: &idempotency::Request) -> Result<Response, Problem> {
    idempotent::replay(&app.table, known).await?.ok_or_else(|| Problem::new(Code::ResetRefused))
}
