use serde_json::{Value, json};
use yujie_tests::{Ground, library};

use super::{GROWN_UP, PASSWORD, ask, assert_consistent, done, order, session, sign_in, with_a_card};

#[tokio::test]
async fn a_lost_card_signs_nobody_in_until_it_is_found() {
    let ground = Ground::new().await;
    let card = with_a_card(&ground, "13900000009", GROWN_UP).await;
    let desk = ground.token(&library::staff("desk-c01"));
    let path = format!("/staff/cards/{card}/loss");

    for _ in 0..2 {
        done(&ground, 204, "POST", &path, &desk, &Value::Null).await;
    }

    let refused = sign_in(ground.registration(), &card, PASSWORD).await;
    assert_eq!((refused.status, &refused.body["code"]), (403, &json!("card_lost")));
    let guessed = sign_in(ground.registration(), &card, "another one").await;
    assert_eq!(
        guessed.body["code"], "wrong_credentials",
        "only who knows the password learns that it is lost"
    );
    done(&ground, 204, "DELETE", &path, &desk, &Value::Null).await;
    assert_eq!(sign_in(ground.registration(), &card, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_lost_card_is_replaced_and_reader_password_and_order_stay() {
    let ground = Ground::new().await;
    let card = with_a_card(&ground, "13900000009", GROWN_UP).await;
    let token = session(&ground, &card).await;
    assert_eq!(
        order(&ground, &token, "b000004", &json!({"kind": "site", "site_id": "S01"})).await.status,
        201
    );
    let early = ask(&ground, "POST", "/me/card/replacement", &token, &Value::Null).await;
    assert_eq!((early.status, &early.body["code"]), (409, &json!("card_not_lost")));
    done(&ground, 204, "POST", "/me/card/loss", &token, &Value::Null).await;

    let new = done(&ground, 201, "POST", "/me/card/replacement", &token, &Value::Null).await;

    let again = ask(&ground, "POST", "/me/card/replacement", &token, &Value::Null).await;
    assert_eq!((again.status, &again.body), (201, &new), "the same request once more");
    let new = new["card_no"].as_str().unwrap();
    assert_ne!(new, card);
    assert_eq!(sign_in(ground.registration(), &card, PASSWORD).await.status, 401);
    let token = session(&ground, new).await;
    let me = done(&ground, 200, "GET", "/me", &token, &Value::Null).await;
    assert_eq!((&me["card_no"], &me["open_items"]), (&json!(new), &json!(1)));
    assert_consistent(&ground).await;
}
