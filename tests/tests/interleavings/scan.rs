//! A reader changes their mind while staff are at work on the parcel.

use serde_json::json;
use yujie_domain::parcel::LineStatus::{
    Accepted, Cancelled, Collected, Delivered, Dispatched, Packed, Picked, ReadyForPickup, Recalled,
    Uncollected,
};
use yujie_tests::library;

use super::deed::{
    brought, cancel, cross, days, expire, ground, holder, home, ordered, parcel, parcel_no, redirect, scan,
    site,
};

/// 红楼梦, of which there is one copy, at C01.
const TITLE: &str = "b000006";
const COPY: &str = "C0000601";

#[tokio::test]
async fn a_book_that_is_cancelled_while_it_is_picked_stays_on_its_shelf_or_is_taken_back() {
    let mut ground = ground().await;
    let number = ordered(&ground, 1, &[TITLE], home(&library::reader(1)), Accepted, true).await;
    let pick = scan("pick", "picker-c01", json!({"action": "pick", "barcode": COPY}));
    cross(&mut ground, cancel(1, &number), pick, async |ground, cancel, pick| {
        assert!(cancel.done());
        let line = parcel(ground, 1, &number).await.status();
        match pick.code.as_str() {
            "done" => assert_eq!(line, Recalled),
            "not_ordered" | "cancelled_by_reader" => assert_eq!((pick.status, line), (409, Cancelled)),
            other => panic!("{other}"),
        }
        assert_eq!(holder(ground, COPY).await, None);
    })
    .await;
}

#[tokio::test]
async fn a_book_that_is_cancelled_while_it_is_packed_is_taken_out() {
    let mut ground = ground().await;
    let number = ordered(&ground, 1, &[TITLE], home(&library::reader(1)), Picked, true).await;
    let pack = json!({"action": "pack", "parcel_no": parcel_no(&number), "barcode": COPY});
    let pack = scan("pack", "packer-c01", pack);
    cross(&mut ground, cancel(1, &number), pack, async |ground, cancel, pack| {
        assert!(cancel.done());
        assert!(["done", "cancelled_by_reader"].contains(&pack.code.as_str()), "{pack:?}");
        assert_eq!(parcel(ground, 1, &number).await.status(), Recalled);
        assert_eq!(holder(ground, COPY).await, None);
    })
    .await;
}

#[tokio::test]
async fn a_parcel_is_cancelled_or_handed_over() {
    let mut ground = ground().await;
    let number = ordered(&ground, 1, &[TITLE], home(&library::reader(1)), Packed, true).await;
    let hand_over = json!({"action": "hand_over", "parcel_no": parcel_no(&number)});
    let hand_over = scan("hand-over", "dispatcher-c01", hand_over);
    cross(&mut ground, cancel(1, &number), hand_over, async |ground, cancel, hand_over| {
        let parcel = parcel(ground, 1, &number).await;
        if cancel.done() {
            assert_eq!((hand_over.status, hand_over.code.as_str()), (409, "cancelled_by_reader"));
            assert_eq!((parcel.status(), holder(ground, COPY).await), (Recalled, None));
            assert!(parcel.booking.is_none() && parcel.revoked.is_some(), "the courier is to be called off");
        } else {
            assert_eq!((cancel.status, cancel.code.as_str()), (409, "too_late"));
            assert!(hand_over.done());
            assert_eq!(parcel.status(), Dispatched);
        }
    })
    .await;
}

#[tokio::test]
async fn a_parcel_is_sent_elsewhere_or_handed_over() {
    let mut ground = ground().await;
    let number = ordered(&ground, 1, &[TITLE], home(&library::reader(1)), Packed, true).await;
    let hand_over = json!({"action": "hand_over", "parcel_no": parcel_no(&number)});
    let hand_over = scan("hand-over", "dispatcher-c01", hand_over);
    let redirect = redirect(1, &number, site("S01"));
    cross(&mut ground, redirect, hand_over, async |ground, redirect, hand_over| {
        let parcel = parcel(ground, 1, &number).await;
        if redirect.done() {
            assert_eq!(
                (hand_over.status, hand_over.code.as_str()),
                (409, "not_booked"),
                "nobody is booked for it"
            );
            assert_eq!(
                (parcel.status(), parcel.destination.site()),
                (Packed, Some(&library::site_id("S01")))
            );
            assert!(parcel.booking.is_none() && parcel.revoked.is_some());
        } else {
            assert_eq!((redirect.status, redirect.code.as_str()), (409, "too_late"));
            assert_eq!((parcel.status(), parcel.destination.site()), (Dispatched, None));
        }
    })
    .await;
}

#[tokio::test]
async fn a_parcel_is_cancelled_or_brought_by_the_courier() {
    let mut ground = ground().await;
    let number = ordered(&ground, 1, &[TITLE], home(&library::reader(1)), Packed, true).await;
    cross(&mut ground, cancel(1, &number), brought(1, &number), async |ground, cancel, _| {
        let status = parcel(ground, 1, &number).await.status();
        if cancel.done() {
            assert_eq!((status, holder(ground, COPY).await), (Recalled, None));
        } else {
            assert_eq!((cancel.status, cancel.code.as_str(), status), (409, "too_late", Delivered));
            assert!(holder(ground, COPY).await.is_some());
        }
    })
    .await;
}

#[tokio::test]
async fn a_parcel_whose_time_is_over_is_collected_or_given_up() {
    let mut ground = ground().await;
    let number = ordered(&ground, 1, &[TITLE], site("S01"), ReadyForPickup, false).await;
    days(&ground, 8);
    let collect = json!({"action": "collect", "parcel_no": parcel_no(&number), "code": "123456"});
    let collect = scan("collect", "desk-s01", collect);
    cross(&mut ground, expire(1, &number), collect, async |ground, expire, collect| {
        let status = parcel(ground, 1, &number).await.status();
        if expire.done() {
            assert_eq!((collect.status, collect.code.as_str()), (409, "pickup_expired"));
            assert_eq!((status, holder(ground, COPY).await), (Uncollected, None));
        } else {
            assert!(collect.done());
            assert_eq!(status, Collected);
        }
    })
    .await;
}

#[tokio::test]
async fn a_box_leaves_when_the_cancelled_book_is_out_of_it() {
    let mut ground = ground().await;
    let titles = [TITLE, "b000004"];
    let number = ordered(&ground, 1, &titles, site("S01"), Packed, true).await;
    let unwanted = library::barcode(COPY);
    let order_no = yujie_domain::OrderNo::parse(&number).unwrap();
    ground.lending().cancel(&library::reader(1).rid, &order_no, &[unwanted]).await.unwrap();
    let take_out = json!({"action": "take_out", "parcel_no": parcel_no(&number), "barcode": COPY});
    let take_out = scan("take-out", "packer-c01", take_out);
    let hand_over = json!({"action": "hand_over", "parcel_no": parcel_no(&number)});
    let hand_over = scan("hand-over", "dispatcher-c01", hand_over);
    cross(&mut ground, take_out, hand_over, async |ground, take_out, hand_over| {
        assert_eq!(take_out.code, "done");
        let parcel = parcel(ground, 1, &number).await;
        assert_eq!(parcel.to_take_out(), None);
        match hand_over.code.as_str() {
            "done" => assert_eq!(parcel.status(), Dispatched),
            "take_out_first" => assert_eq!((hand_over.status, parcel.status()), (409, Packed)),
            other => panic!("{other}"),
        }
    })
    .await;
}
