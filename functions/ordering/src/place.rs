//! `POST /orders/quote` and `POST /orders`: one decision, with and without the write.

use std::collections::BTreeSet;

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_domain::account::Account;
use yujie_domain::copy::CopyStatus;
use yujie_domain::order::{self as rule, IfMissing, Obstacle, Offer, Quote};
use yujie_domain::parcel::{Destination, Line, LineStatus, Parcel};
use yujie_domain::rules::RuleSet;
use yujie_domain::{AddressId, Barcode, OrderNo, ParcelRef, ReaderId, SiteId, TitleId, text};
use yujie_runtime::contact::{self, Place, Recipient};
use yujie_runtime::idempotent::Begun;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, Reader, extract, idempotent};
use yujie_table::order::{Head, Order, Placed};
use yujie_table::{account, address, copy, order, site, title};

use crate::App;

/// How often an order reaches for other copies when somebody else was faster.
const TRIES: u32 = 6;
/// No order needs more lines; more are refused before any copy is read.
const MOST_LINES: usize = 50;

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewOrder {
    /// The books.
    lines: Vec<NewLine>,
    deliver_to: DeliverTo,
    /// What to do when a book has no free copy.
    if_missing: IfMissing,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewLine {
    #[schema(value_type = String)]
    title_id: TitleId,
}

/// Where an order goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum DeliverTo {
    /// To one of the reader's addresses.
    Home {
        /// Which.
        #[schema(value_type = String)]
        address_id: AddressId,
    },
    /// To a public site.
    Site {
        /// Which.
        #[schema(value_type = String)]
        site_id: SiteId,
    },
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuoteView {
    /// When everything will have arrived.
    #[schema(value_type = String, format = DateTime)]
    promised_by: Timestamp,
    /// What delivery costs, in fen.
    fee_fen: u32,
    /// How the books would travel.
    parcels: Vec<PlannedParcel>,
    /// Titles without a free copy, left out.
    unfilled: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlannedParcel {
    /// The site that sends it.
    site_id: String,
    lines: Vec<PlannedLine>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlannedLine {
    title_id: String,
    title: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlacedOrder {
    order_no: String,
    /// As it was when the order was placed: `reserved`.
    status: LineStatus,
    #[schema(value_type = String, format = DateTime)]
    placed_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    promised_by: Timestamp,
    /// What delivery costs, in fen.
    fee_fen: u32,
    parcels: Vec<PlacedParcel>,
    /// Titles without a free copy, left out.
    unfilled: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlacedParcel {
    parcel_no: String,
    lines: Vec<PlacedLine>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlacedLine {
    title_id: String,
    title: String,
    barcode: String,
}

/// What an order would be: the same rules, nothing written.
#[utoipa::path(
    post,
    path = "/orders/quote",
    tag = "orders",
    request_body = NewOrder,
    security(("reader" = [])),
    responses(
        (status = 200, body = QuoteView),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, description = "`order_refused`: all obstacles in `reasons`", content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn quote(
    State(app): State<App>,
    reader: Reader,
    Json(wanted): Json<NewOrder>,
) -> Result<Json<QuoteView>, Problem> {
    let now = app.edge.clock.now();
    let target = target(&app, &reader.rid, &wanted).await?;
    let world = World::load(&app, &reader.rid, &wanted, now).await?;
    let spread = app.edge.entropy.number().map_err(Problem::internal)?;
    let quote = world.quote(&target.destination, wanted.if_missing, now, spread, target.obstacle)?;
    Ok(Json(QuoteView {
        promised_by: quote.promised_by,
        fee_fen: quote.fee_fen,
        parcels: quote
            .parcels
            .iter()
            .map(|(site_id, books)| PlannedParcel {
                site_id: site_id.to_string(),
                lines: books
                    .iter()
                    .map(|book| PlannedLine {
                        title_id: book.copy.title_id.to_string(),
                        title: book.title.clone(),
                    })
                    .collect(),
            })
            .collect(),
        unfilled: quote.unfilled.iter().map(ToString::to_string).collect(),
    }))
}

/// Places an order: every book's copy is claimed in one transaction, or nothing is ordered.
#[utoipa::path(
    post,
    path = "/orders",
    tag = "orders",
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters")),
    request_body = NewOrder,
    security(("reader" = [])),
    responses(
        (status = 201, body = PlacedOrder),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, description = "`order_refused`: all obstacles in `reasons`", content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn place(
    State(app): State<App>,
    reader: Reader,
    request: Request,
) -> Result<Response, Problem> {
    let begun =
        idempotent::begin(&app.table, &app.edge.keys, "POST /orders", reader.rid.as_str(), request).await?;
    let (known, body) = match begun {
        Begun::Answered(answer) => return Ok(answer),
        Begun::New { known, body } => (known, body),
    };
    let wanted: NewOrder = extract::parse(&body)?;
    let now = app.edge.clock.now();
    let target = target(&app, &reader.rid, &wanted).await?;
    let chance = app.edge.entropy.number().map_err(Problem::internal)?;
    let order_no = OrderNo::new(now, chance);
    let recipient = target.recipient.as_ref().map(|recipient| {
        contact::seal(&app.edge.keys, &app.edge.entropy, Place::Order(&reader.rid, &order_no), recipient)
    });
    let recipient = recipient.transpose()?;

    let mut taken: BTreeSet<Barcode> = BTreeSet::new();
    for attempt in 0..TRIES {
        let mut world = World::load(&app, &reader.rid, &wanted, now).await?;
        world.without(&taken);
        let spread = chance.wrapping_add(attempt);
        let quoted =
            world.quote(&target.destination, wanted.if_missing, now, spread, target.obstacle.clone());
        let quote = match quoted {
            Ok(quote) => quote,
            // The obstacle may be this very request, made twice at once: then the first one's answer stands.
            Err(refusal) => return idempotent::replay(&app.table, &known).await?.ok_or(refusal),
        };
        let order = Order {
            head: Head {
                rid: reader.rid.clone(),
                order_no: order_no.clone(),
                placed_at: now,
                promised_by: quote.promised_by,
                fee_fen: quote.fee_fen,
                destination: target.destination.clone(),
                recipient: recipient.clone(),
                unfilled: quote.unfilled.clone(),
                rules: world.rules.version,
            },
            parcels: parcels(&reader.rid, &order_no, &target.destination, &quote, &world.rules),
        };
        let copies: Vec<_> = quote.parcels.into_values().flatten().map(|book| book.copy).collect();
        let answer = idempotent::answer(StatusCode::CREATED, &placed(&order))?;
        match order::place(&app.table, &order, &copies, world.rules.open_items, &known, &answer).await? {
            Placed::Now => {
                tracing::info!(order.no = %order_no, books = copies.len(), attempt, "order placed");
                return idempotent::respond(&answer);
            }
            Placed::Known(known) => {
                return idempotent::answer_known(known)?.ok_or_else(|| Problem::new(Code::Busy));
            }
            // Others were faster: the world is read again, without the copies that are known to be gone.
            Placed::Lost(copies) => taken.extend(copies),
        }
    }
    Err(Problem::new(Code::Busy))
}

/// Where the order goes, or the obstacle that it goes nowhere.
struct Target {
    destination: Destination,
    recipient: Option<Recipient>,
    obstacle: Option<Obstacle>,
}

async fn target(app: &App, rid: &ReaderId, wanted: &NewOrder) -> Result<Target, Problem> {
    match &wanted.deliver_to {
        DeliverTo::Home { address_id } => {
            let sealed = address::get(&app.table, rid, address_id).await?;
            let recipient = sealed
                .map(|address| {
                    contact::open(&app.edge.keys, Place::Address(rid, &address.id), &address.sealed)
                })
                .transpose()
                .map_err(Problem::internal)?;
            let obstacle = recipient.is_none().then_some(Obstacle::UnknownAddress);
            Ok(Target { destination: Destination::Home, recipient, obstacle })
        }
        DeliverTo::Site { site_id } => {
            let known = site::get(&app.table, site_id).await?.is_some();
            let destination = Destination::Site { site_id: site_id.clone() };
            Ok(Target { destination, recipient: None, obstacle: (!known).then_some(Obstacle::UnknownSite) })
        }
    }
}

/// All that an order is decided on.
struct World {
    rules: RuleSet,
    account: Account,
    offers: Vec<Offer>,
}

impl World {
    async fn load(app: &App, rid: &ReaderId, wanted: &NewOrder, now: Timestamp) -> Result<Self, Problem> {
        if wanted.lines.len() > MOST_LINES {
            return Err(Problem::field("lines", format!("at most {MOST_LINES}")));
        }
        let ids: Vec<TitleId> = wanted.lines.iter().map(|line| line.title_id.clone()).collect();
        let rules = app.rules.in_force(&app.table, now).await?;
        let account =
            account::get(&app.table, rid).await?.ok_or_else(|| Problem::new(Code::Unauthenticated))?;
        let titles = title::get_many(&app.table, &ids).await?;
        let copies = copy::of_titles(&app.table, &ids).await?;
        let offers = ids
            .into_iter()
            .map(|title_id| Offer {
                title: titles.get(&title_id).map(|title| title.title.clone()),
                copies: copies.get(&title_id).cloned().unwrap_or_default(),
                title_id,
            })
            .collect();
        Ok(Self { rules, account, offers })
    }

    /// Leaves out copies that a transaction has just found taken.
    fn without(&mut self, taken: &BTreeSet<Barcode>) {
        for offer in &mut self.offers {
            offer
                .copies
                .retain(|copy| copy.status != CopyStatus::Available || !taken.contains(&copy.barcode));
        }
    }

    fn quote(
        &self,
        destination: &Destination,
        if_missing: IfMissing,
        now: Timestamp,
        spread: u32,
        obstacle: Option<Obstacle>,
    ) -> Result<Quote, Problem> {
        let quoted =
            rule::quote(&self.offers, destination, if_missing, &self.account, &self.rules, now, spread);
        match (quoted, obstacle) {
            (Ok(quote), None) => Ok(quote),
            (Ok(_), Some(obstacle)) => Err(refused(vec![obstacle])),
            (Err(mut obstacles), obstacle) => {
                obstacles.extend(obstacle);
                Err(refused(obstacles))
            }
        }
    }
}

/// The problem that tells all obstacles, each with what to do about it.
fn refused(obstacles: Vec<Obstacle>) -> Problem {
    obstacles.into_iter().fold(Problem::new(Code::OrderRefused), |problem, obstacle| {
        let mut reason = serde_json::to_value(&obstacle).unwrap_or_default();
        if let Some(object) = reason.as_object_mut() {
            object.insert("detail".to_owned(), text::obstacle(&obstacle).into());
        }
        problem.because(reason)
    })
}

fn parcels(
    rid: &ReaderId,
    order_no: &OrderNo,
    destination: &Destination,
    quote: &Quote,
    rules: &RuleSet,
) -> Vec<Parcel> {
    (1_u8..)
        .zip(&quote.parcels)
        .map(|(n, (site, books))| Parcel {
            at: ParcelRef { rid: rid.clone(), order_no: order_no.clone(), n },
            site: site.clone(),
            destination: destination.clone(),
            promised_by: quote.promised_by,
            rules: rules.version,
            loan_days: rules.loan_days,
            lines: books
                .iter()
                .map(|book| Line {
                    title_id: book.copy.title_id.clone(),
                    title: book.title.clone(),
                    barcode: book.copy.barcode.clone(),
                    call_number: book.copy.call_number.clone(),
                    received: book.copy.received.clone(),
                    status: LineStatus::Reserved,
                })
                .collect(),
            sorted: None,
            boxed: None,
            booking: None,
            pickup_code: None,
            history: Vec::new(),
            version: 1,
        })
        .collect()
}

fn placed(order: &Order) -> PlacedOrder {
    PlacedOrder {
        order_no: order.head.order_no.to_string(),
        status: LineStatus::Reserved,
        placed_at: order.head.placed_at,
        promised_by: order.head.promised_by,
        fee_fen: order.head.fee_fen,
        parcels: order
            .parcels
            .iter()
            .map(|parcel| PlacedParcel {
                parcel_no: parcel.at.no().to_string(),
                lines: parcel
                    .lines
                    .iter()
                    .map(|line| PlacedLine {
                        title_id: line.title_id.to_string(),
                        title: line.title.clone(),
                        barcode: line.barcode.to_string(),
                    })
                    .collect(),
            })
            .collect(),
        unfilled: order.head.unfilled.iter().map(ToString::to_string).collect(),
    }
}
