//! Files of library records that members of staff bring: from the address where they put them to the last copy on its shelf, with
//! processes dying in between and messages coming twice.

#[expect(dead_code, reason = "these tests need a part of it")]
#[path = "../../shared/marc/tests/writer/mod.rs"]
mod writer;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use writer::{Written, collection, unimarc};
use yujie_domain::TitleId;
use yujie_table::{availability, copy, title};
use yujie_tests::ground::{request, send};
use yujie_tests::{Answer, Crash, Ground, Life, Sent, library};

async fn ask(ground: &Ground, staff: &str, method: &str, path: &str, key: &str, body: &Value) -> Answer {
    let token = ground.token(&library::staff(staff));
    let mut request = request(method, path, &token, body);
    if !key.is_empty() {
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    }
    send(ground.cataloguing(), request).await
}

async fn propose(ground: &Ground, options: Value) -> Value {
    let body = json!({"file_name": "秋季新书.mrc", "options": options});
    let answer = ask(ground, "desk-c01", "POST", "/staff/imports", "import-key-1", &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body
}

/// Sends the file to the signed address, as `curl -T` does.
async fn upload(import: &Value, file: &[u8]) {
    let url = import["upload"]["url"].as_str().unwrap();
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    assert!(path.contains("X-Amz-Signature="), "{url}");
    let head = format!(
        "PUT /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        file.len()
    );
    let mut connection = tokio::net::TcpStream::connect(host).await.unwrap();
    connection.write_all(&[head.as_bytes(), file].concat()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn path_of(import: &Value) -> String {
    format!("/staff/imports/{}", import["import_id"].as_str().unwrap())
}

async fn start(ground: &Ground, import: &Value) -> Answer {
    let path = format!("{}/start", path_of(import));
    ask(ground, "desk-c01", "POST", &path, "", &Value::Null).await
}

async fn show(ground: &Ground, import: &Value) -> Value {
    let answer = ask(ground, "desk-c01", "GET", &path_of(import), "", &Value::Null).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

/// Brings a file and begins.
async fn begin(ground: &Ground, file: &[u8], options: Value) -> Value {
    let import = propose(ground, options).await;
    upload(&import, file).await;
    let begun = start(ground, &import).await;
    assert_eq!((begun.status, &begun.body["status"]), (200, &json!("running")), "{}", begun.body);
    import
}

/// The list of rejects as it is now.
async fn rejects(ground: &Ground, import: &Value) -> Vec<String> {
    let shown = show(ground, import).await;
    let url = shown["rejects_url"].as_str().unwrap();
    let key = url.split('?').next().unwrap().rsplit_once("/books/").unwrap().1;
    let client = ground.imports_bucket.client();
    let object = client.get_object().bucket("books").key(key).send().await.unwrap();
    let text = String::from_utf8(object.body.collect().await.unwrap().to_vec()).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn book(n: u32, name: &str, site: &str) -> Written {
    let (number, name, copy) =
        (format!("{n:04}"), format!("1 $a{name}$f某人著"), format!("  $a{site}$b2026{n:06}$dI247$e{n}"));
    unimarc(&[
        ("001", &number),
        ("101", "0 $achi"),
        ("200", &name),
        ("801", " 0$aCN$bCYLIB$c20260927"),
        ("905", &copy),
    ])
}

/// Five records: good, good, without a title, good with a copy at a place that nobody knows, good.
fn five() -> Vec<Written> {
    let untitled = unimarc(&[("001", "0666"), ("300", "  $a没有题名")]);
    vec![
        book(1, "一书", "C01"),
        book(2, "二书", "L01"),
        untitled,
        book(4, "四书", "NOWHERE"),
        book(5, "五书", "C01"),
    ]
}

/// A file of them.
pub(crate) fn five_records() -> Vec<u8> {
    iso(&five())
}

fn iso(records: &[Written]) -> Vec<u8> {
    records.iter().flat_map(Written::gb18030).collect()
}

fn id(text: &str) -> TitleId {
    TitleId::parse(text).unwrap()
}

/// The figures and their end.
fn figures(shown: &Value) -> Value {
    let names = ["status", "read", "loaded", "rejected", "warnings", "copies", "duplicates"];
    names
        .iter()
        .map(|name| ((*name).to_owned(), shown[*name].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn all_five() -> Value {
    json!({
        "status": "done", "read": 5, "loaded": 4, "rejected": 1, "warnings": 1, "copies": 3, "duplicates": 0
    })
}

#[tokio::test]
async fn a_librarian_brings_a_file_and_its_books_can_be_ordered() {
    for file in [iso(&five()), collection(&five())] {
        let ground = Ground::new().await;
        let life = Life::new(&ground);

        let import = begin(&ground, &file, json!({})).await;
        assert_eq!(import["status"], "waiting");
        life.settle().await;

        let shown = show(&ground, &import).await;
        assert_eq!(figures(&shown), all_five());
        assert!(shown.get("upload").is_none());
        let title = title::get(&ground.table, &id("CYLIB_0002")).await.unwrap().unwrap();
        assert_eq!(title.title, "二书");
        let [copy] = &copy::of_title(&ground.table, &title.id).await.unwrap()[..] else { panic!("one copy") };
        assert_eq!((copy.barcode.as_str(), copy.site.as_str()), ("2026000002", "L01"));
        let counted = availability::get_many(&ground.table, std::slice::from_ref(&title.id)).await.unwrap();
        assert_eq!(counted[&title.id].available, 1, "the relay counted");
        let list = rejects(&ground, &import).await;
        assert_eq!(list[0], "file,position,id,outcome,reason");
        assert!(list[1].starts_with("秋季新书.mrc,record 3 at byte "), "{}", list[1]);
        assert!(list[1].contains(",0666,rejected,"), "{}", list[1]);
        assert!(list[2].contains("CYLIB_0004,warning,\"copy \"\"2026000004\"\" left out"), "{}", list[2]);
        assert_eq!(list.len(), 3);
    }
}

#[tokio::test]
async fn what_is_brought_is_told_to_the_index_and_a_second_time_only_what_changed() {
    let ground = Ground::new().await;
    begin(&ground, &iso(&five()), json!({})).await;
    let sent = settle_by_hand(&ground, 1).await;
    let mut told: Vec<&str> = sent
        .iter()
        .filter_map(|(queue, body)| (queue == "index").then_some(body["title_id"].as_str()?))
        .collect();
    told.sort_unstable();
    told.dedup();
    assert_eq!(told, ["CYLIB_0001", "CYLIB_0002", "CYLIB_0004", "CYLIB_0005"]);
    let parts = sent.iter().filter(|(queue, _)| queue == "imports").count();
    assert_eq!(parts, 3, "two records, two, one");

    ground.pass(jiff::SignedDuration::from_mins(1));
    let mut again = five();
    again[0] = book(1, "一书 增订版", "C01");
    let body = json!({"file_name": "again.mrc"});
    let import = ask(&ground, "desk-c01", "POST", "/staff/imports", "import-key-2", &body).await.body;
    upload(&import, &iso(&again)).await;
    assert_eq!(start(&ground, &import).await.status, 200);
    let sent = settle_by_hand(&ground, 1).await;

    let told: Vec<_> =
        sent.iter().filter(|(queue, _)| queue == "index").map(|(_, body)| body.clone()).collect();
    assert_eq!(told, [json!({"title_id": "CYLIB_0001"})]);
    let shown = show(&ground, &import).await;
    assert_eq!((&shown["loaded"], &shown["copies"]), (&json!(4), &json!(0)), "the same titles and copies");
}

/// Works off the stream and the imports' messages, each delivered so often; answers all that was sent.
async fn settle_by_hand(ground: &Ground, times: usize) -> Vec<(String, Value)> {
    let mut sent = Vec::new();
    loop {
        let batch = serde_json::from_value(ground.changes()).unwrap();
        relay::handle(&ground.relay(), batch).await.unwrap();
        let now: Vec<(String, Value)> = ground
            .outside
            .take()
            .into_iter()
            .filter_map(|one| match one {
                Sent::Queue { queue, body } => Some((queue, serde_json::from_str(&body).unwrap())),
                _ => None,
            })
            .collect();
        if now.is_empty() {
            return sent;
        }
        for (_, body) in now.iter().filter(|(queue, _)| queue == "imports") {
            for _ in 0..times {
                work_off(ground, body).await;
            }
        }
        sent.extend(now);
    }
}

/// Whether the message is done with.
async fn work_off(ground: &Ground, body: &Value) -> bool {
    let event = yujie_tests::life::sqs_event("imports", &[&body.to_string()]);
    let answer = imports::handle(&ground.imports(), serde_json::from_value(event).unwrap()).await;
    answer.batch_item_failures.is_empty()
}

#[tokio::test]
async fn every_message_may_come_twice() {
    let ground = Ground::new().await;
    let import = begin(&ground, &iso(&five()), json!({})).await;

    settle_by_hand(&ground, 2).await;

    assert_eq!(figures(&show(&ground, &import).await), all_five());
    let late = json!({"import_id": import["import_id"], "version": 2});
    assert!(work_off(&ground, &late).await, "a message that comes when all is done is done with");
    assert_eq!(figures(&show(&ground, &import).await), all_five());
    let unknown = json!({"import_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "version": 2});
    assert!(!work_off(&ground, &unknown).await, "poison");
}

/// All that there is in the end.
async fn brought(prepare: impl FnOnce(&Ground)) -> (Value, Vec<String>, BTreeMap<String, Value>, u32) {
    let ground = Ground::new().await;
    let life = Life::new(&ground);
    let import = begin(&ground, &iso(&five()), json!({})).await;
    let writes = ground.faults.writes();
    prepare(&ground);

    life.settle().await;

    let writes = ground.faults.writes() - writes;
    let shown = show(&ground, &import).await;
    let list = rejects(&ground, &import).await;
    let mut items = ground.items();
    // An item's count of changes tells how often its writer tried, and is no one else's business; times pass while the dead are waited for.
    for item in items.values_mut() {
        let body = item.as_object_mut().unwrap();
        if body["kind"]["S"] == "availability" {
            body.remove("v");
        }
        if body["kind"]["S"] == "import" {
            body["run"]["M"].as_object_mut().unwrap().remove("moved");
        }
    }
    items.retain(|key, _| !key.starts_with("IDEMPOTENCY"));
    (figures(&shown), list, items, writes)
}

#[tokio::test]
async fn a_process_that_dies_at_any_write_leaves_the_same_titles_copies_and_figures() {
    let (expected, list, items, writes) = brought(|_| {}).await;
    assert_eq!(expected, all_five());
    assert!(writes > 9, "{writes}");

    for write in 0..writes {
        for crash in [Crash::Before, Crash::After] {
            let (found, found_list, found_items, _) =
                brought(|ground| ground.faults.crash(write, crash)).await;

            assert_eq!(found, expected, "dead at write {write}, {crash:?}");
            assert_eq!(found_list, list, "dead at write {write}, {crash:?}");
            for (key, item) in &items {
                assert_eq!(found_items.get(key), Some(item), "dead at write {write}, {crash:?}: {key}");
            }
            assert_eq!(found_items.len(), items.len(), "dead at write {write}, {crash:?}");
        }
    }
}

#[tokio::test]
async fn a_picture_is_no_catalogue_and_the_import_says_so() {
    let ground = Ground::new().await;
    let picture = [b"\xFF\xD8\xFF\xE0\x00\x10JFIF\x00\x1e\x1d".as_slice(), &[0x1e; 500]].concat();

    let import = begin(&ground, &picture, json!({})).await;
    Life::new(&ground).settle().await;

    let shown = show(&ground, &import).await;
    assert_eq!((&shown["status"], &shown["failure"]["code"]), (&json!("failed"), &json!("not_a_catalogue")));
    assert!(shown["failure"]["detail"].as_str().unwrap().contains("不是书目数据"));
    assert_eq!(shown["loaded"], 0);
}

#[tokio::test]
async fn a_file_that_breaks_off_is_not_said_to_be_done() {
    let ground = Ground::new().await;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    std::io::Write::write_all(&mut packed, &iso(&five()).repeat(400)).unwrap();
    let whole = packed.finish().unwrap();

    let import = begin(&ground, &whole[..whole.len() / 2], json!({})).await;
    Life::new(&ground).settle().await;

    let shown = show(&ground, &import).await;
    assert_eq!(
        (&shown["status"], &shown["failure"]["code"]),
        (&json!("failed"), &json!("broken_off")),
        "{shown}"
    );
    assert!(shown["failure"]["detail"].as_str().unwrap().contains("不完整"));
    assert!(shown["loaded"].as_u64().unwrap() > 0, "what came before the break is there: {shown}");
}

#[tokio::test]
async fn a_strict_import_stops_at_the_first_bad_record() {
    let ground = Ground::new().await;

    let import = begin(&ground, &iso(&five()), json!({"strict": true})).await;
    Life::new(&ground).settle().await;

    let shown = show(&ground, &import).await;
    assert_eq!((&shown["status"], &shown["failure"]["code"]), (&json!("failed"), &json!("bad_record")));
    assert!(shown["failure"]["cause"].as_str().unwrap().starts_with("record 3 at byte "));
    assert_eq!((&shown["read"], &shown["loaded"], &shown["rejected"]), (&json!(3), &json!(2), &json!(1)));
    assert_eq!(rejects(&ground, &import).await.len(), 2);
}

#[tokio::test]
async fn other_libraries_codes_are_explained_and_a_wrong_explanation_is_refused() {
    let ground = Ground::new().await;
    let wrong = json!({"file_name": "x.mrc", "options": {"sites": {"NOWHERE": "C99"}}});
    let refused = ask(&ground, "desk-c01", "POST", "/staff/imports", "import-key-1", &wrong).await;
    assert_eq!((refused.status, &refused.body["code"]), (422, &json!("invalid_field")), "{}", refused.body);

    let import = begin(&ground, &iso(&five()), json!({"sites": {"NOWHERE": "L01"}})).await;
    Life::new(&ground).settle().await;

    let shown = show(&ground, &import).await;
    assert_eq!((&shown["copies"], &shown["warnings"]), (&json!(4), &json!(0)));
}

#[tokio::test]
async fn a_file_is_there_and_the_same_until_the_end() {
    let ground = Ground::new().await;
    let import = propose(&ground, json!({})).await;
    let early = start(&ground, &import).await;
    assert_eq!((early.status, &early.body["code"]), (409, &json!("file_missing")));

    upload(&import, &iso(&five())).await;
    assert_eq!(start(&ground, &import).await.body["status"], "running");
    upload(&import, &iso(&five()[..1])).await;
    Life::new(&ground).settle().await;

    let shown = show(&ground, &import).await;
    assert_eq!((&shown["status"], &shown["failure"]["code"]), (&json!("failed"), &json!("file_changed")));
}

#[tokio::test]
async fn an_import_begins_once_and_is_asked_for_again_only_when_it_stands_still() {
    let ground = Ground::new().await;
    let import = begin(&ground, &iso(&five()), json!({})).await;
    let first = ground.changes();
    assert_eq!(start(&ground, &import).await.status, 200);
    assert_eq!(ground.changes()["Records"], json!([]), "begun already");

    // Its message is lost.
    assert_ne!(first["Records"], json!([]));
    ground.pass(jiff::SignedDuration::from_mins(10));
    assert_eq!(start(&ground, &import).await.body["status"], "running");
    Life::new(&ground).settle().await;

    assert_eq!(figures(&show(&ground, &import).await), all_five());
}

#[tokio::test]
async fn the_same_request_is_one_import_and_only_those_who_catalogue_make_it() {
    let ground = Ground::new().await;
    let first = propose(&ground, json!({})).await;
    assert_eq!(propose(&ground, json!({})).await, first, "byte for byte");

    let list = ask(&ground, "admin-c01", "GET", "/staff/imports", "", &Value::Null).await;
    let items = list.body["items"].as_array().unwrap();
    assert_eq!((list.status, items.len(), &items[0]["import_id"]), (200, 1, &first["import_id"]));
    for (method, path) in [
        ("POST", "/staff/imports".to_owned()),
        ("GET", "/staff/imports".to_owned()),
        ("GET", path_of(&first)),
        ("POST", format!("{}/start", path_of(&first))),
    ] {
        let body = json!({"file_name": "x.mrc"});
        let refused = ask(&ground, "picker-c01", method, &path, "import-key-9", &body).await;
        assert_eq!((refused.status, &refused.body["code"]), (403, &json!("forbidden")), "{method} {path}");
    }
}
