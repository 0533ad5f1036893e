//! `GET /sites`, `GET /sites/{site_id}`: where books can be collected and returned, and when.

use std::collections::BTreeMap;

use axum::extract::State;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use yujie_domain::site::{Closure, Point, Site, SiteKind};
use yujie_domain::{SiteId, time};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Query};
use yujie_table::{site, site_load};

use crate::App;
use crate::refusal::fault;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// `lat,lng` in decimal degrees (WGS 84): nearest first.
    near: Option<String>,
    /// Places of this sort alone.
    #[param(inline)]
    kind: Option<SiteKind>,
    /// A day such as `2026-11-23`: places that are open on it.
    #[param(format = Date)]
    open_on: Option<String>,
    /// How many, 1 to 1,000; all when not said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SiteList {
    items: Vec<SiteView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SiteView {
    id: String,
    name: String,
    kind: SiteKind,
    address: String,
    /// Decimal degrees.
    lat: String,
    /// Decimal degrees.
    lng: String,
    /// By weekday, as OpenStreetMap writes them: `24/7`, `Mo-Fr 09:00-12:00,13:00-18:00; Sa-Su 10:00-17:00`; `off` when it does not open.
    opening_hours: String,
    /// Whether it is open at this moment.
    open_now: bool,
    /// The first day on which it is open, when it is closed all of today. Missing when there is none within 400 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    opens_next: Option<Date>,
    /// Days on which it is closed in spite of its hours, the library's holidays among them: those that are not over, in their order.
    closures: Vec<Closure>,
    /// How many parcels may be on their way to it or wait in it; missing when any number may.
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity: Option<u16>,
    /// How many parcels it can take at the moment, when it has a capacity.
    #[serde(skip_serializing_if = "Option::is_none")]
    free_places: Option<u16>,
    /// Metres from the place asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_m: Option<u32>,
}

/// The places where books can be collected and returned.
#[utoipa::path(
    get,
    path = "/sites",
    tag = "orders",
    params(Which),
    responses((status = 200, body = SiteList), (status = 400, body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn list(
    State(app): State<App>,
    Query(which): Query<Which>,
) -> Result<Json<SiteList>, Problem> {
    let near = which.near.as_deref().map(point).transpose()?;
    let open_on = which.open_on.as_deref().map(day).transpose()?;
    let limit = match which.limit {
        None => 1000,
        Some(limit @ 1..=1000) => limit,
        Some(_) => return Err(Problem::new(Code::MalformedRequest).and_field("limit", "1 to 1000")),
    };
    let now = app.lending.edge.clock.now();
    let rules = app.lending.rules.in_force(&app.lending.table, now).await.map_err(fault)?;
    let mut sites: Vec<(Option<u32>, Site)> = site::all(&app.lending.table)
        .await?
        .into_iter()
        .map(|site| site.with_holidays(&rules.holidays))
        .filter(|site| which.kind.is_none_or(|kind| kind == site.kind))
        .filter(|site| open_on.is_none_or(|day| site.is_open_day(day)))
        .map(|site| (near.map(|point| point.metres_to(site.point)), site))
        .collect();
    sites.sort_by_key(|(distance, _)| *distance);
    sites.truncate(limit);
    let loads = loads(&app, sites.iter().map(|(_, site)| site)).await?;
    let items = sites.into_iter().map(|(distance, site)| view(site, &loads, now, distance)).collect();
    Ok(Json(SiteList { items }))
}

/// One of these places.
#[utoipa::path(
    get,
    path = "/sites/{site_id}",
    tag = "orders",
    params(("site_id" = String, Path)),
    responses((status = 200, body = SiteView), (status = 404, body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn show(
    State(app): State<App>,
    Path(site_id): Path<String>,
) -> Result<Json<SiteView>, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let id = SiteId::parse(&site_id).map_err(|_| not_found())?;
    let now = app.lending.edge.clock.now();
    let rules = app.lending.rules.in_force(&app.lending.table, now).await.map_err(fault)?;
    let site = site::get(&app.lending.table, &id).await?.ok_or_else(not_found)?;
    let site = site.with_holidays(&rules.holidays);
    let loads = loads(&app, [&site]).await?;
    Ok(Json(view(site, &loads, now, None)))
}

fn point(text: &str) -> Result<Point, Problem> {
    text.split_once(',').and_then(|(lat, lng)| Point::parse(lat, lng)).ok_or_else(|| {
        Problem::new(Code::MalformedRequest).and_field("near", "latitude,longitude in decimal degrees")
    })
}

fn day(text: &str) -> Result<Date, Problem> {
    text.parse()
        .map_err(|_| Problem::new(Code::MalformedRequest).and_field("open_on", "a day such as 2026-11-23"))
}

/// The parcels of the sites that count them.
async fn loads<'a>(
    app: &App,
    sites: impl IntoIterator<Item = &'a Site>,
) -> Result<BTreeMap<SiteId, u16>, Problem> {
    let counting = sites.into_iter().filter(|site| site.capacity.is_some());
    let ids: Vec<SiteId> = counting.map(|site| site.id.clone()).collect();
    Ok(site_load::of_many(&app.lending.table, &ids).await?)
}

fn view(site: Site, loads: &BTreeMap<SiteId, u16>, now: Timestamp, distance_m: Option<u32>) -> SiteView {
    let (lat, lng) = site.point.degrees();
    let today = time::day(now);
    let taken = loads.get(&site.id).copied().unwrap_or_default();
    let mut coming: Vec<Closure> =
        site.closures.iter().filter(|closure| closure.until >= today).cloned().collect();
    coming.sort_by_key(|closure| closure.from);
    SiteView {
        id: site.id.to_string(),
        open_now: site.is_open_at(time::shanghai(now)),
        opens_next: if site.is_open_day(today) { None } else { site.next_open_day(today) },
        opening_hours: site.opening_hours.to_string(),
        closures: coming,
        capacity: site.capacity,
        // A capacity that was made smaller may be less than what the site has taken.
        free_places: site.capacity.map(|capacity| capacity.saturating_sub(taken)),
        name: site.name,
        kind: site.kind,
        address: site.address,
        lat,
        lng,
        distance_m,
    }
}
