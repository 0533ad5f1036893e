//! The two examples of docs/fines.md, to the fen.

use super::*;
use crate::ids::PaymentNo;
use crate::rules::Holidays;

#[test]
fn a_grown_ups_book_over_the_new_year() {
    let mut founding = RuleSet::founding();
    let (from, until) = (day("2027-01-01"), day("2027-01-03"));
    founding.holidays = vec![Holidays { from, until, name: "元旦".to_owned() }];
    let book = Late { price: Some(Fen(3_900)), ..back("2027-01-04") };
    let fine = fine(&book, &founding);
    assert_eq!(overdue(&fine), 180);
    assert_eq!(
        told(&fine.days)[6..],
        [
            "12-30 20 charged",
            "12-31 20 charged",
            "01-01 0 closed",
            "01-02 0 closed",
            "01-03 0 closed",
            "01-04 20 charged"
        ]
    );
}

#[test]
fn a_childs_book_in_a_leap_year_while_the_rules_become_lighter() {
    let grace = [Setting::GraceDays(3), Setting::GraceCharged(true)];
    let mut lighter = version(3, "2028-03-03", &grace);
    lighter.rules.push(Rule { set: Setting::OverdueFine(Fen(5)), scope: Scope::CHILDREN });
    let versions = [version(2, "2027-09-01", &grace), lighter];
    let book = Rulebook::new(&versions);
    let due = day("2028-02-25");
    let mut ledger = Ledger::default();
    for n in 26..=34 {
        let until = day("2028-01-31") + jiff::Span::new().days(n);
        let back = until == day("2028-03-05");
        let late = Late { due, until, back, card: CardClass::Child, ..late("2026-12-24") };
        let loans = BTreeMap::from([(loan(1), late)]);
        let morning = time::instant(until.at(3, 0, 0, 0)).unwrap();
        ledger = ledger.with(ledger.run(&loans, &book, morning).unwrap()).unwrap();
        if until == day("2028-03-01") {
            let all = ledger.debts(&Fines::new()).unwrap().all();
            let no = PaymentNo::parse("F00001").unwrap();
            ledger = ledger.with(ledger.pay(&all, &no, at("2028-03-01 12:00:00")).unwrap()).unwrap();
        }
    }
    let entries: Vec<String> = ledger
        .entries()
        .iter()
        .map(|entry| format!("{} {}", time::day(entry.at).strftime("%m-%d"), entry.posting.adds()))
        .collect();
    assert_eq!(entries, ["02-29 40", "03-01 10", "03-01 -50", "03-02 10", "03-03 -25", "03-04 5", "03-05 5"]);
    assert_eq!((ledger.owed(&loan(1)).unwrap(), ledger.refund_due(&loan(1)).unwrap()), (Fen(0), Fen(5)));
    let fine = &ledger.assess(&BTreeMap::new(), &book, day("2028-03-05"))[&loan(1)];
    assert_eq!(
        told(&fine.days),
        [
            "02-26 0 grace",
            "02-27 0 grace",
            "02-28 0 grace",
            "02-29 20 charged",
            "03-01 5 charged",
            "03-02 5 charged",
            "03-03 5 charged",
            "03-04 5 charged",
            "03-05 5 charged",
        ]
    );
}
