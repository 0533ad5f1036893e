use super::*;

#[test]
fn an_order_that_is_cancelled_before_it_is_picked_is_simply_left_on_its_shelves() {
    for parcel in [parcel(to_site()), parcel(to_site()).then(Command::Accept), sorted(to_site())] {
        let steps_before = parcel.history.len();
        let cancelled = parcel.then(cancel(&[]));
        assert_eq!(cancelled.status(), Cancelled);
        assert_eq!(cancelled.live().count(), 0);
        assert_eq!(cancelled.working_site(), None, "nobody has anything to do");
        assert!(!cancelled.is_open());
        let entries = &cancelled.history[steps_before..];
        assert!(entries.iter().all(|entry| (entry.step, entry.by) == (Cancelled, By::Reader)));
        assert_eq!(
            entries.iter().filter_map(|entry| entry.barcode.as_ref()).count(),
            2,
            "each book by itself"
        );
    }
}

#[test]
fn one_book_is_cancelled_and_the_rest_goes_on() {
    let rest = sorted(Destination::Home).then(cancel(&["Y00002"]));
    assert_eq!((rest.status(), rest.status_of("Y00002")), (Accepted, Cancelled));
    assert_eq!(rest.live().map(|line| line.barcode.as_str()).collect::<Vec<_>>(), ["Y00001"]);
    assert_eq!(rest.history.last().and_then(|entry| entry.barcode.clone()), Some(barcode("Y00002")));

    let delivered = rest
        .then(pick("Y00001"))
        .then(Command::PrepareBox)
        .then(pack("Y00001"))
        .then(booked(Carrier::Kuaidi100))
        .then(hand_over())
        .then(delivered(1));
    assert_eq!((delivered.status(), delivered.status_of("Y00002")), (Delivered, Cancelled));
}

#[test]
fn what_is_cancelled_does_not_hold_up_what_is_further() {
    let half_picked = sorted(Destination::Home).then(pick("Y00001"));
    assert_eq!(half_picked.status(), Accepted);
    assert_eq!(half_picked.then(cancel(&["Y00002"])).status(), Picked, "the box can be chosen now");
}

#[test]
fn a_box_is_chosen_for_the_books_that_are_left() {
    let of = |live: usize| {
        let mut parcel = parcel(Destination::Home);
        parcel.lines = (0..9).map(|n| line(&format!("Y0000{n}"), &format!("I{n}"))).collect();
        let picked = parcel
            .lines
            .iter()
            .fold(parcel.clone().then(Command::Accept).then(Command::Sort), |parcel, line| {
                parcel.then(pick(line.barcode.as_str()))
            });
        let off: Vec<String> = (live..9).map(|n| format!("Y0000{n}")).collect();
        let off: Vec<&str> = off.iter().map(String::as_str).collect();
        let left = if off.is_empty() { picked } else { picked.then(cancel(&off)) };
        left.then(Command::PrepareBox).boxed.unwrap()
    };
    assert_eq!(
        [1, 3, 4, 8, 9].map(of),
        [BoxSize::Small, BoxSize::Small, BoxSize::Medium, BoxSize::Medium, BoxSize::Large]
    );
}

#[test]
fn what_is_cancelled_once_is_cancelled() {
    let half = sorted(Destination::Home).then(cancel(&["Y00002"]));
    assert!(half.has_done(&cancel(&["Y00002"])));
    let whole = half.then(cancel(&[]));
    assert_eq!(whole.history.iter().filter(|entry| entry.step == Cancelled).count(), 2, "once for each book");
    for again in [cancel(&[]), cancel(&["Y00001"]), cancel(&["Y00001", "Y00002"])] {
        assert!(whole.has_done(&again), "{again:?}");
    }
}

#[test]
fn a_book_of_another_order_is_not_cancelled_here() {
    for named in [cancel(&["Z99999"]), cancel(&["Y00001", "Z99999"])] {
        assert_eq!(sorted(Destination::Home).refuses(&named), Refusal::WrongParcel);
        assert_eq!(dispatched(Destination::Home).refuses(&named), Refusal::WrongParcel);
    }
}

#[test]
fn what_has_left_the_library_is_neither_cancelled_nor_brought_elsewhere() {
    let statuses = gone().map(|parcel| {
        let status = parcel.status();
        let too_late = Refusal::TooLate { status: status.as_str() };
        for command in [cancel(&[]), cancel(&["Y00001"]), redirect(Destination::Home), redirect(to_site())] {
            assert_eq!(parcel.refuses(&command), too_late, "{command:?}");
        }
        status
    });
    assert_eq!(statuses, [Dispatched, Delivering, ReadyForPickup, Delivered, Collected]);
}

#[test]
fn a_book_that_is_off_its_shelf_is_taken_out_before_it_is_done_with() {
    let picked = sorted(Destination::Home).then(pick("Y00001")).then(pick("Y00002"));
    for parcel in [picked, packed(Destination::Home)] {
        let status = parcel.status();
        let recalled = parcel.then(cancel(&["Y00001"]));
        assert_eq!((recalled.status(), recalled.status_of("Y00001")), (status, Recalled));
        assert_eq!(recalled.to_take_out().map(|line| line.barcode.clone()), Some(barcode("Y00001")));

        let taken_out = recalled.clone().then(take_out("Y00001"));
        assert_eq!((taken_out.status(), taken_out.status_of("Y00001")), (status, Cancelled));
        assert_eq!(taken_out.to_take_out(), None);
        assert_eq!(taken_out.history, recalled.history, "the reader was told already");
        assert!(taken_out.has_done(&take_out("Y00001")));
    }
}

#[test]
fn a_box_of_cancelled_books_stays_on_the_list_until_it_is_empty() {
    let unwanted = packed(to_site()).then(cancel(&[]));
    assert_eq!((unwanted.status(), unwanted.working_site()), (Recalled, Some(&site("C01"))));
    let half = unwanted.then(take_out("Y00002"));
    assert_eq!((half.status(), half.working_site()), (Recalled, Some(&site("C01"))));
    let empty = half.then(take_out("Y00001"));
    assert_eq!((empty.status(), empty.working_site()), (Cancelled, None));
}

#[test]
fn only_a_recalled_book_is_taken_out_and_only_where_it_is() {
    let recalled = packed(Destination::Home).then(cancel(&["Y00001"]));
    let elsewhere = Command::TakeOut { barcode: barcode("Y00001"), site: site("L01") };
    assert_eq!(recalled.refuses(&elsewhere), Refusal::WrongSite { site: site("C01") });
    assert_eq!(recalled.refuses(&take_out("Z99999")), Refusal::WrongParcel);
    assert_eq!(recalled.refuses(&take_out("Y00002")), Refusal::TooEarly { status: "packed" });
}

#[test]
fn a_box_is_not_handed_over_while_a_cancelled_book_is_in_it() {
    let recalled = packed(Destination::Home).then(booked(Carrier::Kuaidi100)).then(cancel(&["Y00001"]));
    assert_eq!(recalled.refuses(&hand_over()), Refusal::TakeOutFirst { barcode: barcode("Y00001") });
    assert!(recalled.booking.is_some(), "the courier comes for the other book");

    let gone = recalled.then(take_out("Y00001")).then(hand_over());
    assert_eq!((gone.status(), gone.status_of("Y00001")), (Dispatched, Cancelled));
}

#[test]
fn a_courier_who_took_the_box_all_the_same_proves_its_hand_over() {
    let recalled = packed(Destination::Home).then(booked(Carrier::Kuaidi100)).then(cancel(&["Y00001"]));
    let delivered = recalled.then(delivered(1));
    assert_eq!((delivered.status_of("Y00002"), delivered.status_of("Y00001")), (Delivered, Recalled));
}

#[test]
fn a_cancelled_book_that_left_in_its_box_stays_on_the_staffs_list() {
    let journey = Journey { collected: Some(later(1)), ..Journey::default() };
    let gone = packed(Destination::Home)
        .then(booked(Carrier::Kuaidi100))
        .then(cancel(&["Y00001"]))
        .then(Command::Follow(journey));
    assert!(gone.to_take_out().is_some());
    assert_eq!(gone.working_site(), Some(&site("C01")), "somebody has to look for it");
}

#[test]
fn a_cancelled_book_that_came_in_its_box_is_taken_out_where_it_is() {
    let there = packed(to_site()).then(booked(Carrier::Van)).then(cancel(&["Y00001"])).then(arrive());
    let list = there.working_site().cloned().unwrap();
    let taken_out = there.then(Command::TakeOut { barcode: barcode("Y00001"), site: list });
    assert_eq!((taken_out.status(), taken_out.to_take_out()), (ReadyForPickup, None));
}

#[test]
fn who_scans_a_cancelled_book_is_told_so() {
    let on_shelf = sorted(Destination::Home).then(cancel(&["Y00001"]));
    assert_eq!(on_shelf.refuses(&pick("Y00001")), Refusal::Cancelled);
    let picked = boxed(Destination::Home).then(cancel(&["Y00001"]));
    assert_eq!(picked.refuses(&pack("Y00001")), Refusal::Cancelled);
    let in_box = packed(Destination::Home).then(cancel(&["Y00001"]));
    assert_eq!(in_box.refuses(&pack("Y00001")), Refusal::Cancelled, "though it was packed");
    let taken_out = in_box.then(take_out("Y00001"));
    assert_eq!(taken_out.refuses(&pack("Y00001")), Refusal::Cancelled);
}

/// Every command that would carry a parcel further or elsewhere.
fn onward() -> [Command; 11] {
    [
        Command::Accept,
        Command::Sort,
        pick("Y00001"),
        Command::PrepareBox,
        pack("Y00001"),
        booked(Carrier::Van),
        hand_over(),
        arrive(),
        collect(),
        redirect(Destination::Home),
        redirect(to_site()),
    ]
}

#[test]
fn nothing_more_is_done_for_a_cancelled_order() {
    let on_shelf = parcel(to_site()).then(cancel(&[]));
    for command in onward() {
        assert_eq!(on_shelf.refuses(&command), Refusal::Cancelled, "{command:?}");
    }
    // What staff and the service did before it was cancelled stays done.
    let in_box = packed(to_site()).then(booked(Carrier::Van)).then(cancel(&[]));
    for command in onward() {
        let done = matches!(command, Command::Sort | Command::PrepareBox);
        match in_box.decide(&command, now()) {
            Ok(Outcome::Already) => assert!(done, "{command:?}"),
            other => assert_eq!(other, Err(Refusal::Cancelled), "{command:?}"),
        }
    }
    assert_eq!(in_box.refuses(&depart()), Refusal::Cancelled);
    assert!(in_box.has_done(&warn(Warning::Broken)), "no clock runs for it");
}

#[test]
fn a_courier_whom_nothing_is_left_for_is_called_off() {
    let coming = packed(Destination::Home).then(booked(Carrier::Kuaidi100));
    let one_left = coming.then(cancel(&["Y00001"]));
    assert_eq!((one_left.attempt, one_left.revoked.clone()), (0, None));

    let none_left = one_left.then(cancel(&["Y00002"]));
    assert_eq!(none_left.booking, None);
    assert_eq!((none_left.attempt, none_left.revoked.clone()), (1, Some(ticket("first"))));
    let called_off = none_left.then(Command::Revoked(ticket("first")));
    assert_eq!((called_off.attempt, called_off.revoked.clone()), (1, None), "the number is used up for good");
    assert!(called_off.has_done(&Command::Revoked(ticket("first"))));
}

#[test]
fn a_courier_whose_booking_came_too_late_is_called_off_one_after_the_other() {
    let unwanted = packed(Destination::Home).then(cancel(&[]));
    let kept = unwanted.then(Command::Revoke(ticket("second")));
    assert_eq!(kept.revoked, Some(ticket("second")));
    assert!(kept.has_done(&Command::Revoke(ticket("second"))));
    assert!(kept.has_done(&Command::Revoked(ticket("first"))), "that was another booking");
    assert!(matches!(kept.refuses(&Command::Revoke(ticket("third"))), Refusal::TooEarly { .. }));
    assert_eq!(kept.then(Command::Revoked(ticket("second"))).revoked, None);
}

#[test]
fn the_vans_driver_needs_no_calling_off() {
    let unwanted = packed(to_site()).then(booked(Carrier::Van)).then(cancel(&[]));
    assert_eq!((unwanted.booking.clone(), unwanted.attempt, unwanted.revoked.clone()), (None, 1, None));
    assert!(unwanted.has_done(&Command::Revoked(ticket("first"))));
    let unbooked = packed(to_site()).then(cancel(&[]));
    assert_eq!((unbooked.attempt, unbooked.revoked), (0, None), "nobody was booked");
}
