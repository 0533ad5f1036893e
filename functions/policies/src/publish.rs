//! `POST /staff/rules`: a new version.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::ToSchema;
use yujie_domain::rules::{Amnesty, Holidays, Rule, RuleSet, Zone};
use yujie_domain::slot::Window;
use yujie_domain::staff::{Duty, Reason};
use yujie_runtime::idempotent::Begun;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Problem, Staff, extract, idempotent};
use yujie_table::rules::{self, Made, Published, Version};

use crate::App;
use crate::proposed::{faults, refuse};
use crate::view::VersionView;

/// Rules that are to hold.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewRules {
    /// The newest version that its writer has seen; 0 before the library has set any. When another stands, nothing is written.
    after: u32,
    /// The first Shanghai day on which it holds: today or later. Orders that were placed before keep what they were promised, what they cost and
    /// how long their books may stay; what comes after is decided by the rules of its day.
    #[schema(value_type = String, format = Date)]
    starts: Date,
    /// The rules, all of them: a version takes the place of the one before it.
    rules: Vec<Rule>,
    /// When the whole library is closed.
    #[serde(default)]
    holidays: Vec<Holidays>,
    /// When no fine grows; days that are past may be among them.
    #[serde(default)]
    amnesties: Vec<Amnesty>,
    /// Where home delivery goes; none means everywhere.
    #[serde(default)]
    zones: Vec<Zone>,
    /// The windows of each day in which parcels are brought to the door; none means those that the library was founded with.
    #[serde(default)]
    windows: Vec<Window>,
    /// Why, for those who ask later.
    #[schema(min_length = 1, max_length = 300)]
    reason: String,
}

/// Adds a version of the rules. It holds from its first day on, until a younger one has begun.
#[utoipa::path(
    post,
    path = "/staff/rules",
    tag = "staff",
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters")),
    request_body = NewRules,
    security(("staff" = [])),
    responses(
        (status = 201, body = VersionView),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Another version is the newest.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "Every fault, each with its place.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn publish(
    State(app): State<App>,
    staff: Staff,
    request: Request,
) -> Result<Response, Problem> {
    staff.must(Duty::Rules)?;
    let edge = &app.edge;
    let begun =
        idempotent::begin(&app.table, &edge.keys, "POST /staff/rules", staff.login.as_str(), request).await?;
    let (known, body) = match begun {
        Begun::Answered(answer) => return Ok(answer),
        Begun::New { known, body } => (known, body),
    };
    let new: NewRules = extract::parse(&body)?;
    let set = RuleSet {
        version: new.after.saturating_add(1),
        starts: new.starts,
        rules: new.rules,
        holidays: new.holidays,
        amnesties: new.amnesties,
        zones: new.zones,
        windows: new.windows,
    };
    let mut wrong = faults(&app, &set).await?;
    let reason = Reason::parse(&new.reason);
    if let Err(invalid) = &reason {
        wrong.push((invalid.what.to_owned(), invalid.why.to_owned()));
    }
    refuse(wrong)?;
    let made = Made { by: staff.login, reason: reason?, at: edge.clock.now() };

    let newest = rules::newest(&app.table).await?;
    if newest.as_ref().map_or(0, |newest| newest.version) != new.after {
        return Err(Problem::new(Code::ChangedMeanwhile));
    }
    let before = newest.unwrap_or_else(RuleSet::founding);
    let version = Version { rules: set.clone(), made: Some(made.clone()) };
    let answer = idempotent::answer(StatusCode::CREATED, &VersionView::of(version, Some(&before)))?;
    match rules::publish(&app.table, &set, &made, &known, &answer).await? {
        Published::Now => {
            tracing::info!(rules.version = set.version, rules.starts = %set.starts, staff.login = %made.by, "rules set");
            idempotent::respond(&answer)
        }
        Published::Known(seen) => idempotent::answer_known(seen)?.ok_or_else(|| Problem::new(Code::Busy)),
        Published::Overtaken => Err(Problem::new(Code::ChangedMeanwhile)),
    }
}
