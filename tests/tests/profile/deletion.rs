use serde_json::{Value, json};
use yujie_domain::audit::Kind;
use yujie_tests::audit::findings;
use yujie_tests::ground::{request, send};
use yujie_tests::{Crash, Ground, Life, library, scene};

use super::{
    GROWN_UP, PASSWORD, ask, assert_consistent, code, done, order, partition, session, sign_in, with_a_card,
};

const PHONE: &str = "13900000009";

#[tokio::test]
async fn all_that_is_open_is_said_at_once() {
    let ground = Ground::new().await;
    let life = Life::new(&ground);
    let person = library::reader(1);
    life.to_the_door(&person, &["b000006"]).await;
    let token = ground.token(&person.subject());
    assert_eq!(
        order(&ground, &token, "b000004", &json!({"kind": "site", "site_id": "S01"})).await.status,
        201
    );
    let before = partition(&ground, &person.rid);

    let refused = ask(&ground, "DELETE", "/me", &token, &json!({"code": "123456"})).await;

    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("deletion_refused")));
    let kinds: Vec<&Value> =
        refused.body["reasons"].as_array().unwrap().iter().map(|one| &one["code"]).collect();
    assert_eq!(kinds, ["ordered", "loan"]);
    assert!(refused.body["reasons"][1]["detail"].as_str().unwrap().contains("红楼梦"));
    assert_eq!(partition(&ground, &person.rid), before, "nothing is lost");
}

/// A reader with a past: an order that was cancelled, a wait, an address, a wish. The access token.
async fn with_a_past(ground: &Ground) -> (String, String) {
    let card = with_a_card(ground, PHONE, GROWN_UP).await;
    let token = session(ground, &card).await;
    let home =
        json!({"recipient": "王秀英", "phone": PHONE, "division": "110105", "street": "望京西园1号楼"});
    let home = done(ground, 201, "POST", "/me/addresses", &token, &home).await["address_id"].clone();
    let to = json!({"kind": "home", "address_id": home});
    let placed = order(ground, &token, "b000004", &to).await;
    let number = placed.body["order_no"].as_str().unwrap();
    let mut cancel = request("POST", &format!("/orders/{number}/cancel"), &token, &json!({"barcodes": []}));
    cancel.headers_mut().insert("idempotency-key", "cancel-it".parse().unwrap());
    assert_eq!(send(ground.ordering(), cancel).await.status, 200);
    scene::place(
        ground,
        &library::reader(2),
        "261123TAKEN00001",
        &["C0000601"],
        yujie_domain::parcel::Destination::Home,
    )
    .await;
    let mut wait = request("POST", "/holds", &token, &json!({"title_id": "b000006", "deliver_to": to}));
    wait.headers_mut().insert("idempotency-key", "wait-for-it".parse().unwrap());
    let wait = send(ground.ordering(), wait).await;
    assert_eq!(wait.status, 201, "{}", wait.body);
    Life::new(ground).settle().await;
    ground.pass(jiff::SignedDuration::from_mins(2));
    (card, token)
}

#[tokio::test]
async fn a_reader_leaves_and_nothing_tells_who_it_was() {
    let ground = Ground::new().await;
    let (card, token) = with_a_past(&ground).await;
    let refresh = sign_in(ground.registration(), &card, PASSWORD).await.body["refresh_token"].clone();
    let rid = {
        let hash = ground.keys.hash("document", GROWN_UP);
        yujie_table::reader::who_has(&ground.table, yujie_domain::audit::Sole::Document, &hash)
            .await
            .unwrap()
            .unwrap()
    };
    let wrong = ask(&ground, "DELETE", "/me", &token, &json!({"code": "000000"})).await;
    assert_eq!((wrong.status, &wrong.body["code"]), (422, &json!("wrong_phone_code")));
    let code = code(&ground, PHONE, "deletion").await;

    done(&ground, 204, "DELETE", "/me", &token, &json!({"code": code})).await;

    done(&ground, 204, "DELETE", "/me", &token, &json!({"code": code})).await;
    let left: Vec<String> = partition(&ground, &rid)
        .into_iter()
        .map(|(sk, item)| {
            assert!(item.get("who").is_none() && item.get("sealed").is_none(), "{sk}");
            item["kind"]["S"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(left, ["account", "order", "parcel"], "what was borrowed when, and not by whom");
    assert!(!ground.items().keys().any(|key| key.contains(&card)));
    assert_eq!(sign_in(ground.registration(), &card, PASSWORD).await.status, 401);
    let refreshing = request("POST", "/sessions/refresh", "", &json!({"refresh_token": refresh}));
    assert_eq!(send(ground.registration(), refreshing).await.status, 401, "the session is over");
    assert_eq!(ask(&ground, "GET", "/me", &token, &Value::Null).await.status, 401);
    assert_eq!(
        order(&ground, &token, "b000005", &json!({"kind": "site", "site_id": "S01"})).await.status,
        401
    );
    assert_consistent(&ground).await;
    ground.pass(jiff::SignedDuration::from_hours(25));
    let again = with_a_card(&ground, PHONE, GROWN_UP).await;
    assert_eq!(sign_in(ground.registration(), &again, PASSWORD).await.status, 200, "who comes back is new");
}

#[tokio::test]
async fn a_deletion_that_breaks_off_anywhere_is_found_and_goes_on_where_it_was() {
    let mut unfinished = 0;
    for skip in 0..40 {
        let ground = Ground::near(2).await;
        let (_, token) = with_a_past(&ground).await;
        let farewell = json!({"code": code(&ground, PHONE, "deletion").await});
        ground.faults.crash(skip, Crash::After);

        ask(&ground, "DELETE", "/me", &token, &farewell).await;

        if !ground.faults.revive() {
            // The account is closed; and the address is gone; and the session; and the order says no more where it went.
            assert_eq!(unfinished, 4);
            return;
        }
        let found = findings(&ground).await;
        unfinished += usize::from(found.iter().any(|one| one.kind == Kind::DeletionUnfinished));
        let again = ask(&ground, "DELETE", "/me", &token, &farewell).await;
        // Before the account is closed a try of the code is used up and nothing else is lost; then it is over.
        assert_eq!(again.status, 204, "after {skip} writes: {}", again.body);
        assert_consistent(&ground).await;
    }
    panic!("it has no end");
}
