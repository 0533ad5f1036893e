//! A book is given back while something else happens to its loan.

use serde_json::json;
use yujie_domain::ReturnRef;
use yujie_domain::parcel::LineStatus::Delivered;
use yujie_domain::parcel::Ticket;
use yujie_domain::returning::{BookState, Booking, Command, Outcome, Return, Wanted};
use yujie_table::{account, returning};
use yujie_tests::{Ground, library};

use super::change::told;
use super::deed::{
    Deed, attend, book_return, cancel_return, check_in, collected, cross, days, ground, holder, home,
    ordered, renew, scan,
};

const TITLE: &str = "b000006";
const COPY: &str = "C0000601";
const WAYBILL: &str = "SF0000000001";

/// Reader 1 has the book at home, in the last days of its loan.
async fn lent() -> Ground {
    let ground = ground().await;
    ordered(&ground, 1, &[TITLE], home(&library::reader(1)), Delivered, false).await;
    days(&ground, 25);
    ground
}

/// The same, and it is booked for a return in this way.
async fn booked(way: Wanted) -> (Ground, ReturnRef) {
    let ground = lent().await;
    let rid = library::reader(1).rid;
    let new = yujie_lending::NewReturn { barcodes: vec![library::barcode(COPY)], way };
    let (asked, kept) = yujie_tests::ground::asked("a return");
    let answer = |_: &Return| -> Result<_, yujie_lending::ReturnError> { Ok(kept.clone()) };
    ground.lending().book_return(&rid, &new, &asked, answer).await.unwrap();
    let this = returning::list(&ground.table, &rid, None, 1).await.unwrap().remove(0);
    (ground, this.at)
}

/// The same with a courier who is booked.
async fn expected() -> (Ground, ReturnRef) {
    let ground = ground().await;
    let today = yujie_domain::time::day(ground.now());
    drop(ground);
    let day = today.checked_add(jiff::Span::new().days(26)).unwrap();
    let (ground, at) = booked(Wanted::Courier { address_id: library::reader(1).address, day }).await;
    let this = of(&ground, &at).await;
    let ticket = Ticket { task: "T1".to_owned(), order: "O1".to_owned() };
    let command = Command::Book(Booking { waybill: WAYBILL.parse().unwrap(), ticket });
    let Ok(Outcome::Changed(next)) = this.decide(&command, ground.now()) else { panic!("not booked") };
    returning::store(&ground.table, &next).await.unwrap();
    (ground, at)
}

async fn of(ground: &Ground, at: &ReturnRef) -> Return {
    returning::get(&ground.table, at).await.unwrap().unwrap()
}

/// Whether the loan runs; `None` when there is none.
async fn runs(ground: &Ground) -> Option<bool> {
    let account = account::get(&ground.table, &library::reader(1).rid).await.unwrap().unwrap();
    account.item_of(&library::barcode(COPY)).map(|(_, item)| item.loan.unwrap().runs())
}

fn take_back() -> Deed {
    scan("take back", "dispatcher-c01", json!({"action": "take_back", "barcode": COPY}))
}

#[tokio::test]
async fn a_book_is_renewed_before_it_was_handed_over_or_not_at_all() {
    let mut ground = lent().await;
    cross(&mut ground, take_back(), renew(1, COPY), async |ground, take_back, renew| {
        assert_eq!(take_back.code, "done");
        assert!(renew.done() || renew.code == "given_back", "{renew:?}");
        assert_eq!(runs(ground).await, Some(false), "a hand-over after a renewal stands");
    })
    .await;
}

#[tokio::test]
async fn a_book_that_is_checked_in_while_a_driver_takes_it_is_in() {
    let mut ground = lent().await;
    let check_in = check_in("check-in", "desk-l01", COPY);
    cross(&mut ground, take_back(), check_in, async |ground, take_back, check_in| {
        assert_eq!(check_in.code, "done");
        assert!(take_back.code == "done" || take_back.code == "not_on_loan", "{take_back:?}");
        assert_eq!((runs(ground).await, holder(ground, COPY).await), (None, None));
        let made = returning::list(&ground.table, &library::reader(1).rid, None, 9).await.unwrap();
        assert_eq!(made.len(), usize::from(take_back.done()));
        assert!(made.iter().all(|this| this.books[0].state == BookState::Back), "{made:?}");
    })
    .await;
}

#[tokio::test]
async fn a_return_is_booked_for_a_book_or_it_was_taken_already_and_never_both_apart() {
    let mut ground = lent().await;
    cross(&mut ground, take_back(), book_return(1, COPY), async |ground, take_back, booked| {
        assert_eq!(take_back.code, "done");
        assert!(booked.done() || booked.code == "given_back", "{booked:?}");
        let made = returning::list(&ground.table, &library::reader(1).rid, None, 9).await.unwrap();
        assert_eq!(made.len(), 1);
        assert_eq!(made[0].books[0].state, BookState::GivenBack);
        assert_eq!(runs(ground).await, Some(false));
    })
    .await;
}

#[tokio::test]
async fn two_returns_of_one_book_are_one() {
    let mut ground = lent().await;
    let (one, other) = (book_return(1, COPY), scan_free());
    cross(&mut ground, one, other, async |ground, one, other| {
        assert!(one.done() != other.done(), "{one:?} {other:?}");
        let refused = if one.done() { other } else { one };
        assert_eq!(refused.code, "already_booked");
        assert_eq!(returning::list(&ground.table, &library::reader(1).rid, None, 9).await.unwrap().len(), 1);
    })
    .await;
}

/// Another return of the same book.
fn scan_free() -> Deed {
    super::deed::book_return_again(1, COPY)
}

#[tokio::test]
async fn a_courier_collects_while_the_desk_checks_in_and_the_book_is_in() {
    let (mut ground, at) = expected().await;
    let check_in = check_in("check-in", "desk-l01", COPY);
    let collected = collected(&at, WAYBILL);
    cross(&mut ground, collected, check_in, async |ground, collected, check_in| {
        assert!(collected.done() && check_in.code == "done", "{collected:?} {check_in:?}");
        assert_eq!((runs(ground).await, holder(ground, COPY).await), (None, None));
        assert_eq!(of(ground, &at).await.books[0].state, BookState::Back);
    })
    .await;
}

#[tokio::test]
async fn a_return_that_is_called_off_while_the_courier_collects_is_given_back() {
    let (mut ground, at) = expected().await;
    let collected = collected(&at, WAYBILL);
    cross(&mut ground, cancel_return(1, &at), collected, async |ground, cancel, collected| {
        assert!(collected.done(), "{collected:?}");
        assert!(cancel.done() || cancel.code == "handed_over", "{cancel:?}");
        let this = of(ground, &at).await;
        assert_eq!((this.books[0].state, this.call_off), (BookState::GivenBack, false));
        assert_eq!(runs(ground).await, Some(false));
    })
    .await;
}

#[tokio::test]
async fn no_courier_comes_for_a_return_that_is_called_off_while_he_is_booked() {
    for unheard in [false, true] {
        let today = yujie_domain::time::day(library::NOW.parse().unwrap());
        let day = today.checked_add(jiff::Span::new().days(25)).unwrap();
        let (mut ground, at) = booked(Wanted::Courier { address_id: library::reader(1).address, day }).await;
        if unheard {
            ground.outside.lose_cancellations();
        }
        ground.outside.take();
        cross(&mut ground, cancel_return(1, &at), attend(&at), async |ground, cancel, _| {
            assert!(cancel.done(), "{cancel:?}");
            let (booked, _, called_off) = told(ground).await;
            let this = of(ground, &at).await;
            assert_eq!((this.books[0].state, this.call_off), (BookState::Cancelled, false));
            assert_eq!(booked.len(), called_off, "{booked:?}");
            assert_eq!(runs(ground).await, Some(true));
        })
        .await;
    }
}

#[tokio::test]
async fn a_return_that_is_called_off_while_a_driver_takes_the_book_is_called_off_or_given_back() {
    let (mut ground, at) = booked(Wanted::Site { site_id: library::site_id("S01") }).await;
    cross(&mut ground, cancel_return(1, &at), take_back(), async |ground, cancel, take_back| {
        assert_eq!(take_back.code, "done");
        assert!(cancel.done() || cancel.code == "handed_over", "{cancel:?}");
        let state = of(ground, &at).await.books[0].state;
        assert_eq!(state == BookState::GivenBack, !cancel.done());
        assert_eq!(runs(ground).await, Some(false));
    })
    .await;
}
