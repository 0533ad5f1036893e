//! The nightly audit: reads the whole table and says what contradicts itself, by which items, and what mends it. It changes nothing but its own
//! report.
//!
//! Items change while they are read, so a contradiction may be one between two moments. What the first walk finds is looked for in a second
//! one, and only what is found there again, of the same versions, is told (decision 0023).

mod walk;

use std::collections::BTreeSet;

use serde::Deserialize;
use yujie_domain::audit::{Finding, Severity};
use yujie_domain::time;
use yujie_runtime::metrics::{self, Unit};
use yujie_runtime::{Clients, Clock, ConfigError, Vars, telemetry};
use yujie_table::audit_report::{self, Report, Told};
use yujie_table::{Table, TableError};

/// Findings that are logged one by one: who has more than that looks at the figures first.
const LOGGED: usize = 200;

/// What the function works with.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub table: Table,
    /// The time.
    pub clock: Clock,
}

impl App {
    /// Reads the configuration.
    ///
    /// # Errors
    /// [`ConfigError`] with every missing variable.
    pub fn new(mut vars: Vars) -> Result<Self, ConfigError> {
        telemetry::init(vars.optional("LOG_LEVEL").as_deref());
        let clients = Clients::from_env(&mut vars);
        let table = Table::new(clients.dynamodb(), vars.required("TABLE_NAME"));
        vars.finish()?;
        Ok(Self { table, clock: Clock::System })
    }
}

/// What the schedule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Job {
    /// Check everything.
    Check,
}

/// Makes one audit.
///
/// # Errors
/// [`TableError`]; an audit that dies is made again from its beginning.
pub async fn handle(app: &App, job: Job) -> Result<(), TableError> {
    match job {
        Job::Check => check(app).await,
    }
}

async fn check(app: &App) -> Result<(), TableError> {
    let (begun, before) = (app.clock.now(), app.table.consumed().read_tenths);
    let suspected = suspect(app).await?;
    let walks = if suspected.is_empty() { 1 } else { 2 };
    let findings = confirm(app, suspected).await?;
    let ended = app.clock.now();
    let read_units = app.table.consumed().read_tenths.saturating_sub(before) / 10;

    tell(&findings);
    let [wrong, drifted] = [Severity::Contradiction, Severity::Drift].map(|severity| {
        let n = findings.iter().filter(|finding| finding.kind.severity() == severity).count();
        u64::try_from(n).unwrap_or(u64::MAX)
    });
    metrics::put(
        "audit",
        ended.as_millisecond(),
        &[("audit_findings", Unit::Count, wrong), ("audit_drift", Unit::Count, drifted)],
    );
    let report = Report::of(time::day(begun), (begun, ended), walks, read_units, &findings);
    audit_report::put(&app.table, &report).await?;
    tracing::info!(walks, read_units, findings = wrong, drifted, "audited");
    Ok(())
}

/// What one walk finds: what contradicts itself, and perhaps what changed while it was read.
///
/// # Errors
/// [`TableError`].
pub async fn suspect(app: &App) -> Result<Vec<Finding>, TableError> {
    Ok(walk::gather(&app.table, app.clock.now(), false).await?.findings())
}

/// Which of these a second walk finds as well, of the same versions. It reads strongly consistent, so that nothing of it is older than the walk
/// before; and when nothing is suspected, it is not made.
///
/// # Errors
/// [`TableError`].
pub async fn confirm(app: &App, mut suspected: Vec<Finding>) -> Result<Vec<Finding>, TableError> {
    if !suspected.is_empty() {
        let again = walk::gather(&app.table, app.clock.now(), true).await?.findings();
        let again: BTreeSet<Finding> = again.into_iter().collect();
        suspected.retain(|finding| again.contains(finding));
    }
    Ok(suspected)
}

/// One line for each finding, the first ones of many.
fn tell(findings: &[Finding]) {
    for finding in findings.iter().take(LOGGED) {
        let Told { code, keys, seen } = Told::from(finding);
        let (keys, repair) = (keys.join(", "), finding.repair());
        match finding.kind.severity() {
            Severity::Contradiction => tracing::error!(code, keys, seen, repair, "audit finding"),
            Severity::Drift => tracing::warn!(code, keys, seen, repair, "audit drift"),
        }
    }
    if findings.len() > LOGGED {
        tracing::error!(findings = findings.len(), logged = LOGGED, "more findings than are logged");
    }
}
