//! The way of a title: from a file into the table and the index, to readers, and again when it changes.

#![cfg(test)]

mod ground;

use std::sync::Arc;

use aws_lambda_events::event::sqs::SqsEvent;
use axum::body::to_bytes;
use ground::{Ground, SITES, TITLES, event};
use jiff::SignedDuration;
use lambda_http::request::LambdaRequest;
use tower::ServiceExt;
use yujie_catalogue::index::{Hits, Search, Searcher};
use yujie_domain::copy::CopyStatus;
use yujie_domain::staff::Role;
use yujie_domain::{Barcode, StaffLogin, TitleId};
use yujie_import::{ImportError, Report, Wanted};
use yujie_runtime::password;
use yujie_table::bulk::{self, Loaded};
use yujie_table::{availability, copy, rules, site, staff, title};

fn id(text: &str) -> TitleId {
    TitleId::parse(text).unwrap()
}

/// Replays an event of `search` and answers status and body.
async fn ask(app: search::App, case: &str) -> (u16, serde_json::Value) {
    let request: LambdaRequest = serde_json::from_str(&event("search", case)).unwrap();
    let routes = yujie_runtime::serve::around("search", search::routes(app));
    let response = routes.oneshot(lambda_http::Request::from(request)).await.unwrap();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 1_000_000).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn replay_indexer(app: &indexer::App, case: &str) -> Vec<String> {
    let batch: SqsEvent = serde_json::from_str(&event("indexer", case)).unwrap();
    let failed = indexer::handle(app, batch).await.batch_item_failures;
    failed.into_iter().map(|failure| failure.item_identifier).collect()
}

fn titles_of(answer: &serde_json::Value) -> Vec<&str> {
    answer["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap()).collect()
}

fn find(index: &Searcher, typed: &str) -> Hits {
    index.search(&Search { typed: typed.to_owned(), ..Search::default() }).unwrap()
}

/// The index after a change. A request waits only a moment for a newer one, so on a busy machine the change may come with a later request.
async fn newer(search: &search::App, than: &Arc<Searcher>) -> Arc<Searcher> {
    for _ in 0..50 {
        let index = search.index.current().await.unwrap().unwrap();
        if !Arc::ptr_eq(&index, than) {
            return index;
        }
    }
    panic!("no newer index came");
}

#[tokio::test]
async fn a_loaded_title_is_found_with_its_free_copies() {
    let library = Ground::with_titles(TITLES).await;

    for case in ["titles-by-words", "titles-in-traditional-characters", "titles-by-isbn"] {
        let (status, answer) = ask(library.search(), case).await;
        assert_eq!((status, &answer["total"]), (200, &1.into()), "{case}");
        let found = &answer["items"][0];
        assert_eq!(found["id"], "b000004");
        assert_eq!(found["title"], "解忧杂货店");
        assert_eq!(found["class"], "I313.45");
        assert!(found["copies_total"].as_u64().unwrap() >= 1);
        assert_eq!(found["copies_total"], found["copies_available"]);
        assert_eq!(answer["facets"]["class"][0]["value"], "I");
        assert!(answer.get("next_cursor").is_none());
    }
}

#[tokio::test]
async fn pages_are_turned_with_the_cursor_of_the_page_before() {
    let library = Ground::with_titles(TITLES).await;

    let (_, first) = ask(library.search(), "titles-browse-first-page").await;
    assert_eq!((titles_of(&first), &first["total"]), (vec!["解忧杂货店", "白夜行"], &3.into()));

    let uri = format!("/titles?limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
    let request = http::Request::get(uri).body(axum::body::Body::empty()).unwrap();
    let response = search::routes(library.search()).oneshot(request).await.unwrap();
    let second: serde_json::Value =
        serde_json::from_slice(&to_bytes(response.into_body(), 1_000_000).await.unwrap()).unwrap();
    assert_eq!(titles_of(&second), ["红楼梦"]);
    assert!(second.get("next_cursor").is_none());
}

#[tokio::test]
async fn wrong_questions_get_the_right_problem() {
    let library = Ground::with_titles(TITLES).await;
    for (case, status, code) in [
        ("titles-wrong-cursor", 400, "malformed_request"),
        ("titles-wrong-limit", 400, "malformed_request"),
        ("title-unknown", 404, "not_found"),
    ] {
        let (got, problem) = ask(library.search(), case).await;
        assert_eq!((got, &problem["code"]), (status, &code.into()), "{case}: {problem}");
    }
    let (status, nothing) = ask(library.search(), "titles-nothing-found").await;
    assert_eq!((status, &nothing["total"]), (200, &0.into()));
}

#[tokio::test]
async fn an_empty_library_answers_too() {
    let library = Ground::new().await;

    let (status, answer) = ask(library.search(), "titles-by-words").await;

    assert_eq!((status, &answer["total"]), (200, &0.into()));
}

#[tokio::test]
async fn a_title_shows_what_happens_to_each_copy() {
    let library = Ground::with_titles(TITLES).await;
    let copies = copy::of_title(&library.table, &id("b000004")).await.unwrap();

    let (status, shown) = ask(library.search(), "title").await;

    assert_eq!(status, 200);
    assert_eq!(shown["publisher"], "南海出版公司");
    assert_eq!(shown["copies"].as_array().unwrap().len(), copies.len());
    assert_eq!(shown["copies"][0]["status"], "available");
    assert_eq!(shown["copies"][0]["site_id"], "C01");
    assert_eq!(shown["copies"][0]["barcode"], copies[0].barcode.as_str());
}

#[tokio::test]
async fn a_changed_title_is_searchable_at_the_next_look() {
    let library = Ground::with_titles(TITLES).await;
    let search = library.search();
    let before = search.index.current().await.unwrap().unwrap();
    let mut changed = title::get(&library.table, &id("b000004")).await.unwrap().unwrap();
    changed.title = "浪矢杂货店的奇迹".to_owned();
    bulk::put(&library.table, vec![Loaded::Title(changed)]).await.unwrap();

    assert!(replay_indexer(&library.indexer(), "title-changed").await.is_empty());
    library.pass(SignedDuration::from_secs(3));
    let after = newer(&search, &before).await;

    assert_eq!(find(&after, "浪矢").total, 1);
    assert_eq!(find(&after, "解忧").total, 0);
    assert_eq!(after.titles(), 3);
    assert_eq!(find(&before, "解忧").total, 1, "who was searching goes on in the old one");
}

#[tokio::test]
async fn a_broken_message_fails_alone_and_a_repeated_one_changes_nothing() {
    let library = Ground::with_titles(TITLES).await;
    let indexer = library.indexer();

    assert!(replay_indexer(&indexer, "the-same-title-twice").await.is_empty());
    assert!(replay_indexer(&indexer, "the-same-title-twice").await.is_empty());
    assert!(replay_indexer(&indexer, "title-gone").await.is_empty());
    let failed = replay_indexer(&indexer, "one-broken-among-good").await;

    assert_eq!(failed.len(), 2);
    assert!(failed[0].ends_with("01") && failed[1].ends_with("02"), "{failed:?}");
    assert_eq!(library.search().index.current().await.unwrap().unwrap().titles(), 3);
}

#[tokio::test]
async fn two_indexers_at_once_both_get_their_change_in() {
    let library = Ground::with_titles(TITLES).await;
    let renamed = |mut title: yujie_domain::title::Title, name: &str| {
        title.title = name.to_owned();
        Loaded::Title(title)
    };
    let table = &library.table;
    let one = title::get(table, &id("b000004")).await.unwrap().unwrap();
    let other = title::get(table, &id("b000005")).await.unwrap().unwrap();
    bulk::put(table, vec![renamed(one, "甲书改名"), renamed(other, "乙书改名")]).await.unwrap();
    let indexer = library.indexer();
    let message = |title: &str| {
        let mut event: SqsEvent = serde_json::from_str(&event("indexer", "title-changed")).unwrap();
        event.records[0].body = Some(format!(r#"{{"title_id":"{title}"}}"#));
        event
    };

    let (one, other) = tokio::join!(
        indexer::handle(&indexer, message("b000004")),
        indexer::handle(&indexer, message("b000005"))
    );

    assert!(one.batch_item_failures.is_empty() && other.batch_item_failures.is_empty());
    let index = library.search().index.current().await.unwrap().unwrap();
    assert_eq!(find(&index, "改名").total, 2);
    assert_eq!(index.titles(), 3);
}

#[tokio::test]
async fn when_the_bucket_is_out_of_reach_the_batch_comes_again_and_search_goes_on() {
    let library = Ground::with_titles(TITLES).await;
    let search = library.search();
    search.index.current().await.unwrap().unwrap();
    library.bucket.refuse_everything();
    library.pass(SignedDuration::from_secs(3));

    assert_eq!(replay_indexer(&library.indexer(), "title-changed").await.len(), 1);
    let (status, answer) = ask(search, "titles-by-words").await;
    assert_eq!((status, &answer["total"]), (200, &1.into()));
}

#[tokio::test]
async fn while_the_index_is_out_of_reach_nobody_is_told_that_there_is_no_such_book() {
    let library = Ground::with_titles(TITLES).await;
    let search = library.search();
    library.bucket.refuse_everything();

    for _ in 0..3 {
        assert!(search.index.current().await.is_err(), "an error each time, and never an empty library");
    }
}

#[tokio::test]
async fn a_second_load_brings_titles_up_to_date_and_leaves_copies_in_use_alone() {
    let library = Ground::with_titles(TITLES).await;
    let copies = copy::of_title(&library.table, &id("b000004")).await.unwrap();
    let taken = copies[0].barcode.clone();
    lend_out(&library, &taken).await;
    let changed = TITLES.replace("白夜行", "白夜行（新版）") + "b000007,,新到的书,某某,,,,1,\n";

    let summary = library.load_titles(&changed).await;

    assert_eq!((summary.read, summary.loaded, summary.rejected), (4, 4, 0));
    assert!((1..=3).contains(&summary.copies), "only the new title's copies: {summary:?}");
    let now = copy::of_title(&library.table, &id("b000004")).await.unwrap();
    assert_eq!(now.len(), copies.len());
    assert_eq!(copy::get(&library.table, &taken).await.unwrap().unwrap().status, CopyStatus::OnLoan);
    let index = library.search().index.current().await.unwrap().unwrap();
    assert_eq!(index.titles(), 4);
    assert_eq!(find(&index, "白夜行").lines[0].line.title, "白夜行（新版）");
}

/// As if a reader had it.
async fn lend_out(library: &Ground, barcode: &Barcode) {
    let mut lent = copy::get(&library.table, barcode).await.unwrap().unwrap();
    lent.status = CopyStatus::OnLoan;
    lent.version += 1;
    bulk::put(&library.table, vec![Loaded::Copy(lent)]).await.unwrap();
}

#[tokio::test]
async fn bad_rows_are_listed_and_the_rest_goes_in() {
    let library = Ground::new().await;
    library.load_sites().await;

    let titles =
        TITLES.to_owned() + "b000004,,同一个编号,,,,,,\n,,没有编号,,,,,,\nb000009,12345,书号不对,,,,,,\n";
    let summary = library.load_titles(&titles).await;

    assert_eq!((summary.read, summary.loaded, summary.rejected, summary.warnings), (6, 4, 2, 1));
    let rejects = std::fs::read_to_string(library.rejects()).unwrap();
    let lines: Vec<&str> = rejects.lines().collect();
    assert_eq!(lines[0], "file,position,id,outcome,reason");
    assert!(
        lines[1].ends_with("titles.csv,line 5,b000004,rejected,id: line 2 has the same id"),
        "{}",
        lines[1]
    );
    assert!(lines[2].ends_with("titles.csv,line 6,,rejected,id is empty"), "{}", lines[2]);
    assert!(lines[3].contains("titles.csv,line 7,b000009,warning,isbn left out"), "{}", lines[3]);
}

#[tokio::test]
async fn copies_can_come_from_a_list() {
    let library = Ground::new().await;
    library.load_sites().await;
    let mut report = Report::new(None).unwrap();
    let titles = library.file("titles.csv", TITLES);
    library.importer.catalogue(&titles, &Wanted::default(), &mut report).await.unwrap();
    let list = "barcode,title_id,site,call_number\n00Y0012,b000004,C01,I313/1\n00Y0013,b000004,L01,I313/1\n\
                00Y0014,nowhere,C01,X\n00Y0015,b000005,nosite,X\n00Y0012,b000005,C01,X\n";

    for expected_new in [2, 0] {
        let mut report = Report::new(None).unwrap();
        library.importer.copies(&library.file("copies.csv", list), &mut report).await.unwrap();
        let summary = report.finish();
        assert_eq!((summary.read, summary.loaded, summary.rejected, summary.copies), (5, 2, 3, expected_new));
    }

    let counted = availability::get_many(&library.table, &[id("b000004"), id("b000005")]).await.unwrap();
    assert_eq!(counted[&id("b000004")].available, 2);
    assert!(!counted.contains_key(&id("b000005")));
}

#[tokio::test]
async fn sites_staff_and_rules_are_loaded_and_loaded_again() {
    let library = Ground::new().await;
    let wanted = Wanted { make_copies: true, ..Wanted::default() };
    let none = library
        .importer
        .catalogue(&library.file("t.csv", TITLES), &wanted, &mut Report::new(None).unwrap())
        .await;
    assert!(matches!(none, Err(ImportError::NoStock)));
    assert_eq!(library.load_sites().await.loaded, 3);
    let bad_site = SITES.to_owned() + "X1,某处,castle,,1,2,24/7,0\nX2,某处,library,,north,2,24/7,0\n";
    let mut report = Report::new(None).unwrap();
    library.importer.sites(&library.file("sites.csv", &bad_site), &mut report).await.unwrap();
    assert_eq!(report.finish().rejected, 2);
    assert_eq!(site::all(&library.table).await.unwrap().len(), 3);

    for password in ["first password", "second password"] {
        let list = format!(
            "login,role,site,name,password\npicker-C01,picker,C01,张三,{password}\n\
             picker-C01,librarian,L01,张三,{password}\nx,picker,C01,太短的登录名,{password}\n"
        );
        let mut report = Report::new(None).unwrap();
        library.importer.staff(&library.file("staff.csv", &list), &mut report).await.unwrap();
        let summary = report.finish();
        assert_eq!((summary.loaded, summary.rejected), (2, 1));
    }
    let account =
        staff::get(&library.table, &StaffLogin::parse("picker-C01").unwrap()).await.unwrap().unwrap();
    let posts: Vec<(&str, Role)> = account.posts.iter().map(|(site, role)| (site.as_str(), *role)).collect();
    assert_eq!(posts, [("C01", Role::Picker), ("L01", Role::Librarian)]);
    assert_eq!((account.version, account.history.len()), (2, 2), "what was done to it is not forgotten");
    assert!(password::check("second password", Some(&account.password_hash)).is_ok());

    for _ in 0..2 {
        library.importer.rules(None, &mut Report::new(None).unwrap()).await.unwrap();
    }
    assert_eq!(rules::newest(&library.table).await.unwrap().unwrap().version, 1);
}

#[tokio::test]
async fn the_index_can_be_built_anew_from_the_table() {
    let library = Ground::with_titles(TITLES).await;
    let search = library.search();
    let before = search.index.current().await.unwrap().unwrap();

    library.importer.rebuild_index(&mut Report::new(None).unwrap()).await.unwrap();
    library.pass(SignedDuration::from_secs(3));
    let after = newer(&search, &before).await;

    for typed in ["解忧杂货店", "东野圭吾", ""] {
        assert_eq!(find(&before, typed), find(&after, typed), "{typed}");
    }
}
