//! Units of signing in, asserted. `docs/table.md` has the same numbers. A put that is refused, which brings the tries that stand, costs 1
//! more and is not counted by the client.

use serde_json::{Value, json};
use yujie_tests::ground::{request, request_from, send};
use yujie_tests::{Answer, Ground, library};

/// Tenths of units that something wrote and read.
async fn units(ground: &Ground, doing: impl Future<Output = Answer>) -> (Answer, u64, u64) {
    let before = ground.table.consumed();
    let answer = doing.await;
    let after = ground.table.consumed();
    (answer, after.write_tenths - before.write_tenths, after.read_tenths - before.read_tenths)
}

async fn ask(ground: &Ground, method: &str, path: &str, token: &str, body: Value) -> Answer {
    let mut request = request(method, path, token, &body);
    request.headers_mut().insert("idempotency-key", "costs-key-1".parse().unwrap());
    send(ground.registration(), request).await
}

async fn sign_in(ground: &Ground) -> Answer {
    let body = json!({"card_no": library::reader(1).card_no, "password": library::PASSWORD});
    let asked = request_from("203.0.113.7", "", ("POST", "/sessions"), "", &body);
    send(ground.registration(), asked).await
}

#[tokio::test]
async fn signing_in_refreshing_and_a_new_password_have_their_price() {
    let ground = Ground::new().await;
    let mut costs = Vec::new();
    let mut note = |what: &'static str, (answer, written, read): (Answer, u64, u64)| {
        assert!(answer.status < 300, "{what}: {}", answer.body);
        costs.push((what, written, read));
        answer
    };

    note("sign in at a new place", units(&ground, sign_in(&ground)).await);
    let signed_in = note("sign in at a known one", units(&ground, sign_in(&ground)).await);
    let token = signed_in.body["access_token"].as_str().unwrap().to_owned();
    let refresh = json!({"refresh_token": signed_in.body["refresh_token"]});
    note("refresh", units(&ground, ask(&ground, "POST", "/sessions/refresh", "", refresh)).await);
    note("list", units(&ground, ask(&ground, "GET", "/me/sessions", &token, Value::Null)).await);
    let change = json!({"old_password": library::PASSWORD, "new_password": "three blind mice"});
    note("another password", units(&ground, ask(&ground, "POST", "/me/password", &token, change)).await);
    note("sign out", units(&ground, ask(&ground, "DELETE", "/sessions/current", &token, Value::Null)).await);
    let phone = json!({"phone": "13900000009"});
    note("a phone code", units(&ground, ask(&ground, "POST", "/phone-codes", "", phone)).await);

    assert_eq!(
        costs,
        [
            ("sign in at a new place", 90, 20),
            ("sign in at a known one", 80, 20),
            ("refresh", 10, 0),
            ("list", 0, 10),
            ("another password", 110, 50),
            ("sign out", 20, 0),
            ("a phone code", 20, 0),
        ],
        "tenths of units written, read"
    );
}
