//! `POST /orders/quote` and `POST /orders`: one decision, with and without the write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_domain::account::{Account, OpenItem};
use yujie_domain::copy::{Copy, CopyStatus};
use yujie_domain::hold::{Hold, Wherever};
use yujie_domain::order::{self as rule, Asked, Choice, IfMissing, Obstacle, Offer, Place, Queued, Quote};
use yujie_domain::parcel::{Line, LineStatus, Parcel};
use yujie_domain::payment::Payment;
use yujie_domain::rules::{By, RuleSet};
use yujie_domain::slot::Slot;
use yujie_domain::{Barcode, OrderNo, ParcelRef, ReaderId, SiteId, TitleId, time};
use yujie_lending::{LOOKED_AT, Places, Where};
use yujie_runtime::idempotent::Begun;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, Reader, extract, idempotent};
use yujie_table::order::{Head, Order, Placed, Placing};
use yujie_table::{Table, TableError, account, copy, hold, order, title};

use crate::App;
use crate::refusal::{fault, refused};
use crate::view::PaymentView;

/// How often an order reaches for other copies when somebody else was faster.
const TRIES: u32 = 12;
/// No order needs more lines; more are refused before any copy is read.
const MOST_LINES: usize = 50;

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewOrder {
    /// The books.
    lines: Vec<NewLine>,
    deliver_to: Wherever,
    /// What to do when a book has no free copy; without it the library's rule says.
    #[serde(default)]
    if_missing: Option<IfMissing>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewLine {
    #[schema(value_type = String)]
    title_id: TitleId,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuoteView {
    /// When everything will have arrived.
    #[schema(value_type = String, format = DateTime)]
    promised_by: Timestamp,
    /// When it would be brought to the door; missing when it comes as soon as possible.
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<Slot>,
    /// What delivery costs, in fen.
    fee_fen: u32,
    /// The rule that says so; nothing for what is always free.
    #[serde(skip_serializing_if = "Option::is_none")]
    fee_by: Option<By>,
    /// How the books would travel.
    parcels: Vec<PlannedParcel>,
    /// Titles without a free copy that the reader would queue for.
    queued: Vec<QueuedTitle>,
    /// Titles without a free copy, left out.
    unfilled: Vec<String>,
    /// What is done about books without a free copy: as the request said, or by the library's rule.
    if_missing: IfMissing,
    /// The rule that says so; missing when the request did.
    #[serde(skip_serializing_if = "Option::is_none")]
    if_missing_by: Option<By>,
    /// The version of the rules that this was decided under.
    rules: u32,
}

/// A title that the reader queues for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueuedTitle {
    title_id: String,
    title: String,
    /// The place in the queue, from 1.
    place: u32,
    /// About how many days the wait is: an estimate.
    likely_days: Option<u32>,
}

impl From<&Queued> for QueuedTitle {
    fn from(queued: &Queued) -> Self {
        Self {
            title_id: queued.title_id.to_string(),
            title: queued.title.clone(),
            place: queued.place,
            likely_days: queued.likely_days,
        }
    }
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
    /// When it is brought to the door; missing when it comes as soon as possible.
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<Slot>,
    /// What delivery costs, in fen.
    fee_fen: u32,
    /// What is to be paid before the library begins: `POST /orders/{order_no}/payment`. Nothing for what is free.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<PaymentView>,
    parcels: Vec<PlacedParcel>,
    /// Titles without a free copy that the reader queues for from now on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queued: Vec<QueuedTitle>,
    /// Titles without a free copy, left out.
    unfilled: Vec<String>,
    /// What is done about books without a free copy: as the request said, or by the library's rule.
    if_missing: IfMissing,
    /// The rule that says so; missing when the request did.
    #[serde(skip_serializing_if = "Option::is_none")]
    if_missing_by: Option<By>,
    /// The version of the rules that it was decided under.
    rules_version: u32,
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
    let now = app.lending.edge.clock.now();
    let spread = app.lending.edge.entropy.number().map_err(Problem::internal)?;
    let mut world = World::load(&app, &reader.rid, &wanted, now, spread, 1).await?;
    let mut quoted = world.quote(&wanted, now, spread);
    let parcels = quoted.as_ref().map_or(1, |quote| u16::try_from(quote.parcels.len()).unwrap_or(u16::MAX));
    if parcels > 1 {
        // A site that is nearly full may take one parcel and not two.
        world.to = app.lending.destination(&reader.rid, &wanted.deliver_to, parcels).await.map_err(fault)?;
        quoted = world.quote(&wanted, now, spread);
    }
    let quote = match quoted {
        Ok(quote) => quote,
        Err(obstacles) => return Err(world.refused(&app, &obstacles, (&wanted.deliver_to, parcels)).await),
    };
    Ok(Json(QuoteView {
        promised_by: quote.promised_by,
        slot: quote.slot,
        fee_fen: quote.fee.fen.0,
        fee_by: quote.fee.by,
        parcels: quote
            .parcels
            .iter()
            .map(|(site_id, shipment)| PlannedParcel {
                site_id: site_id.to_string(),
                lines: shipment
                    .books
                    .iter()
                    .map(|book| PlannedLine {
                        title_id: book.copy.title_id.to_string(),
                        title: book.title.clone(),
                    })
                    .collect(),
            })
            .collect(),
        queued: quote.queued.iter().map(QueuedTitle::from).collect(),
        unfilled: quote.unfilled.iter().map(ToString::to_string).collect(),
        if_missing: quote.if_missing.what,
        if_missing_by: quote.if_missing.by,
        rules: world.rules.version,
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
    let edge = &app.lending.edge;
    let begun =
        idempotent::begin(&app.lending.table, &edge.keys, "POST /orders", reader.rid.as_str(), request)
            .await?;
    let (known, body) = match begun {
        Begun::Answered(answer) => return Ok(answer),
        Begun::New { known, body } => (known, body),
    };
    let wanted: NewOrder = extract::parse(&body)?;
    let now = edge.clock.now();
    let chance = edge.entropy.number().map_err(Problem::internal)?;
    let order_no = OrderNo::new(now, chance);

    let mut taken: BTreeSet<Barcode> = BTreeSet::new();
    let mut parcels = 1;
    for attempt in 0..TRIES {
        let spread = chance.wrapping_add(attempt);
        let mut world = World::load(&app, &reader.rid, &wanted, now, spread, parcels).await?;
        world.without(&taken);
        let quote = match world.quote(&wanted, now, spread) {
            Ok(quote) => quote,
            Err(obstacles) => {
                // The obstacle may be this very request, made twice at once: then the first one's answer stands.
                if let Some(first) = idempotent::replay(&app.lending.table, &known).await? {
                    return Ok(first);
                }
                return Err(world.refused(&app, &obstacles, (&wanted.deliver_to, parcels)).await);
            }
        };
        // A site that is nearly full may take one parcel and not two.
        parcels = u16::try_from(quote.parcels.len()).unwrap_or(u16::MAX);
        let placing = world.placing(&app, (&order_no, reader.by.as_ref()), &wanted, &quote, now)?;
        let answer = idempotent::answer(StatusCode::CREATED, &placed(&placing.order, &quote))?;
        match order::place(&app.lending.table, &placing, &known, &answer).await? {
            Placed::Now => {
                tracing::info!(order.no = %order_no, books = placing.copies.len(), attempt, "order placed");
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

/// All that an order is decided on.
struct World {
    rules: Arc<RuleSet>,
    account: Account,
    offers: Vec<Offer>,
    to: Where,
    places: BTreeMap<SiteId, Place>,
}

impl World {
    async fn load(
        app: &App,
        rid: &ReaderId,
        wanted: &NewOrder,
        now: Timestamp,
        spread: u32,
        parcels: u16,
    ) -> Result<Self, Problem> {
        if wanted.lines.len() > MOST_LINES {
            return Err(Problem::field("lines", format!("at most {MOST_LINES}")));
        }
        let lending = &app.lending;
        let table = &lending.table;
        let ids: Vec<TitleId> = wanted.lines.iter().map(|line| line.title_id.clone()).collect();
        let rules = lending.rules.in_force(table, now).await.map_err(fault)?;
        let account = account::get(table, rid).await?.ok_or_else(|| Problem::new(Code::Unauthenticated))?;
        let to = lending.destination(rid, &wanted.deliver_to, parcels).await.map_err(fault)?;
        let titles = title::get_many(table, &ids).await?;
        let mut offers = Vec::new();
        for title_id in ids {
            let (copies, waiting) = stock(table, &title_id, rid, now, spread).await?;
            offers.push(Offer {
                title: titles.get(&title_id).map(|title| title.title.clone()),
                copies,
                waiting,
                title_id,
            });
        }
        let sites = lending.places.all(table, now).await?;
        let at = offers.iter().flat_map(|offer| &offer.copies).map(|copy| &copy.site);
        let places = Places::of(&sites, at.chain(to.target.site()), now);
        Ok(Self { rules, account, offers, to, places })
    }

    /// Leaves out copies that a transaction has just found taken.
    fn without(&mut self, taken: &BTreeSet<Barcode>) {
        for copy in self.offers.iter_mut().flat_map(|offer| &mut offer.copies) {
            if taken.contains(&copy.barcode) {
                copy.status = CopyStatus::Reserved;
            }
        }
    }

    fn quote(&self, wanted: &NewOrder, now: Timestamp, spread: u32) -> Result<Quote, Vec<Obstacle>> {
        let asked = Asked {
            account: &self.account,
            rules: &self.rules,
            target: &self.to.target,
            if_missing: wanted.if_missing,
            places: &self.places,
            now,
            spread,
        };
        rule::quote(&self.offers, &asked)
    }

    async fn refused(&self, app: &App, obstacles: &[Obstacle], to: (&Wherever, u16)) -> Problem {
        refused(&app.lending, obstacles, &self.account, to).await
    }

    /// What the quote becomes when it is ordered.
    fn placing(
        &self,
        app: &App,
        (order_no, by): (&OrderNo, Option<&ReaderId>),
        wanted: &NewOrder,
        quote: &Quote,
        now: Timestamp,
    ) -> Result<Placing, Problem> {
        let rid = &self.account.rid;
        let mut parcels = parcels(self, order_no, quote, now);
        let about = self.to.target.about(&self.account);
        let payment = Payment::for_delivery(rid, order_no, &quote.fee, &self.rules, &about, now);
        for parcel in &mut parcels {
            parcel.unpaid = payment.is_some();
        }
        let head = Head {
            rid: rid.clone(),
            order_no: order_no.clone(),
            placed_at: now,
            promised_by: quote.promised_by,
            fee: quote.fee.fen,
            destination: self.to.target.destination.clone(),
            slot: quote.slot,
            recipient: self.to.sealed(&app.lending, rid, order_no).map_err(fault)?,
            unfilled: quote.unfilled.clone(),
            queued: quote.queued.iter().map(|queued| queued.title_id.clone()).collect(),
            from_hold: false,
            acted_by: by.cloned(),
            rules: self.rules.version,
            version: 1,
        };
        let mut account = self.account.next();
        for line in parcels.iter().flat_map(|parcel| &parcel.lines) {
            let item = OpenItem {
                barcode: line.barcode.clone(),
                order_no: order_no.clone(),
                title: line.title.clone(),
                class: line.class,
                loan: None,
                returning: None,
            };
            account.open.insert(line.title_id.clone(), item);
        }
        account.holds.extend(quote.queued.iter().map(|queued| (queued.title_id.clone(), now)));
        let holds = quote
            .queued
            .iter()
            .map(|queued| Hold {
                title_id: queued.title_id.clone(),
                rid: rid.clone(),
                since: now,
                deliver_to: wanted.deliver_to.without_slot(),
                until: None,
                resumes: None,
                hopeless: None,
                version: 1,
            })
            .collect();
        let most = self.to.capacity().or(quote.per_slot);
        let places = parcels.first().and_then(Parcel::place).zip(most).map(|(place, most)| {
            let parcels = u16::try_from(parcels.len()).unwrap_or(u16::MAX);
            (place, parcels, most)
        });
        let copies = quote
            .parcels
            .values()
            .flat_map(|shipment| &shipment.books)
            .map(|book| book.copy.clone())
            .collect();
        Ok(Placing { order: Order { head, parcels, payment }, copies, account, holds, places })
    }
}

/// The copies of a title, and how many other readers wait for one today.
async fn stock(
    table: &Table,
    title_id: &TitleId,
    rid: &ReaderId,
    now: Timestamp,
    spread: u32,
) -> Result<(Vec<Copy>, u32), Problem> {
    let today = time::day(now);
    let waiting = async || {
        let queue = hold::queue(table, title_id, LOOKED_AT).await?;
        Ok::<_, TableError>(queue.iter().filter(|hold| hold.rid != *rid && hold.waits_on(today)).count())
    };
    let mut others = waiting().await?;
    let copies = copy::for_order(table, title_id, spread, others).await?;
    let free = copies.iter().filter(|copy| copy.status == CopyStatus::Available).count();
    if others > 0 && free <= others {
        // One of them may have been given a copy between the two looks: that copy must not be missing here while its reader still counts.
        others = waiting().await?;
    }
    Ok((copies, u32::try_from(others).unwrap_or(u32::MAX)))
}

fn parcels(world: &World, order_no: &OrderNo, quote: &Quote, now: Timestamp) -> Vec<Parcel> {
    let target = &world.to.target;
    let about = target.about(&world.account);
    (1_u8..)
        .zip(&quote.parcels)
        .map(|(n, (site, shipment))| {
            let line =
                |book: &Choice| Line::new(book.copy.clone(), book.title.clone(), &world.rules, &about, now);
            let parcel = Parcel::new(
                ParcelRef { rid: world.account.rid.clone(), order_no: order_no.clone(), n },
                site.clone(),
                target.destination.clone(),
                world.to.capacity().or(quote.per_slot).is_some(),
                quote.promised_by,
                world.rules.version,
                shipment.books.iter().map(line).collect(),
            );
            Parcel {
                remedy_offer: parcel.remedy(&world.rules, world.account.class),
                because: shipment.because,
                zone: world.to.division(),
                slot: quote.slot,
                ..parcel
            }
        })
        .collect()
}

fn placed(order: &Order, quote: &Quote) -> PlacedOrder {
    PlacedOrder {
        order_no: order.head.order_no.to_string(),
        status: LineStatus::Reserved,
        placed_at: order.head.placed_at,
        promised_by: order.head.promised_by,
        slot: order.head.slot,
        fee_fen: order.head.fee.0,
        payment: order.payment.as_ref().map(PaymentView::from),
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
        queued: quote.queued.iter().map(QueuedTitle::from).collect(),
        unfilled: order.head.unfilled.iter().map(ToString::to_string).collect(),
        if_missing: quote.if_missing.what,
        if_missing_by: quote.if_missing.by.clone(),
        rules_version: order.head.rules,
    }
}
