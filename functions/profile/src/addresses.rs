//! A reader's book of addresses: `GET` and `POST /me/addresses`, `PUT` and `DELETE /me/addresses/{address_id}`.

use std::collections::BTreeMap;

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_domain::address::{MOST, Tag};
use yujie_domain::{AddressId, Mobile, ReaderId, division};
use yujie_runtime::contact::{self, Place, Recipient};
use yujie_runtime::idempotent::Begun;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Reader, extract, idempotent};
use yujie_table::address::{self, SealedAddress};
use yujie_table::idempotency::Known;

use crate::App;
use crate::delivery::{self, Delivery};

/// What is sealed of an address: the recipient, as orders seal it again for themselves, and what the reader calls it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Entry {
    #[serde(flatten)]
    pub(crate) recipient: Recipient,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tag: Option<Tag>,
}

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
    /// 家, 公司, 学校, or another word of at most 8 characters.
    #[serde(default)]
    tag: Option<String>,
    /// Makes it the default.
    #[serde(default)]
    default: bool,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct ChangedAddress {
    /// The version that the reader saw.
    version: u64,
    /// Who receives.
    recipient: String,
    /// Their mobile number; without one it stays as it is, since it is shown masked.
    #[serde(default)]
    phone: Option<String>,
    /// Division code (GB/T 2260), such as `110105`.
    division: String,
    /// Street, house, door.
    street: String,
    /// 家, 公司, 学校, or another word of at most 8 characters.
    #[serde(default)]
    tag: Option<String>,
    /// Makes it the default. One that is stays it, until another one is made it.
    #[serde(default)]
    default: bool,
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
    /// What the reader calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    /// Whether it is the default.
    default: bool,
    /// To be named by whoever changes it.
    version: u64,
    /// Whether it is delivered there, by the rules in force.
    delivery: Delivery,
    /// Whose it is, when it belongs to whoever acts for the reader: books can be sent there, and it can only be changed in its owner's own book.
    #[serde(skip_serializing_if = "Option::is_none")]
    of_reader: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddressAdded {
    address_id: String,
    /// Whether it is delivered there, by the rules in force.
    delivery: Delivery,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddressList {
    /// Oldest first; behind the reader's own those of whoever acts for the reader just now.
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
    let mut views = Views { app: &app, delivery: BTreeMap::new() };
    let mut items = views.of(&reader.rid, None).await?;
    if let Some(by) = &reader.by {
        items.extend(views.of(by, Some(by)).await?);
    }
    Ok(Json(AddressList { items }))
}

/// Adds an address. The first one is the default.
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
        (status = 409, body = ProblemBody, description = "`address_book_full`", content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add(
    State(app): State<App>,
    reader: Reader,
    request: Request,
) -> Result<Response, Problem> {
    let (table, edge) = (&app.lending.table, &app.lending.edge);
    let begun =
        idempotent::begin(table, &edge.keys, "POST /me/addresses", reader.rid.as_str(), request).await?;
    let (known, body) = match begun {
        Begun::Answered(answer) => return Ok(answer),
        Begun::New { known, body } => (known, body),
    };
    let new: NewAddress = extract::parse(&body)?;
    let entry = checked(&Typed {
        recipient: &new.recipient,
        phone: &new.phone,
        division: &new.division,
        street: &new.street,
        tag: new.tag.as_deref(),
    })?;
    if address::list(table, &reader.rid).await?.len() >= MOST {
        return Err(Problem::new(Code::AddressBookFull));
    }
    let delivery = delivery::to(&app, &entry.recipient.division).await?;
    let now = edge.clock.now();
    let id =
        AddressId::parse(&edge.entropy.ulid(now).map_err(Problem::internal)?).map_err(Problem::internal)?;
    let sealed = contact::seal(&edge.keys, &edge.entropy, Place::Address(&reader.rid, &id), &entry)?;
    // The answer is kept for the request's repetition, in clear: it holds nothing of the address but where the next sites are.
    let answer =
        idempotent::answer(StatusCode::CREATED, &AddressAdded { address_id: id.to_string(), delivery })?;
    let new = SealedAddress::new(id, sealed, new.default.then_some(now));
    match address::add(table, &reader.rid, &new, &known, &answer, now).await? {
        Known::New => idempotent::respond(&answer),
        seen => idempotent::answer_known(seen)?.ok_or_else(|| Problem::new(Code::Busy)),
    }
}

/// Changes an address. Orders that were placed keep where they go.
#[utoipa::path(
    put,
    path = "/me/addresses/{address_id}",
    tag = "reader",
    operation_id = "change_address",
    params(("address_id" = String, Path)),
    request_body = ChangedAddress,
    security(("reader" = [])),
    responses(
        (status = 200, body = AddressView),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, description = "`changed_elsewhere`", content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
    Json(wanted): Json<ChangedAddress>,
) -> Result<Json<AddressView>, Problem> {
    let (table, edge) = (&app.lending.table, &app.lending.edge);
    let not_found = || Problem::new(Code::NotFound);
    let id = AddressId::parse(&id).map_err(|_| not_found())?;
    let before = address::get(table, &reader.rid, &id).await?.ok_or_else(not_found)?;
    if before.version != wanted.version {
        return Err(Problem::new(Code::ChangedElsewhere));
    }
    let known = open(&app, &reader.rid, &before)?;
    let entry = checked(&Typed {
        recipient: &wanted.recipient,
        phone: wanted.phone.as_deref().unwrap_or(&known.recipient.phone),
        division: &wanted.division,
        street: &wanted.street,
        tag: wanted.tag.as_deref(),
    })?;
    let next = SealedAddress {
        sealed: contact::seal(&edge.keys, &edge.entropy, Place::Address(&reader.rid, &id), &entry)?,
        default_since: if wanted.default { Some(edge.clock.now()) } else { before.default_since },
        version: before.version.saturating_add(1),
        id,
    };
    if !address::replace(table, &reader.rid, &next).await? {
        return Err(Problem::new(Code::ChangedElsewhere));
    }
    let book = address::list(table, &reader.rid).await?;
    let is_default = address::default_of(&book) == Some(&next.id);
    let delivery = delivery::to(&app, &entry.recipient.division).await?;
    view(&next, entry, is_default, delivery, None).map(Json)
}

/// Removes an address. When it was the default, the one is that was it before, or else the oldest.
#[utoipa::path(
    delete,
    path = "/me/addresses/{address_id}",
    tag = "reader",
    operation_id = "remove_address",
    params(("address_id" = String, Path)),
    security(("reader" = [])),
    responses(
        (status = 204, description = "It is gone. Orders that were placed keep where they go; a wait for a book that was to go there needs another place"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let id = AddressId::parse(&id).map_err(|_| not_found())?;
    if address::remove(&app.lending.table, &reader.rid, &id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(not_found())
    }
}

/// Makes views, and asks once for each division.
struct Views<'a> {
    app: &'a App,
    delivery: BTreeMap<String, Delivery>,
}

impl Views<'_> {
    async fn of(&mut self, rid: &ReaderId, told: Option<&ReaderId>) -> Result<Vec<AddressView>, Problem> {
        let book = address::list(&self.app.lending.table, rid).await?;
        let default = address::default_of(&book);
        let mut views = Vec::with_capacity(book.len());
        for sealed in &book {
            let entry = open(self.app, rid, sealed)?;
            let division = &entry.recipient.division;
            let delivery = if let Some(known) = self.delivery.get(division) {
                known.clone()
            } else {
                let found = delivery::to(self.app, division).await?;
                self.delivery.insert(division.clone(), found.clone());
                found
            };
            // Whoever acts has a default of their own, which says nothing here.
            let is_default = told.is_none() && default == Some(&sealed.id);
            views.push(view(sealed, entry, is_default, delivery, told)?);
        }
        Ok(views)
    }
}

pub(crate) fn open(app: &App, rid: &ReaderId, sealed: &SealedAddress) -> Result<Entry, Problem> {
    let place = Place::Address(rid, &sealed.id);
    contact::open(&app.lending.edge.keys, place, &sealed.sealed).map_err(Problem::internal)
}

/// An address as somebody typed it.
struct Typed<'a> {
    recipient: &'a str,
    phone: &'a str,
    division: &'a str,
    street: &'a str,
    tag: Option<&'a str>,
}

/// All that is wrong with an address is told at once.
fn checked(new: &Typed<'_>) -> Result<Entry, Problem> {
    let phone = Mobile::parse(new.phone);
    let line = |text: &str, most: usize| {
        let text = text.trim();
        (!text.is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control))
            .then(|| text.to_owned())
    };
    let name = line(new.recipient, 50);
    let street = line(new.street, 200);
    let division_fits = division::name(new.division).is_some();
    let tag = new.tag.map(Tag::parse).transpose();
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
    if let Err(invalid) = &tag {
        problem = problem.and_field("tag", invalid.why);
    }
    match (name, phone, division_fits, street, tag) {
        (Some(name), Ok(phone), true, Some(street), Ok(tag)) => {
            let phone = phone.as_str().to_owned();
            Ok(Entry { recipient: Recipient { name, phone, division: new.division.to_owned(), street }, tag })
        }
        _ => Err(problem),
    }
}

fn view(
    sealed: &SealedAddress,
    entry: Entry,
    default: bool,
    delivery: Delivery,
    of_reader: Option<&ReaderId>,
) -> Result<AddressView, Problem> {
    let Entry { recipient, tag } = entry;
    Ok(AddressView {
        address_id: sealed.id.to_string(),
        recipient: recipient.name,
        phone: Mobile::parse(&recipient.phone).map_err(Problem::internal)?.masked(),
        division: recipient.division,
        street: recipient.street,
        tag: tag.map(String::from),
        default,
        version: sealed.version,
        delivery,
        of_reader: of_reader.map(ToString::to_string),
    })
}
