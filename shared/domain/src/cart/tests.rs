use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::account::{Loan, OpenItem};
use crate::copy::{Copy, CopyStatus, Received};
use crate::ids::{Barcode, CardNo, ReaderId};
use crate::money::Fen;
use crate::order::{Action, quote};
use crate::rules::{ItemClass, Scope};
use crate::site::Point;
use crate::{text, time};

/// A Monday, ten in the morning in Shanghai.
fn now() -> Timestamp {
    "2026-11-23T02:00:00Z".parse().unwrap()
}

fn today() -> Date {
    time::day(now())
}

fn title(id: &str) -> TitleId {
    TitleId::parse(id).unwrap()
}

fn cart(ids: &[&str]) -> Cart {
    ids.iter().fold(Cart::default(), |cart, id| cart.put(&title(id), now()).unwrap())
}

fn ids(cart: &Cart) -> Vec<&str> {
    cart.lines.iter().map(|line| line.title_id.as_str()).collect()
}

fn reader() -> Account {
    Account::new(ReaderId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(), CardNo::from_serial(1), true)
}

/// A reader with so many books on their way, and so many at home.
fn reader_with(under_way: usize, at_home: usize) -> Account {
    let loan = Loan { since: now(), due: Date::constant(2026, 12, 23), renewed: 0, back: None };
    let item = |n: usize| OpenItem {
        barcode: Barcode::parse(&format!("Y9999{n}")).unwrap(),
        order_no: OrderNo::new(Timestamp::UNIX_EPOCH, 1),
        title: format!("《had{n}》"),
        class: ItemClass::Ordinary,
        loan: (n >= under_way).then_some(loan),
        returning: None,
    };
    let open = (0..under_way + at_home).map(|n| (title(&format!("had{n}")), item(n)));
    Account { open: open.collect(), ..reader() }
}

fn rules(json: &str) -> RuleSet {
    let set = format!(r#"{{"version":7,"starts":"2026-01-01","rules":{json}}}"#);
    serde_json::from_str(&set).unwrap()
}

fn by(rule: &str) -> By {
    By { rule: rule.to_owned(), version: 7, scope: Scope::ALL }
}

fn copy(n: usize, status: CopyStatus) -> Copy {
    let site = SiteId::parse("C01").unwrap();
    Copy {
        barcode: Barcode::parse(&format!("T{n:05}")).unwrap(),
        title_id: title("t"),
        site: site.clone(),
        call_number: "I313.45/1".to_owned(),
        class: ItemClass::Ordinary,
        price: None,
        status,
        holder: None,
        received: Received { at: Timestamp::UNIX_EPOCH, site },
        version: 1,
    }
}

/// A title of which so many copies are free and so many on loan.
fn offer(free: usize, lent: usize, waiting: u32) -> Offer {
    let status = |n: usize| if n < free { CopyStatus::Available } else { CopyStatus::OnLoan };
    Offer {
        title_id: title("t"),
        title: Some("《t》".to_owned()),
        copies: (0..free + lent).map(|n| copy(n, status(n))).collect(),
        waiting,
    }
}

fn seen(offer: &Offer, account: &Account, rules: &RuleSet) -> LineState {
    state(offer, account, rules, &BTreeMap::new(), now())
}

fn plain(offer: &Offer) -> LineState {
    seen(offer, &reader(), &RuleSet::founding())
}

#[test]
fn a_title_is_in_the_cart_once_and_stays_where_it_is() {
    let first = cart(&["a", "b", "c"]);
    let again = first.clone().put(&title("b"), now() + SignedDuration::from_hours(1)).unwrap();
    assert_eq!(again, first);
    assert_eq!(ids(&again.remove(&title("b")).put(&title("b"), now()).unwrap()), ["a", "c", "b"]);
    assert_eq!(first.clone().remove(&title("never")), first);
    assert_eq!(first.clone().emptied().lines, []);
    assert_eq!((first.next().version, Cart::default().version), (1, 0));
}

#[test]
fn there_is_room_for_fifty_titles_and_one_that_is_there_needs_none() {
    let names: Vec<String> = (0..MOST).map(|n| format!("t{n}")).collect();
    let full = cart(&names.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(full.clone().put(&title("more"), now()), Err(Full));
    assert_eq!(full.clone().put(&title("t7"), now()), Ok(full.clone()));
    assert!(full.remove(&title("t7")).put(&title("more"), now()).is_ok());
}

#[test]
fn what_was_ordered_since_it_was_added_is_not_in_the_cart() {
    let second = SignedDuration::from_secs(1);
    let full = cart(&["before", "after", "never", "a-year-after", "at-once"]);
    let ordered = |id: &str, at| (title(id), OrderNo::new(at, u32::MAX));
    let orders = BTreeMap::from([
        ordered("before", now() - second),
        ordered("after", now() + second),
        ordered("a-year-after", now() + SignedDuration::from_hours(24 * 365)),
        (title("at-once"), OrderNo::new(now(), 0)),
    ]);
    let left = full.without_ordered(&orders);
    assert_eq!(ids(&left), ["before", "never"]);

    let wanted_again = left.put(&title("after"), now() + second + second).unwrap();
    assert_eq!(wanted_again.clone().without_ordered(&orders), wanted_again);
}

#[test]
fn a_title_can_be_ordered_while_more_copies_are_free_than_readers_wait() {
    let queue = |waiting, likely_days| LineState::Queue { waiting, likely_days };
    assert_eq!(plain(&offer(3, 0, 0)), LineState::Now { copies: 3 });
    assert_eq!(plain(&offer(3, 1, 2)), LineState::Now { copies: 1 });
    assert_eq!(plain(&offer(2, 1, 2)), queue(2, 15), "both are theirs");
    assert_eq!(plain(&offer(0, 1, 0)), queue(0, 15));
    assert_eq!(plain(&offer(0, 1, 1)), queue(1, 45));
    assert_eq!(plain(&offer(0, 0, 0)), LineState::Never);
}

#[test]
fn copies_at_a_site_that_is_closed_for_long_are_not_free_now() {
    let place =
        |opens_in| Place { point: Point { lat: 0, lng: 0 }, opens_in, opens_on: None, closed: Vec::new() };
    let at = |opens_in| BTreeMap::from([(SiteId::parse("C01").unwrap(), place(opens_in))]);
    let look = |opens_in| {
        let rules = RuleSet::founding();
        state(&offer(2, 0, 0), &reader(), &rules, &at(opens_in), now())
    };
    assert_eq!(look(2), LineState::Now { copies: 2 });
    assert_eq!(look(3), LineState::Queue { waiting: 0, likely_days: 15 });
}

#[test]
fn what_is_not_sent_says_by_which_rule() {
    let json = r#"[{"set":{"rule":"lendable","value":false},"for":{"item":"reference"}},
        {"set":{"rule":"price_cap","value":10000}}]"#;
    let one = |change: fn(&mut Copy)| {
        let mut offer = offer(1, 0, 0);
        offer.copies.iter_mut().for_each(change);
        seen(&offer, &reader(), &rules(json))
    };
    let scope = Scope { item: Some(ItemClass::Reference), ..Scope::ALL };
    let for_reference = By { scope, ..by("lendable") };
    assert_eq!(one(|copy| copy.class = ItemClass::Reference), LineState::NotLendable { by: for_reference });
    assert_eq!(
        one(|copy| copy.price = Some(Fen(10_001))),
        LineState::TooDear { price_fen: 10_001, cap_fen: 10_000, by: by("price_cap") }
    );
    assert_eq!(one(|copy| copy.price = Some(Fen(10_000))), LineState::Now { copies: 1 });

    let mut mixed = offer(2, 1, 0);
    mixed.copies[0].class = ItemClass::Reference;
    assert_eq!(seen(&mixed, &reader(), &rules(json)), LineState::Now { copies: 1 }, "the other copy is lent");
}

#[test]
fn a_title_that_the_reader_has_or_waits_for_says_so_and_one_that_went_does_too() {
    let offer = offer(1, 0, 0);
    let founding = RuleSet::founding();
    let mut has = reader_with(0, 1);
    let item = has.open.values().next().unwrap().clone();
    let order_no = item.order_no.clone();
    has.open.insert(title("t"), item);
    assert_eq!(seen(&offer, &has, &founding), LineState::AlreadyHave { order_no });
    let waits = Account { holds: BTreeMap::from([(title("t"), now())]), ..reader() };
    assert_eq!(seen(&offer, &waits, &founding), LineState::AlreadyWaiting);
    assert_eq!(seen(&Offer { title: None, ..offer }, &waits, &founding), LineState::Gone);
}

fn every_state() -> Vec<LineState> {
    vec![
        LineState::Now { copies: 1 },
        LineState::Queue { waiting: 2, likely_days: 45 },
        LineState::AlreadyHave { order_no: OrderNo::new(now(), 1) },
        LineState::AlreadyWaiting,
        LineState::NotLendable { by: by("lendable") },
        LineState::TooDear { price_fen: 2, cap_fen: 1, by: by("price_cap") },
        LineState::Gone,
        LineState::Never,
    ]
}

#[test]
fn whatever_cannot_be_ordered_now_says_why_and_what_to_do() {
    for state in every_state() {
        match state.obstacle(&title("t")) {
            None => assert_eq!(state, LineState::Now { copies: 1 }),
            Some(obstacle) => {
                assert!(text::obstacle(&obstacle).ends_with('。'));
                assert!(!obstacle.actions(&reader()).is_empty());
                let queues =
                    obstacle.actions(&reader()).iter().any(|way| matches!(way, Action::JoinQueue { .. }));
                assert_eq!(queues, matches!(state, LineState::Queue { .. }), "{state:?}");
                assert_eq!(LineState::from(obstacle), state);
            }
        }
    }
}

#[test]
fn how_many_books_are_left_is_the_narrower_of_two_limits() {
    let left = |account: &Account, rules: &RuleSet| limit_left(account, rules, today());
    let founding = RuleSet::founding();
    assert_eq!(left(&reader(), &founding), 10);
    assert_eq!(left(&reader_with(2, 3), &founding), 5);
    assert_eq!(left(&reader_with(4, 8), &founding), 0);
    let few = rules(r#"[{"set":{"rule":"in_process","value":3}}]"#);
    assert_eq!(left(&reader_with(2, 3), &few), 1);
    let paused = Account { uncollected: vec![today(); 3], ..reader() };
    assert_eq!(left(&paused, &founding), 0);
    let expired = Account { expires: today().yesterday().ok(), ..reader() };
    assert_eq!(left(&expired, &founding), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The cart and the order never disagree: what can be ordered now is ordered, what cannot is refused for the very reason that is told.
    #[test]
    fn a_line_says_what_an_order_would_say(
        free in 0_usize..4, lent in 0_usize..3, waiting in 0_u32..4, known in any::<bool>(), dear in any::<bool>(),
        has in any::<bool>(), waits in any::<bool>(), (under_way, at_home) in (0_usize..12, 0_usize..3),
    ) {
        let mut offer = offer(free, lent, waiting);
        offer.title = offer.title.filter(|_| known);
        offer.copies.iter_mut().for_each(|copy| copy.price = dear.then_some(Fen(100_001)));
        let mut account = reader_with(under_way, at_home);
        if let Some(item) = account.open.values().next().cloned().filter(|_| has) {
            account.open.insert(title("t"), item);
        }
        account.holds.extend(waits.then(|| (title("t"), now())));
        let (rules, places) = (RuleSet::founding(), BTreeMap::new());
        let target = Target {
            destination: Destination::Home, zone: rules.zone("110105"), wish: Wish::default(), obstacle: None,
        };
        let asked = Asked {
            account: &account, rules: &rules, target: &target, if_missing: None, places: &places, now: now(), spread: 0,
        };

        let line = seen(&offer, &account, &rules);
        let answer = quote(std::slice::from_ref(&offer), &asked);

        if line.obstacle(&title("t")).is_some() {
            prop_assert!(answer.unwrap_err().into_iter().any(|obstacle| LineState::from(obstacle) == line));
        } else {
            prop_assert_eq!(answer.is_ok(), limit_left(&account, &rules, today()) > 0);
        }
    }
}
