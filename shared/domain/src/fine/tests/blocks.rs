//! What keeps a reader from ordering, and what clears it.

use super::*;

fn codes(blocks: &[Block]) -> Vec<String> {
    let code = |block: &Block| serde_json::to_value(block).unwrap()["code"].as_str().unwrap().to_owned();
    blocks.iter().map(code).collect()
}

/// The blocks of a reader with these loans, all of whose fines are taken down.
fn of(loans: &[(u32, Late)], set: &RuleSet, suspensions: &[Suspension]) -> Vec<Block> {
    let loans: BTreeMap<LoanRef, Late> = loans.iter().map(|(n, late)| (loan(*n), *late)).collect();
    let book = Rulebook::new(std::slice::from_ref(set));
    let today = loans.values().map(|late| late.until).max().unwrap_or(day("2026-12-24"));
    let now = time::instant(today.at(12, 0, 0, 0)).unwrap();
    let ledger = Ledger::default();
    let ledger = ledger.with(ledger.run(&loans, &book, now).unwrap()).unwrap();
    let fines = ledger.assess(&loans, &book, today);
    let debts = ledger.debts(&fines).unwrap();
    let (rules, loans, fines, debts) = (set, &loans, &fines, &debts);
    blocks(&Asked { rules, card: CardClass::Adult, loans, fines, debts, suspensions, today }).unwrap()
}

#[test]
fn who_owes_as_much_as_the_rule_says_orders_nothing_and_is_told_how_much_is_enough() {
    let set = rules(&[Setting::DebtBlock(Fen(80))]);
    assert_eq!(of(&[(1, late("2026-12-25")), (2, late("2026-12-24"))], &set, &[]), []);
    let blocked = of(&[(1, late("2026-12-25")), (2, late("2026-12-25"))], &set, &[]);
    assert_eq!(codes(&blocked), ["owes"]);
    assert_eq!(blocked[0].clears(), [Clears::PayAtLeast { fen: Fen(1) }], "79 are owed then");
}

#[test]
fn a_book_that_is_out_for_too_long_is_given_back_first() {
    let set = rules(&[
        Setting::BlockDays(3),
        Setting::LostDays(5),
        Setting::LostPrice(Fen(100)),
        Setting::LostFee(Fen(0)),
    ]);
    assert_eq!(codes(&of(&[(1, late("2026-12-25"))], &set, &[])), [""; 0]);
    let blocked = of(&[(1, late("2026-12-26"))], &set, &[]);
    assert_eq!(codes(&blocked), ["long_overdue"]);
    assert_eq!(blocked[0].clears(), [Clears::GiveBack { loan: loan(1) }]);
    assert_eq!(codes(&of(&[(1, back("2026-12-27"))], &set, &[])), [""; 0], "it was handed over");
    let lost = of(&[(1, late("2026-12-28"))], &set, &[]);
    assert_eq!(codes(&lost), ["lost"], "not both");
    assert_eq!(lost[0].clears(), [Clears::PayFor { loan: loan(1) }]);
    assert_eq!(codes(&of(&[(1, back("2026-12-28"))], &set, &[])), [""; 0], "found, though its fine is owed");
}

#[test]
fn days_without_ordering_are_over_after_their_last_one() {
    let set = rules(&[Setting::SuspensionDays(2)]);
    let pause = |late: &Late| fine(late, &set).suspension.unwrap();
    let both = [pause(&back("2026-12-25")), pause(&back("2026-12-24")), pause(&late("2026-12-24"))];
    let on = |today: &str| of(&[(1, Late { due: day("2027-01-31"), ..late(today) })], &set, &both);
    let blocked = on("2026-12-29");
    assert_eq!(codes(&blocked), ["suspended"]);
    assert_eq!(blocked[0].clears(), [Clears::WaitUntil { day: day("2026-12-30") }]);
    assert_eq!(on("2026-12-30"), []);
}
