use serde_json::{Value, json};
use yujie_domain::rules::{RuleSet, Zone};
use yujie_tests::{Ground, library};

use super::{ask, done};

fn address(street: &str) -> Value {
    json!({"recipient": "张三", "phone": "13800000001", "division": "110105", "street": street})
}

async fn book(ground: &Ground, token: &str) -> Vec<Value> {
    let list = done(ground, 200, "GET", "/me/addresses", token, &Value::Null).await;
    list["items"].as_array().unwrap().clone()
}

/// Adds an address past the request's memory: its id.
async fn added(ground: &Ground, token: &str, key: &str, body: &Value) -> String {
    let mut asked = yujie_tests::ground::request("POST", "/me/addresses", token, body);
    asked.headers_mut().insert("idempotency-key", key.parse().unwrap());
    let answer = yujie_tests::ground::send(ground.profile(), asked).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body["address_id"].as_str().unwrap().to_owned()
}

fn default_of(book: &[Value]) -> Vec<&str> {
    book.iter().filter(|one| one["default"] == true).map(|one| one["address_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn there_is_one_default_and_it_passes_on_when_it_goes() {
    let ground = Ground::new().await;
    let token = ground.token(&library::reader(1).subject());
    let first = library::reader(1).address.to_string();
    let mut office = address("东四十条1号");
    office["tag"] = json!("公司");
    let office = added(&ground, &token, "an-office", &office).await;
    assert_eq!(default_of(&book(&ground, &token).await), [first.as_str()], "another one does not change it");

    ground.pass(jiff::SignedDuration::from_secs(1));
    let mut school = address("学院路1号");
    school["default"] = json!(true);
    let school = added(&ground, &token, "a-school", &school).await;
    let list = book(&ground, &token).await;
    assert_eq!(default_of(&list), [school.as_str()]);
    assert_eq!(list[1]["tag"], "公司");

    done(&ground, 204, "DELETE", &format!("/me/addresses/{school}"), &token, &Value::Null).await;
    assert_eq!(
        default_of(&book(&ground, &token).await),
        [first.as_str()],
        "the oldest: nobody chose another"
    );
    done(&ground, 404, "DELETE", &format!("/me/addresses/{school}"), &token, &Value::Null).await;
    let other = ground.token(&library::reader(2).subject());
    done(&ground, 404, "DELETE", &format!("/me/addresses/{office}"), &other, &Value::Null).await;
}

#[tokio::test]
async fn an_address_is_changed_at_the_version_that_was_seen_and_keeps_its_phone() {
    let ground = Ground::new().await;
    let token = ground.token(&library::reader(1).subject());
    let path = format!("/me/addresses/{}", library::reader(1).address);
    let mut new =
        json!({"version": 1, "recipient": "张三", "division": "110105", "street": "望京西园四区411号楼"});

    let changed = done(&ground, 200, "PUT", &path, &token, &new).await;

    assert_eq!((&changed["version"], &changed["phone"]), (&json!(2), &json!("138****0001")));
    let again = ask(&ground, "PUT", &path, &token, &new).await;
    assert_eq!((again.status, &again.body["code"]), (409, &json!("changed_elsewhere")));
    new["version"] = json!(2);
    new["phone"] = json!("139 0000 0001");
    assert_eq!(done(&ground, 200, "PUT", &path, &token, &new).await["phone"], "139****0001");
}

#[tokio::test]
async fn a_book_has_room_for_twenty() {
    let ground = Ground::new().await;
    let token = ground.token(&library::reader(1).subject());
    for n in 1..20 {
        added(&ground, &token, &format!("address-{n:02}"), &address(&format!("{n}号"))).await;
    }
    let one_more = ask(&ground, "POST", "/me/addresses", &token, &address("21号")).await;
    assert_eq!((one_more.status, &one_more.body["code"]), (409, &json!("address_book_full")));
    assert_eq!(book(&ground, &token).await.len(), 20);
}

#[tokio::test]
async fn a_reader_learns_at_once_that_an_address_is_out_of_the_zone_and_where_to_go_instead() {
    let ground = Ground::new().await;
    let zones = vec![Zone { division: "110101".to_owned(), per_slot: None }];
    let narrow = RuleSet { version: 2, zones, ..RuleSet::founding() };
    yujie_table::rules::add(&ground.table, &narrow).await.unwrap();
    let token = ground.token(&library::reader(1).subject());

    let text = json!({"text": "张三 138 0013 8000 北京市朝阳区建国路88号"});
    let parsed = done(&ground, 200, "POST", "/me/addresses/parse", &token, &text).await;
    let added = done(&ground, 201, "POST", "/me/addresses", &token, &address("建国路88号")).await;
    let listed = book(&ground, &token).await;

    assert_eq!((&parsed["recipient"], &parsed["division"]), (&json!("张三"), &json!("110105")));
    for told in [&parsed["delivery"], &added["delivery"], &listed[0]["delivery"]] {
        assert_eq!((&told["possible"], &told["rules"]), (&json!(false), &json!(2)));
        assert_eq!(told["sites"].as_array().unwrap().len(), 3);
        assert_eq!(told["detail"], "这个地址不在配送范围内，请选择就近的取书点。");
    }
}
