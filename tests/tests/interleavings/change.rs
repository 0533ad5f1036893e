//! An order goes elsewhere while its carrier is asked.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::json;
use yujie_domain::parcel::Carrier;
use yujie_domain::parcel::LineStatus::{Packed, Recalled};
use yujie_tests::ground::{Ground, request, send};
use yujie_tests::{Life, Sent, library};

use super::deed::{End, book, cancel, cross, ground, home, ordered, parcel, redirect, site};

/// 红楼梦, of which there is one copy, at C01.
const TITLE: &str = "b000006";

/// What the courier was told: the parcels that he was booked for, each with the last address; and how often he was called off.
pub(super) async fn told(ground: &Ground) -> (BTreeSet<String>, String, usize) {
    let life = Life::new(ground);
    let at_once = ground.outside.take();
    life.settle().await;
    // What nobody was told of is found by the sweep.
    let soon = SignedDuration::from_mins(2);
    ground.pass(soon);
    promises::handle(&ground.promises(), promises::Job::Redrive).await.unwrap();
    life.settle().await;
    ground.pass(-soon);
    let later = life.gone.lock().unwrap().clone();
    let params = at_once.iter().chain(&later).filter_map(|sent| match sent {
        Sent::Booking { param } => Some(param.clone()),
        _ => None,
    });
    let (mut booked, mut address, mut called_off) = (BTreeSet::new(), String::new(), 0);
    for param in params {
        match param["thirdOrderId"].as_str() {
            Some(number) => {
                booked.insert(number.to_owned());
                address = param.to_string();
            }
            None => called_off += 1,
        }
    }
    (booked, address, called_off)
}

#[tokio::test]
async fn the_courier_who_comes_is_the_one_for_the_new_address() {
    one_comes_to_the_new_address(ground().await).await;
}

#[tokio::test]
async fn a_courier_who_does_not_hear_that_he_is_called_off_is_told_again() {
    let unheard = ground().await;
    unheard.outside.lose_cancellations();
    one_comes_to_the_new_address(unheard).await;
    let unheard = ground().await;
    unheard.outside.lose_cancellations();
    none_comes_for_what_is_cancelled(unheard).await;
}

async fn one_comes_to_the_new_address(mut ground: Ground) {
    let person = library::reader(1);
    let new =
        json!({"recipient": "张三", "phone": "13800000001", "division": "110101", "street": "东四十条1号"});
    let token = ground.token(&person.subject());
    let mut added = request("POST", "/me/addresses", &token, &new);
    added.headers_mut().insert("idempotency-key", "another-address".parse().unwrap());
    let added = send(ground.profile(), added).await;
    let to = json!({"kind": "home", "address_id": added.body["address_id"]});
    let number = ordered(&ground, 1, &[TITLE], home(&person), Packed, false).await;
    ground.outside.take();
    cross(&mut ground, redirect(1, &number, to), book(1, &number), async |ground, redirect, _: &End| {
        assert!(redirect.done(), "{redirect:?}");
        let (booked, address, called_off) = told(ground).await;
        let parcel = parcel(ground, 1, &number).await;
        assert_eq!(parcel.booking.as_ref().map(|booking| booking.carrier), Some(Carrier::Kuaidi100));
        assert_eq!(parcel.revoked, None);
        assert!(address.contains("东四十条1号"), "{address}");
        assert_eq!(booked.len() - called_off, 1, "{booked:?}, called off {called_off} times");
    })
    .await;
}

#[tokio::test]
async fn no_courier_comes_for_what_goes_by_van() {
    let mut ground = ground().await;
    let number = ordered(&ground, 1, &[TITLE], home(&library::reader(1)), Packed, false).await;
    ground.outside.take();
    let redirect = redirect(1, &number, site("S01"));
    cross(&mut ground, redirect, book(1, &number), async |ground, redirect, _: &End| {
        assert!(redirect.done(), "{redirect:?}");
        let (booked, _, called_off) = told(ground).await;
        let parcel = parcel(ground, 1, &number).await;
        assert_eq!(parcel.booking.as_ref().map(|booking| booking.carrier), Some(Carrier::Van));
        assert_eq!(parcel.revoked, None);
        assert_eq!(booked.len(), called_off, "{booked:?}");
    })
    .await;
}

#[tokio::test]
async fn no_courier_comes_for_what_is_cancelled() {
    none_comes_for_what_is_cancelled(ground().await).await;
}

async fn none_comes_for_what_is_cancelled(mut ground: Ground) {
    let number = ordered(&ground, 1, &[TITLE], home(&library::reader(1)), Packed, false).await;
    ground.outside.take();
    cross(&mut ground, cancel(1, &number), book(1, &number), async |ground, cancel, _: &End| {
        assert!(cancel.done(), "{cancel:?}");
        let (booked, _, called_off) = told(ground).await;
        let parcel = parcel(ground, 1, &number).await;
        assert_eq!((parcel.status(), parcel.booking, parcel.revoked), (Recalled, None, None));
        assert_eq!(booked.len(), called_off, "{booked:?}");
    })
    .await;
}
