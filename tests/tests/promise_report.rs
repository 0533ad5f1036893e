//! What was promised, as its reader sees it and as staff count it.

use jiff::SignedDuration;
use promises::Job;
use serde_json::{Value, json};
use yujie_domain::account::Account;
use yujie_domain::parcel::{Destination, LineStatus, Parcel};
use yujie_domain::rules::CardClass;
use yujie_tests::ground::{request, send};
use yujie_tests::library::{self, site_id};
use yujie_tests::{Answer, Ground, Life, Sent, scene};

/// One reader's order of one copy, in `division` when it goes to a door, as far as that.
async fn ordered(ground: &Ground, number: &str, code: &str, to: Destination, status: LineStatus) {
    let person = library::reader(1);
    scene::place(ground, &person, number, &[code], to.clone()).await;
    rewrite(ground, number, |parcel| Parcel {
        zone: (to == Destination::Home).then(|| "110105".to_owned()),
        ..parcel
    })
    .await;
    scene::advance(ground, &person, number, status, false).await;
}

async fn parcel(ground: &Ground, number: &str) -> Parcel {
    let at = scene::parcel(&library::reader(1), number);
    yujie_table::parcel::get(&ground.table, &at).await.unwrap().unwrap()
}

async fn rewrite(ground: &Ground, number: &str, change: impl FnOnce(Parcel) -> Parcel) {
    let before = parcel(ground, number).await;
    let next = Parcel { version: before.version + 1, ..change(before.clone()) };
    yujie_table::parcel::store(&ground.table, &before, &next).await.unwrap();
}

/// So many hours before, or after, it was to be there.
async fn promised(ground: &Ground, number: &str, hours: i64) {
    let now = ground.now();
    rewrite(ground, number, |parcel| Parcel {
        promised_by: now + SignedDuration::from_hours(hours),
        ..parcel
    })
    .await;
}

async fn report(ground: &Ground, staff: &str, query: &str) -> Answer {
    let token = ground.token(&library::staff(staff));
    let path = format!("/staff/promises{query}");
    send(ground.warehouse(), request("GET", &path, &token, &Value::Null)).await
}

async fn night(ground: &Ground) {
    shelves::handle(&ground.shelves(), shelves::Job::Fill).await.unwrap();
}

fn to_s01() -> Destination {
    Destination::Site { site_id: site_id("S01") }
}

fn counts(part: &Value) -> [u64; 5] {
    ["arrived", "on_time", "late_by_a_day", "later", "still_open"].map(|name| part[name].as_u64().unwrap())
}

#[tokio::test]
async fn a_reader_sees_what_was_promised_what_happened_and_what_is_given_for_it() {
    let ground = Ground::new().await;
    let number = "261123PROMIS0001";
    ordered(&ground, number, "C0000601", Destination::Home, LineStatus::Packed).await;
    let life = Life::new(&ground);
    let promise =
        async || life.get(&library::reader(1), &format!("/orders/{number}")).await["promise"].clone();
    assert_eq!(
        promise().await,
        json!({"promised_by": "2026-11-25T02:00:00Z", "state": "running", "words": "承诺在 2026-11-25 10:00 前送达。"})
    );
    ground.pass(SignedDuration::from_hours(37));
    promises::handle(&ground.promises(), Job::Redrive).await.unwrap();
    assert_eq!(promise().await["state"], "at_risk");
    life.settle().await;
    life.gone.lock().unwrap().clear();
    let rules = json!({"version": 2, "starts": "2026-01-01", "rules": [{"set": {"rule": "remedy_days", "value": 3}}]});
    yujie_table::rules::add(&ground.table, &serde_json::from_value(rules).unwrap()).await.unwrap();

    ground.pass(SignedDuration::from_hours(12));
    for _ in 0..2 {
        promises::handle(&ground.promises(), Job::Redrive).await.unwrap();
        life.settle().await;
    }

    let broken = promise().await;
    assert_eq!((&broken["state"], &broken["late_by_minutes"]), (&json!("broken"), &json!(60)));
    assert_eq!(
        (&broken["stood_at"], &broken["remedy_days"]),
        (&json!("packed"), &json!(7)),
        "what the rules gave when it was ordered"
    );
    assert_eq!(
        broken["words"],
        "承诺在 2026-11-25 10:00 前送达，未能如期：到时停留在“装箱”环节，至今已晚 1 小时 0 分钟。按“延误补偿”规则，每本书的借期延长 7 天。"
    );
    let texts: Vec<String> = life
        .gone
        .lock()
        .unwrap()
        .iter()
        .filter_map(|sent| match sent {
            Sent::Sms { text, .. } => Some(text.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(
        texts,
        [
            "【预借】订单 261123PROMIS0001：图书未能在承诺的 2026-11-25 10:00 前送达，到时停留在“装箱”环节，向您致歉。按“延误补偿”规则，每本书的借期延长 7 天。"
        ],
        "once, however many minutes go by"
    );
}

#[tokio::test]
async fn a_class_of_cards_may_get_more_for_a_broken_promise_than_others() {
    let ground = Ground::new().await;
    let mine = yujie_table::account::get(&ground.table, &library::reader(1).rid).await.unwrap().unwrap();
    let child = Account { class: CardClass::Child, ..mine.next() };
    ground.table.write(yujie_table::account::replace(&child).unwrap()).await.unwrap();
    let for_card =
        |days: u16, card: &str| json!({"set": {"rule": "remedy_days", "value": days}, "for": {"card": card}});
    let rules =
        json!({"version": 2, "starts": "2026-01-01", "rules": [for_card(14, "child"), for_card(3, "adult")]});
    yujie_table::rules::add(&ground.table, &serde_json::from_value(rules).unwrap()).await.unwrap();
    let life = Life::new(&ground);
    let wanted = json!({"lines": [{"title_id": "b000006"}], "deliver_to": {"kind": "site", "site_id": "S01"}, "if_missing": "cancel"});
    let placed = life.order(&library::reader(1), "a-childs-order", &wanted).await;
    let number = placed.body["order_no"].as_str().unwrap();

    ground.pass(SignedDuration::from_hours(72));
    promises::handle(&ground.promises(), Job::Redrive).await.unwrap();

    assert_eq!(parcel(&ground, number).await.remedy_days, 14);
}

#[tokio::test]
async fn a_promise_that_was_kept_says_so_and_a_cancelled_order_has_none() {
    let ground = Ground::new().await;
    ordered(&ground, "261123PROMIS0001", "C0000601", to_s01(), LineStatus::ReadyForPickup).await;
    ground.pass(SignedDuration::from_hours(60));
    let life = Life::new(&ground);
    let order = life.get(&library::reader(1), "/orders/261123PROMIS0001").await;
    assert_eq!(order["promise"]["state"], "kept", "when the reader comes for it is up to them");

    ordered(&ground, "261123PROMIS0002", "C0000501", to_s01(), LineStatus::Accepted).await;
    let token = ground.token(&library::reader(1).subject());
    let path = "/orders/261123PROMIS0002/cancel";
    let cancelled = send(ground.ordering(), request("POST", path, &token, &json!({}))).await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    let order = life.get(&library::reader(1), "/orders/261123PROMIS0002").await;
    assert_eq!(order.get("promise"), None);
}

#[tokio::test]
async fn staff_see_each_month_how_many_promises_were_kept_by_zone_and_by_carrier() {
    let ground = Ground::new().await;
    for (number, code, to, status) in [
        ("261123REPORT0001", "C0000401", Destination::Home, LineStatus::Delivered),
        ("261123REPORT0002", "C0000501", Destination::Home, LineStatus::Delivered),
        ("261123REPORT0003", "C0000601", to_s01(), LineStatus::ReadyForPickup),
    ] {
        ordered(&ground, number, code, to, status).await;
    }
    promised(&ground, "261123REPORT0002", -30).await;
    assert_eq!(
        report(&ground, "desk-c01", "").await.body["all"]["on_time_per_mille"],
        Value::Null,
        "before the first night"
    );

    night(&ground).await;

    let november = report(&ground, "desk-c01", "?month=2026-11").await.body;
    assert_eq!(
        (&november["month"], &november["computed_at"]),
        (&json!("2026-11"), &json!("2026-11-23T02:00:00Z"))
    );
    assert_eq!(
        (counts(&november["all"]), &november["all"]["on_time_per_mille"]),
        ([3, 2, 0, 1, 0], &json!(666))
    );
    let zones = november["by_zone"].as_array().unwrap();
    assert_eq!(zones[0]["zone"], json!({"kind": "division", "division": "110105", "name": "北京市朝阳区"}));
    assert_eq!((counts(&zones[0]), &zones[0]["on_time_per_mille"]), ([2, 1, 0, 1, 0], &json!(500)));
    assert_eq!(zones[1]["zone"], json!({"kind": "site", "site_id": "S01"}));
    assert_eq!(counts(&zones[1]), [1, 1, 0, 0, 0]);
    let carriers: Vec<_> =
        november["by_carrier"].as_array().unwrap().iter().map(|one| one["carrier"].clone()).collect();
    assert_eq!(carriers, ["van", "kuaidi100"]);
    assert_eq!(november["by_zone_and_carrier"].as_array().unwrap().len(), 2);
    let december = report(&ground, "admin-c01", "?month=2026-12").await.body;
    assert_eq!((&december["computed_at"], counts(&december["all"])), (&Value::Null, [0; 5]));

    let before = ground.items();
    ground.pass(SignedDuration::from_hours(24));
    night(&ground).await;
    assert_eq!(ground.items(), before, "a night in which nothing came writes nothing");
}

#[tokio::test]
async fn what_is_late_counts_where_it_was_promised_until_it_comes() {
    let ground = Ground::new().await;
    let (number, cancelled) = ("261123REPORT0001", "261123REPORT0002");
    ordered(&ground, number, "C0000601", to_s01(), LineStatus::Dispatched).await;
    ordered(&ground, cancelled, "C0000501", to_s01(), LineStatus::Accepted).await;
    ground.pass(SignedDuration::from_hours(49));
    promises::handle(&ground.promises(), Job::Redrive).await.unwrap();
    let token = ground.token(&library::reader(1).subject());
    let cancel = request("POST", &format!("/orders/{cancelled}/cancel"), &token, &json!({}));
    assert_eq!(send(ground.ordering(), cancel).await.status, 200);
    night(&ground).await;
    let november = report(&ground, "desk-c01", "?month=2026-11").await.body;
    assert_eq!(
        (counts(&november["all"]), &november["all"]["on_time_per_mille"]),
        ([0, 0, 0, 0, 1], &json!(0))
    );

    ground.pass(SignedDuration::from_hours(24 * 6));
    scene::advance(&ground, &library::reader(1), number, LineStatus::ReadyForPickup, false).await;
    night(&ground).await;

    let november = report(&ground, "desk-c01", "?month=2026-11").await.body;
    assert_eq!(counts(&november["all"]), [0; 5], "it is not counted twice");
    let december = report(&ground, "desk-c01", "?month=2026-12").await.body;
    assert_eq!(counts(&december["all"]), [1, 0, 0, 1, 0]);
}

#[tokio::test]
async fn the_report_is_for_librarians_and_of_a_month() {
    let ground = Ground::new().await;
    assert_eq!(report(&ground, "picker-c01", "").await.status, 403);
    for month in ["2026", "2026-13", "11-2026"] {
        let answer = report(&ground, "desk-c01", &format!("?month={month}")).await;
        assert_eq!((answer.status, &answer.body["code"]), (400, &json!("malformed_request")), "{month}");
    }
    let token = ground.token(&library::reader(1).subject());
    let answer = send(ground.warehouse(), request("GET", "/staff/promises", &token, &Value::Null)).await;
    assert_eq!(answer.status, 403);
}
