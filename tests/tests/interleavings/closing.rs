//! A site closes while readers and staff do something to what goes there or waits there.

use serde_json::json;
use yujie_domain::parcel::LineStatus::{
    Accepted, Cancelled, Collected, Delivering, Packed, ReadyForPickup, Uncollected,
};
use yujie_domain::parcel::{Carrier, Parcel};
use yujie_domain::site::{Closure, Site};
use yujie_table::{order, site as sites};
use yujie_tests::{Ground, library};

use super::deed::{
    End, book, cancel, cross, days, expire, ground, home, keep_longer, make_way, order_to, ordered, parcel,
    parcel_no, redirect, scan, site,
};

/// 红楼梦, of which there is one copy, at C01.
const TITLE: &str = "b000006";

/// S01 is closed on these days.
async fn close(ground: &Ground, from: &str, until: &str) {
    let kept = sites::get_versioned(&ground.table, &library::site_id("S01")).await.unwrap().unwrap();
    let closure = Closure::new(from.parse().unwrap(), until.parse().unwrap(), "装修").unwrap();
    let closed = Site { closures: vec![closure], ..kept.site };
    assert!(matches!(
        sites::store(&ground.table, &closed, kept.version).await.unwrap(),
        sites::Stored::Now(_)
    ));
}

/// Where a parcel and its order's head go: to the same place.
async fn goes(ground: &Ground, parcel: &Parcel) -> Option<String> {
    let head = order::head(&ground.table, &parcel.at.rid, &parcel.at.order_no).await.unwrap().unwrap();
    assert_eq!(head.destination, parcel.destination);
    parcel.destination.site().map(ToString::to_string)
}

/// How many places are taken.
fn taken(ground: &Ground, site: &str) -> String {
    let items = ground.items();
    let load = items.get(&format!("SITE#{site} / LOAD"));
    load.map_or("0".to_owned(), |load| load["n"]["N"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn an_order_goes_where_its_reader_says_though_its_site_closes_at_that_moment() {
    let mut ground = ground().await;
    let person = library::reader(1);
    let number = ordered(&ground, 1, &[TITLE], site("S01"), Packed, true).await;
    close(&ground, "2026-11-24", "2026-12-10").await;
    let redirect = redirect(1, &number, home(&person));
    cross(&mut ground, redirect, make_way(1, &number), async |ground, redirect, _| {
        assert!(redirect.done(), "{redirect:?}");
        let parcel = parcel(ground, 1, &number).await;
        assert_eq!((goes(ground, &parcel).await, parcel.booking), (None, None));
        assert_eq!(taken(ground, "S01"), "0");
    })
    .await;
}

#[tokio::test]
async fn an_order_that_is_cancelled_goes_nowhere_and_takes_no_place() {
    let mut ground = ground().await;
    let number = ordered(&ground, 1, &[TITLE], site("S01"), Accepted, true).await;
    close(&ground, "2026-11-24", "2026-12-10").await;
    cross(&mut ground, cancel(1, &number), make_way(1, &number), async |ground, cancel, _| {
        assert!(cancel.done(), "{cancel:?}");
        assert_eq!(parcel(ground, 1, &number).await.status(), Cancelled);
        assert_eq!((taken(ground, "S01"), taken(ground, "L01")), ("0".to_owned(), "0".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_parcel_reaches_the_closed_site_or_the_other_one() {
    let mut ground = ground().await;
    let number = ordered(&ground, 1, &[TITLE], site("S01"), Delivering, false).await;
    close(&ground, "2026-11-24", "2026-12-10").await;
    let arrive = scan("arrive", "desk-s01", json!({"action": "arrive", "parcel_no": parcel_no(&number)}));
    cross(&mut ground, make_way(1, &number), arrive, async |ground, way, arrive| {
        let parcel = parcel(ground, 1, &number).await;
        let there = goes(ground, &parcel).await;
        if arrive.done() {
            assert_eq!((parcel.status(), there.as_deref()), (ReadyForPickup, Some("S01")));
            assert_eq!((way.code.as_str(), taken(ground, "S01").as_str()), ("not", "1"));
        } else {
            assert_eq!((arrive.status, arrive.code.as_str()), (409, "wrong_site"));
            assert_eq!((parcel.status(), there.as_deref()), (Delivering, Some("L01")));
            assert!(way.done());
            assert_eq!(taken(ground, "S01"), "0");
        }
    })
    .await;
}

#[tokio::test]
async fn the_van_is_booked_for_where_the_parcel_goes() {
    let mut ground = ground().await;
    let number = ordered(&ground, 1, &[TITLE], site("S01"), Packed, false).await;
    close(&ground, "2026-11-24", "2026-12-10").await;
    cross(&mut ground, make_way(1, &number), book(1, &number), async |ground, way, _: &End| {
        assert!(way.done(), "{way:?}");
        let parcel = parcel(ground, 1, &number).await;
        assert_eq!(goes(ground, &parcel).await.as_deref(), Some("L01"));
        let carrier = parcel.booking.map(|booking| booking.carrier);
        // When the van was booked before, the stream tells `dispatch` to book it anew.
        assert!(matches!(carrier, None | Some(Carrier::Van)), "{carrier:?}");
    })
    .await;
}

#[tokio::test]
async fn two_orders_do_not_take_the_last_place_of_the_other_site() {
    let mut ground = ground().await;
    let number = ordered(&ground, 1, &[TITLE], site("S01"), Accepted, false).await;
    let one = library::sites().into_iter().find(|site| site.id.as_str() == "L01").unwrap();
    sites::load(&ground.table, &Site { capacity: Some(1), ..one }).await.unwrap();
    close(&ground, "2026-11-24", "2026-12-10").await;
    let order = order_to("order", 2, "b000004", site("L01"));
    cross(&mut ground, make_way(1, &number), order, async |ground, way, order| {
        assert!(way.done(), "{way:?}");
        let parcel = parcel(ground, 1, &number).await;
        let there = goes(ground, &parcel).await;
        if order.done() {
            assert_eq!(there.as_deref(), Some("C01"), "L01 is full");
        } else {
            assert_eq!((order.status, order.code.as_str()), (409, "site_full"));
            assert_eq!(there.as_deref(), Some("L01"));
        }
        assert_eq!(taken(ground, "L01"), "1");
    })
    .await;
}

#[tokio::test]
async fn a_parcel_is_collected_or_kept_for_longer_and_then_collected() {
    let mut ground = ground().await;
    let number = ordered(&ground, 1, &[TITLE], site("S01"), ReadyForPickup, false).await;
    close(&ground, "2026-11-26", "2026-12-10").await;
    let collect = json!({"action": "collect", "parcel_no": parcel_no(&number), "code": "123456"});
    let collect = scan("collect", "desk-s01", collect);
    cross(&mut ground, keep_longer(1, &number), collect, async |ground, kept, collect| {
        assert!(collect.done(), "{collect:?}");
        let parcel = parcel(ground, 1, &number).await;
        assert_eq!((parcel.status(), parcel.closings.len() == 1), (Collected, kept.done()));
    })
    .await;
}

#[tokio::test]
async fn a_parcel_whose_last_day_is_over_is_given_up_or_kept_for_longer() {
    let mut ground = ground().await;
    let number = ordered(&ground, 1, &[TITLE], site("S01"), ReadyForPickup, false).await;
    days(&ground, 8);
    close(&ground, "2026-11-28", "2026-12-10").await;
    cross(&mut ground, keep_longer(1, &number), expire(1, &number), async |ground, kept, expire| {
        let parcel = parcel(ground, 1, &number).await;
        assert_ne!(kept.done(), expire.done(), "one of both");
        assert_eq!(parcel.status(), if kept.done() { ReadyForPickup } else { Uncollected });
    })
    .await;
}
