//! `/staff/sites/{site_id}/closures`: the days on which a site is closed in spite of its hours. Its list is written as a whole, over the
//! version of the site that its writer saw.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_domain::SiteId;
use yujie_domain::site::{Closure, Site};
use yujie_domain::staff::{Duty, Role};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Path, Problem, Staff};
use yujie_table::parcel;
use yujie_table::site::{self, Kept, Stored};

use crate::App;
use crate::scans::fault;

/// The days on which a site is to be closed.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Calendar {
    /// All of them: what is not in this list is gone. At most 100.
    #[schema(max_items = 100)]
    closures: Vec<Closure>,
    /// The version of the site that was seen.
    version: u64,
}

/// A site as those see it who close it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SiteCalendar {
    site_id: String,
    name: String,
    /// By weekday, as OpenStreetMap writes them.
    opening_hours: String,
    /// In their order, those that are over among them.
    closures: Vec<Closure>,
    /// Named when the list is changed.
    version: u64,
    /// After a change: how many parcels on their way to the site, or waiting in it, it concerns. Within a minute they go to another site, or
    /// wait longer, and their readers are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    concerned: Option<u32>,
}

/// The days on which a site is closed.
#[utoipa::path(
    get,
    path = "/staff/sites/{site_id}/closures",
    tag = "staff",
    params(("site_id" = String, Path)),
    security(("staff" = [])),
    responses(
        (status = 200, body = SiteCalendar),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    staff: Staff,
    Path(site_id): Path<String>,
) -> Result<Json<SiteCalendar>, Problem> {
    staff.must(Duty::Look)?;
    let Kept { site, version } = found(&app, &site_id).await?;
    Ok(Json(view(site, version, None)))
}

/// Closes a site on these days and on no others: the own site, administrators any.
#[utoipa::path(
    put,
    path = "/staff/sites/{site_id}/closures",
    tag = "staff",
    params(("site_id" = String, Path)),
    request_body = Calendar,
    security(("staff" = [])),
    responses(
        (status = 200, body = SiteCalendar),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Another version stands.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn close(
    State(app): State<App>,
    staff: Staff,
    Path(site_id): Path<String>,
    Json(calendar): Json<Calendar>,
) -> Result<Json<SiteCalendar>, Problem> {
    staff.must(Duty::Desk)?;
    if staff.site.as_str() != site_id && staff.role != Role::Administrator {
        return Err(Problem::new(Code::Forbidden));
    }
    let closures = checked(calendar.closures)?;
    let Kept { site, .. } = found(&app, &site_id).await?;
    let site = Site { closures, ..site };
    match site::store(&app.lending.table, &site, calendar.version).await? {
        Stored::Now(version) => {
            let concerned = concerned(&app, &site).await?;
            tracing::info!(
                site = %site.id, staff.login = %staff.login, closures = site.closures.len(), concerned, "site closed"
            );
            Ok(Json(view(site, version, Some(concerned))))
        }
        Stored::Overtaken => Err(Problem::new(Code::ChangedMeanwhile)),
    }
}

/// How many open parcels its closings concern.
async fn concerned(app: &App, site: &Site) -> Result<u32, Problem> {
    let mut n = 0;
    for parcel in parcel::open(&app.lending.table).await? {
        if parcel.destination.site() == Some(&site.id) {
            n += u32::from(app.lending.is_concerned(&parcel, site).await.map_err(fault)?);
        }
    }
    Ok(n)
}

async fn found(app: &App, site_id: &str) -> Result<Kept, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let id = SiteId::parse(site_id).map_err(|_| not_found())?;
    site::get_versioned(&app.lending.table, &id).await?.ok_or_else(not_found)
}

/// The closures in their order; or every fault of theirs, by its place in the list.
fn checked(closures: Vec<Closure>) -> Result<Vec<Closure>, Problem> {
    if closures.len() > Closure::MOST {
        return Err(Problem::field("closures", format!("more than {}", Closure::MOST)));
    }
    let (mut good, mut wrong) = (Vec::with_capacity(closures.len()), None);
    for (place, closure) in closures.into_iter().enumerate() {
        match Closure::new(closure.from, closure.until, &closure.reason) {
            Ok(closure) => good.push(closure),
            Err(fault) => {
                let problem = wrong.unwrap_or_else(|| Problem::new(Code::InvalidField));
                wrong = Some(problem.and_field(&format!("closures.{place}.{}", fault.what), fault.why));
            }
        }
    }
    good.sort_by_key(|closure| closure.from);
    wrong.map_or(Ok(good), Err)
}

fn view(site: Site, version: u64, concerned: Option<u32>) -> SiteCalendar {
    SiteCalendar {
        site_id: site.id.into(),
        name: site.name,
        opening_hours: site.opening_hours.into(),
        closures: site.closures,
        version,
        concerned,
    }
}
