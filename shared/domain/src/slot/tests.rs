use proptest::prelude::*;

use super::*;
use crate::rules::Holidays;

fn slot(text: &str) -> Slot {
    text.parse().unwrap()
}

/// A Shanghai wall-clock time.
fn at(text: &str) -> Timestamp {
    format!("{text}+08:00").parse().unwrap()
}

/// Monday, ten in the morning.
fn now() -> Timestamp {
    at("2026-11-23T10:00:00")
}

/// What is promised to an order of then.
fn promised() -> Timestamp {
    at("2026-11-25T10:00:00")
}

fn zone(per_slot: Option<u16>) -> Zone {
    Zone { division: "110105".to_owned(), per_slot }
}

fn rules() -> RuleSet {
    RuleSet::founding()
}

fn names(offers: &[SlotOffer]) -> Vec<String> {
    offers.iter().map(|offer| offer.slot.to_string()).collect()
}

fn offered(rules: &RuleSet, at: Timestamp) -> Vec<String> {
    names(&slots(rules, &About::default(), &zone(None), &Taken::new(), at))
}

/// So many places taken in each of these.
fn taken(slots: &[(&str, u16)]) -> Taken {
    slots.iter().map(|(text, n)| (slot(text).place(), *n)).collect()
}

fn decide(wish: &Wish, per_slot: Option<u16>, parcels: u16) -> Result<Settled, Obstacle> {
    settle(&rules(), &About::default(), &zone(per_slot), wish, (now(), parcels, promised()))
}

fn chosen(text: &str) -> Wish {
    Wish { chosen: Some(slot(text)), ..Wish::default() }
}

#[test]
fn a_slot_is_written_short_and_read_back() {
    let text = "2026-11-25T09:00/12:00";
    assert_eq!(slot(text).to_string(), text);
    assert_eq!(
        serde_json::to_value(slot(text)).unwrap(),
        serde_json::json!({"day": "2026-11-25", "from": "09:00:00", "until": "12:00:00"})
    );
    for wrong in ["", "2026-11-25", "2026-11-25T09:00", "2026-11-25T09:00/25:00", "tomorrow T09:00/12:00"] {
        assert!(wrong.parse::<Slot>().is_err(), "{wrong}");
    }
}

#[test]
fn the_first_slot_begins_when_half_of_the_promised_time_is_gone() {
    let first = |at: Timestamp| offered(&rules(), at).first().unwrap().clone();
    assert_eq!(first(now()), "2026-11-24T12:00/18:00", "a day later, at ten, the morning has begun");
    assert_eq!(first(at("2026-11-23T08:59:00")), "2026-11-24T09:00/12:00");
    assert_eq!(first(at("2026-11-23T15:59:00")), "2026-11-24T18:00/21:00");
    assert_eq!(
        first(at("2026-11-23T16:00:00")),
        "2026-11-25T09:00/12:00",
        "after the cut-off, from tomorrow at nine"
    );
}

#[test]
fn slots_are_those_of_seven_open_days() {
    let mut rules = rules();
    let day = |text: &str| text.parse().unwrap();
    rules.holidays =
        vec![Holidays { from: day("2026-11-25"), until: day("2026-12-31"), name: "搬迁".to_owned() }];
    let offered = offered(&rules, now());
    let days: std::collections::BTreeSet<&str> =
        offered.iter().filter_map(|slot| slot.split('T').next()).collect();
    let open = ["2026-11-24", "2027-01-01", "2027-01-02", "2027-01-03", "2027-01-04", "2027-01-05"];
    assert_eq!(days.into_iter().collect::<Vec<_>>(), open, "today is the seventh, and too soon");
}

#[test]
fn the_windows_of_a_day_are_a_rule() {
    let hour = |hour| Time::constant(hour, 30, 0, 0);
    let windows = vec![Window { from: hour(9), until: hour(11) }];
    let rules = RuleSet { windows, ..rules() };
    assert_eq!(rules.faults(), []);
    assert_eq!(offered(&rules, now()).first().unwrap(), "2026-11-25T09:30/11:30");
}

#[test]
fn a_chosen_slot_promises_its_end_whether_places_are_counted_or_not() {
    for per_slot in [None, Some(1)] {
        let settled = |text, promised_by| Settled { slot: Some(slot(text)), per_slot, promised_by };
        let early = "2026-11-24T12:00/18:00";
        assert_eq!(decide(&chosen(early), per_slot, 1), Ok(settled(early, at("2026-11-24T18:00:00"))));
        let late = "2026-11-29T18:00/21:00";
        assert_eq!(decide(&chosen(late), per_slot, 1), Ok(settled(late, at("2026-11-29T21:00:00"))));
    }
}

#[test]
fn a_slot_that_cannot_be_chosen_says_why_and_names_others() {
    let code = |text: &str| decide(&chosen(text), Some(2), 1).unwrap_err().code();
    assert_eq!(code("2026-11-22T09:00/12:00"), "slot_past");
    assert_eq!(code("2026-11-24T09:00/12:00"), "slot_past", "too soon");
    assert_eq!(code("2026-11-30T09:00/12:00"), "unknown_slot", "too far");
    assert_eq!(code("2026-11-25T09:00/11:00"), "unknown_slot");

    let full = "2026-11-24T12:00/18:00";
    let wish = Wish { taken: taken(&[(full, 1), ("2026-11-24T18:00/21:00", 2)]), ..chosen(full) };
    assert!(decide(&wish, Some(2), 1).is_ok());
    let Err(Obstacle::SlotFull { slot: which, per_slot, free, slots }) = decide(&wish, Some(2), 2) else {
        panic!("a slot with one place took two parcels");
    };
    assert_eq!((which, per_slot, free), (slot(full), 2, 1));
    assert_eq!(slots.first(), Some(&slot("2026-11-25T09:00/12:00")));
    assert_eq!(slots.len(), NAMED);
}

#[test]
fn without_a_choice_it_goes_in_the_first_slot_with_room_that_keeps_the_promise() {
    let none = Settled { slot: None, per_slot: None, promised_by: promised() };
    assert_eq!(decide(&Wish::default(), None, 1), Ok(none), "nothing is counted there");

    let first =
        Settled { slot: Some(slot("2026-11-24T12:00/18:00")), per_slot: Some(1), promised_by: promised() };
    assert_eq!(decide(&Wish::default(), Some(1), 1), Ok(first));
    let wish = Wish { taken: taken(&[("2026-11-24T12:00/18:00", 1)]), ..Wish::default() };
    let second = Settled { slot: Some(slot("2026-11-24T18:00/21:00")), ..first };
    assert_eq!(decide(&wish, Some(1), 1), Ok(second));

    let both = taken(&[("2026-11-24T12:00/18:00", 1), ("2026-11-24T18:00/21:00", 1)]);
    let wish = Wish { taken: both, ..Wish::default() };
    let Err(Obstacle::SlotsFull { next, slots, .. }) = decide(&wish, Some(1), 1) else {
        panic!("a promise was given that no slot keeps");
    };
    assert_eq!(next, Some(slot("2026-11-25T09:00/12:00")));
    assert_eq!(slots.first(), next.as_ref());

    let waited = Wish { at_any_rate: true, ..wish };
    let later = decide(&waited, Some(1), 1).unwrap();
    assert_eq!((later.slot, later.promised_by), (next, at("2026-11-25T12:00:00")));
    assert_eq!(decide(&waited, Some(0), 1), Ok(none), "who has waited gets the book all the same, uncounted");
}

#[test]
fn a_promise_that_no_slot_can_keep_waits_for_the_first_one() {
    let promise: RuleSet = serde_json::from_str(
        r#"{"version":2,"starts":"2026-01-01","rules":[{"set":{"rule":"promise_hours","value":2}}]}"#,
    )
    .unwrap();
    let (wish, late) = (Wish::default(), at("2026-11-23T15:00:00"));
    let when = (late, 1, at("2026-11-23T17:00:00"));
    let settled = settle(&promise, &About::default(), &zone(Some(1)), &wish, when).unwrap();
    assert_eq!(settled.slot, Some(slot("2026-11-23T18:00/21:00")));
    assert_eq!(settled.promised_by, at("2026-11-23T21:00:00"));

    let bound = Wish { bound: true, ..wish };
    let refused = settle(&promise, &About::default(), &zone(Some(1)), &bound, when);
    assert!(
        matches!(refused, Err(Obstacle::SlotsFull { .. })),
        "what an order was promised does not move by itself: {refused:?}"
    );
}

#[test]
fn what_has_a_slot_keeps_it_while_there_is_room() {
    let own = slot("2026-11-23T12:00/18:00");
    let keeps = |wish: &Wish, per_slot| decide(wish, per_slot, 1).unwrap().slot;
    let wish = Wish { kept: Some(own), ..Wish::default() };
    assert_eq!(keeps(&wish, None), Some(own), "though it could not be chosen any more");
    assert_eq!(keeps(&wish, Some(1)), Some(own));
    let full = Wish { taken: taken(&[("2026-11-23T12:00/18:00", 1)]), ..wish.clone() };
    assert_eq!(keeps(&full, Some(1)), Some(slot("2026-11-24T12:00/18:00")));
    let over = Wish { kept: Some(slot("2026-11-22T12:00/18:00")), ..wish.clone() };
    assert_eq!(keeps(&over, None), None);
    let other = Wish { chosen: Some(slot("2026-11-26T09:00/12:00")), ..wish };
    assert_eq!(keeps(&other, Some(1)), other.chosen);
}

#[test]
fn every_fault_of_the_windows_is_told() {
    let window =
        |from: &str, until: &str| Window { from: from.parse().unwrap(), until: until.parse().unwrap() };
    let windows = vec![window("09:00", "12:00"), window("11:00", "11:00"), window("12:00:30", "13:00")];
    let set = RuleSet { windows, ..rules() };
    let faults: Vec<String> =
        set.faults().into_iter().map(|fault| format!("{}: {}", fault.at, fault.why)).collect();
    assert_eq!(
        faults,
        [
            "windows.1: it ends before it begins",
            "windows.1: it begins before the one before it ends",
            "windows.2: it begins and ends with a whole minute",
        ]
    );
    let many = (0..13).map(|n| window(&format!("{n:02}:00"), &format!("{n:02}:30"))).collect();
    let faults = RuleSet { windows: many, ..rules() }.faults();
    assert_eq!(faults.first().map(|fault| fault.why.as_str()), Some("at most 12"));
    assert_eq!(RuleSet { windows: Window::FOUNDING.to_vec(), ..rules() }.faults(), []);
}

proptest! {
    /// Whatever is taken and whenever it is: what is settled can be chosen, has room, begins late enough and is over when it is promised.
    #[test]
    fn what_is_settled_is_a_slot_with_room_that_keeps_what_is_promised(
        minutes in 0_i64..20_000, parcels in 1_u16..4, per_slot in prop::option::of(0_u16..5),
        full in prop::collection::vec(0_u16..6, 40), choose in prop::option::of(0_usize..25), at_any_rate: bool,
    ) {
        let now = now() + SignedDuration::from_mins(minutes);
        let (rules, about, zone) = (rules(), About::default(), zone(per_slot));
        let all = slots(&rules, &about, &zone, &Taken::new(), now);
        let taken: Taken = all.iter().map(|offer| offer.slot.place()).zip(full).collect();
        let chosen = choose.and_then(|n| all.get(n)).map(|offer| offer.slot);
        let wish = Wish { chosen, taken: taken.clone(), at_any_rate, kept: None, bound: false };
        let promised = crate::order::counted_from(&rules, &about, now);

        let answer = settle(&rules, &about, &zone, &wish, (now, parcels, promised));

        let offers = slots(&rules, &about, &zone, &taken, now);
        prop_assert!(offers.is_sorted_by_key(|offer| offer.slot));
        match answer {
            Ok(Settled { slot: Some(slot), per_slot: most, promised_by }) => {
                let offer = offers.iter().find(|offer| offer.slot == slot).unwrap();
                prop_assert!(offer.takes(parcels));
                prop_assert_eq!(most, per_slot);
                prop_assert!(slot.begins() > now && slot.ends() <= promised_by);
                prop_assert!(chosen.is_none_or(|chosen| chosen == slot && promised_by == slot.ends()));
                prop_assert!(chosen.is_some() || at_any_rate || promised_by == promised);
            }
            Ok(Settled { slot: None, per_slot: None, promised_by }) => {
                let none = offers.iter().all(|offer| !offer.takes(parcels));
                prop_assert!(chosen.is_none() && promised_by == promised);
                prop_assert!(per_slot.is_none() || (at_any_rate && none));
            }
            Ok(settled) => prop_assert!(false, "counted, and in no slot: {settled:?}"),
            Err(Obstacle::SlotFull { slot, slots, .. }) => {
                prop_assert_eq!(Some(slot), chosen);
                prop_assert!(!slots.contains(&slot));
            }
            Err(Obstacle::SlotsFull { next, .. }) => {
                prop_assert!(chosen.is_none() && next.is_none_or(|next| next.ends() > promised));
            }
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }
}
