//! When books come to the door: slots are chosen, counted, given back and moved.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};
use yujie_domain::parcel::LineStatus::Packed;
use yujie_domain::parcel::{Carrier, Warning};
use yujie_domain::rules::{RuleSet, Zone};
use yujie_domain::slot::Taken;
use yujie_tests::ground::{request, send};
use yujie_tests::library::{self, copy, title};
use yujie_tests::life::sqs_event;
use yujie_tests::{Answer, Ground, Life, Sent, scene};

/// In Chaoyang each slot takes so many parcels; in Dongcheng any number.
pub(crate) async fn per_slot(ground: &Ground, per_slot: u16) {
    let zone = |division: &str, per_slot| Zone { division: division.to_owned(), per_slot };
    let zones = vec![zone("110105", Some(per_slot)), zone("110101", None)];
    let rules = RuleSet { version: 2, zones, ..RuleSet::founding() };
    yujie_table::rules::add(&ground.table, &rules).await.unwrap();
}

/// What is taken in Chaoyang; slots of which nothing is taken are left out.
pub(crate) async fn taken(ground: &Ground) -> Taken {
    let taken = yujie_table::slot_load::of_division(&ground.table, "110105").await.unwrap();
    taken.into_iter().filter(|(_, n)| *n > 0).collect()
}

/// The same, as text.
async fn places(ground: &Ground) -> Vec<String> {
    taken(ground).await.into_iter().map(|((day, from), n)| format!("{day} {from}: {n}")).collect()
}

fn slot(day: &str, from: &str, until: &str) -> Value {
    json!({"day": day, "from": from, "until": until})
}

/// The first slot that can be chosen on the Monday on which everything happens.
fn afternoon() -> Value {
    slot("2026-11-24", "12:00:00", "18:00:00")
}

fn evening() -> Value {
    slot("2026-11-24", "18:00:00", "21:00:00")
}

/// The first slot that is later than what is promised.
fn next_morning() -> Value {
    slot("2026-11-25", "09:00:00", "12:00:00")
}

fn home(n: u32, slot: Option<Value>) -> Value {
    let mut to = json!({"kind": "home", "address_id": library::reader(n).address.as_str()});
    if let Some(slot) = slot {
        to["slot"] = slot;
    }
    to
}

async fn ask(ground: &Ground, n: u32, method: &str, path: &str, body: &Value) -> Answer {
    let token = ground.token(&library::reader(n).subject());
    let mut asked = request(method, path, &token, body);
    asked.headers_mut().insert("idempotency-key", format!("reader-{n}-{path}").parse().unwrap());
    send(ground.ordering(), asked).await
}

async fn order(ground: &Ground, n: u32, titles: &[&str], to: Value) -> Answer {
    let lines: Vec<Value> = titles.iter().map(|id| json!({"title_id": id})).collect();
    let wanted = json!({"lines": lines, "deliver_to": to, "if_missing": "cancel"});
    ask(ground, n, "POST", "/orders", &wanted).await
}

/// An order that stands: its number.
async fn ordered(ground: &Ground, n: u32, titles: &[&str], to: Value) -> String {
    let placed = order(ground, n, titles, to).await;
    assert_eq!(placed.status, 201, "{}", placed.body);
    placed.body["order_no"].as_str().unwrap().to_owned()
}

async fn redirect(ground: &Ground, n: u32, number: &str, to: Value) -> Answer {
    let path = format!("/orders/{number}/destination");
    ask(ground, n, "PUT", &path, &json!({"deliver_to": to})).await
}

/// The one reason of a refusal.
fn refusal(answer: &Answer) -> Value {
    assert_eq!((answer.status, &answer.body["code"]), (409, &json!("order_refused")), "{}", answer.body);
    assert_eq!(answer.body["reasons"].as_array().unwrap().len(), 1, "{}", answer.body);
    let reason = answer.body["reasons"][0].clone();
    assert!(reason["detail"].as_str().unwrap().ends_with('。'), "{reason}");
    reason
}

/// The slots that a refusal names as a way out.
fn named(reason: &Value) -> Vec<Value> {
    let ways = reason["actions"].as_array().unwrap();
    let choose = ways.iter().find(|way| way["kind"] == "choose_slot").expect("a slot to choose");
    choose["slots"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_reader_sees_the_slots_of_an_address_and_what_is_free_in_them() {
    let ground = Ground::new().await;
    let path = format!("/slots?address_id={}", library::reader(1).address);
    let any = ask(&ground, 1, "GET", &path, &Value::Null).await;
    assert_eq!(any.body["items"][0], afternoon(), "nothing is counted: {}", any.body);

    per_slot(&ground, 2).await;
    ordered(&ground, 1, &["b000004"], home(1, Some(evening()))).await;
    let counted =
        ask(&ground, 2, "GET", &format!("/slots?address_id={}", library::reader(2).address), &Value::Null)
            .await;
    assert_eq!(counted.body["division"], "110105");
    let free: BTreeMap<String, Value> = counted.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            (
                format!("{} {}", item["day"].as_str().unwrap(), item["from"].as_str().unwrap()),
                item["free"].clone(),
            )
        })
        .collect();
    assert_eq!(free["2026-11-24 12:00:00"], 2);
    assert_eq!(free["2026-11-24 18:00:00"], 1);
    assert_eq!(free.keys().last().unwrap(), "2026-11-29 18:00:00", "six days after the first");
    for path in [path, "/slots?address_id=nonsense".to_owned()] {
        assert_eq!(ask(&ground, 2, "GET", &path, &Value::Null).await.status, 404, "another reader's");
    }
}

#[tokio::test]
async fn the_last_place_of_a_slot_goes_to_one_of_twenty_readers() {
    let ground = Ground::with_readers(20).await;
    per_slot(&ground, 1).await;
    let copies = (0..20).map(|n| copy(&format!("S{n:07}"), "s000001", "C01", "I1/1")).collect();
    ground.add_title(title("s000001", "人人都要", "编者"), copies).await;

    let asked = (1..=20).map(|n| order(&ground, n, &["s000001"], home(n, Some(afternoon()))));
    let answers = join_all(asked).await;

    let (placed, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    assert_eq!(placed.len(), 1);
    assert_eq!(placed[0].body["slot"], afternoon());
    assert_eq!(placed[0].body["promised_by"], "2026-11-24T10:00:00Z", "a chosen slot promises its end");
    for answer in refused {
        let reason = refusal(answer);
        assert_eq!((&reason["code"], &reason["slot"]), (&json!("slot_full"), &afternoon()));
        assert_eq!((&reason["per_slot"], &reason["free"]), (&json!(1), &json!(0)));
        assert_eq!(named(&reason)[0], evening());
    }
    assert_eq!(places(&ground).await, ["2026-11-24 12:00:00: 1"]);
}

#[tokio::test]
async fn without_a_choice_the_first_slot_with_room_is_taken_until_none_keeps_the_promise() {
    let ground = Ground::with_readers(4).await;
    per_slot(&ground, 1).await;
    for (n, slot) in [(1, afternoon()), (2, evening())] {
        let placed = order(&ground, n, &["b000004"], home(n, None)).await;
        assert_eq!((placed.status, &placed.body["slot"]), (201, &slot), "{}", placed.body);
        assert_eq!(placed.body["promised_by"], "2026-11-25T02:00:00Z", "as ever");
    }

    for path in ["/orders", "/orders/quote"] {
        let wanted = json!({"lines": [{"title_id": "b000004"}], "deliver_to": home(3, None)});
        let reason = refusal(&ask(&ground, 3, "POST", path, &wanted).await);
        assert_eq!((&reason["code"], &reason["division"]), (&json!("slots_full"), &json!("110105")));
        assert_eq!((&reason["per_slot"], &reason["next"]), (&json!(1), &next_morning()));
        assert_eq!(named(&reason)[0], next_morning());
    }

    let wanted = json!({"lines": [{"title_id": "b000004"}], "deliver_to": home(3, Some(next_morning()))});
    let quote = ask(&ground, 3, "POST", "/orders/quote", &wanted).await;
    assert_eq!((quote.status, &quote.body["slot"]), (200, &next_morning()), "{}", quote.body);
    let number = ordered(&ground, 3, &["b000004"], home(3, Some(next_morning()))).await;
    let seen = ask(&ground, 3, "GET", &format!("/orders/{number}"), &Value::Null).await;
    assert_eq!(
        (&seen.body["slot"], &seen.body["promised_by"]),
        (&next_morning(), &json!("2026-11-25T04:00:00Z"))
    );
}

#[tokio::test]
async fn an_order_of_two_parcels_takes_two_places_or_none() {
    let ground = Ground::new().await;
    per_slot(&ground, 1).await;
    // Nothing but the copy at L01 is left of the first, and the second is at C01 alone.
    for (n, code) in ["C0000401", "C0000402", "C0000403"].into_iter().enumerate() {
        let to = yujie_domain::parcel::Destination::Site { site_id: library::site_id("S01") };
        scene::place(&ground, &library::reader(2), &format!("26112300000000{n:02}"), &[code], to).await;
        let account =
            yujie_table::account::get(&ground.table, &library::reader(2).rid).await.unwrap().unwrap();
        assert!(!account.open.is_empty());
    }
    let reason = refusal(&order(&ground, 1, &["b000004", "b000006"], home(1, Some(afternoon()))).await);
    assert_eq!((&reason["code"], &reason["free"]), (&json!("slot_full"), &json!(1)));
    let reason = refusal(&order(&ground, 1, &["b000004", "b000006"], home(1, None)).await);
    assert_eq!((&reason["code"], &reason.get("next")), (&json!("slots_full"), &None));
    assert_eq!(places(&ground).await, [""; 0]);
}

#[tokio::test]
async fn a_slot_that_is_past_or_unknown_is_told_with_others_to_choose() {
    let ground = Ground::new().await;
    for (slot, code) in [
        (slot("2026-11-24", "09:00:00", "12:00:00"), "slot_past"),
        (slot("2026-11-20", "09:00:00", "12:00:00"), "slot_past"),
        (slot("2026-12-24", "09:00:00", "12:00:00"), "unknown_slot"),
        (slot("2026-11-25", "09:00:00", "10:00:00"), "unknown_slot"),
    ] {
        let reason = refusal(&order(&ground, 1, &["b000004"], home(1, Some(slot.clone()))).await);
        assert_eq!((&reason["code"], &reason["slot"]), (&json!(code), &slot));
        assert_eq!(named(&reason)[0], afternoon());
    }
}

#[tokio::test]
async fn an_order_that_is_cancelled_gives_its_place_back_and_a_part_of_it_does_not() {
    let ground = Ground::new().await;
    per_slot(&ground, 1).await;
    let number = ordered(&ground, 1, &["b000004", "b000005"], home(1, Some(afternoon()))).await;
    let cancel = format!("/orders/{number}/cancel");
    let one = yujie_table::parcel::get(&ground.table, &scene::parcel(&library::reader(1), &number)).await;
    let one = one.unwrap().unwrap().lines[0].barcode.to_string();

    assert_eq!(ask(&ground, 1, "POST", &cancel, &json!({"barcodes": [one]})).await.status, 200);
    assert_eq!(places(&ground).await, ["2026-11-24 12:00:00: 1"]);
    assert_eq!(ask(&ground, 1, "POST", &cancel, &json!({})).await.status, 200);
    assert_eq!(places(&ground).await, [""; 0]);
    ordered(&ground, 2, &["b000004"], home(2, Some(afternoon()))).await;
}

#[tokio::test]
async fn an_order_moves_to_another_slot_and_to_a_site_and_back() {
    let ground = Ground::new().await;
    per_slot(&ground, 1).await;
    let number = ordered(&ground, 1, &["b000004"], home(1, Some(afternoon()))).await;
    ordered(&ground, 2, &["b000005"], home(2, Some(next_morning()))).await;

    let reason = refusal(&redirect(&ground, 1, &number, home(1, Some(next_morning()))).await);
    assert_eq!(reason["code"], "slot_full");
    assert_eq!(places(&ground).await, ["2026-11-24 12:00:00: 1", "2026-11-25 09:00:00: 1"]);

    let moved = redirect(&ground, 1, &number, home(1, Some(evening()))).await;
    assert_eq!((moved.status, &moved.body["slot"]), (200, &evening()), "{}", moved.body);
    assert_eq!(moved.body["promised_by"], "2026-11-24T13:00:00Z");
    assert_eq!(places(&ground).await, ["2026-11-24 18:00:00: 1", "2026-11-25 09:00:00: 1"]);

    let collected = redirect(&ground, 1, &number, json!({"kind": "site", "site_id": "S01"})).await;
    assert_eq!((collected.status, collected.body.get("slot")), (200, None), "{}", collected.body);
    assert_eq!(places(&ground).await, ["2026-11-25 09:00:00: 1"]);

    let back = redirect(&ground, 1, &number, home(1, None)).await;
    assert_eq!((back.status, &back.body["slot"]), (200, &afternoon()), "{}", back.body);
    assert_eq!(places(&ground).await, ["2026-11-24 12:00:00: 1", "2026-11-25 09:00:00: 1"]);
    let seen = ask(&ground, 1, "GET", &format!("/orders/{number}"), &Value::Null).await;
    assert_eq!(seen.body["slot"], afternoon());
}

#[tokio::test]
async fn an_order_that_goes_to_another_address_keeps_its_slot_while_there_is_room() {
    let ground = Ground::new().await;
    per_slot(&ground, 1).await;
    let number = ordered(&ground, 1, &["b000004"], home(1, Some(afternoon()))).await;
    let token = ground.token(&library::reader(1).subject());
    let new =
        json!({"recipient": "张三", "phone": "13800000001", "division": "110101", "street": "东四十条1号"});
    let mut added = request("POST", "/me/addresses", &token, &new);
    added.headers_mut().insert("idempotency-key", "another-address".parse().unwrap());
    let added = send(ground.profile(), added).await;

    let there = json!({"kind": "home", "address_id": added.body["address_id"]});
    let moved = redirect(&ground, 1, &number, there).await;
    assert_eq!((moved.status, &moved.body["slot"]), (200, &afternoon()), "{}", moved.body);
    assert_eq!(places(&ground).await, [""; 0], "nothing is counted there");

    ordered(&ground, 2, &["b000005"], home(2, Some(afternoon()))).await;
    let reason = refusal(&redirect(&ground, 1, &number, home(1, None)).await);
    assert_eq!((&reason["code"], &reason["next"]), (&json!("slots_full"), &evening()), "later than promised");
    let back = redirect(&ground, 1, &number, home(1, Some(evening()))).await;
    assert_eq!((back.status, &back.body["slot"]), (200, &evening()), "{}", back.body);
}

#[tokio::test]
async fn an_order_that_goes_there_already_stays_as_it_is() {
    let ground = Ground::new().await;
    per_slot(&ground, 1).await;
    let number = ordered(&ground, 1, &["b000004"], home(1, Some(afternoon()))).await;
    let other = ordered(&ground, 2, &["b000005"], json!({"kind": "site", "site_id": "S01"})).await;
    scene::advance(&ground, &library::reader(1), &number, Packed, true).await;
    let before = ground.items();

    for (n, number, to) in [
        (1, &number, home(1, Some(afternoon()))),
        (1, &number, home(1, None)),
        (2, &other, json!({"kind": "site", "site_id": "S01"})),
    ] {
        let answer = redirect(&ground, n, number, to).await;
        let seen = ask(&ground, n, "GET", &format!("/orders/{number}"), &Value::Null).await;
        assert_eq!((answer.status, answer.body), (200, seen.body));
    }
    assert_eq!(ground.items(), before, "nothing is written");
}

#[tokio::test]
async fn a_full_site_takes_no_redirected_order() {
    let ground = Ground::new().await;
    for one in library::sites().into_iter().filter(|site| site.id.as_str() == "S01") {
        let narrow = yujie_domain::site::Site { capacity: Some(1), ..one };
        yujie_table::site::load(&ground.table, &narrow).await.unwrap();
    }
    let to_site = json!({"kind": "site", "site_id": "S01"});
    ordered(&ground, 2, &["b000005"], to_site.clone()).await;
    let number = ordered(&ground, 1, &["b000004"], home(1, None)).await;
    assert_eq!(refusal(&redirect(&ground, 1, &number, to_site).await)["code"], "site_full");
}

#[tokio::test]
async fn what_was_waited_for_comes_in_the_first_slot_with_room_and_without_one_all_the_same() {
    let ground = Ground::with_readers(4).await;
    per_slot(&ground, 1).await;
    let first = ordered(&ground, 1, &["b000006"], home(1, Some(afternoon()))).await;
    for n in [2, 3] {
        let hold = json!({"title_id": "b000006", "deliver_to": home(n, None)});
        assert_eq!(ask(&ground, n, "POST", "/holds", &hold).await.status, 201);
    }
    let hold = json!({"title_id": "b000006", "deliver_to": home(4, Some(evening()))});
    assert_eq!(ask(&ground, 4, "POST", "/holds", &hold).await.status, 422, "nobody knows when it comes");

    let latest =
        async |n: u32| ask(&ground, n, "GET", "/orders", &Value::Null).await.body["items"][0].clone();
    let cancel = async |n: u32, number: &str| {
        let answer = ask(&ground, n, "POST", &format!("/orders/{number}/cancel"), &json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    cancel(1, &first).await;
    let second = latest(2).await;
    assert_eq!(
        second["slot"],
        evening(),
        "the afternoon's place comes back together with the book: {second}"
    );

    let no_more = RuleSet {
        version: 3,
        zones: vec![Zone { division: "110105".to_owned(), per_slot: Some(0) }],
        ..RuleSet::founding()
    };
    yujie_table::rules::add(&ground.table, &no_more).await.unwrap();
    cancel(2, second["order_no"].as_str().unwrap()).await;
    let third = latest(3).await;
    assert_eq!((&third["from_hold"], third.get("slot")), (&json!(true), None), "{third}");
    assert_eq!(places(&ground).await, [""; 0]);
}

/// What the courier was told since the last time.
async fn told(ground: &Ground, number: &str) -> Vec<Value> {
    let message = json!({"parcel": scene::parcel(&library::reader(1), number)}).to_string();
    let event = serde_json::from_value(sqs_event("dispatch", &[&message])).unwrap();
    ground.outside.take();
    let done = dispatch::handle(&ground.dispatch(), event).await;
    assert!(done.batch_item_failures.is_empty());
    let sent = ground.outside.take().into_iter();
    sent.filter_map(|sent| if let Sent::Booking { param } = sent { Some(param) } else { None }).collect()
}

#[tokio::test]
async fn the_courier_is_told_the_slot_and_collects_on_the_day_before_it() {
    let ground = Ground::new().await;
    let person = library::reader(1);
    let day_after = slot("2026-11-25", "18:00:00", "21:00:00");
    let number = ordered(&ground, 1, &["b000004"], home(1, Some(day_after))).await;
    scene::advance(&ground, &person, &number, Packed, false).await;

    let booked = told(&ground, &number).await;
    assert_eq!(booked.len(), 1, "{booked:?}");
    assert_eq!(
        (&booked[0]["remark"], &booked[0]["dayType"]),
        (&json!("请于11月25日 18:00–21:00送达"), &json!("明天"))
    );

    // The same address, but later: he is called off, and another booking is made.
    let late = slot("2026-11-28", "09:00:00", "12:00:00");
    assert_eq!(redirect(&ground, 1, &number, home(1, Some(late))).await.status, 200);
    let anew = told(&ground, &number).await;
    assert_eq!(anew.len(), 2, "{anew:?}");
    assert!(anew[0].get("thirdOrderId").is_none(), "called off: {anew:?}");
    assert_eq!(
        (&anew[1]["remark"], &anew[1]["dayType"]),
        (&json!("请于11月28日 09:00–12:00送达"), &json!("后天"))
    );
    assert_ne!(anew[1]["thirdOrderId"], booked[0]["thirdOrderId"]);
    let parcel =
        yujie_table::parcel::get(&ground.table, &scene::parcel(&person, &number)).await.unwrap().unwrap();
    assert_eq!(parcel.booking.map(|booking| booking.carrier), Some(Carrier::Kuaidi100));
}

#[tokio::test]
async fn the_clock_of_an_order_counts_to_the_end_of_its_slot() {
    let ground = Ground::new().await;
    let late = slot("2026-11-27", "09:00:00", "12:00:00");
    let number = ordered(&ground, 1, &["b000004"], home(1, Some(late))).await;
    let at = scene::parcel(&library::reader(1), &number);
    let warned_after = async |hours: i64| {
        ground.pass(SignedDuration::from_hours(hours));
        promises::handle(&ground.promises(), promises::Job::Redrive).await.unwrap();
        yujie_table::parcel::get(&ground.table, &at).await.unwrap().unwrap().warned
    };
    assert_eq!(warned_after(49).await, None, "two days later nothing is late");
    assert_eq!(warned_after(25).await, Some(Warning::Half), "a day before the slot is over");
    assert_eq!(warned_after(25).await, Some(Warning::Broken));
}

#[tokio::test]
async fn a_delivered_parcel_keeps_the_place_in_which_it_came() {
    let ground = Ground::new().await;
    per_slot(&ground, 1).await;
    let (life, person) = (Life::new(&ground), library::reader(1));
    let wanted = json!({"lines": [{"title_id": "b000004"}], "deliver_to": home(1, Some(afternoon())), "if_missing": "cancel"});
    let placed = life.order(&person, "one-order", &wanted).await;
    assert_eq!(placed.status, 201, "{}", placed.body);
    life.settle().await;
    life.fulfil(&person, placed.body["order_no"].as_str().unwrap(), &placed.body["parcels"][0]).await;
    assert_eq!(places(&ground).await, ["2026-11-24 12:00:00: 1"]);
    ground.assert_sound([1]).await;
}
