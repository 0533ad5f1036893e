//! `GET /me/addresses` and `POST /me/addresses`.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_domain::{AddressId, Mobile, division};
use yujie_runtime::contact::{self, Place, Recipient};
use yujie_runtime::idempotent::Begun;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, Reader, extract, idempotent};
use yujie_table::address::{self, SealedAddress};
use yujie_table::idempotency::Known;

use crate::App;

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewAddress {
    /// Who receives.
    recipient: String,
    /// Their mobile number.
    phone: String,
    /// Division code (GB/T 2260), such as `110105`.
    division: String,
    /// Street, house, door.
    street: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddressView {
    address_id: String,
    /// Who receives.
    recipient: String,
    /// Masked.
    phone: String,
    division: String,
    street: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddressAdded {
    address_id: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddressList {
    items: Vec<AddressView>,
}

/// The reader's addresses.
#[utoipa::path(
    get,
    path = "/me/addresses",
    tag = "reader",
    security(("reader" = [])),
    responses((status = 200, body = AddressList), (status = 401, body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn list(State(app): State<App>, reader: Reader) -> Result<Json<AddressList>, Problem> {
    let sealed = address::list(&app.table, &reader.rid).await?;
    let items = sealed
        .into_iter()
        .map(|sealed| {
            let place = Place::Address(&reader.rid, &sealed.id);
            let recipient: Recipient =
                contact::open(&app.edge.keys, place, &sealed.sealed).map_err(Problem::internal)?;
            view(&sealed.id, recipient)
        })
        .collect::<Result<_, Problem>>()?;
    Ok(Json(AddressList { items }))
}

/// Adds an address.
#[utoipa::path(
    post,
    path = "/me/addresses",
    tag = "reader",
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters")),
    request_body = NewAddress,
    security(("reader" = [])),
    responses(
        (status = 201, body = AddressAdded),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add(
    State(app): State<App>,
    reader: Reader,
    request: Request,
) -> Result<Response, Problem> {
    let edge = &app.edge;
    let begun =
        idempotent::begin(&app.table, &app.edge.keys, "POST /me/addresses", reader.rid.as_str(), request)
            .await?;
    let (known, body) = match begun {
        Begun::Answered(answer) => return Ok(answer),
        Begun::New { known, body } => (known, body),
    };
    let recipient = checked(extract::parse(&body)?)?;
    let now = edge.clock.now();
    let id =
        AddressId::parse(&edge.entropy.ulid(now).map_err(Problem::internal)?).map_err(Problem::internal)?;
    let sealed = contact::seal(&edge.keys, &edge.entropy, Place::Address(&reader.rid, &id), &recipient)?;
    // The answer is kept for the request's repetition, in clear: it holds nothing of the address.
    let answer = idempotent::answer(StatusCode::CREATED, &AddressAdded { address_id: id.to_string() })?;
    match address::add(&app.table, &reader.rid, &SealedAddress { id, sealed }, &known, &answer, now).await? {
        Known::New => idempotent::respond(&answer),
        seen => idempotent::answer_known(seen)?.ok_or_else(|| Problem::new(Code::Busy)),
    }
}

/// All that is wrong with an address is told at once.
fn checked(new: NewAddress) -> Result<Recipient, Problem> {
    let phone = Mobile::parse(&new.phone);
    let line = |text: &str, most: usize| {
        let text = text.trim();
        (!text.is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control))
            .then(|| text.to_owned())
    };
    let name = line(&new.recipient, 50);
    let street = line(&new.street, 200);
    let division_fits = division::name(&new.division).is_some();
    let mut problem = Problem::new(Code::InvalidField);
    if name.is_none() {
        problem = problem.and_field("recipient", "1 to 50 characters");
    }
    if let Err(invalid) = &phone {
        problem = problem.and_field("phone", invalid.why);
    }
    if !division_fits {
        problem = problem.and_field(
            "division",
            "the code (GB/T 2260) of a Beijing district: nothing else is delivered to",
        );
    }
    if street.is_none() {
        problem = problem.and_field("street", "1 to 200 characters");
    }
    match (name, phone, division_fits, street) {
        (Some(name), Ok(phone), true, Some(street)) => {
            Ok(Recipient { name, phone: phone.as_str().to_owned(), division: new.division, street })
        }
        _ => Err(problem),
    }
}

fn view(id: &AddressId, recipient: Recipient) -> Result<AddressView, Problem> {
    Ok(AddressView {
        address_id: id.to_string(),
        recipient: recipient.name,
        phone: Mobile::parse(&recipient.phone).map_err(Problem::internal)?.masked(),
        division: recipient.division,
        street: recipient.street,
    })
}
