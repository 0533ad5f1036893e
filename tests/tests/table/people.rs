//! Cards, codes and sessions, over HTTP.

use axum::Router;
use jiff::SignedDuration;
use serde_json::{Value, json};
use yujie_tests::ground::{request, send};
use yujie_tests::{Answer, Ground, Sent, library};

const PHONE: &str = "13900000009";

async fn post(function: &Router, path: &str, key: &str, body: &Value) -> Answer {
    let mut request = request("POST", path, "", body);
    if !key.is_empty() {
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    }
    send(function.clone(), request).await
}

/// Asks for a code and reads it on the phone.
async fn code(ground: &Ground, registration: &Router) -> Option<String> {
    let answer = post(registration, "/phone-codes", "", &json!({"phone": PHONE})).await;
    if let Some(Sent::Sms { phone, text }) = ground.outside.take().pop() {
        assert_eq!((answer.status, phone.as_str()), (202, "+8613900000009"));
        let digits: String = text.chars().skip_while(|c| !c.is_ascii_digit()).take(6).collect();
        assert!(text.starts_with("【预借】验证码 "), "{text}");
        Some(digits)
    } else {
        assert_eq!((answer.status, &answer.body["code"]), (429, &json!("too_many_requests")));
        None
    }
}

async fn apply(registration: &Router, key: &str, code: &str) -> Answer {
    let application = json!({
        "name": "王小明", "phone": PHONE, "code": code, "password": "correct horse",
        "document": {"kind": "resident_id", "number": "11010519491231002X"}, "consent": true,
    });
    post(registration, "/cards", key, &application).await
}

#[tokio::test]
async fn a_code_makes_a_card_once() {
    let ground = Ground::new().await;
    let registration = ground.registration();
    let code = code(&ground, &registration).await.unwrap();

    let card = apply(&registration, "my-card-1", &code).await;
    assert_eq!(card.status, 201, "{}", card.body);
    let again = apply(&registration, "my-card-1", &code).await;
    assert_eq!((again.status, &again.body), (201, &card.body));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let other = apply(&registration, "my-card-2", &code).await;
    assert_eq!((other.status, &other.body["code"]), (422, &json!("wrong_phone_code")), "the code is used up");
}

#[tokio::test]
async fn a_person_has_one_card_and_a_phone_belongs_to_one() {
    let ground = Ground::new().await;
    let registration = ground.registration();
    let first = code(&ground, &registration).await.unwrap();
    assert_eq!(apply(&registration, "my-card-1", &first).await.status, 201);
    ground.pass(SignedDuration::from_mins(2));
    let second = code(&ground, &registration).await.unwrap();

    let same_person = apply(&registration, "my-card-2", &second).await;

    assert_eq!((same_person.status, &same_person.body["code"]), (409, &json!("person_has_card")));
    let same_phone = json!({
        "name": "王小红", "phone": PHONE, "code": second, "password": "correct horse",
        "document": {"kind": "resident_id", "number": "110101189003071023"}, "consent": true,
    });
    let same_phone = post(&registration, "/cards", "my-card-3", &same_phone).await;
    assert_eq!((same_phone.status, &same_phone.body["code"]), (409, &json!("phone_taken")));
}

#[tokio::test]
async fn wrong_codes_are_counted_and_five_are_too_many() {
    let ground = Ground::new().await;
    let registration = ground.registration();
    let right = code(&ground, &registration).await.unwrap();
    for n in 0..4 {
        let answer = apply(&registration, &format!("my-card-{n}"), "999999").await;
        assert_eq!((answer.status, &answer.body["code"]), (422, &json!("wrong_phone_code")));
    }
    let items = ground.items();
    let kept = &items[&format!("PHONE#{} / CODE", ground.keys.hash("phone", PHONE))];
    assert_eq!(kept["tries"]["N"], "4");

    apply(&registration, "my-card-4", "999999").await;
    let answer = apply(&registration, "my-card-5", &right).await;

    assert_eq!(
        (answer.status, &answer.body["code"]),
        (422, &json!("wrong_phone_code")),
        "after five tries the right one is wrong too"
    );
}

#[tokio::test]
async fn a_code_lives_five_minutes() {
    let ground = Ground::new().await;
    let registration = ground.registration();
    let sent = code(&ground, &registration).await.unwrap();

    ground.pass(SignedDuration::from_mins(5));
    let late = apply(&registration, "my-card-1", &sent).await;
    assert_eq!((late.status, &late.body["code"]), (422, &json!("wrong_phone_code")));

    let fresh = code(&ground, &registration).await.unwrap();
    ground.pass(SignedDuration::from_secs(299));
    assert_eq!(apply(&registration, "my-card-2", &fresh).await.status, 201);
}

/// Asks for a code, and answers how many seconds there are to wait if none was sent.
async fn waits(ground: &Ground, registration: &Router) -> Option<i64> {
    let answer = post(registration, "/phone-codes", "", &json!({"phone": PHONE})).await;
    assert_eq!(answer.status == 202, ground.outside.take().len() == 1, "{}", answer.body);
    answer.headers.get("retry-after").map(|seconds| seconds.to_str().unwrap().parse().unwrap())
}

#[tokio::test]
async fn a_number_gets_one_code_a_minute_and_is_told_when_the_next_one() {
    let ground = Ground::new().await;
    let registration = ground.registration();
    assert_eq!(waits(&ground, &registration).await, None);
    assert_eq!(waits(&ground, &registration).await, Some(60));
    ground.pass(SignedDuration::from_secs(59));
    assert_eq!(waits(&ground, &registration).await, Some(1));
    ground.pass(SignedDuration::from_secs(1));
    assert_eq!(waits(&ground, &registration).await, None);
}

#[tokio::test]
async fn a_number_gets_five_codes_an_hour_and_ten_a_day_whether_they_were_used_or_not() {
    let ground = Ground::new().await;
    let registration = ground.registration();
    let first = code(&ground, &registration).await.unwrap();
    assert_eq!(apply(&registration, "my-card-1", &first).await.status, 201);
    for _ in 0..4 {
        ground.pass(SignedDuration::from_mins(2));
        assert_eq!(waits(&ground, &registration).await, None);
    }
    ground.pass(SignedDuration::from_mins(2));
    assert_eq!(waits(&ground, &registration).await, Some(50 * 60), "the first was ten minutes ago");
    for _ in 0..5 {
        ground.pass(SignedDuration::from_mins(50));
        assert_eq!(waits(&ground, &registration).await, None);
    }
    // It began at ten in the morning of Shanghai.
    ground.pass(SignedDuration::from_hours(2));
    let until_midnight = SignedDuration::from_hours(14) - SignedDuration::from_mins(10 + 5 * 50 + 120);
    assert_eq!(waits(&ground, &registration).await, Some(until_midnight.as_secs()));
    ground.pass(until_midnight);
    assert_eq!(waits(&ground, &registration).await, None, "another day");
}

#[tokio::test]
async fn of_many_requests_for_one_number_at_once_one_is_sent() {
    let ground = Ground::new().await;
    let registration = ground.registration();
    let asked = json!({"phone": PHONE});
    let ask = || post(&registration, "/phone-codes", "", &asked);
    let answers = futures_util::future::join_all((0..20).map(|_| ask())).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 202).count(), 1);
    assert_eq!(ground.outside.take().len(), 1);
}

#[tokio::test]
async fn a_code_that_was_asked_for_something_else_makes_no_card() {
    let ground = Ground::new().await;
    let registration = ground.registration();
    for (n, purpose) in ["password", "family", "deletion"].into_iter().enumerate() {
        let asked = json!({"phone": PHONE, "purpose": purpose});
        assert_eq!(post(&registration, "/phone-codes", "", &asked).await.status, 202);
        let Some(Sent::Sms { text, .. }) = ground.outside.take().pop() else { panic!("no SMS") };
        let digits: String = text.chars().skip_while(|c| !c.is_ascii_digit()).take(6).collect();
        let answer = apply(&registration, &format!("my-card-{n}"), &digits).await;
        assert_eq!(answer.body["code"], "wrong_phone_code", "{purpose}");
        ground.pass(SignedDuration::from_mins(1));
    }
    let right = code(&ground, &registration).await.unwrap();
    assert_eq!(apply(&registration, "my-card-9", &right).await.status, 201);
    let unknown = post(&registration, "/phone-codes", "", &json!({"phone": PHONE, "purpose": "fun"})).await;
    assert_eq!(unknown.status, 400);
}

async fn sign_in(registration: &Router) -> String {
    let card = library::reader(1).card_no;
    let given = json!({"card_no": card.as_str(), "password": library::PASSWORD});
    let answer = post(registration, "/sessions", "", &given).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["refresh_token"].as_str().unwrap().to_owned()
}

async fn refresh(registration: &Router, token: &str) -> Option<String> {
    let answer = post(registration, "/sessions/refresh", "", &json!({"refresh_token": token})).await;
    match answer.status {
        200 => Some(answer.body["refresh_token"].as_str().unwrap().to_owned()),
        status => {
            assert_eq!((status, &answer.body["code"]), (401, &json!("unauthenticated")));
            None
        }
    }
}

#[tokio::test]
async fn a_refresh_token_used_twice_ends_the_session_for_everybody() {
    let ground = Ground::new().await;
    let registration = ground.registration();
    let stolen = sign_in(&registration).await;
    let elsewhere = sign_in(&registration).await;

    let next = refresh(&registration, &stolen).await.unwrap();
    assert_eq!(refresh(&registration, &stolen).await, None);

    assert_eq!(refresh(&registration, &next).await, None, "the thief's too");
    assert!(refresh(&registration, &elsewhere).await.is_some(), "another sign-in goes on");
}

#[tokio::test]
async fn of_two_uses_at_once_at_most_one_goes_on() {
    let ground = Ground::new().await;
    let registration = ground.registration();
    let token = sign_in(&registration).await;

    let both = futures_util::future::join_all((0..2).map(|_| refresh(&registration, &token))).await;

    let went_on: Vec<String> = both.into_iter().flatten().collect();
    assert!(went_on.len() <= 1);
    for token in went_on {
        assert_eq!(refresh(&registration, &token).await, None, "the family has ended");
    }
}

#[tokio::test]
async fn a_session_ends_after_thirty_days_of_rest() {
    let ground = Ground::new().await;
    let registration = ground.registration();
    let token = sign_in(&registration).await;
    ground.pass(SignedDuration::from_hours(24 * 30 - 1));
    let token = refresh(&registration, &token).await.unwrap();
    ground.pass(SignedDuration::from_hours(24 * 30));
    assert_eq!(refresh(&registration, &token).await, None);
}
