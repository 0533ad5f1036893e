//! The catalogue as readers use it: what is free now, what was meant, what else there is, and an index that is replaced under their hands.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use jiff::SignedDuration;
use serde_json::{Value, json};
use yujie_domain::title::Title;
use yujie_domain::{Isbn, TitleId};
use yujie_table::unmet;
use yujie_tests::ground::{request, send};
use yujie_tests::life::{barcodes, sqs_event};
use yujie_tests::{Ground, Life, library};

/// Puts everything that the table has into the index.
async fn index_all(ground: &Ground, titles: impl IntoIterator<Item = TitleId>) {
    let messages: Vec<String> = titles.into_iter().map(|id| json!({"title_id": id}).to_string()).collect();
    let bodies: Vec<&str> = messages.iter().map(String::as_str).collect();
    let batch = serde_json::from_value(sqs_event("index", &bodies)).unwrap();
    assert!(indexer::handle(&ground.indexer(), batch).await.batch_item_failures.is_empty());
}

async fn ready() -> Ground {
    let ground = Ground::new().await;
    index_all(&ground, library::titles().into_iter().map(|(title, _)| title.id)).await;
    ground
}

async fn ask(search: &Router, path: &str) -> Value {
    let answer = send(search.clone(), request("GET", path, "", &Value::Null)).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

fn ids(found: &Value) -> Vec<&str> {
    found["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

/// What stands in a query, percent-encoded.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02X}").unwrap();
        encoded
    })
}

#[tokio::test]
async fn a_book_that_is_ordered_is_no_longer_offered_as_free_and_one_that_comes_back_is() {
    let ground = ready().await;
    let life = Life::new(&ground).indexing();
    let reader = library::reader(1);
    let free = "/titles?available=true";
    let at_branch = "/titles?site=L01";
    assert_eq!(ids(&ask(&ground.search(), free).await).len(), 3);
    assert_eq!(ids(&ask(&ground.search(), at_branch).await), ["b000004", "b000005"]);

    // The only copy of 红楼梦.
    let (_, parcels) = life.to_the_door(&reader, &["b000006"]).await;

    let found = ask(&ground.search(), free).await;
    assert_eq!(ids(&found), ["b000004", "b000005"]);
    assert_eq!(found["facets"]["available"], 2);
    assert_eq!(ids(&ask(&ground.search(), "/titles").await).len(), 3, "it is still in the catalogue");

    let back = json!({"action": "check_in", "barcode": barcodes(&parcels[0])[0]});
    assert_eq!(life.scan("desk-l01", back).await.status, 200);
    life.settle().await;

    assert_eq!(
        ids(&ask(&ground.search(), at_branch).await),
        ["b000004", "b000006", "b000005"],
        "and it is free where it was handed in"
    );
}

#[tokio::test]
async fn what_is_typed_is_completed_and_what_was_meant_is_named() {
    let ground = ready().await;
    let search = ground.search();

    for typed in ["解", "解忧", "jieyou", "jyzhd"] {
        let suggested = ask(&search, &format!("/titles/suggest?q={}", encoded(typed))).await;
        assert_eq!(suggested["items"][0], json!({"kind": "title", "text": "解忧杂货店"}), "{typed}");
    }
    let author = ask(&search, "/titles/suggest?q=dongye").await;
    assert_eq!(author["items"], json!([{"kind": "author", "text": "东野圭吾"}]));
    assert_eq!(ask(&search, "/titles/suggest").await["items"], json!([]));

    let meant = ask(&search, &format!("/titles?q={}", encoded("解优杂货店"))).await;
    assert_eq!((&meant["matched"], &meant["did_you_mean"]), (&json!("meant"), &json!("解忧杂货店")));
    assert_eq!(ids(&meant), ["b000004"]);
    let plain = ask(&search, &format!("/titles?q={}", encoded("解忧杂货店"))).await;
    assert_eq!((&plain["matched"], plain.get("did_you_mean")), (&json!("as_typed"), None));
}

#[tokio::test]
async fn who_finds_nothing_is_offered_something_and_the_library_learns_of_it() {
    let ground = ready().await;
    let search = ground.search();

    let filtered = ask(&search, &format!("/titles?q={}&class=T", encoded("红楼梦"))).await;
    assert_eq!(filtered["matched"], "nothing");
    assert_eq!(filtered["offers"], json!([{"kind": "without_filters", "q": "红楼梦", "total": 1}]));
    let words = ask(&search, &format!("/titles?q={}", encoded("红楼梦 没有的副题"))).await;
    assert_eq!(words["offers"], json!([{"kind": "fewer_words", "q": "红楼梦", "total": 1}]));
    for typed in ["没有这本书", "沒有這本書", "《没有这本书》"] {
        assert_eq!(ask(&search, &format!("/titles?q={}", encoded(typed))).await["total"], 0);
    }
    ask(&search, &format!("/titles?q={}", encoded("解优杂货店"))).await;
    ask(&search, "/titles?q=13800000001").await;
    ask(&search, "/titles?q=9787020000012").await;

    let month = yujie_domain::month::Month::of(ground.now());
    let listed: Vec<(String, String, u32)> = unmet::of_month(&ground.table, &month)
        .await
        .unwrap()
        .into_iter()
        .map(|unmet| (unmet.typed, unmet.offered, unmet.asked))
        .collect();
    let row = |typed: &str, offered: &str, asked| (typed.to_owned(), offered.to_owned(), asked);
    assert_eq!(
        listed,
        [
            row("《没有这本书》", "", 3),
            row("9787020000012", "", 1),
            row("红楼梦 没有的副题", "红楼梦", 1),
            row("解优杂货店", "解忧杂货店", 1),
        ],
        "every way of typing is one row; what may be somebody's phone is none"
    );
}

#[tokio::test]
async fn a_title_shows_its_editions_and_when_it_can_come() {
    let ground = ready().await;
    let edition = Title {
        edition: Some("精装".to_owned()),
        year: Some(2020),
        ..library::title("b000104", "解忧杂货店（精装版）", "东野圭吾")
    };
    ground.add_title(edition, vec![library::copy("L0010401", "b000104", "L01", "I313.45/12")]).await;
    let other_record = Title {
        isbn: Isbn::parse("9787544270878").ok(),
        ..library::title("x1", "Jie you za huo dian", "Dongye Guiwu")
    };
    ground.add_title(other_record, Vec::new()).await;
    index_all(&ground, ["b000104", "x1"].map(library::title_id)).await;
    let search = ground.search();

    let found = ask(&search, &format!("/titles?q={}", encoded("解忧杂货店"))).await;
    assert_eq!(ids(&found), ["b000004"]);
    assert_eq!((&found["items"][0]["editions"], &found["total"]), (&json!(2), &json!(2)));
    let shown = ask(&search, "/titles/b000004").await;
    let editions: Vec<(&str, u64)> = shown["editions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edition| (edition["id"].as_str().unwrap(), edition["copies_available"].as_u64().unwrap()))
        .collect();
    assert_eq!(editions, [("b000104", 1), ("b000004", 4), ("x1", 0)]);
    assert_eq!(shown["arrival"]["when"], "now");
    assert_eq!(ask(&search, "/titles/x1").await["arrival"], json!({"when": "no_copies"}));

    let reader = library::reader(1);
    let life = Life::new(&ground);
    life.to_the_door(&reader, &["b000006"]).await;
    let arrival = ask(&search, "/titles/b000006").await["arrival"].clone();
    let loans = life.get(&reader, "/loans").await;
    let due: jiff::civil::Date = loans["items"][0]["due"].as_str().unwrap().parse().unwrap();
    let about = due.checked_add(jiff::Span::new().days(3)).unwrap();
    assert_eq!(
        arrival,
        json!({"when": "later", "about": about.to_string()}),
        "due, a day to send it on, two on the way"
    );
}

#[tokio::test]
async fn wrong_filters_are_told_and_narrow_nothing() {
    let ground = ready().await;
    let search = ground.search();
    for (query, status) in [
        ("site=%20%2F", 422),
        ("language=chinese", 422),
        ("sort=best", 400),
        ("year_from=soon", 400),
        ("available=perhaps", 400),
        ("limit=0", 400),
        ("cursor=%2F", 400),
    ] {
        let path = format!("/titles?{query}");
        let answer = send(search.clone(), request("GET", &path, "", &Value::Null)).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.body);
    }
    for query in ["class=%27%22%5C", "publisher=%00", "q=%F0%9F%93%9A", "year_from=65535"] {
        assert_eq!(ask(&search, &format!("/titles?{query}")).await["total"], 0, "{query}");
    }
}

/// Fifty readers search without a pause while titles change, come and go, and the index is published again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_readers_search_while_the_index_is_replaced() {
    const READERS: usize = 50;
    const PUBLICATIONS: usize = 12;
    let ground = ready().await;
    let search = ground.search();
    let published = AtomicUsize::new(0);
    let asked = AtomicUsize::new(0);

    let read = async |n: usize| {
        let typed = ["红楼梦", "解忧", "jyzhd", "红楼蒙", "张天翼"][n % 5];
        let path = format!("/titles?q={}", encoded(typed));
        while published.load(Ordering::Relaxed) < PUBLICATIONS {
            let found = ask(&search, &path).await;
            assert!(found["total"].as_u64().unwrap() >= 1, "{typed}: an empty page: {found}");
            assert_eq!(
                ids(&found).len(),
                ids(&found).iter().collect::<std::collections::BTreeSet<_>>().len()
            );
            asked.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    };
    let publish = async {
        for n in 0..PUBLICATIONS {
            let id = format!("n{n:05}");
            ground.add_title(library::title(&id, &format!("新书之{n}"), "某某"), Vec::new()).await;
            let gone = format!("n{:05}", n.wrapping_sub(1));
            index_all(&ground, ["b000004", "b000006", &id, &gone].map(library::title_id)).await;
            ground.pass(SignedDuration::from_secs(3));
            published.fetch_add(1, Ordering::Relaxed);
        }
    };
    futures_util::future::join(publish, futures_util::future::join_all((0..READERS).map(read))).await;

    println!("{} searches while {PUBLICATIONS} indexes were published", asked.load(Ordering::Relaxed));
    assert!(asked.load(Ordering::Relaxed) >= READERS, "every reader found something");
    let newest = format!("/titles?q={}", encoded(&format!("新书之{}", PUBLICATIONS - 1)));
    for _ in 0..50 {
        ground.pass(SignedDuration::from_secs(3));
        if ask(&search, &newest).await["total"] == 1 {
            return;
        }
    }
    panic!("the last state never came");
}
