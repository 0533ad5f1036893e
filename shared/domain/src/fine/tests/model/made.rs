//! Random readers in plain numbers, and what the rules' own code is given of them.

use super::super::chance::Chance;
use super::super::*;
use crate::ids::PaymentNo;
use crate::rules::{Amnesty, ChargedAt, Holidays};

/// The day with the number 0.
pub(super) const FIRST: Date = Date::constant(2027, 12, 1);
/// How many days there are.
pub(super) const DAYS: u32 = 420;

/// A version of the rules in plain numbers: of grown-ups and of children.
#[derive(Debug, Clone)]
pub(super) struct Plain {
    pub(super) version: u32,
    pub(super) starts: u32,
    pub(super) for_cards: [Numbers; 2],
    /// Closed days and amnesties: the first, the last.
    pub(super) closed: Vec<(u32, u32)>,
    pub(super) amnesties: Vec<(u32, u32)>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    pub(super) fine: u32,
    pub(super) interval: u32,
    pub(super) at_start: bool,
    pub(super) grace: u32,
    pub(super) grace_charged: bool,
    pub(super) closed_free: bool,
    pub(super) cap: u32,
    pub(super) percent: Option<u32>,
    pub(super) reader_cap: u32,
    pub(super) suspension: u32,
    pub(super) suspension_cap: u32,
    pub(super) lost_days: u32,
    pub(super) lost_price: u32,
    pub(super) lost_fee: u32,
    pub(super) refund_days: u32,
}

#[derive(Debug, Clone)]
pub(super) struct Book {
    pub(super) loan: LoanRef,
    pub(super) due: u32,
    /// The day and second of the hand-over.
    pub(super) back: Option<(u32, u32)>,
    pub(super) price: Option<u32>,
    /// What was paid for it (or given back, less than nothing), and on which day.
    pub(super) paid: Vec<(u32, i64)>,
}

#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) child: bool,
    pub(super) versions: Vec<Plain>,
    pub(super) books: Vec<Book>,
    pub(super) now: (u32, u32),
}

fn numbers(chance: &mut Chance) -> Numbers {
    Numbers {
        fine: chance.one(&[0, 5, 10, 20, 20, 50, 300]),
        interval: chance.one(&[1, 1, 1, 2, 3, 7]),
        at_start: chance.percent(60),
        grace: chance.one(&[0, 0, 0, 1, 3, 10]),
        grace_charged: chance.percent(50),
        closed_free: chance.percent(75),
        cap: chance.one(&[0, 45, 300, 3_000]),
        percent: chance.percent(70).then(|| chance.one(&[33, 100, 150])),
        reader_cap: chance.one(&[0, 90, 500, 10_000, 10_000]),
        suspension: chance.one(&[0, 0, 0, 0, 2]),
        suspension_cap: chance.one(&[0, 7, 90]),
        lost_days: chance.one(&[5, 30, 60, 365]),
        lost_price: chance.one(&[0, 5_000]),
        lost_fee: chance.one(&[0, 500]),
        refund_days: chance.one(&[0, 10, 90]),
    }
}

pub(super) fn ranges(chance: &mut Chance, now: u32, most: u32) -> Vec<(u32, u32)> {
    let some = chance.among(0, most);
    let mut range = || {
        let from = (now + 3).saturating_sub(chance.among(0, 30));
        (from, from + chance.one(&[0, 1, 2, 7, 20]))
    };
    (0..some).map(|_| range()).collect()
}

/// A second of the day: midnight and the second before it more often than others.
fn second(chance: &mut Chance) -> u32 {
    if chance.percent(40) { chance.one(&[0, 86_399]) } else { chance.among(0, 86_399) }
}

pub(super) fn case(seed: u64) -> Case {
    let mut chance = Chance::seeded(seed);
    let now = (
        if chance.percent(93) { chance.among(1, 100) } else { chance.among(1, DAYS - 1) },
        second(&mut chance),
    );
    let some = chance.one(&[1, 1, 1, 1, 1, 1, 1, 2, 2, 3]);
    let versions = (0..some).map(|n| {
        let usual = numbers(&mut chance);
        // Rules change a little more often than from the ground up.
        let alike = Numbers { fine: chance.one(&[5, 20, 50]), grace: chance.one(&[0, 3]), ..usual };
        Plain {
            version: n + 1,
            starts: if n == 0 { 0 } else { (now.0 + 5).saturating_sub(chance.among(0, 25)) },
            for_cards: if chance.percent(50) { [usual, alike] } else { [usual, numbers(&mut chance)] },
            closed: ranges(&mut chance, now.0, 2),
            amnesties: ranges(&mut chance, now.0, 1),
        }
    });
    let versions = versions.collect();
    let books = (1..=chance.one(&[1, 1, 1, 1, 1, 2, 2, 3])).map(|n| {
        let overdue = if chance.percent(90) { chance.among(0, 12) } else { chance.among(0, 90) };
        let due = now.0.saturating_sub(overdue);
        let back = (chance.among(due, now.0), second(&mut chance));
        let paid = (0..chance.one(&[0, 0, 0, 1, 2]))
            .map(|_| ((now.0 + 2).saturating_sub(chance.among(0, 20)), chance.one(&[100, 20, -15])));
        Book {
            loan: loan(n),
            due,
            paid: paid.collect(),
            back: chance.percent(50).then_some(back).filter(|back| *back <= now),
            price: chance.percent(70).then(|| chance.one(&[0, 101, 999, 5_000])),
        }
    });
    let books = books.collect();
    Case { child: chance.percent(40), versions, books, now }
}

fn date(n: u32) -> Date {
    FIRST + jiff::Span::new().days(i64::from(n))
}

/// Shanghai's clock is eight hours before that of the first day in Greenwich.
fn instant((day, second): (u32, u32)) -> Timestamp {
    let first: Timestamp = "2027-11-30T16:00:00Z".parse().unwrap();
    first + jiff::SignedDuration::from_secs(i64::from(day) * 86_400 + i64::from(second))
}

fn settings(of: &Numbers) -> Vec<Setting> {
    let short = |n: u32| u16::try_from(n).unwrap();
    vec![
        Setting::OverdueFine(Fen(of.fine)),
        Setting::FineInterval(short(of.interval)),
        Setting::FineCharged(if of.at_start { ChargedAt::Start } else { ChargedAt::End }),
        Setting::GraceDays(short(of.grace)),
        Setting::GraceCharged(of.grace_charged),
        Setting::ClosedDaysFree(of.closed_free),
        Setting::FineCap(Fen(of.cap)),
        Setting::FinePriceCaps(of.percent.is_some()),
        Setting::FinePricePercent(short(of.percent.unwrap_or(1))),
        Setting::FinesCap(Fen(of.reader_cap)),
        Setting::SuspensionDays(short(of.suspension)),
        Setting::SuspensionCap(short(of.suspension_cap)),
        Setting::LostDays(short(of.lost_days)),
        Setting::LostPrice(Fen(of.lost_price)),
        Setting::LostFee(Fen(of.lost_fee)),
        Setting::LostRefundDays(short(of.refund_days)),
    ]
}

fn rule_set(plain: &Plain, child: bool) -> RuleSet {
    let [usual, mut children] = plain.for_cards.map(|numbers| settings(&numbers));
    if !child {
        // They would be gone through for nothing, a hundred thousand times.
        children.truncate(1);
    }
    let rule = |scope: Scope| move |set| Rule { set, scope: scope.clone() };
    let rules =
        children.into_iter().map(rule(Scope::CHILDREN)).chain(usual.into_iter().map(rule(Scope::ALL)));
    let days = |(from, until): &(u32, u32)| (date(*from), date(*until), "假".to_owned());
    RuleSet {
        version: plain.version,
        starts: date(plain.starts),
        rules: rules.collect(),
        holidays: plain
            .closed
            .iter()
            .map(days)
            .map(|(from, until, name)| Holidays { from, until, name })
            .collect(),
        amnesties: plain
            .amnesties
            .iter()
            .map(days)
            .map(|(from, until, name)| Amnesty { from, until, name })
            .collect(),
        ..RuleSet::founding()
    }
}

fn lates(case: &Case) -> BTreeMap<LoanRef, Late> {
    let card = if case.child { CardClass::Child } else { CardClass::Adult };
    let late = |book: &Book| {
        let back = book.back.map(instant);
        let running = Loan { since: Timestamp::UNIX_EPOCH, due: date(book.due), renewed: 0, back };
        let item = OpenItem {
            barcode: book.loan.barcode.clone(),
            order_no: book.loan.order_no.clone(),
            title: String::new(),
            class: ItemClass::Ordinary,
            loan: Some(running),
            returning: None,
        };
        (book.loan.clone(), Late::of(&item, card, book.price.map(Fen), instant(case.now)).unwrap())
    };
    case.books.iter().map(late).collect()
}

/// A ledger in which nothing stands but what was paid and given back.
fn paid(case: &Case) -> Ledger {
    let no = PaymentNo::parse("F00001").unwrap();
    let all = case.books.iter().flat_map(|book| book.paid.iter().map(|paid| (book.loan.clone(), *paid)));
    let entries = (1..).zip(all).map(|(n, (loan, (day, fen)))| {
        let amount = Fen(u32::try_from(fen.abs()).unwrap());
        let posting = if fen > 0 {
            Posting::Payment { fen: amount, no: no.clone() }
        } else {
            Posting::Refund { fen: amount, no: no.clone(), place: 1 }
        };
        Entry { n, at: instant((day, 43_200)), loan, posting }
    });
    Ledger::of(entries.collect()).unwrap()
}

pub(super) fn assessed(case: &Case) -> Fines {
    let sets: Vec<RuleSet> = case.versions.iter().map(|plain| rule_set(plain, case.child)).collect();
    paid(case).assess(&lates(case), &Rulebook::new(&sets), date(case.now.0))
}
