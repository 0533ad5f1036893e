//! `GET /staff/promises`: how many promises were kept, by where parcels were brought and by whom. The figures are made each night.

use std::collections::BTreeMap;

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use yujie_domain::division;
use yujie_domain::month::Month;
use yujie_domain::parcel::Carrier;
use yujie_domain::punctuality::{Counts, Zone};
use yujie_domain::staff::Duty;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, Query, Staff};
use yujie_table::punctuality;

use crate::App;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// A month such as `2026-11`; the present one when not said.
    month: Option<String>,
}

/// How many of a month's promises were kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Punctuality {
    month: String,
    /// When the figures last changed; nothing when there are none.
    #[schema(value_type = Option<String>, format = DateTime)]
    computed_at: Option<Timestamp>,
    all: Share,
    by_zone: Vec<OfZone>,
    by_carrier: Vec<OfCarrier>,
    /// Both together.
    by_zone_and_carrier: Vec<OfBoth>,
}

/// Some parcels, and how many of their promises were kept. A parcel counts in the month in which it came; while it is late and still to come,
/// in the month for which it was promised.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Share {
    #[serde(flatten)]
    counts: Counts,
    /// Kept promises in a thousand of those that came and of those that are late and still to come; nothing when there are none.
    on_time_per_mille: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OfZone {
    zone: ZoneView,
    #[serde(flatten)]
    share: Share,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OfCarrier {
    carrier: Carrier,
    #[serde(flatten)]
    share: Share,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OfBoth {
    zone: ZoneView,
    carrier: Carrier,
    #[serde(flatten)]
    share: Share,
}

/// Where parcels are brought.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum ZoneView {
    /// To doors of a division.
    Division {
        /// Its code.
        division: String,
        /// Its name, if it is known.
        name: Option<&'static str>,
    },
    /// To a site.
    Site { site_id: String },
    /// To doors of which the division was not written down.
    Unknown,
}

/// How many promises were kept in a month.
#[utoipa::path(
    get,
    path = "/staff/promises",
    tag = "staff",
    security(("staff" = [])),
    params(Which),
    responses(
        (status = 200, body = Punctuality),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    staff: Staff,
    Query(Which { month }): Query<Which>,
) -> Result<Json<Punctuality>, Problem> {
    staff.must(Duty::Reports)?;
    let month = match month {
        None => Month::of(app.lending.edge.clock.now()),
        Some(month) => Month::parse(&month)
            .map_err(|fault| Problem::new(Code::MalformedRequest).and_field("month", fault.why))?,
    };
    let found = punctuality::of_month(&app.lending.table, &month).await?;
    Ok(Json(view(&month, found)))
}

fn view(month: &Month, found: Option<punctuality::Punctuality>) -> Punctuality {
    let (computed_at, figures) = found.map_or_else(Default::default, |found| (Some(found.at), found.figures));
    let mut all = Counts::default();
    let (mut zones, mut carriers) =
        (BTreeMap::<&Zone, Counts>::new(), BTreeMap::<bool, (Carrier, Counts)>::new());
    for (way, counts) in &figures {
        all = all.with(counts);
        let of_zone = zones.entry(&way.zone).or_default();
        *of_zone = of_zone.with(counts);
        let (_, of_carrier) = carriers.entry(way.courier).or_insert((way.carrier(), Counts::default()));
        *of_carrier = of_carrier.with(counts);
    }
    Punctuality {
        month: month.as_str().to_owned(),
        computed_at,
        all: share(all),
        by_zone: zones.iter().map(|(zone, n)| OfZone { zone: zone_view(zone), share: share(*n) }).collect(),
        by_carrier: carriers
            .into_values()
            .map(|(carrier, counts)| OfCarrier { carrier, share: share(counts) })
            .collect(),
        by_zone_and_carrier: figures
            .iter()
            .map(|(way, counts)| OfBoth {
                zone: zone_view(&way.zone),
                carrier: way.carrier(),
                share: share(*counts),
            })
            .collect(),
    }
}

fn share(counts: Counts) -> Share {
    Share { on_time_per_mille: counts.on_time_per_mille(), counts }
}

fn zone_view(zone: &Zone) -> ZoneView {
    match zone {
        Zone::Division(code) => ZoneView::Division { division: code.clone(), name: division::name(code) },
        Zone::Site(site_id) => ZoneView::Site { site_id: site_id.to_string() },
        Zone::Unknown => ZoneView::Unknown,
    }
}
