//! The whole chain, from the order to the last check-in, and the ways that leave it: with a process dying at every write and every send, and with
//! every message delivered again and again: always the same end, once.

use jiff::SignedDuration;
use serde_json::{Value, json};
use yujie_domain::ReturnRef;
use yujie_tests::ground::{request, send};
use yujie_tests::library::{self, copy, title};
use yujie_tests::{Answer, Crash, Ground, Life, Sent};

const TITLES: [&str; 2] = ["b000006", "t000001"];

/// A library in which the order can only be filled from one place by one set of copies: so that every run makes the same choices.
async fn ground() -> Ground {
    let ground = Ground::new().await;
    let book = title("t000001", "呐喊", "鲁迅");
    ground.add_title(book, vec![copy("C7770001", "t000001", "C01", "I210.6/1")]).await;
    ground.changes();
    ground
}

/// What happens in a run. All stories end with nothing on loan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Story {
    /// Two books go to the door and come back.
    Straight,
    /// Of two books that are packed for the door one is cancelled, for which another reader waits; the other one is sent to a site and left there.
    /// Who waited collects it, renews it and brings it back.
    ChangedMind,
    /// Two books are paid for, one of them is cancelled and its part given back, and the other one is brought, collected by a courier, and back.
    Paid,
}

/// The numbers of what came of a story.
struct Numbers {
    /// The first order is reader 1's, the second reader 2's.
    orders: Vec<String>,
    returns: Vec<String>,
}

impl Story {
    /// What is so before it begins.
    async fn prepare(self, ground: &Ground) {
        let charges = json!({"version": 2, "starts": "2026-01-01", "rules": [
            {"set": {"rule": "home_fee", "value": 300}}, {"set": {"rule": "home_fee_more", "value": 100}}]});
        match self {
            Self::Straight | Self::ChangedMind => {}
            Self::Paid => {
                let rules = serde_json::from_value(charges).unwrap();
                yujie_table::rules::add(&ground.table, &rules).await.unwrap();
                ground.changes();
            }
        }
    }

    /// Plays it.
    async fn play(self, ground: &Ground, life: &Life<'_>) -> Numbers {
        let without_returns = |orders| Numbers { orders, returns: Vec::new() };
        match self {
            Self::Straight => without_returns(vec![life.whole(&library::reader(1), &TITLES).await]),
            Self::ChangedMind => without_returns(Box::pin(changed_mind(ground, life)).await),
            Self::Paid => Box::pin(paid(ground, life)).await,
        }
    }

    /// How many SMS it sends.
    const fn notices(self) -> usize {
        match self {
            Self::Straight => 6,
            Self::ChangedMind => 14,
            Self::Paid => 9,
        }
    }
}

async fn changed_mind(ground: &Ground, life: &Life<'_>) -> Vec<String> {
    let (one, two) = (library::reader(1), library::reader(2));
    let [taken, left] = ["C0000601", "C7770001"];
    let ok = |answer: Answer| assert!(answer.status < 300, "{}", answer.body);
    let home = json!({"kind": "home", "address_id": one.address.as_str()});
    let site = json!({"kind": "site", "site_id": "S01"});
    let lines = TITLES.map(|id| json!({"title_id": id}));
    let wanted = json!({"lines": lines, "deliver_to": home, "if_missing": "cancel"});
    let placed = life.order(&one, "the-one-order", &wanted).await;
    let number = placed.body["order_no"].as_str().unwrap().to_owned();
    let parcel_no = format!("{number}-1");
    life.settle().await;
    ok(life.change(&two, "POST", "/holds", &json!({"title_id": "b000006", "deliver_to": site})).await);
    life.settle().await;
    for code in [taken, left] {
        life.done("picker-c01", json!({"action": "pick", "barcode": code})).await;
        life.settle().await;
    }
    for code in [taken, left] {
        life.done("packer-c01", json!({"action": "pack", "parcel_no": parcel_no, "barcode": code})).await;
        life.settle().await;
    }

    let cancel = format!("/orders/{number}/cancel");
    ok(life.change(&one, "POST", &cancel, &json!({"barcodes": [taken]})).await);
    life.settle().await;
    let elsewhere = format!("/orders/{number}/destination");
    ok(life.change(&one, "PUT", &elsewhere, &json!({"deliver_to": site})).await);
    life.settle().await;
    life.done("packer-c01", json!({"action": "take_out", "parcel_no": parcel_no, "barcode": taken})).await;
    to_the_site(life, &parcel_no).await;

    // Who waited gets the one that was taken out.
    let orders = life.get(&two, "/orders").await;
    let given = orders["items"][0]["order_no"].as_str().unwrap().to_owned();
    let given_no = format!("{given}-1");
    life.done("picker-c01", json!({"action": "pick", "barcode": taken})).await;
    life.settle().await;
    life.done("packer-c01", json!({"action": "pack", "parcel_no": given_no, "barcode": taken})).await;
    life.settle().await;
    to_the_site(life, &given_no).await;
    let order = life.get(&two, &format!("/orders/{given}")).await;
    let code = order["parcels"][0]["pickup_code"].as_str().unwrap().to_owned();
    life.done("desk-s01", json!({"action": "collect", "parcel_no": given_no, "code": code})).await;
    life.settle().await;

    // The other one is left until its time is over; by then who collected theirs may renew it.
    ground.pass(SignedDuration::from_hours(24 * 25));
    while promises::handle(&ground.promises(), promises::Job::Redrive).await.is_err() {
        ground.faults.revive();
        ground.outside.revive();
    }
    ground.faults.revive();
    life.settle().await;
    // One whose answer got lost is not refused as a second one: the page says from which day it renews.
    let due = life.get(&two, "/loans").await["items"][0]["due"].as_str().unwrap().to_owned();
    let path = format!("/loans/{taken}/renewals?due={due}");
    let renewed = life.change(&two, "POST", &path, &Value::Null).await;
    assert_eq!(renewed.status, 200, "{}", renewed.body);
    assert_eq!(life.get(&two, "/loans").await["items"][0]["renewed"], 1);
    life.done("desk-l01", json!({"action": "check_in", "barcode": taken})).await;
    life.settle().await;
    vec![number, given]
}

async fn paid(ground: &Ground, life: &Life<'_>) -> Numbers {
    let (one, token) = (library::reader(1), ground.token(&library::reader(1).subject()));
    let [brought, cancelled] = ["C0000601", "C7770001"];
    let home = json!({"kind": "home", "address_id": one.address.as_str()});
    let lines = TITLES.map(|id| json!({"title_id": id}));
    let wanted = json!({"lines": lines, "deliver_to": home, "if_missing": "cancel"});
    let placed = life.order(&one, "the-one-order", &wanted).await;
    let number = placed.body["order_no"].as_str().unwrap().to_owned();
    life.settle().await;

    let (payments, trade) = (ground.payments(), format!("D{number}"));
    let path = format!("/orders/{number}/payment");
    let page = life.insist(&payments, || request("POST", &path, &token, &json!({"way": "native"}))).await;
    assert_eq!(page.status, 200, "{}", page.body);
    drop(ground.platform.pay(&trade));
    let told = life.insist(&payments, || ground.platform.tells_of(&trade, |_| ())).await;
    assert_eq!(told.status, 200, "{}", told.body);
    life.settle().await;

    let cancel = format!("/orders/{number}/cancel");
    let answer = life.change(&one, "POST", &cancel, &json!({"barcodes": [cancelled]})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    life.settle().await;
    let refunds = ground.platform.refunds();
    let back: Vec<u64> = refunds.values().map(|refund| refund.amount).collect();
    assert_eq!(back, [100], "the part of the book that is not wanted, once");

    let parcel = json!({"parcel_no": format!("{number}-1"), "lines": [{"barcode": brought}]});
    life.fulfil(&one, &number, &parcel).await;
    ground.pass(SignedDuration::from_hours(48));
    let courier = json!({"kind": "courier", "address_id": one.address.as_str(), "day": "2026-11-26"});
    let (returns, token) = (ground.returns(), ground.token(&one.subject()));
    let booked = life.insist(&returns, || {
        let wanted = json!({"barcodes": [brought], "way": courier});
        let mut request = request("POST", "/returns", &token, &wanted);
        request.headers_mut().insert("idempotency-key", "the-one-return".parse().unwrap());
        request
    });
    let booked = booked.await;
    assert_eq!(booked.status, 201, "{}", booked.body);
    let return_no = booked.body["return_no"].as_str().unwrap().to_owned();
    life.settle().await;
    let at = ReturnRef { rid: one.rid.clone(), no: return_no.parse().unwrap() };
    let pushed = life.push(&at, &format!("SF{return_no}"), &[("2026-11-25 09:30:00", "103")]).await;
    assert_eq!(pushed.status, 200, "{}", pushed.body);
    life.settle().await;
    life.done("desk-l01", json!({"action": "check_in", "barcode": brought})).await;
    life.settle().await;
    Numbers { orders: vec![number], returns: vec![return_no] }
}

/// A packed parcel goes to its site by the library's van.
async fn to_the_site(life: &Life<'_>, parcel_no: &str) {
    for (staff, action) in
        [("dispatcher-c01", "hand_over"), ("dispatcher-c01", "depart"), ("desk-s01", "arrive")]
    {
        life.done(staff, json!({"action": action, "parcel_no": parcel_no})).await;
        life.settle().await;
    }
}

/// All that there is in the end, without the orders' numbers and the bytes of chance.
async fn end_of(ground: &Ground, numbers: &Numbers) -> Value {
    let orders = &numbers.orders;
    let mut items = std::collections::BTreeMap::new();
    let mut codes = Vec::new();
    for (key, mut item) in ground.items() {
        let body = item.as_object_mut().unwrap();
        if key.contains("/ ORDER#") || key.contains("/ RETURN#") {
            body.remove("who");
            codes.extend(body.remove("pc").and_then(|code| Some(code["S"].as_str()?.to_owned())));
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
    let mut seen = vec![json!(items)];
    for n in 1..=u32::try_from(orders.len()).unwrap() {
        let (order_no, token) = (&orders[n as usize - 1], ground.token(&library::reader(n).subject()));
        for (function, path) in [
            (ground.ordering(), format!("/orders/{order_no}")),
            (ground.ordering(), format!("/orders/{order_no}/timeline")),
            (ground.ordering(), "/loans".to_owned()),
            (ground.profile(), "/me/notices".to_owned()),
        ] {
            let answer = send(function, request("GET", &path, &token, &Value::Null)).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            seen.push(answer.body);
        }
    }
    let text = orders.iter().enumerate().fold(json!(seen).to_string(), |text, (n, order_no)| {
        text.replace(order_no, &format!("ORDER-NUMBER-{n:03}"))
    });
    let text =
        numbers.returns.iter().fold(text, |text, return_no| text.replace(return_no, "RETURN-NUMBER-16"));
    let text = codes.iter().fold(text, |text, code| text.replace(&format!("取书码 {code}"), "取书码 ######"));
    serde_json::from_str(&text).unwrap()
}

/// One whole life; its end, how many writes and sends it took, and what left the house.
async fn live(
    story: Story,
    prepare: impl FnOnce(&Ground),
    deliveries: usize,
) -> (Value, u32, u32, Vec<Sent>) {
    let ground = ground().await;
    story.prepare(&ground).await;
    let life = Life::new(&ground).delivering(deliveries);
    let (writes, sends) = (ground.faults.writes(), ground.outside.sends());
    prepare(&ground);

    let numbers = story.play(&ground, &life).await;

    let (writes, sends) = (ground.faults.writes() - writes, ground.outside.sends() - sends);
    ground.assert_sound([1, 2]).await;
    let gone = life.gone.lock().unwrap().clone();
    (end_of(&ground, &numbers).await, writes, sends, gone)
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
    let (end, writes, sends, gone) = live(Story::Straight, |_| {}, 1).await;
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
async fn a_book_that_nobody_wants_any_more_goes_to_who_does() {
    let story = Story::ChangedMind;
    let (end, writes, sends, gone) = live(story, |_| {}, 1).await;
    println!("{writes} writes, {sends} sends");
    let parts = end.as_array().unwrap();
    assert_eq!((&parts[1]["status"], &parts[5]["status"]), (&json!("uncollected"), &json!("collected")));
    assert_eq!(
        (&parts[3]["items"], &parts[7]["items"]),
        (&json!([]), &json!([])),
        "nothing is on loan any more"
    );
    assert_eq!(sms(&gone), story.notices());
    let called = gone.iter().filter(|one| matches!(one, Sent::Booking { .. })).count();
    assert_eq!(called, 2, "a courier is booked, and called off");
}

#[tokio::test]
async fn what_was_paid_for_is_brought_and_what_was_not_wanted_is_given_back() {
    let story = Story::Paid;
    let (end, writes, sends, gone) = live(story, |_| {}, 1).await;
    println!("{writes} writes, {sends} sends");
    let parts = end.as_array().unwrap();
    assert_eq!((&parts[1]["status"], &parts[1]["fee_fen"]), (&json!("delivered"), &json!(300)));
    assert_eq!(parts[1]["payment"]["state"], "partly_refunded");
    assert_eq!(parts[3]["items"], json!([]), "nothing is on loan any more");
    assert_eq!(sms(&gone), story.notices());
}

async fn comes_again_and_again(story: Story) {
    let (expected, ..) = live(story, |_| {}, 1).await;
    for times in [2, 3] {
        let (end, _, _, gone) = live(story, |_| {}, times).await;
        assert_same(&end, &expected, &format!("each message {times} times"));
        assert_eq!(sms(&gone), story.notices(), "no step is told twice");
    }
}

#[tokio::test]
async fn messages_delivered_three_times_in_any_order_change_nothing() {
    comes_again_and_again(Story::Straight).await;
}

#[tokio::test]
async fn messages_about_a_changed_mind_delivered_three_times_change_nothing() {
    comes_again_and_again(Story::ChangedMind).await;
}

#[tokio::test]
async fn messages_about_money_and_returns_delivered_three_times_change_nothing() {
    comes_again_and_again(Story::Paid).await;
}

/// Between an SMS and its mark nothing can be certain: then it is told twice rather than never.
fn assert_told(gone: &[Sent], story: Story, when: &str) {
    let (told, expected) = (sms(gone), story.notices());
    assert!((expected..=expected + 1).contains(&told), "{when}: {told} SMS");
}

async fn dies_at_each_write(story: Story, crash: Crash) {
    let (expected, writes, ..) = live(story, |_| {}, 1).await;
    for n in 0..writes {
        let (end, _, _, gone) = live(story, |ground| ground.faults.crash(n, crash), 1).await;
        let when = format!("{story:?}: died {crash:?} write {n} of {writes}");
        assert_same(&end, &expected, &when);
        assert_told(&gone, story, &when);
    }
}

#[tokio::test]
async fn a_process_may_die_before_any_write() {
    dies_at_each_write(Story::Straight, Crash::Before).await;
}

#[tokio::test]
async fn a_process_may_die_after_any_write() {
    dies_at_each_write(Story::Straight, Crash::After).await;
}

#[tokio::test]
async fn a_process_may_die_before_any_write_of_a_changed_mind() {
    dies_at_each_write(Story::ChangedMind, Crash::Before).await;
}

#[tokio::test]
async fn a_process_may_die_after_any_write_of_a_changed_mind() {
    dies_at_each_write(Story::ChangedMind, Crash::After).await;
}

#[tokio::test]
async fn a_process_may_die_before_any_write_of_what_is_paid_and_returned() {
    dies_at_each_write(Story::Paid, Crash::Before).await;
}

#[tokio::test]
async fn a_process_may_die_after_any_write_of_what_is_paid_and_returned() {
    dies_at_each_write(Story::Paid, Crash::After).await;
}

async fn dies_after_each_send(story: Story) {
    let (expected, _, sends, _) = live(story, |_| {}, 1).await;
    for n in 0..sends {
        let (end, _, _, gone) = live(story, |ground| ground.outside.crash(n), 1).await;
        let when = format!("{story:?}: died after send {n} of {sends}");
        assert_same(&end, &expected, &when);
        assert_told(&gone, story, &when);
    }
}

#[tokio::test]
async fn a_process_may_die_after_any_send() {
    dies_after_each_send(Story::Straight).await;
}

#[tokio::test]
async fn a_process_may_die_after_any_send_of_a_changed_mind() {
    dies_after_each_send(Story::ChangedMind).await;
}

#[tokio::test]
async fn a_process_may_die_after_any_send_of_what_is_paid_and_returned() {
    dies_after_each_send(Story::Paid).await;
}
