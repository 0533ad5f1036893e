//! Librarians' picks.

use jiff::SignedDuration;
use serde_json::{Value, json};
use yujie_domain::pick::{MOST, Pick, Sentence};
use yujie_domain::{StaffLogin, TitleId};
use yujie_table::pick;
use yujie_tests::ground::{request, send};
use yujie_tests::{Answer, Fault, Ground, library};

async fn ask(ground: &Ground, staff: &str, method: &str, path: &str, body: &Value) -> Answer {
    let token = ground.token(&library::staff(staff));
    send(ground.cataloguing(), request(method, path, &token, body)).await
}

async fn say(ground: &Ground, staff: &str, title: &str, body: Value) -> Answer {
    ask(ground, staff, "PUT", &format!("/staff/picks/{title}"), &body).await
}

async fn picked(ground: &Ground) -> Vec<Value> {
    let list = ask(ground, "desk-s01", "GET", "/staff/picks", &Value::Null).await;
    assert_eq!(list.status, 200, "{}", list.body);
    list.body["items"].as_array().unwrap().clone()
}

fn assert_told(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, &answer.body["code"]), (status, &json!(code)), "{}", answer.body);
}

#[tokio::test]
async fn a_librarian_recommends_a_title_says_it_better_and_takes_it_back() {
    let ground = Ground::new().await;
    let first = say(&ground, "desk-s01", "b000006", json!({"sentence": " 半部红楼，一生的功课。 "})).await;
    assert_eq!(first.status, 200, "{}", first.body);
    ground.pass(SignedDuration::from_mins(1));
    say(&ground, "desk-l01", "b000004", json!({"sentence": "写给所有迷路的人。"})).await;

    let items = picked(&ground).await;
    let shown: Vec<_> = items.iter().map(|item| (&item["title"], &item["sentence"], &item["by"])).collect();
    let (newer, older) = (json!("解忧杂货店"), json!("红楼梦"));
    assert_eq!(
        shown,
        [
            (&newer, &json!("写给所有迷路的人。"), &json!("desk-l01")),
            (&older, &json!("半部红楼，一生的功课。"), &json!("desk-s01")),
        ],
        "newest first"
    );

    ground.pass(SignedDuration::from_mins(1));
    let better =
        say(&ground, "admin-c01", "b000006", json!({"sentence": "每十年重读一遍。", "version": 1})).await;
    assert_eq!((better.status, &better.body["version"]), (200, &json!(2)));
    assert_eq!(picked(&ground).await[0]["sentence"], "每十年重读一遍。");

    let gone = ask(&ground, "desk-s01", "DELETE", "/staff/picks/b000006?version=2", &Value::Null).await;
    assert_eq!(gone.status, 204);
    assert_eq!(picked(&ground).await.len(), 1);
    let again = ask(&ground, "desk-s01", "DELETE", "/staff/picks/b000006?version=2", &Value::Null).await;
    assert_told(&again, 404, "not_found");
}

#[tokio::test]
async fn nobody_writes_over_what_they_have_not_seen() {
    let ground = Ground::new().await;
    say(&ground, "desk-s01", "b000006", json!({"sentence": "一。"})).await;
    say(&ground, "desk-s01", "b000006", json!({"sentence": "二。", "version": 1})).await;

    for late in [json!({"sentence": "三。"}), json!({"sentence": "三。", "version": 1})] {
        assert_told(&say(&ground, "desk-l01", "b000006", late).await, 409, "changed_meanwhile");
    }
    let late = ask(&ground, "desk-l01", "DELETE", "/staff/picks/b000006?version=1", &Value::Null).await;
    assert_told(&late, 409, "changed_meanwhile");
    let gone = say(&ground, "desk-l01", "b000004", json!({"sentence": "三。", "version": 1})).await;
    assert_told(&gone, 409, "changed_meanwhile");
    assert_eq!(picked(&ground).await[0]["sentence"], "二。");

    let repeated = say(&ground, "desk-s01", "b000006", json!({"sentence": "二。", "version": 1})).await;
    assert_eq!((repeated.status, &repeated.body["version"]), (200, &json!(2)), "the same request again");
}

#[tokio::test]
async fn there_are_never_more_than_two_hundred() {
    let ground = Ground::new().await;
    let stands = |n: u32| Pick {
        title_id: TitleId::parse(&format!("p{n:06}")).unwrap(),
        sentence: Sentence::parse("读吧。").unwrap(),
        by: StaffLogin::parse("desk-s01").unwrap(),
        at: ground.now(),
    };
    for n in 1..MOST {
        assert!(matches!(pick::put(&ground.table, &stands(n), None).await.unwrap(), pick::Put::Done(_)));
    }

    let both = futures_util::future::join(
        say(&ground, "desk-s01", "b000004", json!({"sentence": "读吧。"})),
        say(&ground, "desk-l01", "b000005", json!({"sentence": "读吧。"})),
    );
    let (one, other) = both.await;
    let mut told = [one.status, other.status];
    told.sort_unstable();
    assert_eq!(told, [200, 409], "one place was left");
    assert_told(
        &say(&ground, "desk-s01", "b000006", json!({"sentence": "读吧。"})).await,
        409,
        "too_many_picks",
    );

    let changed = pick::put(&ground.table, &stands(1), Some(1)).await.unwrap();
    assert!(matches!(changed, pick::Put::Done(_)), "what stands may still be said otherwise");
    assert_eq!(pick::remove(&ground.table, &stands(1).title_id, 2).await.unwrap(), pick::Removed::Now);
    assert_eq!(say(&ground, "desk-s01", "b000006", json!({"sentence": "读吧。"})).await.status, 200);
    assert_eq!(picked(&ground).await.len(), usize::try_from(MOST).unwrap());
}

#[tokio::test]
async fn a_pick_under_trouble_counts_once() {
    for fault in Fault::ALL {
        for times in [1, 1000] {
            let ground = Ground::new().await;
            ground.faults.plan(0, times, fault);
            let answer = say(&ground, "desk-s01", "b000006", json!({"sentence": "读吧。"})).await;
            assert!([200, 500, 503].contains(&answer.status), "{fault:?} × {times}: {}", answer.body);

            ground.faults.plan(0, 0, fault);
            let again = say(&ground, "desk-s01", "b000006", json!({"sentence": "读吧。"})).await;

            assert_eq!((again.status, &again.body["version"]), (200, &json!(1)), "{fault:?} × {times}");
            assert_eq!(ground.items()["PICKS / COUNT"]["n"]["N"], "1", "{fault:?} × {times}");
        }
    }
}

#[tokio::test]
async fn only_librarians_recommend_and_only_what_there_is() {
    let ground = Ground::new().await;
    let body = json!({"sentence": "读吧。"});
    for staff in ["picker-c01", "packer-c01", "dispatcher-c01"] {
        assert_told(&say(&ground, staff, "b000006", body.clone()).await, 403, "forbidden");
    }
    let reader = ground.token(&library::reader(1).subject());
    let as_reader = request("PUT", "/staff/picks/b000006", &reader, &body);
    assert_told(&send(ground.cataloguing(), as_reader).await, 403, "forbidden");
    let as_nobody = request("PUT", "/staff/picks/b000006", "", &body);
    assert_told(&send(ground.cataloguing(), as_nobody).await, 401, "unauthenticated");
    assert_told(&say(&ground, "desk-s01", "b999999", body).await, 404, "not_found");
    let long = json!({"sentence": "好".repeat(141)});
    assert_told(&say(&ground, "desk-s01", "b000006", long).await, 422, "invalid_field");
    assert!(picked(&ground).await.is_empty());
}
