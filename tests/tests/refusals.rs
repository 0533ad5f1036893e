//! Every refusal that the API's description names is met by a reader here, and says in words what stands in the way and what clears it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::SignedDuration;
use serde_json::{Value, json};
use yujie_domain::account::Account;
use yujie_domain::copy::Copy;
use yujie_domain::money::Fen;
use yujie_domain::parcel::{Destination, LineStatus};
use yujie_domain::rules::{CardClass, ItemClass};
use yujie_domain::site::{Closure, Site};
use yujie_table::site::Stored;
use yujie_table::{account, rules, site};
use yujie_tests::ground::{request, send};
use yujie_tests::library::{self, Person, reader};
use yujie_tests::{Answer, Ground, scene};

/// A library in which everything can go wrong, and what its readers were told so far.
struct Desk {
    ground: Ground,
    books: u32,
    asked: AtomicU32,
    /// Each code that was met, with its reason.
    met: BTreeMap<String, Value>,
}

impl Desk {
    async fn open() -> Self {
        Self { ground: Ground::near(40).await, books: 0, asked: AtomicU32::new(0), met: BTreeMap::new() }
    }

    /// A new title with one free copy, changed as the story needs it: the title's id and the copy's code.
    async fn book(&mut self, change: impl FnOnce(&mut Copy)) -> (String, String) {
        self.books += 1;
        let (id, code) = (format!("r{:06}", self.books), format!("R{:07}", self.books));
        let mut copy = library::copy(&code, &id, "C01", "I1/1");
        change(&mut copy);
        self.ground.add_title(library::title(&id, "难借的书", "编者"), vec![copy]).await;
        (id, code)
    }

    /// A title whose only copy reader `n` has ordered.
    async fn taken(&mut self, n: u32, number: u32) -> (String, String) {
        let (id, code) = self.book(|_| {}).await;
        scene::place(&self.ground, &reader(n), &order(number), &[&code], Destination::Home).await;
        (id, code)
    }

    /// A title whose only copy reader `n` has on loan.
    async fn lent(&mut self, n: u32, number: u32) -> (String, String) {
        let (id, code) = self.taken(n, number).await;
        scene::advance(&self.ground, &reader(n), &order(number), LineStatus::Delivered, false).await;
        (id, code)
    }

    async fn change(&self, n: u32, change: impl FnOnce(&mut Account)) {
        let mut next = account::get(&self.ground.table, &reader(n).rid).await.unwrap().unwrap().next();
        change(&mut next);
        self.ground.table.write(account::replace(&next).unwrap()).await.unwrap();
    }

    async fn site(&self, id: &str, change: impl FnOnce(&mut Site)) {
        let mut site = library::sites().pop().unwrap();
        site.id = library::site_id(id);
        change(&mut site);
        site::load(&self.ground.table, &site).await.unwrap();
        // Closures are what staff enter, and no part of a list.
        assert_eq!(site::store(&self.ground.table, &site, 1).await.unwrap(), Stored::Now(2));
    }

    async fn rules(&self, version: u32, mut set: Value) {
        set["version"] = version.into();
        set["starts"] = "2026-01-01".into();
        rules::add(&self.ground.table, &serde_json::from_value(set).unwrap()).await.unwrap();
    }

    async fn ask(&self, n: u32, path: &str, body: &Value) -> Answer {
        let token = self.ground.token(&reader(n).subject());
        let mut asked = request("POST", path, &token, body);
        let key = format!("the-wish-{}", self.asked.fetch_add(1, Ordering::Relaxed));
        asked.headers_mut().insert("idempotency-key", key.parse().unwrap());
        send(self.ground.ordering(), asked).await
    }

    async fn order(&mut self, n: u32, titles: &[&str], to: Value) {
        let lines: Vec<Value> = titles.iter().map(|id| json!({"title_id": id})).collect();
        let wanted = json!({"lines": lines, "deliver_to": to, "if_missing": "cancel"});
        let quote = self.ask(n, "/orders/quote", &wanted).await;
        let order = self.ask(n, "/orders", &wanted).await;
        assert_eq!(
            (quote.status, &quote.body["reasons"]),
            (order.status, &order.body["reasons"]),
            "{wanted}"
        );
        self.note(&order, "order_refused");
    }

    async fn hold(&mut self, n: u32, title: &str) {
        let home = home(&reader(n));
        let answer = self.ask(n, "/holds", &json!({"title_id": title, "deliver_to": home})).await;
        self.note(&answer, "order_refused");
    }

    async fn renew(&mut self, n: u32, code: &str) {
        let answer = self.ask(n, &format!("/loans/{code}/renewals"), &Value::Null).await;
        self.note(&answer, "renewal_refused");
    }

    /// Keeps what a reader was told.
    fn note(&mut self, answer: &Answer, code: &str) {
        assert_eq!((answer.status, answer.body["code"].as_str()), (409, Some(code)), "{}", answer.body);
        for reason in answer.body["reasons"].as_array().unwrap() {
            self.met.insert(reason["code"].as_str().unwrap().to_owned(), reason.clone());
        }
    }

    /// What was met is what the description has, and each says so in Chinese.
    fn assert_met_all_of(&self, schema: &str) {
        let api: Value = serde_json::from_str(include_str!("../../infra/openapi.json")).unwrap();
        let described = api["components"]["schemas"][schema]["oneOf"].as_array().unwrap();
        let described: Vec<&str> =
            described.iter().map(|one| one["properties"]["code"]["enum"][0].as_str().unwrap()).collect();
        let missed: Vec<&&str> = described.iter().filter(|code| !self.met.contains_key(**code)).collect();
        assert!(missed.is_empty(), "described and never met: {missed:?}");
        for (code, reason) in &self.met {
            assert!(described.contains(&code.as_str()), "met and not described: {code}");
            let detail = reason["detail"].as_str().unwrap_or_default();
            assert!(detail.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{code}: {reason}");
        }
    }

    /// What clears an obstacle, by kind.
    fn ways_out(&self, code: &str) -> Vec<&str> {
        let actions = self.met[code]["actions"].as_array().unwrap();
        actions.iter().map(|action| action["kind"].as_str().unwrap()).collect()
    }
}

fn order(number: u32) -> String {
    format!("2611230000R{number:05}")
}

fn home(person: &Person) -> Value {
    json!({"kind": "home", "address_id": person.address.as_str()})
}

fn at(site: &str) -> Value {
    json!({"kind": "site", "site_id": site})
}

#[tokio::test]
async fn every_obstacle_of_an_order_or_a_hold_is_met_and_shows_the_way_out() {
    let mut desk = Desk::open().await;

    // What is wrong with the wish itself.
    desk.order(1, &[], home(&reader(1))).await;
    let mut six = Vec::new();
    for _ in 0..6 {
        six.push(desk.book(|_| {}).await.0);
    }
    desk.order(1, &six.iter().map(String::as_str).collect::<Vec<_>>(), home(&reader(1))).await;
    desk.order(1, &["b000004", "b000004"], home(&reader(1))).await;
    desk.order(1, &["nowhere"], home(&reader(1))).await;

    // What is with the book.
    let (taken, _) = desk.taken(2, 1).await;
    desk.order(1, &[&taken], home(&reader(1))).await;
    desk.hold(1, "b000004").await;
    desk.order(2, &[&taken], home(&reader(2))).await;
    let waits = desk.ask(1, "/holds", &json!({"title_id": taken, "deliver_to": at("S01")})).await;
    assert_eq!(waits.status, 201, "{}", waits.body);
    desk.hold(1, &taken).await;
    let (dear, _) = desk.book(|copy| copy.price = Some(Fen(120_000))).await;
    desk.order(1, &[&dear], home(&reader(1))).await;

    // What is with the reader.
    for n in 0..10 {
        let (id, _) = desk.taken(3, 10 + n).await;
        let waits = desk.ask(4, "/holds", &json!({"title_id": id, "deliver_to": at("S01")})).await;
        assert_eq!(waits.status, 201, "{}", waits.body);
    }
    desk.order(3, &["b000004"], home(&reader(3))).await;
    desk.hold(4, &taken).await;
    desk.change(5, |account| account.expires = Some("2026-11-01".parse().unwrap())).await;
    desk.order(5, &["b000004"], home(&reader(5))).await;
    let left = ["2026-09-01", "2026-10-01", "2026-11-20"].map(|day| day.parse().unwrap());
    desk.change(6, |account| account.uncollected = left.to_vec()).await;
    desk.order(6, &["b000004"], home(&reader(6))).await;

    // What is with the place.
    desk.order(7, &["b000004"], home(&reader(8))).await;
    desk.order(7, &["b000004"], at("S99")).await;
    let works = Closure::new("2026-11-20".parse().unwrap(), "2026-12-20".parse().unwrap(), "装修").unwrap();
    desk.site("S02", |site| site.closures = vec![works]).await;
    desk.order(7, &["b000004"], at("S02")).await;
    desk.site("S03", |site| site.capacity = Some(0)).await;
    desk.order(7, &["b000004"], at("S03")).await;

    // What other rules would refuse.
    let (reference, _) = desk.book(|copy| copy.class = ItemClass::Reference).await;
    desk.rules(
        2,
        json!({
            "rules": [
                {"set": {"rule": "lendable", "value": false}, "for": {"item": "reference"}},
                {"set": {"rule": "in_process", "value": 2}, "for": {"card": "child"}},
            ],
            "zones": [{"division": "110101"}],
        }),
    )
    .await;
    desk.order(7, &[&reference], home(&reader(7))).await;
    desk.taken(9, 30).await;
    desk.taken(9, 31).await;
    desk.change(9, |account| account.class = CardClass::Child).await;
    desk.order(9, &["b000004"], at("S01")).await;

    // What the door costs, and when it can be reached.
    desk.rules(
        3,
        json!({
            "rules": [{"set": {"rule": "home_fee", "value": 500}}],
            "zones": [{"division": "110105", "per_slot": 1}],
        }),
    )
    .await;
    let slot = |day: &str, from: &str, until: &str| json!({"day": day, "from": from, "until": until});
    let in_slot =
        |n: u32, slot: Value| json!({"kind": "home", "address_id": reader(n).address.as_str(), "slot": slot});
    let afternoon = || slot("2026-11-24", "12:00:00", "18:00:00");
    desk.order(10, &["b000004"], in_slot(10, slot("2026-11-24", "10:00:00", "11:00:00"))).await;
    desk.order(10, &["b000004"], in_slot(10, slot("2026-11-23", "09:00:00", "12:00:00"))).await;
    let wanted =
        |id: &str, to: Value| json!({"lines": [{"title_id": id}], "deliver_to": to, "if_missing": "cancel"});
    let first = desk.ask(10, "/orders", &wanted("b000004", in_slot(10, afternoon()))).await;
    assert_eq!(first.status, 201, "{}", first.body);
    desk.order(11, &["b000004"], in_slot(11, afternoon())).await;
    for n in 12.. {
        let (id, _) = desk.book(|_| {}).await;
        let answer = desk.ask(n, "/orders", &wanted(&id, home(&reader(n)))).await;
        if answer.status != 201 {
            desk.note(&answer, "order_refused");
            break;
        }
    }
    let there = desk.ask(11, "/orders", &wanted("b000005", at("S01"))).await;
    let path = format!("/orders/{}/destination", there.body["order_no"].as_str().unwrap());
    let (pass, to_the_door) =
        (desk.ground.token(&reader(11).subject()), json!({"deliver_to": home(&reader(11))}));
    let answer = send(desk.ground.ordering(), request("PUT", &path, &pass, &to_the_door)).await;
    desk.note(&answer, "order_refused");

    desk.assert_met_all_of("Obstacle");
    for (code, way) in [
        ("empty_order", "add_book"),
        ("too_many_books", "remove_books"),
        ("same_title_twice", "remove_title"),
        ("unknown_title", "remove_title"),
        ("no_copy_available", "join_queue"),
        ("available_now", "order"),
        ("already_have", "show_order"),
        ("already_waiting", "leave_queue"),
        ("not_lendable", "read_there"),
        ("too_dear", "read_there"),
        ("limit_reached", "settle_orders"),
        ("too_many_in_process", "settle_orders"),
        ("too_many_holds", "leave_queue"),
        ("card_expired", "renew_card"),
        ("paused", "wait_until"),
        ("unknown_address", "choose_address"),
        ("out_of_zone", "choose_site"),
        ("unknown_site", "choose_site"),
        ("site_closed", "wait_until"),
        ("site_full", "choose_site"),
        ("unknown_slot", "choose_slot"),
        ("slot_past", "choose_slot"),
        ("slot_full", "choose_slot"),
        ("slots_full", "choose_slot"),
        ("door_costs", "order_anew"),
    ] {
        assert!(desk.ways_out(code).contains(&way), "{code}: {}", desk.met[code]);
    }
}

/// The sites that a way out of an obstacle names, each with how far it is.
fn named(desk: &Desk, code: &str, way: &str) -> Vec<(String, Option<u64>)> {
    let actions = desk.met[code]["actions"].as_array().unwrap();
    let way = actions.iter().find(|action| action["kind"] == way).unwrap();
    let sites = way["sites"].as_array().into_iter().flatten();
    sites.map(|site| (site["site_id"].as_str().unwrap().to_owned(), site["distance_m"].as_u64())).collect()
}

#[tokio::test]
async fn a_refused_place_comes_with_the_nearest_ones_that_have_room() {
    let mut desk = Desk::open().await;
    let works =
        || Closure::new("2026-11-20".parse().unwrap(), "2026-12-20".parse().unwrap(), "装修").unwrap();
    // S02 to S05 stand where S01 is: closed, closed, full, and with one place.
    desk.site("S02", |site| site.closures = vec![works()]).await;
    desk.site("S03", |site| site.closures = vec![works()]).await;
    desk.site("S04", |site| site.capacity = Some(0)).await;
    desk.site("S05", |site| site.capacity = Some(1)).await;
    desk.order(1, &["b000004"], at("S02")).await;
    let near = |id: &str| (id.to_owned(), Some(0));
    let l01 = ("L01".to_owned(), Some(5_045));
    assert_eq!(named(&desk, "site_closed", "choose_site"), [near("S01"), near("S05"), l01.clone()]);

    // Of two parcels, one has no place at S05.
    let (here, _) = desk.book(|copy| copy.site = library::site_id("L01")).await;
    let (there, _) = desk.book(|_| {}).await;
    desk.order(1, &[&here, &there], at("S05")).await;
    let c01 = ("C01".to_owned(), Some(10_495));
    assert_eq!(named(&desk, "site_full", "choose_site"), [near("S01"), l01, c01]);

    // Nobody knows how far it is from a door, or from a site that is not there: sites of the district are named, without a distance.
    desk.order(1, &["b000004"], at("S99")).await;
    desk.site("A01", |site| site.address = "北京市东城区朝阳门内大街".to_owned()).await;
    desk.order(1, &["b000004"], json!({"kind": "home", "address_id": "nowhere"})).await;
    let first = |codes: [&str; 3]| codes.map(|id| (id.to_owned(), None));
    assert_eq!(named(&desk, "unknown_site", "choose_site"), first(["C01", "L01", "S01"]));
    assert_eq!(named(&desk, "unknown_address", "choose_site"), first(["A01", "C01", "L01"]));
    desk.rules(2, json!({"rules": [], "zones": [{"division": "110101"}]})).await;
    desk.order(1, &["b000004"], home(&reader(1))).await;
    assert_eq!(named(&desk, "out_of_zone", "choose_site"), first(["C01", "L01", "S01"]));

    // What is read in the library stands where it stands.
    let (dear, _) = desk
        .book(|copy| {
            copy.price = Some(Fen(120_000));
            copy.site = library::site_id("L01");
        })
        .await;
    desk.order(1, &[&dear], at("S01")).await;
    assert_eq!(named(&desk, "too_dear", "read_there"), [("L01".to_owned(), Some(5_045))]);
    let (away, _) = desk.taken(2, 1).await;
    desk.rules(3, json!({"rules": [{"set": {"rule": "lendable", "value": false}}]})).await;
    desk.order(1, &[&away], at("S01")).await;
    assert_eq!(desk.ways_out("not_lendable"), ["remove_title", "other_edition"], "it is with a reader");
}

#[tokio::test]
async fn every_reason_against_a_renewal_is_met_and_explained() {
    let mut desk = Desk::open().await;
    let mut loans = Vec::new();
    for n in 1..=6 {
        let (id, code) = desk.lent(n, n).await;
        loans.push((id, code));
    }
    let code = |n: usize| loans[n - 1].1.clone();

    desk.renew(1, &code(1)).await;
    desk.ground.pass(SignedDuration::from_hours(24 * 25));
    let again = desk.ask(1, &format!("/loans/{}/renewals", code(1)), &Value::Null).await;
    assert_eq!(again.status, 200, "{}", again.body);
    desk.renew(1, &code(1)).await;

    let waits = json!({"title_id": loans[1].0, "deliver_to": at("S01")});
    assert_eq!(desk.ask(7, "/holds", &waits).await.status, 201);
    desk.renew(2, &code(2)).await;

    desk.change(3, |account| account.expires = Some("2026-12-23".parse().unwrap())).await;
    desk.renew(3, &code(3)).await;

    let left = ["2026-11-01", "2026-11-20", "2026-12-10"].map(|day| day.parse().unwrap());
    desk.change(4, |account| account.uncollected = left.to_vec()).await;
    desk.renew(4, &code(4)).await;

    desk.change(5, |account| {
        for loan in account.open.values_mut().filter_map(|item| item.loan.as_mut()) {
            loan.back = Some("2026-12-17T02:00:00Z".parse().unwrap());
        }
    })
    .await;
    desk.renew(5, &code(5)).await;

    desk.ground.pass(SignedDuration::from_hours(24 * 30));
    desk.renew(6, &code(6)).await;

    desk.assert_met_all_of("NotRenewed");
}

#[tokio::test]
async fn an_order_longer_than_any_needs_to_be_is_refused_by_name_and_loses_nothing() {
    let desk = Desk::open().await;
    let before = desk.ground.items();
    let long = json!({"lines": [{"title_id": "b000006"}], "deliver_to": home(&reader(1)), "note": "长".repeat(100_000)});
    for path in ["/orders", "/orders/quote", "/holds"] {
        let answer = desk.ask(1, path, &long).await;
        assert_eq!((answer.status, &answer.body["code"]), (413, &json!("body_too_large")), "{path}");
        assert!(answer.body["detail"].as_str().unwrap().ends_with('。'));
    }
    assert_eq!(desk.ground.items(), before);
}
