//! Readers give books back: at a desk, to a courier, along with a delivery. The loan stops when they hand them over.

use jiff::SignedDuration;
use serde_json::{Value, json};
use yujie_domain::ReturnRef;
use yujie_domain::parcel::{Destination, LineStatus};
use yujie_tests::ground::{request, send};
use yujie_tests::library::{self, Person};
use yujie_tests::{Answer, Ground, Life, Sent, scene};

/// 红楼梦, and two more that reader 1 has at home.
const BOOKS: [&str; 3] = ["C0000601", "C0000401", "C0000501"];

/// Reader 1 has three books at home.
async fn ground() -> Ground {
    let ground = Ground::new().await;
    let one = library::reader(1);
    scene::place(&ground, &one, "261120HOME000001", &BOOKS, Destination::Home).await;
    scene::advance(&ground, &one, "261120HOME000001", LineStatus::Delivered, false).await;
    ground.changes();
    ground
}

async fn book(ground: &Ground, key: &str, barcodes: &[&str], way: Value) -> Answer {
    let token = ground.token(&library::reader(1).subject());
    let mut asked = request("POST", "/returns", &token, &json!({"barcodes": barcodes, "way": way}));
    asked.headers_mut().insert("idempotency-key", key.parse().unwrap());
    send(ground.returns(), asked).await
}

async fn ask(ground: &Ground, method: &str, path: &str) -> Answer {
    let token = ground.token(&library::reader(1).subject());
    send(ground.returns(), request(method, path, &token, &Value::Null)).await
}

async fn scan(ground: &Ground, staff: &str, action: &str, barcode: &str) -> Answer {
    let token = ground.token(&library::staff(staff));
    let body = json!({"action": action, "barcode": barcode});
    send(ground.warehouse(), request("POST", "/staff/scans", &token, &body)).await
}

fn site(id: &str) -> Value {
    json!({"kind": "site", "site_id": id})
}

fn at_home(person: &Person, day: &str) -> Value {
    json!({"kind": "courier", "address_id": person.address.as_str(), "day": day})
}

/// The loan of a book, as its reader sees it.
async fn loan(ground: &Ground, barcode: &str) -> Option<Value> {
    let token = ground.token(&library::reader(1).subject());
    let loans = send(ground.ordering(), request("GET", "/loans", &token, &Value::Null)).await;
    let items = loans.body["items"].as_array().unwrap().clone();
    items.into_iter().find(|loan| loan["barcode"] == barcode)
}

fn codes(answer: &Answer) -> Vec<&str> {
    let reasons = answer.body["reasons"].as_array().unwrap();
    assert!(reasons.iter().all(|reason| reason["detail"].as_str().unwrap().contains('。')), "{reasons:?}");
    reasons.iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}

fn number(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body["return_no"].as_str().unwrap().to_owned()
}

fn reference(no: &str) -> ReturnRef {
    ReturnRef { rid: library::reader(1).rid, no: no.parse().unwrap() }
}

#[tokio::test]
async fn a_reader_books_two_books_to_a_site_and_is_credited_at_the_desk_before_they_are_checked_in() {
    let ground = ground().await;
    let no = number(&book(&ground, "return-1", &BOOKS[..2], site("S01")).await);
    assert_eq!(loan(&ground, BOOKS[0]).await.unwrap()["return_no"], json!(no));

    let taken = scan(&ground, "desk-s01", "take_back", BOOKS[0]).await;
    assert_eq!((taken.status, &taken.body["outcome"]), (200, &json!("done")), "{}", taken.body);
    assert_eq!(taken.body["return_no"], json!(no));
    assert_eq!(scan(&ground, "desk-s01", "take_back", BOOKS[0]).await.body["outcome"], "already");

    let given = loan(&ground, BOOKS[0]).await.unwrap();
    assert_eq!(given["handed_over_at"], json!(ground.now().to_string()));
    let shown = ask(&ground, "GET", &format!("/returns/{no}")).await.body;
    assert_eq!((&shown["state"], &shown["label"]), (&json!("booked"), &json!("已预约归还")));
    assert_eq!(
        shown["books"].as_array().unwrap().iter().filter(|one| one["state"] == "given_back").count(),
        1
    );
    for code in [BOOKS[0], BOOKS[1]] {
        assert_eq!(scan(&ground, "desk-s01", "check_in", code).await.body["outcome"], "done");
        assert_eq!(loan(&ground, code).await, None);
    }
    let shown = ask(&ground, "GET", &format!("/returns/{no}")).await.body;
    assert_eq!(shown["state"], "back");
    assert!(
        shown["books"].as_array().unwrap().iter().all(|one| one["handed_over_at"].is_string()),
        "{shown}"
    );
    let kept = loan(&ground, BOOKS[2]).await.unwrap();
    assert_eq!((kept.get("return_no"), kept.get("handed_over_at")), (None, None));
}

#[tokio::test]
async fn a_driver_takes_a_book_that_nobody_booked_and_it_is_on_the_list_when_it_does_not_arrive() {
    let ground = ground().await;
    let taken = scan(&ground, "dispatcher-c01", "take_back", BOOKS[1]).await;
    let no = taken.body["return_no"].as_str().unwrap().to_owned();
    assert_eq!(scan(&ground, "picker-c01", "take_back", BOOKS[2]).await.status, 403);
    assert_eq!(scan(&ground, "dispatcher-c01", "take_back", "C0000402").await.body["code"], "not_on_loan");
    assert_eq!(scan(&ground, "dispatcher-c01", "take_back", "C9999999").await.status, 404);

    // Days later the loan would be overdue; nothing is said of that, and it is not renewed.
    ground.pass(SignedDuration::from_hours(24 * 40));
    let one = ground.token(&library::reader(1).subject());
    let path = format!("/loans/{}/renewals", BOOKS[1]);
    let renewed = send(ground.ordering(), request("POST", &path, &one, &Value::Null)).await;
    assert_eq!((renewed.status, codes(&renewed)), (409, vec!["given_back"]));

    let list = |staff: &'static str, state: &'static str| {
        let of_staff = ground.token(&library::staff(staff));
        send(
            ground.returns(),
            request("GET", &format!("/staff/returns?state={state}"), &of_staff, &Value::Null),
        )
    };
    let overdue = list("desk-l01", "overdue").await;
    assert_eq!(overdue.body["items"][0]["return_no"], json!(no), "{}", overdue.body);
    assert_eq!(overdue.body["items"][0]["expected_at"], "C01");
    assert_eq!(list("picker-c01", "overdue").await.status, 403);
    assert_eq!(scan(&ground, "desk-l01", "check_in", BOOKS[1]).await.status, 200);
    assert_eq!(list("desk-l01", "given_back").await.body["items"], json!([]));
}

#[tokio::test]
async fn what_was_handed_over_makes_room_for_another_book_but_not_for_the_same_title() {
    let ground = ground().await;
    let token = ground.token(&library::reader(1).subject());
    let rules =
        json!({"version": 2, "starts": "2026-01-01", "rules": [{"set": {"rule": "open_items", "value": 3}}]});
    yujie_table::rules::add(&ground.table, &serde_json::from_value(rules).unwrap()).await.unwrap();
    ground
        .add_title(
            library::title("t000001", "呐喊", "鲁迅"),
            vec![library::copy("C7770001", "t000001", "C01", "I2/1")],
        )
        .await;
    let quote = |title: &'static str| {
        let wanted =
            json!({"lines": [{"title_id": title}], "deliver_to": site("S01"), "if_missing": "cancel"});
        send(ground.ordering(), request("POST", "/orders/quote", &token, &wanted))
    };
    assert_eq!(quote("t000001").await.body["reasons"][0]["code"], "limit_reached");

    assert_eq!(scan(&ground, "desk-l01", "take_back", BOOKS[1]).await.status, 200);

    assert_eq!(quote("t000001").await.status, 200);
    assert_eq!(quote("b000004").await.body["reasons"][0]["code"], "already_have");
}

#[tokio::test]
async fn everything_that_stands_in_the_way_of_a_return_is_told_at_once() {
    let ground = ground().await;
    let one = library::reader(1);
    let no = number(&book(&ground, "return-1", &BOOKS[..1], site("S01")).await);
    assert_eq!(scan(&ground, "desk-l01", "take_back", BOOKS[1]).await.status, 200);

    let refused = book(&ground, "return-2", &[BOOKS[0], BOOKS[1], "C0000402"], site("S77")).await;
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("return_refused")));
    let mut found = codes(&refused);
    found.sort_unstable();
    assert_eq!(found, ["already_booked", "given_back", "not_yours", "unknown_site"]);
    let booked =
        refused.body["reasons"].as_array().unwrap().iter().find(|one| one["code"] == "already_booked");
    assert_eq!(booked.unwrap()["return_no"], json!(no));

    let none = book(&ground, "return-3", &BOOKS[2..], json!({"kind": "with_delivery"})).await;
    assert_eq!(codes(&none), ["no_delivery"]);
    let past = book(&ground, "return-4", &BOOKS[2..], at_home(&one, "2026-11-22")).await;
    assert_eq!((past.status, &past.body["fields"][0]["field"]), (422, &json!("way.day")));
    let stranger = json!({"kind": "courier", "address_id": "nowhere", "day": "2026-11-24"});
    assert_eq!(codes(&book(&ground, "return-5", &BOOKS[2..], stranger).await), ["unknown_address"]);
    assert_eq!(book(&ground, "return-6", &[], site("S01")).await.status, 422);
    assert_eq!(ask(&ground, "GET", "/returns/R2611230000000000").await.status, 404);
    assert_eq!(ask(&ground, "DELETE", "/returns/R2611230000000000").await.status, 404);

    // A site that is closed for long takes nothing, and says when it does.
    let long =
        json!({"version": 1, "closures": [{"from": "2026-11-20", "until": "2026-12-20", "reason": "装修"}]});
    let staff = ground.token(&library::staff("desk-s01"));
    let closed = send(ground.warehouse(), request("PUT", "/staff/sites/S01/closures", &staff, &long)).await;
    assert_eq!(closed.status, 200, "{}", closed.body);
    let refused = book(&ground, "return-7", &BOOKS[2..], site("S01")).await;
    assert_eq!(codes(&refused), ["site_closed"]);
    let instead = &refused.body["reasons"][0]["actions"][0];
    assert_eq!(
        (&instead["kind"], &instead["sites"][0]["site_id"]),
        (&json!("choose_site"), &json!("L01")),
        "the nearest one"
    );
}

#[tokio::test]
async fn a_return_asked_for_twice_is_one_and_can_be_called_off_until_the_books_are_handed_over() {
    let ground = ground().await;
    let first = book(&ground, "return-1", &BOOKS[..1], site("S01")).await;
    let again = book(&ground, "return-1", &BOOKS[..1], site("S01")).await;
    assert_eq!(first.body, again.body);
    let path = format!("/returns/{}", number(&first));

    assert_eq!(ask(&ground, "DELETE", &path).await.status, 204);
    assert_eq!(ask(&ground, "DELETE", &path).await.status, 204, "once more is the same");
    assert_eq!(ask(&ground, "GET", &path).await.body["state"], "cancelled");
    assert_eq!(loan(&ground, BOOKS[0]).await.unwrap().get("return_no"), None);

    let second = number(&book(&ground, "return-2", &BOOKS[..1], site("L01")).await);
    assert_eq!(scan(&ground, "desk-l01", "take_back", BOOKS[0]).await.body["return_no"], json!(second));
    let refused = ask(&ground, "DELETE", &format!("/returns/{second}")).await;
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("handed_over")));
    let list = ask(&ground, "GET", "/returns").await.body;
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    assert_eq!(list["items"][0]["return_no"], json!(second), "newest first");
    let options = ask(&ground, "GET", "/returns/options").await.body;
    assert_eq!(options["barcodes"].as_array().unwrap().len(), 2);
    assert_eq!(options["courier_days"][0], "2026-11-23");
}

/// What the reader was told of their returns.
async fn told(ground: &Ground) -> Vec<String> {
    let token = ground.token(&library::reader(1).subject());
    let inbox = send(ground.profile(), request("GET", "/me/notices", &token, &Value::Null)).await;
    let items = inbox.body["items"].as_array().unwrap().clone();
    let of_returns = items.iter().filter(|notice| notice["return_no"].is_string());
    let mut kinds: Vec<String> =
        of_returns.clone().map(|notice| notice["kind"].as_str().unwrap().to_owned()).collect();
    kinds.sort();
    for notice in of_returns {
        let text = notice["text"].as_str().unwrap();
        assert!(text.starts_with("【预借】归还 R") && !text.contains('《'), "{text}");
        if notice["kind"] == "given_back" {
            assert!(text.contains("已收到您归还的 2 本图书，自 11 月 24 日 10:30 起不再计算借期"), "{text}");
        }
    }
    kinds
}

fn booked_at_courier(sent: &[Sent]) -> Vec<Value> {
    sent.iter()
        .filter_map(|one| match one {
            Sent::Booking { param } => Some(param.clone()),
            Sent::Queue { .. } | Sent::Topic { .. } | Sent::Sms { .. } => None,
        })
        .collect()
}

/// The whole way of a collection; each message is delivered so many times.
async fn collected(deliveries: usize) -> Value {
    let ground = ground().await;
    let (life, one) = (Life::new(&ground).delivering(deliveries), library::reader(1));
    let no = number(&book(&ground, "return-1", &BOOKS[..2], at_home(&one, "2026-11-24")).await);
    life.settle().await;
    let shown = ask(&ground, "GET", &format!("/returns/{no}")).await.body;
    assert_eq!(shown["state"], "courier_booked", "{shown}");
    let waybill = shown["waybill"].as_str().unwrap().to_owned();
    let booked = booked_at_courier(&life.gone.lock().unwrap());
    assert_eq!(booked.len(), deliveries.min(1), "{booked:?}");
    assert_eq!(booked[0]["thirdOrderId"], json!(no));
    assert_eq!(
        (&booked[0]["sendManName"], &booked[0]["dayType"]),
        (&json!("张三"), &json!("明天")),
        "from the reader"
    );

    ground.pass(SignedDuration::from_hours(30));
    let at = reference(&no);
    let entries =
        [("2026-11-24 14:00:00", "3"), ("2026-11-24 11:00:00", "0"), ("2026-11-24 10:30:00", "103")];
    // The oldest news come last, and everything comes again.
    for known in [&entries[..], &entries[1..], &entries[2..], &entries[..]] {
        assert_eq!(life.push(&at, &waybill, known).await.status, 200);
        life.settle().await;
    }

    for code in &BOOKS[..2] {
        let given = loan(&ground, code).await.unwrap();
        assert_eq!(given["handed_over_at"], "2026-11-24T02:30:00Z", "by the courier's clock");
        assert_eq!(scan(&ground, "desk-c01", "check_in", code).await.status, 200);
        life.settle().await;
    }
    let mut shown = ask(&ground, "GET", &format!("/returns/{no}")).await.body;
    assert_eq!(shown["state"], "back");
    ground.assert_sound(1..=2).await;
    assert_eq!(told(&ground).await, ["back", "courier_booked", "given_back"]);
    shown["return_no"] = Value::Null;
    shown["waybill"] = Value::Null;
    shown
}

#[tokio::test]
async fn a_courier_collects_at_the_door_and_the_loans_stop_at_his_scan_however_often_and_late_it_is_told() {
    let once = collected(1).await;
    let steps: Vec<&str> =
        once["history"].as_array().unwrap().iter().map(|entry| entry["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["booked", "courier_booked", "given_back", "arrived", "back", "back"]);
    assert_eq!(collected(3).await, once);
}

#[tokio::test]
async fn a_courier_is_called_off_with_the_return_and_a_collection_told_late_still_counts() {
    let ground = ground().await;
    let (life, one) = (Life::new(&ground), library::reader(1));
    let no = number(&book(&ground, "return-1", &BOOKS[..1], at_home(&one, "2026-11-24")).await);
    life.settle().await;
    let path = format!("/returns/{no}");
    let waybill = ask(&ground, "GET", &path).await.body["waybill"].as_str().unwrap().to_owned();
    ground.pass(SignedDuration::from_hours(26));
    assert_eq!(ask(&ground, "DELETE", &path).await.status, 204);
    life.settle().await;
    let sent = booked_at_courier(&life.gone.lock().unwrap());
    assert_eq!(sent.iter().filter(|one| one["cancelMsg"].is_string()).count(), 1, "{sent:?}");
    assert_eq!(loan(&ground, BOOKS[0]).await.unwrap().get("handed_over_at"), None);

    assert_eq!(life.push(&reference(&no), &waybill, &[("2026-11-24 10:30:00", "103")]).await.status, 200);
    life.settle().await;

    assert_eq!(ask(&ground, "GET", &path).await.body["state"], "given_back");
    let given = loan(&ground, BOOKS[0]).await.unwrap();
    assert_eq!(given["handed_over_at"], "2026-11-24T02:30:00Z");
}

#[tokio::test]
async fn a_book_that_was_booked_anew_and_given_to_the_courier_of_before_comes_with_him_alone() {
    let ground = ground().await;
    let (life, one) = (Life::new(&ground), library::reader(1));
    let first = number(&book(&ground, "return-1", &BOOKS[..1], at_home(&one, "2026-11-24")).await);
    life.settle().await;
    let path = format!("/returns/{first}");
    let waybill = ask(&ground, "GET", &path).await.body["waybill"].as_str().unwrap().to_owned();
    assert_eq!(ask(&ground, "DELETE", &path).await.status, 204);
    life.settle().await;
    let second = number(&book(&ground, "return-2", &BOOKS[..2], site("L01")).await);
    ground.pass(SignedDuration::from_hours(26));

    assert_eq!(life.push(&reference(&first), &waybill, &[("2026-11-24 10:30:00", "103")]).await.status, 200);
    life.settle().await;

    let state = async |no: &str| ask(&ground, "GET", &format!("/returns/{no}")).await.body["state"].clone();
    assert_eq!(loan(&ground, BOOKS[0]).await.unwrap()["handed_over_at"], "2026-11-24T02:30:00Z");
    assert_eq!((state(&first).await, state(&second).await), (json!("given_back"), json!("booked")));
    assert_eq!(scan(&ground, "desk-c01", "check_in", BOOKS[0]).await.status, 200);
    assert_eq!(state(&first).await, "back", "nobody looks for it any more");
    assert_eq!(scan(&ground, "desk-l01", "take_back", BOOKS[1]).await.status, 200);
    assert_eq!(state(&second).await, "given_back", "the other one comes as it was booked");
}

/// Reader 1 has ordered another book to their door.
async fn next_delivery(ground: &Ground) {
    let book = library::title("t000001", "呐喊", "鲁迅");
    ground.add_title(book, vec![library::copy("C7770001", "t000001", "C01", "I2/1")]).await;
    scene::place(ground, &library::reader(1), "261123NEXT000001", &["C7770001"], Destination::Home).await;
}

#[tokio::test]
async fn the_driver_of_the_next_delivery_is_booked_when_its_parcel_leaves() {
    let ground = ground().await;
    let (life, one) = (Life::new(&ground), library::reader(1));
    next_delivery(&ground).await;
    scene::advance(&ground, &one, "261123NEXT000001", LineStatus::Packed, true).await;
    life.settle().await;
    let booked = book(&ground, "return-1", &BOOKS[..1], json!({"kind": "with_delivery"})).await;
    let no = number(&booked);
    assert_eq!(booked.body["way"]["parcel_no"], "261123NEXT000001-1");
    life.settle().await;
    let path = format!("/returns/{no}");
    assert_eq!(
        ask(&ground, "GET", &path).await.body["state"],
        "booked",
        "its parcel may still be called off"
    );
    let other = book(&ground, "return-2", &BOOKS[1..2], json!({"kind": "with_delivery"})).await;
    assert_eq!(codes(&other), ["delivery_taken"]);

    let hand_over = json!({"action": "hand_over", "parcel_no": "261123NEXT000001-1"});
    assert_eq!(life.scan("dispatcher-c01", hand_over).await.status, 200);
    life.settle().await;

    assert_eq!(ask(&ground, "GET", &path).await.body["state"], "courier_booked");
}

#[tokio::test]
async fn a_return_whose_delivery_goes_to_a_site_stays_open_and_says_so() {
    let ground = ground().await;
    let (life, one) = (Life::new(&ground), library::reader(1));
    next_delivery(&ground).await;
    let no = number(&book(&ground, "return-1", &BOOKS[..1], json!({"kind": "with_delivery"})).await);
    life.settle().await;

    let token = ground.token(&one.subject());
    let to = json!({"deliver_to": site("S01")});
    let path = "/orders/261123NEXT000001/destination";
    assert_eq!(send(ground.ordering(), request("PUT", path, &token, &to)).await.status, 200);
    life.settle().await;

    let shown = ask(&ground, "GET", &format!("/returns/{no}")).await.body;
    assert_eq!((&shown["state"], &shown["no_delivery"]), (&json!("booked"), &json!(true)), "{shown}");
    assert_eq!(scan(&ground, "desk-s01", "take_back", BOOKS[0]).await.body["return_no"], json!(no));
}

#[tokio::test]
async fn a_check_in_that_is_sent_again_after_its_copy_went_to_the_next_reader_says_where_it_went() {
    let ground = ground().await;
    scene::wait(&ground, &library::reader(2), "b000006").await;
    let first = scan(&ground, "desk-l01", "check_in", BOOKS[0]).await;
    assert_eq!(first.body["outcome"], "done");
    let again = scan(&ground, "desk-l01", "check_in", BOOKS[0]).await;
    assert_eq!((again.status, &again.body["outcome"]), (200, &json!("already")), "{}", again.body);
    assert_eq!(again.body["parcel_no"], first.body["parcel_no"]);
    assert_eq!(
        scan(&ground, "desk-s01", "check_in", BOOKS[0]).await.body["code"],
        "not_on_loan",
        "elsewhere"
    );
}

#[tokio::test]
async fn a_booking_whose_message_was_lost_is_made_by_the_sweep() {
    let ground = ground().await;
    let (life, one) = (Life::new(&ground), library::reader(1));
    let no = number(&book(&ground, "return-1", &BOOKS[..1], at_home(&one, "2026-11-24")).await);
    ground.changes();
    life.settle().await;
    assert_eq!(ask(&ground, "GET", &format!("/returns/{no}")).await.body["state"], "booked");

    ground.pass(SignedDuration::from_mins(2));
    promises::handle(&ground.promises(), promises::Job::Redrive).await.unwrap();
    life.settle().await;

    assert_eq!(ask(&ground, "GET", &format!("/returns/{no}")).await.body["state"], "courier_booked");
}

#[tokio::test]
async fn what_lay_in_a_drop_over_the_weekend_was_handed_over_before_it() {
    let ground = ground().await;
    ground.pass(SignedDuration::from_hours(24 * 10));
    let no = number(&book(&ground, "return-9", &BOOKS[..1], site("S01")).await);
    let booked = ground.now();
    ground.pass(SignedDuration::from_hours(60));
    let dropped = async |barcode: &str, hours_ago: i64| {
        let at = ground.now() - SignedDuration::from_hours(hours_ago);
        let token = ground.token(&library::staff("desk-s01"));
        let body = json!({"action": "take_back", "barcode": barcode, "handed_over_at": at.to_string()});
        (at, send(ground.warehouse(), request("POST", "/staff/scans", &token, &body)).await)
    };

    for hours_ago in [-1, 24 * 7 + 1, 24 * 40] {
        let (_, refused) = dropped(BOOKS[1], hours_ago).await;
        assert_eq!((refused.status, &refused.body["fields"][0]["field"]), (422, &json!("handed_over_at")));
    }
    let (friday, taken) = dropped(BOOKS[1], 58).await;
    assert_eq!(taken.status, 200, "{}", taken.body);
    assert_eq!(loan(&ground, BOOKS[1]).await.unwrap()["handed_over_at"], json!(friday.to_string()));
    let (_, again) = dropped(BOOKS[1], 1).await;
    assert_eq!(again.body["outcome"], "already");
    assert_eq!(loan(&ground, BOOKS[1]).await.unwrap()["handed_over_at"], json!(friday.to_string()), "once");

    let (_, taken) = dropped(BOOKS[0], 100).await;
    assert_eq!(taken.body["return_no"], json!(no));
    let stopped = loan(&ground, BOOKS[0]).await.unwrap()["handed_over_at"].clone();
    assert_eq!(stopped, json!(booked.to_string()), "not before its reader booked the return");
    ground.assert_sound([1]).await;
}
