//! Several want one book.

use yujie_domain::parcel::LineStatus::{Delivered, Reserved};
use yujie_tests::{Ground, library};

use super::deed::{
    End, cancel, change_hold, check_in, cross, days, give, ground, hold, holder, home, leave, order, ordered,
    renew, site, waits, work_off_holds,
};

/// 红楼梦, of which there is one copy, at C01.
const TITLE: &str = "b000006";
const COPY: &str = "C0000601";

/// Reader 1 has the book at home.
async fn lent() -> Ground {
    let ground = ground().await;
    ordered(&ground, 1, &[TITLE], home(&library::reader(1)), Delivered, false).await;
    ground
}

/// Reader 1 has the book at home, and reader 2 waits for it.
async fn awaited() -> Ground {
    let ground = lent().await;
    queue(&ground, 2, TITLE).await;
    ground
}

async fn queue(ground: &Ground, reader: u32, title: &str) {
    let new = yujie_lending::NewHold {
        title_id: library::title_id(title),
        deliver_to: serde_json::from_value(site("S01")).unwrap(),
        until: None,
    };
    let (asked, kept) = yujie_tests::ground::asked(&format!("hold of {reader}"));
    let answer = |_: &_| -> Result<_, yujie_lending::HoldError> { Ok(kept.clone()) };
    ground.lending().place_hold(&library::reader(reader).rid, &new, &asked, answer).await.unwrap();
}

fn is(reader: u32, holder: Option<&(String, String)>) -> bool {
    holder.is_some_and(|(rid, _)| *rid == library::reader(reader).rid.to_string())
}

/// Reader 2 has the book, or was told why not and nobody has it.
fn has_it_or_was_told(end: &End, code: &str, holder: Option<&(String, String)>) {
    if end.done() {
        assert!(is(2, holder));
    } else {
        assert_eq!((end.status, end.code.as_str(), holder), (409, code, None));
    }
}

#[tokio::test]
async fn a_book_is_renewed_or_was_handed_in() {
    let mut ground = lent().await;
    days(&ground, 25);
    let check_in = check_in("check-in", "desk-l01", COPY);
    cross(&mut ground, check_in, renew(1, COPY), async |ground, check_in, renew| {
        assert_eq!(check_in.code, "done");
        assert!(renew.done() || (renew.status, renew.code.as_str()) == (404, "loan_not_found"), "{renew:?}");
        assert_eq!(holder(ground, COPY).await, None);
    })
    .await;
}

#[tokio::test]
async fn a_book_that_somebody_waits_for_goes_to_them_and_not_into_another_loan() {
    let mut ground = awaited().await;
    days(&ground, 25);
    let check_in = check_in("check-in", "desk-c01", COPY);
    cross(&mut ground, check_in, renew(1, COPY), async |ground, check_in, renew| {
        assert_eq!(check_in.code, "done");
        assert!(["awaited", "loan_not_found"].contains(&renew.code.as_str()), "{renew:?}");
        assert!(is(2, holder(ground, COPY).await.as_ref()));
    })
    .await;
}

#[tokio::test]
async fn who_queues_while_the_book_comes_back_gets_it_or_is_told_to_order_it() {
    let mut ground = lent().await;
    let check_in = check_in("check-in", "desk-c01", COPY);
    cross(&mut ground, hold(2, TITLE, site("S01")), check_in, async |ground, hold, check_in| {
        assert_eq!(check_in.code, "done");
        work_off_holds(ground).await;
        assert_eq!(waits(ground, 2).await, 0, "nobody waits for a book that is there");
        has_it_or_was_told(hold, "available_now", holder(ground, COPY).await.as_ref());
    })
    .await;
}

#[tokio::test]
async fn who_leaves_the_queue_while_the_book_comes_back_has_left_or_has_it() {
    let mut ground = awaited().await;
    let check_in = check_in("check-in", "desk-c01", COPY);
    cross(&mut ground, leave(2, TITLE), check_in, async |ground, leave, check_in| {
        assert_eq!(check_in.code, "done");
        work_off_holds(ground).await;
        assert_eq!(waits(ground, 2).await, 0);
        let holder = holder(ground, COPY).await;
        if leave.done() {
            assert_eq!(holder, None);
        } else {
            assert_eq!((leave.status, leave.code.as_str()), (404, "not_found"));
            assert!(is(2, holder.as_ref()));
        }
    })
    .await;
}

#[tokio::test]
async fn who_suspends_while_the_book_comes_back_waits_on_or_has_it() {
    let mut ground = awaited().await;
    queue(&ground, 3, TITLE).await;
    let suspend = serde_json::json!({"suspended_until": "2026-12-24"});
    let suspend = change_hold("suspend", 2, TITLE, suspend);
    let check_in = check_in("check-in", "desk-c01", COPY);
    cross(&mut ground, suspend, check_in, async |ground, suspend, check_in| {
        assert_eq!(check_in.code, "done");
        work_off_holds(ground).await;
        let holder = holder(ground, COPY).await;
        match (suspend.status, waits(ground, 2).await) {
            (200, 1) => assert!(is(3, holder.as_ref()), "the next one has it"),
            // Changed first and answered when the book had come: then there is nothing any more to show.
            (404, 0) => assert!(is(2, holder.as_ref())),
            other => panic!("{other:?}, and {holder:?} has it"),
        }
    })
    .await;
}

/// Two copies of a title stand free, and the hold of reader 2 for it has just begun to wait again.
async fn resumed() -> Ground {
    let ground = ground().await;
    let book = |code| library::copy(code, "t000001", "C01", "A1");
    ground
        .add_title(library::title("t000001", "呐喊", "鲁迅"), vec![book("C7770001"), book("C7770002")])
        .await;
    ordered(&ground, 1, &["t000001"], home(&library::reader(1)), Delivered, false).await;
    ordered(&ground, 3, &["t000001"], home(&library::reader(3)), Delivered, false).await;
    queue(&ground, 2, "t000001").await;
    let suspend = yujie_lending::HoldChange {
        resumes: yujie_lending::Change::To(Some("2026-11-25".parse().unwrap())),
        ..yujie_lending::HoldChange::default()
    };
    let (lending, title) = (ground.lending(), library::title_id("t000001"));
    lending.change_hold(&library::reader(2).rid, &title, &suspend).await.unwrap();
    for code in ["C7770001", "C7770002"] {
        lending.check_in(&library::barcode(code), &library::site_id("C01")).await.unwrap();
    }
    days(&ground, 2);
    ground
}

#[tokio::test]
async fn who_orders_and_who_waits_get_one_copy_each() {
    let mut ground = resumed().await;
    cross(&mut ground, order("order", 3, "t000001"), give("t000001"), async |ground, order, _| {
        assert!(order.done(), "{order:?}");
        let (one, two) = (holder(ground, "C7770001").await, holder(ground, "C7770002").await);
        assert!(is(2, one.as_ref()) && is(3, two.as_ref()) || is(3, one.as_ref()) && is(2, two.as_ref()));
        assert_eq!(waits(ground, 2).await, 0);
    })
    .await;
}

#[tokio::test]
async fn who_leaves_the_queue_when_it_is_their_turn_has_left_or_has_the_book() {
    let mut ground = resumed().await;
    cross(&mut ground, leave(2, "t000001"), give("t000001"), async |ground, leave, _| {
        let (one, two) = (holder(ground, "C7770001").await, holder(ground, "C7770002").await);
        assert_eq!((waits(ground, 2).await, &two), (0, &None));
        if leave.done() {
            assert_eq!(one, None);
        } else {
            assert_eq!((leave.status, leave.code.as_str()), (404, "not_found"));
            assert!(is(2, one.as_ref()));
        }
    })
    .await;
}

#[tokio::test]
async fn of_two_copies_that_come_back_the_one_who_waits_gets_one() {
    let mut ground = ground().await;
    let book = |code| library::copy(code, "t000001", "C01", "A1");
    ground
        .add_title(library::title("t000001", "呐喊", "鲁迅"), vec![book("C7770001"), book("C7770002")])
        .await;
    ordered(&ground, 1, &["t000001"], home(&library::reader(1)), Delivered, false).await;
    ordered(&ground, 3, &["t000001"], home(&library::reader(3)), Delivered, false).await;
    queue(&ground, 2, "t000001").await;
    let (one, two) = (
        check_in("check-in of one", "desk-c01", "C7770001"),
        check_in("check-in of two", "desk-l01", "C7770002"),
    );
    cross(&mut ground, one, two, async |ground, one, two| {
        assert!(one.done() && two.done(), "{one:?}, {two:?}");
        let (one, two) = (holder(ground, "C7770001").await, holder(ground, "C7770002").await);
        assert!(is(2, one.as_ref()) != is(2, two.as_ref()), "{one:?}, {two:?}");
        assert!(one.is_none() || two.is_none());
        assert_eq!(waits(ground, 2).await, 0);
    })
    .await;
}

#[tokio::test]
async fn one_copy_goes_to_one_of_two_orders() {
    let mut ground = ground().await;
    let (one, two) = (order("order of one", 1, TITLE), order("order of two", 2, TITLE));
    cross(&mut ground, one, two, async |ground, one, two| {
        let (won, lost, reader) = if one.done() { (one, two, 1) } else { (two, one, 2) };
        assert_eq!((won.status, lost.status, lost.code.as_str()), (201, 409, "no_copy_available"));
        assert!(is(reader, holder(ground, COPY).await.as_ref()));
    })
    .await;
}

#[tokio::test]
async fn who_orders_what_another_reader_cancels_gets_it_or_was_too_early() {
    let mut ground = ground().await;
    let number = ordered(&ground, 1, &[TITLE], home(&library::reader(1)), Reserved, false).await;
    cross(&mut ground, order("order", 2, TITLE), cancel(1, &number), async |ground, order, cancel| {
        assert!(cancel.done());
        has_it_or_was_told(order, "no_copy_available", holder(ground, COPY).await.as_ref());
    })
    .await;
}

#[tokio::test]
async fn what_one_cancels_goes_to_who_waits_and_not_to_who_orders() {
    let mut ground = ground().await;
    let number = ordered(&ground, 1, &[TITLE], home(&library::reader(1)), Reserved, false).await;
    queue(&ground, 3, TITLE).await;
    cross(&mut ground, order("order", 2, TITLE), cancel(1, &number), async |ground, order, cancel| {
        assert!(cancel.done());
        assert_eq!((order.status, order.code.as_str()), (409, "no_copy_available"));
        assert!(is(3, holder(ground, COPY).await.as_ref()));
    })
    .await;
}
