//! `GET /orders`, `GET /orders/{order_no}`, `GET /orders/{order_no}/timeline`.

use axum::extract::State;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use yujie_domain::parcel::{By, Carrier, Destination, LineStatus, Parcel, order_status};
use yujie_domain::payment::{Payment, Shown as PaymentState};
use yujie_domain::slot::Slot;
use yujie_domain::timeline::{self, Step};
use yujie_domain::{OrderNo, ReaderId, punctuality, text};
use yujie_runtime::page::{self, PageQuery};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Query, Reader};
use yujie_table::order::{self, Head, Order};

use crate::App;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderList {
    items: Vec<OrderView>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderView {
    order_no: String,
    /// How far its slowest book has come.
    status: LineStatus,
    #[schema(value_type = String, format = DateTime)]
    placed_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    promised_by: Timestamp,
    /// What delivery costs, in fen.
    fee_fen: u32,
    /// How its payment stands; nothing for what was always free.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<PaymentView>,
    deliver_to: DestinationView,
    /// How what was promised stands; nothing when all of it was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    promise: Option<PromiseView>,
    /// When it is brought to the door; missing when it comes as soon as possible.
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<Slot>,
    parcels: Vec<ParcelView>,
    /// Titles that had no free copy, and that the reader queued for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queued: Vec<String>,
    /// Titles that had no free copy.
    unfilled: Vec<String>,
    /// Whether it was made when a copy came free that the reader waited for.
    from_hold: bool,
    /// Who placed it, when somebody acted for the reader: `GET /me/family` has the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    acted_by: Option<String>,
    /// The version of the rules that it was decided under.
    rules_version: u32,
    /// What the reader may still do about it.
    may: Vec<May>,
}

/// What is owed for an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentView {
    state: PaymentState,
    /// The state in words.
    label: &'static str,
    /// What is to be paid, or was, in fen.
    amount_fen: u32,
    /// Until when it can be paid.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// What of it goes back, or went, in fen; of what is not paid yet: what will, as soon as it is.
    refunded_fen: u32,
}

impl From<&Payment> for PaymentView {
    fn from(payment: &Payment) -> Self {
        let state = PaymentState::of(payment);
        Self {
            state,
            label: text::payment(state),
            amount_fen: payment.amount.0,
            until: payment.until,
            refunded_fen: payment.refunded().plus(payment.waived_of_due()).0,
        }
    }
}

/// What was promised, what happened, and what is given for it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PromiseView {
    /// For the parcel that is, or was, the latest.
    #[schema(value_type = String, format = DateTime)]
    promised_by: Timestamp,
    state: punctuality::State,
    /// By how many minutes the latest parcel came late, or is late.
    #[serde(skip_serializing_if = "Option::is_none")]
    late_by_minutes: Option<u32>,
    /// How far that had come when its time was over; nothing when it had not been taken on.
    #[serde(skip_serializing_if = "Option::is_none")]
    stood_at: Option<LineStatus>,
    /// Days that each of its loans gets for it, by the rule of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy_days: Option<u16>,
    /// All of it for readers.
    words: String,
}

/// What a reader may do about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum May {
    /// Cancel it, or some of its books.
    Cancel,
    /// Send it to another address or site.
    Redirect,
    /// Pay for it: `POST /orders/{order_no}/payment`.
    Pay,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum DestinationView {
    /// The reader's door.
    Home,
    /// A public site.
    Site { site_id: String },
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ParcelView {
    parcel_no: String,
    status: LineStatus,
    /// The site that sends it.
    site_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<Carrier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waybill: Option<String>,
    /// The site where it is collected, when that is not where the order goes now: another parcel of it went elsewhere, because this one's site
    /// closed after it had come there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pickup_site_id: Option<String>,
    /// The last day on which it waits at the pickup site.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    keep_until: Option<Date>,
    /// Whether it came, or will come, later than promised; days that each loan got for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy_days: Option<u16>,
    /// What to show at the pickup site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pickup_code: Option<String>,
    lines: Vec<LineView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LineView {
    title_id: String,
    title: String,
    barcode: String,
    status: LineStatus,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelineView {
    order_no: String,
    books: Vec<BookTimeline>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BookTimeline {
    barcode: String,
    title: String,
    /// Oldest first.
    entries: Vec<EntryView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EntryView {
    step: Step,
    /// The step's name for readers.
    label: &'static str,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The site, when it was at one.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    by: By,
}

/// The reader's orders, newest first.
#[utoipa::path(
    get,
    path = "/orders",
    tag = "orders",
    params(PageQuery),
    security(("reader" = [])),
    responses(
        (status = 200, body = OrderList),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    reader: Reader,
    Query(query): Query<PageQuery>,
) -> Result<Json<OrderList>, Problem> {
    let limit = query.limit()?;
    let after = query
        .cursor()?
        .map(|no| OrderNo::parse(&no))
        .transpose()
        .map_err(|_| Problem::new(Code::MalformedRequest))?;
    let orders = order::list(&app.lending.table, &reader.rid, after.as_ref(), limit).await?;
    let next_cursor = (orders.len() == limit)
        .then(|| orders.last().map(|order| page::cursor(order.head.order_no.as_str())))
        .flatten();
    let now = app.lending.edge.clock.now();
    Ok(Json(OrderList { items: orders.iter().map(|order| view(order, now)).collect(), next_cursor }))
}

/// One order.
#[utoipa::path(
    get,
    path = "/orders/{order_no}",
    tag = "orders",
    params(("order_no" = String, Path)),
    security(("reader" = [])),
    responses(
        (status = 200, body = OrderView),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    reader: Reader,
    Path(order_no): Path<String>,
) -> Result<Json<OrderView>, Problem> {
    Ok(Json(view(&own(&app, &reader.rid, &order_no).await?, app.lending.edge.clock.now())))
}

/// The way of each book of an order.
#[utoipa::path(
    get,
    path = "/orders/{order_no}/timeline",
    tag = "orders",
    params(("order_no" = String, Path)),
    security(("reader" = [])),
    responses(
        (status = 200, body = TimelineView),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn timeline(
    State(app): State<App>,
    reader: Reader,
    Path(order_no): Path<String>,
) -> Result<Json<TimelineView>, Problem> {
    let order = own(&app, &reader.rid, &order_no).await?;
    let books = order.parcels.iter().flat_map(|parcel| parcel.lines.iter().map(move |line| (parcel, line)));
    Ok(Json(TimelineView {
        order_no: order.head.order_no.to_string(),
        books: books
            .map(|(parcel, line)| BookTimeline {
                barcode: line.barcode.to_string(),
                title: line.title.clone(),
                entries: timeline::of_line(parcel, line).into_iter().map(entry).collect(),
            })
            .collect(),
    }))
}

/// The order of this number, if it is this reader's. Somebody else's is not to be told from none.
pub(crate) async fn own(app: &App, rid: &ReaderId, order_no: &str) -> Result<Order, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let order_no = OrderNo::parse(order_no).map_err(|_| not_found())?;
    order::get(&app.lending.table, rid, &order_no).await?.ok_or_else(not_found)
}

pub(crate) fn view(order: &Order, now: Timestamp) -> OrderView {
    OrderView {
        order_no: order.head.order_no.to_string(),
        status: shown(order_status(&order.parcels)),
        placed_at: order.head.placed_at,
        promised_by: order.head.promised_by,
        fee_fen: order.payment.as_ref().map_or(order.head.fee, Payment::costs).0,
        payment: order.payment.as_ref().map(PaymentView::from),
        deliver_to: match &order.head.destination {
            Destination::Home => DestinationView::Home,
            Destination::Site { site_id } => DestinationView::Site { site_id: site_id.to_string() },
        },
        slot: order.head.slot,
        promise: promise(order, now),
        parcels: order.parcels.iter().map(|parcel| parcel_view(&order.head, parcel)).collect(),
        queued: order.head.queued.iter().map(ToString::to_string).collect(),
        unfilled: order.head.unfilled.iter().map(ToString::to_string).collect(),
        from_hold: order.head.from_hold,
        acted_by: order.head.acted_by.as_ref().map(ToString::to_string),
        rules_version: order.head.rules,
        may: may(order, now),
    }
}

fn may(order: &Order, now: Timestamp) -> Vec<May> {
    let before_hand_over = |parcel: &Parcel| parcel.status() < LineStatus::Dispatched;
    let mut live = order.parcels.iter().filter(|parcel| parcel.status().is_live()).peekable();
    let any = live.clone().any(before_hand_over);
    let all = live.peek().is_some() && live.all(before_hand_over);
    let owed = order.payment.as_ref().is_some_and(|payment| payment.can_be_paid(now));
    [any.then_some(May::Cancel), all.then_some(May::Redirect), owed.then_some(May::Pay)]
        .into_iter()
        .flatten()
        .collect()
}

/// To its reader a book is cancelled when they cancelled it; that staff has yet to take it out of a box is ours.
fn shown(status: LineStatus) -> LineStatus {
    if status == LineStatus::Recalled { LineStatus::Cancelled } else { status }
}

fn promise(order: &Order, now: Timestamp) -> Option<PromiseView> {
    let standing = punctuality::standing(&order.parcels, now)?;
    let broken = standing.state == punctuality::State::Broken;
    Some(PromiseView {
        promised_by: standing.promised_by,
        state: standing.state,
        late_by_minutes: broken.then_some(standing.late_minutes),
        stood_at: standing.stood_at.filter(|_| broken),
        remedy_days: Some(standing.remedy_days).filter(|days| *days > 0),
        words: text::promise(&standing),
    })
}

fn parcel_view(head: &Head, parcel: &Parcel) -> ParcelView {
    ParcelView {
        parcel_no: parcel.at.no().to_string(),
        status: shown(parcel.status()),
        site_id: parcel.site.to_string(),
        carrier: parcel.booking.as_ref().map(|booking| booking.carrier),
        waybill: parcel.booking.as_ref().map(|booking| booking.waybill.to_string()),
        pickup_site_id: parcel
            .destination
            .site()
            .filter(|_| parcel.is_open() && parcel.destination != head.destination)
            .map(ToString::to_string),
        keep_until: parcel.keep_until,
        remedy_days: Some(parcel.remedy_days).filter(|days| *days > 0),
        pickup_code: parcel.pickup_code.clone().filter(|_| parcel.is_open()),
        lines: parcel
            .lines
            .iter()
            .map(|line| LineView {
                title_id: line.title_id.to_string(),
                title: line.title.clone(),
                barcode: line.barcode.to_string(),
                status: shown(line.status),
            })
            .collect(),
    }
}

fn entry(entry: timeline::Entry) -> EntryView {
    EntryView {
        step: entry.step,
        label: text::step_label(entry.step),
        at: entry.at,
        place: entry.place.map(|site| site.to_string()),
        by: entry.by,
    }
}
