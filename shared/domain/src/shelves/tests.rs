use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

const NOW: &str = "2026-11-22T19:30:00Z"; // half past three in the morning of the 23rd, in Shanghai

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn reader(n: usize) -> ReaderId {
    ReaderId::parse(&format!("01JD9Z0000000000000RDR{n:04}")).unwrap()
}

fn title(name: &str) -> TitleId {
    TitleId::parse(name).unwrap()
}

fn numbered(n: usize) -> TitleId {
    title(&format!("t{n:02}"))
}

/// Readers `from..to` each borrow each of these.
fn borrow(facts: &mut Facts, readers: std::ops::Range<usize>, titles: &[&str]) {
    for n in readers {
        for name in titles {
            facts.loan(&reader(n), &title(name), now());
        }
    }
}

/// Who stands beside whom, by name.
fn besides(facts: &Facts) -> BTreeMap<String, Vec<(String, u32)>> {
    let named = |beside: Vec<Beside>| {
        beside.into_iter().map(|one| (one.id.to_string(), one.readers.get())).collect::<Vec<_>>()
    };
    facts.besides().each().map(|(id, beside)| (id.to_string(), named(beside))).collect()
}

fn names(shelf: &[Shelved]) -> Vec<(&str, u32)> {
    shelf.iter().map(|one| (one.id.as_str(), one.n)).collect()
}

#[test]
fn five_readers_make_a_pair_and_four_do_not() {
    let mut facts = Facts::new(now());
    borrow(&mut facts, 0..5, &["a", "b"]);
    borrow(&mut facts, 0..4, &["c"]);
    borrow(&mut facts, 10..30, &["c"]);

    let found = besides(&facts);

    assert_eq!(found["a"], [("b".to_owned(), 5)]);
    assert_eq!(found["b"], [("a".to_owned(), 5)]);
    assert_eq!(found.len(), 2, "c has many readers, but only four in common with a");
}

#[test]
fn one_reader_who_borrows_five_times_is_one_reader() {
    let mut facts = Facts::new(now());
    for _ in 0..5 {
        borrow(&mut facts, 0..4, &["a", "b"]);
    }

    assert_eq!(besides(&facts), BTreeMap::new());
}

#[test]
fn who_stands_apart_is_not_counted_and_may_come_back() {
    let mut facts = Facts::new(now());
    borrow(&mut facts, 0..5, &["a", "b"]);
    facts.apart(reader(4));

    assert_eq!(besides(&facts), BTreeMap::new());
    borrow(&mut facts, 5..6, &["a", "b"]);
    assert_eq!(besides(&facts)["a"], [("b".to_owned(), 5)]);
    assert_eq!(facts.loans().count(), 2, "plain counts count everybody");
    assert_eq!(names(&facts.shelf(ShelfName::Popular)), [("a", 6), ("b", 6)]);
}

#[test]
fn what_everybody_borrows_does_not_stand_first_everywhere() {
    let mut facts = Facts::new(now());
    borrow(&mut facts, 0..100, &["everybodys"]);
    borrow(&mut facts, 0..8, &["a"]);
    borrow(&mut facts, 0..7, &["b"]);

    let found = besides(&facts);

    assert_eq!(found["a"], [("b".to_owned(), 7), ("everybodys".to_owned(), 8)]);
}

#[test]
fn a_month_and_the_new_days_are_counted_in_shanghai() {
    let mut facts = Facts::new(now());
    facts.loan(&reader(1), &title("a"), at("2026-10-23T16:00:00Z")); // midnight of the 24th, thirty days before
    facts.loan(&reader(1), &title("b"), at("2026-10-23T15:59:59Z"));
    facts.received(&title("c"), at("2026-09-23T16:00:00Z")); // midnight of the 24th, sixty days before
    facts.received(&title("d"), at("2026-09-23T15:59:59Z"));
    facts.received(&title("e"), at("2026-11-23T16:00:00Z")); // not before tomorrow

    let loans: Vec<_> = facts.loans().map(|(id, loans)| (id.as_str(), loans)).collect();
    assert_eq!(loans, [("a", Loans { total: 1, month: 1 }), ("b", Loans { total: 1, month: 0 })]);
    assert_eq!(names(&facts.shelf(ShelfName::Popular)), [("a", 1)]);
    assert_eq!(names(&facts.shelf(ShelfName::New)), [("c", 20_260_924)]);
}

#[test]
fn a_further_copy_makes_no_title_new() {
    let mut facts = Facts::new(now());
    facts.received(&title("old"), at("2026-11-20T02:00:00Z"));
    facts.received(&title("old"), at("2025-11-20T02:00:00Z"));
    facts.received(&title("new"), at("2026-11-10T02:00:00Z"));
    facts.received(&title("new"), at("2026-11-20T02:00:00Z"));
    facts.received(&title("newer"), at("2026-11-19T02:00:00Z"));

    assert_eq!(names(&facts.shelf(ShelfName::New)), [("newer", 20_261_119), ("new", 20_261_110)]);
}

#[test]
fn shelves_have_an_end() {
    let mut facts = Facts::new(now());
    for n in 0..70 {
        facts.received(&numbered(n), now());
        facts.loan(&reader(n), &numbered(n), now());
    }
    for n in 0..5 {
        for other in 0..30 {
            facts.loan(&reader(n), &numbered(other), now());
        }
    }

    for name in ShelfName::ALL {
        assert_eq!(facts.shelf(name).len(), ON_SHELF);
    }
    assert!(facts.besides().each().all(|(_, beside)| beside.len() == BESIDE));
}

#[test]
fn children_stand_apart_until_they_say_otherwise() {
    assert!(!takes_part_at_first(14));
    assert!(!takes_part_at_first(17));
    assert!(takes_part_at_first(18));
}

#[test]
fn a_number_of_readers_below_five_cannot_be_read_back() {
    assert!(serde_json::from_str::<SharedReaders>("4").is_err());
    assert_eq!(serde_json::from_str::<SharedReaders>("5").unwrap().get(), 5);
    assert_eq!(serde_json::to_string(&SharedReaders::new(7).unwrap()).unwrap(), "7");
}

/// A loan as tests draw it: reader, title, hours ago.
type Loan = (usize, usize, i64);

const READERS: usize = 12;
const TITLES: usize = 16;

fn some_loans() -> impl Strategy<Value = Vec<Loan>> {
    // The first titles are in many hands, as in a library.
    let one = (0..READERS, prop_oneof![3 => 0..5_usize, 1 => 0..TITLES], 0..2000_i64);
    prop::collection::vec(one, 0..250)
}

fn some_apart() -> impl Strategy<Value = BTreeSet<usize>> {
    prop::collection::btree_set(0..READERS, 0..5)
}

fn hours_ago(hours: i64) -> Timestamp {
    now() - SignedDuration::from_hours(hours)
}

fn gather(loans: &[Loan], apart: &BTreeSet<usize>, latest: usize) -> Facts {
    let mut facts = Facts { latest, ..Facts::new(now()) };
    for (who, what, hours) in loans {
        facts.loan(&reader(*who), &numbered(*what), hours_ago(*hours));
    }
    for who in apart {
        facts.apart(reader(*who));
    }
    facts
}

/// The titles of each reader who takes part, by plain sets.
fn shelves_of(loans: &[Loan], apart: &BTreeSet<usize>, latest: usize) -> Vec<BTreeSet<TitleId>> {
    (0..READERS)
        .filter(|who| !apart.contains(who))
        .map(|who| {
            let mut last: BTreeMap<usize, i64> = BTreeMap::new();
            for (_, what, hours) in loans.iter().filter(|(other, ..)| *other == who) {
                let known = last.entry(*what).or_insert(*hours);
                *known = (*known).min(*hours);
            }
            let mut ordered: Vec<(i64, usize)> =
                last.into_iter().map(|(what, hours)| (hours, what)).collect();
            ordered.sort_unstable();
            ordered.into_iter().take(latest).map(|(_, what)| numbered(what)).collect()
        })
        .collect()
}

fn both(shelves: &[BTreeSet<TitleId>], x: &TitleId, y: &TitleId) -> u32 {
    let count = shelves.iter().filter(|shelf| shelf.contains(x) && shelf.contains(y)).count();
    u32::try_from(count).unwrap()
}

/// The same by trying every pair. Twelve readers at most: all their numbers divide 27,720, so the squares of the cosines are whole.
fn model(shelves: &[BTreeSet<TitleId>]) -> BTreeMap<TitleId, Vec<Beside>> {
    let titles: BTreeSet<&TitleId> = shelves.iter().flatten().collect();
    let mut found = BTreeMap::new();
    for x in &titles {
        let mut beside: Vec<(u32, u32, &TitleId)> = titles
            .iter()
            .filter(|y| *y != x)
            .map(|y| (both(shelves, x, y), both(shelves, y, y), *y))
            .filter(|(count, ..)| *count >= 5)
            .map(|(count, all, y)| (count * count * 27_720 / all, count, y))
            .collect();
        beside.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)).then_with(|| a.2.cmp(b.2)));
        beside.truncate(BESIDE);
        if !beside.is_empty() {
            let beside = beside
                .into_iter()
                .map(|(_, count, y)| Beside { id: y.clone(), readers: SharedReaders::new(count).unwrap() });
            found.insert((*x).clone(), beside.collect());
        }
    }
    found
}

fn found(facts: &Facts) -> BTreeMap<TitleId, Vec<Beside>> {
    facts.besides().each().map(|(id, beside)| (id.clone(), beside)).collect()
}

proptest! {
    #[test]
    fn the_quick_way_finds_what_trying_every_pair_finds(
        loans in some_loans(), apart in some_apart(), latest in 1_usize..TITLES,
    ) {
        let expected = model(&shelves_of(&loans, &apart, latest));
        prop_assert_eq!(found(&gather(&loans, &apart, latest)), expected);
    }

    #[test]
    fn no_pair_stands_on_fewer_than_five_readers_who_take_part(loans in some_loans(), apart in some_apart()) {
        let shelves = shelves_of(&loans, &apart, LATEST);
        for (x, beside) in found(&gather(&loans, &apart, LATEST)) {
            for y in beside {
                let counted = both(&shelves, &x, &y.id);
                prop_assert_eq!(y.readers.get(), counted);
                prop_assert!(counted >= 5);
            }
        }
    }

    /// What a reader who stands apart borrows makes no difference to what others see.
    #[test]
    fn who_stands_apart_leaves_no_trace(loans in some_loans(), others in some_loans(), apart in some_apart()) {
        let mut instead: Vec<Loan> = loans.iter().filter(|(who, ..)| !apart.contains(who)).copied().collect();
        let without = found(&gather(&instead, &BTreeSet::new(), LATEST));
        instead.extend(others.into_iter().filter(|(who, ..)| apart.contains(who)));

        prop_assert_eq!(found(&gather(&loans, &apart, LATEST)), without.clone());
        prop_assert_eq!(found(&gather(&instead, &apart, LATEST)), without);
    }

    /// One reader who joins or leaves moves each number by one at most, and can make a pair known only as its fifth.
    #[test]
    fn one_reader_changes_each_number_by_one_at_most(
        loans in some_loans(), mut apart in some_apart(), who in 0..READERS,
    ) {
        // Few enough titles that none is cut off.
        let loans: Vec<Loan> = loans.into_iter().map(|(who, what, hours)| (who, what % BESIDE, hours)).collect();
        apart.remove(&who);
        let with = found(&gather(&loans, &apart, LATEST));
        apart.insert(who);
        let without = found(&gather(&loans, &apart, LATEST));

        let number = |all: &BTreeMap<TitleId, Vec<Beside>>, x: &TitleId, y: &TitleId| {
            all.get(x)?.iter().find(|one| one.id == *y).map(|one| one.readers.get())
        };
        for (x, beside) in &with {
            for y in beside {
                let before = number(&without, x, &y.id).unwrap_or(SharedReaders::FEWEST - 1);
                prop_assert!((before..=before + 1).contains(&y.readers.get()));
            }
        }
        for (x, beside) in &without {
            prop_assert!(beside.iter().all(|y| number(&with, x, &y.id).is_some()));
        }
    }

    #[test]
    fn two_titles_stand_beside_each_other_with_the_same_number(loans in some_loans(), apart in some_apart()) {
        let all = found(&gather(&loans, &apart, LATEST));
        for (x, beside) in &all {
            prop_assert!(beside.iter().all(|y| y.id != *x));
            for y in beside {
                let back = &all[&y.id];
                let same = back.iter().any(|one| one.id == *x && one.readers == y.readers);
                prop_assert!(same || back.len() == BESIDE);
            }
        }
    }

    #[test]
    fn the_order_of_the_facts_makes_no_difference(
        loans in some_loans().prop_shuffle(), apart in some_apart(), latest in 1_usize..TITLES,
    ) {
        let mut ordered = loans.clone();
        ordered.sort_unstable();
        let (one, other) = (gather(&loans, &apart, latest), gather(&ordered, &apart, latest));

        prop_assert_eq!(found(&one), found(&other));
        let counted = |facts: &Facts| facts.loans().map(|(id, loans)| (id.clone(), loans.total, loans.month)).collect::<BTreeSet<_>>();
        prop_assert_eq!(counted(&one), counted(&other));
        for name in ShelfName::ALL {
            prop_assert_eq!(one.shelf(name), other.shelf(name));
        }
    }

    #[test]
    fn counts_are_those_of_the_loans(loans in some_loans()) {
        let facts = gather(&loans, &BTreeSet::new(), LATEST);
        for (id, counted) in facts.loans() {
            let of_title = loans.iter().filter(|(_, what, _)| numbered(*what) == *id);
            let month = of_title.clone().filter(|(.., hours)| time::day(hours_ago(*hours)) >= "2026-10-24".parse().unwrap());
            prop_assert_eq!(counted.total, u32::try_from(of_title.count()).unwrap());
            prop_assert_eq!(counted.month, u32::try_from(month.count()).unwrap());
        }
        let popular = facts.shelf(ShelfName::Popular);
        prop_assert!(popular.is_sorted_by(|a, b| (b.n, &a.id) < (a.n, &b.id)));
    }
}
