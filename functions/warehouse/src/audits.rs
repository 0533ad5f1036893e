//! `GET /staff/audits`: what the nightly audits of the table found, for whoever mends it.

use axum::extract::State;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use yujie_domain::audit::Severity;
use yujie_domain::staff::Duty;
use yujie_runtime::page::{PageQuery, cursor};
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Problem, Query, Staff};
use yujie_table::audit_report::{self, Report};

use crate::App;

/// Audits, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditList {
    items: Vec<Audit>,
    /// Where the next page begins; `null` at the end.
    next_cursor: Option<String>,
}

/// One audit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Audit {
    /// Its day.
    #[schema(value_type = String, format = Date)]
    day: Date,
    #[schema(value_type = String, format = DateTime)]
    begun: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    ended: Timestamp,
    /// How often the table was read: twice when the first walk found something.
    walks: u8,
    /// What that cost.
    read_units: u64,
    /// What was found, by kind; nothing on a clean table.
    kinds: Vec<FoundKind>,
    /// The findings, at most a hundred of them.
    findings: Vec<AuditFinding>,
}

/// How much of one kind was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundKind {
    /// The kind: each is explained in `docs/operations.md`.
    code: String,
    severity: Severity,
    count: u32,
    /// What mends it.
    repair: String,
}

/// Items that contradict each other.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditFinding {
    code: String,
    /// The items' keys, `pk / sk`, the one that the repair is about first.
    keys: Vec<String>,
    /// What was seen.
    seen: String,
}

/// What the nightly audits found, newest first.
#[utoipa::path(
    get,
    path = "/staff/audits",
    tag = "staff",
    params(PageQuery),
    security(("staff" = [])),
    responses(
        (status = 200, body = AuditList),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    staff: Staff,
    Query(page): Query<PageQuery>,
) -> Result<Json<AuditList>, Problem> {
    staff.must(Duty::Audit)?;
    let wrong = |_| Problem::new(Code::MalformedRequest).and_field("cursor", "not a cursor of this list");
    let before = page.cursor()?.map(|day| day.parse::<Date>()).transpose().map_err(wrong)?;
    let limit = page.limit()?;
    let found = audit_report::list(&app.lending.table, limit, before).await?;
    let next_cursor = found.last().filter(|_| found.len() == limit).map(|last| cursor(&last.day.to_string()));
    Ok(Json(AuditList { items: found.into_iter().map(view).collect(), next_cursor }))
}

fn view(report: Report) -> Audit {
    let kinds = report.kinds.into_iter().map(|of| FoundKind {
        code: of.code,
        severity: of.severity,
        count: of.count,
        repair: of.repair,
    });
    let findings = report.findings.into_iter().map(|one| AuditFinding {
        code: one.code,
        keys: one.keys,
        seen: one.seen,
    });
    Audit {
        day: report.day,
        begun: report.begun,
        ended: report.ended,
        walks: report.walks,
        read_units: report.read_units,
        kinds: kinds.collect(),
        findings: findings.collect(),
    }
}
