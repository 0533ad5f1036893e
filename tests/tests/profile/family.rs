use serde_json::{Value, json};
use yujie_domain::audit::Sole;
use yujie_table::reader;
use yujie_tests::ground::{request, send};
use yujie_tests::{Ground, library};

use super::{CHILD, GROWN_UP, ask, assert_consistent, code, done, order, session, with_a_card};

/// A guardian's token.
async fn guardian(ground: &Ground) -> String {
    let card = with_a_card(ground, "13900000009", GROWN_UP).await;
    session(ground, &card).await
}

fn child() -> Value {
    json!({"name": "王小宝", "document": CHILD, "guardian_document": GROWN_UP, "guardian_consent": true})
}

async fn acting(ground: &Ground, token: &str, rid: &str) -> String {
    let path = format!("/me/family/{rid}/session");
    let session = done(ground, 200, "POST", &path, token, &Value::Null).await;
    assert!(session.get("refresh_token").is_none());
    session["access_token"].as_str().unwrap().to_owned()
}

async fn get(ground: &Ground, token: &str, path: &str) -> Value {
    let answer = send(ground.ordering(), request("GET", path, token, &Value::Null)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

#[tokio::test]
async fn a_guardian_orders_for_a_child_on_the_childs_card_to_the_guardians_door() {
    let ground = Ground::new().await;
    let token = guardian(&ground).await;
    let home = json!({"recipient": "王秀英", "phone": "13900000009", "division": "110105", "street": "望京西园1号楼"});
    let home = done(&ground, 201, "POST", "/me/addresses", &token, &home).await["address_id"].clone();

    let card = done(&ground, 201, "POST", "/me/children", &token, &child()).await;
    let rid = card["reader_id"].as_str().unwrap();
    let for_child = acting(&ground, &token, rid).await;
    let addresses = done(&ground, 200, "GET", "/me/addresses", &for_child, &Value::Null).await;
    let placed = order(&ground, &for_child, "b000004", &json!({"kind": "home", "address_id": home})).await;

    assert_eq!(addresses["items"][0]["address_id"], home);
    assert!(addresses["items"][0]["of_reader"].is_string(), "it is the guardian's");
    assert_eq!(placed.status, 201, "{}", placed.body);
    let family = done(&ground, 200, "GET", "/me/family", &token, &Value::Null).await;
    assert_eq!(
        (&family["acts_for"][0]["name"], &family["acts_for"][0]["ground"]),
        (&json!("王小宝"), &json!("guardian"))
    );
    assert_eq!(family["acts_for"][0]["card_no"], card["card_no"]);
    let orders = get(&ground, &for_child, "/orders").await;
    let guardian =
        reader::who_has(&ground.table, Sole::Document, &ground.keys.hash("document", GROWN_UP)).await;
    assert_eq!(orders["items"][0]["acted_by"], guardian.unwrap().unwrap().as_str());
    assert_eq!(
        get(&ground, &token, "/orders").await["items"],
        json!([]),
        "the guardian's own account is empty"
    );
    let me = done(&ground, 200, "GET", "/me", &for_child, &Value::Null).await;
    assert_eq!((&me["card_no"], &me["open_items"]), (&card["card_no"], &json!(1)));
    assert_consistent(&ground).await;
}

#[tokio::test]
async fn a_child_has_one_card_and_its_guardian_is_who_the_document_says() {
    let ground = Ground::new().await;
    let token = guardian(&ground).await;
    let somebody = ground.token(&library::reader(1).subject());
    let others = ask(&ground, "POST", "/me/children", &somebody, &child()).await;
    assert_eq!((others.status, &others.body["fields"][0]["field"]), (422, &json!("guardian_document")));

    let first = done(&ground, 201, "POST", "/me/children", &token, &child()).await;

    let same = ask(&ground, "POST", "/me/children", &token, &child()).await;
    assert_eq!((same.status, &same.body), (201, &first), "the same request once more");
    let mut again = request("POST", "/me/children", &token, &child());
    again.headers_mut().insert("idempotency-key", "another-request".parse().unwrap());
    let again = send(ground.profile(), again).await;
    assert_eq!((again.status, &again.body["code"]), (409, &json!("person_has_card")));
    let path = format!("/me/family/{}", first["reader_id"].as_str().unwrap());
    let leaving = ask(&ground, "DELETE", &path, &token, &Value::Null).await;
    assert_eq!((leaving.status, &leaving.body["code"]), (409, &json!("last_guardian")));
}

#[tokio::test]
async fn whoever_acts_cannot_do_what_only_the_reader_may() {
    let ground = Ground::new().await;
    let token = guardian(&ground).await;
    let card = done(&ground, 201, "POST", "/me/children", &token, &child()).await;
    let for_child = acting(&ground, &token, card["reader_id"].as_str().unwrap()).await;
    for (method, path, body) in [
        ("DELETE", "/me", json!({"code": "123456"})),
        ("GET", "/me/export", Value::Null),
        ("POST", "/me/children", child()),
        ("POST", "/me/family", json!({"phone": "13800000001", "code": "123456"})),
        ("DELETE", "/me/family/01JD9Z0000000000000RDR0001", Value::Null),
        ("POST", "/me/family/01JD9Z0000000000000RDR0001/session", Value::Null),
    ] {
        let answer = ask(&ground, method, path, &for_child, &body).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (403, &json!("not_while_acting")),
            "{method} {path}"
        );
    }
    let privacy = request("PUT", "/me/recommendations", &for_child, &json!({"takes_part": true}));
    assert_eq!(send(ground.ordering(), privacy).await.status, 403);
}

#[tokio::test]
async fn an_old_parent_is_helped_after_a_code_on_the_parents_own_phone_and_either_side_ends_it() {
    let ground = Ground::new().await;
    let (daughter, father) = (library::reader(1), library::reader(2));
    let (token, fathers) = (ground.token(&daughter.subject()), ground.token(&father.subject()));
    let wrong = json!({"phone": father.phone.as_str(), "code": "000000"});
    assert_eq!(ask(&ground, "POST", "/me/family", &token, &wrong).await.body["code"], "wrong_phone_code");
    ground.pass(jiff::SignedDuration::from_mins(2));

    let right =
        json!({"phone": father.phone.as_str(), "code": code(&ground, father.phone.as_str(), "family").await});
    let mut asked = request("POST", "/me/family", &token, &right);
    asked.headers_mut().insert("idempotency-key", "to-help-my-father".parse().unwrap());
    let linked = send(ground.profile(), asked).await;

    assert_eq!((linked.status, &linked.body["reader_id"]), (201, &json!(father.rid.as_str())));
    let for_father = acting(&ground, &token, father.rid.as_str()).await;
    let to = json!({"kind": "home", "address_id": father.address.as_str()});
    assert_eq!(order(&ground, &for_father, "b000005", &to).await.status, 201);
    assert_eq!(get(&ground, &fathers, "/orders").await["items"][0]["acted_by"], daughter.rid.as_str());
    let seen = done(&ground, 200, "GET", "/me/family", &fathers, &Value::Null).await;
    assert_eq!((&seen["acted_for_by"][0]["name"], &seen["acts_for"]), (&json!("张*"), &json!([])));
    assert_consistent(&ground).await;

    done(&ground, 204, "DELETE", &format!("/me/family/{}", daughter.rid), &fathers, &Value::Null).await;

    let path = format!("/me/family/{}/session", father.rid);
    assert_eq!(ask(&ground, "POST", &path, &token, &Value::Null).await.status, 404);
    ground.pass(yujie_runtime::auth::LIFETIME);
    assert_eq!(
        ask(&ground, "GET", "/me", &for_father, &Value::Null).await.status,
        401,
        "what was signed is over"
    );
    assert_consistent(&ground).await;
}
