//! `DELETE /me`: the reader leaves, and what says who they were goes.

use std::collections::BTreeSet;

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use yujie_domain::account::Account;
use yujie_domain::deletion::{self as rule, Open};
use yujie_domain::{Mobile, OrderNo, ReaderId, text};
use yujie_lending::HoldError;
use yujie_runtime::contact::{self, Person, Place, Purpose};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Oneself, Problem};
use yujie_table::reader::{self, Profile};
use yujie_table::session::{self, Owner};
use yujie_table::{account, belongings, deletion, family, payment, phone_code, wechat};

use crate::App;

/// How many things are looked at together.
const AT_ONCE: usize = 100;
/// Links that are ended, and decided anew when their other side was changed: more than anybody has.
const TRIES: u32 = 100;

#[derive(Deserialize, ToSchema)]
pub(crate) struct Farewell {
    /// The code that was sent to the reader's phone (`POST /phone-codes`, `purpose` `deletion`): nobody else sends a reader away.
    code: String,
}

/// Deletes the reader's data, at once and for good. Made again after it broke off, it goes on where it was.
#[utoipa::path(
    delete,
    path = "/me",
    tag = "reader",
    operation_id = "delete_me",
    request_body = Farewell,
    security(("reader" = [])),
    responses(
        (status = 204, description = "Nothing tells any more who the reader was"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, description = "`not_while_acting`", content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, description = "`deletion_refused`: all that is open in `reasons`", content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, description = "`wrong_phone_code`", content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    Oneself(reader): Oneself,
    Json(given): Json<Farewell>,
) -> Result<StatusCode, Problem> {
    let table = &app.lending.table;
    let gone = || Problem::new(Code::Unauthenticated);
    let account = account::get_even_closed(table, &reader.rid).await?.ok_or_else(gone)?;
    let Some(profile) = reader::profile(table, &reader.rid).await? else {
        // It is done, and this is the request once more.
        return account.closed.map(|_| StatusCode::NO_CONTENT).ok_or_else(gone);
    };
    if account.closed.is_none() {
        close(&app, account, &profile, given.code.trim()).await?;
    }
    unlink(&app, &reader.rid).await?;
    wechat::unbind(table, &reader.rid).await?;
    clear(&app, &reader.rid).await?;
    let account = account::get_even_closed(table, &reader.rid).await?.ok_or_else(gone)?;
    deletion::finish(table, &reader.rid, &account.card_no, &profile).await?;
    // One that began meanwhile began on the card; without that, none does any more.
    session::end_all(table, &Owner::Reader(reader.rid.clone()), None, app.lending.edge.clock.now()).await?;
    tracing::info!(reader.id = %reader.rid, "a reader's data is deleted");
    Ok(StatusCode::NO_CONTENT)
}

/// Closes the account, unless something is open. Places in queues are given up.
async fn close(app: &App, account: Account, profile: &Profile, code: &str) -> Result<(), Problem> {
    let (table, edge) = (&app.lending.table, &app.lending.edge);
    let rid = account.rid.clone();
    let open = still_open(app, &account, profile).await?;
    if !open.is_empty() {
        return Err(refused(&open));
    }
    let person: Person =
        contact::open(&edge.keys, Place::Profile(&rid), &profile.sealed).map_err(Problem::internal)?;
    let phone = Mobile::parse(&person.phone).map_err(Problem::internal)?;
    let phone_hash = contact::phone_hash(&edge.keys, &phone);
    let code_hash = contact::code_hash(&edge.keys, Purpose::Deletion, &phone, code);
    let now = edge.clock.now();
    let wrong = || Problem::new(Code::WrongPhoneCode);
    if !phone_code::take_try(table, &phone_hash, now).await?
        || !phone_code::fits(table, &phone_hash, &code_hash, now).await?
    {
        return Err(wrong());
    }
    let account = without_holds(app, account).await?;
    let closed = Account { takes_part: false, closed: Some(now), ..account.next() };
    if deletion::close(table, &closed, (&phone_hash, &code_hash)).await? {
        return Ok(());
    }
    // The code fitted a moment ago: a book came, or an order, or another request was first.
    Err(Problem::new(Code::Busy))
}

/// All that stands in the way.
async fn still_open(app: &App, account: &Account, profile: &Profile) -> Result<Vec<Open>, Problem> {
    let table = &app.lending.table;
    let orders: BTreeSet<&OrderNo> =
        account.open.values().filter(|item| item.loan.is_none()).map(|item| &item.order_no).collect();
    let mut payments = Vec::new();
    for order_no in orders {
        payments.extend(payment::of_order(table, &account.rid, order_no).await?);
    }
    let links = family::get(table, &account.rid).await?;
    let mut open = rule::open(account, &links, &payments);
    if !profile.can_be_freed() {
        open.push(Open::AskAtTheDesk);
    }
    Ok(open)
}

fn refused(open: &[Open]) -> Problem {
    open.iter().fold(Problem::new(Code::DeletionRefused), |problem, one| {
        let mut reason = serde_json::to_value(one).unwrap_or_default();
        if let Some(object) = reason.as_object_mut() {
            object.insert("detail".to_owned(), text::still_open(one).into());
        }
        problem.because(reason)
    })
}

/// The account when all its places in queues are given up.
async fn without_holds(app: &App, account: Account) -> Result<Account, Problem> {
    if account.holds.is_empty() {
        return Ok(account);
    }
    for title_id in account.holds.keys() {
        match app.lending.leave(&account.rid, title_id).await {
            // It may have become an order just now: then the account says so.
            Ok(()) | Err(HoldError::NotFound | HoldError::Refused(_)) => {}
            Err(HoldError::Fault(fault)) => return Err(fault.into()),
        }
    }
    let now = account::get(&app.lending.table, &account.rid).await?;
    let now = now.ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    if now.open.is_empty() && now.holds.is_empty() { Ok(now) } else { Err(Problem::new(Code::Busy)) }
}

/// Ends all links, on both sides.
async fn unlink(app: &App, rid: &ReaderId) -> Result<(), Problem> {
    let table = &app.lending.table;
    for _ in 0..TRIES {
        let mine = family::get(table, rid).await?;
        let Some(other) = mine.acts_for.keys().chain(mine.acted_for_by.keys()).next() else { return Ok(()) };
        let theirs = family::get(table, other).await?;
        let ended =
            if mine.acts_for.contains_key(other) { mine.unlink(&theirs) } else { theirs.unlink(&mine) };
        match ended {
            Ok((acts, acted_for)) => {
                family::store(table, (&acts, &acted_for)).await?;
            }
            // A child's guardian does not come here, and the other side of a link is not missing; if it were, the audit would say so.
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}

/// Takes what is personal out of everything that is the reader's, or takes it away.
async fn clear(app: &App, rid: &ReaderId) -> Result<(), Problem> {
    let table = &app.lending.table;
    let mut after = None;
    loop {
        let page = belongings::page(table, rid, after.as_deref(), AT_ONCE).await?;
        for one in &page.items {
            deletion::clear(table, rid, one).await?;
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}
