//! The cart: the same on every device, and each line as it is at this moment.

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use yujie_domain::cart::{Cart, CartLine, MOST};
use yujie_domain::money::Fen;
use yujie_domain::rules::{ItemClass, RuleSet};
use yujie_table::{TransactError, cart, rules};
use yujie_tests::ground::{request, send};
use yujie_tests::{Answer, Fault, Ground, Life, library};

async fn ask(ground: &Ground, reader: u32, method: &str, path: &str) -> Answer {
    let token = ground.token(&library::reader(reader).subject());
    send(ground.ordering(), request(method, path, &token, &Value::Null)).await
}

/// A reader does something, and a second goes by.
async fn done(ground: &Ground, reader: u32, method: &str, path: &str) {
    let answer = ask(ground, reader, method, path).await;
    assert!(answer.status < 300, "{method} {path}: {}", answer.body);
    ground.pass(SignedDuration::from_secs(1));
}

async fn put(ground: &Ground, reader: u32, titles: &[&str]) {
    for title in titles {
        done(ground, reader, "PUT", &format!("/cart/{title}")).await;
    }
}

async fn shown(ground: &Ground, reader: u32) -> Value {
    let cart = ask(ground, reader, "GET", "/cart").await;
    assert_eq!(cart.status, 200, "{}", cart.body);
    cart.body
}

fn lines(cart: &Value) -> &Vec<Value> {
    cart["lines"].as_array().unwrap()
}

async fn titles(ground: &Ground, reader: u32) -> Vec<String> {
    let cart = shown(ground, reader).await;
    lines(&cart).iter().map(|line| line["title_id"].as_str().unwrap().to_owned()).collect()
}

/// How it is with a line.
async fn state(ground: &Ground, reader: u32, title: &str) -> Value {
    let cart = shown(ground, reader).await;
    let line = lines(&cart).iter().find(|line| line["title_id"] == title).cloned();
    line.unwrap_or_else(|| panic!("{title} is not in {cart}"))["state"].clone()
}

/// What can be done about a line, by kind.
fn kinds<'a>(line: &'a Value, of: &str) -> Vec<&'a str> {
    let ways = line[of].as_array().map(Vec::as_slice).unwrap_or_default();
    ways.iter().map(|way| way["kind"].as_str().unwrap()).collect()
}

async fn post(ground: &Ground, reader: u32, path: &str, key: &str, body: &Value) -> Answer {
    let token = ground.token(&library::reader(reader).subject());
    let mut request = request("POST", path, &token, body);
    request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    send(ground.ordering(), request).await
}

/// A reader orders to their door: the order's number.
async fn order(ground: &Ground, reader: u32, titles: &[&str]) -> String {
    let person = library::reader(reader);
    let lines: Vec<Value> = titles.iter().map(|id| json!({"title_id": id})).collect();
    let home = json!({"kind": "home", "address_id": person.address.as_str()});
    let key = format!("order-{reader}-{}-{}", titles.join("-"), ground.now().as_millisecond());
    let wanted = json!({"lines": lines, "deliver_to": home, "if_missing": "wait"});
    let placed = post(ground, reader, "/orders", &key, &wanted).await;
    assert_eq!(placed.status, 201, "{}", placed.body);
    ground.pass(SignedDuration::from_secs(1));
    placed.body["order_no"].as_str().unwrap().to_owned()
}

async fn cancel(ground: &Ground, reader: u32, order_no: &str) {
    let token = ground.token(&library::reader(reader).subject());
    let path = format!("/orders/{order_no}/cancel");
    let answer = send(ground.ordering(), request("POST", &path, &token, &json!({}))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    ground.pass(SignedDuration::from_secs(1));
}

async fn wait_for(ground: &Ground, reader: u32, title: &str) {
    let wanted = json!({"title_id": title, "deliver_to": {"kind": "site", "site_id": "S01"}});
    let answer = post(ground, reader, "/holds", &format!("wait-{reader}-{title}"), &wanted).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    ground.pass(SignedDuration::from_secs(1));
}

fn assert_told(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, &answer.body["code"]), (status, &json!(code)), "{}", answer.body);
}

#[tokio::test]
async fn a_cart_is_filled_looked_at_thinned_out_and_emptied() {
    let ground = Ground::new().await;
    assert_eq!(shown(&ground, 1).await, json!({"lines": [], "can_order_now": 0, "limit_left": 10}));
    put(&ground, 1, &["b000006", "b000004", "b000005", "b000006"]).await;

    let cart = shown(&ground, 1).await;
    assert_eq!((&cart["can_order_now"], &cart["limit_left"]), (&json!(3), &json!(10)));
    assert_eq!(
        lines(&cart)[1],
        json!({
            "title_id": "b000004", "title": "解忧杂货店", "authors": ["[日] 东野圭吾"], "isbn": "9787544270878",
            "added": "2026-11-23T02:00:01Z", "state": {"kind": "now", "copies": 4},
        })
    );
    assert_eq!(titles(&ground, 1).await, ["b000006", "b000004", "b000005"], "as they were added, each once");

    for _ in 0..2 {
        done(&ground, 1, "DELETE", "/cart/b000004").await;
        assert_eq!(titles(&ground, 1).await, ["b000006", "b000005"]);
    }
    put(&ground, 1, &["b000004"]).await;
    assert_eq!(titles(&ground, 1).await, ["b000006", "b000005", "b000004"]);
    for _ in 0..2 {
        done(&ground, 1, "DELETE", "/cart").await;
        assert_eq!(titles(&ground, 1).await, [""; 0]);
    }
}

#[tokio::test]
async fn a_line_follows_what_others_do_with_the_title() {
    let ground = Ground::with_readers(3).await;
    put(&ground, 1, &["b000006"]).await;
    let free = json!({"kind": "now", "copies": 1});
    let queue = |waiting, days| json!({"kind": "queue", "waiting": waiting, "likely_days": days});
    assert_eq!(state(&ground, 1, "b000006").await, free);

    let taken = order(&ground, 2, &["b000006"]).await;
    assert_eq!(state(&ground, 1, "b000006").await, queue(0, 15), "the last copy went to somebody else");
    assert_eq!(shown(&ground, 1).await["can_order_now"], 0);
    wait_for(&ground, 3, "b000006").await;
    assert_eq!(state(&ground, 1, "b000006").await, queue(1, 45), "and the next one waits already");
    let cart = shown(&ground, 1).await;
    let line = &lines(&cart)[0];
    assert_eq!(kinds(line, "actions"), ["join_queue", "other_edition", "remove_title"]);
    assert_eq!(
        line["offers"],
        json!([{"kind": "other_edition", "search": "/titles?q=%E7%BA%A2%E6%A5%BC%E6%A2%A6&available=true"}])
    );
    assert_eq!(line["detail"], "这本书已有 1 位读者在排队，可以加入排队（预计约 45 天），或查找其他版本。");

    cancel(&ground, 2, &taken).await;
    assert_eq!(state(&ground, 1, "b000006").await, queue(0, 15), "it went to the one who waited");
    let own = ask(&ground, 3, "GET", "/orders").await.body["items"][0]["order_no"].clone();
    cancel(&ground, 3, own.as_str().unwrap()).await;
    assert_eq!(state(&ground, 1, "b000006").await, free, "it came back");
}

#[tokio::test]
async fn a_free_copy_that_others_wait_for_is_not_this_readers() {
    let ground = Ground::with_readers(4).await;
    put(&ground, 1, &["b000006"]).await;
    let placed = order(&ground, 2, &["b000006"]).await;
    wait_for(&ground, 3, "b000006").await;
    let token = ground.token(&library::reader(3).subject());
    let suspend =
        |until: Value| request("PATCH", "/holds/b000006", &token, &json!({"suspended_until": until}));
    assert_eq!(send(ground.ordering(), suspend(json!("2026-12-01"))).await.status, 200);
    cancel(&ground, 2, &placed).await;
    assert_eq!(
        state(&ground, 1, "b000006").await,
        json!({"kind": "now", "copies": 1}),
        "who pauses does not count"
    );

    // Until the copy is given to reader 3, which follows from the stream, it is free and not to be had.
    assert_eq!(send(ground.ordering(), suspend(Value::Null)).await.status, 200);
    assert_eq!(state(&ground, 1, "b000006").await["kind"], "queue");
}

/// A library with a title for use in the house, a dear one, and one without a copy.
async fn with_odd_titles() -> Ground {
    let ground = Ground::new().await;
    let json = r#"{"version":2,"starts":"2026-01-01","rules":[
        {"set":{"rule":"lendable","value":false},"for":{"item":"reference"}}]}"#;
    let stricter: RuleSet = serde_json::from_str(json).unwrap();
    rules::add(&ground.table, &stricter).await.unwrap();
    let mut atlas = library::copy("N0000001", "n000001", "C01", "K99/1");
    atlas.class = ItemClass::Reference;
    ground.add_title(library::title("n000001", "地图集", "编者"), vec![atlas]).await;
    let mut facsimile = library::copy("N0000002", "n000002", "C01", "J22/1");
    facsimile.price = Some(Fen(150_000));
    ground.add_title(library::title("n000002", "影印本", "编者"), vec![facsimile]).await;
    ground.add_title(library::title("n000003", "未到馆", "编者"), Vec::new()).await;
    ground.add_title(library::title("n000004", "已剔除", "编者"), Vec::new()).await;
    ground
}

#[tokio::test]
async fn what_cannot_be_ordered_says_why_and_offers_a_way() {
    let ground = with_odd_titles().await;
    let had = order(&ground, 1, &["b000004"]).await;
    order(&ground, 2, &["b000006"]).await;
    wait_for(&ground, 1, "b000006").await;
    put(&ground, 1, &["b000004", "b000006", "n000001", "n000002", "n000003", "n000004"]).await;
    let gone = [("pk", "TITLE#n000004"), ("sk", "TITLE")];
    let gone = gone
        .map(|(name, value)| (name.to_owned(), aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned())));
    let client = ground.table.client();
    client.delete_item().table_name(library::TABLE).set_key(Some(gone.into())).send().await.unwrap();

    let cart = shown(&ground, 1).await;
    assert_eq!((&cart["can_order_now"], &cart["limit_left"]), (&json!(0), &json!(9)));
    let states: Vec<&Value> = lines(&cart).iter().map(|line| &line["state"]).collect();
    let reference = json!({"rule": "lendable", "version": 2, "for": {"item": "reference"}});
    let cap = json!({"rule": "price_cap", "version": 2});
    assert_eq!(
        states,
        [
            &json!({"kind": "already_have", "order_no": had}),
            &json!({"kind": "already_waiting"}),
            &json!({"kind": "not_lendable", "by": reference}),
            &json!({"kind": "too_dear", "price_fen": 150_000, "cap_fen": 100_000, "by": cap}),
            &json!({"kind": "never"}),
            &json!({"kind": "gone"}),
        ]
    );
    let ways: Vec<Vec<&str>> = lines(&cart).iter().map(|line| kinds(line, "actions")).collect();
    let not_sent = vec!["read_there", "remove_title", "other_edition"];
    assert_eq!(
        ways,
        [
            vec!["show_order", "remove_title"],
            vec!["remove_title", "leave_queue"],
            not_sent.clone(),
            not_sent,
            vec!["other_edition", "remove_title"],
            vec!["remove_title"],
        ]
    );
    let there = json!({"kind": "read_there", "title_id": "n000001", "sites": [{"site_id": "C01", "name": "朝阳图书馆"}]});
    assert_eq!(lines(&cart)[2]["actions"][0], there, "where it stands");
    let offers: Vec<usize> = lines(&cart).iter().map(|line| kinds(line, "offers").len()).collect();
    assert_eq!(offers, [0, 0, 1, 1, 1, 0]);
    for line in lines(&cart) {
        assert!(line["detail"].as_str().unwrap().ends_with('。'), "{line}");
        assert_eq!(line.get("title").is_none(), line["title_id"] == "n000004");
    }
}

#[tokio::test]
async fn what_is_ordered_leaves_the_cart_and_what_is_queued_for_stays() {
    let ground = Ground::new().await;
    order(&ground, 2, &["b000006"]).await;
    put(&ground, 1, &["b000004", "b000005", "b000006"]).await;
    let before = ground.items();
    order(&ground, 1, &["b000004", "b000006"]).await;

    assert_eq!(titles(&ground, 1).await, ["b000005", "b000006"]);
    assert_eq!(state(&ground, 1, "b000006").await, json!({"kind": "already_waiting"}));
    let key = format!("READER#{} / CART", library::reader(1).rid);
    assert_eq!(ground.items()[&key], before[&key], "an order writes no cart");

    put(&ground, 1, &["b000004"]).await;
    assert_eq!(titles(&ground, 1).await, ["b000005", "b000006", "b000004"], "for another time");
    assert_eq!(state(&ground, 1, "b000004").await["kind"], "already_have");
    assert_eq!(
        ground.items()[&key]["l"]["L"].as_array().unwrap().len(),
        3,
        "the line of before is gone for good"
    );
}

#[tokio::test]
async fn a_cancelled_order_gives_its_titles_back_to_the_cart() {
    let ground = Ground::new().await;
    put(&ground, 1, &["b000004", "b000005"]).await;
    let regretted = order(&ground, 1, &["b000004", "b000005"]).await;
    assert_eq!(titles(&ground, 1).await, [""; 0]);
    cancel(&ground, 1, &regretted).await;
    assert_eq!(titles(&ground, 1).await, ["b000004", "b000005"]);
}

#[tokio::test]
async fn a_book_that_was_read_and_given_back_does_not_come_back_into_the_cart() {
    let ground = Ground::new().await;
    put(&ground, 1, &["b000004", "b000005"]).await;
    Life::new(&ground).whole(&library::reader(1), &["b000004"]).await;
    ground.pass(SignedDuration::from_secs(1));

    let cart = shown(&ground, 1).await;
    assert_eq!(cart["limit_left"], 10, "it is back");
    assert_eq!(titles(&ground, 1).await, ["b000005"]);
    put(&ground, 1, &["b000006"]).await;
    assert_eq!(titles(&ground, 1).await, ["b000005", "b000006"]);
}

#[tokio::test]
async fn two_phones_add_at_once_and_both_titles_are_there() {
    let ground = Ground::new().await;
    for round in ["first", "second"] {
        let phones = ["b000004", "b000005", "b000006"].map(|title| {
            let ground = &ground;
            async move { ask(ground, 1, "PUT", &format!("/cart/{title}")).await.status }
        });
        assert_eq!(join_all(phones).await, [204; 3], "{round}");
        let mut there = titles(&ground, 1).await;
        there.sort();
        assert_eq!(there, ["b000004", "b000005", "b000006"], "{round}");
    }

    let (one, other) = futures_util::future::join(
        ask(&ground, 1, "DELETE", "/cart/b000004"),
        ask(&ground, 1, "DELETE", "/cart/b000005"),
    )
    .await;
    assert_eq!((one.status, other.status), (204, 204));
    assert_eq!(titles(&ground, 1).await, ["b000006"]);
}

#[tokio::test]
async fn an_emptied_cart_is_not_filled_by_a_write_of_before() {
    let ground = Ground::new().await;
    let rid = library::reader(1).rid;
    put(&ground, 1, &["b000004"]).await;
    let slow = cart::get(&ground.table, &rid).await.unwrap().next();
    done(&ground, 1, "DELETE", "/cart").await;
    put(&ground, 1, &["b000006"]).await;

    let late = ground.table.write(cart::replace(&rid, &slow).unwrap()).await;
    assert!(matches!(late, Err(TransactError::Refused(_))));
    assert_eq!(titles(&ground, 1).await, ["b000006"]);
}

#[tokio::test]
async fn the_fifty_first_title_is_refused_and_a_full_cart_is_looked_at_all_at_once() {
    let ground = Ground::new().await;
    let ids: Vec<String> = (0..=MOST).map(|n| format!("f{n:06}")).collect();
    for (n, id) in ids.iter().enumerate() {
        let copies = (1..=2).map(|m| library::copy(&format!("F{n:05}{m}"), id, "C01", "I/1")).collect();
        ground.add_title(library::title(id, &format!("丛书之{n}"), "编者"), copies).await;
    }
    let (last, first) = ids.split_last().unwrap();
    put(&ground, 1, &first.iter().map(String::as_str).collect::<Vec<_>>()).await;

    let refused = ask(&ground, 1, "PUT", &format!("/cart/{last}")).await;
    assert_told(&refused, 409, "cart_full");
    assert_eq!(refused.body["detail"], "预借车已满 50 种，请先移出一些再添加。");
    assert_eq!(ask(&ground, 1, "PUT", &format!("/cart/{}", first[7])).await.status, 204, "it is in it");
    assert_eq!(ask(&ground, 1, "PUT", "/cart/unknown").await.status, 404, "before the room is looked at");

    let before = ground.table.consumed().read_tenths;
    let cart = shown(&ground, 1).await;
    let read = ground.table.consumed().read_tenths - before;
    assert_eq!((lines(&cart).len(), &cart["can_order_now"]), (MOST, &json!(MOST)));
    // Account, cart, orders: 1 each. A line: title 0.5, index 0.5, two copies 2, queue 1. Besides rules and sites, once a minute.
    assert_eq!(read, 10 * (3 + 50 * 4 + 2));

    done(&ground, 1, "DELETE", &format!("/cart/{}", first[0])).await;
    assert_eq!(ask(&ground, 1, "PUT", &format!("/cart/{last}")).await.status, 204);
}

#[tokio::test]
async fn a_cart_is_its_readers_alone() {
    let ground = Ground::new().await;
    put(&ground, 1, &["b000004"]).await;
    put(&ground, 2, &["b000005"]).await;
    assert_eq!(titles(&ground, 1).await, ["b000004"]);
    assert_eq!(titles(&ground, 2).await, ["b000005"]);
    done(&ground, 2, "DELETE", "/cart/b000004").await;
    done(&ground, 2, "DELETE", "/cart").await;
    assert_eq!(titles(&ground, 1).await, ["b000004"]);

    for (method, path) in
        [("GET", "/cart"), ("PUT", "/cart/b000006"), ("DELETE", "/cart/b000004"), ("DELETE", "/cart")]
    {
        let nobody = send(ground.ordering(), request(method, path, "", &Value::Null)).await;
        assert_told(&nobody, 401, "unauthenticated");
        let staff = ground.token(&library::staff("desk-s01"));
        let staff = send(ground.ordering(), request(method, path, &staff, &Value::Null)).await;
        assert_told(&staff, 403, "forbidden");
    }
}

#[tokio::test]
async fn what_is_no_title_does_not_get_into_the_cart() {
    let ground = Ground::new().await;
    let long = "x".repeat(200);
    for bad in ["b999999", "READER%231", "a%20b", "%2E%2E%2Fx", "%E4%B9%A6", "%00", long.as_str()] {
        assert_told(&ask(&ground, 1, "PUT", &format!("/cart/{bad}")).await, 404, "not_found");
    }
    for bad in ["READER%231", "a%20b", "%E4%B9%A6", long.as_str()] {
        assert_told(&ask(&ground, 1, "DELETE", &format!("/cart/{bad}")).await, 404, "not_found");
    }
    assert_eq!(ask(&ground, 1, "DELETE", "/cart/b999999").await.status, 204, "it is not in it");
    assert!(!ground.items().keys().any(|key| key.ends_with("/ CART")), "nothing was written");
}

#[tokio::test]
async fn a_title_added_under_trouble_is_there_once() {
    for fault in Fault::ALL {
        for times in [1, 1000] {
            let ground = Ground::new().await;
            ground.faults.plan(0, times, fault);
            let answer = ask(&ground, 1, "PUT", "/cart/b000006").await;
            assert!([204, 500, 503].contains(&answer.status), "{fault:?} × {times}: {}", answer.body);

            ground.faults.plan(0, 0, fault);
            put(&ground, 1, &["b000006"]).await;
            assert_eq!(titles(&ground, 1).await, ["b000006"], "{fault:?} × {times}");
        }
    }
}

#[tokio::test]
async fn a_cart_comes_back_as_it_was_stored_for_one_write_and_one_read() {
    let ground = Ground::new().await;
    let rid = library::reader(1).rid;
    let line = |n: i64| CartLine {
        title_id: library::title_id(&format!("t{n:06}")),
        added: Timestamp::from_millisecond(1_795_399_200_000 - n).unwrap(),
    };
    assert_eq!(cart::get(&ground.table, &rid).await.unwrap(), Cart::default());

    let mut stored = Cart::default();
    // An item above 1 KB costs a second unit, and so does the write that makes it small again.
    for (count, written) in [(1, 10), (35, 10), (50, 20), (0, 20), (3, 10)] {
        stored = Cart { lines: (0..count).map(line).collect(), ..stored.next() };
        let before = ground.table.consumed();
        ground.table.write(cart::replace(&rid, &stored).unwrap()).await.unwrap();
        assert_eq!(cart::get(&ground.table, &rid).await.unwrap(), stored);
        let after = ground.table.consumed();
        let used = (after.write_tenths - before.write_tenths, after.read_tenths - before.read_tenths);
        assert_eq!(used, (written, 10), "{count} lines");
        let twice = ground.table.write(cart::replace(&rid, &stored).unwrap()).await;
        assert!(matches!(twice, Err(TransactError::Refused(_))), "{count} lines");
    }
}
