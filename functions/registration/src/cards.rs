//! `POST /cards`: a library card in minutes.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_domain::{CardNo, Mobile, ReaderId, ResidentId, shelves, time};
use yujie_runtime::contact::{self, Person, Place};
use yujie_runtime::idempotent::Begun;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Problem, extract, idempotent, password};
use yujie_table::reader::{self, Issued, NewReader};
use yujie_table::{idempotency, phone_code};

use crate::App;
use crate::phone_codes::{Purpose, code_hash, phone_hash};

/// Younger readers get their card through a guardian, at the desk.
const YOUNGEST: i16 = 14;
/// How often another card number is drawn when one is taken.
const DRAWS: u32 = 5;

#[derive(Deserialize, ToSchema)]
pub(crate) struct Application {
    /// The name as on the document.
    name: String,
    /// A mainland mobile number.
    phone: String,
    /// The code that was sent to it.
    code: String,
    document: Document,
    /// 8 to 128 characters; not the phone's number, no date, none of the commonest.
    password: String,
    /// The reader's separate consent to the processing of the document's number.
    consent: bool,
}

/// An identity document.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Document {
    /// A resident identity card (GB 11643).
    ResidentId {
        /// Eighteen characters.
        number: String,
    },
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Card {
    card_no: String,
}

/// Issues a card.
#[utoipa::path(
    post,
    path = "/cards",
    tag = "cards",
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters")),
    request_body = Application,
    responses(
        (status = 201, body = Card),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn issue(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let begun = idempotent::begin(&app.table, &app.edge.keys, "POST /cards", "", request).await?;
    let (known, body) = match begun {
        Begun::Answered(answer) => return Ok(answer),
        Begun::New { known, body } => (known, body),
    };
    let application: Application = extract::parse(&body)?;
    let now = app.edge.clock.now();
    let name = application.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 50 || name.chars().any(char::is_control) {
        return Err(Problem::field("name", "1 to 50 characters"));
    }
    if !application.consent {
        return Err(Problem::field("consent", "a card needs the reader's consent"));
    }
    let phone = Mobile::parse(&application.phone)?;
    let Document::ResidentId { number } = &application.document;
    let document = ResidentId::parse(number)?;
    if document.birth() > time::day(now) {
        return Err(Problem::field("document.number", "the birth date lies in the future"));
    }
    let age = document.age_on(time::day(now));
    if age < YOUNGEST {
        return Err(Problem::field("document.number", "readers under 14 need a guardian's card"));
    }
    password::choose(&application.password, "password", &[phone.as_str()])?;
    let password_hash = password::hash(&application.password, &app.edge.entropy)?;

    let rid = app.edge.entropy.ulid(now).map_err(Problem::internal)?;
    let rid = ReaderId::parse(&rid).map_err(Problem::internal)?;
    let person = Person { name, phone: phone.as_str().to_owned(), document: document.masked() };
    let sealed = contact::seal(&app.edge.keys, &app.edge.entropy, Place::Profile(&rid), &person)?;
    if !phone_code::take_try(&app.table, &phone_hash(&app, &phone), now).await? {
        return refused(&app, &known, Code::WrongPhoneCode).await;
    }
    for _ in 0..DRAWS {
        let card_no = CardNo::from_serial(app.edge.entropy.number().map_err(Problem::internal)?);
        let answer = idempotent::answer(StatusCode::CREATED, &Card { card_no: card_no.to_string() })?;
        let new = NewReader {
            rid: rid.clone(),
            card_no,
            sealed: sealed.clone(),
            document_hash: app.edge.keys.hash("document", document.as_str()),
            phone_hash: phone_hash(&app, &phone),
            code_hash: code_hash(&app, Purpose::Card, &phone, application.code.trim()),
            password_hash: password_hash.clone(),
            consent_at: now,
            takes_part: shelves::takes_part_at_first(age),
        };
        match reader::issue(&app.table, &new, &known, &answer).await? {
            Issued::Now => {
                tracing::info!(reader.id = %rid, "card issued");
                return idempotent::respond(&answer);
            }
            Issued::Known(known) => {
                return idempotent::answer_known(known)?.ok_or_else(|| Problem::new(Code::Busy));
            }
            Issued::WrongCode => return refused(&app, &known, Code::WrongPhoneCode).await,
            Issued::PersonHasCard => return refused(&app, &known, Code::PersonHasCard).await,
            Issued::PhoneTaken => return refused(&app, &known, Code::PhoneTaken).await,
            Issued::NumberTaken => {}
        }
    }
    Err(Problem::new(Code::Busy))
}

/// Refuses, unless the obstacle is this very request, made twice at once: then the first one's answer stands.
async fn refused(app: &App, known: &idempotency::Request, code: Code) -> Result<Response, Problem> {
    idempotent::replay(&app.table, known).await?.ok_or_else(|| Problem::new(code))
}
