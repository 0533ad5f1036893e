use super::*;
use crate::account::{Account, OpenItem};
use crate::ids::CardNo;
use crate::rules::RuleSet;

#[test]
fn a_parcel_is_given_up_the_day_after_the_last_on_which_it_waits() {
    let waiting = waiting();
    for today in ["2026-11-23", "2026-11-29", "2026-11-30"] {
        assert_eq!(
            waiting.refuses(&expire(today)),
            Refusal::TooEarly { status: "ready_for_pickup" },
            "{today}"
        );
    }
    for today in ["2026-12-01", "2027-02-01"] {
        let given_up = waiting.clone().then(expire(today));
        assert_eq!((given_up.status(), given_up.working_site()), (Uncollected, None), "{today}");
        assert!(!given_up.is_open());
        let last = given_up.history.last().unwrap();
        assert_eq!((last.step, last.by, last.barcode.clone()), (Uncollected, By::System, None));
        assert_eq!(given_up.handed_over(), None);
        assert!(given_up.has_done(&expire(today)));
    }
}

#[test]
fn only_what_waits_at_a_site_can_be_left_there() {
    let late = expire("2027-01-01");
    assert_eq!(parcel(to_site()).refuses(&late), Refusal::TooEarly { status: "reserved" });
    assert_eq!(dispatched(to_site()).refuses(&late), Refusal::TooEarly { status: "dispatched" });
    assert_eq!(waiting().then(collect()).refuses(&late), Refusal::TooLate { status: "collected" });
    let at_the_door = dispatched(Destination::Home).then(delivered(1));
    assert_eq!(at_the_door.refuses(&late), Refusal::TooLate { status: "delivered" });
    assert_eq!(parcel(to_site()).then(cancel(&[])).refuses(&late), Refusal::TooEarly { status: "cancelled" });
}

#[test]
fn what_was_given_up_is_not_handed_out_any_more() {
    let given_up = waiting().then(expire("2026-12-01"));
    for command in [collect(), arrive(), hand_over(), depart(), redirect(Destination::Home)] {
        assert_eq!(given_up.refuses(&command), Refusal::Expired, "{command:?}");
    }
}

#[test]
fn what_was_left_is_uncollected_though_another_book_of_the_box_was_cancelled() {
    let given_up = sorted(to_site())
        .then(cancel(&["Y00002"]))
        .then(pick("Y00001"))
        .then(Command::PrepareBox)
        .then(pack("Y00001"))
        .then(booked(Carrier::Van))
        .then(hand_over())
        .then(arrive())
        .then(expire("2026-12-01"));
    assert_eq!((given_up.status_of("Y00001"), given_up.status_of("Y00002")), (Uncollected, Cancelled));
    assert_eq!(given_up.history.last().map(|entry| entry.step), Some(Uncollected));
    assert_eq!(given_up.status(), Uncollected);
    assert!(given_up.has_done(&expire("2026-12-01")));
    assert_eq!(given_up.refuses(&collect()), Refusal::Expired);
}

#[test]
fn warnings_only_become_more_urgent() {
    for (place, level) in WARNINGS.into_iter().enumerate() {
        let warned = sorted(Destination::Home).then(warn(level));
        assert_eq!(warned.warned, Some(level));
        for (other, next) in WARNINGS.into_iter().enumerate() {
            assert_eq!(warned.has_done(&warn(next)), other <= place, "{next:?} after {level:?}");
        }
    }
}

#[test]
fn a_broken_promise_makes_every_loan_longer_and_a_warning_does_not() {
    let half = sorted(Destination::Home).then(warn(Warning::Half)).then(warn(Warning::AlmostAll));
    assert_eq!(half.remedy_days, 0);
    let broken = half.then(warn(Warning::Broken));
    assert_eq!(broken.remedy_days, 7);
    assert!(broken.has_done(&warn(Warning::Broken)), "it is given once");

    let due = |parcel: &Parcel| {
        let mut account = Account::new(parcel.at.rid.clone(), CardNo::from_serial(1), true);
        for line in &parcel.lines {
            let item = OpenItem {
                barcode: line.barcode.clone(),
                order_no: parcel.order_no().clone(),
                title: line.title.clone(),
                class: line.class,
                loan: None,
                returning: None,
            };
            account.open.insert(line.title_id.clone(), item);
        }
        let after = account.with_loans_of(parcel, now(), &RuleSet::founding());
        after.open.into_values().map(|item| item.loan.map(|loan| loan.due)).collect::<Vec<_>>()
    };
    let in_time = dispatched(Destination::Home).then(delivered(1));
    assert_eq!(due(&in_time), [Some(day("2026-12-23")); 2]);
    let late = dispatched(Destination::Home).then(warn(Warning::Broken)).then(delivered(1));
    assert_eq!(due(&late), [Some(day("2026-12-30")); 2]);
}

#[test]
fn nobody_is_warned_about_what_has_arrived() {
    let arrived = gone().into_iter().filter(|parcel| parcel.status() >= ReadyForPickup);
    for parcel in arrived.chain([waiting().then(expire("2026-12-01"))]) {
        assert!(parcel.has_done(&warn(Warning::Broken)), "{}", parcel.status().as_str());
    }
    assert_eq!(dispatched(to_site()).then(warn(Warning::Broken)).remedy_days, 7, "the road is our affair");
}

#[test]
fn what_comes_late_is_made_good_though_nobody_saw_it_in_time() {
    let promised = later(48 * 60);
    let late = dispatched(Destination::Home).then_at(delivered(48 * 60 + 1), later(49 * 60));
    assert_eq!((late.warned, late.remedy_days), (Some(Warning::Broken), 7));
    let in_time = dispatched(Destination::Home).then_at(delivered(48 * 60), later(49 * 60));
    assert_eq!((in_time.promised_by, in_time.warned, in_time.remedy_days), (promised, None, 0));

    let at_the_site = dispatched(to_site()).then_at(arrive(), later(48 * 60 + 1));
    assert_eq!((at_the_site.status(), at_the_site.remedy_days), (ReadyForPickup, 7));
    let collected_late = waiting().then_at(collect(), later(72 * 60));
    assert_eq!(collected_late.remedy_days, 0, "it waited in time: when it is collected is up to its reader");
}

#[test]
fn what_a_reader_was_told_they_get_they_keep_when_the_courier_proves_that_it_came_in_time() {
    let told = dispatched(Destination::Home).then(warn(Warning::Broken));
    let proved = told.then(delivered(1));
    assert_eq!((proved.status(), proved.remedy_days), (Delivered, 7));
}

#[test]
fn a_box_does_not_leave_with_the_label_of_a_booking_that_was_given_up() {
    let labelled = |waybill: &str| Command::HandOver {
        site: site("C01"),
        waybill: Some(Waybill::parse(waybill).unwrap()),
    };
    let ready = packed(Destination::Home).then(booked(Carrier::Kuaidi100));
    assert_eq!(ready.refuses(&labelled("SF0000000000009")), Refusal::OldLabel);
    let gone = ready.then(labelled("SF0000000000001"));
    assert!(gone.has_done(&labelled("SF0000000000001")));
    assert_eq!(packed(Destination::Home).refuses(&labelled("SF0000000000001")), Refusal::NotBooked);
    assert_eq!(
        boxed(Destination::Home).refuses(&labelled("SF0000000000001")),
        Refusal::TooEarly { status: "picked" }
    );
}
