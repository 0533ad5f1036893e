use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::ids::ReaderId;

fn now() -> Timestamp {
    "2026-11-23T10:00:00+08:00".parse().unwrap()
}

fn later(minutes: i64) -> Timestamp {
    now() + SignedDuration::from_mins(minutes)
}

fn site(id: &str) -> SiteId {
    SiteId::parse(id).unwrap()
}

fn barcode(id: &str) -> Barcode {
    Barcode::parse(id).unwrap()
}

fn line(code: &str, call_number: &str) -> Line {
    Line {
        title_id: TitleId::parse(code).unwrap(),
        title: "解忧杂货店".to_owned(),
        barcode: barcode(code),
        call_number: call_number.to_owned(),
        received: Received { at: Timestamp::UNIX_EPOCH, site: site("C01") },
        status: Reserved,
    }
}

fn parcel(destination: Destination) -> Parcel {
    Parcel {
        at: ParcelRef {
            rid: ReaderId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(),
            order_no: OrderNo::new(now(), 7),
            n: 1,
        },
        site: site("C01"),
        destination,
        promised_by: later(48 * 60),
        rules: 1,
        loan_days: 30,
        lines: vec![line("Y00002", "I313.45/2"), line("Y00001", "I287.8/1")],
        sorted: None,
        boxed: None,
        booking: None,
        pickup_code: None,
        history: Vec::new(),
        version: 1,
    }
}

impl Parcel {
    /// Carries a command out that must change something.
    #[expect(clippy::needless_pass_by_value, reason = "reads well in a chain")]
    fn then(self, command: Command) -> Parcel {
        // Pushes are read an hour later; staff scan as it happens.
        let at = if matches!(command, Command::Follow(_)) { later(60) } else { now() };
        match self.decide(&command, at) {
            Ok(Outcome::Changed(next)) => *next,
            other => panic!("{command:?} gave {other:?}"),
        }
    }
}

fn pick(code: &str) -> Command {
    Command::Pick { barcode: barcode(code), site: site("C01") }
}

fn pack(code: &str) -> Command {
    Command::Pack { barcode: barcode(code), site: site("C01") }
}

fn booked(carrier: Carrier) -> Command {
    Command::Book(Booking { carrier, waybill: Waybill::parse("SF0000000000001").unwrap() })
}

fn packed(destination: Destination) -> Parcel {
    parcel(destination)
        .then(Command::Accept)
        .then(Command::Sort)
        .then(pick("Y00001"))
        .then(pick("Y00002"))
        .then(Command::PrepareBox)
        .then(pack("Y00002"))
        .then(pack("Y00001"))
}

fn steps(parcel: &Parcel) -> Vec<&'static str> {
    parcel.history.iter().map(|entry| entry.step.as_str()).collect()
}

#[test]
fn two_books_go_all_the_way_to_the_door() {
    let journey = Journey { collected: Some(later(1)), under_way: Some(later(2)), delivered: Some(later(3)) };

    let delivered = packed(Destination::Home)
        .then(booked(Carrier::Kuaidi100))
        .then(Command::HandOver { site: site("C01") })
        .then(Command::Follow(journey));

    assert_eq!(delivered.status(), Delivered);
    assert_eq!(
        steps(&delivered),
        ["accepted", "picked", "picked", "packed", "packed", "dispatched", "delivering", "delivered"]
    );
    assert_eq!(delivered.handed_over(), Some(later(3)));
    assert_eq!(delivered.working_site(), None);
}

#[test]
fn two_books_wait_at_a_site_until_their_reader_shows_the_code() {
    let to_site = Destination::Site { site_id: site("S01") };
    let waiting = packed(to_site)
        .then(booked(Carrier::Van))
        .then(Command::HandOver { site: site("C01") })
        .then(Command::Depart { site: site("C01") })
        .then(Command::Arrive { site: site("S01"), code: "4711".to_owned() });
    assert_eq!(waiting.status(), ReadyForPickup);
    assert_eq!(waiting.working_site(), Some(&site("S01")));

    let wrong = Command::Collect { site: site("S01"), code: "0000".to_owned() };
    assert_eq!(waiting.decide(&wrong, now()), Err(Refusal::WrongCode));
    let elsewhere = Command::Collect { site: site("S02"), code: "4711".to_owned() };
    assert_eq!(waiting.decide(&elsewhere, now()), Err(Refusal::WrongSite { site: site("S01") }));

    let collected = waiting.then(Command::Collect { site: site("S01"), code: "4711".to_owned() });
    assert_eq!(collected.status(), Collected);
}

#[test]
fn the_pick_list_walks_along_the_shelves() {
    let sorted = parcel(Destination::Home).then(Command::Accept).then(Command::Sort);
    let shelves: Vec<&str> = sorted.lines.iter().map(|line| line.call_number.as_str()).collect();
    assert_eq!(shelves, ["I287.8/1", "I313.45/2"]);
}

#[test]
fn a_box_refuses_a_book_that_it_does_not_own() {
    let picked = parcel(Destination::Home)
        .then(Command::Accept)
        .then(Command::Sort)
        .then(pick("Y00001"))
        .then(pick("Y00002"))
        .then(Command::PrepareBox);
    assert_eq!(picked.decide(&pack("Z99999"), now()), Err(Refusal::WrongParcel));
}

#[test]
fn nothing_happens_before_its_turn_or_at_the_wrong_place() {
    let new = parcel(Destination::Home);
    assert_eq!(new.decide(&Command::Sort, now()), Err(Refusal::TooEarly { status: "reserved" }));
    assert_eq!(new.decide(&pick("Y00001"), now()), Err(Refusal::TooEarly { status: "reserved" }));
    let accepted = new.then(Command::Accept);
    assert_eq!(
        accepted.decide(&pick("Y00001"), now()),
        Err(Refusal::TooEarly { status: "accepted" }),
        "not sorted yet"
    );
    let sorted = accepted.then(Command::Sort);
    let elsewhere = Command::Pick { barcode: barcode("Y00001"), site: site("L01") };
    assert_eq!(sorted.decide(&elsewhere, now()), Err(Refusal::WrongSite { site: site("C01") }));
    assert_eq!(sorted.decide(&Command::PrepareBox, now()), Err(Refusal::TooEarly { status: "accepted" }));
}

#[test]
fn a_courier_proves_what_nobody_scanned_and_never_moves_a_parcel_back() {
    let booked = packed(Destination::Home).then(booked(Carrier::Kuaidi100));
    let delivered = booked.then(Command::Follow(Journey { delivered: Some(later(9)), ..Journey::default() }));
    assert_eq!(steps(&delivered)[5..], ["dispatched", "delivering", "delivered"]);

    let stale = Command::Follow(Journey {
        collected: Some(later(1)),
        under_way: Some(later(2)),
        delivered: Some(later(9)),
    });
    assert_eq!(delivered.decide(&stale, later(20)), Ok(Outcome::Already));
    let scan = Command::HandOver { site: site("C01") };
    assert_eq!(delivered.decide(&scan, later(20)), Ok(Outcome::Already));
}

#[test]
fn a_couriers_clock_is_believed_within_reason() {
    let booked = packed(Destination::Home).then(booked(Carrier::Kuaidi100));
    let loan_from = |delivered: Timestamp| {
        let journey = Journey { delivered: Some(delivered), ..Journey::default() };
        booked.clone().then(Command::Follow(journey)).handed_over().unwrap()
    };
    assert_eq!(loan_from(later(30)), later(30));
    assert_eq!(loan_from(later(-60 * 24 * 365)), now(), "not before the box was packed");
    assert_eq!(loan_from(later(60 * 24 * 365)), later(60), "not after we heard of it");
}

fn any_command() -> impl Strategy<Value = Command> {
    let code = prop_oneof![Just("Y00001"), Just("Y00002"), Just("Z99999")];
    let place = prop_oneof![4 => Just("C01"), 2 => Just("S01"), 1 => Just("L01")];
    let instant = || proptest::option::of((0_i64..600).prop_map(later));
    prop_oneof![
        Just(Command::Accept),
        Just(Command::Sort),
        (code.clone(), place.clone()).prop_map(|(c, s)| Command::Pick { barcode: barcode(c), site: site(s) }),
        Just(Command::PrepareBox),
        (code, place.clone()).prop_map(|(c, s)| Command::Pack { barcode: barcode(c), site: site(s) }),
        Just(booked(Carrier::Kuaidi100)),
        Just(booked(Carrier::Van)),
        place.clone().prop_map(|s| Command::HandOver { site: site(s) }),
        place.clone().prop_map(|s| Command::Depart { site: site(s) }),
        place.clone().prop_map(|s| Command::Arrive { site: site(s), code: "4711".to_owned() }),
        place.prop_map(|s| Command::Collect { site: site(s), code: "4711".to_owned() }),
        (instant(), instant(), instant()).prop_map(|(collected, under_way, delivered)| Command::Follow(
            Journey { collected, under_way, delivered }
        )),
    ]
}

proptest! {
    /// Whatever arrives in whatever order: a parcel only moves along its table, a repeated command changes nothing, history only
    /// grows, and a finished parcel stays finished.
    #[test]
    fn random_commands_keep_every_parcel_sound(
        to_site in any::<bool>(),
        commands in proptest::collection::vec(any_command(), 1..80),
    ) {
        let destination = if to_site { Destination::Site { site_id: site("S01") } } else { Destination::Home };
        let mut current = parcel(destination);
        for command in commands {
            let Ok(Outcome::Changed(next)) = current.decide(&command, now()) else { continue };
            prop_assert!(next.status() >= current.status());
            prop_assert!(next.history.starts_with(&current.history));
            prop_assert_eq!(next.version, current.version + 1);
            prop_assert!(current.is_open(), "a finished parcel moved: {:?}", command);
            for (before, after) in current.lines.iter().zip(&next.lines) {
                if !matches!(command, Command::Sort) {
                    prop_assert_eq!(&before.barcode, &after.barcode);
                    prop_assert!(after.status >= before.status);
                }
            }
            prop_assert_eq!(next.decide(&command, now()), Ok(Outcome::Already), "{:?} twice", command);
            current = *next;
        }
    }
}
