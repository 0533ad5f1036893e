//! The whole chain, from the order to the last check-in, with a process dying at every write and every send of it, and with every
//! message delivered again and again: always the same end, once.

use serde_json::{Value, json};
use yujie_tests::ground::{request, send};
use yujie_tests::library::{self, copy, title};
use yujie_tests::{Crash, Ground, Life, Sent};

const TITLES: [&str; 2] = ["b000006", "t000001"];

/// A library in which the order can only be filled from one place by one set of copies: so that every run makes the same choices.
async fn ground() -> Ground {
    let ground = Ground::new().await;
    let book = title("t000001", "呐喊", "鲁迅");
    ground.add_title(book, vec![copy("C7770001", "t000001", "C01", "I210.6/1")]).await;
    ground.changes();
    ground
}

/// All that there is in the end, without the order's number and the bytes of chance.
async fn end_of(ground: &Ground, order_no: &str) -> Value {
    let mut items = std::collections::BTreeMap::new();
    for (key, mut item) in ground.items() {
        let body = item.as_object_mut().unwrap();
        if key.contains("/ ORDER#") {
            body.remove("who");
        }
        // Who sent an SMS, and when, is another in each run.
        if key.contains("/ NOTICE#") {
            body.remove("v");
            body.remove("claimed");
        }
        // A push is known by the hash of its text, which holds the order's number.
        let key = match key.split_once("/ RAW#") {
            Some((parcel, _)) => {
                body.remove("sk");
                format!("{parcel} {}", body["raw"]["S"])
            }
            None => key,
        };
        items.insert(key, item);
    }
    let token = ground.token(&library::reader(1).subject());
    let mut seen = vec![json!(items)];
    for (function, path) in [
        (ground.ordering(), format!("/orders/{order_no}")),
        (ground.ordering(), format!("/orders/{order_no}/timeline")),
        (ground.ordering(), "/loans".to_owned()),
        (ground.registration(), "/me/notices".to_owned()),
    ] {
        let answer = send(function, request("GET", &path, &token, &Value::Null)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        seen.push(answer.body);
    }
    let text = json!(seen).to_string().replace(order_no, "ORDER-NUMBER-16C");
    serde_json::from_str(&text).unwrap()
}

/// One whole life; its end, how many writes and sends it took, and what left the house.
async fn live(prepare: impl FnOnce(&Ground), deliveries: usize) -> (Value, u32, u32, Vec<Sent>) {
    let ground = ground().await;
    let life = Life::new(&ground).delivering(deliveries);
    let (writes, sends) = (ground.faults.writes(), ground.outside.sends());
    prepare(&ground);

    let order_no = life.whole(&library::reader(1), &TITLES).await;

    let (writes, sends) = (ground.faults.writes() - writes, ground.outside.sends() - sends);
    ground.assert_sound([1]).await;
    let gone = life.gone.lock().unwrap().clone();
    (end_of(&ground, &order_no).await, writes, sends, gone)
}

fn sms(gone: &[Sent]) -> usize {
    gone.iter().filter(|one| matches!(one, Sent::Sms { .. })).count()
}

fn assert_same(end: &Value, expected: &Value, when: &str) {
    for (part, wanted) in end.as_array().unwrap().iter().zip(expected.as_array().unwrap()) {
        if let (Some(part), Some(wanted)) = (part.as_object(), wanted.as_object()) {
            for key in part.keys().chain(wanted.keys()) {
                assert_eq!(part.get(key), wanted.get(key), "{when}: {key}");
            }
        }
    }
    assert_eq!(end, expected, "{when}");
}

#[tokio::test]
async fn a_book_goes_its_whole_way() {
    let (end, writes, sends, gone) = live(|_| {}, 1).await;
    println!("{writes} writes, {sends} sends");
    let parts = end.as_array().unwrap();
    assert_eq!(parts[1]["status"], "delivered");
    for book in parts[2]["books"].as_array().unwrap() {
        let labels: Vec<&str> = book["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["label"].as_str().unwrap())
            .collect();
        assert_eq!(labels, ["入库", "接单", "分拣", "装箱", "出库", "配送", "送达"]);
    }
    assert_eq!(parts[3]["items"], json!([]), "nothing is on loan any more");
    let told: Vec<&str> = parts[4]["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|notice| {
            assert_eq!(notice["sms"], "sent");
            notice["kind"].as_str().unwrap()
        })
        .collect();
    assert_eq!(told.len(), 6, "one notice for each step: {told:?}");
    assert_eq!(sms(&gone), 6);
}

#[tokio::test]
async fn messages_delivered_three_times_in_any_order_change_nothing() {
    let (expected, ..) = live(|_| {}, 1).await;
    for times in [2, 3] {
        let (end, _, _, gone) = live(|_| {}, times).await;
        assert_same(&end, &expected, &format!("each message {times} times"));
        assert_eq!(sms(&gone), 6, "no step is told twice");
    }
}

async fn dies_at_each_write(crash: Crash) {
    let (expected, writes, ..) = live(|_| {}, 1).await;
    for n in 0..writes {
        let (end, _, _, gone) = live(|ground| ground.faults.crash(n, crash), 1).await;
        assert_same(&end, &expected, &format!("died {crash:?} write {n} of {writes}"));
        // Between the SMS and its mark nothing can be certain: then it is told twice rather than never.
        assert!((6..=7).contains(&sms(&gone)), "died {crash:?} write {n}: {} SMS", sms(&gone));
    }
}

#[tokio::test]
async fn a_process_may_die_before_any_write() {
    dies_at_each_write(Crash::Before).await;
}

#[tokio::test]
async fn a_process_may_die_after_any_write() {
    dies_at_each_write(Crash::After).await;
}

#[tokio::test]
async fn a_process_may_die_after_any_send() {
    let (expected, _, sends, _) = live(|_| {}, 1).await;
    for n in 0..sends {
        let (end, _, _, gone) = live(|ground| ground.outside.crash(n), 1).await;
        assert_same(&end, &expected, &format!("died after send {n} of {sends}"));
        assert!((6..=7).contains(&sms(&gone)), "died after send {n}: {} SMS", sms(&gone));
    }
}
