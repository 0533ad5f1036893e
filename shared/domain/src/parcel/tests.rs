mod any;
mod cancel;
mod closing;
mod deadline;
mod line;
mod redirect;

use jiff::SignedDuration;

use super::*;
use crate::ids::ReaderId;

fn now() -> Timestamp {
    "2026-11-23T10:00:00+08:00".parse().unwrap()
}

fn later(minutes: i64) -> Timestamp {
    now() + SignedDuration::from_mins(minutes)
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn site(id: &str) -> SiteId {
    SiteId::parse(id).unwrap()
}

fn barcode(id: &str) -> Barcode {
    Barcode::parse(id).unwrap()
}

fn to_site() -> Destination {
    Destination::Site { site_id: site("S01") }
}

fn line(code: &str, call_number: &str) -> Line {
    Line {
        title_id: TitleId::parse(code).unwrap(),
        title: "解忧杂货店".to_owned(),
        barcode: barcode(code),
        call_number: call_number.to_owned(),
        received: Received { at: Timestamp::UNIX_EPOCH, site: site("C01") },
        class: ItemClass::Ordinary,
        loan_days: 30,
        loan_from: None,
        status: Reserved,
    }
}

fn parcel(destination: Destination) -> Parcel {
    let at = ParcelRef {
        rid: ReaderId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(),
        order_no: OrderNo::new(now(), 7),
        n: 1,
    };
    let lines = vec![line("Y00002", "I313.45/2"), line("Y00001", "I287.8/1")];
    let takes_place = destination != Destination::Home;
    let parcel = Parcel::new(at, site("C01"), destination, takes_place, later(48 * 60), 1, lines);
    Parcel { remedy_offer: 7, ..parcel }
}

impl Parcel {
    /// Carries a command out that must change something.
    fn then(self, command: Command) -> Parcel {
        // Pushes are read an hour later; staff scan as it happens.
        let at = if matches!(command, Command::Follow(_)) { later(60) } else { now() };
        self.then_at(command, at)
    }

    /// The same at another time.
    #[expect(clippy::needless_pass_by_value, reason = "reads well in a chain")]
    fn then_at(self, command: Command, at: Timestamp) -> Parcel {
        match self.decide(&command, at) {
            Ok(Outcome::Changed(next)) => *next,
            other => panic!("{command:?} gave {other:?}"),
        }
    }

    /// Why a command is not carried out.
    fn refuses(&self, command: &Command) -> Refusal {
        match self.decide(command, now()) {
            Err(refusal) => refusal,
            Ok(outcome) => panic!("{command:?} gave {outcome:?}"),
        }
    }

    fn has_done(&self, command: &Command) -> bool {
        self.decide(command, now()) == Ok(Outcome::Already)
    }

    fn status_of(&self, code: &str) -> LineStatus {
        self.lines.iter().find(|line| line.barcode == barcode(code)).unwrap().status
    }
}

fn pick(code: &str) -> Command {
    Command::Pick { barcode: barcode(code), site: site("C01") }
}

fn pack(code: &str) -> Command {
    Command::Pack { barcode: barcode(code), site: site("C01") }
}

fn ticket(task: &str) -> Ticket {
    Ticket { task: task.to_owned(), order: format!("order of {task}") }
}

fn booked(carrier: Carrier) -> Command {
    let ticket = (carrier == Carrier::Kuaidi100).then(|| ticket("first"));
    Command::Book(Booking { carrier, waybill: Waybill::parse("SF0000000000001").unwrap(), ticket })
}

fn hand_over() -> Command {
    Command::HandOver { site: site("C01"), waybill: None }
}

fn depart() -> Command {
    Command::Depart { site: site("C01") }
}

/// It comes to the site and waits there until the end of the month.
fn arrive() -> Command {
    Command::Arrive { site: site("S01"), code: "4711".to_owned(), keep_until: day("2026-11-30") }
}

fn collect() -> Command {
    Command::Collect { site: site("S01"), code: "4711".to_owned() }
}

fn cancel(codes: &[&str]) -> Command {
    Command::Cancel { barcodes: codes.iter().map(|code| barcode(code)).collect() }
}

fn take_out(code: &str) -> Command {
    Command::TakeOut { barcode: barcode(code), site: site("C01") }
}

fn redirect(destination: Destination) -> Command {
    let takes_place = destination != Destination::Home;
    Command::Redirect { destination, zone: None, slot: None, promised_by: later(72 * 60), takes_place }
}

fn expire(today: &str) -> Command {
    Command::Expire { today: day(today) }
}

fn warn(level: Warning) -> Command {
    Command::Warn { level }
}

fn delivered(minutes: i64) -> Command {
    Command::Follow(Journey { delivered: Some(later(minutes)), ..Journey::default() })
}

fn sorted(destination: Destination) -> Parcel {
    parcel(destination).then(Command::Accept).then(Command::Sort)
}

fn boxed(destination: Destination) -> Parcel {
    sorted(destination).then(pick("Y00001")).then(pick("Y00002")).then(Command::PrepareBox)
}

fn packed(destination: Destination) -> Parcel {
    boxed(destination).then(pack("Y00002")).then(pack("Y00001"))
}

fn dispatched(destination: Destination) -> Parcel {
    let carrier = if destination == Destination::Home { Carrier::Kuaidi100 } else { Carrier::Van };
    packed(destination).then(booked(carrier)).then(hand_over())
}

fn waiting() -> Parcel {
    dispatched(to_site()).then(depart()).then(arrive())
}

/// A parcel at each status that comes after the 出库 scan while somebody still wants it.
fn gone() -> [Parcel; 5] {
    let under_way = Journey { under_way: Some(later(1)), ..Journey::default() };
    [
        dispatched(Destination::Home),
        dispatched(Destination::Home).then(Command::Follow(under_way)),
        waiting(),
        dispatched(Destination::Home).then(delivered(1)),
        waiting().then(collect()),
    ]
}

fn steps(parcel: &Parcel) -> Vec<&'static str> {
    parcel.history.iter().map(|entry| entry.step.as_str()).collect()
}

#[test]
fn two_books_go_all_the_way_to_the_door() {
    let journey = Journey { collected: Some(later(1)), under_way: Some(later(2)), delivered: Some(later(3)) };

    let delivered = dispatched(Destination::Home).then(Command::Follow(journey));

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
    let waiting = waiting();
    assert_eq!(waiting.status(), ReadyForPickup);
    assert_eq!(waiting.working_site(), Some(&site("S01")));
    assert_eq!(waiting.keep_until, Some(day("2026-11-30")));

    let wrong = Command::Collect { site: site("S01"), code: "0000".to_owned() };
    assert_eq!(waiting.refuses(&wrong), Refusal::WrongCode);
    let elsewhere = Command::Collect { site: site("S02"), code: "4711".to_owned() };
    assert_eq!(waiting.refuses(&elsewhere), Refusal::WrongSite { site: site("S01") });

    let again = Command::Arrive { site: site("S01"), code: "0815".to_owned(), keep_until: day("2026-12-24") };
    assert!(waiting.has_done(&again), "a second scan changes neither the code nor the last day");
    let collected = waiting.then(collect());
    assert_eq!(collected.status(), Collected);
    assert_eq!(collected.handed_over(), Some(now()));
}

#[test]
fn the_pick_list_walks_along_the_shelves() {
    let shelves: Vec<String> =
        sorted(Destination::Home).lines.into_iter().map(|line| line.call_number).collect();
    assert_eq!(shelves, ["I287.8/1", "I313.45/2"]);
}

#[test]
fn a_box_refuses_a_book_that_it_does_not_own() {
    assert_eq!(boxed(Destination::Home).refuses(&pack("Z99999")), Refusal::WrongParcel);
}

#[test]
fn nothing_happens_before_its_turn_or_at_the_wrong_place() {
    let new = parcel(Destination::Home);
    assert_eq!(new.refuses(&Command::Sort), Refusal::TooEarly { status: "reserved" });
    assert_eq!(new.refuses(&pick("Y00001")), Refusal::TooEarly { status: "reserved" });
    let accepted = new.then(Command::Accept);
    assert_eq!(accepted.refuses(&pick("Y00001")), Refusal::TooEarly { status: "accepted" }, "not sorted yet");
    let sorted = accepted.then(Command::Sort);
    let elsewhere = Command::Pick { barcode: barcode("Y00001"), site: site("L01") };
    assert_eq!(sorted.refuses(&elsewhere), Refusal::WrongSite { site: site("C01") });
    assert_eq!(sorted.refuses(&Command::PrepareBox), Refusal::TooEarly { status: "accepted" });
    let picked = sorted.then(pick("Y00001")).then(pick("Y00002"));
    assert_eq!(
        picked.refuses(&pack("Y00001")),
        Refusal::TooEarly { status: "picked" },
        "there is no box yet"
    );
    let boxed = picked.then(Command::PrepareBox).then(pack("Y00001"));
    assert_eq!(
        boxed.refuses(&booked(Carrier::Van)),
        Refusal::TooEarly { status: "picked" },
        "one is missing"
    );
}

#[test]
fn a_courier_proves_what_nobody_scanned_and_never_moves_a_parcel_back() {
    let booked = packed(Destination::Home).then(booked(Carrier::Kuaidi100));
    let delivered = booked.then(delivered(9));
    assert_eq!(steps(&delivered)[5..], ["dispatched", "delivering", "delivered"]);

    let stale = Command::Follow(Journey {
        collected: Some(later(1)),
        under_way: Some(later(2)),
        delivered: Some(later(9)),
    });
    assert_eq!(delivered.decide(&stale, later(20)), Ok(Outcome::Already));
    assert_eq!(delivered.decide(&hand_over(), later(20)), Ok(Outcome::Already));
}

#[test]
fn a_couriers_clock_is_believed_within_reason() {
    let booked = packed(Destination::Home).then(booked(Carrier::Kuaidi100));
    let loan_from = |minutes| booked.clone().then(delivered(minutes)).handed_over().unwrap();
    assert_eq!(loan_from(30), later(30));
    assert_eq!(loan_from(-60 * 24 * 365), now(), "not before the box was packed");
    assert_eq!(loan_from(60 * 24 * 365), later(60), "not after we heard of it");
}

const WARNINGS: [Warning; 4] = [Warning::Half, Warning::ThreeQuarters, Warning::AlmostAll, Warning::Broken];

#[test]
fn an_order_is_as_far_as_its_slowest_parcel() {
    let collected = waiting().then(collect());
    let status = |parcels: &[&Parcel]| order_status(&parcels.iter().copied().cloned().collect::<Vec<_>>());
    assert_eq!(status(&[&collected, &dispatched(to_site())]), Dispatched);
    let cancelled = parcel(to_site()).then(cancel(&[]));
    assert_eq!(status(&[&cancelled, &collected]), Collected, "what came off it does not hold it up");
    assert_eq!(status(&[&cancelled, &cancelled]), Cancelled);
}
