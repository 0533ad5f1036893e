use proptest::prelude::*;

use super::*;
use crate::account::OpenItem;
use crate::copy::Received;
use crate::ids::ReturnRef;
use crate::parcel::{By, Destination, Entry, Line};
use crate::returning::{Book, Way};
use crate::rules::ItemClass;
use crate::slot::Slot;

fn now() -> Timestamp {
    "2026-11-23T19:50:00Z".parse().unwrap()
}

fn rid() -> ReaderId {
    ReaderId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap()
}

fn barcode() -> Barcode {
    Barcode::parse("C0000601").unwrap()
}

fn title() -> TitleId {
    TitleId::parse("b000006").unwrap()
}

fn site(id: &str) -> SiteId {
    SiteId::parse(id).unwrap()
}

fn order_no() -> OrderNo {
    OrderNo::parse("261123AUDITS0001").unwrap()
}

fn parcel(status: LineStatus, to: Destination) -> Parcel {
    let at = ParcelRef { rid: rid(), order_no: order_no(), n: 1 };
    let line = Line {
        title_id: title(),
        title: "红楼梦".to_owned(),
        barcode: barcode(),
        call_number: "I242.4/3".to_owned(),
        received: Received { at: Timestamp::UNIX_EPOCH, site: site("C01") },
        class: ItemClass::Ordinary,
        loan_days: 30,
        loan_from: None,
        status,
    };
    Parcel::new(at, site("C01"), to, false, now(), 1, vec![line])
}

/// One reader, one order of one book on its way to S01, and all that belongs to it.
fn clean() -> Vec<Fact> {
    let parcel = Parcel {
        takes_place: true,
        ..parcel(LineStatus::Accepted, Destination::Site { site_id: site("S01") })
    };
    let mut account = Account::new(rid(), CardNo::from_serial(1), true);
    let item = OpenItem {
        barcode: barcode(),
        order_no: order_no(),
        title: "红楼梦".to_owned(),
        class: ItemClass::Ordinary,
        loan: None,
        returning: None,
    };
    account.open.insert(title(), item);
    let copy = Copy {
        barcode: barcode(),
        title_id: title(),
        site: site("C01"),
        call_number: "I242.4/3".to_owned(),
        class: ItemClass::Ordinary,
        price: None,
        status: CopyStatus::Reserved,
        holder: Some(parcel.at.clone()),
        received: Received { at: Timestamp::UNIX_EPOCH, site: site("C01") },
        version: 2,
    };
    let free_at = BTreeSet::new();
    let unique = |of| Fact::Unique { of, hash: "ab".to_owned(), rid: rid() };
    vec![
        Fact::Copy(copy),
        Fact::Title(title()),
        Fact::Availability { title_id: title(), total: 1, free: 0, free_at, version: 3 },
        Fact::Account(account),
        Fact::Profile(rid()),
        Fact::Card(CardNo::from_serial(1), rid()),
        unique(Sole::Document),
        unique(Sole::Phone),
        Fact::Order(Head { rid: rid(), order_no: order_no(), fee: Fen::ZERO, rules: 1, version: 1 }),
        Fact::Parcel(Box::new(parcel)),
        Fact::Site(site("C01")),
        Fact::Site(site("S01")),
        Fact::Load(Counted::Site(site("S01")), 1),
        Fact::Rules(1),
    ]
}

fn found(facts: impl IntoIterator<Item = Fact>) -> Vec<Finding> {
    let mut ledger = Ledger::new(now());
    facts.into_iter().for_each(|fact| ledger.add(fact));
    ledger.findings()
}

fn codes(found: &[Finding]) -> Vec<&str> {
    found.iter().map(|finding| finding.kind.code()).collect()
}

#[test]
fn every_kind_has_a_code_of_its_own_and_a_repair_in_words() {
    let codes: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(codes.len(), Kind::ALL.len());
    for kind in Kind::ALL {
        assert!(kind.code().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{kind}");
        assert!(kind.repair().ends_with('.') && kind.repair().len() > 20, "{kind}");
    }
}

#[test]
fn what_agrees_is_no_finding() {
    assert_eq!(found(clean()), []);
}

proptest! {
    /// Without one of the facts something does not agree; and what is said of it is the same in whatever order the others come.
    #[test]
    fn what_is_found_does_not_depend_on_the_order_in_which_things_come(
        gone in 0_usize..14,
        shuffled in Just((0..13).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let mut facts = clean();
        let missing = facts.remove(gone);
        let expected = found(facts.clone());
        let mixed: Vec<Fact> = shuffled.iter().map(|place| facts[*place].clone()).collect();
        prop_assert_eq!(found(mixed), expected.clone());
        // Nothing goes to S01's shelves, so that it is not known matters to nobody.
        prop_assert_eq!(expected.is_empty(), missing == Fact::Site(site("S01")));
    }
}

#[test]
fn a_finding_of_another_version_is_another_finding() {
    let at = |version| {
        let facts = clean().into_iter().map(|fact| match fact {
            Fact::Copy(copy) => Fact::Copy(Copy { status: CopyStatus::OnLoan, version, ..copy }),
            other => other,
        });
        found(facts)
    };
    assert_eq!(codes(&at(2)), ["copy_differs_from_line"]);
    assert_ne!(at(2), at(4));
}

#[test]
fn places_of_a_slot_that_is_over_are_not_compared() {
    let slot = |day: &str| {
        let place = Counted::Slot {
            division: "110105".to_owned(),
            day: day.parse().unwrap(),
            from: jiff::civil::time(9, 0, 0, 0),
        };
        codes(&found([Fact::Load(place, 3)])).len()
    };
    // It is the 24th in Shanghai.
    assert_eq!([slot("2026-11-23"), slot("2026-11-24")], [0, 1]);
}

#[test]
fn what_was_delivered_in_a_slot_keeps_its_place_and_what_was_cancelled_does_not() {
    let day = "2026-11-24".parse().unwrap();
    let (from, until) = (jiff::civil::time(9, 0, 0, 0), jiff::civil::time(12, 0, 0, 0));
    let place = Counted::Slot { division: "110105".to_owned(), day, from };
    for (status, taken) in [(LineStatus::Delivered, 1), (LineStatus::Packed, 1), (LineStatus::Cancelled, 0)] {
        let parcel = Parcel {
            takes_place: true,
            zone: Some("110105".to_owned()),
            slot: Some(Slot { day, from, until }),
            ..parcel(status, Destination::Home)
        };
        let facts = [Fact::Load(place.clone(), taken), Fact::Parcel(Box::new(parcel))];
        assert!(!codes(&found(facts)).contains(&"slot_load_differs"), "{status:?}");
    }
}

#[test]
fn a_couriers_own_clock_runs_as_it_will_and_ours_does_not_run_back() {
    use LineStatus::{Accepted, Delivering, Dispatched, Picked};
    let told = |entries: &[(LineStatus, i64, By)]| {
        let history = entries.iter().map(|(step, second, by)| Entry {
            step: *step,
            at: Timestamp::from_second(*second).unwrap(),
            place: None,
            by: *by,
            barcode: None,
        });
        let parcel =
            Parcel { history: history.collect(), ..parcel(LineStatus::Delivered, Destination::Home) };
        codes(&found([Fact::Parcel(Box::new(parcel))])).contains(&"history_runs_backwards")
    };
    assert!(!told(&[
        (Accepted, 10, By::System),
        (Dispatched, 30, By::Courier),
        (Delivering, 20, By::Courier)
    ]));
    assert!(!told(&[(Accepted, 10, By::System), (Picked, 9, By::Staff)]), "two machines differ by a second");
    assert!(told(&[(Accepted, 10, By::System), (Picked, 8, By::Staff)]));
    assert!(told(&[(Accepted, 10, By::System), (Dispatched, 5, By::Courier)]));
    assert!(told(&[(Accepted, 10, By::System), (Dispatched, 30, By::Courier), (Picked, 20, By::Staff)]));
}

#[test]
fn a_book_that_a_return_still_expects_is_a_loan_of_its_reader() {
    let book =
        Book {
            barcode: barcode(), title_id: title(), title: "红楼梦".to_owned(), state: BookState::Booked
        };
    let at = ReturnRef { rid: rid(), no: ReturnNo::new(now(), 1) };
    let this = Return::book(at, vec![book], Way::Site { site_id: site("S01") }, None, now());
    let mut facts = clean();
    facts.push(Fact::Return(Box::new(this)));
    assert_eq!(codes(&found(facts)), ["return_of_no_loan"], "it is ordered and not there yet");
}

#[test]
fn a_finding_names_ten_items_at_most() {
    let holds = (0..30).map(|n| {
        let since = Timestamp::from_second(n).unwrap();
        Fact::Hold(Hold {
            title_id: title(),
            rid: rid(),
            since,
            deliver_to: crate::hold::Wherever::Site { site_id: site("S01") },
            until: None,
            resumes: None,
            hopeless: None,
            version: 1,
        })
    });
    let found = found(holds);
    assert_eq!((codes(&found), found[0].records.len()), (vec!["account_missing"], 10));
}
