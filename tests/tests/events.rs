//! Every example event of `events/` through its function, twice, as a cloud that delivers at least once may do it. What came back, what was
//! written and what was sent is compared with `snapshots/<function>__<case>.snap`.

mod closings;
mod lending;
mod returns;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use futures_util::FutureExt;
use jiff::SignedDuration;
use lambda_http::request::LambdaRequest;
use serde_json::{Value, json};
use yujie_domain::import::{FileName, FileOptions, Import, Stage};
use yujie_domain::pick::{Pick, Sentence};
use yujie_domain::shelves::{Beside, SharedReaders, ShelfName, Shelved};
use yujie_domain::{ImportId, StaffLogin};
use yujie_index_store::testing::Bucket;
use yujie_runtime::auth;
use yujie_table::{account, idempotency, import, pick, shelf, site_load};
use yujie_tests::{Ground, ground, library, scene};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The names in a folder, without an ending.
fn names(folder: &Path, ending: &str) -> BTreeSet<String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(ending).map(ToOwned::to_owned))
        .collect()
}

fn folders(of: &str) -> BTreeSet<String> {
    fs::read_dir(root().join(of))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

/// Fills in what cannot stand in a file: tokens.
fn filled(ground: &Ground, event: &str) -> String {
    let mut event = event.to_owned();
    let mut fill = |name: &str, value: &str| event = event.replace(&format!("{{{{{name}}}}}"), value);
    for (name, n) in [("reader_token", 1), ("other_reader_token", 2), ("new_reader_token", 3)] {
        fill(name, &ground.token(&library::reader(n).subject()));
    }
    for (login, ..) in library::STAFF {
        fill(&format!("{login}_token"), &ground.token(&library::staff(login)));
    }
    let long_ago = ground.now() - SignedDuration::from_hours(1);
    let expired = auth::sign(&ground.keys, &library::reader(1).subject(), None, long_ago).unwrap();
    fill("expired_token", &expired);
    fill("refresh_token", scene::REFRESH_TOKEN);
    let parcel = scene::parcel(&library::reader(2), "261123HANDED0001").to_string();
    fill("webhook_token", &ground.keys.webhook_token(&parcel));
    assert!(!event.contains("{{"), "an unknown placeholder");
    event
}

/// What must be so before the event comes, other than the scene.
async fn prepare(ground: &Ground, function: &str, case: &str) {
    match (function, case) {
        ("imports", "a-picture") => running_import(ground, false, b"\xFF\xD8\xFF\xE0 JFIF".to_vec()).await,
        ("imports", "a-bad-record-of-a-strict-import") => running_import(ground, true, torn()).await,
        ("imports", _) | ("cataloguing", "import-running" | "imports") => {
            running_import(ground, false, crate::imports::five_records()).await;
        }
        ("cataloguing", "import-start") => {
            waiting_import(ground, false).await;
            put_file(ground, crate::imports::five_records()).await;
        }
        ("cataloguing", "import-start-without-file") => {
            waiting_import(ground, false).await;
            let client = ground.imports_bucket.client();
            let key = format!("imports/{IMPORT}/file");
            client.delete_object().bucket(Bucket::NAME).key(key).send().await.unwrap();
        }
        ("dispatch", "the-courier-refuses") => {
            ground.outside.courier_says(r#"{"result":false,"returnCode":"30004","message":"参数错误"}"#);
        }
        ("dispatch", "the-courier-has-no-waybill-yet") => ground.outside.courier_says(
            r#"{"result":true,"returnCode":"200","message":"成功","data":{"taskId":"T1","orderId":"O1"}}"#,
        ),
        ("dispatch", "the-courier-answers-nonsense") => ground.outside.courier_says("<html>502</html>"),
        ("ordering", "recommendations") => beside_chamber(ground).await,
        ("ordering", "recommendations-switched-off") => {
            beside_chamber(ground).await;
            account::set_takes_part(&ground.table, &library::reader(1).rid, false).await.unwrap();
        }
        ("returns" | "collections", _) => returns::prepare(ground, function, case).await,
        ("policies" | "trials", _) => rules::prepare(ground, function, case).await,
        ("search", "shelves" | "shelves-one-of-each" | "shelves-wrong-limit") => fill_shelves(ground).await,
        ("search", _) => {
            let messages: Vec<String> = library::titles()
                .iter()
                .map(|(title, _)| json!({"title_id": title.id}).to_string())
                .collect();
            let bodies: Vec<&str> = messages.iter().map(String::as_str).collect();
            let batch = serde_json::from_value(yujie_tests::life::sqs_event("index", &bodies)).unwrap();
            assert!(indexer::handle(&ground.indexer(), batch).await.batch_item_failures.is_empty());
        }
        ("promises", "a-site-is-closed") | ("warehouse", "promises") => {
            closings::prepare(ground, function, case).await;
        }
        ("warehouse", "audits") => {
            // A place that no parcel takes.
            let taken = site_load::take(&library::site_id("S01"), 1, 5);
            ground.table.write(taken).await.unwrap();
            audit::handle(&ground.audit(), audit::Job::Check).await.unwrap();
        }
        (
            "notices",
            "rerouted"
            | "rerouted-and-sent-elsewhere-since"
            | "waits-for-opening"
            | "kept-longer"
            | "promise-broken",
        ) => closings::prepare(ground, function, case).await,
        _ => lending::prepare(ground, function, case).await,
    }
}

const IMPORT: &str = "01KAQ6V4R0000000000MP0RT01";

/// An import that waits for its file.
async fn waiting_import(ground: &Ground, strict: bool) -> Import {
    let new = Import {
        id: ImportId::parse(IMPORT).unwrap(),
        file_name: FileName::parse("2026年秋季新书.mrc").unwrap(),
        by: StaffLogin::parse("desk-s01").unwrap(),
        at: ground.now(),
        options: FileOptions { strict, ..FileOptions::default() },
        stage: Stage::Waiting,
        version: 1,
    };
    let asked = idempotency::Request { key: "import".to_owned(), fingerprint: "import".to_owned() };
    let kept = idempotency::Answer { status: 201, body: "{}".to_owned() };
    import::add(&ground.table, &new, &asked, &kept).await.unwrap();
    new
}

/// An import whose file is there and whose work has begun.
async fn running_import(ground: &Ground, strict: bool, file: Vec<u8>) {
    let waiting = waiting_import(ground, strict).await;
    put_file(ground, file).await;
    let file = ground.import_store().find(&waiting.id).await.unwrap().unwrap();
    let running = waiting.start(file, ground.now()).unwrap();
    assert_eq!(import::store(&ground.table, &running).await.unwrap(), import::Stored::Now);
}

async fn put_file(ground: &Ground, file: Vec<u8>) {
    let put = ground.imports_bucket.client().put_object().bucket(Bucket::NAME);
    put.key(format!("imports/{IMPORT}/file")).body(file.into()).send().await.unwrap();
}

/// A file whose first record ends too early.
fn torn() -> Vec<u8> {
    let mut file = crate::imports::five_records();
    file.remove(40);
    file
}

/// Readers of 红楼梦, which reader 1 has at home, borrowed a book of the scene, one that reader 1 has ordered, and one that is gone.
async fn beside_chamber(ground: &Ground) {
    let beside = ["s000001", "b000004", "gone"]
        .map(|id| Beside { id: library::title_id(id), readers: SharedReaders::new(5).unwrap() });
    let id = library::title_id("b000006");
    assert!(shelf::put_beside(&ground.table, &id, &beside, ground.now()).await.unwrap());
}

/// Something new, among it a title that is gone, something popular, and a librarian's pick.
async fn fill_shelves(ground: &Ground) {
    for (name, ids) in [(ShelfName::New, ["gone", "s000002"]), (ShelfName::Popular, ["b000004", "s000001"])] {
        let titles = ids.map(|id| Shelved { id: library::title_id(id), n: 1 });
        assert!(shelf::put(&ground.table, name, &titles, ground.now()).await.unwrap());
    }
    let pick = Pick {
        title_id: library::title_id("b000005"),
        sentence: Sentence::parse("大人看了也会笑出声来。").unwrap(),
        by: StaffLogin::parse("desk-c01").unwrap(),
        at: ground.now(),
    };
    assert!(matches!(pick::put(&ground.table, &pick, None).await.unwrap(), pick::Put::Done(_)));
}

/// Hands an event to its function and answers what the function answers.
async fn invoke(ground: &Ground, function: &str, event: &str) -> Value {
    let http = |router| async move {
        let request: LambdaRequest = serde_json::from_str(event).unwrap();
        let answer = ground::send(router, lambda_http::Request::from(request)).await;
        let headers: BTreeMap<&str, &str> = answer
            .headers
            .iter()
            .filter(|(name, _)| *name != "content-length")
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        json!({"status": answer.status, "headers": headers, "body": without_secrets(answer.body)})
    };
    macro_rules! queue {
        ($function:ident) => {{
            let event = serde_json::from_str(event).unwrap();
            serde_json::to_value($function::handle(&ground.$function(), event).await).unwrap()
        }};
    }
    macro_rules! whole {
        ($function:ident) => {
            match serde_json::from_str(event) {
                Err(error) => json!({"refused": error.to_string()}),
                Ok(event) => match $function::handle(&ground.$function(), event).await {
                    Ok(()) => json!("done"),
                    Err(error) => json!({"failed": error.to_string()}),
                },
            }
        };
    }
    match function {
        "registration" => http(ground.registration()).await,
        "ordering" => http(ground.ordering()).await,
        "warehouse" => http(ground.warehouse()).await,
        "cataloguing" => http(ground.cataloguing()).await,
        "policies" => http(ground.policies()).await,
        "profile" => http(ground.profile()).await,
        "returns" => http(ground.returns()).await,
        "courier-webhook" => http(ground.courier_webhook()).await,
        "storefront" => http(ground.storefront()).await,
        "search" => http(ground.search()).await,
        "accept" => queue!(accept),
        "sort" => queue!(sort),
        "pack" => queue!(pack),
        "dispatch" => queue!(dispatch),
        "deliver" => queue!(deliver),
        "collections" => queue!(collections),
        "payments" => http(ground.payments()).await,
        "settlements" => queue!(settlements),
        "holds" => queue!(holds),
        "imports" => queue!(imports),
        "trials" => queue!(trials),
        "indexer" => queue!(indexer),
        "relay" => whole!(relay),
        "notices" => whole!(notices),
        "promises" => whole!(promises),
        "shelves" => whole!(shelves),
        "audit" => whole!(audit),
        other => panic!("no way to invoke {other}"),
    }
}

/// Tokens and signed addresses are long and say nothing here; the API's description is compared elsewhere.
fn without_secrets(mut body: Value) -> Value {
    if let Some(object) = body.as_object_mut() {
        for token in ["access_token", "refresh_token"] {
            object.entry(token).and_modify(|value| *value = json!("[token]"));
        }
        object.entry("rejects_url").and_modify(|value| *value = json!("[address]"));
        if let Some(upload) = object.get_mut("upload") {
            upload["url"] = json!("[address]");
        }
        if object.contains_key("openapi") {
            object.retain(|name, _| name == "openapi" || name == "info");
        }
    }
    body
}

/// What changed in the table: `+` came, `~` changed, `-` went.
fn difference(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> Vec<String> {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter()
        .filter_map(|key| match (before.get(key), after.get(key)) {
            (None, Some(_)) => Some(format!("+ {key}")),
            (Some(_), None) => Some(format!("- {key}")),
            (Some(old), Some(new)) if old != new => Some(format!("~ {key}")),
            _ => None,
        })
        .collect()
}

/// The event twice: what came of it at first and then.
async fn replay(ground: &Ground, function: &str, case: &str) -> Value {
    let path = root().join("events").join(function).join(format!("{case}.json"));
    let event = filled(ground, &fs::read_to_string(path).unwrap());
    let mut told = Vec::new();
    for _ in 0..2 {
        let before = ground.items();
        let answer = invoke(ground, function, &event).await;
        let written = difference(&before, &ground.items());
        told.push(json!({"answer": answer, "written": written, "sent": ground.outside.take()}));
    }
    let again = told.pop().unwrap();
    let first = told.pop().unwrap();
    if first == again {
        json!({"first": first, "again": "the same"})
    } else {
        json!({"first": first, "again": again})
    }
}

async fn replay_all(function: &str) {
    let mut ground = Ground::new().await;
    scene::set(&ground).await;
    let set = ground.items();
    let mut wrong = Vec::new();
    for case in names(&root().join("events").join(function), ".json") {
        // Each event finds the scene as it was set, and draws what the first one would draw.
        ground.restore(&set);
        prepare(&ground, function, &case).await;
        let compared = async {
            let outcome = replay(&ground, function, &case).await;
            insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
                insta::assert_json_snapshot!(format!("{function}__{case}"), outcome);
            });
        };
        if AssertUnwindSafe(compared).catch_unwind().await.is_err() {
            wrong.push(case);
        }
    }
    assert!(wrong.is_empty(), "{function}: {wrong:?}");
}

macro_rules! functions {
    ($($test:ident $function:literal,)*) => {
        /// The functions whose events are replayed.
        const REPLAYED: &[&str] = &[$($function),*];

        $(#[tokio::test]
        async fn $test() {
            replay_all($function).await;
        })*
    };
}

functions! {
    accept "accept",
    audit "audit",
    cataloguing "cataloguing",
    collections "collections",
    courier_webhook "courier-webhook",
    deliver "deliver",
    dispatch "dispatch",
    holds "holds",
    imports "imports",
    indexer "indexer",
    notices "notices",
    ordering "ordering",
    pack "pack",
    payments "payments",
    policies "policies",
    profile "profile",
    promises "promises",
    registration "registration",
    relay "relay",
    returns "returns",
    search "search",
    settlements "settlements",
    shelves "shelves",
    sort "sort",
    storefront "storefront",
    trials "trials",
    warehouse "warehouse",
}

#[test]
fn every_function_has_events_and_every_folder_is_replayed() {
    let functions = folders("functions");
    assert_eq!(folders("events"), functions);
    assert_eq!(REPLAYED.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), functions);
}

#[test]
fn every_event_has_a_snapshot_and_every_snapshot_an_event() {
    let events: BTreeSet<String> = folders("events")
        .iter()
        .flat_map(|function| {
            let cases = names(&root().join("events").join(function), ".json");
            assert!(cases.len() >= 3, "{function} has too few events");
            cases.into_iter().map(move |case| format!("{function}__{case}"))
        })
        .collect();
    assert_eq!(names(&root().join("tests/tests/snapshots"), ".snap"), events);
}
