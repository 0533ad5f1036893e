//! `GET /me`.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use yujie_domain::Mobile;
use yujie_domain::identity::masked_name;
use yujie_domain::rules::About;
use yujie_runtime::contact::{self, Person, Place};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, Reader};
use yujie_table::{account, reader};

use crate::App;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    card_no: String,
    /// Masked.
    name: String,
    /// Masked.
    phone: String,
    /// Books ordered or on loan.
    open_items: usize,
    /// How many there may be.
    open_items_limit: u16,
}

/// The reader's own card.
#[utoipa::path(
    get,
    path = "/me",
    tag = "reader",
    security(("reader" = [])),
    responses(
        (status = 200, body = Me),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(State(app): State<App>, reader: Reader) -> Result<Json<Me>, Problem> {
    let gone = || Problem::new(Code::Unauthenticated);
    let account = account::get(&app.lending.table, &reader.rid).await?.ok_or_else(gone)?;
    let sealed = reader::sealed_profile(&app.lending.table, &reader.rid).await?.ok_or_else(gone)?;
    let person: Person = contact::open(&app.lending.edge.keys, Place::Profile(&reader.rid), &sealed)
        .map_err(Problem::internal)?;
    let rules = app.lending.rules.in_force(&app.lending.table, app.lending.edge.clock.now()).await?;
    Ok(Json(Me {
        card_no: account.card_no.to_string(),
        name: masked_name(&person.name),
        phone: Mobile::parse(&person.phone).map_err(Problem::internal)?.masked(),
        open_items: account.held(),
        open_items_limit: rules.open_items(&About::card(account.class)).value,
    }))
}
