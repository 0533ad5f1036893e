//! The shelves of the catalogue, as readers see them: what five readers make known, what four keep to themselves, and a night that dies.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shelves::Job;
use yujie_domain::copy::{Copy, Received};
use yujie_domain::parcel::{Destination, LineStatus};
use yujie_domain::title::Title;
use yujie_domain::{AddressId, CardNo, ReaderId};
use yujie_runtime::auth::Subject;
use yujie_table::bulk::{self, Loaded};
use yujie_tests::ground::{request, send};
use yujie_tests::library::{self, Person};
use yujie_tests::{Answer, Crash, Ground, Sent, scene};

/// Copies of each title that these stories are about.
const COPIES: u32 = 9;

/// A library with readers, and with copies enough of two titles, A (`ta`) and B (`tb`).
async fn library_of(readers: u32) -> Ground {
    let ground = Ground::with_readers(readers).await;
    for (id, name) in [("ta", "甲书"), ("tb", "乙书")] {
        let copies = (1..=COPIES).map(|n| library::copy(&code(id, n), id, "C01", "Z1/1")).collect();
        ground.add_title(library::title(id, name, "编者"), copies).await;
    }
    ground
}

fn code(title: &str, n: u32) -> String {
    format!("{}{n:05}", title.to_ascii_uppercase())
}

/// `person` borrows copy `n` of each of these, and gets them this morning.
async fn borrows(ground: &Ground, person: &Person, n: u32, titles: &[&str]) {
    let number = format!("261120READ{n:04}{:02}", titles.len());
    let codes: Vec<String> = titles.iter().map(|title| code(title, n)).collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    scene::place(ground, person, &number, &codes, Destination::Home).await;
    scene::advance(ground, person, &number, LineStatus::Delivered, false).await;
}

async fn night(ground: &Ground) {
    shelves::handle(&ground.shelves(), Job::Fill).await.unwrap();
}

fn of_kind(ground: &Ground, kind: &str) -> BTreeMap<String, Value> {
    ground.items().into_iter().filter(|(_, item)| item["kind"]["S"] == kind).collect()
}

async fn recommended(ground: &Ground, subject: &Subject) -> Value {
    let token = ground.token(subject);
    let answer = send(ground.ordering(), request("GET", "/me/recommendations", &token, &Value::Null)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

async fn switch(ground: &Ground, subject: &Subject, takes_part: bool) {
    let (token, body) = (ground.token(subject), json!({"takes_part": takes_part}));
    let answer = send(ground.ordering(), request("PUT", "/me/recommendations", &token, &body)).await;
    assert_eq!((answer.status, &answer.body), (200, &body));
}

async fn shown(ground: &Ground, path: &str) -> Answer {
    send(ground.search(), request("GET", path, "", &Value::Null)).await
}

#[tokio::test]
async fn five_readers_of_two_books_recommend_the_one_to_a_reader_of_the_other() {
    let ground = library_of(6).await;
    for n in 1..=5 {
        borrows(&ground, &library::reader(n), n, &["ta", "tb"]).await;
    }
    borrows(&ground, &library::reader(6), 6, &["ta"]).await;

    night(&ground).await;

    assert_eq!(
        recommended(&ground, &library::reader(6).subject()).await,
        json!({
            "items": [{
                "because": {"title_id": "ta", "title": "甲书", "text": "因为您借过《甲书》"},
                "titles": [{"id": "tb", "title": "乙书", "authors": ["编者"], "readers": 5, "copies_available": 9}],
            }],
            "takes_part": true,
        })
    );
    let has_both = recommended(&ground, &library::reader(1).subject()).await;
    assert_eq!(has_both["items"], json!([]), "nobody is recommended what they have borrowed");
    let items = ground.items();
    for (id, total) in [("ta", "6"), ("tb", "5")] {
        let lending = &items[&format!("TITLE#{id} / LENDING")];
        assert_eq!(
            (lending["total"]["N"].as_str(), lending["month"]["N"].as_str()),
            (Some(total), Some(total))
        );
    }
    for (key, item) in of_kind(&ground, "borrowed_with") {
        assert!(!item.to_string().contains("01JD9Z"), "{key} names a reader");
    }
}

#[tokio::test]
async fn what_four_readers_have_in_common_is_known_to_nobody() {
    let ground = library_of(5).await;
    for n in 1..=4 {
        borrows(&ground, &library::reader(n), n, &["ta", "tb"]).await;
    }
    borrows(&ground, &library::reader(5), 5, &["ta"]).await;

    night(&ground).await;

    assert_eq!(of_kind(&ground, "borrowed_with"), BTreeMap::new());
    assert_eq!(recommended(&ground, &library::reader(5).subject()).await["items"], json!([]));
    assert_eq!(of_kind(&ground, "lending").len(), 2, "how often a book is borrowed says nothing of who");
}

#[tokio::test]
async fn a_reader_who_steps_back_takes_the_pair_along_and_may_bring_it_back() {
    let ground = library_of(6).await;
    for n in 1..=5 {
        borrows(&ground, &library::reader(n), n, &["ta", "tb"]).await;
    }
    borrows(&ground, &library::reader(6), 6, &["ta"]).await;
    let (fifth, sixth) = (library::reader(5).subject(), library::reader(6).subject());
    night(&ground).await;
    assert_eq!(of_kind(&ground, "borrowed_with").len(), 2);

    switch(&ground, &fifth, false).await;
    night(&ground).await;

    assert_eq!(of_kind(&ground, "borrowed_with"), BTreeMap::new(), "taken away, not left behind");
    assert_eq!(recommended(&ground, &fifth).await, json!({"items": [], "takes_part": false}));
    assert_eq!(recommended(&ground, &sixth).await["items"], json!([]));
    assert_eq!(of_kind(&ground, "lending").len(), 2);

    switch(&ground, &fifth, true).await;
    night(&ground).await;

    assert_eq!(recommended(&ground, &sixth).await["items"][0]["titles"][0]["readers"], 5);
    ground.assert_sound(1..=6).await;
}

#[tokio::test]
async fn a_reader_who_is_switched_off_is_recommended_nothing_that_others_are() {
    let ground = library_of(6).await;
    for n in 1..=5 {
        borrows(&ground, &library::reader(n), n, &["ta", "tb"]).await;
    }
    borrows(&ground, &library::reader(6), 6, &["ta"]).await;
    night(&ground).await;
    let sixth = library::reader(6).subject();

    switch(&ground, &sixth, false).await;

    assert_eq!(recommended(&ground, &sixth).await, json!({"items": [], "takes_part": false}));
    switch(&ground, &sixth, true).await;
    assert_eq!(recommended(&ground, &sixth).await["items"][0]["titles"][0]["id"], "tb");
}

/// Gets a card over HTTP with a document of this number, and answers who it is.
async fn card(ground: &Ground, document: &str) -> Person {
    let registration = ground.registration();
    let born: String = document.chars().skip(6).take(8).collect();
    let phone = format!("139{born}");
    let asking = request("POST", "/phone-codes", "", &json!({"phone": phone}));
    assert_eq!(send(registration.clone(), asking).await.status, 202);
    let Some(Sent::Sms { text, .. }) = ground.outside.take().pop() else { panic!("no SMS") };
    let code: String = text.chars().skip_while(|c| !c.is_ascii_digit()).take(6).collect();
    let application = json!({
        "name": "王小明", "phone": phone, "code": code, "password": "correct horse",
        "document": {"kind": "resident_id", "number": document}, "consent": true,
    });
    let mut asking = request("POST", "/cards", "", &application);
    asking.headers_mut().insert("idempotency-key", "a-card-for-wang".parse().unwrap());
    let answer = send(registration, asking).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let card_no = CardNo::parse(answer.body["card_no"].as_str().unwrap()).unwrap();
    let item = &ground.items()[&format!("CARD#{card_no} / CARD")];
    Person {
        rid: ReaderId::parse(item["rid"]["S"].as_str().unwrap()).unwrap(),
        card_no,
        name: "王小明",
        phone: yujie_domain::Mobile::parse(&phone).unwrap(),
        address: AddressId::parse("NONE").unwrap(),
    }
}

#[tokio::test]
async fn a_reader_below_eighteen_is_left_out_until_switched_on() {
    let ground = library_of(5).await;
    let minor = card(&ground, "110105200811241035").await; // eighteen tomorrow
    for n in 1..=4 {
        borrows(&ground, &library::reader(n), n, &["ta", "tb"]).await;
    }
    borrows(&ground, &minor, 5, &["ta", "tb"]).await;
    borrows(&ground, &library::reader(5), 6, &["ta"]).await;

    night(&ground).await;

    assert_eq!(of_kind(&ground, "borrowed_with"), BTreeMap::new());
    assert_eq!(recommended(&ground, &minor.subject()).await, json!({"items": [], "takes_part": false}));

    switch(&ground, &minor.subject(), true).await;
    night(&ground).await;

    assert_eq!(recommended(&ground, &minor.subject()).await["takes_part"], true);
    let fifth = recommended(&ground, &library::reader(5).subject()).await;
    assert_eq!(fifth["items"][0]["titles"][0]["readers"], 5);
}

#[tokio::test]
async fn a_reader_of_eighteen_takes_part_from_the_first_day() {
    let ground = Ground::new().await;
    let grown = card(&ground, "110105200811231021").await; // eighteen today

    assert_eq!(recommended(&ground, &grown.subject()).await, json!({"items": [], "takes_part": true}));
}

#[tokio::test]
async fn a_token_without_an_account_switches_nothing() {
    let ground = Ground::new().await;
    let token = ground.token(&library::reader(9).subject());
    let before = ground.items();

    let asking = request("PUT", "/me/recommendations", &token, &json!({"takes_part": false}));
    let answer = send(ground.ordering(), asking).await;

    assert_eq!((answer.status, &answer.body["code"]), (401, &json!("unauthenticated")));
    assert_eq!(ground.items(), before);
}

#[tokio::test]
async fn a_second_round_of_the_same_night_writes_nothing() {
    let ground = library_of(6).await;
    for n in 1..=6 {
        borrows(&ground, &library::reader(n), n, &["ta", "tb"]).await;
    }
    let used = ground.table.consumed();
    night(&ground).await;
    let first = ground.table.consumed();
    let after = ground.items();

    night(&ground).await;

    let second = ground.table.consumed();
    let units = |now: yujie_table::Consumed, was: yujie_table::Consumed| {
        (now.write_tenths - was.write_tenths, now.read_tenths - was.read_tenths)
    };
    // Two loans' counts, one shelf (nothing is new), two titles beside each other, the month's promises: 1 each. Before each a read of 1; the
    // other shelf's read; the months known before; and the four parts of the table.
    println!("first: {:?}, second: {:?}", units(first, used), units(second, first));
    assert_eq!(units(first, used).0, 60);
    assert_eq!(units(second, first).0, 0);
    assert_eq!(ground.items(), after);
}

async fn dies_at_each_write(crash: Crash) {
    let mut ground = library_of(6).await;
    for n in 1..=6 {
        borrows(&ground, &library::reader(n), n, &["ta", "tb"]).await;
    }
    let before = ground.items();
    let writes = ground.faults.writes();
    night(&ground).await;
    let (expected, writes) = (ground.items(), ground.faults.writes() - writes);
    assert_eq!(writes, 6);
    for n in 0..writes {
        ground.restore(&before);
        ground.faults.crash(n, crash);

        let died = shelves::handle(&ground.shelves(), Job::Fill).await;
        assert!(died.is_err() && ground.faults.revive());
        night(&ground).await;

        assert_eq!(ground.items(), expected, "died {crash:?} write {n}");
    }
}

#[tokio::test]
async fn a_round_may_die_before_any_write() {
    dies_at_each_write(Crash::Before).await;
}

#[tokio::test]
async fn a_round_may_die_after_any_write() {
    dies_at_each_write(Crash::After).await;
}

#[tokio::test]
async fn a_month_later_nothing_is_popular_and_the_total_stays() {
    let ground = library_of(2).await;
    borrows(&ground, &library::reader(1), 1, &["ta"]).await;
    night(&ground).await;
    assert_eq!(of_kind(&ground, "shelf").len(), 1);

    ground.pass(SignedDuration::from_hours(24 * 31));
    night(&ground).await;

    let items = ground.items();
    assert_eq!(items["SHELVES / SHELF#popular"]["titles"]["L"], json!([]));
    let lending = &items["TITLE#ta / LENDING"];
    assert_eq!((lending["total"]["N"].as_str(), lending["month"]["N"].as_str()), (Some("1"), Some("0")));
}

#[tokio::test]
async fn an_item_that_cannot_be_read_spoils_no_shelf() {
    let ground = library_of(6).await;
    for n in 1..=5 {
        borrows(&ground, &library::reader(n), n, &["ta", "tb"]).await;
    }
    for (pk, kind) in [("COPY#BROKEN", "copy"), ("READER#nobody", "parcel")] {
        let mut put = ground.table.client().put_item().table_name(library::TABLE);
        for (name, value) in [("pk", pk), ("sk", kind), ("kind", kind), ("st", "delivered")] {
            let value = aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
            put = put.item(name, value);
        }
        put.send().await.unwrap();
    }

    night(&ground).await;

    assert_eq!(of_kind(&ground, "borrowed_with").len(), 2);
}

/// A title whose record is long, so that the walk has many pages.
fn long(n: u32, received: Timestamp) -> (Title, Copy) {
    let id = format!("n{n:05}");
    let copy = library::copy(&format!("N{n:05}"), &id, "C01", "Z1/1");
    let received = Received { at: received, ..copy.received.clone() };
    let title = Title { summary: Some("长".repeat(4000)), ..library::title(&id, "长书", "编者") };
    (title, Copy { received, ..copy })
}

#[tokio::test]
async fn the_walk_turns_every_page_and_the_newest_stand_first() {
    let ground = library_of(1).await;
    let now = ground.now();
    for first in (0..500).step_by(10) {
        let mut batch = Vec::new();
        for n in first..first + 10 {
            let (title, copy) = long(n, now - SignedDuration::from_hours(i64::from(n)));
            batch.extend([Loaded::Title(title), Loaded::Copy(copy)]);
        }
        bulk::put(&ground.table, batch).await.unwrap();
    }
    let used = ground.table.consumed().read_tenths;

    night(&ground).await;

    let read = (ground.table.consumed().read_tenths - used) / 10;
    assert!(read > 4 * 128, "{read} units: more than one page of a megabyte for each part");
    let items = ground.items();
    let titles = items["SHELVES / SHELF#new"]["titles"]["L"].as_array().unwrap().clone();
    let ids: Vec<&str> = titles.iter().map(|one| one["M"]["id"]["S"].as_str().unwrap()).collect();
    let expected: Vec<String> = (0..60).map(|n| format!("n{n:05}")).collect();
    assert_eq!(ids, expected);
    assert_eq!(titles[0]["M"]["n"]["N"], "20261123");

    let shown = shown(&ground, "/shelves?limit=3").await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    let shelves = shown.body["shelves"].as_array().unwrap();
    assert_eq!(shelves.len(), 1, "an empty shelf is not shown");
    assert_eq!((&shelves[0]["name"], &shelves[0]["title"]), (&json!("new"), &json!("新书上架")));
    let ids: Vec<&str> =
        shelves[0]["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["n00000", "n00001", "n00002"]);
}
