use super::*;

#[test]
fn a_parcel_goes_elsewhere_until_it_has_left() {
    let coming = packed(Destination::Home).then(booked(Carrier::Kuaidi100));
    for parcel in [parcel(Destination::Home), sorted(Destination::Home), packed(Destination::Home), coming] {
        let (status, history) = (parcel.status(), parcel.history.clone());
        let redirected = parcel.then(redirect(to_site()));
        assert_eq!((redirected.destination.clone(), redirected.takes_place), (to_site(), true));
        assert_eq!(redirected.promised_by, later(72 * 60));
        assert_eq!((redirected.status(), &redirected.history), (status, &history), "no work is lost");
        assert_eq!(redirected.booking, None);
    }
}

#[test]
fn a_parcel_that_goes_elsewhere_waits_for_its_new_carrier() {
    let redirected = packed(Destination::Home).then(booked(Carrier::Kuaidi100)).then(redirect(to_site()));
    assert_eq!((redirected.attempt, redirected.revoked.clone()), (1, Some(ticket("first"))));
    assert_eq!(redirected.refuses(&hand_over()), Refusal::NotBooked);
    assert_eq!(redirected.refuses(&arrive()), Refusal::TooEarly { status: "packed" });
    assert_eq!(
        redirected.refuses(&delivered(1)),
        Refusal::WrongWay,
        "the courier who was called off brings nothing"
    );

    let waiting = redirected.then(booked(Carrier::Van)).then(hand_over()).then(arrive());
    assert_eq!((waiting.status(), waiting.working_site()), (ReadyForPickup, Some(&site("S01"))));
    assert_eq!(waiting.revoked, Some(ticket("first")), "who is still to be called off is remembered");
}

#[test]
fn a_courier_who_is_still_to_be_called_off_is_not_forgotten_over_the_next() {
    let redirected = packed(Destination::Home).then(booked(Carrier::Kuaidi100)).then(redirect(to_site()));
    // The first courier could not be reached yet; meanwhile the van is booked, and the reader thinks better of it.
    let again = redirected.then(booked(Carrier::Van)).then(redirect(Destination::Home));
    assert_eq!((again.attempt, again.revoked), (2, Some(ticket("first"))));
}

#[test]
fn a_courier_who_was_asked_for_the_old_place_is_not_booked_for_the_new_one() {
    // The parcel was redirected while the courier was being asked.
    let redirected = packed(Destination::Home).then(redirect(to_site()));
    assert_eq!(redirected.refuses(&booked(Carrier::Kuaidi100)), Refusal::WrongWay);
}

#[test]
fn a_courier_is_asked_anew_for_the_new_place_though_no_answer_for_the_old_one_was_kept() {
    // Who asks again with the same attempt gets the courier's first answer, for the old place.
    let redirected = packed(Destination::Home).then(redirect(Destination::Home));
    assert_eq!(redirected.attempt, 1);
}
