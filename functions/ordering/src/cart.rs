//! `/cart`: the titles that a reader means to order, the same on every device. Each line says how it is with its title at this moment.

use std::collections::BTreeMap;

use axum::extract::State;
use futures_util::{StreamExt, TryStreamExt};
use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use yujie_domain::account::Account;
use yujie_domain::cart::{Cart, CartLine, Full, LineState, limit_left, state};
use yujie_domain::copy::Copy;
use yujie_domain::order::{self as rule, Action, NamedSite};
use yujie_domain::title::Title;
use yujie_domain::{OrderNo, ReaderId, TitleId, text, time};
use yujie_lending::{LOOKED_AT, Places};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Reader};
use yujie_table::{Table, TableError, TransactError, account, cart, copy, hold, title};

use crate::App;
use crate::refusal::{fault, search_for_editions};

/// How often a change that met another device's is made anew.
const TRIES: u32 = 12;
/// Titles that are looked at together: each is an index query, a read of its copies and a query of its queue.
const AT_ONCE: usize = 8;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CartView {
    /// In the order in which they were added. What was ordered since then is no longer among them.
    lines: Vec<CartLineView>,
    /// How many lines can be ordered now.
    can_order_now: usize,
    /// How many books the reader may order besides what is ordered and on loan, in one order or several.
    limit_left: u16,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CartLineView {
    title_id: String,
    /// What it is called; missing when the title is not in the catalogue any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    authors: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    isbn: Option<String>,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    added: Timestamp,
    state: LineState,
    /// Why it cannot be ordered now, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// What can be done about it, the likeliest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<Action>,
    /// What can be looked for instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    offers: Vec<CartOffer>,
}

/// What can be looked for instead of a title.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum CartOffer {
    /// Look whether there is another edition with a free copy: there may be none.
    OtherEdition {
        /// The search to make.
        search: String,
    },
}

/// The reader's cart, each line as it is at this moment. Nothing is reserved: the order itself decides.
#[utoipa::path(
    get,
    path = "/cart",
    tag = "orders",
    security(("reader" = [])),
    responses((status = 200, body = CartView), (status = 401, body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn show(State(app): State<App>, reader: Reader) -> Result<Json<CartView>, Problem> {
    let (lending, now) = (&app.lending, app.lending.edge.clock.now());
    let table = &lending.table;
    let (account, stored) =
        tokio::try_join!(account::get(table, &reader.rid), cart::get(table, &reader.rid))?;
    let account = account.ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    let ids: Vec<TitleId> = stored.lines.iter().map(|line| line.title_id.clone()).collect();
    let (ordered, mut titles) =
        tokio::try_join!(ordered_meanwhile(table, &reader.rid, &stored), title::get_many(table, &ids))?;
    let lines = stored.without_ordered(&ordered).lines;
    let rules = lending.rules.in_force(table, now).await.map_err(fault)?;
    let sites = lending.places.all(table, now).await?;

    // Of the others it is clear how it is with them before a copy is read.
    let undecided = |id: &&TitleId| {
        titles.contains_key(*id) && !account.open.contains_key(*id) && !account.holds.contains_key(*id)
    };
    let looked_at: Vec<TitleId> =
        lines.iter().map(|line| &line.title_id).filter(undecided).cloned().collect();
    let mut stock = stock(table, looked_at, time::day(now)).await?;
    let at = stock.values().flat_map(|(copies, _)| copies).map(|copy| &copy.site);
    let places = Places::of(&sites, at, now);
    let lines: Vec<CartLineView> = lines
        .into_iter()
        .map(|line| {
            let title = titles.remove(&line.title_id);
            let (copies, waiting) = stock.remove(&line.title_id).unwrap_or_default();
            let name = title.as_ref().map(|title| title.title.clone());
            let offer = rule::Offer { title_id: line.title_id.clone(), title: name, copies, waiting };
            let state = state(&offer, &account, &rules, &places, now);
            view(line, title, state, &account, &NamedSite::with_one_of(&offer.copies, &sites, None))
        })
        .collect();
    Ok(Json(CartView {
        can_order_now: lines.iter().filter(|line| matches!(line.state, LineState::Now { .. })).count(),
        limit_left: limit_left(&account, &rules, time::day(now)),
        lines,
    }))
}

/// Adds a title at the cart's end. One that is in it already stays where it is.
#[utoipa::path(
    put,
    path = "/cart/{title_id}",
    tag = "orders",
    params(("title_id" = String, Path)),
    security(("reader" = [])),
    responses(
        (status = 204, description = "It is in the cart."),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such title.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`cart_full`: there are 50 titles in it.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put(
    State(app): State<App>,
    reader: Reader,
    Path(title_id): Path<String>,
) -> Result<StatusCode, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let title_id = TitleId::parse(&title_id).map_err(|_| not_found())?;
    title::get(&app.lending.table, &title_id).await?.ok_or_else(not_found)?;
    let now = app.lending.edge.clock.now();
    change(&app, &reader.rid, |cart| cart.put(&title_id, now)).await
}

/// Takes a title out of the cart. One that is not in it is no fault.
#[utoipa::path(
    delete,
    path = "/cart/{title_id}",
    tag = "orders",
    params(("title_id" = String, Path)),
    security(("reader" = [])),
    responses(
        (status = 204, description = "It is not in the cart."),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No title can be called so.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(
    State(app): State<App>,
    reader: Reader,
    Path(title_id): Path<String>,
) -> Result<StatusCode, Problem> {
    let title_id = TitleId::parse(&title_id).map_err(|_| Problem::new(Code::NotFound))?;
    change(&app, &reader.rid, |cart| Ok(cart.remove(&title_id))).await
}

/// Empties the cart.
#[utoipa::path(
    delete,
    path = "/cart",
    tag = "orders",
    security(("reader" = [])),
    responses(
        (status = 204, description = "Nothing is in the cart."),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn clear(State(app): State<App>, reader: Reader) -> Result<StatusCode, Problem> {
    change(&app, &reader.rid, |cart| Ok(cart.emptied())).await
}

/// Changes a cart; what was ordered since it was added goes in the same write. A change that changes nothing writes nothing.
async fn change(
    app: &App,
    rid: &ReaderId,
    change: impl Fn(Cart) -> Result<Cart, Full>,
) -> Result<StatusCode, Problem> {
    let table = &app.lending.table;
    for _ in 0..TRIES {
        let read = cart::get(table, rid).await?;
        let ordered = ordered_meanwhile(table, rid, &read).await?;
        let next =
            change(read.next().without_ordered(&ordered)).map_err(|Full| Problem::new(Code::CartFull))?;
        if next.lines == read.lines {
            return Ok(StatusCode::NO_CONTENT);
        }
        match table.write(cart::replace(rid, &next)?).await {
            Ok(()) => return Ok(StatusCode::NO_CONTENT),
            // Another device was faster: its change stays, and this one is made to it.
            Err(TransactError::Refused(_)) => {}
            Err(TransactError::Table(error)) => return Err(error.into()),
        }
    }
    Err(Problem::new(Code::Busy))
}

/// What the reader has ordered since the cart's oldest line was added.
async fn ordered_meanwhile(
    table: &Table,
    rid: &ReaderId,
    cart: &Cart,
) -> Result<BTreeMap<TitleId, OrderNo>, TableError> {
    match cart.oldest() {
        Some(since) => cart::ordered_since(table, rid, since).await,
        None => Ok(BTreeMap::new()),
    }
}

/// What there is of several titles: the copies, and how many readers wait today.
async fn stock(
    table: &Table,
    titles: Vec<TitleId>,
    today: Date,
) -> Result<BTreeMap<TitleId, (Vec<Copy>, u32)>, TableError> {
    let looks = titles.into_iter().map(|id| async move {
        let (copies, queue) =
            tokio::try_join!(copy::of_title(table, &id), hold::queue(table, &id, LOOKED_AT))?;
        let waiting = queue.iter().filter(|hold| hold.waits_on(today)).count();
        Ok((id, (copies, u32::try_from(waiting).unwrap_or(u32::MAX))))
    });
    futures_util::stream::iter(looks).buffer_unordered(AT_ONCE).try_collect().await
}

fn view(
    line: CartLine,
    title: Option<Title>,
    state: LineState,
    account: &Account,
    stands_at: &[NamedSite],
) -> CartLineView {
    let obstacle = state.obstacle(&line.title_id);
    let actions = obstacle.as_ref().map(|obstacle| obstacle.actions(account)).unwrap_or_default();
    let named = actions.into_iter().filter_map(|way| match way {
        Action::ReadThere { .. } if stands_at.is_empty() => None,
        Action::ReadThere { title_id, .. } => Some(Action::ReadThere { title_id, sites: stands_at.to_vec() }),
        other => Some(other),
    });
    let actions: Vec<Action> = named.collect();
    let elsewhere = actions.iter().any(|action| matches!(action, Action::OtherEdition { .. }));
    let name = title.as_ref().map(|title| title.title.clone());
    let (authors, isbn) = title.map(|title| (title.authors, title.isbn)).unwrap_or_default();
    CartLineView {
        title_id: line.title_id.into(),
        offers: name.as_deref().filter(|_| elsewhere).and_then(other_edition).into_iter().collect(),
        title: name,
        authors,
        isbn: isbn.map(Into::into),
        added: line.added,
        state,
        detail: obstacle.as_ref().map(text::obstacle),
        actions,
    }
}

fn other_edition(name: &str) -> Option<CartOffer> {
    search_for_editions(name).map(|search| CartOffer::OtherEdition { search })
}
