//! What is on its way to a site that closes, or waits in it. Staff only write down when a site is closed; this finds, each minute, the
//! parcels that this concerns, and those that came to be bound for it in the meantime, or are late and meet a closing that they were to be
//! there before.

use std::collections::BTreeSet;

use yujie_domain::parcel::Parcel;
use yujie_domain::rules::{CardClass, RuleSet};
use yujie_domain::site::Site;
use yujie_domain::time;
use yujie_lending::{Closed, Fault};
use yujie_runtime::metrics::{self, Unit};

use crate::{App, SweepError};

/// Looks at the sites of all open parcels.
pub(crate) async fn look(app: &App, parcels: &[Parcel]) -> Result<(), SweepError> {
    let now = app.lending.edge.clock.now();
    let sites = app.lending.places.all(&app.lending.table, now).await?;
    let rules = app.lending.rules.in_force(&app.lending.table, now).await?;
    let mut orders = BTreeSet::new();
    let (mut rerouted, mut waiting, mut kept, mut failed) = (0_u64, 0_u64, 0_u64, None);
    for parcel in parcels {
        let Some(site) = parcel.destination.site().and_then(|id| sites.get(id)) else { continue };
        if parcel.shut_out_of(site, time::day(now)).is_some() {
            orders.insert((&parcel.at.rid, &parcel.at.order_no));
        } else if may_wait_longer(parcel, site, &rules) {
            match app.lending.keep_longer(parcel).await {
                Ok(None) => {}
                Ok(Some(until)) => {
                    tracing::info!(parcel.no = %parcel.at.no(), site = %site.id, %until, "kept for longer: its site, or the library, is closed");
                    kept += 1;
                }
                Err(error) => failed = failed.or(Some(not_done(parcel.order_no().as_str(), error))),
            }
        }
    }
    for (rid, order_no) in orders {
        match app.lending.make_way(rid, order_no).await {
            Ok(Closed::Not) => {}
            Ok(Closed::Rerouted(to, moved)) => {
                tracing::info!(order.no = %order_no, parcels = moved.len(), %to, "sent to another site: its own is closed");
                rerouted += u64::try_from(moved.len()).unwrap_or(u64::MAX);
            }
            Ok(Closed::Waits(until, moved)) => {
                tracing::warn!(order.no = %order_no, parcels = moved.len(), %until, "waits for its site: no other has room");
                waiting += u64::try_from(moved.len()).unwrap_or(u64::MAX);
            }
            Err(error) => failed = failed.or(Some(not_done(order_no.as_str(), error))),
        }
    }
    if rerouted + waiting + kept > 0 {
        metrics::put(
            "promises",
            now.as_millisecond(),
            &[
                ("closings_rerouted", Unit::Count, rerouted),
                ("closings_waiting", Unit::Count, waiting),
                ("closings_kept", Unit::Count, kept),
            ],
        );
    }
    failed.map_or(Ok(()), |error| Err(error.into()))
}

/// Whether a parcel that waits at its site might wait longer, by the calendars of site and library and whatever its reader's card is: only then
/// is anything read about it.
fn may_wait_longer(parcel: &Parcel, site: &Site, rules: &RuleSet) -> bool {
    let Some(since) = parcel.waits_since() else { return false };
    let site = site.with_holidays(&rules.holidays);
    parcel.shut_while_waiting(&site).is_some()
        && CardClass::ALL.iter().any(|card| parcel.keep_until < Some(site.keeps_until(since, rules, *card)))
}

/// One order that fails does not stop the others.
fn not_done(order_no: &str, error: Fault) -> Fault {
    tracing::error!(order.no = order_no, %error, "its site is closed, and nothing was done about it");
    error
}
