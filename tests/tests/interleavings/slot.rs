//! Two want the last place.

use serde_json::{Value, json};
use yujie_domain::parcel::LineStatus::Reserved;
use yujie_tests::{Ground, library};

use super::deed::{End, cancel, cross, ground, in_slot, order_in, ordered, redirect, site};
use crate::slots::{per_slot, taken};

fn afternoon() -> Value {
    json!({"day": "2026-11-24", "from": "12:00:00", "until": "18:00:00"})
}

fn evening() -> Value {
    json!({"day": "2026-11-24", "from": "18:00:00", "until": "21:00:00"})
}

/// Each slot takes one parcel.
async fn narrow() -> Ground {
    let ground = ground().await;
    per_slot(&ground, 1).await;
    ground
}

fn one_of(a: &End, b: &End, code: &str) {
    assert_ne!(a.done(), b.done(), "{a:?}, {b:?}");
    let refused = if a.done() { b } else { a };
    assert_eq!(refused.code, code);
}

#[tokio::test]
async fn the_last_place_of_a_slot_goes_to_one_of_two_orders() {
    let mut ground = narrow().await;
    let (one, other) =
        (order_in("order", 1, "b000004", &afternoon()), order_in("other order", 2, "b000005", &afternoon()));
    cross(&mut ground, one, other, async |ground, a: &End, b: &End| {
        one_of(a, b, "slot_full");
        assert_eq!(taken(ground).await.values().copied().collect::<Vec<u16>>(), [1]);
    })
    .await;
}

#[tokio::test]
async fn the_last_place_of_a_slot_goes_to_an_order_or_to_one_that_is_redirected() {
    let mut ground = narrow().await;
    let number = ordered(&ground, 1, &["b000004"], in_slot(1, &afternoon()), Reserved, false).await;
    let redirect = redirect(1, &number, in_slot(1, &evening()));
    let order = order_in("order", 2, "b000005", &evening());
    cross(&mut ground, redirect, order, async |ground, a: &End, b: &End| {
        one_of(a, b, "slot_full");
        let places = taken(ground).await;
        assert_eq!(places.values().map(|n| usize::from(*n)).sum::<usize>(), if a.done() { 1 } else { 2 });
    })
    .await;
}

#[tokio::test]
async fn a_place_that_is_given_back_is_taken_once_or_not_yet() {
    let mut ground = narrow().await;
    let number = ordered(&ground, 1, &["b000004"], in_slot(1, &afternoon()), Reserved, false).await;
    let order = order_in("order", 2, "b000005", &afternoon());
    cross(&mut ground, cancel(1, &number), order, async |ground, cancel: &End, order: &End| {
        assert!(cancel.done(), "{cancel:?}");
        assert!(order.done() || order.code == "slot_full", "{order:?}");
        let places: u16 = taken(ground).await.values().sum();
        assert_eq!(places, u16::from(order.done()));
    })
    .await;
}

#[tokio::test]
async fn the_last_place_of_a_site_goes_to_one_of_two_redirected_orders() {
    let mut ground = ground().await;
    ordered(&ground, 3, &["b000004"], site("S01"), Reserved, false).await;
    let home = |n| json!({"kind": "home", "address_id": library::reader(n).address.as_str()});
    let one = ordered(&ground, 1, &["b000004"], home(1), Reserved, false).await;
    let other = ordered(&ground, 2, &["b000005"], home(2), Reserved, false).await;
    let (one, other) = (redirect(1, &one, site("S01")), redirect(2, &other, site("S01")));
    cross(&mut ground, one, other, async |_: &Ground, a: &End, b: &End| one_of(a, b, "site_full")).await;
}
