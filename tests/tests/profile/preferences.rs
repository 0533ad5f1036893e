use serde_json::{Value, json};
use yujie_tests::{Ground, Life, Sent, library};

use super::{ask, done};

#[tokio::test]
async fn who_wants_no_sms_on_each_step_gets_none_and_finds_all_in_the_inbox() {
    let ground = Ground::new().await;
    let reader = library::reader(1);
    let token = ground.token(&reader.subject());
    let mut wants = done(&ground, 200, "GET", "/me/preferences", &token, &Value::Null).await;
    assert_eq!(
        (&wants["version"], &wants["preferences"]["topics"]["parcels"]["sms"]),
        (&json!(0), &json!(true))
    );
    wants["preferences"]["topics"]["parcels"]["sms"] = json!(false);
    assert_eq!(done(&ground, 200, "PUT", "/me/preferences", &token, &wants).await["version"], 1);
    let stale = ask(&ground, "PUT", "/me/preferences", &token, &wants).await;
    assert_eq!((stale.status, &stale.body["code"]), (409, &json!("changed_elsewhere")));

    let life = Life::new(&ground);
    life.to_the_door(&reader, &["b000006"]).await;

    let inbox = done(&ground, 200, "GET", "/me/notices", &token, &Value::Null).await;
    let inbox = inbox["items"].as_array().unwrap();
    assert!(inbox.len() > 3 && inbox.iter().all(|notice| notice["sms"] == "off"), "{inbox:#?}");
    let gone = life.gone.lock().unwrap();
    assert!(!gone.iter().any(|sent| matches!(sent, Sent::Sms { .. })), "{gone:?}");
}
