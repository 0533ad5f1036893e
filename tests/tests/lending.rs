//! What an unfriendly reader of the code found: each sequence once went wrong.

use futures_util::future::join_all;
use serde_json::{Value, json};
use yujie_domain::account::{Account, OpenItem};
use yujie_domain::money::Fen;
use yujie_domain::parcel::{Destination, LineStatus};
use yujie_domain::rules::{CardClass, ItemClass};
use yujie_domain::site::Closure;
use yujie_table::site::{self, Stored};
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

#[tokio::test]
async fn a_loan_that_falls_due_in_a_feast_that_was_announced_later_ends_after_it() {
    let ground = Ground::with_readers(2).await;
    for (n, copies) in [(1, &["C0000601"][..]), (2, &["C0000401"])] {
        let (one, number) = (library::reader(n), format!("2611230000FEAST{n}"));
        scene::place(&ground, &one, &number, copies, yujie_domain::parcel::Destination::Home).await;
        scene::advance(&ground, &one, &number, LineStatus::Delivered, false).await;
    }
    let due = async |n: u32| {
        let token = ground.token(&library::reader(n).subject());
        let loans = send(ground.ordering(), request("GET", "/loans", &token, &Value::Null)).await;
        loans.body["items"][0]["due"].as_str().unwrap().to_owned()
    };
    assert_eq!(due(1).await, "2026-12-23");
    // Reader 2's card ends in the feast: no loan goes on beyond it.
    let mut ends =
        yujie_table::account::get(&ground.table, &library::reader(2).rid).await.unwrap().unwrap().next();
    ends.expires = Some("2026-12-24".parse().unwrap());
    ground.table.write(yujie_table::account::replace(&ends).unwrap()).await.unwrap();
    let feast = json!({"version": 2, "starts": "2026-01-01", "rules": [],
        "holidays": [{"from": "2026-12-22", "until": "2026-12-26", "name": "馆庆"}]});
    yujie_table::rules::add(&ground.table, &serde_json::from_value(feast).unwrap()).await.unwrap();
    ground.pass(jiff::SignedDuration::from_mins(2));

    for _ in 0..2 {
        promises::handle(&ground.promises(), promises::Job::Morning).await.unwrap();
        assert_eq!((due(1).await.as_str(), due(2).await.as_str()), ("2026-12-27", "2026-12-24"));
    }
    ground.assert_sound([1, 2]).await;
}

/// 红楼梦, of which reader 1 has the only copy.
const CHAMBER: &str = "b000006";

async fn ask(ground: &Ground, n: u32, method: &str, path: &str, body: &Value) -> Answer {
    let mut asked = request(method, path, &ground.token(&library::reader(n).subject()), body);
    asked.headers_mut().insert("idempotency-key", format!("{n} asks {path}").parse().unwrap());
    send(ground.ordering(), asked).await
}

async fn change(ground: &Ground, n: u32, change: impl FnOnce(&mut Account)) {
    let rid = library::reader(n).rid;
    let mut next = yujie_table::account::get(&ground.table, &rid).await.unwrap().unwrap().next();
    change(&mut next);
    ground.table.write(yujie_table::account::replace(&next).unwrap()).await.unwrap();
}

async fn rules(ground: &Ground, version: u32, mut set: Value) {
    set["version"] = version.into();
    set["starts"] = "2026-01-01".into();
    yujie_table::rules::add(&ground.table, &serde_json::from_value(set).unwrap()).await.unwrap();
}

/// What happens to reader 2 while they wait for 红楼梦, to be collected at S01 or brought home.
async fn befalls(ground: &Ground, what: &str) {
    let path = format!("/holds/{CHAMBER}");
    let set = async |body: Value| {
        let changed = ask(ground, 2, "PATCH", &path, &body).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
    };
    let home = || json!({"deliver_to": {"kind": "home", "address_id": library::reader(2).address.as_str()}});
    let item = |n: u32| OpenItem {
        barcode: library::barcode(&format!("Y999990{n}")),
        order_no: yujie_tests::ground::order_no("261123HAD0000001"),
        title: "书".to_owned(),
        class: ItemClass::Ordinary,
        loan: None,
        returning: None,
    };
    match what {
        "suspended" => set(json!({"suspended_until": "2026-12-01"})).await,
        "too_late" => {
            set(json!({"until": "2026-11-23"})).await;
            ground.pass(jiff::SignedDuration::from_hours(24));
        }
        "has_it" => {
            change(ground, 2, |account| drop(account.open.insert(library::title_id(CHAMBER), item(0)))).await;
        }
        "at_limit" => {
            change(ground, 2, |account| {
                account.open = (0..10).map(|n| (library::title_id(&format!("y{n:06}")), item(n))).collect();
            })
            .await;
        }
        "too_many_in_process" => {
            rules(ground, 2, json!({"rules": [{"set": {"rule": "in_process", "value": 1}}]})).await;
            change(ground, 2, |account| drop(account.open.insert(library::title_id("y000000"), item(0))))
                .await;
        }
        "banned" => {
            change(ground, 2, |account| account.uncollected = vec!["2026-11-20".parse().unwrap(); 3]).await;
        }
        "card_expired" => {
            change(ground, 2, |account| account.expires = Some("2026-11-22".parse().unwrap())).await;
        }
        "address_gone" => {
            set(home()).await;
            let two = library::reader(2);
            let key = [("pk", format!("READER#{}", two.rid)), ("sk", format!("ADDRESS#{}", two.address))];
            let key =
                key.map(|(name, value)| (name.to_owned(), aws_sdk_dynamodb::types::AttributeValue::S(value)));
            let client = ground.table.client();
            client.delete_item().table_name(library::TABLE).set_key(Some(key.into())).send().await.unwrap();
        }
        "out_of_zone" => {
            set(home()).await;
            rules(ground, 2, json!({"rules": [], "zones": [{"division": "110101"}]})).await;
        }
        "site_closed" => {
            let mut s01 = library::sites().pop().unwrap();
            let works = Closure::new("2026-11-20".parse().unwrap(), "2026-12-20".parse().unwrap(), "装修");
            s01.closures = vec![works.unwrap()];
            assert_eq!(site::store(&ground.table, &s01, 1).await.unwrap(), Stored::Now(2));
        }
        "not_lendable" => {
            rules(ground, 2, json!({"rules": [{"set": {"rule": "lendable", "value": false}}]})).await;
        }
        "too_dear" => {
            rules(ground, 2, json!({"rules": [{"set": {"rule": "price_cap", "value": 100}}]})).await;
        }
        _ => assert_eq!(what, "nothing"),
    }
}

#[tokio::test]
async fn a_reader_who_is_passed_over_is_told_so_and_what_to_do_before_the_copy_goes_to_others() {
    for (what, ways) in [
        ("nothing", vec![]),
        ("suspended", vec!["wait_again", "wait_until"]),
        ("too_late", vec!["wait_longer", "leave_queue"]),
        ("has_it", vec!["show_order", "leave_queue"]),
        ("at_limit", vec!["settle_orders", "leave_queue"]),
        ("too_many_in_process", vec!["settle_orders", "leave_queue"]),
        ("banned", vec!["wait_until"]),
        ("card_expired", vec!["renew_card"]),
        ("address_gone", vec!["choose_address", "choose_site"]),
        ("out_of_zone", vec!["choose_site", "choose_address"]),
        ("site_closed", vec!["choose_site", "wait_until"]),
        ("not_lendable", vec!["leave_queue"]),
        ("too_dear", vec!["leave_queue"]),
    ] {
        let ground = Ground::new().await;
        let one = library::reader(1);
        let mut chamber = copy("C0000701", "b000007", "C01", "I242.4/3");
        chamber.price = Some(Fen(3_000));
        let id = if what == "too_dear" { "b000007" } else { CHAMBER };
        ground.add_title(title("b000007", "红楼梦（影印本）", "[清] 曹雪芹"), vec![chamber]).await;
        let code = if what == "too_dear" { "C0000701" } else { "C0000601" };
        scene::place(&ground, &one, "261123PASSED0001", &[code], Destination::Home).await;
        scene::advance(&ground, &one, "261123PASSED0001", LineStatus::Delivered, false).await;
        let waits = hold(&ground, 2, id, "two-waits").await;
        assert_eq!((waits.status, waits.body.get("passed_over")), (201, None), "{}", waits.body);

        befalls(&ground, what).await;

        let told = ask(&ground, 2, "GET", "/holds", &Value::Null).await.body["items"][0].clone();
        assert_eq!(told["place"], 1);
        let passed_over = told.get("passed_over");
        let known = passed_over.map_or("nothing", |why| why["code"].as_str().unwrap());
        assert_eq!(known, what, "{told}");
        let actions = passed_over.and_then(|why| why["actions"].as_array()).into_iter().flatten();
        assert_eq!(actions.map(|way| way["kind"].as_str().unwrap()).collect::<Vec<_>>(), ways, "{told}");
        if let Some(why) = passed_over {
            assert!(why["detail"].as_str().unwrap().ends_with('。'), "{why}");
        }
        let life = Life::new(&ground);
        let scanned = life.scan("desk-c01", json!({"action": "check_in", "barcode": code})).await;
        assert_eq!(scanned.status, 200, "{}", scanned.body);
        let back = yujie_table::copy::get(&ground.table, &library::barcode(code)).await.unwrap().unwrap();
        assert_eq!(back.holder.is_some(), what == "nothing", "{what}: what is told is what is done");
    }
}

#[tokio::test]
async fn a_reader_whose_site_closes_is_shown_others_and_is_next_again_after_choosing_one() {
    let ground = Ground::near(2).await;
    let one = library::reader(1);
    scene::place(&ground, &one, "261123PASSED0001", &["C0000601"], Destination::Home).await;
    assert_eq!(hold(&ground, 2, CHAMBER, "two-waits").await.status, 201);
    befalls(&ground, "site_closed").await;

    let told = ask(&ground, 2, "GET", "/holds", &Value::Null).await.body["items"][0]["passed_over"].clone();
    assert_eq!((&told["site_id"], &told["opens"]), (&json!("S01"), &json!("2026-12-21")));
    let sites = &told["actions"][0]["sites"];
    assert_eq!(
        sites,
        &json!([
            {"site_id": "L01", "name": "亚运村分馆", "distance_m": 5_045},
            {"site_id": "C01", "name": "朝阳图书馆", "distance_m": 10_495},
        ])
    );

    let there = json!({"deliver_to": {"kind": "site", "site_id": sites[0]["site_id"]}});
    let changed = ask(&ground, 2, "PATCH", &format!("/holds/{CHAMBER}"), &there).await;
    assert_eq!((changed.status, changed.body.get("passed_over")), (200, None), "{}", changed.body);
}

#[tokio::test]
async fn a_quote_a_refusal_a_cart_and_a_place_in_the_queue_tell_the_same_wait() {
    let ground = Ground::near(3).await;
    let fourteen = json!({"set": {"rule": "loan_days", "value": 14}, "for": {"item": "new"}});
    let hopeless = json!({"set": {"rule": "hopeless_days", "value": 10}});
    rules(&ground, 2, json!({"rules": [fourteen, hopeless]})).await;
    let mut new = copy("W9000001", "w900000", "C01", "I1/1");
    new.class = ItemClass::New;
    ground.add_title(title("w900000", "新书", "编者"), vec![new]).await;
    scene::place(&ground, &library::reader(2), "2611230000W90001", &["W9000001"], Destination::Home).await;

    for (n, place, days) in [(1, 1, 7), (3, 2, 21)] {
        let to = json!({"kind": "site", "site_id": "S01"});
        let wanted = |lines: Value| json!({"lines": lines, "deliver_to": to, "if_missing": "wait"});
        let both = wanted(json!([{"title_id": "b000004"}, {"title_id": "w900000"}]));
        let quote = ask(&ground, n, "POST", "/orders/quote", &both).await.body["queued"][0].clone();
        assert_eq!((&quote["place"], &quote["likely_days"]), (&json!(place), &json!(days)));
        let alone = wanted(json!([{"title_id": "w900000"}]));
        let refused = ask(&ground, n, "POST", "/orders/quote", &alone).await;
        assert_eq!(refused.body["reasons"][0]["likely_days"], days);
        assert_eq!(ask(&ground, n, "PUT", "/cart/w900000", &Value::Null).await.status, 204);
        let cart = ask(&ground, n, "GET", "/cart", &Value::Null).await;
        assert_eq!(cart.body["lines"][0]["state"]["likely_days"], days);
        let placed = hold(&ground, n, "w900000", "the-same-wait").await;
        assert_eq!((&placed.body["place"], &placed.body["likely_days"]), (&json!(place), &json!(days)));
        let listed = ask(&ground, n, "GET", "/holds", &Value::Null).await.body["items"][0].clone();
        assert_eq!(listed, placed.body);
    }
    let found = ground.lending().look_ahead(&library::title_id("w900000")).await.unwrap();
    assert_eq!(found, 1, "seven days are reasonable, twenty-one are not");
}

#[tokio::test]
async fn a_hold_counts_the_copies_that_may_go_to_its_site_and_no_others() {
    let ground = Ground::near(2).await;
    scene::place(&ground, &library::reader(1), "261123PASSED0001", &["C0000601"], Destination::Home).await;
    assert_eq!(hold(&ground, 2, CHAMBER, "two-waits").await.body["likely_days"], 15);

    let not_there = json!({"set": {"rule": "lendable", "value": false}, "for": {"site": "S01"}});
    rules(&ground, 2, json!({"rules": [not_there]})).await;

    let told = ask(&ground, 2, "GET", "/holds", &Value::Null).await.body["items"][0].clone();
    assert_eq!((&told["likely_days"], &told["passed_over"]["code"]), (&Value::Null, &json!("not_lendable")));
    assert_eq!(
        ground.lending().look_ahead(&library::title_id(CHAMBER)).await.unwrap(),
        1,
        "as the morning finds"
    );
}

#[tokio::test]
async fn a_loan_is_not_renewed_on_account_of_a_free_copy_that_may_not_go_to_who_waits() {
    let ground = Ground::near(3).await;
    let cap = json!({"set": {"rule": "price_cap", "value": 5_000}, "for": {"card": "child"}});
    rules(&ground, 2, json!({"rules": [cap]})).await;
    let lent = copy("W9000001", "w900000", "C01", "I1/1");
    let mut dear = copy("W9000002", "w900000", "C01", "I1/1");
    dear.price = Some(Fen(8_000));
    ground.add_title(title("w900000", "画册", "编者"), vec![lent, dear]).await;
    let one = library::reader(1);
    scene::place(&ground, &one, "2611230000W90001", &["W9000001"], Destination::Home).await;
    scene::advance(&ground, &one, "2611230000W90001", LineStatus::Delivered, false).await;
    ground.pass(jiff::SignedDuration::from_hours(24 * 25));
    change(&ground, 2, |account| account.class = CardClass::Child).await;
    assert_eq!(hold(&ground, 2, "w900000", "a-child-waits").await.status, 201);

    let refused = ask(&ground, 1, "POST", "/loans/W9000001/renewals", &Value::Null).await;
    assert_eq!(
        (refused.status, &refused.body["reasons"][0]["code"]),
        (409, &json!("awaited")),
        "{}",
        refused.body
    );

    // A grown-up in the same place is served by it.
    change(&ground, 2, |account| account.class = CardClass::Adult).await;
    let renewed = ask(&ground, 1, "POST", "/loans/W9000001/renewals", &Value::Null).await;
    assert_eq!(renewed.status, 200, "{}", renewed.body);
}

#[tokio::test]
async fn a_due_day_that_only_moved_off_a_feast_is_not_taken_for_a_renewal() {
    let ground = Ground::with_readers(1).await;
    let one = library::reader(1);
    scene::place(&ground, &one, "2611230000FEAST9", &["C0000601"], Destination::Home).await;
    scene::advance(&ground, &one, "2611230000FEAST9", LineStatus::Delivered, false).await;
    rules(&ground, 2, json!({"rules": [{"set": {"rule": "renewals", "value": 2}}]})).await;
    ground.pass(jiff::SignedDuration::from_hours(24 * 25));
    let renew = async |due: &str| {
        let path = format!("/loans/C0000601/renewals?due={due}");
        let answer = ask(&ground, 1, "POST", &path, &Value::Null).await;
        answer.body["due"].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned()
    };
    assert_eq!(renew("2026-12-23").await, "2027-01-22");
    assert_eq!(renew("2026-12-23").await, "2027-01-22", "the answer was lost, the renewal was not");

    rules(
        &ground,
        3,
        json!({"rules": [{"set": {"rule": "renewals", "value": 2}}],
        "holidays": [{"from": "2027-01-22", "until": "2027-01-24", "name": "馆庆"}]}),
    )
    .await;
    ground.pass(jiff::SignedDuration::from_hours(24 * 30));
    promises::handle(&ground.promises(), promises::Job::Morning).await.unwrap();
    assert_eq!(renew("2027-01-22").await, "2027-02-24", "the second renewal, from the 25th on");
}
