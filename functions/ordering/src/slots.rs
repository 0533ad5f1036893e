//! `GET /slots`: when books can be brought to one of the reader's addresses.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use yujie_domain::AddressId;
use yujie_domain::hold::Wherever;
use yujie_domain::rules::About;
use yujie_domain::slot::{self, Slot, SlotOffer};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, Query, Reader};
use yujie_table::account;

use crate::App;
use crate::refusal::{fault, refused};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct To {
    /// One of the reader's addresses.
    address_id: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SlotList {
    /// The division of the address.
    division: String,
    /// In their order; full ones are among them.
    items: Vec<SlotView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SlotView {
    #[serde(flatten)]
    slot: Slot,
    /// How many parcels it takes yet; missing when any number may come.
    #[serde(skip_serializing_if = "Option::is_none")]
    free: Option<u16>,
}

impl From<SlotOffer> for SlotView {
    fn from(offer: SlotOffer) -> Self {
        Self { slot: offer.slot, free: offer.free }
    }
}

/// The slots in which an order of this moment can be brought to an address. Nothing is reserved: the order itself decides.
#[utoipa::path(
    get,
    path = "/slots",
    tag = "orders",
    params(To),
    security(("reader" = [])),
    responses(
        (status = 200, body = SlotList),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, description = "`order_refused`: nothing is delivered there", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    reader: Reader,
    Query(to): Query<To>,
) -> Result<Json<SlotList>, Problem> {
    let lending = &app.lending;
    let address_id = AddressId::parse(&to.address_id).map_err(|_| Problem::new(Code::NotFound))?;
    let home = Wherever::Home { address_id, slot: None };
    let found = lending.destination(&reader.rid, &home, 1).await.map_err(fault)?;
    if found.recipient.is_none() {
        return Err(Problem::new(Code::NotFound));
    }
    let account = account::get(&lending.table, &reader.rid).await?;
    let account = account.ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    if let Some(obstacle) = found.target.obstacle {
        return Err(refused(lending, &[obstacle], &account, (&home, 1)).await);
    }
    let zone = found.target.zone.ok_or_else(|| Problem::new(Code::NotFound))?;
    let now = lending.edge.clock.now();
    let rules = lending.rules.in_force(&lending.table, now).await.map_err(fault)?;
    let about = About::card(account.class);
    let offers = slot::slots(&rules, &about, &zone, &found.target.wish.taken, now);
    Ok(Json(SlotList { division: zone.division, items: offers.into_iter().map(SlotView::from).collect() }))
}
