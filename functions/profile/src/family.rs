//! Who acts for whom: `GET` and `POST /me/family`, `DELETE /me/family/{reader_id}`, `POST /me/family/{reader_id}/session`.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_domain::audit::Sole;
use yujie_domain::family::{Ground, Link, Refusal};
use yujie_domain::identity::masked_name;
use yujie_domain::{Mobile, ReaderId};
use yujie_runtime::auth::{self, Subject};
use yujie_runtime::contact::{self, Person, Place, Purpose};
use yujie_runtime::idempotent::Begun;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Oneself, Path, Problem, Reader, extract, idempotent};
use yujie_table::idempotency::{self, Done};
use yujie_table::{account, family, phone_code, reader};

use crate::App;

/// How often a link is decided anew when somebody else changed one of its sides.
const TRIES: u32 = 5;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FamilyView {
    /// For whom the reader acts.
    acts_for: Vec<Member>,
    /// Who acts for the reader.
    acted_for_by: Vec<Member>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Member {
    reader_id: String,
    /// A child's own; everybody else's is masked.
    name: String,
    /// Of a child alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    card_no: Option<String>,
    ground: Ground,
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct LinkWanted {
    /// The mobile number of the reader who is to be helped.
    phone: String,
    /// The code that was sent to it (`POST /phone-codes`, `purpose` `family`): with it that reader agrees.
    code: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Linked {
    /// Who is helped from now on.
    reader_id: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActingSession {
    /// Goes into `Authorization: Bearer …`: every route answers with it as if that reader asked.
    access_token: String,
    /// Seconds for which it is good. There is no refresh: who still acts then asks again.
    expires_in: i64,
}

/// For whom the reader acts, and who acts for the reader.
#[utoipa::path(
    get,
    path = "/me/family",
    tag = "reader",
    operation_id = "family",
    security(("reader" = [])),
    responses(
        (status = 200, body = FamilyView),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(State(app): State<App>, reader: Reader) -> Result<Json<FamilyView>, Problem> {
    let links = family::get(&app.lending.table, &reader.rid).await?;
    let (mut acts_for, mut acted_for_by) = (Vec::new(), Vec::new());
    for (rid, link) in &links.acts_for {
        acts_for.extend(member(&app, rid, *link, link.ground == Ground::Guardian).await?);
    }
    for (rid, link) in &links.acted_for_by {
        acted_for_by.extend(member(&app, rid, *link, false).await?);
    }
    Ok(Json(FamilyView { acts_for, acted_for_by }))
}

async fn member(app: &App, rid: &ReaderId, link: Link, own_child: bool) -> Result<Option<Member>, Problem> {
    let table = &app.lending.table;
    let Some(sealed) = reader::sealed_profile(table, rid).await? else { return Ok(None) };
    let person: Person =
        contact::open(&app.lending.edge.keys, Place::Profile(rid), &sealed).map_err(Problem::internal)?;
    let card_no =
        if own_child { account::get(table, rid).await?.map(|account| account.card_no) } else { None };
    Ok(Some(Member {
        reader_id: rid.to_string(),
        name: if own_child { person.name } else { masked_name(&person.name) },
        card_no: card_no.map(|no| no.to_string()),
        ground: link.ground,
        since: link.since,
    }))
}

/// Lets the reader act for another one, who agrees with a code sent to their own phone.
#[utoipa::path(
    post,
    path = "/me/family",
    tag = "reader",
    operation_id = "link_reader",
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters")),
    request_body = LinkWanted,
    security(("reader" = [])),
    responses(
        (status = 201, body = Linked),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, description = "`not_while_acting`", content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, description = "`already_linked`, `family_full`", content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn link(
    State(app): State<App>,
    Oneself(helper): Oneself,
    request: Request,
) -> Result<Response, Problem> {
    let (table, edge) = (&app.lending.table, &app.lending.edge);
    let begun = idempotent::begin(table, &edge.keys, "POST /me/family", helper.rid.as_str(), request).await?;
    let (known, body) = match begun {
        Begun::Answered(answer) => return Ok(answer),
        Begun::New { known, body } => (known, body),
    };
    let wanted: LinkWanted = extract::parse(&body)?;
    let phone = Mobile::parse(&wanted.phone)?;
    let (phone_hash, code_hash) = (
        contact::phone_hash(&edge.keys, &phone),
        contact::code_hash(&edge.keys, Purpose::Family, &phone, wanted.code.trim()),
    );
    let now = edge.clock.now();
    if !phone_code::take_try(table, &phone_hash, now).await? {
        return wrong_code(&app, &known).await;
    }
    for _ in 0..TRIES {
        // A number that is nobody's is told like a wrong code: whose numbers the library has is nobody's business.
        let Some(other) = reader::who_has(table, Sole::Phone, &phone_hash).await? else {
            return wrong_code(&app, &known).await;
        };
        let links = family::get(table, &helper.rid).await?;
        let decided = links.link(&family::get(table, &other).await?, Ground::Helper, now);
        // Only who has the code learns how the two stand.
        let (mine, theirs) = match decided {
            Ok(both) => both,
            Err(refusal) => {
                let fits = phone_code::fits(table, &phone_hash, &code_hash, now).await?;
                return if fits { Err(refused(refusal)) } else { wrong_code(&app, &known).await };
            }
        };
        let answer = idempotent::answer(StatusCode::CREATED, &Linked { reader_id: other.to_string() })?;
        let writes = vec![
            phone_code::spend(&phone_hash, &code_hash, now),
            family::replace(&mine)?,
            family::replace(&theirs)?,
        ];
        match idempotency::carry_out(table, &known, &answer, now, writes).await? {
            Done::Now => {
                tracing::info!(reader.id = %helper.rid, helped.id = %other, "a reader is helped");
                return idempotent::respond(&answer);
            }
            Done::Before(known) => {
                return idempotent::answer_known(known)?.ok_or_else(|| Problem::new(Code::Busy));
            }
            Done::Refused(refused) if refused.iter().any(|one| one.write == 0) => {
                return wrong_code(&app, &known).await;
            }
            Done::Refused(_) => {}
        }
    }
    Err(Problem::new(Code::Busy))
}

/// Refuses, unless the code was used up by this very request, made twice at once: then the first one's answer stands.
async fn wrong_code(app: &App, known: &idempotency::Request) -> Result<Response, Problem> {
    let first = idempotent::replay(&app.lending.table, known).await?;
    first.ok_or_else(|| Problem::new(Code::WrongPhoneCode))
}

/// Ends a link, from either side. Whoever acts just then can go on for 30 minutes at most: that long a token is good.
#[utoipa::path(
    delete,
    path = "/me/family/{reader_id}",
    tag = "reader",
    operation_id = "unlink_reader",
    params(("reader_id" = String, Path)),
    security(("reader" = [])),
    responses(
        (status = 204, description = "Neither acts for the other any more"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, description = "`not_while_acting`", content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, description = "`last_guardian`", content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn unlink(
    State(app): State<App>,
    Oneself(reader): Oneself,
    Path(other): Path<String>,
) -> Result<StatusCode, Problem> {
    let table = &app.lending.table;
    let other = ReaderId::parse(&other).map_err(|_| Problem::new(Code::NotFound))?;
    for _ in 0..TRIES {
        let (mine, theirs) = (family::get(table, &reader.rid).await?, family::get(table, &other).await?);
        let (acts, acted_for) =
            if mine.acts_for.contains_key(&other) { (&mine, &theirs) } else { (&theirs, &mine) };
        let (acts, acted_for) = acts.unlink(acted_for).map_err(refused)?;
        if family::store(table, (&acts, &acted_for)).await? {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(Problem::new(Code::Busy))
}

/// A short session for whom the reader acts. Everything that is done in it is that reader's, by that reader's limits, and orders say who placed them.
#[utoipa::path(
    post,
    path = "/me/family/{reader_id}/session",
    tag = "reader",
    operation_id = "act",
    params(("reader_id" = String, Path)),
    security(("reader" = [])),
    responses(
        (status = 200, body = ActingSession),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, description = "`not_while_acting`", content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn act(
    State(app): State<App>,
    Oneself(reader): Oneself,
    Path(other): Path<String>,
) -> Result<Json<ActingSession>, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let other = ReaderId::parse(&other).map_err(|_| not_found())?;
    let links = family::get(&app.lending.table, &reader.rid).await?;
    if !links.acts_for.contains_key(&other) {
        return Err(not_found());
    }
    tracing::info!(reader.id = %other, by.id = %reader.rid, "acting");
    let subject = Subject::Reader { rid: other, by: Some(reader.rid) };
    let edge = &app.lending.edge;
    Ok(Json(ActingSession {
        access_token: auth::sign(&edge.keys, &subject, None, edge.clock.now())?,
        expires_in: auth::LIFETIME.as_secs(),
    }))
}

/// How a refusal is told.
pub(crate) fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Oneself => Problem::field("phone", "it is the reader's own"),
        Refusal::TooMany => Problem::new(Code::FamilyFull),
        Refusal::Linked => Problem::new(Code::AlreadyLinked),
        Refusal::NotLinked => Problem::new(Code::NotFound),
        Refusal::LastGuardian => Problem::new(Code::LastGuardian),
    }
}
