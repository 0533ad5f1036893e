//! A quote is kept: what it says is what the order is a moment later, yes or no, unless the world changed in between.

use jiff::SignedDuration;
use serde_json::{Value, json};
use yujie_domain::rules::{RuleSet, Zone};
use yujie_domain::site::Site;
use yujie_table::{rules, site};
use yujie_tests::ground::{request, send};
use yujie_tests::{Answer, Ground, library};

use crate::model::chance::Chance;

/// Orders of one history: enough that books, places, slots and readers' limits run out, and come back when somebody cancels.
const ORDERS: u32 = 150;
const READERS: u32 = 6;

/// Few titles with few copies, so that they run out.
const TITLES: [&str; 6] = ["b000004", "b000005", "b000006", "q000001", "q000002", "gone"];

/// A library in which delivery costs something, slots and S01 take few parcels, and a title stands at two sites.
async fn library_of_few() -> Ground {
    let ground = Ground::near(READERS).await;
    for (id, places) in [("q000001", &["C01", "L01"][..]), ("q000002", &["L01"])] {
        let copies = (1_usize..).zip(places);
        let copies = copies.map(|(n, at)| library::copy(&format!("Q{id}{n}"), id, at, "I1/1")).collect();
        ground.add_title(library::title(id, "难求的书", "编者"), copies).await;
    }
    let zones = vec![Zone { division: "110105".to_owned(), per_slot: Some(2) }];
    let set: Vec<Value> = [("home_fee", 300), ("home_fee_more", 50), ("in_process", 3), ("holds", 2)]
        .map(|(rule, value)| json!({"set": {"rule": rule, "value": value}}))
        .into();
    let set = RuleSet {
        version: 2,
        zones,
        rules: serde_json::from_value(set.into()).unwrap(),
        ..RuleSet::founding()
    };
    rules::add(&ground.table, &set).await.unwrap();
    for one in library::sites().into_iter().filter(|site| site.id.as_str() == "S01") {
        site::load(&ground.table, &Site { capacity: Some(2), ..one }).await.unwrap();
    }
    ground
}

async fn ask(ground: &Ground, reader: u32, path: &str, key: &str, body: &Value) -> Answer {
    let token = ground.token(&library::reader(reader).subject());
    let mut request = request("POST", path, &token, body);
    request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    send(ground.ordering(), request).await
}

fn wish(chance: &mut Chance, reader: u32) -> Value {
    let mut titles = Vec::new();
    for _ in 0..chance.one(&[1, 1, 2, 2, 3]) {
        let title = chance.one(&TITLES);
        if !titles.contains(&title) || chance.percent(10) {
            titles.push(title);
        }
    }
    let lines: Vec<Value> = titles.iter().map(|id| json!({"title_id": id})).collect();
    let address = library::reader(reader).address;
    let to = match chance.below(8) {
        0..2 => json!({"kind": "home", "address_id": address.as_str()}),
        2..4 => json!({"kind": "home", "address_id": address.as_str(),
            "slot": {"day": "2026-11-24", "from": "12:00:00", "until": "18:00:00"}}),
        4 => json!({"kind": "home", "address_id": address.as_str(),
            "slot": {"day": "2026-11-23", "from": "09:00:00", "until": "12:00:00"}}),
        5..7 => json!({"kind": "site", "site_id": "S01"}),
        _ => json!({"kind": "site", "site_id": chance.one(&["L01", "C01", "X99"])}),
    };
    let mut wish = json!({"lines": lines, "deliver_to": to});
    if let Some(if_missing) = chance.of(&["", "ship_found", "wait", "cancel"]).filter(|rule| !rule.is_empty())
    {
        wish["if_missing"] = if_missing.into();
    }
    wish
}

/// What both say of an order: of equally good copies one or the other may be chosen, so its books are compared and not its copies.
fn said(answer: &Answer) -> Value {
    let body = &answer.body;
    let parcels = body["parcels"].as_array().map_or(0, Vec::len);
    let books = body["parcels"].as_array().into_iter().flatten();
    let books = books.flat_map(|parcel| parcel["lines"].as_array().unwrap());
    let mut titles: Vec<&str> = books.map(|line| line["title_id"].as_str().unwrap()).collect();
    titles.sort_unstable();
    let queued = body["queued"].as_array().cloned().unwrap_or_default();
    json!({
        "yes": answer.status < 300, "code": body["code"], "reasons": body["reasons"], "fields": body["fields"],
        "promised_by": body["promised_by"], "slot": body["slot"], "fee_fen": body["fee_fen"],
        "parcels": parcels, "titles": titles, "queued": queued, "unfilled": body["unfilled"],
    })
}

async fn history(seed: u64) -> [u32; 2] {
    let ground = library_of_few().await;
    let mut chance = Chance::seeded(seed);
    let (mut placed, mut answers) = (Vec::new(), [0, 0]);
    for n in 0..ORDERS {
        let reader = 1 + u32::try_from(chance.below(u64::from(READERS))).unwrap();
        let wish = wish(&mut chance, reader);
        let before = chance.percent(10).then(|| ground.items());
        let quote = ask(&ground, reader, "/orders/quote", "unused-by-quotes", &wish).await;
        if let Some(before) = before {
            assert_eq!(ground.items(), before, "a quote writes nothing");
        }
        let order = ask(&ground, reader, "/orders", &format!("history-{seed}-{n}"), &wish).await;
        assert_eq!(said(&quote), said(&order), "seed {seed}, order {n} of reader {reader}: {wish}");
        answers[usize::from(order.status != 201)] += 1;
        if let Some(number) = order.body["order_no"].as_str() {
            placed.push((reader, number.to_owned()));
        }
        // Somebody thinks better of it, and time passes.
        if chance.percent(40) && !placed.is_empty() {
            let at = usize::try_from(chance.below(placed.len().try_into().unwrap())).unwrap();
            let (reader, number) = placed.swap_remove(at);
            let cancelled =
                ask(&ground, reader, &format!("/orders/{number}/cancel"), "no-key-asked", &json!({})).await;
            assert_eq!(cancelled.status, 200, "{}", cancelled.body);
        }
        ground.pass(SignedDuration::from_secs(i64::try_from(chance.below(120)).unwrap()));
    }
    answers
}

#[tokio::test]
async fn what_a_quote_says_is_what_the_order_is_a_moment_later() {
    let mut answers = [0, 0];
    for seed in 1..=2 {
        println!("seed {seed}");
        for (all, some) in answers.iter_mut().zip(history(seed).await) {
            *all += some;
        }
    }
    println!("{} orders, {} refusals", answers[0], answers[1]);
    assert!(answers.iter().all(|n| *n > 50), "both are worth seeing: {answers:?}");
}
