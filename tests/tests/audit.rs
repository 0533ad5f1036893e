//! The nightly audit: it finds nothing in a library in the middle of its life, each corruption that is planted there, and nothing that was only
//! read at two moments.

pub(crate) mod furnished;
mod planted;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use audit::Job;
use serde_json::{Value, json};
use yujie_domain::audit::{Finding, Kind, Severity};
use yujie_table::audit_report::Told;
use yujie_table::{Image, Item};
use yujie_tests::audit::findings;
use yujie_tests::ground::{request, send};
use yujie_tests::{Answer, Ground, library, scene};

use furnished::{Names, furnished};

/// Every item by its key.
type Items = BTreeMap<String, Value>;

/// Makes the table what `items` says, item by item, past all functions.
async fn put(ground: &Ground, items: &Items) {
    let is = ground.items();
    let item = |value: &Value| -> Item { serde_json::from_value::<Image>(value.clone()).unwrap().into() };
    let client = ground.table.client();
    for (_, value) in items.iter().filter(|(key, value)| is.get(*key) != Some(*value)) {
        client.put_item().table_name(library::TABLE).set_item(Some(item(value))).send().await.unwrap();
    }
    for (_, value) in is.iter().filter(|(key, _)| !items.contains_key(*key)) {
        let mut key = item(value);
        key.retain(|name, _| name == "pk" || name == "sk");
        client.delete_item().table_name(library::TABLE).set_key(Some(key)).send().await.unwrap();
    }
}

async fn night(ground: &Ground) {
    audit::handle(&ground.audit(), Job::Check).await.unwrap();
}

async fn reports(ground: &Ground, staff: &str, query: &str) -> Answer {
    let token = ground.token(&library::staff(staff));
    send(ground.warehouse(), request("GET", &format!("/staff/audits{query}"), &token, &Value::Null)).await
}

fn codes(found: &[Finding]) -> Vec<&str> {
    found.iter().map(|finding| finding.kind.code()).collect()
}

#[tokio::test]
async fn a_library_in_the_middle_of_its_life_agrees_with_itself() {
    let (ground, names) = furnished().await;
    let items = ground.items();
    let kinds: BTreeSet<&str> = items.values().map(|item| item["kind"]["S"].as_str().unwrap()).collect();
    for kind in
        ["copy", "hold", "parcel", "payment", "return", "site_load", "slot_load", "pick_count", "unique"]
    {
        assert!(kinds.contains(kind), "no {kind} to be looked at");
    }
    assert_eq!(items["SITE#S01 / LOAD"]["n"]["N"], "2");
    assert_eq!(items[planted::SLOT]["n"]["N"], "2");
    assert_eq!(items[&planted::payment(&names.refunded)]["rf"]["L"].as_array().unwrap().len(), 1);

    assert_eq!(findings(&ground).await, []);
}

#[tokio::test]
async fn the_scene_of_the_example_events_agrees_with_itself() {
    let ground = Ground::new().await;
    scene::set(&ground).await;
    let found = findings(&ground).await;
    // Nothing has followed the stream there.
    let wrong: Vec<_> =
        found.iter().filter(|found| found.kind.severity() == Severity::Contradiction).collect();
    assert_eq!(wrong, Vec::<&Finding>::new());
}

#[tokio::test]
async fn each_planted_corruption_is_found_by_its_name_with_its_keys_and_its_repair_and_names_nobody() {
    let (ground, names) = furnished().await;
    let clean = ground.items();
    let mut planted_kinds = BTreeSet::new();
    let (mut wrong, mut said) = (Vec::new(), String::new());
    for planted in planted::all(&names) {
        let mut items = clean.clone();
        (planted.plant)(&mut items);
        assert_ne!(items, clean, "{} plants nothing", planted.kind);
        put(&ground, &items).await;

        let mut found = findings(&ground).await;

        // A copy that changed and was not counted drifts besides.
        found.retain(|one| one.kind == planted.kind || one.kind.severity() == Severity::Contradiction);
        let told: Vec<Told> = found.iter().map(Told::from).collect();
        let _ = write!(said, "{told:?}");
        let [one] = told.as_slice() else {
            wrong.push(format!("{}: {told:#?}", planted.kind));
            put(&ground, &clean).await;
            continue;
        };
        if (one.code.as_str(), one.keys[0].as_str()) != (planted.kind.code(), planted.key.as_str())
            || found[0].repair() != planted.kind.repair()
        {
            wrong.push(format!("{} at {}: {one:#?}", planted.kind, planted.key));
        }
        planted_kinds.insert(planted.kind);
        put(&ground, &clean).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(planted_kinds, Kind::ALL.iter().copied().collect(), "every kind is planted");
    assert!(planted_kinds.len() >= 20);
    for person in (1..=6).map(library::reader) {
        for secret in [person.name, person.phone.as_str(), "望京西园", "红楼梦"] {
            assert!(!said.contains(secret), "{secret} is said in a finding");
        }
    }
    assert_eq!(findings(&ground).await, [], "nothing is left of them");
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_a_finding_and_hides_no_other() {
    let (ground, names) = furnished().await;
    let mut items = ground.items();
    for planted in planted::all(&names) {
        if matches!(
            planted.kind,
            Kind::ItemUnreadable | Kind::KindUnknown | Kind::SiteLoadDiffers | Kind::PickCountDiffers
        ) {
            (planted.plant)(&mut items);
        }
    }
    put(&ground, &items).await;
    let found = findings(&ground).await;
    let expected = [
        "site_load_differs",
        "pick_count_differs",
        "availability_differs",
        "item_unreadable",
        "kind_unknown",
    ];
    assert_eq!(codes(&found), expected);
    assert!(found[3].seen.contains("received"), "{}", found[3].seen);
}

#[tokio::test]
async fn what_was_only_read_at_two_moments_is_not_told() {
    let (ground, _) = furnished().await;
    let clean = ground.items();
    let mut items = clean.clone();
    items.get_mut("COPY#C0000601 / COPY").unwrap()["status"] = json!({"S": "reserved"});
    put(&ground, &items).await;
    let suspected = audit::suspect(&ground.audit()).await.unwrap();
    assert_eq!(codes(&suspected), ["copy_differs_from_line"]);

    // It was as the first walk saw it for a moment only.
    put(&ground, &clean).await;
    assert_eq!(audit::confirm(&ground.audit(), suspected.clone()).await.unwrap(), []);

    // It is so again, of a later version: two moments may have met twice, and the next night will tell.
    items.get_mut("COPY#C0000601 / COPY").unwrap()["v"] = json!({"N": "99"});
    put(&ground, &items).await;
    assert_eq!(audit::confirm(&ground.audit(), suspected).await.unwrap(), []);
    assert_eq!(codes(&findings(&ground).await), ["copy_differs_from_line"]);
}

#[tokio::test]
async fn an_order_that_is_cancelled_while_the_table_is_read_is_no_finding_at_whatever_call() {
    let (ground, names) = furnished().await;
    let clean = ground.items();
    let wrong = |found: &[Finding]| found.iter().any(|one| one.kind.severity() == Severity::Contradiction);
    let mut torn = 0;
    for call in 0.. {
        let (lending, number) = (ground.lending(), names.to_site.parse().unwrap());
        ground.faults.before_call(call, async move {
            lending.cancel(&library::reader(1).rid, &number, &[]).await.unwrap();
        });
        let suspected = audit::suspect(&ground.audit()).await.unwrap();
        let Some(met) = ground.faults.met() else { break };
        assert_eq!(met, "Scan");
        torn += u32::from(wrong(&suspected));
        let confirmed = audit::confirm(&ground.audit(), suspected).await.unwrap();
        assert!(!wrong(&confirmed), "before call {call}: {confirmed:#?}");
        put(&ground, &clean).await;
    }
    assert!(torn > 0, "no walk saw it at two moments: the second walk is not put to the test");
}

#[tokio::test]
async fn a_clean_night_is_one_walk_and_a_report_without_findings() {
    let (ground, _) = furnished().await;
    let before = ground.items();
    night(&ground).await;
    let after = ground.items();
    let written: Vec<&String> = after.keys().filter(|key| before.get(*key) != after.get(*key)).collect();
    assert_eq!(written, ["AUDIT / REPORT#2026-11-23"], "it changes nothing else");
    assert_eq!(after.len(), before.len() + 1);
    let report = reports(&ground, "admin-c01", "").await.body["items"][0].clone();
    assert_eq!(
        (&report["walks"], &report["kinds"], &report["findings"]),
        (&json!(1), &json!([]), &json!([]))
    );
    let four_hundred_days = ground.now().as_second() + 400 * 24 * 3600;
    assert_eq!(after["AUDIT / REPORT#2026-11-23"]["expires_at"]["N"], four_hundred_days.to_string());
}

#[tokio::test]
async fn what_a_night_found_is_kept_and_shown_to_administrators_newest_first() {
    let (ground, _) = furnished().await;
    let clean = ground.items();
    let mut items = clean.clone();
    items.get_mut("COPY#C0000601 / COPY").unwrap()["status"] = json!({"S": "reserved"});
    put(&ground, &items).await;
    night(&ground).await;
    // Mended by the next night.
    put(&ground, &ground.items().into_iter().chain(clean.clone()).collect()).await;
    ground.pass(jiff::SignedDuration::from_hours(24));
    night(&ground).await;

    let list = reports(&ground, "admin-c01", "").await;
    assert_eq!(list.status, 200, "{}", list.body);
    let days: Vec<&Value> = list.body["items"].as_array().unwrap().iter().map(|one| &one["day"]).collect();
    assert_eq!(
        (days, &list.body["next_cursor"]),
        (vec![&json!("2026-11-24"), &json!("2026-11-23")], &Value::Null)
    );
    let found = &list.body["items"][1];
    assert_eq!(found["walks"], 2);
    assert_eq!(
        found["kinds"],
        json!([{"code": "copy_differs_from_line", "severity": "contradiction", "count": 1,
            "repair": Kind::CopyDiffersFromLine.repair()}])
    );
    let keys = found["findings"][0]["keys"].as_array().unwrap();
    assert_eq!(keys[0], "COPY#C0000601 / COPY");
    assert_eq!(found["findings"][0]["seen"], "the copy is reserved, its line delivered");

    let first = reports(&ground, "admin-c01", "?limit=1").await.body;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = reports(&ground, "admin-c01", &format!("?limit=1&cursor={cursor}")).await.body;
    assert_eq!(
        (&first["items"][0]["day"], &second["items"][0]["day"]),
        (&json!("2026-11-24"), &json!("2026-11-23"))
    );
    for staff in ["picker-c01", "desk-c01"] {
        assert_eq!(reports(&ground, staff, "").await.status, 403);
    }
    for wrong in ["?limit=0", "?cursor=%21", "?cursor=bm8"] {
        assert_eq!(reports(&ground, "admin-c01", wrong).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn an_audit_that_is_made_again_on_the_same_day_takes_the_place_of_the_one_before() {
    let (ground, _) = furnished().await;
    let clean = ground.items();
    let mut items = clean.clone();
    items.get_mut("SITE#S01 / LOAD").unwrap()["n"] = json!({"N": "4"});
    put(&ground, &items).await;
    night(&ground).await;
    put(&ground, &ground.items().into_iter().chain(clean).collect()).await;
    ground.pass(jiff::SignedDuration::from_mins(10));
    night(&ground).await;
    let list = reports(&ground, "admin-c01", "").await.body;
    assert_eq!((list["items"].as_array().unwrap().len(), &list["items"][0]["kinds"]), (1, &json!([])));
    assert_eq!(ground.items()["AUDIT / REPORT#2026-11-23"]["v"]["N"], "2");
}
