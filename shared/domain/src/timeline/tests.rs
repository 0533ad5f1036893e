use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::*;
use crate::copy::Received;
use crate::courier::Journey;
use crate::ids::{OrderNo, ParcelRef, ReaderId, TitleId, Waybill};
use crate::parcel::{Booking, Carrier, Command, Destination, Outcome};
use crate::rules::ItemClass;
use crate::text;

/// A clock that goes on by a minute with every command.
fn minute(n: i64) -> Timestamp {
    "2026-11-23T10:00:00+08:00".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(n)
}

fn site(id: &str) -> SiteId {
    SiteId::parse(id).unwrap()
}

fn barcode(id: &str) -> Barcode {
    Barcode::parse(id).unwrap()
}

fn parcel(destination: Destination) -> Parcel {
    let line = |code: &str| Line {
        title_id: TitleId::parse(code).unwrap(),
        title: "解忧杂货店".to_owned(),
        barcode: barcode(code),
        call_number: "I313.45/2".to_owned(),
        received: Received { at: minute(-9_999), site: site("L01") },
        class: ItemClass::Ordinary,
        loan_days: 30,
        loan_from: None,
        status: LineStatus::Reserved,
    };
    let at = ParcelRef {
        rid: ReaderId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(),
        order_no: OrderNo::new(minute(0), 7),
        n: 1,
    };
    let lines = vec![line("Y00001"), line("Y00002")];
    let takes_place = destination != Destination::Home;
    Parcel::new(at, site("C01"), destination, takes_place, minute(48 * 60), 1, lines)
}

fn to_site() -> Destination {
    Destination::Site { site_id: site("S01") }
}

fn pick(code: &str) -> Command {
    Command::Pick { barcode: barcode(code), site: site("C01") }
}

fn pack(code: &str) -> Command {
    Command::Pack { barcode: barcode(code), site: site("C01") }
}

fn booked(carrier: Carrier) -> Command {
    Command::Book(Booking { carrier, waybill: Waybill::parse("SF0000000000001").unwrap(), ticket: None })
}

fn cancel(code: &str) -> Command {
    Command::Cancel { barcodes: vec![barcode(code)] }
}

fn hand_over() -> Command {
    Command::HandOver { site: site("C01"), waybill: None }
}

fn delivered() -> Command {
    Command::Follow(Journey { delivered: Some(minute(60)), ..Journey::default() })
}

fn arrive() -> Command {
    let keep_until = "2026-11-30".parse().unwrap();
    Command::Arrive { site: site("S01"), code: "4711".to_owned(), keep_until }
}

fn expire() -> Command {
    Command::Expire { today: "2026-12-01".parse().unwrap() }
}

/// A parcel after these commands, a minute apart; each of them must change something.
fn after(destination: Destination, commands: impl IntoIterator<Item = Command>) -> Parcel {
    (1..).zip(commands).fold(parcel(destination), |parcel, (n, command)| {
        match parcel.decide(&command, minute(n)) {
            Ok(Outcome::Changed(next)) => *next,
            other => panic!("{command:?} gave {other:?}"),
        }
    })
}

/// Both books are in their box, and nobody is booked.
fn packing() -> Vec<Command> {
    let (one, other) = ("Y00001", "Y00002");
    let before = [Command::Accept, Command::Sort, pick(one), pick(other), Command::PrepareBox];
    before.into_iter().chain([pack(one), pack(other)]).collect()
}

fn way(parcel: &Parcel, code: &str) -> Vec<Entry> {
    let line = parcel.lines.iter().find(|line| line.barcode == barcode(code)).unwrap();
    of_line(parcel, line)
}

fn steps(parcel: &Parcel, code: &str) -> Vec<&'static str> {
    way(parcel, code).iter().map(|entry| entry.step.as_str()).collect()
}

#[test]
fn a_books_way_leads_from_the_stock_to_its_reader() {
    let to_door = [booked(Carrier::Kuaidi100), hand_over(), delivered()];
    let home = after(Destination::Home, packing().into_iter().chain(to_door));
    for book in ["Y00001", "Y00002"] {
        assert_eq!(
            steps(&home, book),
            ["received", "accepted", "picked", "packed", "dispatched", "delivering", "delivered"],
            "{book}: its own scans, and none of the other's"
        );
    }
    let [received, accepted, picked, ..] = &way(&home, "Y00002")[..] else { panic!("{home:?}") };
    assert_eq!((received.at, received.place.clone()), (minute(-9_999), Some(site("L01"))));
    assert_eq!((accepted.at, accepted.by), (minute(1), By::System));
    assert_eq!((picked.at, picked.by, picked.place.clone()), (minute(4), By::Staff, Some(site("C01"))));

    let collect = Command::Collect { site: site("S01"), code: "4711".to_owned() };
    let by_van = [booked(Carrier::Van), hand_over(), arrive(), collect];
    let taken = after(to_site(), packing().into_iter().chain(by_van));
    assert_eq!(steps(&taken, "Y00001")[4..], ["dispatched", "delivering", "ready_for_pickup", "collected"]);
}

#[test]
fn a_way_does_not_run_backwards_because_clocks_differ() {
    let mut home = after(Destination::Home, packing());
    home.history.swap(0, 1);
    // The scanner of the packing table is an hour behind.
    home.history.iter_mut().filter(|entry| entry.step == LineStatus::Packed).for_each(|entry| {
        entry.at -= SignedDuration::from_hours(1);
    });
    let way = way(&home, "Y00001");
    let times: Vec<Timestamp> = way.iter().map(|entry| entry.at).collect();
    assert_eq!(times, [minute(-9_999), minute(1), minute(3), minute(3)]);
    assert_eq!(steps(&home, "Y00001"), ["received", "accepted", "picked", "packed"]);
}

#[test]
fn a_cancelled_books_way_ends_with_its_cancelling_though_the_parcel_goes_on() {
    let on_its_shelf = [
        Command::Accept,
        cancel("Y00001"),
        Command::Sort,
        pick("Y00002"),
        Command::PrepareBox,
        pack("Y00002"),
        booked(Carrier::Kuaidi100),
        hand_over(),
        delivered(),
    ];
    let parcel = after(Destination::Home, on_its_shelf);
    assert_eq!(steps(&parcel, "Y00001"), ["received", "accepted", "cancelled"]);
    let last = way(&parcel, "Y00001").pop().unwrap();
    assert_eq!((last.at, last.by, last.place), (minute(2), By::Reader, None));
    assert_eq!(
        steps(&parcel, "Y00002"),
        ["received", "accepted", "picked", "packed", "dispatched", "delivering", "delivered"]
    );
}

#[test]
fn a_book_that_was_in_its_box_is_cancelled_when_the_reader_says_so_and_not_when_it_is_taken_out() {
    let mut commands = packing();
    commands.push(cancel("Y00001"));
    let cancelled = ["received", "accepted", "picked", "packed", "cancelled"];
    assert_eq!(steps(&after(Destination::Home, commands.clone()), "Y00001"), cancelled);

    let take_out = Command::TakeOut { barcode: barcode("Y00001"), site: site("C01") };
    commands.extend([take_out, booked(Carrier::Kuaidi100), hand_over(), delivered()]);
    let parcel = after(Destination::Home, commands);
    assert_eq!(steps(&parcel, "Y00001"), cancelled);
    assert_eq!(way(&parcel, "Y00001").pop().map(|last| last.at), Some(minute(8)));
    assert_eq!(steps(&parcel, "Y00002").last(), Some(&"delivered"));
}

#[test]
fn an_uncollected_books_way_ends_so() {
    let left = [booked(Carrier::Van), hand_over(), arrive(), expire()];
    let parcel = after(to_site(), packing().into_iter().chain(left));
    for book in ["Y00001", "Y00002"] {
        assert_eq!(
            steps(&parcel, book)[4..],
            ["dispatched", "delivering", "ready_for_pickup", "uncollected"],
            "{book}"
        );
    }
}

#[test]
fn an_uncollected_books_way_ends_so_though_its_neighbour_was_cancelled() {
    let commands = [
        cancel("Y00001"),
        Command::Accept,
        Command::Sort,
        pick("Y00002"),
        Command::PrepareBox,
        pack("Y00002"),
        booked(Carrier::Van),
        hand_over(),
        arrive(),
        expire(),
    ];
    let parcel = after(to_site(), commands);
    assert_eq!(steps(&parcel, "Y00001"), ["received", "cancelled"]);
    assert_eq!(steps(&parcel, "Y00002").last(), Some(&"uncollected"));
}

#[test]
fn every_status_but_the_bare_order_is_a_step_with_a_name() {
    let mut names = BTreeSet::from(["received"]);
    assert_eq!(Step::of(LineStatus::Reserved), None);
    for status in LineStatus::ALL.into_iter().filter(|status| *status != LineStatus::Reserved) {
        let step = Step::of(status).unwrap();
        assert_eq!(serde_json::to_value(step).unwrap(), step.as_str());
        assert!(!text::step_label(step).is_empty());
        names.insert(step.as_str());
    }
    // Who cancelled a book does not see whether it is still to be taken out.
    assert_eq!(names.len(), LineStatus::ALL.len() - 1);
    assert_eq!(Step::of(LineStatus::Recalled), Step::of(LineStatus::Cancelled));
}

#[test]
fn what_a_closing_made_of_a_parcel_stands_in_its_time_on_the_way_of_each_book() {
    let shut =
        crate::site::Shut { from: "2026-11-24".parse().unwrap(), until: "2026-12-04".parse().unwrap() };
    let reroute = Command::Reroute { to: site("L01"), takes_place: false, shut };
    let parcel = after(
        to_site(),
        [
            Command::Accept,
            Command::Sort,
            reroute,
            pick("Y00001"),
            cancel("Y00002"),
            Command::StayBound { shut },
        ],
    );
    assert_eq!(steps(&parcel, "Y00001"), ["received", "accepted", "rerouted", "picked", "waits_for_opening"]);
    assert_eq!(steps(&parcel, "Y00002"), ["received", "accepted", "rerouted", "cancelled"]);
    let entries = of_line(&parcel, &parcel.lines[0]);
    let rerouted = entries.iter().find(|entry| entry.step == Step::Rerouted).unwrap();
    assert_eq!(
        (rerouted.place.clone(), rerouted.by, rerouted.at),
        (Some(site("L01")), By::System, minute(3))
    );
}
