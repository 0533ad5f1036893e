//! The fines of random readers, against a model that goes through the days one by one with plain numbers and shares nothing with the rules'
//! own code. Days are counted from [`FIRST`] on; over the new year into a leap year's March.

mod made;

use super::chance::Chance;
use super::*;
use made::{Book, Case, FIRST, Plain, assessed, case, ranges};

/// How many readers: more of them are more certain, and cost more time.
const CASES: u64 = 100_000;
/// The first one's seed; each further one has the next. A failure names its own.
const SEED: u64 = 20_261_201;

/// What comes out for one book: each day with its fen and its word, days without ordering, price and fee of the book.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Outcome {
    days: Vec<(u32, u32, &'static str)>,
    suspension: u32,
    price: u32,
    fee: u32,
}

impl Outcome {
    fn money(&self) -> u32 {
        self.days.iter().map(|(_, fen, _)| fen).sum::<u32>() + self.price + self.fee
    }
}

fn in_force(case: &Case, day: u32) -> &Plain {
    let mut found = &case.versions[0];
    for version in &case.versions {
        if version.starts <= day {
            found = version;
        }
    }
    found
}

fn covered(days: &[(u32, u32)], day: u32) -> bool {
    days.iter().any(|(from, until)| *from <= day && day <= *until)
}

/// Whether anything in force on `day`, or from then to the day `known`, has this day among those.
fn said(case: &Case, day: u32, known: u32, which: fn(&Plain) -> &Vec<(u32, u32)>) -> bool {
    case.versions.iter().any(|version| {
        covered(which(version), day)
            && (day..=known.max(day)).any(|later| in_force(case, later).version == version.version)
    })
}

fn by_hand(case: &Case, book: &Book, rules: &Plain, known: u32) -> Outcome {
    let numbers = rules.for_cards[usize::from(case.child)];
    let until = book.back.unwrap_or(case.now).0;
    let mut cap = numbers.cap;
    let mut cap_word = "item_cap";
    if let (Some(percent), Some(price)) = (numbers.percent, book.price)
        && price * percent / 100 < cap
    {
        cap = price * percent / 100;
        cap_word = "price_cap";
    }
    let mut outcome = Outcome::default();
    let (mut grace_left, mut in_interval, mut held, mut sum) = (numbers.grace, 0, 0, 0);
    for day in book.due + 1..=until {
        if day == book.due + numbers.lost_days {
            outcome.days.push((day, 0, "lost"));
            let found = book.back.is_some() && until - day <= numbers.refund_days;
            outcome.price = if found { 0 } else { book.price.unwrap_or(numbers.lost_price) };
            outcome.fee = numbers.lost_fee;
            break;
        }
        if numbers.closed_free && said(case, day, known, |version| &version.closed) {
            outcome.days.push((day, 0, "closed"));
            continue;
        }
        if said(case, day, known, |version| &version.amnesties) {
            outcome.days.push((day, 0, "amnesty"));
            continue;
        }
        let in_grace = grace_left > 0;
        let mut due = 0;
        if !in_grace || numbers.grace_charged {
            in_interval += 1;
            if (numbers.at_start && in_interval == 1)
                || (!numbers.at_start && in_interval == numbers.interval)
            {
                due = 1;
            }
            if in_interval == numbers.interval {
                in_interval = 0;
            }
        }
        if in_grace {
            grace_left -= 1;
            held += due;
            outcome.days.push((day, 0, "grace"));
            continue;
        }
        due += held;
        held = 0;
        if due == 0 {
            outcome.days.push((day, 0, "interval"));
        } else if numbers.suspension > 0 {
            outcome.suspension = numbers.suspension_cap.min(outcome.suspension + due * numbers.suspension);
            outcome.days.push((day, 0, "suspension"));
        } else if numbers.fine == 0 {
            outcome.days.push((day, 0, "no_fine"));
        } else {
            let wanted = due * numbers.fine;
            let fen = wanted.min(cap - sum);
            sum += fen;
            outcome.days.push((day, fen, if fen < wanted { cap_word } else { "charged" }));
        }
    }
    outcome
}

/// The lightest of what was in force from the due day to the end, as known, and the most that its rules let a reader owe.
fn lightest(case: &Case, book: &Book, known: u32) -> (Outcome, u32) {
    let mut best = None::<(Outcome, u32)>;
    let mut seen = Vec::new();
    for day in book.due..=book.back.unwrap_or(case.now).0 {
        let rules = in_force(case, day);
        if seen.contains(&rules.version) || (day > book.due && day > known) {
            continue;
        }
        seen.push(rules.version);
        let outcome = by_hand(case, book, rules, known);
        let lighter = best.as_ref().is_none_or(|(best, _)| {
            outcome.money() <= best.money()
                && outcome.suspension <= best.suspension
                && (outcome.money() < best.money() || outcome.suspension < best.suspension)
        });
        if lighter {
            best = Some((outcome, rules.for_cards[usize::from(case.child)].reader_cap));
        }
    }
    best.unwrap()
}

/// The books of a reader as somebody sees them who has heard of no rules since the day `known`.
fn as_known(case: &Case, known: u32) -> Vec<Outcome> {
    let mut books: Vec<(Outcome, u32)> = case.books.iter().map(|book| lightest(case, book, known)).collect();
    let mut order: Vec<usize> = (0..books.len()).collect();
    order.sort_by_key(|place| case.books[*place].due);
    let mut charged = vec![0_i64; books.len()];
    for today in first_due(case) + 1..=case.now.0 {
        for place in order.clone() {
            let passed = today.checked_sub(case.books[place].due + 1);
            let owed: i64 = (0..charged.len())
                .map(|other| {
                    let paid = case.books[other].paid.iter().filter(|(day, _)| *day < today);
                    (charged[other] - paid.map(|(_, fen)| fen).sum::<i64>().max(0)).max(0)
                })
                .sum();
            let most = i64::from(books[place].1);
            let Some(day) = passed.and_then(|passed| books[place].0.days.get_mut(passed as usize)) else {
                continue;
            };
            let room = u32::try_from((most - owed).max(0)).unwrap();
            if room < day.1 {
                (day.1, day.2) = (room, "reader_cap");
            }
            charged[place] += i64::from(day.1);
        }
    }
    books.into_iter().map(|(outcome, _)| outcome).collect()
}

fn first_due(case: &Case) -> u32 {
    case.books.iter().map(|book| book.due).min().unwrap()
}

/// The least that it was before one of the versions that came since.
fn modelled(case: &Case) -> Vec<Outcome> {
    let since = |version: &&Plain| first_due(case) < version.starts && version.starts <= case.now.0;
    let mut known: Vec<u32> = case.versions.iter().filter(since).map(|version| version.starts - 1).collect();
    known.push(case.now.0);
    known.sort_unstable();
    let seen = known.into_iter().rev().map(|known| as_known(case, known));
    seen.min_by_key(|books| books.iter().map(Outcome::money).sum::<u32>()).unwrap()
}

/// The same of the rules' own code.
fn shown(fine: &Fine) -> Outcome {
    let word = |why: &Why| match why {
        Why::Charged { .. } => "charged",
        Why::NoFine => "no_fine",
        Why::Grace => "grace",
        Why::Interval => "interval",
        Why::Closed { .. } => "closed",
        Why::Amnesty { .. } => "amnesty",
        Why::ItemCap => "item_cap",
        Why::PriceCap => "price_cap",
        Why::ReaderCap => "reader_cap",
        Why::Suspension { .. } => "suspension",
        Why::Lost => "lost",
    };
    let number = |day: Date| u32::try_from(FIRST.until(day).unwrap().get_days()).unwrap();
    Outcome {
        days: fine.days.iter().map(|day| (number(day.date), day.fen.0, word(&day.why))).collect(),
        suspension: fine.suspension.as_ref().map_or(0, |pause| u32::from(pause.days)),
        price: fine.amount(Claim::LostPrice).0,
        fee: fine.amount(Claim::LostFee).0,
    }
}

/// Four tests share the readers, because a machine has more than one core.
fn every_fourth_from(first: u64) {
    let mut words: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in (SEED + first..SEED + CASES).step_by(4) {
        let case = case(seed);
        let fines = assessed(&case);
        let told: Vec<Outcome> = case.books.iter().map(|book| shown(&fines[&book.loan])).collect();
        assert_eq!(told, modelled(&case), "seed {seed}: {case:#?}");
        for fine in fines.values() {
            let days: u32 = fine.days.iter().map(|day| day.fen.0).sum();
            assert_eq!(days, overdue(fine), "seed {seed}: the days are the amount");
        }
        for (_, _, word) in told.iter().flat_map(|outcome| &outcome.days) {
            *words.entry(word).or_default() += 1;
        }
    }
    println!("seeds {} and every fourth: {words:?}", SEED + first);
    assert!(words.len() == 11 && words.values().all(|days| *days > 50), "something never happens: {words:?}");
}

mod a_fine_is_what_counting_the_days_by_hand_gives {
    use super::every_fourth_from;

    #[test]
    fn for_the_first_reader_and_every_fourth() {
        every_fourth_from(0);
    }

    #[test]
    fn for_the_second_reader_and_every_fourth() {
        every_fourth_from(1);
    }

    #[test]
    fn for_the_third_reader_and_every_fourth() {
        every_fourth_from(2);
    }

    #[test]
    fn for_the_fourth_reader_and_every_fourth() {
        every_fourth_from(3);
    }
}

#[test]
fn while_a_book_is_out_its_fine_only_grows_and_no_change_of_rules_makes_it_dearer() {
    for seed in SEED..SEED + CASES / 50 {
        let mut case = case(seed);
        for book in &mut case.books {
            book.back = None;
        }
        // No closing that was planned is called off.
        for n in 1..case.versions.len() {
            let Plain { closed, amnesties, .. } = case.versions[n - 1].clone();
            case.versions[n].closed.extend(closed);
            case.versions[n].amnesties.extend(amnesties);
        }
        let cost = |case: &Case| assessed(case).values().map(|fine| fine.total().0).sum::<u32>();

        let all = cost(&case);
        let last = case.books.iter().map(|book| book.due).max().unwrap();
        let mut before = case.clone();
        before.versions.retain(|version| version.starts <= last);
        let unchanged = cost(&before);
        assert!(all <= unchanged, "seed {seed}: {all} and not {unchanged}: {case:#?}");

        if before.now.0 > last {
            before.versions.retain(|version| version.starts <= first_due(&case));
            let (now, mut yesterday) = (cost(&before), before);
            yesterday.now.0 -= 1;
            let earlier = cost(&yesterday);
            assert!(earlier <= now, "seed {seed}: {earlier} before {now}: {case:#?}");
        }
    }
}

#[test]
fn a_closing_or_an_amnesty_that_is_declared_later_only_lowers_a_fine() {
    for seed in SEED..SEED + CASES / 50 {
        let mut case = case(seed);
        let cost = |case: &Case| assessed(case).values().map(|fine| fine.total().0).sum::<u32>();
        let before = cost(&case);
        let mut chance = Chance::seeded(seed);
        let days = ranges(&mut chance, case.now.0, 3);
        let in_force = in_force(&case, case.now.0).clone();
        let mut declared = Plain { version: 9, starts: case.now.0, ..in_force };
        let of = if chance.percent(50) { &mut declared.closed } else { &mut declared.amnesties };
        of.extend(days);
        case.versions.push(declared);
        let after = cost(&case);
        assert!(after <= before, "seed {seed}: {after} after {before}: {case:#?}");
    }
}
