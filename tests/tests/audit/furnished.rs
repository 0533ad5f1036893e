//! A library in which something of everything is under way, each brought there by the functions themselves.

use serde_json::{Value, json};
use yujie_domain::rules::{RuleSet, Zone};
use yujie_domain::site::Site;
use yujie_tests::ground::{request, send};
use yujie_tests::library::{self, copy, title};
use yujie_tests::{Ground, Life, scene};

use super::planted;

/// What of the library the stories name.
pub(crate) struct Names {
    /// 红楼梦, at reader 1's home.
    pub(super) lent: String,
    /// On its way to S01, for reader 1.
    pub(super) to_site: String,
    /// Of reader 1, cancelled before it left its shelf; and its parcel as it was just before.
    pub(super) cancelled: String,
    pub(super) before: Value,
    /// The copy of that one, ordered by reader 5 since.
    pub(super) again: String,
    /// Of reader 3, to the door in a slot: paid; to be paid; paid, cancelled, and given back.
    pub(super) paid: String,
    pub(super) due: String,
    pub(super) refunded: String,
    /// Of reader 4: a return that is booked, and one that is on the road.
    pub(super) booked: String,
    pub(super) on_the_road: String,
}

fn home(n: u32) -> Value {
    json!({"kind": "home", "address_id": library::reader(n).address.as_str()})
}

fn in_a_slot(n: u32) -> Value {
    let mut to = home(n);
    to["slot"] = json!({"day": "2026-11-25", "from": "09:00:00", "until": "12:00:00"});
    to
}

fn to_s01() -> Value {
    json!({"kind": "site", "site_id": "S01"})
}

/// An order that stands, and what followed from it: its number and its parcels.
async fn ordered(life: &Life<'_>, n: u32, titles: &[&str], to: Value) -> (String, Vec<Value>) {
    let lines: Vec<Value> = titles.iter().map(|id| json!({"title_id": id})).collect();
    let wanted = json!({"lines": lines, "deliver_to": to, "if_missing": "cancel"});
    let placed = life.order(&library::reader(n), &format!("order-of-{}", titles.join("-")), &wanted).await;
    assert_eq!(placed.status, 201, "{}", placed.body);
    life.settle().await;
    let parcels = placed.body["parcels"].as_array().unwrap().clone();
    (placed.body["order_no"].as_str().unwrap().to_owned(), parcels)
}

async fn cancel(life: &Life<'_>, n: u32, number: &str, barcodes: &[&str]) {
    let body = json!({"barcodes": barcodes});
    let path = format!("/orders/{number}/cancel");
    let answer = life.change(&library::reader(n), "POST", &path, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    life.settle().await;
}

async fn pay(ground: &Ground, life: &Life<'_>, n: u32, number: &str) {
    let token = ground.token(&library::reader(n).subject());
    let path = format!("/orders/{number}/payment");
    let asked = send(ground.payments(), request("POST", &path, &token, &json!({"way": "native"}))).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    let told = send(ground.payments(), ground.platform.pay(&format!("D{number}"))).await;
    assert_eq!(told.status, 200, "{}", told.body);
    life.settle().await;
}

/// The library, and what the stories name of it.
pub(crate) async fn furnished() -> (Ground, Names) {
    Box::pin(furnish()).await
}

async fn furnish() -> (Ground, Names) {
    let ground = Ground::near(6).await;
    let s01 = library::sites().into_iter().find(|site| site.id.as_str() == "S01").unwrap();
    yujie_table::site::load(&ground.table, &Site { capacity: Some(5), ..s01 }).await.unwrap();
    for n in 1..=9 {
        let (id, code) = (format!("a00000{n}"), format!("A000{n}01"));
        ground
            .add_title(title(&id, &format!("丛书之{n}"), "编者"), vec![copy(&code, &id, "C01", "Z1/1")])
            .await;
    }
    let life = Life::new(&ground);
    let (lent, _) = life.to_the_door(&library::reader(1), &["b000006"]).await;
    scene::wait(&ground, &library::reader(2), "b000006").await;
    let (to_site, _) = ordered(&life, 1, &["a000001"], to_s01()).await;
    let (cancelled, _) = ordered(&life, 1, &["a000002"], home(1)).await;
    let before = ground.items()[&planted::parcel(1, &cancelled)].clone();
    cancel(&life, 1, &cancelled, &[]).await;
    let (again, _) = ordered(&life, 5, &["a000002"], home(5)).await;
    let (partly, parcels) = ordered(&life, 2, &["b000004", "b000005"], home(2)).await;
    let king =
        yujie_tests::life::barcodes(&parcels[0]).into_iter().find(|code| code.contains("005")).unwrap();
    cancel(&life, 2, &partly, &[&king]).await;
    // One waits at its site, and one was collected there.
    for (key, title, code) in [("a000008", "a000008", "A000801"), ("a000009", "a000009", "A000901")] {
        let (number, _) = ordered(&life, 5, &[title], to_s01()).await;
        bring_to_site(&ground, &life, &number, code, key == "a000009").await;
    }
    let (_, lent_to_four) = life.to_the_door(&library::reader(4), &["a000006", "a000007"]).await;
    assert_eq!(lent_to_four.len(), 1);
    let booked = book_return(&ground, 4, "A000601").await;
    let taken = life.scan("dispatcher-c01", json!({"action": "take_back", "barcode": "A000701"})).await;
    let on_the_road = taken.body["return_no"].as_str().unwrap().to_owned();
    life.settle().await;
    pick(&ground).await;

    // From now on the door costs something, and its slots are counted.
    let zones = vec![Zone { division: "110105".to_owned(), per_slot: Some(5) }];
    let priced =
        json!({"version": 2, "starts": "2026-01-01", "rules": [{"set": {"rule": "home_fee", "value": 300}}]});
    let priced: RuleSet = serde_json::from_value(priced).unwrap();
    yujie_table::rules::add(&ground.table, &RuleSet { zones, ..priced }).await.unwrap();
    let life = Life::new(&ground);
    let (paid, _) = ordered(&life, 3, &["a000003"], in_a_slot(3)).await;
    pay(&ground, &life, 3, &paid).await;
    let (due, _) = ordered(&life, 3, &["a000004"], in_a_slot(3)).await;
    let (refunded, _) = ordered(&life, 3, &["a000005"], in_a_slot(3)).await;
    pay(&ground, &life, 3, &refunded).await;
    cancel(&life, 3, &refunded, &[]).await;
    let names = Names { lent, to_site, cancelled, before, again, paid, due, refunded, booked, on_the_road };
    (ground, names)
}

/// Has a parcel picked, packed and driven to S01, and collected there or not.
async fn bring_to_site(ground: &Ground, life: &Life<'_>, number: &str, code: &str, collected: bool) {
    let parcel_no = format!("{number}-1");
    for (staff, scan) in [
        ("picker-c01", json!({"action": "pick", "barcode": code})),
        ("packer-c01", json!({"action": "pack", "parcel_no": parcel_no, "barcode": code})),
        ("dispatcher-c01", json!({"action": "hand_over", "parcel_no": parcel_no})),
        ("dispatcher-c01", json!({"action": "depart", "parcel_no": parcel_no})),
        ("desk-s01", json!({"action": "arrive", "parcel_no": parcel_no})),
    ] {
        life.done(staff, scan).await;
        life.settle().await;
    }
    if collected {
        let parcel = &ground.items()[&planted::parcel(5, number)];
        let code = parcel["pc"]["S"].as_str().unwrap();
        life.done("desk-s01", json!({"action": "collect", "parcel_no": parcel_no, "code": code})).await;
        life.settle().await;
    }
}

async fn book_return(ground: &Ground, n: u32, barcode: &str) -> String {
    let token = ground.token(&library::reader(n).subject());
    let wanted = json!({"barcodes": [barcode], "way": to_s01()});
    let mut asked = request("POST", "/returns", &token, &wanted);
    asked.headers_mut().insert("idempotency-key", "a-return".parse().unwrap());
    let booked = send(ground.returns(), asked).await;
    assert_eq!(booked.status, 201, "{}", booked.body);
    booked.body["return_no"].as_str().unwrap().to_owned()
}

async fn pick(ground: &Ground) {
    let token = ground.token(&library::staff("desk-c01"));
    let picked = json!({"sentence": "大人看了也会笑出声来。"});
    let answer = send(ground.cataloguing(), request("PUT", "/staff/picks/b000005", &token, &picked)).await;
    assert!(answer.status < 300, "{}", answer.body);
}
