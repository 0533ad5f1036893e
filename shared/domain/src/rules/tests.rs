mod kinds;

use jiff::civil::Time;

use super::*;
use crate::money::Fen;
use crate::order::IfMissing;

/// The same rule with a value that makes a difference to readers who meet it.
pub(crate) fn otherwise(set: &Setting) -> Setting {
    match set {
        Setting::BooksPerOrder(_) => Setting::BooksPerOrder(1),
        Setting::InProcess(_) => Setting::InProcess(0),
        Setting::OpenItems(_) => Setting::OpenItems(0),
        Setting::Holds(_) => Setting::Holds(0),
        Setting::Lendable(_) => Setting::Lendable(false),
        Setting::PriceCap(_) => Setting::PriceCap(Fen(1)),
        Setting::Partial(_) => Setting::Partial(IfMissing::Wait),
        Setting::LoanStarts(_) => Setting::LoanStarts(LoanStart::Ordered),
        Setting::LoanDays(_) => Setting::LoanDays(14),
        Setting::Renewals(_) => Setting::Renewals(0),
        Setting::RenewalDays(_) => Setting::RenewalDays(7),
        Setting::RenewFrom(_) => Setting::RenewFrom(1),
        Setting::CutOff(_) => Setting::CutOff(Time::constant(9, 30, 0, 0)),
        Setting::Opening(_) => Setting::Opening(Time::constant(11, 0, 0, 0)),
        Setting::PromiseHours(_) => Setting::PromiseHours(72),
        Setting::RemedyDays(_) => Setting::RemedyDays(3),
        Setting::HomeFee(_) => Setting::HomeFee(Fen(500)),
        Setting::HomeFeeMore(_) => Setting::HomeFeeMore(Fen(200)),
        Setting::PayMinutes(_) => Setting::PayMinutes(60),
        Setting::PickupDays(_) => Setting::PickupDays(3),
        Setting::Violations(_) => Setting::Violations(1),
        Setting::ViolationDays(_) => Setting::ViolationDays(30),
        Setting::BanDays(_) => Setting::BanDays(60),
        Setting::HopelessDays(_) => Setting::HopelessDays(1),
        Setting::OverdueFine(_) => Setting::OverdueFine(Fen(7)),
        Setting::FineInterval(_) => Setting::FineInterval(4),
        Setting::FineCharged(_) => Setting::FineCharged(ChargedAt::End),
        Setting::GraceDays(_) => Setting::GraceDays(5),
        Setting::GraceCharged(_) => Setting::GraceCharged(true),
        Setting::ClosedDaysFree(_) => Setting::ClosedDaysFree(false),
        Setting::FineCap(_) => Setting::FineCap(Fen(3)),
        Setting::FinePriceCaps(_) => Setting::FinePriceCaps(false),
        Setting::FinePricePercent(_) => Setting::FinePricePercent(10),
        Setting::FinesCap(_) => Setting::FinesCap(Fen(2)),
        Setting::SuspensionDays(_) => Setting::SuspensionDays(3),
        Setting::SuspensionCap(_) => Setting::SuspensionCap(1),
        Setting::OnTimePoints(_) => Setting::OnTimePoints(5),
        Setting::DebtBlock(_) => Setting::DebtBlock(Fen(1)),
        Setting::BlockDays(_) => Setting::BlockDays(2),
        Setting::LostDays(_) => Setting::LostDays(9),
        Setting::LostPrice(_) => Setting::LostPrice(Fen(777)),
        Setting::LostFee(_) => Setting::LostFee(Fen(333)),
        Setting::LostRefundDays(_) => Setting::LostRefundDays(1),
    }
}

fn rules(json: &str) -> RuleSet {
    serde_json::from_str(&format!(r#"{{"version":7,"starts":"2026-12-01","rules":{json}}}"#)).unwrap()
}

#[test]
fn the_most_specific_rule_wins_and_says_so() {
    let set = rules(
        r#"[
        {"set":{"rule":"loan_days","value":28}},
        {"set":{"rule":"loan_days","value":14},"for":{"item":"new"}},
        {"set":{"rule":"loan_days","value":60},"for":{"card":"privileged"}},
        {"set":{"rule":"loan_days","value":7},"for":{"site":"S01"}},
        {"set":{"rule":"loan_days","value":3},"for":{"site":"S01","item":"new"}}]"#,
    );
    assert_eq!(set.faults(), []);
    let (s01, c01) = (SiteId::parse("S01").unwrap(), SiteId::parse("C01").unwrap());
    let adult = About::card(CardClass::Adult);
    let days = |about: About<'_>| set.loan_days(&about).value;

    assert_eq!(days(adult), 28);
    assert_eq!(days(adult.item(ItemClass::New)), 14);
    assert_eq!(days(About::card(CardClass::Privileged).item(ItemClass::New)), 60, "the card before the item");
    assert_eq!(days(About::card(CardClass::Privileged).at(Some(&s01))), 7, "the site before the card");
    assert_eq!(days(adult.at(Some(&s01)).item(ItemClass::New)), 3, "both before one");
    assert_eq!(days(adult.at(Some(&c01))), 28);
    let by = set.loan_days(&adult.item(ItemClass::New)).by;
    assert_eq!(
        serde_json::to_value(by).unwrap(),
        serde_json::json!({"rule": "loan_days", "version": 7, "for": {"item": "new"}})
    );
}

#[test]
fn what_nobody_set_is_as_the_library_was_founded() {
    let set = RuleSet::founding();
    let about = About::default();
    assert_eq!((set.books_per_order(&about).value, set.home_fee(&about).value.0), (5, 0));
    assert_eq!(set.partial(&about).value, IfMissing::ShipFound);
    assert_eq!(Setting::FOUNDING.len(), Setting::NAMES.len());
    let named: Vec<&str> = Setting::FOUNDING.iter().map(Setting::name).collect();
    assert_eq!(named, Setting::NAMES);
}

#[test]
fn what_children_were_founded_with_stays_until_a_rule_is_for_them() {
    let child = About::card(CardClass::Child);
    let fine = |json: &str, about: &About<'_>| rules(json).overdue_fine(about);
    assert_eq!((fine("[]", &child).value, fine("[]", &About::default()).value), (Fen(10), Fen(20)));
    assert_eq!(fine("[]", &child).by.scope, Scope::CHILDREN);
    let all = r#"{"set":{"rule":"overdue_fine","value":50}}"#;
    let children = r#"{"set":{"rule":"overdue_fine","value":0},"for":{"card":"child"}}"#;
    assert_eq!(fine(&format!("[{all}]"), &child).value, Fen(10));
    assert_eq!(fine(&format!("[{children},{all}]"), &child).value, Fen(0));
    let said = rules(&format!("[{children}]")).said();
    let of_fines: Vec<&Setting> = said.values().filter(|set| set.name() == "overdue_fine").collect();
    assert_eq!(of_fines, [&Setting::OverdueFine(Fen(20)), &Setting::OverdueFine(Fen(0))]);
    assert_eq!(RuleSet { rules: Setting::CHILDREN.to_vec(), ..RuleSet::founding() }.faults(), []);
}

#[test]
fn a_rule_is_written_as_its_name_and_value() {
    for set in Setting::FOUNDING {
        let json = serde_json::to_value(set).unwrap();
        assert_eq!(json["rule"], set.name());
        assert_eq!(serde_json::from_value::<Setting>(json).unwrap(), *set);
    }
}

#[test]
fn every_fault_of_a_rule_set_is_told_with_its_place() {
    let mut set = rules(
        r#"[
        {"set":{"rule":"books_per_order","value":0}},
        {"set":{"rule":"books_per_order","value":3}},
        {"set":{"rule":"books_per_order","value":3},"for":{"item":"new"}},
        {"set":{"rule":"pickup_days","value":61}},
        {"set":{"rule":"fine_interval","value":0}},
        {"set":{"rule":"debt_block","value":0}},
        {"set":{"rule":"fine_cap","value":1000001}},
        {"set":{"rule":"lost_days","value":0}},
        {"set":{"rule":"fine_price_percent","value":0}},
        {"set":{"rule":"overdue_fine","value":10},"for":{"site":"S01"}}]"#,
    );
    let day = |text: &str| text.parse().unwrap();
    set.holidays = vec![
        Holidays { from: day("2027-02-10"), until: day("2027-02-09"), name: "春节".to_owned() },
        Holidays { from: day("2027-02-10"), until: day("2027-06-09"), name: " ".to_owned() },
    ];
    set.amnesties = vec![
        Amnesty { from: day("2027-01-01"), until: day("2028-01-03"), name: "馆庆".to_owned() },
        Amnesty { from: day("2027-01-01"), until: day("2028-01-02"), name: "馆庆".to_owned() },
    ];
    let zone = |code: &str| Zone { division: code.to_owned(), per_slot: None };
    set.zones = vec![zone("110105"), zone("110105"), zone("310101")];
    let faults: Vec<String> =
        set.faults().into_iter().map(|fault| format!("{}: {}", fault.at, fault.why)).collect();
    assert_eq!(
        faults,
        [
            "rules.0: 1 to 20 books",
            "rules.1: another rule says something about the same",
            "rules.2: books_per_order knows no item: it can be for site, card",
            "rules.3: 1 to 60 open days",
            "rules.4: 1 to 366 days",
            "rules.5: at least one fen: who owes nothing is not kept from ordering",
            "rules.6: at most 10,000 yuan",
            "rules.7: 1 day to ten years",
            "rules.8: 1 to 1,000 per cent",
            "rules.9: overdue_fine knows no site: it can be for card, item",
            "holidays.0: it ends before it begins",
            "holidays.1: longer than 60 days",
            "holidays.1: a name of 1 to 50 characters",
            "amnesties.0: longer than 366 days",
            "zones.1: the division stands twice",
            "zones.2: no division of the library's city",
        ]
    );
}

#[test]
fn holidays_are_passed_over_even_when_they_touch() {
    let mut set = RuleSet::founding();
    let day = |text: &str| -> Date { text.parse().unwrap() };
    set.holidays = vec![
        Holidays { from: day("2027-02-05"), until: day("2027-02-11"), name: "春节".to_owned() },
        Holidays { from: day("2027-02-12"), until: day("2027-02-12"), name: "盘点".to_owned() },
    ];
    assert_eq!(set.open_day_from(day("2027-02-04")), day("2027-02-04"));
    assert_eq!(set.open_day_from(day("2027-02-06")), day("2027-02-13"));
}
