//! `GET /sites`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use yujie_domain::site::{Point, Site, SiteKind};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, Query};
use yujie_table::site;

use crate::App;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Near {
    /// `lat,lng` in decimal degrees (WGS 84): nearest first.
    near: Option<String>,
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
    opening_hours: String,
    /// Metres from the place asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_m: Option<u32>,
}

/// The places where books can be collected and returned.
#[utoipa::path(
    get,
    path = "/sites",
    tag = "orders",
    params(Near),
    responses((status = 200, body = SiteList), (status = 400, body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn list(
    State(app): State<App>,
    Query(query): Query<Near>,
) -> Result<Json<SiteList>, Problem> {
    let near = query.near.as_deref().map(point).transpose()?;
    let limit = match query.limit {
        None => 1000,
        Some(limit @ 1..=1000) => limit,
        Some(_) => return Err(Problem::new(Code::MalformedRequest).and_field("limit", "1 to 1000")),
    };
    let mut sites: Vec<(Option<u32>, Site)> = site::all(&app.table)
        .await?
        .into_iter()
        .map(|site| (near.map(|point| point.metres_to(site.point)), site))
        .collect();
    sites.sort_by_key(|(distance, _)| *distance);
    Ok(Json(SiteList {
        items: sites.into_iter().take(limit).map(|(distance, site)| view(site, distance)).collect(),
    }))
}

fn point(text: &str) -> Result<Point, Problem> {
    text.split_once(',').and_then(|(lat, lng)| Point::parse(lat, lng)).ok_or_else(|| {
        Problem::new(Code::MalformedRequest).and_field("near", "latitude,longitude in decimal degrees")
    })
}

fn view(site: Site, distance_m: Option<u32>) -> SiteView {
    let (lat, lng) = site.point.degrees();
    SiteView {
        id: site.id.to_string(),
        name: site.name,
        kind: site.kind,
        address: site.address,
        lat,
        lng,
        opening_hours: site.opening_hours,
        distance_m,
    }
}
