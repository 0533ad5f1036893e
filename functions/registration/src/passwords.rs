//! `POST /me/password`: another password, by a reader who knows the old one.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_runtime::auth::SessionId;
use yujie_runtime::contact::{self, Person, Place};
use yujie_runtime::idempotent::Begun;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Oneself, Problem, Source, extract, idempotent, password};
use yujie_table::account;
use yujie_table::reader::{self, PasswordSet, Proof};

use crate::App;
use crate::limits::{self, Name};

#[derive(Deserialize, ToSchema)]
pub(crate) struct PasswordChange {
    old_password: String,
    /// 8 to 128 characters; not the card's or phone's number, no date, none of the commonest.
    new_password: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasswordDone {
    /// Which sessions have ended with the old password.
    ended: Ended,
}

/// Sessions that end with a password.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ended {
    /// All but the one that asked.
    Others,
    /// All.
    All,
}

impl PasswordDone {
    pub(crate) fn with(ended: Ended) -> Self {
        Self { ended }
    }
}

/// Sets another password. All other sessions of the reader end.
#[utoipa::path(
    post,
    path = "/me/password",
    tag = "reader",
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters")),
    request_body = PasswordChange,
    security(("reader" = [])),
    responses(
        (status = 200, body = PasswordDone),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, description = "`not_while_acting`", content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`Retry-After` says when.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change(
    State(app): State<App>,
    Oneself(reader): Oneself,
    source: Source,
    request: Request,
) -> Result<Response, Problem> {
    let keys = &app.edge.keys;
    let begun =
        idempotent::begin(&app.table, keys, "POST /me/password", reader.rid.as_str(), request).await?;
    let (known, body) = match begun {
        Begun::Answered(answer) => return Ok(answer),
        Begun::New { known, body } => (known, body),
    };
    let given: PasswordChange = extract::parse(&body)?;
    let gone = || Problem::new(Code::Unauthenticated);
    let card_no = account::get(&app.table, &reader.rid).await?.ok_or_else(gone)?.card_no;
    let sealed = reader::sealed_profile(&app.table, &reader.rid).await?.ok_or_else(gone)?;
    let person: Person =
        contact::open(keys, Place::Profile(&reader.rid), &sealed).map_err(Problem::internal)?;
    password::choose(&given.new_password, "new_password", &[card_no.as_str(), &person.phone])?;

    // Who found an open page does not know the password, and guesses it as slowly as anybody.
    let admitted = limits::admit(&app, Name::Card(card_no.as_str()), &source).await?;
    let card = reader::card(&app.table, &card_no).await?.ok_or_else(gone)?;
    password::check(&given.old_password, card.password_hash.as_deref())?;
    admitted.succeeded(&app).await?;

    let hash = password::hash(&given.new_password, &app.edge.entropy)?;
    let answer = idempotent::answer(StatusCode::OK, &PasswordDone::with(Ended::Others))?;
    let proof = Proof::Session(reader.session.as_ref().map(SessionId::as_str));
    let card = Some((&card_no, &card));
    let set = reader::set_password(&app.table, card, &hash, &proof, (&known, &answer), app.edge.clock.now());
    match set.await? {
        PasswordSet::Now => {
            tracing::info!(reader.id = %reader.rid, "password changed");
            idempotent::respond(&answer)
        }
        PasswordSet::Known(seen) => idempotent::answer_known(seen)?.ok_or_else(|| Problem::new(Code::Busy)),
        // Another request changed it between the look and the write: the old one is wrong now.
        PasswordSet::Refused => Err(Problem::new(Code::WrongCredentials)),
    }
}
