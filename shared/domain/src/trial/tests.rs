use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::Time;
use proptest::prelude::*;

use super::*;
use crate::account::{Account, Loan, OpenItem};
use crate::copy::Received;
use crate::ids::{Barcode, CardNo, OrderNo, ParcelRef, ReaderId, SiteId, TitleId};
use crate::parcel::{By, Destination, Entry, Line, LineStatus, Parcel};
use crate::rules::tests::otherwise;
use crate::rules::{CardClass, Holidays, ItemClass, Rule, Setting, Zone};
use crate::slot::Window;
use crate::time;

fn now() -> Timestamp {
    "2026-11-23T02:00:00Z".parse().unwrap()
}

fn ago(hours: i64) -> Timestamp {
    now() - SignedDuration::from_hours(hours)
}

fn reader(n: u32) -> ReaderId {
    ReaderId::parse(&format!("01JD9Z0000000000000RDR{n:04}")).unwrap()
}

fn account(n: u32) -> Account {
    Account::new(reader(n), CardNo::from_serial(n), true)
}

fn order_no(n: u32) -> OrderNo {
    OrderNo::parse(&format!("261101AAAAAA{n:04}")).unwrap()
}

fn site(code: &str) -> SiteId {
    SiteId::parse(code).unwrap()
}

/// One thing that is recorded.
#[derive(Debug, Clone)]
enum Fact {
    Order(ReaderId, OrderNo, Placed),
    Parcel(Box<Parcel>),
    Account(Account),
}

/// An order of so many books in one parcel, placed so many hours ago, and when it came to its reader.
fn order(reader: u32, no: u32, books: usize, placed: i64, delivered: Option<i64>) -> [Fact; 2] {
    to(Destination::Home, reader, no, &vec![ItemClass::Ordinary; books], placed, delivered)
}

fn to(
    destination: Destination,
    n: u32,
    no: u32,
    books: &[ItemClass],
    placed: i64,
    delivered: Option<i64>,
) -> [Fact; 2] {
    let status = if delivered.is_some() { LineStatus::Delivered } else { LineStatus::Accepted };
    let lines = books.iter().enumerate().map(|(place, class)| Line {
        title_id: TitleId::parse(&format!("t{no}-{place}")).unwrap(),
        title: "书".to_owned(),
        barcode: Barcode::parse(&format!("Y{no:04}{place:02}")).unwrap(),
        call_number: String::new(),
        received: Received { at: Timestamp::UNIX_EPOCH, site: site("C01") },
        class: *class,
        loan_days: 30,
        loan_from: None,
        status,
    });
    let at = ParcelRef { rid: reader(n), order_no: order_no(no), n: 1 };
    let promised = ago(placed - 48);
    let lines: Vec<Line> = lines.collect();
    let mut parcel = Parcel::new(at, site("C01"), destination.clone(), false, promised, 1, lines);
    parcel.history.push(entry(LineStatus::Accepted, placed, None));
    parcel.history.extend(delivered.map(|hours| entry(LineStatus::Delivered, hours, None)));
    let placed = Placed { at: ago(placed), destination, missing: 0 };
    [Fact::Order(reader(n), order_no(no), placed), Fact::Parcel(Box::new(parcel))]
}

fn entry(step: LineStatus, hours_ago: i64, barcode: Option<Barcode>) -> Entry {
    Entry { step, at: ago(hours_ago), place: None, by: By::System, barcode }
}

fn rules(sets: &[Setting]) -> RuleSet {
    let rules = sets.iter().map(|set| Rule { set: *set, scope: crate::rules::Scope::ALL }).collect();
    RuleSet { rules, ..RuleSet::founding() }
}

fn compare(facts: &[Fact], before: &RuleSet, after: &RuleSet) -> Outcome {
    let mut gathered = Facts::new(now());
    for fact in facts {
        match fact.clone() {
            Fact::Order(rid, no, placed) => gathered.order(&rid, &no, placed),
            Fact::Parcel(parcel) => gathered.parcel(&parcel),
            Fact::Account(account) => gathered.account(account),
        }
    }
    gathered.compare(before, after)
}

/// Under the founding rules and under these.
fn under(facts: &[Fact], sets: &[Setting]) -> Outcome {
    compare(facts, &RuleSet::founding(), &rules(sets))
}

/// The differences in short: rule, matter, effect, count, before, after, readers.
fn told(outcome: &Outcome) -> Vec<String> {
    let tell = |example: &Example| {
        let Figure { rule, matter, effect, count, before, after } = example.figure;
        let readers = example.readers;
        format!("{} {matter:?} {effect:?} {count}: {before} -> {after}, {readers}", rule.name())
    };
    outcome.examples.iter().map(tell).collect()
}

fn facts(parts: impl IntoIterator<Item = impl IntoIterator<Item = Fact>>) -> Vec<Fact> {
    parts.into_iter().flatten().collect()
}

fn with_loans(n: u32, since: &[i64]) -> Account {
    let mut account = account(n);
    for (place, hours) in since.iter().enumerate() {
        let loan = Loan { since: ago(*hours), due: time::day(now()), renewed: 0, back: None };
        let item = OpenItem {
            barcode: Barcode::parse(&format!("Z{n:04}{place:02}")).unwrap(),
            order_no: order_no(9_000),
            title: "书".to_owned(),
            class: ItemClass::Ordinary,
            loan: Some(loan),
            returning: None,
        };
        account.open.insert(TitleId::parse(&format!("z{place}")).unwrap(), item);
    }
    account
}

#[test]
fn an_order_larger_than_the_new_limit_would_have_been_refused() {
    let facts = facts([
        order(1, 1, 5, 100, Some(50)).to_vec(),
        order(2, 2, 3, 100, Some(50)).to_vec(),
        vec![Fact::Account(account(1)), Fact::Account(account(2)), Fact::Account(account(3))],
    ]);

    let outcome = under(&facts, &[Setting::BooksPerOrder(3)]);

    assert_eq!(told(&outcome), ["books_per_order Orders Loses 5: 5 -> 3, 1"]);
    assert_eq!((outcome.readers, outcome.orders, outcome.refused, outcome.loans), (3, 2, 1, 8));
    assert_eq!((outcome.gaining, outcome.losing, outcome.both), (0, 1, 0));
    assert_eq!(outcome.since, "2025-11-23".parse().unwrap());
    let back = compare(&facts, &rules(&[Setting::BooksPerOrder(3)]), &RuleSet::founding());
    assert_eq!((back.refused, back.allowed, back.gaining), (0, 1, 1), "newly allowed");
}

#[test]
fn a_title_that_had_no_copy_was_a_book_of_the_order_all_the_same() {
    let mut facts = facts([order(1, 1, 3, 100, None).to_vec(), vec![Fact::Account(account(1))]]);
    assert_eq!(under(&facts, &[Setting::BooksPerOrder(3)]).refused, 0);
    if let Some(Fact::Order(_, _, placed)) = facts.first_mut() {
        placed.missing = 1;
    }
    assert_eq!(under(&facts, &[Setting::BooksPerOrder(3)]).refused, 1);
}

#[test]
fn books_on_their_way_count_until_they_came_or_were_cancelled() {
    let mut first = order(1, 1, 4, 100, Some(50));
    let facts = |first: &[Fact; 2], second: i64| {
        facts([first.to_vec(), order(1, 2, 2, second, None).to_vec(), vec![Fact::Account(account(1))]])
    };
    let five = [Setting::InProcess(5)];
    assert_eq!(told(&under(&facts(&first, 60), &five)), ["in_process Orders Loses 6: 10 -> 5, 1"]);
    assert_eq!(under(&facts(&first, 50), &five).refused, 0, "it had just come");

    if let Fact::Parcel(parcel) = &mut first[1] {
        let line = &mut parcel.lines[0];
        line.status = LineStatus::Cancelled;
        let cancelled = entry(LineStatus::Cancelled, 70, Some(line.barcode.clone()));
        parcel.history.insert(1, cancelled);
    }
    assert_eq!(under(&facts(&first, 60), &five).refused, 0, "one of the four was cancelled by then");
    assert_eq!(under(&facts(&first, 80), &five).refused, 1, "and was not, at that time");
    assert_eq!(under(&facts(&first, 60), &five).loans, 3, "a cancelled book is no loan");
}

#[test]
fn of_loans_those_count_that_still_run_and_had_begun() {
    // Four at home for 500 hours, two for 10; an order of one, 100 hours ago.
    let account = with_loans(1, &[500, 500, 500, 500, 10, 10]);
    let facts = facts([order(1, 1, 1, 100, None).to_vec(), vec![Fact::Account(account)]]);

    assert_eq!(under(&facts, &[Setting::OpenItems(6)]).losing, 0);
    assert_eq!(
        told(&under(&facts, &[Setting::OpenItems(5)])),
        ["open_items OpenToday Loses 6: 10 -> 5, 1"],
        "five with the new one: the order was within the limit, what is open today is above it"
    );
    let four = under(&facts, &[Setting::OpenItems(4)]);
    assert_eq!(
        told(&four),
        ["open_items Orders Loses 5: 10 -> 4, 1", "open_items OpenToday Loses 6: 10 -> 4, 1"]
    );
    assert_eq!(four.rules, [OfRule { rule: Tried::OpenItems, gaining: 0, losing: 1 }], "one reader, once");
}

#[test]
fn of_two_orders_of_one_instant_the_same_is_always_the_first() {
    let (small, large) = (order(1, 1, 1, 100, None), order(1, 2, 4, 100, None));
    let told = |orders: [[Fact; 2]; 2]| {
        let facts = facts([orders.concat(), vec![Fact::Account(account(1))]]);
        under(&facts, &[Setting::InProcess(3)])
    };
    let outcome = told([small.clone(), large.clone()]);
    assert_eq!(outcome.refused, 1);
    assert_eq!(told([large, small]), outcome);
}

#[test]
fn an_order_that_both_sets_refuse_makes_no_difference() {
    let facts = facts([order(1, 1, 5, 100, None).to_vec(), vec![Fact::Account(account(1))]]);
    let outcome = compare(&facts, &rules(&[Setting::InProcess(4)]), &rules(&[Setting::BooksPerOrder(4)]));
    assert_eq!((outcome.refused, outcome.allowed), (0, 0));
    assert_eq!(told(&outcome), Vec::<String>::new());
}

#[test]
fn a_class_that_is_lent_no_more_refuses_the_orders_that_had_such_books() {
    let reference = Rule {
        set: Setting::Lendable(false),
        scope: crate::rules::Scope { item: Some(ItemClass::New), ..crate::rules::Scope::ALL },
    };
    let after = RuleSet { rules: vec![reference], ..RuleSet::founding() };
    let books = [ItemClass::New, ItemClass::Ordinary];
    let facts =
        facts([to(Destination::Home, 1, 1, &books, 100, None).to_vec(), vec![Fact::Account(account(1))]]);
    assert_eq!(told(&compare(&facts, &RuleSet::founding(), &after)), ["lendable Orders Loses 2: 2 -> 1, 1"]);
}

#[test]
fn loans_are_longer_or_shorter_by_class_and_a_reader_may_meet_both() {
    let scope = |item| crate::rules::Scope { item: Some(item), ..crate::rules::Scope::ALL };
    let days = |item, n| Rule { set: Setting::LoanDays(n), scope: scope(item) };
    let after = RuleSet {
        rules: vec![days(ItemClass::New, 14), days(ItemClass::Children, 60)],
        ..RuleSet::founding()
    };
    let books = [ItemClass::New, ItemClass::New, ItemClass::Children, ItemClass::Ordinary];
    let facts = facts([
        to(Destination::Home, 1, 1, &books, 100, Some(50)).to_vec(),
        to(Destination::Home, 2, 2, &books[..1], 100, Some(50)).to_vec(),
        vec![Fact::Account(account(1)), Fact::Account(account(2))],
    ]);

    let outcome = compare(&facts, &RuleSet::founding(), &after);

    assert_eq!(
        told(&outcome),
        ["loan_days LoanDays Loses 1: 30 -> 14, 2", "loan_days LoanDays Gains 1: 30 -> 60, 1"]
    );
    assert_eq!((outcome.gaining, outcome.losing, outcome.both), (0, 1, 1));
    assert_eq!(outcome.rules, [OfRule { rule: Tried::LoanDays, gaining: 1, losing: 2 }]);
}

#[test]
fn days_on_the_road_are_the_readers_when_loans_begin_with_the_order() {
    // Ordered at ten in the morning of the 19th, there on the 21st.
    let facts = facts([order(1, 1, 1, 96, Some(48)).to_vec(), vec![Fact::Account(account(1))]]);
    let ordered = Setting::LoanStarts(crate::rules::LoanStart::Ordered);
    assert_eq!(told(&under(&facts, &[ordered])), ["loan_starts LoanDays Loses 1: 30 -> 28, 1"]);
    assert_eq!(
        told(&under(&facts, &[ordered, Setting::LoanDays(32)])),
        Vec::<String>::new(),
        "two days more make up for the road"
    );
    assert_eq!(
        told(&under(&facts, &[ordered, Setting::LoanDays(40)])),
        ["loan_days LoanDays Gains 1: 30 -> 38, 1"],
        "the whole is longer: that is due to the rule that makes it longer"
    );
}

#[test]
fn a_broken_promise_is_worth_what_the_rules_say() {
    let mut late = order(1, 1, 1, 100, Some(50));
    if let Fact::Parcel(parcel) = &mut late[1] {
        parcel.remedy_days = 7;
    }
    let facts = facts([
        late.to_vec(),
        order(2, 2, 1, 100, Some(60)).to_vec(),
        vec![Fact::Account(account(1)), Fact::Account(account(2))],
    ]);
    assert_eq!(
        told(&under(&facts, &[Setting::RemedyDays(0)])),
        ["remedy_days LoanDays Loses 1: 37 -> 30, 1"]
    );
}

#[test]
fn only_orders_to_the_door_are_dearer() {
    let s01 = Destination::Site { site_id: site("S01") };
    let facts = facts([
        order(1, 1, 3, 100, None).to_vec(),
        to(s01, 2, 2, &[ItemClass::Ordinary; 3], 100, None).to_vec(),
        vec![Fact::Account(account(1)), Fact::Account(account(2))],
    ]);
    let fee = [Setting::HomeFee(crate::money::Fen(300)), Setting::HomeFeeMore(crate::money::Fen(100))];
    let outcome = under(&facts, &fee);
    assert_eq!(
        told(&outcome),
        ["home_fee Fees Loses 3: 0 -> 500, 1", "home_fee_more Fees Loses 3: 0 -> 500, 1"]
    );
    assert_eq!(outcome.matters, [OfMatter { matter: Matter::Fees, gaining: 0, losing: 1 }]);
}

#[test]
fn a_stricter_pause_begins_for_some_and_a_milder_one_ends_for_others() {
    let left = |n, days: &[&str]| {
        let uncollected = days.iter().map(|day| day.parse().unwrap()).collect();
        Fact::Account(Account { uncollected, ..account(n) })
    };
    let facts = [left(1, &["2026-11-20"]), left(2, &["2026-10-01", "2026-11-01", "2026-11-20"])];
    assert_eq!(
        told(&under(&facts, &[Setting::Violations(1)])),
        ["violations Pause Loses 1: 0 -> 28, 1"],
        "the second is in the same pause as before"
    );
    assert_eq!(
        told(&under(&facts, &[Setting::BanDays(2)])),
        ["ban_days Pause Gains 3: 28 -> 0, 1"],
        "two days were over"
    );
    assert_eq!(
        told(&under(&facts, &[Setting::ViolationDays(30)])),
        ["violation_days Pause Gains 3: 28 -> 0, 1"]
    );
    assert_eq!(told(&under(&facts, &[Setting::BanDays(60)])), ["ban_days Pause Loses 3: 28 -> 58, 1"]);
}

#[test]
fn rules_are_asked_for_the_readers_card_and_site() {
    let scoped = |card, site| crate::rules::Scope { card, site, item: None };
    let three = |scope| Rule { set: Setting::BooksPerOrder(3), scope };
    let s01 = Destination::Site { site_id: site("S01") };
    let facts = facts([
        order(1, 1, 5, 100, None).to_vec(),
        to(s01, 2, 2, &[ItemClass::Ordinary; 5], 100, None).to_vec(),
        vec![Fact::Account(Account { class: CardClass::Child, ..account(1) }), Fact::Account(account(2))],
    ]);
    for scope in [scoped(Some(CardClass::Child), None), scoped(None, Some(site("S01")))] {
        let after = RuleSet { rules: vec![three(scope)], ..RuleSet::founding() };
        assert_eq!(compare(&facts, &RuleSet::founding(), &after).losing, 1);
    }
    let both = RuleSet {
        rules: vec![three(scoped(Some(CardClass::Child), Some(site("S01"))))],
        ..RuleSet::founding()
    };
    assert_eq!(compare(&facts, &RuleSet::founding(), &both).losing, 0);
}

#[test]
fn orders_count_for_a_year_and_readers_without_an_account_not_at_all() {
    let hours = 24 * 365 + 10; // from the first minute of the day, at ten in the morning
    let facts = facts([
        order(1, 1, 5, hours, Some(50)).to_vec(),
        order(2, 2, 5, hours + 1, Some(50)).to_vec(),
        order(3, 3, 5, -1, None).to_vec(),
        order(4, 4, 5, 100, None).to_vec(),
        vec![Fact::Account(account(1)), Fact::Account(account(2)), Fact::Account(account(3))],
    ]);
    let outcome = under(&facts, &[Setting::BooksPerOrder(3)]);
    assert_eq!((outcome.readers, outcome.orders, outcome.refused), (3, 1, 1));
}

#[test]
fn who_waits_for_more_titles_than_there_may_be_is_counted_today() {
    let waiting = |n, titles: usize| {
        let holds = (0..titles).map(|place| (TitleId::parse(&format!("h{place}")).unwrap(), ago(10)));
        Fact::Account(Account { holds: holds.collect(), ..account(n) })
    };
    let facts = [waiting(1, 4), waiting(2, 3)];
    let outcome = under(&facts, &[Setting::Holds(3)]);
    assert_eq!(told(&outcome), ["holds HoldsToday Loses 4: 10 -> 3, 1"]);
    assert_eq!(outcome.not_looked_at, [""; 0]);

    let at = |site| crate::rules::Scope { site: Some(site), ..crate::rules::Scope::ALL };
    let after = Rule { set: Setting::Holds(3), scope: at(site("S01")) };
    let after = RuleSet { rules: vec![after], ..RuleSet::founding() };
    let outcome = compare(&facts, &RuleSet::founding(), &after);
    assert_eq!(told(&outcome), [""; 0], "where they wait is not recorded");
    assert_eq!(outcome.not_looked_at, ["holds"]);
}

#[test]
fn what_the_record_does_not_tell_is_said() {
    let mut after = rules(&[Setting::PriceCap(crate::money::Fen(1)), Setting::LoanDays(14)]);
    after.holidays = vec![Holidays { from: now_day(), until: now_day(), name: "春节".to_owned() }];
    let amnesty = crate::rules::Amnesty { from: now_day(), until: now_day(), name: "读者周".to_owned() };
    after.amnesties = vec![amnesty];
    after.zones = vec![Zone { division: "110105".to_owned(), per_slot: Some(2) }];
    after.windows = vec![Window { from: Time::constant(9, 0, 0, 0), until: Time::constant(10, 0, 0, 0) }];
    let outcome = compare(&[], &RuleSet::founding(), &after);
    assert_eq!(outcome.not_looked_at, ["price_cap", "holidays", "amnesties", "zones", "windows"]);
}

#[test]
fn what_is_said_and_means_the_same_is_no_change() {
    let mut after = rules(Setting::FOUNDING);
    after.windows = Window::FOUNDING.to_vec();
    let outcome = compare(&a_year_in_the_library(), &RuleSet::founding(), &after);
    assert_eq!((outcome.not_looked_at, outcome.examples.len()), (Vec::new(), 0));
}

/// A record in which every rule that can be tried means something to somebody.
fn a_year_in_the_library() -> Vec<Fact> {
    let mut late = order(1, 1, 2, 96, Some(48));
    if let Fact::Parcel(parcel) = &mut late[1] {
        parcel.remedy_days = 7;
    }
    let left = |n, days: &[&str]| {
        let uncollected = days.iter().map(|day| day.parse().unwrap()).collect();
        Fact::Account(Account { uncollected, ..account(n) })
    };
    let waiting = BTreeMap::from([(TitleId::parse("h1").unwrap(), ago(10))]);
    facts([
        late.to_vec(),
        vec![
            Fact::Account(Account { holds: waiting, ..account(1) }),
            left(2, &["2026-11-20"]),
            left(3, &["2026-10-01", "2026-11-01", "2026-11-20"]),
        ],
    ])
}

#[test]
fn every_rule_that_is_changed_is_tried_or_named_as_not_looked_at() {
    let facts = a_year_in_the_library();
    for founding in Setting::FOUNDING {
        let outcome = under(&facts, &[otherwise(founding)]);
        let name = founding.name();
        let tried: Vec<&str> = outcome.rules.iter().map(|of| of.rule.name()).collect();
        if Tried::ALL.iter().any(|tried| tried.name() == name) {
            assert_eq!((tried, outcome.not_looked_at), (vec![name], Vec::new()), "{name}");
        } else {
            assert_eq!((tried, outcome.not_looked_at), (Vec::new(), vec![name.to_owned()]));
        }
    }
}

fn now_day() -> Date {
    time::day(now())
}

#[test]
fn each_tried_rule_has_its_name() {
    for tried in Tried::ALL {
        assert_eq!(serde_json::to_value(tried).unwrap(), tried.name());
        assert!(Setting::NAMES.contains(&tried.name()), "{}", tried.name());
    }
}

#[test]
fn examples_are_figures_alone_and_at_most_ten() {
    let facts: Vec<Fact> = (1..=30)
        .flat_map(|n| {
            let books = usize::try_from(n % 15 + 1).unwrap();
            let ordered = order(n, n, books, 100, None);
            ordered.into_iter().chain([Fact::Account(account(n))])
        })
        .collect();
    let wide = |most| [Setting::BooksPerOrder(most), Setting::InProcess(20), Setting::OpenItems(20)];
    let outcome = compare(&facts, &rules(&wide(20)), &rules(&wide(1)));
    assert_eq!((outcome.losing, outcome.examples.len()), (28, 10));
    let written = serde_json::to_string(&outcome).unwrap();
    assert!(!written.contains("RDR") && !written.contains("261101") && !written.contains('书'), "{written}");
    assert_eq!(serde_json::from_str::<Outcome>(&written).unwrap(), outcome);
}

#[test]
fn a_trial_ends_once() {
    let running = Trial {
        id: TrialId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(),
        by: StaffLogin::parse("admin-c01").unwrap(),
        at: now(),
        in_force: 1,
        proposed: RuleSet { version: 2, ..RuleSet::founding() },
        stage: Stage::Running,
        version: 1,
    };
    let outcome = compare(&[], &RuleSet::founding(), &running.proposed);
    let done = running.ended(Ok(outcome.clone())).unwrap();
    assert_eq!((done.status(), done.version), (Status::Done, 2));
    assert_eq!(done.ended(Ok(outcome)), None);
    let failed = running.ended(Err(Failure::TookTooLong)).unwrap();
    assert_eq!((failed.status(), failed.ended(Err(Failure::TookTooLong))), (Status::Failed, None));
}

fn any_setting() -> impl Strategy<Value = Setting> {
    prop_oneof![
        (1_u16..6).prop_map(Setting::BooksPerOrder),
        (0_u16..8).prop_map(Setting::InProcess),
        (0_u16..8).prop_map(Setting::OpenItems),
        (0_u16..3).prop_map(Setting::Holds),
        any::<bool>().prop_map(Setting::Lendable),
        (1_u16..40).prop_map(Setting::LoanDays),
        (0_u32..3).prop_map(|fen| Setting::HomeFee(crate::money::Fen(fen))),
        (0_u32..3).prop_map(|fen| Setting::HomeFeeMore(crate::money::Fen(fen))),
        (1_u16..3).prop_map(Setting::Violations),
        (0_u16..40).prop_map(Setting::BanDays),
        any::<bool>().prop_map(|ordered| Setting::LoanStarts(if ordered {
            crate::rules::LoanStart::Ordered
        } else {
            crate::rules::LoanStart::Delivered
        })),
    ]
}

fn any_rules() -> impl Strategy<Value = RuleSet> {
    let item = proptest::option::of(prop_oneof![Just(ItemClass::New), Just(ItemClass::Ordinary)]);
    proptest::collection::vec((any_setting(), item), 0..5).prop_map(|said| {
        let rules = said
            .into_iter()
            .map(|(set, item)| Rule { set, scope: crate::rules::Scope { item, ..crate::rules::Scope::ALL } });
        RuleSet { rules: rules.collect(), ..RuleSet::founding() }
    })
}

/// A small library: accounts, and orders with their parcels, each told once.
fn any_facts() -> impl Strategy<Value = Vec<Fact>> {
    let class = prop_oneof![Just(ItemClass::New), Just(ItemClass::Ordinary)];
    let order = (
        1_u32..4,
        proptest::collection::vec(class, 1..6),
        any::<bool>(),
        // Few enough that some are placed at one instant.
        1_i64..20,
        proptest::option::of(0_i64..20),
    );
    let accounts = proptest::collection::vec((0_usize..6, 0_i8..4), 0..4);
    (proptest::collection::vec(order, 0..8), accounts).prop_map(|(orders, accounts)| {
        let mut facts = Vec::new();
        for ((n, books, door, placed, delivered), no) in orders.into_iter().zip(1..) {
            let destination =
                if door { Destination::Home } else { Destination::Site { site_id: site("S01") } };
            let delivered = delivered.filter(|hours| *hours < placed);
            facts.extend(to(destination, n, no, &books, placed, delivered));
        }
        for ((loans, left), n) in accounts.into_iter().zip(1..) {
            let mut account = with_loans(n, &vec![10; loans]);
            account.uncollected = (0..left).map(|day| Date::constant(2026, 11, 10 + day)).collect();
            facts.push(Fact::Account(account));
        }
        facts
    })
}

fn shuffled() -> impl Strategy<Value = (Vec<Fact>, Vec<Fact>)> {
    any_facts().prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle()))
}

proptest! {
    /// The facts come in any order, and what comes out is the same.
    #[test]
    fn the_order_of_the_facts_makes_no_difference(
        (facts, shuffled) in shuffled(),
        before in any_rules(),
        after in any_rules(),
    ) {
        prop_assert_eq!(compare(&facts, &before, &after), compare(&shuffled, &before, &after));
    }

    /// The same rules change nothing, and who loses by a change gains by taking it back.
    #[test]
    fn what_one_way_loses_the_other_way_gains(
        facts in any_facts(),
        before in any_rules(),
        after in any_rules(),
    ) {
        let same = compare(&facts, &before, &before);
        prop_assert_eq!((same.gaining, same.losing, same.both, same.examples.len()), (0, 0, 0, 0));

        let there = compare(&facts, &before, &after);
        let back = compare(&facts, &after, &before);
        prop_assert_eq!((there.gaining, there.losing, there.both), (back.losing, back.gaining, back.both));
        prop_assert_eq!((there.refused, there.allowed), (back.allowed, back.refused));
        for (there, back) in there.rules.iter().zip(&back.rules) {
            prop_assert_eq!((there.rule, there.gaining, there.losing), (back.rule, back.losing, back.gaining));
        }
        prop_assert!(there.gaining + there.losing + there.both <= there.readers);
    }
}
