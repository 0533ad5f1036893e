//! `POST /me/children`: a child's own card, under its guardian's.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_domain::audit::Sole;
use yujie_domain::family::{Family, Ground, OF_AGE};
use yujie_domain::{CardNo, ReaderId, ResidentId, time};
use yujie_runtime::contact::{self, Person, Place};
use yujie_runtime::idempotent::Begun;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Oneself, Problem, extract, idempotent};
use yujie_table::reader::{self, Issued, NewChild};
use yujie_table::{family, idempotency};

use crate::App;
use crate::family::refused;

/// How often another card number is drawn when one is taken.
const DRAWS: u32 = 5;

#[derive(Deserialize, ToSchema)]
pub(crate) struct ChildApplication {
    /// The child's name as on the document.
    name: String,
    /// The child's resident identity number (GB 11643).
    document: String,
    /// The guardian's own, once more: it must be the one of the guardian's card, and says that the guardian is of age.
    guardian_document: String,
    /// The guardian's separate consent to the processing of the child's data (PIPL, articles 29 and 31).
    guardian_consent: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChildCard {
    /// Names the child in `/me/family`.
    reader_id: String,
    card_no: String,
}

/// Issues a child's card: its own limits, cart, orders, holds and loans. It has no password: the guardian acts with it.
#[utoipa::path(
    post,
    path = "/me/children",
    tag = "reader",
    operation_id = "add_child",
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters")),
    request_body = ChildApplication,
    security(("reader" = [])),
    responses(
        (status = 201, body = ChildCard),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, description = "`not_while_acting`", content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, description = "`person_has_card`, `family_full`", content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add(
    State(app): State<App>,
    Oneself(guardian): Oneself,
    request: Request,
) -> Result<Response, Problem> {
    let (table, edge) = (&app.lending.table, &app.lending.edge);
    let begun =
        idempotent::begin(table, &edge.keys, "POST /me/children", guardian.rid.as_str(), request).await?;
    let (known, body) = match begun {
        Begun::Answered(answer) => return Ok(answer),
        Begun::New { known, body } => (known, body),
    };
    let now = edge.clock.now();
    let application: ChildApplication = extract::parse(&body)?;
    let (name, document, own) = checked(&application, now)?;
    let hash = edge.keys.hash("document", own.as_str());
    if reader::who_has(table, Sole::Document, &hash).await?.as_ref() != Some(&guardian.rid) {
        return Err(Problem::field("guardian_document", "it is not the one of the guardian's card"));
    }
    let gone = || Problem::new(Code::Unauthenticated);
    let profile = reader::sealed_profile(table, &guardian.rid).await?.ok_or_else(gone)?;
    let place = Place::Profile(&guardian.rid);
    let person: Person = contact::open(&edge.keys, place, &profile).map_err(Problem::internal)?;

    let rid =
        ReaderId::parse(&edge.entropy.ulid(now).map_err(Problem::internal)?).map_err(Problem::internal)?;
    // What the child is told reaches the guardian.
    let child = Person { name, phone: person.phone, document: document.masked() };
    let sealed = contact::seal(&edge.keys, &edge.entropy, Place::Profile(&rid), &child)?;
    let links = family::get(table, &guardian.rid).await?;
    let (links, of_child) = links.link(&Family::none(rid.clone()), Ground::Guardian, now).map_err(refused)?;
    for _ in 0..DRAWS {
        let card_no = CardNo::from_serial(edge.entropy.number().map_err(Problem::internal)?);
        let card = ChildCard { reader_id: rid.to_string(), card_no: card_no.to_string() };
        let answer = idempotent::answer(StatusCode::CREATED, &card)?;
        let new = NewChild {
            card_no,
            sealed: sealed.clone(),
            document_hash: edge.keys.hash("document", document.as_str()),
            consent_at: now,
            family: of_child.clone(),
            guardian: links.clone(),
        };
        match reader::issue_child(table, &new, &known, &answer).await? {
            Issued::Now => {
                tracing::info!(reader.id = %rid, "child's card issued");
                return idempotent::respond(&answer);
            }
            Issued::Known(known) => {
                return idempotent::answer_known(known)?.ok_or_else(|| Problem::new(Code::Busy));
            }
            Issued::PersonHasCard => return person_has_card(&app, &known).await,
            Issued::NumberTaken => {}
            // A child's card has neither.
            Issued::WrongCode | Issued::PhoneTaken => return Err(Problem::new(Code::Busy)),
        }
    }
    Err(Problem::new(Code::Busy))
}

/// The child's name and document, and the guardian's. All that is wrong is told at once.
fn checked(
    new: &ChildApplication,
    now: jiff::Timestamp,
) -> Result<(String, ResidentId, ResidentId), Problem> {
    let today = time::day(now);
    let name = new.name.trim();
    let mut problem = Problem::new(Code::InvalidField);
    let mut wrong = false;
    let mut say = |field: &str, why: &str| {
        problem = problem.clone().and_field(field, why);
        wrong = true;
    };
    if name.is_empty() || name.chars().count() > 50 || name.chars().any(char::is_control) {
        say("name", "1 to 50 characters");
    }
    if !new.guardian_consent {
        say("guardian_consent", "a child's card needs the guardian's separate consent");
    }
    let child = ResidentId::parse(&new.document);
    match &child {
        Err(invalid) => say("document", invalid.why),
        Ok(document) if document.birth() > today => say("document", "the birth date lies in the future"),
        Ok(document) if document.age_on(today) >= OF_AGE => {
            say("document", "who is of age gets a card by themselves");
        }
        Ok(_) => {}
    }
    let own = ResidentId::parse(&new.guardian_document);
    match &own {
        Err(invalid) => say("guardian_document", invalid.why),
        Ok(document) if document.age_on(today) < OF_AGE => say("guardian_document", "a guardian is of age"),
        Ok(_) => {}
    }
    match (child, own) {
        (Ok(child), Ok(own)) if !wrong => Ok((name.to_owned(), child, own)),
        _ => Err(problem),
    }
}

/// Refuses, unless the obstacle is this very request, made twice at once: then the first one's answer stands.
async fn person_has_card(app: &App, known: &idempotency::Request) -> Result<Response, Problem> {
    let first = idempotent::replay(&app.lending.table, known).await?;
    first.ok_or_else(|| Problem::new(Code::PersonHasCard))
}
