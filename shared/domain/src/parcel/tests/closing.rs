use super::*;
use crate::hours::OpeningHours;
use crate::site::{Closure, Point, Site, SiteKind};

fn december(from: i8, until: i8) -> Shut {
    Shut { from: Date::constant(2026, 12, from), until: Date::constant(2026, 12, until) }
}

fn reroute(to: &str) -> Command {
    Command::Reroute { to: site(to), takes_place: false, shut: december(1, 10) }
}

fn keep(until: &str) -> Command {
    Command::Keep { until: day(until), shut: december(1, 10) }
}

/// S01, open around the clock but for these days.
fn closed(from: &str, until: &str) -> Site {
    Site {
        id: site("S01"),
        name: "望京".to_owned(),
        kind: SiteKind::SelfService24h,
        address: String::new(),
        point: Point { lat: 0, lng: 0 },
        opening_hours: OpeningHours::parse("24/7").unwrap(),
        closures: vec![Closure::new(day(from), day(until), "装修").unwrap()],
        holds_stock: false,
        capacity: None,
    }
}

#[test]
fn a_parcel_whose_site_is_closed_goes_to_another_one_and_the_van_is_booked_anew() {
    let loaded = packed(to_site()).then(booked(Carrier::Van));
    for parcel in [parcel(to_site()), sorted(to_site()), packed(to_site()), loaded] {
        let (status, history, promised_by) = (parcel.status(), parcel.history.clone(), parcel.promised_by);
        let rerouted = parcel.then(reroute("L01"));
        assert_eq!(rerouted.destination.site(), Some(&site("L01")));
        assert_eq!((rerouted.status(), &rerouted.history), (status, &history), "no work is lost");
        assert_eq!((rerouted.promised_by, rerouted.takes_place), (promised_by, false));
        assert_eq!(rerouted.booking, None);
        let effect = Effect::Rerouted { from: site("S01"), to: site("L01") };
        assert_eq!(rerouted.closings, [Closing { at: now(), shut: december(1, 10), effect }]);
        assert!(rerouted.has_done(&reroute("L01")));
    }
}

#[test]
fn what_is_on_its_way_is_driven_to_the_other_site_and_scanned_there() {
    for parcel in [dispatched(to_site()), dispatched(to_site()).then(depart())] {
        let booking = parcel.booking.clone();
        let rerouted = parcel.then(reroute("L01"));
        assert_eq!(rerouted.booking, booking, "the van has it already");
        assert_eq!(rerouted.refuses(&arrive()), Refusal::WrongSite { site: site("L01") });
        let there =
            Command::Arrive { site: site("L01"), code: "4711".to_owned(), keep_until: day("2026-11-30") };
        let waiting = rerouted.then(there);
        assert_eq!((waiting.status(), waiting.working_site()), (ReadyForPickup, Some(&site("L01"))));
    }
}

#[test]
fn what_has_come_what_goes_to_a_door_and_what_is_not_wanted_is_not_sent_elsewhere() {
    assert_eq!(waiting().refuses(&reroute("L01")), Refusal::TooLate { status: "ready_for_pickup" });
    assert_eq!(waiting().then(collect()).refuses(&reroute("L01")), Refusal::TooLate { status: "collected" });
    assert_eq!(parcel(Destination::Home).refuses(&reroute("L01")), Refusal::WrongWay);
    assert_eq!(parcel(to_site()).then(cancel(&[])).refuses(&reroute("L01")), Refusal::Cancelled);
    assert_eq!(waiting().then(expire("2026-12-01")).refuses(&reroute("L01")), Refusal::Expired);
}

#[test]
fn a_parcel_that_waits_is_kept_for_longer_and_never_for_less() {
    let kept = waiting().then(keep("2026-12-12"));
    assert_eq!((kept.keep_until, kept.closings.len()), (Some(day("2026-12-12")), 1));
    for until in ["2026-12-12", "2026-12-05"] {
        assert!(kept.has_done(&keep(until)), "{until}");
    }
    assert_eq!(kept.refuses(&expire("2026-12-12")), Refusal::TooEarly { status: "ready_for_pickup" });
    assert_eq!(kept.then(expire("2026-12-13")).status(), Uncollected);

    assert_eq!(
        dispatched(to_site()).refuses(&keep("2026-12-12")),
        Refusal::TooEarly { status: "dispatched" }
    );
    assert_eq!(
        waiting().then(collect()).refuses(&keep("2026-12-12")),
        Refusal::TooLate { status: "collected" }
    );
    assert_eq!(waiting().then(expire("2026-12-01")).refuses(&keep("2026-12-12")), Refusal::Expired);
}

#[test]
fn that_a_parcel_comes_when_its_site_opens_is_decided_once_unless_that_is_later() {
    let (today, site) = (day("2026-11-25"), closed("2026-11-24", "2026-12-10"));
    let shut = parcel(to_site()).shut_out_of(&site, today).unwrap();
    assert_eq!((shut.from, shut.until), (day("2026-11-24"), day("2026-12-10")));
    let bound = parcel(to_site()).then(Command::StayBound { shut });
    assert_eq!(bound.shut_out_of(&site, today), None);
    assert!(bound.has_done(&Command::StayBound { shut }));

    let longer = closed("2026-11-24", "2026-12-20");
    let shut = bound.shut_out_of(&longer, today).unwrap();
    assert_eq!(shut.until, day("2026-12-20"));
    let rerouted = bound.then(Command::StayBound { shut }).then(reroute("L01"));
    let back = Parcel { destination: to_site(), ..rerouted };
    assert!(back.shut_out_of(&longer, today).is_some(), "what was decided before it went elsewhere is over");
}

#[test]
fn a_late_parcel_meets_the_closing_that_it_was_to_be_there_before() {
    let site = closed("2026-12-01", "2026-12-10");
    let parcel = parcel(to_site());
    assert_eq!(parcel.promised_by, later(48 * 60), "on the 25th");
    assert_eq!(parcel.shut_out_of(&site, day("2026-11-30")), None);
    assert!(parcel.shut_out_of(&site, day("2026-12-01")).is_some());
    assert_eq!(self::parcel(Destination::Home).shut_out_of(&site, day("2026-12-01")), None);
    assert_eq!(waiting().shut_out_of(&site, day("2026-12-01")), None, "it is there");
}

#[test]
fn a_closing_concerns_what_waits_when_it_is_on_one_of_the_days() {
    let waiting = waiting();
    assert_eq!(waiting.waits_since(), Some(day("2026-11-23")));
    assert!(waiting.shut_while_waiting(&closed("2026-11-30", "2026-12-10")).is_some());
    assert_eq!(waiting.shut_while_waiting(&closed("2026-12-01", "2026-12-10")), None);
    let elsewhere = Site { id: site("L01"), ..closed("2026-11-30", "2026-12-10") };
    assert_eq!(waiting.shut_while_waiting(&elsewhere), None);
    let collected = waiting.then(collect());
    assert_eq!(collected.shut_while_waiting(&closed("2026-11-30", "2026-12-10")), None);
}
