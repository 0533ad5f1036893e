//! A payment comes while its order is given up.

use axum::body::{Body, to_bytes};
use http::Request;
use jiff::SignedDuration;
use serde_json::json;
use yujie_domain::PaymentNo;
use yujie_domain::parcel::LineStatus::{Cancelled, Reserved};
use yujie_domain::payment::{Payment, State};
use yujie_tests::ground::{Ground, request, send};
use yujie_tests::library;

use super::deed::{Deed, End, book_of_payment, cancel, cross, ground, home, ordered, parcel, redirect, site};

/// An order to the door for 3.00 yuan that the platform was asked to take, and what it will tell when it is paid.
async fn owed() -> (Ground, String, (http::request::Parts, Vec<u8>)) {
    let ground = ground().await;
    let rules =
        json!({"version": 2, "starts": "2026-01-01", "rules": [{"set": {"rule": "home_fee", "value": 300}}]});
    yujie_table::rules::add(&ground.table, &serde_json::from_value(rules).unwrap()).await.unwrap();
    let person = library::reader(1);
    let number = ordered(&ground, 1, &["b000006"], home(&person), Reserved, false).await;
    let (token, path) = (ground.token(&person.subject()), format!("/orders/{number}/payment"));
    let asked = send(ground.payments(), request("POST", &path, &token, &json!({"way": "native"}))).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    // When all of it crosses, the time to pay is over; the platform took the money before that.
    ground.pass(SignedDuration::from_mins(31));
    let (parts, body) = ground.platform.pay(&format!("D{number}")).into_parts();
    let body = to_bytes(body, 100_000).await.unwrap().to_vec();
    (ground, number, (parts, body))
}

fn told(number: &str, (parts, body): &(http::request::Parts, Vec<u8>)) -> Deed {
    let (parts, body) = (parts.clone(), body.clone());
    book_of_payment("pay", number, move |ground, _| {
        let request = Request::from_parts(parts.clone(), Body::from(body.clone()));
        let payments = ground.payments();
        Box::pin(async move {
            let answer = send(payments, request).await;
            assert!(answer.status < 500, "{}", answer.body);
            answer.status
        })
    })
}

fn lapse(number: &str) -> Deed {
    book_of_payment("lapse", number, |ground, no: PaymentNo| {
        let (lending, rid) = (ground.lending(), library::reader(1).rid);
        Box::pin(async move { if lending.lapse(&rid, &no).await.unwrap() { 200 } else { 409 } })
    })
}

async fn payment(ground: &Ground, number: &str) -> Payment {
    let (rid, no) = (library::reader(1).rid, number.parse().unwrap());
    yujie_table::payment::of_order(&ground.table, &rid, &no).await.unwrap().unwrap()
}

/// Whatever came first: the money is either for an order that goes on, or on its way back, once.
async fn settled(ground: &Ground, number: &str) -> bool {
    let (owed, parcel) = (payment(ground, number).await, parcel(ground, 1, number).await);
    assert!(matches!(owed.state, State::Paid { .. }), "{owed:?}");
    assert_eq!(owed.waived.0, 0);
    let goes_on = parcel.status() == Reserved;
    assert!(goes_on || parcel.status() == Cancelled);
    let back: Vec<u32> = owed.refunds.iter().map(|refund| refund.amount.0).collect();
    let kept = back.is_empty();
    assert!(kept || back == [300], "{back:?}");
    assert!(!(goes_on && kept && parcel.unpaid), "it was paid and still waits");
    assert!(goes_on || !kept, "paid for nothing");
    kept
}

#[tokio::test]
async fn who_pays_while_the_time_runs_out_has_the_books_or_the_money() {
    let (mut ground, number, notification) = owed().await;
    let (pays, lapses) = (told(&number, &notification), lapse(&number));
    cross(&mut ground, pays, lapses, async |ground, paid, lapsed| {
        assert!(paid.done(), "{paid:?}");
        assert_eq!(settled(ground, &number).await, !lapsed.done());
    })
    .await;
}

#[tokio::test]
async fn who_pays_while_cancelling_has_the_money() {
    let (mut ground, number, notification) = owed().await;
    let (pays, cancels) = (told(&number, &notification), cancel(1, &number));
    cross(&mut ground, pays, cancels, async |ground, paid, cancelled: &End| {
        assert!(paid.done() && cancelled.done(), "{paid:?} {cancelled:?}");
        assert!(!settled(ground, &number).await);
    })
    .await;
}

#[tokio::test]
async fn who_pays_while_sending_it_to_a_site_has_both() {
    let (mut ground, number, notification) = owed().await;
    let (pays, moves) = (told(&number, &notification), redirect(1, &number, site("S01")));
    cross(&mut ground, pays, moves, async |ground, paid, moved: &End| {
        assert!(paid.done() && moved.done(), "{paid:?} {moved:?}");
        assert!(!settled(ground, &number).await);
        let parcel = parcel(ground, 1, &number).await;
        assert_eq!((parcel.status(), parcel.unpaid), (Reserved, false));
    })
    .await;
}
