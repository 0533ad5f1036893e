//! What an unfriendly reader of the code found: each sequence once went wrong.

use futures_util::future::join_all;
use serde_json::{Value, json};
use yujie_domain::parcel::LineStatus;
use yujie_domain::rules::ItemClass;
use yujie_tests::ground::{request, send};
use yujie_tests::library::{self, copy, title};
use yujie_tests::{Answer, Ground, Life, scene};

async fn hold(ground: &Ground, n: u32, title: &str, key: &str) -> Answer {
    let body = json!({"title_id": title, "deliver_to": {"kind": "site", "site_id": "S01"}});
    let mut asked = request("POST", "/holds", &ground.token(&library::reader(n).subject()), &body);
    asked.headers_mut().insert("idempotency-key", key.parse().unwrap());
    send(ground.ordering(), asked).await
}

/// Titles of one copy each, which reader 2 has taken.
async fn taken(ground: &Ground, titles: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..titles {
        let (id, code) = (format!("w{n:06}"), format!("W{n:07}"));
        ground.add_title(title(&id, "抢手书", "编者"), vec![copy(&code, &id, "C01", "I1/1")]).await;
        let person = library::reader(2 + u32::try_from(n / 9).unwrap());
        let to = yujie_domain::parcel::Destination::Home;
        scene::place(ground, &person, &format!("2611230000W{n:05}"), &[&code], to).await;
        ids.push(id);
    }
    ids
}

#[tokio::test]
async fn a_reader_who_may_wait_for_one_more_title_waits_for_one_more_of_twelve_asked_for_at_once() {
    let ground = Ground::with_readers(5).await;
    let ids = taken(&ground, 21).await;
    for (n, id) in ids.iter().take(9).enumerate() {
        assert_eq!(hold(&ground, 1, id, &format!("before-{n:02}")).await.status, 201);
    }

    let asked = ids.iter().skip(9).enumerate();
    let answers = join_all(asked.map(|(n, id)| {
        let ground = &ground;
        async move { hold(ground, 1, id, &format!("at-once-{n:02}")).await }
    }))
    .await;

    let placed = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(placed, 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!((answer.status, &answer.body["reasons"][0]["code"]), (409, &json!("too_many_holds")));
    }
    let account = yujie_table::account::get(&ground.table, &library::reader(1).rid).await.unwrap().unwrap();
    assert_eq!(account.holds.len(), 10);
}

#[tokio::test]
async fn a_cancelled_book_that_came_with_the_others_is_taken_out_after_they_were_collected() {
    let ground = Ground::new().await;
    let (life, person) = (Life::new(&ground), library::reader(1));
    let wanted = json!({"lines": [{"title_id": "b000005"}, {"title_id": "b000006"}],
        "deliver_to": {"kind": "site", "site_id": "S01"}, "if_missing": "cancel"});
    let placed = life.order(&person, "one-order", &wanted).await;
    assert_eq!(placed.status, 201, "{}", placed.body);
    life.settle().await;
    let order_no = placed.body["order_no"].as_str().unwrap();
    let parcel_no = format!("{order_no}-1");
    let barcodes = yujie_tests::life::barcodes(&placed.body["parcels"][0]);
    for barcode in &barcodes {
        assert_eq!(life.scan("picker-c01", json!({"action": "pick", "barcode": barcode})).await.status, 200);
    }
    life.settle().await;
    for barcode in &barcodes {
        let scan = json!({"action": "pack", "parcel_no": parcel_no, "barcode": barcode});
        assert_eq!(life.scan("packer-c01", scan).await.status, 200);
    }
    life.settle().await;
    let cancelled = send(
        ground.ordering(),
        request(
            "POST",
            &format!("/orders/{order_no}/cancel"),
            &ground.token(&person.subject()),
            &json!({"barcodes": [barcodes[0]]}),
        ),
    )
    .await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    life.settle().await;

    let arrive = json!({"action": "arrive", "parcel_no": parcel_no});
    assert_eq!(life.scan("desk-s01", arrive).await.status, 200, "the driver took the box all the same");
    let at = scene::parcel(&person, order_no);
    let code = yujie_table::parcel::get(&ground.table, &at).await.unwrap().unwrap().pickup_code.unwrap();
    let collect = json!({"action": "collect", "parcel_no": parcel_no, "code": code});
    assert_eq!(life.scan("desk-s01", collect).await.status, 200);
    let loans = life.get(&person, "/loans").await;

    let take_out = json!({"action": "take_out", "parcel_no": parcel_no, "barcode": barcodes[0]});
    let scanned = life.scan("packer-c01", take_out).await;

    assert_eq!((scanned.status, &scanned.body["outcome"]), (200, &json!("done")), "{}", scanned.body);
    assert_eq!(life.get(&person, "/loans").await, loans, "the other book's loan is as it was");
    let parcel = yujie_table::parcel::get(&ground.table, &at).await.unwrap().unwrap();
    assert_eq!(parcel.status(), LineStatus::Collected);
}

#[tokio::test]
async fn a_free_copy_that_turns_up_at_another_desk_is_free_there() {
    let ground = Ground::new().await;
    let life = Life::new(&ground);
    let scan = json!({"action": "check_in", "barcode": "C0000601"});

    let outcomes = [life.scan("desk-l01", scan.clone()).await, life.scan("desk-l01", scan).await]
        .map(|answer| answer.body["outcome"].clone());

    assert_eq!(outcomes, ["done", "already"]);
    let copy = yujie_table::copy::get(&ground.table, &library::barcode("C0000601")).await.unwrap().unwrap();
    assert_eq!(copy.site, library::site_id("L01"));
}

#[tokio::test]
async fn a_copy_for_the_reading_room_does_not_serve_who_waits() {
    let ground = Ground::with_readers(3).await;
    let mut here = copy("W9000001", "w900000", "C01", "K1/1");
    here.class = ItemClass::Reference;
    let lent = copy("W9000002", "w900000", "C01", "K1/1");
    ground.add_title(title("w900000", "地方志", "编者"), vec![here, lent]).await;
    let rules = json!({"version": 2, "starts": "2026-01-01",
        "rules": [{"set": {"rule": "lendable", "value": false}, "for": {"item": "reference"}}]});
    yujie_table::rules::add(&ground.table, &serde_json::from_value(rules).unwrap()).await.unwrap();
    let (one, to) = (library::reader(1), yujie_domain::parcel::Destination::Home);
    scene::place(&ground, &one, "2611230000W90001", &["W9000002"], to).await;
    scene::advance(&ground, &one, "2611230000W90001", LineStatus::Delivered, false).await;
    ground.pass(jiff::SignedDuration::from_hours(24 * 25));
    assert_eq!(hold(&ground, 2, "w900000", "the-first").await.status, 201);

    let token = ground.token(&one.subject());
    let renewed =
        send(ground.ordering(), request("POST", "/loans/W9000002/renewals", &token, &Value::Null)).await;

    assert_eq!(
        (renewed.status, &renewed.body["reasons"][0]["code"]),
        (409, &json!("awaited")),
        "{}",
        renewed.body
    );
}
