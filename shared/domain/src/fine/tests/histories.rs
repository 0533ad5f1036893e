//! Random histories of a ledger: whatever readers, staff and the nightly run do, in whatever order and however often.

use super::chance::Chance;
use super::*;
use crate::ids::{PaymentNo, StaffLogin};
use crate::staff::Reason;

/// How many histories: more of them are more certain, and cost more time.
const HISTORIES: u64 = 300;
/// The first one's seed; each further one has the next. A failure names its own.
const SEED: u64 = 20_261_202;

/// What is true on the last day of the history.
const LAST: i64 = 40;

fn on(n: i64) -> Date {
    day("2026-12-01") + jiff::Span::new().days(n)
}

fn noon(n: i64) -> Timestamp {
    time::instant(on(n).at(12, 0, 0, 0)).unwrap()
}

fn word() -> Word {
    Word { login: StaffLogin::parse("desk-s01").unwrap(), reason: Reason::parse("核对").unwrap() }
}

/// Three books; some were handed over, each on its day.
fn books(chance: &mut Chance) -> Vec<(LoanRef, Date, Option<Date>)> {
    let book = |n| {
        let due = i64::from(chance.among(0, 20));
        let back = chance.percent(50).then(|| on(i64::from(chance.among(u32::try_from(due).unwrap(), 40))));
        (loan(n), on(due), back)
    };
    (1..=3).map(book).collect()
}

/// What somebody who looks on the `n`th day sees of these books: the hand-overs up to then.
fn seen(books: &[(LoanRef, Date, Option<Date>)], n: i64) -> BTreeMap<LoanRef, Late> {
    let late = |(loan, due, back): &(LoanRef, Date, Option<Date>)| {
        let back = back.filter(|back| *back <= on(n));
        let until = back.unwrap_or_else(|| on(n));
        (loan.clone(), Late { due: *due, until, back: back.is_some(), ..late("2026-12-31") })
    };
    books.iter().map(late).collect()
}

fn sets() -> [RuleSet; 2] {
    let cap = Setting::FineCap(Fen(300));
    let first = version(1, "2018-01-01", &[cap, Setting::FinesCap(Fen(700)), Setting::LostDays(30)]);
    let lighter = [cap, Setting::OverdueFine(Fen(13)), Setting::FinesCap(Fen(700)), Setting::LostDays(30)];
    let mut second = version(2, "2026-12-20", &lighter);
    second.amnesties =
        vec![crate::rules::Amnesty { from: on(15), until: on(16), name: "读者周".to_owned() }];
    [first, second]
}

fn sums(ledger: &Ledger) -> BTreeMap<LoanRef, i64> {
    let mut sums = BTreeMap::new();
    for entry in ledger.entries() {
        *sums.entry(entry.loan.clone()).or_default() += entry.posting.adds();
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

/// Looks on these days, one after the other.
fn run(
    ledger: &Ledger,
    books: &[(LoanRef, Date, Option<Date>)],
    days: &[i64],
    chance: &mut Chance,
) -> Ledger {
    let sets = sets();
    days.iter().fold(ledger.clone(), |ledger, n| {
        let mut late = seen(books, *n);
        // Sometimes only one book is looked at, but for the last time: then all are.
        if *n < LAST && chance.percent(30) {
            let one = loan(chance.among(1, 3));
            late.retain(|loan, _| *loan == one);
        }
        ledger.with(ledger.run(&late, &Rulebook::new(&sets), noon(*n)).unwrap()).unwrap()
    })
}

#[test]
fn any_order_and_repetition_of_runs_gives_the_same_sum() {
    for seed in SEED..SEED + HISTORIES {
        let mut chance = Chance::seeded(seed);
        let books = books(&mut chance);
        let any: Vec<i64> = (0..chance.among(0, 8)).map(|_| i64::from(chance.among(0, 40))).collect();

        let once = run(&Ledger::default(), &books, &[LAST], &mut chance);
        let often = run(&Ledger::default(), &books, &[any.clone(), vec![LAST]].concat(), &mut chance);

        assert_eq!(sums(&often), sums(&once), "seed {seed}, days {any:?} of {books:?}");
        assert_eq!(run(&often, &books, &[LAST, LAST], &mut chance), often, "seed {seed}: nothing is new");
    }
}

#[test]
fn whatever_happens_the_balance_is_the_sum_and_nobody_owes_less_than_nothing() {
    let mut seen_ways = [0_u32; 6];
    for seed in SEED..SEED + HISTORIES {
        let mut chance = Chance::seeded(seed);
        let books = books(&mut chance);
        let mut ledger = Ledger::default();
        let mut sets: Vec<(DebtSet, PaymentNo)> = Vec::new();
        for n in 1..=LAST {
            let one = loan(chance.among(1, 3));
            let fen = Fen(chance.one(&[0, 7, 20, 100, 400]));
            let way = chance.among(0, 5) as usize;
            let entries = match way {
                0 => Ok(run(&ledger, &books, &[n], &mut chance).entries()[ledger.entries().len()..].to_vec()),
                1 => {
                    let debts = ledger.debts(&Fines::new()).unwrap();
                    let set = if chance.percent(50) { debts.all() } else { debts.set(&[one]) };
                    let no =
                        PaymentNo::parse(&format!("F{}", set.key().replace('-', "F") + "000000")).unwrap();
                    sets.push((set.clone(), no.clone()));
                    ledger.pay(&set, &no, noon(n))
                }
                // A payment for what somebody saw before, perhaps once more.
                2 if !sets.is_empty() => {
                    let (set, no) =
                        sets[chance.among(0, u32::try_from(sets.len()).unwrap() - 1) as usize].clone();
                    let again = PaymentNo::parse(&format!("{no}{}", chance.among(0, 1))).unwrap();
                    ledger.pay(&set, &again, noon(n))
                }
                3 => ledger.waive(&one, fen, word(), noon(n)),
                4 => ledger.correct(&one, (chance.one(&[Sign::More, Sign::Less]), fen), word(), noon(n)),
                _ => {
                    let due = ledger.refund_due(&one).unwrap();
                    let no = PaymentNo::parse("F00000").unwrap();
                    ledger.refund(
                        &one,
                        if chance.percent(80) { due } else { fen },
                        (&no, u16::try_from(n).unwrap()),
                        noon(n),
                    )
                }
            };
            let Ok(entries) = entries else { continue };
            seen_ways[way] += u32::from(!entries.is_empty());
            let next = ledger.with(entries).unwrap();
            assert_eq!(next.entries()[..ledger.entries().len()], *ledger.entries(), "nothing is edited");
            ledger = next;
            check(&ledger, seed);
        }
    }
    println!("seeds {SEED} on: {seen_ways:?}");
    assert!(seen_ways.iter().all(|times| *times > 100), "something never happens: {seen_ways:?}");
}

fn check(ledger: &Ledger, seed: u64) {
    let sums = sums(ledger);
    let paid = |one: &LoanRef| -> i64 {
        let of_loan = ledger.entries().iter().filter(|entry| entry.loan == *one);
        let money =
            of_loan.filter(|entry| matches!(entry.posting, Posting::Payment { .. } | Posting::Refund { .. }));
        -money.map(|entry| entry.posting.adds()).sum::<i64>()
    };
    let debts = ledger.debts(&Fines::new()).unwrap();
    let mut total = 0;
    for n in 1..=3 {
        let one = loan(n);
        let sum = sums.get(&one).copied().unwrap_or_default();
        let (owed, due) =
            (i64::from(ledger.owed(&one).unwrap().0), i64::from(ledger.refund_due(&one).unwrap().0));
        assert_eq!(owed, sum.max(0), "seed {seed}");
        assert_eq!(due, (-sum).max(0).min(paid(&one)), "seed {seed}: no more goes back than was paid");
        total += owed;
    }
    assert_eq!(i64::from(debts.total().unwrap().0), total, "seed {seed}");
    assert_eq!(debts.all().total().unwrap(), debts.total().unwrap(), "seed {seed}");
}
