//! When a courier is asked to come.

use jiff::civil::{Date, Time};
use jiff::{Timestamp, Unit};
use yujie_couriers::kuaidi100::booking::{Pickup, PickupDay};
use yujie_domain::returning::LAST_HOUR;
use yujie_domain::time;

const OPENS: Time = Time::constant(9, 0, 0, 0);
const CLOSES: Time = Time::constant(18, 0, 0, 0);

/// The window of `day`, seen from `now`: of today from the next full hour on, while that leaves more than an hour. A day that is past becomes the next one
/// that is possible; `None` for one that couriers take no bookings for yet.
pub fn on(day: Date, now: Timestamp) -> Option<Pickup> {
    let local = time::shanghai(now);
    let ahead = local.date().until((Unit::Day, day)).map_or(0, |span| span.get_days()).max(0);
    let next_full = Time::new(local.hour().saturating_add(1).clamp(0, 23), 0, 0, 0).unwrap_or(CLOSES);
    match ahead {
        0 if local.hour() < LAST_HOUR => {
            Some(Pickup { day: PickupDay::Today, from: next_full.max(OPENS), until: CLOSES })
        }
        0 | 1 => Some(Pickup { day: PickupDay::Tomorrow, from: OPENS, until: CLOSES }),
        2 => Some(Pickup { day: PickupDay::DayAfterTomorrow, from: OPENS, until: CLOSES }),
        _ => None,
    }
}

/// The same for what should be collected on `day`, but better sooner than not at all: no courier can be booked for later than the day after
/// tomorrow.
pub fn on_or_before(day: Date, now: Timestamp) -> Pickup {
    const LATEST: Pickup = Pickup { day: PickupDay::DayAfterTomorrow, from: OPENS, until: CLOSES };
    on(day, now).unwrap_or(LATEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(day: &str, now: &str) -> Option<(PickupDay, String)> {
        let pickup = on(day.parse().unwrap(), now.parse().unwrap())?;
        Some((pickup.day, pickup.from.strftime("%H:%M").to_string()))
    }

    #[test]
    fn the_courier_is_asked_for_the_readers_day_or_the_next_that_is_possible() {
        let morning = "2026-11-23T10:20:00+08:00";
        let says = |day, now| asked(day, now).map(|(day, from)| format!("{day:?} {from}"));
        assert_eq!(says("2026-11-23", morning).unwrap(), "Today 11:00");
        assert_eq!(says("2026-11-23", "2026-11-23T06:00:00+08:00").unwrap(), "Today 09:00");
        assert_eq!(says("2026-11-23", "2026-11-23T16:00:00+08:00").unwrap(), "Tomorrow 09:00");
        assert_eq!(says("2026-11-20", morning).unwrap(), "Today 11:00", "a message that came late");
        assert_eq!(says("2026-11-24", morning).unwrap(), "Tomorrow 09:00");
        assert_eq!(says("2026-11-25", morning).unwrap(), "DayAfterTomorrow 09:00");
        assert_eq!(says("2026-11-26", morning), None);
    }
}
