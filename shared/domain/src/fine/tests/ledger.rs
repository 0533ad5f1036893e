//! Charging, paying, waiving, giving back and correcting.

use super::*;
use crate::ids::{PaymentNo, StaffLogin};
use crate::staff::Reason;

const NOON: &str = "2026-12-25 12:00:00";

fn no(n: u32) -> PaymentNo {
    PaymentNo::parse(&format!("F{n:05}")).unwrap()
}

fn word() -> Word {
    Word {
        login: StaffLogin::parse("desk-s01").unwrap(), reason: Reason::parse("住院，已出示证明").unwrap()
    }
}

/// The ledger after the loans were looked at, under the founding rules.
fn after(ledger: &Ledger, loans: &[(u32, Late)], when: &str) -> Ledger {
    let late = loans.iter().map(|(n, late)| (loan(*n), *late)).collect();
    ledger.with(ledger.run(&late, &Rulebook::new(&[]), at(when)).unwrap()).unwrap()
}

/// Two books that cost 40 fen each.
fn two_books() -> Ledger {
    after(&Ledger::default(), &[(1, late("2026-12-25")), (2, late("2026-12-25"))], NOON)
}

fn debts(ledger: &Ledger) -> Debts {
    ledger.debts(&ledger.assess(&BTreeMap::new(), &Rulebook::new(&[]), day("2026-12-31"))).unwrap()
}

fn owed(ledger: &Ledger) -> [u32; 2] {
    [1, 2].map(|n| ledger.owed(&loan(n)).unwrap().0)
}

#[test]
fn what_was_charged_is_not_charged_again_and_only_the_rest_of_a_running_fine_is_added() {
    let first = two_books();
    assert_eq!(after(&first, &[(1, late("2026-12-25")), (2, late("2026-12-25"))], NOON), first);
    let second = after(&first, &[(1, late("2026-12-28"))], "2026-12-28 09:00:00");
    let adds: Vec<i64> = second.entries().iter().map(|entry| entry.posting.adds()).collect();
    assert_eq!(adds, [40, 40, 60]);
    assert_eq!(owed(&second), [100, 40]);
    assert_eq!(second.entries()[2].posting.actor(), Actor::Rules(1));
}

#[test]
fn who_pays_while_a_fine_still_runs_owes_only_what_comes_after() {
    let ledger = two_books();
    let set = debts(&ledger).all();
    assert_eq!((set.total().unwrap(), set.key().as_str()), (Fen(80), "1-2"));

    let paid = ledger.with(ledger.pay(&set, &no(1), at("2026-12-25 13:00:00")).unwrap()).unwrap();

    assert_eq!(owed(&paid), [0, 0]);
    assert_eq!(after(&paid, &[(1, late("2026-12-25"))], "2026-12-25 14:00:00"), paid);
    let later = after(&paid, &[(1, late("2026-12-27")), (2, back("2026-12-25"))], "2026-12-27 09:00:00");
    let debts = debts(&later);
    assert_eq!(debts.debts.len(), 1);
    let debt = &debts.debts[0];
    assert_eq!(
        (debt.owed, debt.paid, &debt.charged[..]),
        (Fen(40), Fen(40), &[(Claim::Overdue, Fen(80))][..])
    );
    assert_eq!(debt.days.iter().map(|day| day.settled.0).collect::<Vec<_>>(), [20, 20, 0, 0]);
}

#[test]
fn the_key_of_a_payment_is_the_set_of_debts_as_they_stand() {
    let ledger = two_books();
    let first = debts(&ledger).set(&[loan(1)]);
    assert_eq!(first.key(), debts(&ledger).set(&[loan(1), loan(9)]).key(), "nothing is owed for another one");
    assert_ne!(first.key(), debts(&ledger).all().key());
    let other_grew = after(&ledger, &[(2, late("2026-12-28"))], "2026-12-28 09:00:00");
    assert_eq!(first.key(), debts(&other_grew).set(&[loan(1)]).key());
    assert_ne!(debts(&ledger).all().key(), debts(&other_grew).all().key());
}

#[test]
fn a_payment_counts_once_and_of_two_for_the_same_debts_the_second_goes_back() {
    let ledger = two_books();
    let (both, one) = (debts(&ledger).all(), debts(&ledger).set(&[loan(2)]));
    let paid = ledger.with(ledger.pay(&both, &no(1), at(NOON)).unwrap()).unwrap();
    assert_eq!(paid.pay(&both, &no(1), at(NOON)).unwrap(), []);
    let twice = paid.with(paid.pay(&one, &no(2), at(NOON)).unwrap()).unwrap();
    assert_eq!(debts(&twice), Debts { debts: Vec::new(), refunds: vec![(loan(2), Fen(40))] });

    let asked = |ledger: &Ledger, fen, place| ledger.refund(&loan(2), Fen(fen), (&no(2), place), at(NOON));
    assert_eq!(asked(&twice, 41, 1), Err(Refusal::RefundsMore { due: Fen(40), asked: Fen(41) }));
    let back = twice.with(asked(&twice, 40, 1).unwrap()).unwrap();
    assert_eq!(debts(&back), Debts::default());
    assert_eq!(asked(&back, 40, 1), Ok(Vec::new()), "it went back once");
    assert_eq!(asked(&back, 1, 2), Err(Refusal::RefundsMore { due: Fen(0), asked: Fen(1) }));
    assert_eq!(paid.pay(&DebtSet { parts: Vec::new() }, &no(3), at(NOON)), Err(Refusal::Nothing));
}

#[test]
fn no_more_is_waived_than_is_owed() {
    let ledger = two_books();
    let waive = |ledger: &Ledger, fen| ledger.waive(&loan(1), Fen(fen), word(), at(NOON));
    assert_eq!(waive(&ledger, 41), Err(Refusal::WaivesMore { owed: Fen(40), asked: Fen(41) }));
    assert_eq!(waive(&ledger, 0), Err(Refusal::Nothing));
    let waived = ledger.with(waive(&ledger, 40).unwrap()).unwrap();
    assert_eq!((owed(&waived), waived.refund_due(&loan(1)).unwrap()), ([0, 40], Fen(0)));
    assert_eq!(waived.entries()[2].posting.actor(), Actor::Staff(&word().login));
    assert_eq!(
        ledger.waive(&loan(9), Fen(1), word(), at(NOON)),
        Err(Refusal::WaivesMore { owed: Fen(0), asked: Fen(1) })
    );
}

#[test]
fn a_hand_over_that_is_known_late_lowers_what_was_charged_and_what_was_paid_goes_back() {
    let ledger = two_books();
    let paid = ledger.with(ledger.pay(&debts(&ledger).all(), &no(1), at(NOON)).unwrap()).unwrap();
    let known = after(&paid, &[(1, back("2026-12-24"))], "2026-12-26 09:00:00");
    assert_eq!(known.entries().last().unwrap().posting.adds(), -20);
    assert_eq!(debts(&known).refunds, [(loan(1), Fen(20))]);
    let saw_it_out = after(&known, &[(1, late("2026-12-26"))], "2026-12-26 10:00:00");
    assert_eq!(saw_it_out, known, "who looked before the hand-over was known knows less");
    assert_eq!(known.known(&loan(1)), Some(back("2026-12-24")));
}

#[test]
fn what_was_waived_does_not_come_back_as_money() {
    let ledger = two_books();
    let waived = ledger.with(ledger.waive(&loan(1), Fen(40), word(), at(NOON)).unwrap()).unwrap();
    let known = after(&waived, &[(1, back("2026-12-24"))], "2026-12-26 09:00:00");
    assert_eq!((owed(&known), known.refund_due(&loan(1)).unwrap()), ([0, 40], Fen(0)));
}

#[test]
fn the_rules_leave_what_staff_corrected_as_it_is() {
    let ledger = two_books();
    let correct = |ledger: &Ledger, sign, fen| ledger.correct(&loan(1), (sign, Fen(fen)), word(), at(NOON));
    assert_eq!(
        correct(&ledger, Sign::Less, 41),
        Err(Refusal::CorrectsMore { charged: Fen(40), asked: Fen(41) })
    );
    let less = ledger.with(correct(&ledger, Sign::Less, 30).unwrap()).unwrap();
    assert_eq!(owed(&less), [10, 40]);
    assert_eq!(after(&less, &[(1, late("2026-12-25"))], NOON), less);
    let grown = after(&less, &[(1, late("2026-12-26"))], "2026-12-26 09:00:00");
    assert_eq!(owed(&grown), [30, 40]);
    let more = grown.with(correct(&grown, Sign::More, 5).unwrap()).unwrap();
    assert_eq!(owed(&more), [35, 40]);
    assert_eq!(debts(&more).debts[0].corrected, -25);
}

#[test]
fn a_lost_book_that_is_found_in_time_gives_its_price_back() {
    let lost = after(&Ledger::default(), &[(1, late("2027-06-21"))], "2027-06-21 09:00:00");
    let charged = Claim::ALL.map(|claim| {
        lost.assess(&BTreeMap::new(), &Rulebook::new(&[]), day("2027-06-21"))[&loan(1)].amount(claim).0
    });
    assert_eq!(charged, [3_000, 5_000, 500]);
    let paid = lost
        .with(lost.pay(&lost.debts(&Fines::new()).unwrap().all(), &no(1), at("2027-06-22 09:00:00")).unwrap())
        .unwrap();
    let found = after(&paid, &[(1, back("2027-07-01"))], "2027-07-01 09:00:00");
    assert_eq!((owed(&found)[0], found.refund_due(&loan(1)).unwrap()), (0, Fen(5_000)));
}

#[test]
fn what_does_not_fit_is_refused_and_adds_nothing() {
    let ledger = two_books();
    let most = (Sign::More, Fen(u32::MAX));
    assert_eq!(ledger.correct(&loan(1), most, word(), at(NOON)), Err(Refusal::TooLarge));
    let nearly = ledger.correct(&loan(1), (Sign::More, Fen(u32::MAX - 80)), word(), at(NOON)).unwrap();
    let full = ledger.with(nearly).unwrap();
    let run = full.run(&BTreeMap::from([(loan(2), late("2026-12-26"))]), &Rulebook::new(&[]), at(NOON));
    assert_eq!(run, Err(Refusal::TooLarge));
    let mut last = two_books().entries().to_vec();
    last[1].n = u32::MAX;
    let no_numbers = Ledger::of(last).unwrap();
    assert_eq!(no_numbers.waive(&loan(1), Fen(1), word(), at(NOON)), Err(Refusal::TooLarge));
}

#[test]
fn entries_that_were_made_behind_others_are_not_added() {
    let ledger = two_books();
    let one = ledger.waive(&loan(1), Fen(10), word(), at(NOON)).unwrap();
    let other = ledger.waive(&loan(1), Fen(35), word(), at(NOON)).unwrap();
    let after = ledger.with(one).unwrap();
    assert_eq!(after.with(other), Err(Refusal::OutOfOrder { n: 3 }));
}

#[test]
fn a_posting_is_read_as_it_was_written() {
    let found = Finding {
        claim: Claim::LostPrice,
        rules: 3,
        late: Late { price: Some(Fen(3_900)), ..back("2026-12-30") },
    };
    let (fen, sign) = (Fen(7), Sign::Less);
    for posting in [
        Posting::Charge { fen, found: found.clone() },
        Posting::Payment { fen, no: no(1) },
        Posting::Waiver { fen, word: word() },
        Posting::Refund { fen, no: no(1), place: 2 },
        Posting::Correction { sign, fen, because: Because::Rules { found } },
        Posting::Correction { sign: Sign::More, fen, because: Because::Staff { word: word() } },
    ] {
        let written = serde_json::to_string(&posting).unwrap();
        assert_eq!(serde_json::from_str::<Posting>(&written).unwrap(), posting, "{written}");
    }
}
