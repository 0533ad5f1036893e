//! Waits that become hopeless: their readers are told once, with what can be done instead, and told nothing untrue.

use promises::Job;
use serde_json::{Value, json};
use yujie_domain::rules::{Rule, RuleSet, Scope, Setting};
use yujie_table::rules;
use yujie_tests::ground::{request, send};
use yujie_tests::{Ground, Life, Sent, library, scene};

/// 红楼梦, of which there is one copy.
const TITLE: &str = "b000006";

/// Reader 1 has the only copy of 红楼梦 at home, and reader 2 waits for it: about fifteen days.
async fn waiting() -> Ground {
    let ground = Ground::near(2).await;
    let one = library::reader(1);
    scene::place(&ground, &one, "261123OUTLOOK001", &["C0000601"], yujie_domain::parcel::Destination::Home)
        .await;
    scene::wait(&ground, &library::reader(2), TITLE).await;
    ground.changes();
    ground.outside.take();
    ground
}

/// From now on a wait of more days than this is called hopeless.
async fn reasonable(ground: &Ground, version: u32, days: u16) {
    let set = RuleSet {
        version,
        rules: vec![Rule { set: Setting::HopelessDays(days), scope: Scope::ALL }],
        ..RuleSet::founding()
    };
    rules::add(&ground.table, &set).await.unwrap();
    // Rules are kept for a minute.
    ground.pass(jiff::SignedDuration::from_mins(2));
}

/// The morning's round, and what it wrote.
async fn morning(ground: &Ground) -> usize {
    let before = ground.items();
    promises::handle(&ground.promises(), Job::Morning).await.unwrap();
    let after = ground.items();
    after.iter().filter(|(key, item)| before.get(*key) != Some(*item)).count()
}

/// What readers got on their phones of what follows.
async fn told(ground: &Ground) -> Vec<String> {
    let life = Life::new(ground);
    life.settle().await;
    let gone = life.gone.lock().unwrap();
    let texts = gone.iter().filter_map(|sent| match sent {
        Sent::Sms { phone, text } => Some(format!("{phone} {text}")),
        Sent::Queue { .. } | Sent::Topic { .. } | Sent::Booking { .. } => None,
    });
    texts.collect()
}

async fn ask(ground: &Ground, path: &str) -> Value {
    let token = ground.token(&library::reader(2).subject());
    let function = if path.starts_with("/me") { ground.profile() } else { ground.ordering() };
    send(function, request("GET", path, &token, &Value::Null)).await.body
}

#[tokio::test]
async fn a_reader_who_waits_without_hope_is_told_once_and_offered_something_else() {
    let ground = waiting().await;
    assert_eq!(morning(&ground).await, 0, "fifteen days are reasonable");
    assert_eq!(told(&ground).await, Vec::<String>::new());

    reasonable(&ground, 2, 10).await;
    assert_eq!(morning(&ground).await, 1, "the hold alone is written");
    let said = told(&ground).await;
    assert_eq!(
        said,
        [
            "+8613800000002 【预借】您排队等候的一本书近期恐怕轮不到。可以在“我的预约”中查找其他版本，或取消排队；如愿继续等候，位次不变。"
        ]
    );
    assert!(!said[0].contains("红楼梦"), "others may see the phone");
    let inbox = ask(&ground, "/me/notices").await;
    assert_eq!(
        (&inbox["items"][0]["kind"], &inbox["items"][0]["title_id"]),
        (&json!("hold_hopeless"), &json!(TITLE))
    );
    let hold = ask(&ground, "/holds").await["items"][0].clone();
    assert_eq!((&hold["place"], &hold["likely_days"]), (&json!(1), &json!(15)));
    let offers: Vec<&str> =
        hold["offers"].as_array().unwrap().iter().filter_map(|offer| offer["kind"].as_str()).collect();
    assert_eq!(offers, ["other_edition", "leave"]);

    assert_eq!(morning(&ground).await, 0, "it is known");
    assert_eq!(told(&ground).await, Vec::<String>::new());
}

#[tokio::test]
async fn who_may_hope_again_is_told_anew_when_that_changes_once_more() {
    let ground = waiting().await;
    reasonable(&ground, 2, 10).await;
    morning(&ground).await;
    assert_eq!(told(&ground).await.len(), 1);

    reasonable(&ground, 3, 60).await;
    assert_eq!(morning(&ground).await, 1);
    assert_eq!(
        told(&ground).await,
        Vec::<String>::new(),
        "that there is hope is no news that anybody waits for"
    );
    assert_eq!(ask(&ground, "/holds").await["items"][0]["offers"], Value::Null);

    reasonable(&ground, 4, 10).await;
    morning(&ground).await;
    assert_eq!(told(&ground).await.len(), 1);
}

#[tokio::test]
async fn nobody_is_told_of_a_wait_that_ended_in_between() {
    let ground = waiting().await;
    reasonable(&ground, 2, 10).await;
    morning(&ground).await;
    let two = library::reader(2);
    ground.lending().leave(&two.rid, &library::title_id(TITLE)).await.unwrap();
    assert_eq!(told(&ground).await, Vec::<String>::new());
    assert_eq!(ask(&ground, "/me/notices").await["items"], json!([]));
}

#[tokio::test]
async fn a_suspended_hold_keeps_its_place_and_its_outlook() {
    let ground = waiting().await;
    let two = library::reader(2);
    let resumes = yujie_lending::HoldChange {
        resumes: yujie_lending::Change::To(Some("2026-12-20".parse().unwrap())),
        ..yujie_lending::HoldChange::default()
    };
    ground.lending().change_hold(&two.rid, &library::title_id(TITLE), &resumes).await.unwrap();
    reasonable(&ground, 2, 10).await;
    morning(&ground).await;
    let hold = ask(&ground, "/holds").await["items"][0].clone();
    assert_eq!((&hold["place"], &hold["suspended_until"]), (&json!(1), &json!("2026-12-20")));
    ground.assert_sound([1, 2]).await;
}
