//! The clock of every order: staff are warned as its promised time runs out, a broken promise is made good, and what nobody collected is given
//! up.

use jiff::{SignedDuration, Timestamp};
use yujie_domain::parcel::{Command, LineStatus, Parcel, Warning};
use yujie_domain::rules::{About, CardClass, Setting};
use yujie_domain::time;
use yujie_lending::Expired;
use yujie_runtime::metrics::{self, Unit};
use yujie_runtime::step::{self, StepError};
use yujie_table::account;

use crate::{App, SweepError};

/// How a promise stands: counted backwards from the promised instant, so that hours on which the clock did not run do not count.
pub fn warning(parcel: &Parcel, hours: u16, now: Timestamp) -> Option<Warning> {
    let left = parcel.promised_by.duration_since(now);
    let share = |parts: i64| SignedDuration::from_mins(i64::from(hours) * 60 / parts);
    if left < SignedDuration::ZERO {
        Some(Warning::Broken)
    } else if left <= share(12) {
        Some(Warning::AlmostAll)
    } else if left <= share(4) {
        Some(Warning::ThreeQuarters)
    } else if left <= share(2) {
        Some(Warning::Half)
    } else {
        None
    }
}

/// Looks at the clocks of all open parcels.
pub(crate) async fn look(app: &App, parcels: &[Parcel]) -> Result<(), SweepError> {
    let now = app.lending.edge.clock.now();
    let rules = app.lending.rules.in_force(&app.lending.table, now).await?;
    // What a reader was promised may depend on the card: then the account is read, and otherwise not.
    let by_card = rules
        .rules
        .iter()
        .any(|rule| matches!(rule.set, Setting::PromiseHours(_)) && rule.scope.card.is_some());
    let (mut warned, mut broken, mut expired, mut failed) = (0, 0, 0, None);
    // A parcel that came to nothing is here only until its courier is called off.
    // The clock of one that is not paid yet does not run.
    for parcel in parcels.iter().filter(|parcel| parcel.is_open() && !parcel.unpaid) {
        if parcel.status() == LineStatus::ReadyForPickup {
            if parcel.keep_until.is_some_and(|last| last < time::day(now)) {
                match app.lending.expire(&parcel.at).await {
                    Ok(Expired::Not) => {}
                    Ok(Expired::Now(_)) => {
                        tracing::warn!(parcel.no = %parcel.at.no(), "not collected in time");
                        expired += 1;
                    }
                    // One that fails does not stop the others' clocks.
                    Err(error) => {
                        tracing::error!(parcel.no = %parcel.at.no(), %error, "not given up");
                        failed = failed.or(Some(error.into()));
                    }
                }
            }
            continue;
        }
        // Whose it is is read only when some card would make it a new warning.
        let level_of = |class| {
            let about = About::card(class).at(parcel.destination.site());
            warning(parcel, rules.promise_hours(&about).value, now)
        };
        let news = |level: &Option<Warning>| *level > parcel.warned;
        let mut class = CardClass::default();
        if by_card && CardClass::ALL.map(level_of).iter().any(news) {
            match account::get(&app.lending.table, &parcel.at.rid).await {
                Ok(account) => class = account.map(|account| account.class).unwrap_or_default(),
                Err(error) => {
                    failed = failed.or(Some(error.into()));
                    continue;
                }
            }
        }
        let level = level_of(class);
        let Some(level) = level.filter(|level| parcel.warned < Some(*level)) else { continue };
        match warn(app, parcel, level, now).await {
            Ok(true) => {
                warned += 1;
                broken += u64::from(level == Warning::Broken);
            }
            Ok(false) => {}
            Err(error) => {
                tracing::error!(parcel.no = %parcel.at.no(), %error, "not warned of");
                failed = failed.or(Some(error));
            }
        }
    }
    metrics::put(
        "promises",
        now.as_millisecond(),
        &[
            ("promises_open", Unit::Count, u64::try_from(parcels.len()).unwrap_or(u64::MAX)),
            ("promises_warned", Unit::Count, warned),
            ("promises_broken", Unit::Count, broken),
            ("pickups_expired", Unit::Count, expired),
        ],
    );
    failed.map_or(Ok(()), Err)
}

/// Writes a warning down: it is on the work lists from then on, and a broken promise prolongs the loans to come.
async fn warn(app: &App, parcel: &Parcel, level: Warning, now: Timestamp) -> Result<bool, SweepError> {
    let command = Command::Warn { level };
    match step::carry_out(&app.lending.table, &parcel.at, &command, now).await {
        Ok(done) if !done.changed => Ok(false),
        Ok(_) => {
            let no = parcel.at.no();
            match level {
                Warning::Broken => {
                    tracing::error!(parcel.no = %no, site = %parcel.site, status = parcel.status().as_str(), "promise broken");
                }
                Warning::Half | Warning::ThreeQuarters | Warning::AlmostAll => {
                    tracing::warn!(parcel.no = %no, site = %parcel.site, ?level, "promise at risk");
                }
            }
            Ok(true)
        }
        Err(StepError::Table(error)) => Err(error.into()),
        // It is gone, or moved on since it was read.
        Err(StepError::NotFound | StepError::Refused(_)) => Ok(false),
    }
}
