//! The nightly round: reads the whole table once, works out how often each title was borrowed, what stands on the shelves, what stands beside
//! what, and how promises were kept, and writes what is not so already.
//!
//! Nothing is remembered from one night to the next but the results themselves. A round that dies is made again from its beginning: what it
//! had written is found as it must be, and is not written twice.

mod walk;

use std::collections::BTreeMap;
use std::future;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use yujie_domain::TitleId;
use yujie_domain::punctuality::Months;
use yujie_domain::shelves::{Beside, Facts, ShelfName};
use yujie_runtime::{Clients, Clock, ConfigError, Vars, telemetry};
use yujie_table::lending::{self, Lending};
use yujie_table::{Table, TableError, punctuality, shelf};

/// Writes under way at once. Each is a read and a write of some milliseconds; a night has some thousands.
const WRITES_AT_ONCE: usize = 8;

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
    /// Fill the shelves.
    Fill,
}

/// What else the walk finds: what was stored before this round, and how promises were kept.
#[derive(Debug, Default)]
struct Found {
    lending: BTreeMap<TitleId, Lending>,
    beside: BTreeMap<TitleId, Vec<Beside>>,
    months: Months,
}

/// Makes one round.
///
/// # Errors
/// [`TableError`]; whoever makes the round again goes on from what is written.
pub async fn handle(app: &App, job: Job) -> Result<(), TableError> {
    match job {
        Job::Fill => fill(app).await,
    }
}

async fn fill(app: &App) -> Result<(), TableError> {
    let before = app.table.consumed();
    let mut facts = Facts::new(app.clock.now());
    let found = walk::gather(&app.table, &mut facts).await?;
    let (readers, apart) = facts.readers();
    let read_units = app.table.consumed().read_tenths.saturating_sub(before.read_tenths) / 10;
    tracing::info!(readers, apart, read_units, "gathered");

    let loans = put_lending(app, changed_lending(&facts, found.lending)).await?;
    let mut shelves = 0_u32;
    for name in ShelfName::ALL {
        let written = shelf::put(&app.table, name, &facts.shelf(name), app.clock.now()).await?;
        shelves += u32::from(written);
    }
    let beside = put_beside(app, changed_beside(&facts, found.beside)).await?;
    let months = put_months(app, found.months).await?;
    tracing::info!(loans, shelves, beside, months, "shelves filled");
    Ok(())
}

/// The titles whose loans are not what was stored: also those that have none any more.
fn changed_lending(facts: &Facts, mut stored: BTreeMap<TitleId, Lending>) -> BTreeMap<TitleId, Lending> {
    let mut changed = BTreeMap::new();
    for (id, loans) in facts.loans() {
        let lending = Lending { total: loans.total, month: loans.month };
        if stored.remove(id) != Some(lending) {
            changed.insert(id.clone(), lending);
        }
    }
    stored.retain(|_, lending| *lending != Lending::default());
    changed.extend(stored.into_keys().map(|id| (id, Lending::default())));
    changed
}

/// The titles that have others beside them than was stored: also those that have none any more.
fn changed_beside(
    facts: &Facts,
    mut stored: BTreeMap<TitleId, Vec<Beside>>,
) -> BTreeMap<TitleId, Vec<Beside>> {
    let mut changed = BTreeMap::new();
    for (id, beside) in facts.besides().each() {
        if stored.remove(id).as_ref() != Some(&beside) {
            changed.insert(id.clone(), beside);
        }
    }
    changed.extend(stored.into_keys().map(|id| (id, Vec::new())));
    changed
}

/// Writes how promises were kept, month by month; also of months of which nothing is left: what was late has come in another. Answers how many were
/// written.
async fn put_months(app: &App, months: Months) -> Result<u32, TableError> {
    let mut months = months.into_each();
    for before in punctuality::all(&app.table).await? {
        months.entry(before.month).or_default();
    }
    let mut n = 0;
    for (month, figures) in &months {
        n += u32::from(punctuality::put(&app.table, month, figures, app.clock.now()).await?);
    }
    Ok(n)
}

/// Answers how many were written.
async fn put_lending(app: &App, changed: BTreeMap<TitleId, Lending>) -> Result<u32, TableError> {
    stream::iter(changed)
        .map(|(id, lending)| async move { lending::put(&app.table, &id, lending).await })
        .buffer_unordered(WRITES_AT_ONCE)
        .try_fold(0, |n, written| future::ready(Ok(n + u32::from(written))))
        .await
}

/// Answers how many were written.
async fn put_beside(app: &App, changed: BTreeMap<TitleId, Vec<Beside>>) -> Result<u32, TableError> {
    let now = app.clock.now();
    stream::iter(changed)
        .map(|(id, beside)| async move { shelf::put_beside(&app.table, &id, &beside, now).await })
        .buffer_unordered(WRITES_AT_ONCE)
        .try_fold(0, |n, written| future::ready(Ok(n + u32::from(written))))
        .await
}
