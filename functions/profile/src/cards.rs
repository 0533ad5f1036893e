//! A lost card: `POST` and `DELETE /me/card/loss`, the same at the desk under `/staff/cards/{card_no}/loss`, and `POST /me/card/replacement`.
//!
//! A lost number stops at once: nobody signs in with it, and all sessions end but the one that reports it, since most who report a loss do it from there.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use yujie_domain::CardNo;
use yujie_domain::account::Account;
use yujie_domain::staff::Duty;
use yujie_runtime::auth::SessionId;
use yujie_runtime::idempotent::Begun;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Path, Problem, Reader, Staff, idempotent};
use yujie_table::account;
use yujie_table::reader::{self, Replaced};
use yujie_table::session::{self, Owner};

use crate::App;

/// How often another card number is drawn when one is taken, or all is read again.
const TRIES: u32 = 8;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewCard {
    /// The card in force from now on.
    card_no: String,
}

/// Reports the card lost: from now on nobody signs in with its number. Loans and orders stay as they are.
#[utoipa::path(
    post,
    path = "/me/card/loss",
    tag = "reader",
    operation_id = "report_loss",
    security(("reader" = [])),
    responses(
        (status = 204, description = "It is lost; reported before is the same"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn lose(State(app): State<App>, reader: Reader) -> Result<StatusCode, Problem> {
    let account = own(&app, &reader).await?;
    let now = app.lending.edge.clock.now();
    let done = reader::report_lost(&app.lending.table, &account.card_no, now).await?;
    // Whoever has the card may be signed in with it; the one who reports it goes on.
    let going_on = reader.session.as_ref().map(SessionId::as_str);
    session::end_all(&app.lending.table, &Owner::Reader(account.rid), going_on, now).await?;
    told(done)
}

/// The card was found again, before it was replaced.
#[utoipa::path(
    delete,
    path = "/me/card/loss",
    tag = "reader",
    operation_id = "found_again",
    security(("reader" = [])),
    responses(
        (status = 204, description = "It is good again; not lost is the same"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn find(State(app): State<App>, reader: Reader) -> Result<StatusCode, Problem> {
    let account = own(&app, &reader).await?;
    told(reader::found_again(&app.lending.table, &account.card_no).await?)
}

/// Reports a card lost, for a reader who calls or stands there.
#[utoipa::path(
    post,
    path = "/staff/cards/{card_no}/loss",
    tag = "staff",
    operation_id = "report_loss_at_desk",
    params(("card_no" = String, Path)),
    security(("staff" = [])),
    responses(
        (status = 204, description = "It is lost; reported before is the same"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn lose_at_desk(
    State(app): State<App>,
    staff: Staff,
    Path(no): Path<String>,
) -> Result<StatusCode, Problem> {
    staff.must(Duty::Desk)?;
    let no = CardNo::parse(&no).map_err(|_| Problem::new(Code::NotFound))?;
    let (table, now) = (&app.lending.table, app.lending.edge.clock.now());
    let card = reader::card(table, &no).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    let done = reader::report_lost(table, &no, now).await?;
    session::end_all(table, &Owner::Reader(card.rid), None, now).await?;
    tracing::info!(staff.login = %staff.login, done, "card reported lost");
    told(done)
}

/// A card was found again, for a reader who shows it.
#[utoipa::path(
    delete,
    path = "/staff/cards/{card_no}/loss",
    tag = "staff",
    operation_id = "found_again_at_desk",
    params(("card_no" = String, Path)),
    security(("staff" = [])),
    responses(
        (status = 204, description = "It is good again; not lost is the same"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn find_at_desk(
    State(app): State<App>,
    staff: Staff,
    Path(no): Path<String>,
) -> Result<StatusCode, Problem> {
    staff.must(Duty::Desk)?;
    let no = CardNo::parse(&no).map_err(|_| Problem::new(Code::NotFound))?;
    let done = reader::found_again(&app.lending.table, &no).await?;
    tracing::info!(staff.login = %staff.login, done, "card found again");
    told(done)
}

/// Puts a new card in the place of the lost one: the same reader, the same password. The lost number is never good again.
#[utoipa::path(
    post,
    path = "/me/card/replacement",
    tag = "reader",
    operation_id = "replace_card",
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters")),
    security(("reader" = [])),
    responses(
        (status = 201, body = NewCard),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, description = "`card_not_lost`", content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn replace(
    State(app): State<App>,
    reader: Reader,
    request: Request,
) -> Result<Response, Problem> {
    let (table, edge) = (&app.lending.table, &app.lending.edge);
    let begun =
        idempotent::begin(table, &edge.keys, "POST /me/card/replacement", reader.rid.as_str(), request)
            .await?;
    let known = match begun {
        Begun::Answered(answer) => return Ok(answer),
        Begun::New { known, body: _ } => known,
    };
    let now = edge.clock.now();
    for _ in 0..TRIES {
        let account = own(&app, &reader).await?;
        let old = reader::card(table, &account.card_no).await?;
        let Some(old) = old.filter(|card| card.lost.is_some()) else {
            // It may be this very request, made twice at once: then the first one's answer stands.
            let first = idempotent::replay(table, &known).await?;
            return first.ok_or_else(|| Problem::new(Code::CardNotLost));
        };
        let card_no = CardNo::from_serial(edge.entropy.number().map_err(Problem::internal)?);
        let answer = idempotent::answer(StatusCode::CREATED, &NewCard { card_no: card_no.to_string() })?;
        let next = Account { card_no, ..account.next() };
        match reader::replace_card(table, (&account.card_no, &old), &next, now, (&known, &answer)).await? {
            Replaced::Now => {
                tracing::info!(reader.id = %reader.rid, "card replaced");
                return idempotent::respond(&answer);
            }
            Replaced::Known(known) => {
                return idempotent::answer_known(known)?.ok_or_else(|| Problem::new(Code::Busy));
            }
            Replaced::NumberTaken | Replaced::Changed => {}
        }
    }
    Err(Problem::new(Code::Busy))
}

async fn own(app: &App, reader: &Reader) -> Result<Account, Problem> {
    let account = account::get(&app.lending.table, &reader.rid).await?;
    account.ok_or_else(|| Problem::new(Code::Unauthenticated))
}

fn told(there: bool) -> Result<StatusCode, Problem> {
    if there { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::new(Code::NotFound)) }
}
