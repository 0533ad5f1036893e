use proptest::prelude::*;

use super::*;
use crate::ids::ReaderId;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-23T02:00:00Z")
}

fn hours(n: i64) -> Timestamp {
    now() + jiff::SignedDuration::from_hours(n)
}

fn site(id: &str) -> SiteId {
    SiteId::parse(id).unwrap()
}

fn code(n: usize) -> Barcode {
    Barcode::parse(&format!("C00000{n:02}")).unwrap()
}

fn courier() -> Way {
    Way::Courier {
        address_id: AddressId::parse("home").unwrap(),
        day: Date::constant(2026, 11, 24),
        to: site("C01"),
    }
}

fn with(way: Way, books: usize) -> Return {
    let rid = ReaderId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap();
    let book = |n| Book {
        barcode: code(n),
        title_id: TitleId::parse(&format!("t{n}")).unwrap(),
        title: "书".to_owned(),
        state: BookState::Booked,
    };
    let at = ReturnRef { rid, no: ReturnNo::new(now(), 7) };
    Return::book(at, (0..books).map(book).collect(), way, None, now())
}

fn booking() -> Booking {
    Booking {
        waybill: Waybill::parse("SF000001").unwrap(),
        ticket: Ticket { task: "T1".to_owned(), order: "O1".to_owned() },
    }
}

fn done(this: &Return, command: &Command, when: Timestamp) -> Return {
    match this.decide(command, when).unwrap() {
        Outcome::Changed(next) => *next,
        Outcome::Already => panic!("nothing changed"),
    }
}

fn collected(when: Timestamp) -> Command {
    Command::GiveBack { barcodes: Vec::new(), at: when, place: None, by: By::Courier }
}

fn taken(n: usize, when: Timestamp) -> Command {
    Command::GiveBack { barcodes: vec![code(n)], at: when, place: Some(site("L01")), by: By::Staff }
}

#[test]
fn a_courier_comes_collects_and_the_books_are_checked_in() {
    let booked = done(&with(courier(), 2), &Command::Book(booking()), hours(1));
    assert_eq!((booked.state(), booked.waits_for_courier()), (State::CourierBooked, true));
    assert_eq!(booked.decide(&Command::Book(booking()), hours(1)), Ok(Outcome::Already), "told again");

    let given = done(&booked, &collected(hours(25)), hours(26));
    assert_eq!((given.state(), given.waits_for_courier()), (State::GivenBack, false));
    assert_eq!(given.given_back(&code(1)), Some(hours(25)), "by the courier's clock");
    assert_eq!(given.on_the_road_since(), Some(hours(25)));
    assert_eq!(given.decide(&collected(hours(25)), hours(30)), Ok(Outcome::Already));
    assert_eq!(given.decide(&Command::Cancel, hours(27)), Err(Refusal::HandedOver));

    let first = done(&given, &Command::CheckIn { barcode: code(0), site: site("C01") }, hours(40));
    assert_eq!(first.state(), State::GivenBack, "one is still on the road");
    let all = done(&first, &Command::CheckIn { barcode: code(1), site: site("C01") }, hours(41));
    assert_eq!((all.state(), all.on_the_road_since(), all.call_off), (State::Back, None, false));
}

#[test]
fn a_hand_over_is_never_later_than_now() {
    let given = done(&with(courier(), 1), &collected(hours(5)), hours(1));
    assert_eq!(given.given_back(&code(0)), Some(hours(1)));
}

#[test]
fn of_three_books_the_driver_took_two_and_the_third_stays_booked() {
    let booked = done(&with(courier(), 3), &Command::Book(booking()), hours(1));
    let one = done(&booked, &taken(0, hours(2)), hours(2));
    let two = done(&one, &taken(2, hours(3)), hours(3));

    assert_eq!((two.state(), two.call_off), (State::CourierBooked, false), "somebody still has to come");
    assert_eq!(two.given_back(&code(2)), Some(hours(3)));
    assert_eq!(two.given_back(&code(1)), None);
    let kept = done(&two, &Command::Cancel, hours(4));
    assert_eq!(kept.state(), State::GivenBack, "as far as its slowest book that comes");
    assert!(kept.call_off, "nobody has to come for the third");
}

#[test]
fn a_courier_who_was_called_off_and_got_the_books_all_the_same_has_them() {
    let booked = done(&with(courier(), 1), &Command::Book(booking()), hours(1));
    let cancelled = done(&booked, &Command::Cancel, hours(2));
    assert_eq!((cancelled.state(), cancelled.call_off), (State::Cancelled, true));
    assert_eq!(cancelled.decide(&Command::Cancel, hours(2)), Ok(Outcome::Already));
    assert_eq!(cancelled.decide(&Command::Book(booking()), hours(3)), Ok(Outcome::Already));

    let given = done(&cancelled, &collected(hours(2)), hours(3));

    assert_eq!((given.state(), given.call_off), (State::GivenBack, false));
}

#[test]
fn books_that_come_with_another_return_are_not_expected_with_this_one() {
    let this = done(&with(courier(), 2), &Command::Book(booking()), now());
    let first = Command::LetGo { barcodes: vec![code(0)] };

    let one_left = done(&this, &first, hours(1));

    assert_eq!((one_left.state(), one_left.call_off), (State::CourierBooked, false));
    assert_eq!(one_left.decide(&first, hours(2)), Ok(Outcome::Already));
    let nothing = done(&one_left, &Command::LetGo { barcodes: vec![code(1), code(7)] }, hours(3));
    assert_eq!((nothing.state(), nothing.call_off), (State::Cancelled, true), "nobody has to come any more");
    let told: Vec<_> = nothing.history[2..].iter().map(|entry| (entry.step, entry.by)).collect();
    assert_eq!(told, [(Step::Cancelled, By::System); 2]);
}

#[test]
fn a_courier_for_whom_nothing_is_left_is_called_off() {
    let booked = done(&with(courier(), 1), &Command::Book(booking()), hours(1));
    let at_desk = done(&booked, &taken(0, hours(2)), hours(2));
    assert!(at_desk.call_off && at_desk.waits_for_courier());
    let called_off = done(&at_desk, &Command::CalledOff, hours(3));
    assert!(!called_off.waits_for_courier());
    assert_eq!(called_off.decide(&Command::CalledOff, hours(3)), Ok(Outcome::Already));
    let checked_in = Command::CheckIn { barcode: code(0), site: site("L01") };
    assert!(!done(&called_off, &checked_in, hours(4)).call_off, "once");
    assert!(done(&booked, &checked_in, hours(4)).call_off, "brought to a desk and checked in at once");
}

#[test]
fn a_return_whose_parcel_does_not_come_stays_open_and_is_told_once() {
    let parcel_no = "2611230000AAAAAA-1".parse().unwrap();
    let hangs = with(Way::WithDelivery { parcel_no, to: site("C01") }, 1);
    assert!(hangs.waits_for_courier());
    let lost = done(&hangs, &Command::NoDelivery, hours(1));
    assert_eq!((lost.state(), lost.lost_delivery(), lost.waits_for_courier()), (State::Booked, true, false));
    assert_eq!(lost.decide(&Command::NoDelivery, hours(2)), Ok(Outcome::Already));
    assert_eq!(with(courier(), 1).decide(&Command::NoDelivery, now()), Err(Refusal::WrongWay));
    assert_eq!(done(&lost, &taken(0, hours(3)), hours(3)).state(), State::GivenBack, "at a desk");
}

#[test]
fn a_book_on_the_road_for_more_than_fourteen_days_is_looked_for() {
    let given = done(&with(courier(), 1), &collected(now()), now());
    assert!(!given.is_overdue(at("2026-12-07T15:59:00Z")), "its fourteenth day");
    assert!(given.is_overdue(at("2026-12-07T16:00:00Z")));
}

#[test]
fn after_four_in_the_afternoon_no_courier_comes_on_the_same_day() {
    let days = |text: &str| days(at(text)).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(days("2026-11-23T15:59:00+08:00"), ["2026-11-23", "2026-11-24", "2026-11-25"]);
    assert_eq!(days("2026-11-23T16:00:00+08:00"), ["2026-11-24", "2026-11-25"]);
}

fn any_command() -> impl Strategy<Value = Command> {
    let n = 0..3_usize;
    prop_oneof![
        Just(Command::Book(booking())),
        (0..50_i64).prop_map(|hour| collected(hours(hour))),
        (n.clone(), 0..50_i64).prop_map(|(n, hour)| taken(n, hours(hour))),
        (0..50_i64).prop_map(|hour| Command::Arrive { at: hours(hour) }),
        n.clone().prop_map(|n| Command::CheckIn { barcode: code(n), site: site("C01") }),
        n.prop_map(|n| Command::LetGo { barcodes: vec![code(n)] }),
        Just(Command::Cancel),
        Just(Command::CalledOff),
    ]
}

proptest! {
    /// Whatever happens in whatever order and however often: a repetition changes nothing, what is in stays in, history only grows,
    /// and a courier is only called off who was booked.
    #[test]
    fn no_sequence_of_commands_loses_a_book(commands in prop::collection::vec(any_command(), 0..24)) {
        let mut this = with(courier(), 3);
        for command in &commands {
            let Ok(Outcome::Changed(next)) = this.decide(command, hours(60)) else { continue };
            prop_assert_eq!(next.version, this.version + 1);
            prop_assert!(next.history.starts_with(&this.history));
            prop_assert!(!next.call_off || next.booking.is_some());
            for (before, after) in this.books.iter().zip(&next.books) {
                let backwards = before.state == BookState::Back && after.state != BookState::Back
                    || before.state == BookState::GivenBack && after.state < BookState::GivenBack;
                prop_assert!(!backwards, "{:?} {:?}", before, after);
                let gave = this.given_back(&before.barcode);
                prop_assert!(gave.is_none() || gave == next.given_back(&before.barcode), "a credit stays");
            }
            let again = next.decide(command, hours(61));
            prop_assert!(!matches!(again, Ok(Outcome::Changed(_))), "{:?} twice: {:?}", command, again);
            this = *next;
        }
        for book in &this.books {
            let with_us = matches!(book.state, BookState::GivenBack | BookState::Back);
            prop_assert_eq!(with_us, this.given_back(&book.barcode).is_some());
        }
    }
}
