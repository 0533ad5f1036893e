//! What a rule can be for: each rule is set for a site, a card, an item, and everything that the library decides is decided again. Nobody can
//! set a rule that then decides nothing, and nobody is refused one that would.

use std::collections::BTreeMap;

use jiff::{Span, Timestamp};

use super::*;
use crate::account::{Account, Loan, OpenItem};
use crate::copy::{Copy, CopyStatus, Received};
use crate::fine::{Asked as Standing, Fine, Late, Ledger, LoanRef, Rulebook, blocks, on_time};
use crate::hold::{Hold, Serving, Turn, Wherever};
use crate::hours::OpeningHours;
use crate::ids::{Barcode, CardNo, OrderNo, ParcelRef, ReaderId, TitleId};
use crate::money::Fen;
use crate::order::{Asked, Offer, Target, fee, quote};
use crate::parcel::{Destination, Line, LineStatus, Parcel};
use crate::payment::Payment;
use crate::renewal::{Demand, renew};
use crate::site::{Point, Site, SiteKind};
use crate::slot::{Taken, Wish, slots};
use crate::{cart, time};

/// A Monday, before the day's cut-off.
fn morning() -> Timestamp {
    "2026-11-23T10:00:00+08:00".parse().unwrap()
}

/// The same day, after it.
fn evening() -> Timestamp {
    "2026-11-23T17:00:00+08:00".parse().unwrap()
}

fn site(id: &str) -> SiteId {
    SiteId::parse(id).unwrap()
}

fn title(id: &str) -> TitleId {
    TitleId::parse(id).unwrap()
}

fn barcode(id: &str) -> Barcode {
    Barcode::parse(id).unwrap()
}

fn copy(title_id: &str, code: &str, status: CopyStatus) -> Copy {
    Copy {
        barcode: barcode(code),
        title_id: title(title_id),
        site: site("C01"),
        call_number: "I313.45/1".to_owned(),
        class: ItemClass::New,
        price: Some(Fen(5_000)),
        status,
        holder: None,
        received: Received { at: Timestamp::UNIX_EPOCH, site: site("C01") },
        version: 1,
    }
}

fn offer(title_id: &str, code: &str, status: CopyStatus) -> Offer {
    let copies = vec![copy(title_id, code, status)];
    Offer { title_id: title(title_id), title: Some("解忧杂货店".to_owned()), copies, waiting: 0 }
}

/// A teacher: one new book is on its way, one at home and to be renewed these days, one is waited for.
fn reader() -> Account {
    let rid = ReaderId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap();
    let due = time::day(morning()) + Span::new().days(5);
    let item = |code: &str, loan: Option<Loan>| OpenItem {
        barcode: barcode(code),
        order_no: OrderNo::new(Timestamp::UNIX_EPOCH, 1),
        title: "书".to_owned(),
        class: ItemClass::New,
        loan,
        returning: None,
    };
    let loan = Loan { since: Timestamp::UNIX_EPOCH, due, renewed: 0, back: None };
    Account {
        class: CardClass::Privileged,
        open: BTreeMap::from([
            (title("under-way"), item("Y00001", None)),
            (title("at-home"), item("Y00002", Some(loan))),
        ]),
        holds: BTreeMap::from([(title("waited-for"), Timestamp::UNIX_EPOCH)]),
        ..Account::new(rid, CardNo::from_serial(1), true)
    }
}

/// The same teacher after parcels were left uncollected on these days.
fn careless(left: &[&str]) -> Account {
    Account { uncollected: left.iter().map(|day| day.parse().unwrap()).collect(), ..reader() }
}

fn to_door() -> Target {
    let zone = RuleSet::founding().zone("110105");
    Target { destination: Destination::Home, zone, wish: Wish::default(), obstacle: None }
}

fn to_site() -> Target {
    let destination = Destination::Site { site_id: site("S02") };
    Target { destination, zone: None, wish: Wish::default(), obstacle: None }
}

/// The site where the teacher collects.
fn s02() -> Site {
    Site {
        id: site("S02"),
        name: "望京".to_owned(),
        kind: SiteKind::StreetLibrary,
        address: String::new(),
        point: Point { lat: 0, lng: 0 },
        opening_hours: OpeningHours::parse("周一至周日 09:00-21:00").unwrap(),
        closures: Vec::new(),
        holds_stock: false,
        capacity: None,
    }
}

/// Everything that the library decides about the teacher, who orders to the door and to the site, in words.
fn decided(rules: &RuleSet) -> Vec<String> {
    let reader = reader();
    let today = time::day(morning());
    let mut told = Vec::new();
    for target in [to_door(), to_site()] {
        let about = target.about(&reader);
        for (now, missing) in [(morning(), None), (evening(), Some(IfMissing::Wait))] {
            let offers = [
                offer("t1", "T00001", CopyStatus::Available),
                offer("t2", "T00002", CopyStatus::Available),
                offer("t3", "T00003", CopyStatus::OnLoan),
            ];
            let asked = Asked {
                account: &reader,
                rules,
                target: &target,
                if_missing: missing,
                places: &BTreeMap::new(),
                now,
                spread: 0,
            };
            told.push(format!("order {:?}", quote(&offers, &asked)));
            let number = OrderNo::new(now, 1);
            let fee = fee(&target.destination, rules, &about, 2);
            let owed = Payment::for_delivery(&reader.rid, &number, &fee, rules, &about, now);
            told.push(format!("payment {owed:?}"));
            let ordered = copy("t1", "T00001", CopyStatus::Available);
            let line = Line::new(ordered, "书".to_owned(), rules, &about, now);
            let at = ParcelRef { rid: reader.rid.clone(), order_no: number, n: 1 };
            let parcel = Parcel::new(at, site("C01"), target.destination.clone(), false, now, 1, vec![line]);
            told.push(format!("book {:?}, late {}", parcel.lines, parcel.remedy(rules, reader.class)));
        }
    }
    let zone = RuleSet::founding().zone("110105").unwrap();
    told.push(format!(
        "slots {:?}",
        slots(rules, &to_door().about(&reader), &zone, &Taken::new(), evening())
    ));
    let hold = Hold {
        title_id: title("waited-for"),
        rid: reader.rid.clone(),
        since: Timestamp::UNIX_EPOCH,
        deliver_to: Wherever::Site { site_id: site("S02") },
        until: None,
        resumes: None,
        hopeless: None,
        version: 1,
    };
    let copies = [copy("waited-for", "T00009", CopyStatus::Available)];
    let places = BTreeMap::new();
    let turn = Turn {
        account: &reader,
        rules,
        target: &to_site(),
        title: Some("书"),
        places: &places,
        now: morning(),
    };
    told.push(format!("turn {:?}", hold.turn(&copies[0], &turn)));
    told.push(format!("wait {:?}", Serving::of(&copies, rules, &hold.about(&reader)).outlook(3, rules)));
    told.push(format!("pickup {}", s02().keeps_until(today, rules, reader.class)));
    told.push(format!("renewal {:?}", renew(&reader, &barcode("Y00002"), Demand::default(), rules, today)));
    for left in [&["2026-11-20"][..], &["2026-10-01", "2026-11-01", "2026-11-20"]] {
        told.push(format!("pause after {left:?} {:?}", careless(left).ban(rules, today)));
    }
    told.push(format!("cart {}", cart::limit_left(&reader, rules, today)));
    told.extend(fined(rules));
    told
}

/// What the library decides about books that the teacher has had for too long: a cheap one, which comes back after a fortnight, three without
/// a price that stay out, one of them until it is lost, and one that is found; about one that comes back in time; as the rules stand, where
/// there is a grace and an interval besides, and where it costs days without ordering.
fn fined(rules: &RuleSet) -> Vec<String> {
    let all = |set| Rule { set, scope: Scope::ALL };
    let grounds = [
        vec![],
        vec![all(Setting::GraceDays(2)), all(Setting::FineInterval(3))],
        vec![all(Setting::SuspensionDays(2))],
    ];
    let told = grounds.into_iter().map(|ground| {
        let starts = Date::constant(2018, 1, 1);
        let rules = RuleSet { starts, rules: [ground, rules.rules.clone()].concat(), ..rules.clone() };
        let due = time::day(morning());
        let today = due + Span::new().days(14);
        let late = |back, price| Late {
            due,
            until: today,
            back,
            card: CardClass::Privileged,
            item: ItemClass::New,
            price,
        };
        let of =
            |n: u32| LoanRef { order_no: OrderNo::new(morning(), 1), barcode: barcode(&format!("F0000{n}")) };
        let loans = BTreeMap::from([
            (of(1), late(true, Some(Fen(90)))),
            (of(2), late(false, None)),
            (of(3), late(false, None)),
        ]);
        let book = Rulebook::new(std::slice::from_ref(&rules));
        let ledger = Ledger::default();
        let ledger = ledger.with(ledger.run(&loans, &book, morning()).unwrap()).unwrap();
        let fines = ledger.assess(&loans, &book, today);
        let debts = ledger.debts(&fines).unwrap();
        let asked = Standing {
            rules: &rules,
            card: CardClass::Privileged,
            loans: &loans,
            fines: &fines,
            debts: &debts,
            suspensions: &[],
            today,
        };
        let after = |days, back| {
            let until = due + Span::new().days(days);
            Fine::of(&Late { until, ..late(back, None) }, &book, until)
        };
        let points = on_time(
            due,
            morning(),
            &rules,
            &About::card(CardClass::Privileged).at(Some(&site("S02"))).item(ItemClass::New),
        );
        let (lost, found) = (after(190, false), after(200, true));
        let blocks = blocks(&asked);
        format!("fines {fines:?}, lost {lost:?}, found {found:?}, blocks {blocks:?}, points {points:?}")
    });
    told.collect()
}

/// Delivery to the door costs something, so that there is something to pay, and the library is closed on days on which nothing else falls.
fn before() -> RuleSet {
    let from = Date::constant(2026, 12, 2);
    let costs = r#"[{"set":{"rule":"home_fee","value":300}},{"set":{"rule":"home_fee_more","value":100}}]"#;
    RuleSet { holidays: vec![Holidays { from, until: from, name: "盘点".to_owned() }], ..rules(costs) }
}

fn with(set: Setting, scope: Scope) -> RuleSet {
    let mut rules = before();
    rules.rules.push(Rule { set, scope });
    rules
}

/// The teacher's, and another one that has nothing to do with the teacher.
fn scopes(kind: Kind) -> [Scope; 2] {
    match kind {
        Kind::Site => ["S02", "S01"].map(|id| Scope { site: Some(site(id)), ..Scope::ALL }),
        Kind::Card => {
            [CardClass::Privileged, CardClass::Adult].map(|card| Scope { card: Some(card), ..Scope::ALL })
        }
        Kind::Item => {
            [ItemClass::New, ItemClass::Ordinary].map(|item| Scope { item: Some(item), ..Scope::ALL })
        }
    }
}

/// What is decided otherwise under these rules than under [`before`].
fn changed(rules: &RuleSet) -> Vec<String> {
    let before = decided(&before());
    decided(rules).into_iter().filter(|told| !before.contains(told)).collect()
}

#[test]
fn a_rule_is_refused_for_what_it_would_never_decide_and_decides_for_all_else() {
    for founding in Setting::FOUNDING {
        let (set, name) = (otherwise(founding), founding.name());
        assert_ne!(changed(&with(set, Scope::ALL)), [""; 0], "{name} for everybody decides nothing");
        for kind in [Kind::Site, Kind::Card, Kind::Item] {
            let [own, another] = scopes(kind);
            let rules = with(set, own);
            let faults: Vec<String> = rules.faults().into_iter().map(|fault| fault.why).collect();
            if set.kinds().contains(&kind) {
                assert_eq!(faults, [""; 0], "{name} for a {}", kind.name());
                assert_ne!(
                    changed(&rules),
                    [""; 0],
                    "{name} is taken for a {} and decides nothing",
                    kind.name()
                );
            } else {
                assert_eq!(
                    changed(&rules),
                    [""; 0],
                    "{name} is refused for a {}, and would decide",
                    kind.name()
                );
                let can: Vec<&str> = set.kinds().iter().map(|kind| kind.name()).collect();
                let why = format!("{name} knows no {}: it can be for {}", kind.name(), can.join(", "));
                assert_eq!(faults, [why]);
            }
            assert_eq!(
                changed(&with(set, another)),
                [""; 0],
                "{name} decides here for another {}",
                kind.name()
            );
        }
    }
}

#[test]
fn each_kind_that_a_rule_does_not_know_is_told_with_those_that_it_knows() {
    let set = rules(
        r#"[
        {"set":{"rule":"renewals","value":2},"for":{"site":"S01"}},
        {"set":{"rule":"home_fee","value":1},"for":{"site":"S01","card":"child","item":"new"}}]"#,
    );
    let faults: Vec<String> =
        set.faults().into_iter().map(|fault| format!("{}: {}", fault.at, fault.why)).collect();
    assert_eq!(
        faults,
        [
            "rules.0: renewals knows no site: it can be for card, item",
            "rules.1: home_fee knows no site: it can be for card",
            "rules.1: home_fee knows no item: it can be for card",
        ]
    );
}

#[test]
fn loans_of_one_parcel_may_begin_at_different_times_by_the_class_of_the_book() {
    let from_the_order = Setting::LoanStarts(LoanStart::Ordered);
    let rules = with(from_the_order, Scope { item: Some(ItemClass::New), ..Scope::ALL });
    let target = to_site();
    let line = |class, code: &str| {
        let copy = Copy { class, ..copy(code, code, CopyStatus::Available) };
        let line = Line::new(copy, "书".to_owned(), &rules, &target.about(&reader()), morning());
        Line { status: LineStatus::Collected, ..line }
    };
    let at = ParcelRef { rid: reader().rid, order_no: OrderNo::new(morning(), 1), n: 1 };
    let lines = vec![line(ItemClass::New, "Y00011"), line(ItemClass::Ordinary, "Y00012")];
    let mut account = reader();
    for line in &lines {
        let item =
            OpenItem { barcode: line.barcode.clone(), loan: None, ..account.open[&title("at-home")].clone() };
        account.open.insert(line.title_id.clone(), item);
    }
    let parcel = Parcel::new(at, site("C01"), target.destination, false, morning(), 1, lines);
    let handed_over = "2026-11-25T10:00:00+08:00".parse().unwrap();
    let after = account.with_loans_of(&parcel, handed_over, &rules);
    let due = |code| after.open[&title(code)].loan.unwrap().due.to_string();
    assert_eq!([due("Y00011"), due("Y00012")], ["2026-12-23", "2026-12-25"]);
}
