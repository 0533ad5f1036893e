//! The library's rules in the hands of its administrators: set, prepared, read again, and tried before they are set.

use jiff::SignedDuration;
use serde_json::{Value, json};
use yujie_domain::copy::Copy;
use yujie_domain::rules::ItemClass;
use yujie_domain::staff::Role;
use yujie_domain::{StaffLogin, TrialId};
use yujie_runtime::auth::Subject;
use yujie_table::trial;
use yujie_tests::ground::{request, send};
use yujie_tests::library::Person;
use yujie_tests::{Answer, Crash, Ground, Life, library, scene};

async fn ask(ground: &Ground, who: &Subject, method: &str, path: &str, key: &str, body: &Value) -> Answer {
    let mut request = request(method, path, &ground.token(who), body);
    if !key.is_empty() {
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    }
    send(ground.policies(), request).await
}

fn admin() -> Subject {
    library::staff("admin-c01")
}

/// A second administrator.
fn other_admin() -> Subject {
    let (login, site) = (StaffLogin::parse("admin-l01").unwrap(), library::site_id("L01"));
    Subject::Staff { login, role: Role::Administrator, site }
}

/// A rule for everybody.
fn rule(name: &str, value: u16) -> Value {
    json!({"set": {"rule": name, "value": value}})
}

fn new_rules(after: u32, starts: &str, rules: &[Value]) -> Value {
    json!({"after": after, "starts": starts, "rules": rules, "reason": "排队太久"})
}

async fn set(ground: &Ground, body: &Value) -> Answer {
    ask(ground, &admin(), "POST", "/staff/rules", "rules-key-1", body).await
}

async fn get(ground: &Ground, path: &str) -> Value {
    let answer = ask(ground, &admin(), "GET", path, "", &Value::Null).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

/// The versions, newest first; which one is in force, and which are prepared.
async fn versions(ground: &Ground) -> (Vec<u64>, u64, Vec<u64>) {
    let listed = get(ground, "/staff/rules").await;
    let numbers = |list: &Value| -> Vec<u64> {
        list.as_array().unwrap().iter().map(|one| one["version"].as_u64().unwrap()).collect()
    };
    let in_force = listed["in_force"]["version"].as_u64().unwrap();
    (numbers(&listed["versions"]), in_force, numbers(&listed["prepared"]))
}

async fn order_two(ground: &Ground, person: &Person) -> Answer {
    let wanted = json!({
        "lines": [{"title_id": "b000004"}, {"title_id": "b000005"}],
        "deliver_to": {"kind": "home", "address_id": person.address.as_str()},
        "if_missing": "cancel",
    });
    Life::new(ground).order(person, "an-order-of-two", &wanted).await
}

#[tokio::test]
async fn an_administrator_sets_rules_and_orders_are_decided_by_them() {
    let ground = Ground::new().await;
    assert_eq!(versions(&ground).await, (vec![1], 1, vec![]));
    let founding = get(&ground, "/staff/rules").await["founding"].clone();
    assert_eq!(founding[0], json!({"rule": "books_per_order", "value": 5}));
    assert!(founding.as_array().unwrap().iter().any(|set| set["rule"] == "cut_off"), "{founding}");

    let rules = [
        rule("books_per_order", 1),
        json!({"set": {"rule": "loan_days", "value": 14}, "for": {"item": "new"}}),
        rule("holds", 10),
    ];
    let answer = set(&ground, &new_rules(1, "2026-11-23", &rules)).await;

    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(
        answer.body["changes"],
        json!({
            "rules": [
                {"rule": "books_per_order", "before": 5, "after": 1},
                {"rule": "loan_days", "for": {"item": "new"}, "before": null, "after": 14},
            ],
            "holidays": false,
            "amnesties": false,
            "zones": false,
            "windows": false,
        }),
        "ten holds were ten before"
    );
    let shown = get(&ground, "/staff/rules/2").await;
    assert_eq!(shown, answer.body);
    assert_eq!(
        (&shown["by"], &shown["reason"], &shown["at"]),
        (&json!("admin-c01"), &json!("排队太久"), &json!(library::NOW))
    );
    let first = get(&ground, "/staff/rules/1").await;
    assert!(first.get("by").is_none(), "nobody made the founding rules: {first}");
    assert_eq!(versions(&ground).await, (vec![2, 1], 2, vec![]));

    let refused = order_two(&ground, &library::reader(1)).await;
    assert_eq!((refused.status, &refused.body["reasons"][0]["code"]), (409, &json!("too_many_books")));
    assert_eq!(refused.body["reasons"][0]["by"]["version"], 2);
}

#[tokio::test]
async fn of_two_administrators_who_save_at_once_one_wins() {
    let ground = Ground::new().await;
    let (one, other) = (new_rules(1, "2026-11-23", &[rule("holds", 3)]), new_rules(1, "2026-11-23", &[]));

    let (one, other) = futures_util::future::join(
        ask(&ground, &admin(), "POST", "/staff/rules", "rules-key-1", &one),
        ask(&ground, &other_admin(), "POST", "/staff/rules", "rules-key-2", &other),
    )
    .await;

    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{} {}", one.body, other.body);
    let loser = if one.status == 409 { one } else { other };
    assert_eq!(loser.body["code"], "changed_meanwhile");
    assert_eq!(versions(&ground).await.0, [2, 1]);
    let far = new_rules(7, "2026-11-23", &[]);
    let gap = ask(&ground, &admin(), "POST", "/staff/rules", "rules-key-3", &far).await;
    assert_eq!((gap.status, &gap.body["code"]), (409, &json!("changed_meanwhile")), "no version is left out");
}

#[tokio::test]
async fn the_same_request_twice_is_one_version() {
    let ground = Ground::new().await;
    let body = new_rules(1, "2026-11-23", &[rule("holds", 3)]);
    let first = set(&ground, &body).await;
    let second = set(&ground, &body).await;
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(second.body, first.body);
    assert_eq!(second.headers["idempotent-replayed"], "true");
    assert_eq!(versions(&ground).await.0, [2, 1]);
    let reused = set(&ground, &new_rules(2, "2026-11-23", &[])).await;
    assert_eq!((reused.status, &reused.body["code"]), (422, &json!("idempotency_key_reused")));
}

#[tokio::test]
async fn a_process_that_dies_while_it_saves_leaves_one_version_and_one_answer() {
    for crash in [Crash::Before, Crash::After] {
        let ground = Ground::new().await;
        let body = new_rules(1, "2026-11-23", &[rule("holds", 3)]);
        ground.faults.crash(0, crash);
        assert!(set(&ground, &body).await.status >= 500);
        assert!(ground.faults.revive());
        let again = set(&ground, &body).await;
        assert_eq!((again.status, &again.body["version"]), (201, &json!(2)), "{crash:?}: {}", again.body);
        assert_eq!(versions(&ground).await.0, [2, 1], "{crash:?}");
    }
}

#[tokio::test]
async fn a_version_that_starts_tomorrow_is_in_force_tomorrow() {
    let ground = Ground::new().await;
    let answer = set(&ground, &new_rules(1, "2026-11-24", &[rule("books_per_order", 1)])).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(versions(&ground).await, (vec![2, 1], 1, vec![2]));
    assert_eq!(order_two(&ground, &library::reader(1)).await.status, 201, "today five may be ordered");

    ground.pass(SignedDuration::from_hours(14)); // midnight in Shanghai

    assert_eq!(versions(&ground).await, (vec![2, 1], 2, vec![]));
    let refused = order_two(&ground, &library::reader(2)).await;
    assert_eq!((refused.status, &refused.body["reasons"][0]["code"]), (409, &json!("too_many_books")));
}

#[tokio::test]
async fn however_many_versions_are_prepared_the_one_in_force_is_found() {
    let ground = Ground::new().await;
    for after in 1..=30 {
        let body = new_rules(after, "2026-11-24", &[rule("holds", u16::try_from(after).unwrap())]);
        let key = format!("rules-key-{after}");
        let answer = ask(&ground, &admin(), "POST", "/staff/rules", &key, &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
    }
    let (listed, in_force, prepared) = versions(&ground).await;
    assert_eq!((listed.len(), in_force, prepared.len()), (20, 1, 30));
    let page = get(&ground, "/staff/rules").await;
    let next = format!("/staff/rules?cursor={}", page["next_cursor"].as_str().unwrap());
    let rest = get(&ground, &next).await;
    assert_eq!((&rest["versions"][0]["version"], &rest["next_cursor"]), (&json!(11), &Value::Null));
    assert_eq!(order_two(&ground, &library::reader(1)).await.status, 201);
}

#[tokio::test]
async fn every_fault_is_told_with_its_place_and_nothing_is_written() {
    let ground = Ground::new().await;
    let mut body = new_rules(
        1,
        "2026-11-22",
        &[rule("books_per_order", 0), json!({"set": {"rule": "holds", "value": 1}, "for": {"site": "X99"}})],
    );
    body["zones"] = json!([{"division": "310101"}]);
    body["reason"] = json!("  ");
    let answer = set(&ground, &body).await;
    assert_eq!((answer.status, &answer.body["code"]), (422, &json!("invalid_field")));
    let fields: Vec<&str> =
        answer.body["fields"].as_array().unwrap().iter().map(|one| one["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["starts", "rules.0", "zones.0", "rules.1", "reason"]);
    assert_eq!(versions(&ground).await.0, [1]);
    let tried = ask(&ground, &admin(), "POST", "/staff/rules/trials", "", &body).await;
    assert_eq!(tried.status, 422, "a trial asks the same");
}

#[tokio::test]
async fn a_rule_for_what_it_never_decides_is_refused_before_anybody_relies_on_it() {
    let ground = Ground::new().await;
    let at = |name: &str, scope: Value| json!({"set": {"rule": name, "value": 5}, "for": scope});
    let rules = [
        at("renewals", json!({"site": "S01"})),
        at("ban_days", json!({"site": "S01"})),
        at("pay_minutes", json!({"card": "child", "site": "S01"})),
        at("pickup_days", json!({"item": "new"})),
        at("loan_days", json!({"card": "child", "site": "S01", "item": "new"})),
    ];
    let body = new_rules(1, "2026-11-23", &rules);
    let answer = set(&ground, &body).await;
    assert_eq!(
        (answer.status, &answer.body["fields"]),
        (
            422,
            &json!([
                {"field": "rules.0", "why": "renewals knows no site: it can be for card, item"},
                {"field": "rules.1", "why": "ban_days knows no site: it can be for card"},
                {"field": "rules.2", "why": "pay_minutes knows no site: it can be for card"},
                {"field": "rules.3", "why": "pickup_days knows no item: it can be for site, card"},
            ])
        )
    );
    assert_eq!(versions(&ground).await.0, [1]);
    let tried = ask(&ground, &admin(), "POST", "/staff/rules/trials", "", &body).await;
    assert_eq!(tried.status, 422, "a trial asks the same");
}

#[tokio::test]
async fn each_book_of_a_parcel_is_lent_by_the_rules_for_its_class() {
    let ground = Ground::new().await;
    let new = Copy { class: ItemClass::New, ..library::copy("N9000001", "n900000", "C01", "I1/1") };
    ground.add_title(library::title("n900000", "新书", "编者"), vec![new]).await;
    let rules = [
        json!({"set": {"rule": "loan_starts", "value": "ordered"}, "for": {"item": "new"}}),
        json!({"set": {"rule": "loan_days", "value": 14}, "for": {"item": "new"}}),
    ];
    assert_eq!(set(&ground, &new_rules(1, "2026-11-23", &rules)).await.status, 201);
    let (life, person) = (Life::new(&ground), library::reader(1));

    let wanted = json!({
        "lines": [{"title_id": "n900000"}, {"title_id": "b000006"}],
        "deliver_to": {"kind": "home", "address_id": person.address.as_str()},
    });
    let placed = life.order(&person, "two-classes", &wanted).await.body;
    life.settle().await;
    ground.pass(SignedDuration::from_hours(25));
    let parcels = placed["parcels"].as_array().unwrap();
    assert_eq!(parcels.len(), 1, "both stand at one site");
    life.fulfil(&person, placed["order_no"].as_str().unwrap(), &parcels[0]).await;

    let loans = life.get(&person, "/loans").await;
    let mut due: Vec<(&str, &str)> = loans["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|loan| (loan["title"].as_str().unwrap(), loan["due"].as_str().unwrap()))
        .collect();
    due.sort_unstable();
    assert_eq!(
        due,
        [("新书", "2026-12-07"), ("红楼梦", "2026-12-24")],
        "one from the order, one from the hand-over"
    );
}

#[tokio::test]
async fn an_answer_says_which_rule_left_a_book_out_and_an_order_by_which_version_it_was_decided() {
    let ground = Ground::new().await;
    let waits = json!({"set": {"rule": "partial", "value": "wait"}});
    assert_eq!(set(&ground, &new_rules(1, "2026-11-23", &[waits])).await.status, 201);
    let (life, person) = (Life::new(&ground), library::reader(1));
    let to = yujie_domain::parcel::Destination::Home;
    scene::place(&ground, &library::reader(2), "261123TAKEN00001", &["C0000601"], to).await;
    let mut wanted = json!({
        "lines": [{"title_id": "b000004"}, {"title_id": "b000006"}],
        "deliver_to": {"kind": "home", "address_id": person.address.as_str()},
    });
    let by = json!({"rule": "partial", "version": 2});

    let quote = request("POST", "/orders/quote", &ground.token(&person.subject()), &wanted);
    let quoted = send(ground.ordering(), quote).await.body;
    let said = |answer: &Value| (answer["if_missing"].clone(), answer.get("if_missing_by").cloned());
    assert_eq!(
        (said(&quoted), &quoted["queued"][0]["title_id"]),
        ((json!("wait"), Some(by.clone())), &json!("b000006"))
    );
    let ordered = life.order(&person, "by-the-rule", &wanted).await.body;
    assert_eq!((said(&ordered), &ordered["rules_version"]), ((json!("wait"), Some(by)), &json!(2)));

    wanted["lines"] = json!([{"title_id": "b000005"}]);
    wanted["if_missing"] = json!("cancel");
    let ordered_so = life.order(&person, "by-my-word", &wanted).await.body;
    assert_eq!(said(&ordered_so), (json!("cancel"), None), "the reader said it");

    let later =
        ask(&ground, &admin(), "POST", "/staff/rules", "rules-key-2", &new_rules(2, "2026-11-23", &[])).await;
    assert_eq!(later.status, 201, "{}", later.body);
    let order_no = ordered["order_no"].as_str().unwrap();
    let shown = life.get(&person, &format!("/orders/{order_no}")).await;
    assert_eq!(shown["rules_version"], 2, "whatever has been set since");
}

#[tokio::test]
async fn nobody_else_may_see_set_or_try_rules() {
    let ground = Ground::new().await;
    let body = new_rules(1, "2026-11-23", &[]);
    for who in ["desk-c01", "picker-c01", "packer-c01", "dispatcher-c01"].map(library::staff) {
        for (method, path) in [
            ("GET", "/staff/rules"),
            ("GET", "/staff/rules/1"),
            ("POST", "/staff/rules"),
            ("POST", "/staff/rules/trials"),
            ("GET", "/staff/rules/trials/01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ] {
            let answer = ask(&ground, &who, method, path, "rules-key-1", &body).await;
            assert_eq!((answer.status, &answer.body["code"]), (403, &json!("forbidden")), "{method} {path}");
        }
    }
    let reader = library::reader(1).subject();
    assert_eq!(ask(&ground, &reader, "GET", "/staff/rules", "", &Value::Null).await.status, 403);
    assert_eq!(versions(&ground).await.0, [1]);
}

/// A trial of these rules: its id.
async fn try_out(ground: &Ground, rules: &[Value]) -> String {
    try_out_all(ground, &json!({"rules": rules})).await
}

async fn try_out_all(ground: &Ground, body: &Value) -> String {
    let asked = ask(ground, &admin(), "POST", "/staff/rules/trials", "", body).await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    asked.body["trial_id"].as_str().unwrap().to_owned()
}

async fn shown(ground: &Ground, id: &str) -> Value {
    get(ground, &format!("/staff/rules/trials/{id}")).await
}

/// Reader 2 has ten books on their way, ordered one by one; reader 1 has two on their way and one at home; reader 3 has nothing.
fn five_open_items() -> Value {
    json!({
        "since": "2025-11-23", "readers": 3, "gaining": 0, "losing": 1, "both": 0,
        "orders": 12, "refused": 5, "allowed": 0, "loans": 1,
        "rules": [{"rule": "open_items", "gaining": 0, "losing": 1}],
        "matters": [
            {"matter": "orders", "gaining": 0, "losing": 1},
            {"matter": "open_today", "gaining": 0, "losing": 1},
        ],
        "examples": [
            {"rule": "open_items", "matter": "orders", "effect": "loses", "count": 6, "before": 10, "after": 5, "readers": 1},
            {"rule": "open_items", "matter": "orders", "effect": "loses", "count": 7, "before": 10, "after": 5, "readers": 1},
            {"rule": "open_items", "matter": "orders", "effect": "loses", "count": 8, "before": 10, "after": 5, "readers": 1},
            {"rule": "open_items", "matter": "orders", "effect": "loses", "count": 9, "before": 10, "after": 5, "readers": 1},
            {"rule": "open_items", "matter": "orders", "effect": "loses", "count": 10, "before": 10, "after": 5, "readers": 1},
            {"rule": "open_items", "matter": "open_today", "effect": "loses", "count": 10, "before": 10, "after": 5, "readers": 1},
        ],
        "not_looked_at": [],
    })
}

#[tokio::test]
async fn a_trial_says_who_loses_when_fewer_books_may_be_open() {
    let ground = Ground::new().await;
    scene::set(&ground).await;

    let id = try_out(&ground, &[rule("open_items", 5)]).await;

    let before = shown(&ground, &id).await;
    assert_eq!((&before["status"], before.get("result")), (&json!("running"), None));
    assert_eq!((&before["in_force"], &before["proposed"]["starts"]), (&json!(1), &json!("2026-11-23")));
    Life::new(&ground).settle().await;
    let after = shown(&ground, &id).await;
    assert_eq!((&after["status"], &after["result"]), (&json!("done"), &five_open_items()));
    assert_eq!(versions(&ground).await, (vec![1], 1, vec![]), "nothing is set by it");
    let written = after.to_string();
    for person in [library::reader(1), library::reader(2)] {
        assert!(!written.contains(person.rid.as_str()) && !written.contains(person.name));
    }
}

#[tokio::test]
async fn a_trial_says_who_has_books_for_longer_and_whose_orders_cost_more() {
    let ground = Ground::new().await;
    scene::set(&ground).await;
    let cut_off = json!({"set": {"rule": "cut_off", "value": "15:00:00"}});
    let body = json!({
        "rules": [rule("loan_days", 45), rule("home_fee", 300), cut_off],
        "windows": [{"from": "10:00:00", "until": "16:00:00"}],
    });
    let id = try_out_all(&ground, &body).await;
    Life::new(&ground).settle().await;
    let result = shown(&ground, &id).await["result"].clone();
    assert_eq!(
        result["rules"],
        json!([
            {"rule": "loan_days", "gaining": 1, "losing": 0},
            {"rule": "home_fee", "gaining": 0, "losing": 2},
        ])
    );
    assert_eq!((&result["losing"], &result["both"]), (&json!(1), &json!(1)), "{result}");
    assert_eq!(result["not_looked_at"], json!(["cut_off", "windows"]));
}

#[tokio::test]
async fn a_trial_says_who_waits_for_more_titles_than_there_may_be() {
    let ground = Ground::new().await;
    let to = yujie_domain::parcel::Destination::Home;
    scene::place(&ground, &library::reader(2), "261123TAKEN00001", &["C0000601"], to).await;
    let wanted = json!({"title_id": "b000006", "deliver_to": {"kind": "site", "site_id": "S01"}});
    let mut hold = request("POST", "/holds", &ground.token(&library::reader(1).subject()), &wanted);
    hold.headers_mut().insert("idempotency-key", "one-hold".parse().unwrap());
    assert_eq!(send(ground.ordering(), hold).await.status, 201);

    let id = try_out(&ground, &[rule("holds", 0)]).await;

    Life::new(&ground).settle().await;
    let result = shown(&ground, &id).await["result"].clone();
    assert_eq!(
        (&result["examples"], &result["not_looked_at"]),
        (
            &json!([{"rule": "holds", "matter": "holds_today", "effect": "loses", "count": 1, "before": 10, "after": 0, "readers": 1}]),
            &json!([])
        )
    );
}

#[tokio::test]
async fn a_trial_is_done_once_however_often_its_message_comes() {
    let ground = Ground::new().await;
    scene::set(&ground).await;
    let id = try_out(&ground, &[rule("open_items", 5)]).await;
    let table = ground.table_of_its_own();
    let app = trials::App { table: table.clone(), ..ground.trials() };
    let message = json!({"trial_id": id}).to_string();
    let mut units = Vec::new();
    for _ in 0..3 {
        let before = table.consumed();
        let event = yujie_tests::life::sqs_event("trials", &[&message]);
        let answer = trials::handle(&app, serde_json::from_value(event).unwrap()).await;
        assert!(answer.batch_item_failures.is_empty());
        let after = table.consumed();
        units.push((after.read_tenths - before.read_tenths, (after.write_tenths - before.write_tenths) > 0));
        // What is recorded later is no part of it.
        order_two(&ground, &library::reader(3)).await;
    }
    let [first, second, third] = units.try_into().unwrap();
    assert!(first.0 > 40 && first.1, "it reads the whole table and writes the end: {first:?}");
    assert_eq!((second, third), ((10, false), (10, false)), "they look at the trial and leave it");
    assert_eq!(shown(&ground, &id).await["result"], five_open_items());
    let kept = trial::get(&ground.table, &TrialId::parse(&id).unwrap()).await.unwrap().unwrap();
    assert_eq!(kept.version, 2);
}

#[tokio::test]
async fn messages_that_come_three_times_and_processes_that_die_make_no_difference() {
    for crash in [Crash::Before, Crash::After] {
        let ground = Ground::new().await;
        scene::set(&ground).await;
        let id = try_out(&ground, &[rule("open_items", 5)]).await;
        ground.faults.crash(0, crash);
        Life::new(&ground).delivering(3).settle().await;
        assert_eq!(shown(&ground, &id).await["result"], five_open_items(), "{crash:?}");
        let kept = trial::get(&ground.table, &TrialId::parse(&id).unwrap()).await.unwrap().unwrap();
        assert_eq!(kept.version, 2, "{crash:?}");
    }
}

#[tokio::test]
async fn a_trial_that_takes_too_long_says_so() {
    let ground = Ground::new().await;
    let id = try_out(&ground, &[rule("open_items", 5)]).await;
    let app = trials::App { longest: SignedDuration::ZERO, ..ground.trials() };
    let message = json!({"trial_id": id}).to_string();
    let event = yujie_tests::life::sqs_event("trials", &[&message]);
    let answer = trials::handle(&app, serde_json::from_value(event).unwrap()).await;
    assert!(answer.batch_item_failures.is_empty(), "another try would take as long");
    let shown = shown(&ground, &id).await;
    assert_eq!(
        (&shown["status"], &shown["failure"]["code"]),
        (&json!("failed"), &json!("took_too_long")),
        "{shown}"
    );
    assert!(shown["failure"]["detail"].as_str().unwrap().contains("没有在规定时间内完成"));
}

#[tokio::test]
async fn an_item_that_cannot_be_read_does_not_stop_a_trial() {
    let mut ground = Ground::new().await;
    scene::set(&ground).await;
    let mut items = ground.items();
    let account = format!("READER#{} / ACCOUNT", library::reader(3).rid);
    items.get_mut(&account).unwrap()["open"] = json!({"S": "damaged"});
    ground.restore(&items);
    let id = try_out(&ground, &[rule("open_items", 5)]).await;
    Life::new(&ground).settle().await;
    let result = shown(&ground, &id).await["result"].clone();
    assert_eq!((&result["readers"], &result["losing"]), (&json!(2), &json!(1)), "without reader 3");
}
