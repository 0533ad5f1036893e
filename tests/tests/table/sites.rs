//! Sites: when they are open, when staff close them, and how many parcels they take.

use axum::Router;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use yujie_domain::SiteId;
use yujie_domain::hours::OpeningHours;
use yujie_domain::site::{Closure, Site};
use yujie_runtime::auth::Subject;
use yujie_table::site::{self, Kept, Stored};
use yujie_table::{Table, TransactError, Write, site_load};
use yujie_tests::ground::{request, send};
use yujie_tests::library::{self, site_id};
use yujie_tests::{Answer, Ground};

fn closure(from: &str, until: &str) -> Closure {
    Closure::new(from.parse().unwrap(), until.parse().unwrap(), "馆舍维修").unwrap()
}

async fn kept(table: &Table, id: &SiteId) -> Kept {
    site::get_versioned(table, id).await.unwrap().unwrap()
}

/// Changes a site as its staff would.
async fn change(ground: &Ground, id: &str, change: impl FnOnce(&mut Site)) {
    let Kept { mut site, version } = kept(&ground.table, &site_id(id)).await;
    change(&mut site);
    let stored = site::store(&ground.table, &site, version).await.unwrap();
    assert_eq!(stored, Stored::Now(version + 1));
}

/// Whether places were taken.
async fn take(table: &Table, id: &SiteId, n: u16, capacity: u16) -> bool {
    stands(table, site_load::take(id, n, capacity)).await
}

/// Whether places were given back.
async fn give_back(table: &Table, id: &SiteId, n: u16) -> bool {
    stands(table, site_load::give_back(id, n)).await
}

async fn stands(table: &Table, write: Write) -> bool {
    match table.write(write).await {
        Ok(()) => true,
        Err(TransactError::Refused(_)) => false,
        Err(TransactError::Table(error)) => panic!("{error}"),
    }
}

async fn load_of(table: &Table, id: &SiteId) -> u16 {
    site_load::of_many(table, std::slice::from_ref(id)).await.unwrap().remove(id).unwrap_or_default()
}

#[tokio::test]
async fn the_last_place_of_a_site_is_taken_once_by_fifty_at_once() {
    let ground = Ground::new().await;
    let (table, id) = (&ground.table, &site_id("S01"));
    assert!(take(table, id, 2, 3).await);

    let taken = join_all((0..50).map(|_| take(table, id, 1, 3))).await;

    assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 1);
    assert_eq!(load_of(table, id).await, 3);
}

#[tokio::test]
async fn fifty_who_give_back_at_once_give_back_no_more_than_was_taken() {
    let ground = Ground::new().await;
    let (table, id) = (&ground.table, &site_id("S01"));
    assert!(!give_back(table, id, 1).await, "nothing was ever taken here");
    assert!(take(table, id, 3, 20).await);

    let given = join_all((0..50).map(|_| give_back(table, id, 1))).await;

    assert_eq!(given.into_iter().filter(|given| *given).count(), 3);
    assert_eq!(load_of(table, id).await, 0);
    assert!(take(table, id, 20, 20).await, "its places are free again");
}

#[tokio::test]
async fn parcels_find_a_place_together_or_not_at_all() {
    let ground = Ground::new().await;
    let (table, id) = (&ground.table, &site_id("S01"));

    for (parcels, capacity, taken, load) in [
        (3, 2, false, 0), // more than the empty site has
        (1, 0, false, 0),
        (2, 2, true, 2),
        (1, 2, false, 2),
        (2, 3, false, 2),
        (1, 3, true, 3),  // it was enlarged
        (1, 1, false, 3), // it was made smaller than what it holds
    ] {
        let got = take(table, id, parcels, capacity).await;
        assert_eq!((got, load_of(table, id).await), (taken, load), "{parcels} of {capacity}");
    }
    let others = site_load::of_many(table, &[site_id("C01"), id.clone(), id.clone()]).await.unwrap();
    assert_eq!(others.into_iter().collect::<Vec<_>>(), [(id.clone(), 3)], "others are not counted here");
}

#[tokio::test]
async fn closures_survive_a_list_that_is_loaded_at_the_same_moment() {
    let ground = Ground::new().await;
    let (table, id) = (&ground.table, &site_id("S01"));
    let mut listed = kept(table, id).await.site;
    listed.name = "望京馆".to_owned();
    listed.opening_hours = OpeningHours::parse("Mo-Fr 09:00-17:00").unwrap();
    listed.capacity = Some(30);

    let loads = join_all((0..20).map(|_| site::load(table, &listed)));
    let closing = async {
        // As staff do: whoever is overtaken looks again.
        for _ in 0..100 {
            let Kept { mut site, version } = kept(table, id).await;
            site.closures = vec![closure("2026-12-01", "2026-12-03")];
            if site::store(table, &site, version).await.unwrap() != Stored::Overtaken {
                return;
            }
        }
        panic!("overtaken a hundred times");
    };
    let (loaded, ()) = join(loads, closing).await;

    assert!(loaded.iter().all(Result::is_ok));
    let now = kept(table, id).await;
    let closed = Site { closures: vec![closure("2026-12-01", "2026-12-03")], ..listed.clone() };
    assert_eq!((now.site, now.version), (closed.clone(), 1 + 20 + 1));

    site::load(table, &Site { capacity: None, ..listed }).await.unwrap();
    assert_eq!(
        kept(table, id).await.site,
        Site { capacity: None, ..closed },
        "the list takes a capacity away"
    );
}

#[tokio::test]
async fn a_site_is_changed_only_over_the_version_that_was_seen() {
    let ground = Ground::new().await;
    let (table, id) = (&ground.table, &site_id("S01"));
    let Kept { site: seen, version } = kept(table, id).await;
    let with = |from| Site { closures: vec![closure(from, "2026-12-31")], ..seen.clone() };

    assert_eq!(site::store(table, &with("2026-12-01"), version).await.unwrap(), Stored::Now(version + 1));
    assert_eq!(site::store(table, &with("2026-12-01"), version).await.unwrap(), Stored::Now(version + 1));
    assert_eq!(site::store(table, &with("2026-12-02"), version).await.unwrap(), Stored::Overtaken);
    assert_eq!(kept(table, id).await, Kept { site: with("2026-12-01"), version: version + 1 });
    let unknown = Site { id: site_id("X99"), ..seen };
    for version in [0, 1] {
        assert_eq!(site::store(table, &unknown, version).await.unwrap(), Stored::Overtaken);
    }
}

#[tokio::test]
async fn a_site_from_before_there_were_closures_is_read_and_can_be_closed() {
    let ground = Ground::new().await;
    let (table, id) = (&ground.table, &site_id("S01"));
    let key = "SITES / SITE#S01";
    let changed = table
        .client()
        .update_item()
        .table_name(library::TABLE)
        .key("pk", aws_sdk_dynamodb::types::AttributeValue::S("SITES".to_owned()))
        .key("sk", aws_sdk_dynamodb::types::AttributeValue::S("SITE#S01".to_owned()))
        .update_expression("REMOVE v");
    changed.send().await.unwrap();
    let before = ground.items()[key].clone();
    assert!(["v", "closures", "capacity"].iter().all(|name| before.get(*name).is_none()), "{before}");

    let Kept { mut site, version } = kept(table, id).await;
    assert_eq!((version, site.closures.len(), site.capacity), (0, 0, None));
    site.closures = vec![closure("2026-12-01", "2026-12-03")];

    assert_eq!(site::store(table, &site, 0).await.unwrap(), Stored::Now(1));
    assert_eq!(
        site::store(table, &Site { closures: Vec::new(), ..site }, 0).await.unwrap(),
        Stored::Overtaken
    );
    let stored = &ground.items()[key]["closures"]["L"];
    assert_eq!(stored[0]["M"]["from"], json!({"S": "2026-12-01"}));
}

#[tokio::test]
async fn what_sites_cost() {
    let ground = Ground::new().await;
    let table = ground.table_of_its_own();
    let id = site_id("S01");
    let mut used = table.consumed();
    let mut cost = |what: &str, written: u64, read: u64| {
        let now = table.consumed();
        let cost = (now.write_tenths - used.write_tenths, now.read_tenths - used.read_tenths);
        assert_eq!(cost, (written, read), "{what}: tenths of units written, read");
        used = now;
    };

    let Kept { site, version } = kept(&table, &id).await;
    cost("get_versioned", 0, 10);
    site::load(&table, &site).await.unwrap();
    cost("load", 10, 0);
    site::store(&table, &site, version + 1).await.unwrap();
    cost("store", 10, 0);
    assert!(take(&table, &id, 1, 20).await);
    cost("take", 10, 0);
    site_load::of_many(&table, &[id.clone(), site_id("C01")]).await.unwrap();
    cost("of_many", 0, 10);
    assert!(give_back(&table, &id, 1).await);
    cost("give_back", 10, 0);
}

/// What `GET` answers.
async fn get(ground: &Ground, path: &str) -> Answer {
    send(ground.ordering(), request("GET", path, "", &Value::Null)).await
}

fn ids(answer: &Answer) -> Vec<&str> {
    answer.body["items"].as_array().unwrap().iter().map(|site| site["id"].as_str().unwrap()).collect()
}

/// It is Monday, ten in the morning.
#[tokio::test]
async fn readers_see_which_sites_are_open_and_when_the_others_will_be() {
    let ground = Ground::new().await;
    change(&ground, "C01", |site| {
        site.opening_hours = OpeningHours::parse("Tu-Su 09:00-20:00").unwrap();
        site.closures = vec![
            closure("2026-12-24", "2026-12-25"),
            closure("2026-11-24", "2026-11-24"),
            closure("2026-11-01", "2026-11-22"),
        ];
    })
    .await;
    change(&ground, "L01", |site| site.opening_hours = OpeningHours::parse("Mo-Su 14:00-20:00").unwrap())
        .await;

    let answer = get(&ground, "/sites").await;

    assert_eq!(ids(&answer), ["C01", "L01", "S01"]);
    let seen = |site: &Value| (site["open_now"].clone(), site["opens_next"].clone());
    let items = answer.body["items"].as_array().unwrap();
    assert_eq!(seen(&items[0]), (json!(false), json!("2026-11-25")), "Tuesday is closed too");
    assert_eq!(seen(&items[1]), (json!(false), Value::Null), "it opens later today");
    assert_eq!(seen(&items[2]), (json!(true), Value::Null));
    assert_eq!(
        items[0]["closures"],
        json!([
            {"from": "2026-11-24", "until": "2026-11-24", "reason": "馆舍维修"},
            {"from": "2026-12-24", "until": "2026-12-25", "reason": "馆舍维修"},
        ]),
        "what is over is not told"
    );
    assert_eq!(get(&ground, "/sites/C01").await.body, items[0]);
    for unknown in ["/sites/X99", "/sites/%E4%B9%A6"] {
        assert_eq!(get(&ground, unknown).await.status, 404, "{unknown}");
    }

    for (asked, expected) in [
        ("kind=library", &["C01"][..]),
        ("kind=reading_room", &[]),
        ("open_on=2026-11-23", &["L01", "S01"]),
        ("open_on=2026-11-24", &["L01", "S01"]),
        ("open_on=2026-11-25", &["C01", "L01", "S01"]),
        ("open_on=2026-11-25&kind=street_library", &["L01"]),
        ("open_on=2026-11-24&near=39.9886,116.4208&limit=1", &["L01"]),
        ("open_on=2026-11-24&near=39.99,116.48", &["S01", "L01"]),
    ] {
        assert_eq!(ids(&get(&ground, &format!("/sites?{asked}")).await), expected, "{asked}");
    }
    for wrong in ["kind=castle", "open_on=tomorrow", "open_on=2026-02-30", "limit=0"] {
        assert_eq!(get(&ground, &format!("/sites?{wrong}")).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn readers_see_how_many_parcels_a_site_can_take_and_only_the_shown_sites_are_looked_up() {
    let ground = Ground::new().await;
    for (id, capacity) in [("L01", 30), ("S01", 2)] {
        change(&ground, id, |site| site.capacity = Some(capacity)).await;
    }
    assert!(take(&ground.table, &site_id("S01"), 4, 20).await, "when it was larger");
    let places = |site: &Value| (site["capacity"].clone(), site["free_places"].clone());

    let answer = get(&ground, "/sites").await;
    let seen: Vec<_> = answer.body["items"].as_array().unwrap().iter().map(places).collect();
    assert_eq!(
        seen,
        [(Value::Null, Value::Null), (json!(30), json!(30)), (json!(2), json!(0))],
        "no number is below zero"
    );
    assert_eq!(places(&get(&ground, "/sites/S01").await.body), (json!(2), json!(0)));

    for (asked, counters) in [("limit=1", 0), ("limit=2", 1), ("", 2), ("kind=library", 0)] {
        let before = ground.table.consumed().read_tenths;
        get(&ground, &format!("/sites?{asked}")).await;
        // Sites and rules, which each test's function has yet to read; the counters of the shown sites that count.
        assert_eq!(ground.table.consumed().read_tenths - before, 10 + 10 + 5 * counters, "{asked}");
    }
}

async fn put(ground: &Ground, warehouse: &Router, who: &Subject, site: &str, body: &Value) -> Answer {
    let path = format!("/staff/sites/{site}/closures");
    send(warehouse.clone(), request("PUT", &path, &ground.token(who), body)).await
}

fn on(days: &[(&str, &str)], version: u64) -> Value {
    let closures: Vec<Value> = days
        .iter()
        .map(|(from, until)| json!({"from": from, "until": until, "reason": "春节放假"}))
        .collect();
    json!({"closures": closures, "version": version})
}

#[tokio::test]
async fn a_desk_closes_its_own_site_and_administrators_any() {
    let ground = Ground::new().await;
    let warehouse = ground.warehouse();
    let closed = on(&[("2027-02-05", "2027-02-11")], 1);

    for (who, site, status) in [
        ("desk-s01", "C01", 403),
        ("desk-s01", "X99", 403),
        ("picker-c01", "C01", 403),
        ("dispatcher-c01", "C01", 403),
        ("admin-c01", "X99", 404),
        ("desk-s01", "S01", 200),
        ("desk-c01", "C01", 200),
        ("admin-c01", "L01", 200),
    ] {
        let answer = put(&ground, &warehouse, &library::staff(who), site, &closed).await;
        assert_eq!(answer.status, status, "{who} {site}: {}", answer.body);
    }
    let reader = library::reader(1).subject();
    assert_eq!(put(&ground, &warehouse, &reader, "S01", &closed).await.status, 403);

    let path = "/staff/sites/L01/closures";
    for (who, status) in [(library::staff("picker-c01"), 200), (reader, 403)] {
        let answer = send(warehouse.clone(), request("GET", path, &ground.token(&who), &Value::Null)).await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn a_calendar_is_written_over_the_one_that_was_seen() {
    let ground = Ground::new().await;
    let warehouse = ground.warehouse();
    let desk = library::staff("desk-s01");
    let first = on(&[("2027-02-05", "2027-02-11"), ("2026-12-31", "2027-01-01")], 1);

    let answer = put(&ground, &warehouse, &desk, "S01", &first).await;
    assert_eq!((answer.status, &answer.body["version"]), (200, &json!(2)), "{}", answer.body);
    let days: Vec<&Value> =
        answer.body["closures"].as_array().unwrap().iter().map(|closure| &closure["from"]).collect();
    assert_eq!(days, ["2026-12-31", "2027-02-05"], "in their order");
    let again = put(&ground, &warehouse, &desk, "S01", &first).await;
    assert_eq!((again.status, again.body), (200, answer.body), "the same request, sent twice");

    let late = put(&ground, &warehouse, &desk, "S01", &on(&[], 1)).await;
    assert_eq!((late.status, &late.body["code"]), (409, &json!("changed_meanwhile")));
    let gone = put(&ground, &warehouse, &desk, "S01", &on(&[], 2)).await;
    assert_eq!((gone.status, &gone.body["closures"], &gone.body["version"]), (200, &json!([]), &json!(3)));
    assert!(ground.items()["SITES / SITE#S01"].get("closures").is_none());
}

#[tokio::test]
async fn a_calendar_that_cannot_be_is_told_all_its_faults() {
    let ground = Ground::new().await;
    let warehouse = ground.warehouse();
    let desk = library::staff("desk-s01");
    let mut wrong = on(&[("2027-02-05", "2027-02-04"), ("2027-02-05", "2027-02-05")], 1);
    wrong["closures"][1]["reason"] = "修".repeat(201).into();

    let answer = put(&ground, &warehouse, &desk, "S01", &wrong).await;

    assert_eq!((answer.status, &answer.body["code"]), (422, &json!("invalid_field")));
    let fields: Vec<&Value> =
        answer.body["fields"].as_array().unwrap().iter().map(|fault| &fault["field"]).collect();
    assert_eq!(fields, ["closures.0.until", "closures.1.reason"]);
    let day = ("2027-02-05", "2027-02-05");
    for (days, status) in [(vec![day; 101], 422), (vec![day; 100], 200)] {
        assert_eq!(put(&ground, &warehouse, &desk, "S01", &on(&days, 1)).await.status, status);
    }
    for malformed in [
        json!({"closures": [], "version": -1}),
        json!({"closures": []}),
        on(&[("2027-02-30", "2027-03-01")], 1),
    ] {
        let answer = put(&ground, &warehouse, &desk, "S01", &malformed).await;
        assert_eq!((answer.status, &answer.body["code"]), (400, &json!("malformed_body")), "{malformed}");
    }
}
