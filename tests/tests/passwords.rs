//! Passwords: what they may be, changing one, and getting another one with a phone.

use jiff::SignedDuration;
use serde_json::{Value, json};
use yujie_tests::ground::{request, request_from, send};
use yujie_tests::{Answer, Ground, Sent, library};

const HOME: &str = "203.0.113.7";
const NEW: &str = "长安一片月万户捣衣声";

async fn post(ground: &Ground, path: &str, token: &str, key: &str, body: &Value) -> Answer {
    let mut request = request("POST", path, token, body);
    request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    send(ground.registration(), request).await
}

async fn sign_in(ground: &Ground, n: u32, password: &str) -> Answer {
    let body = json!({"card_no": library::reader(n).card_no, "password": password});
    let asked = request_from(HOME, "", ("POST", "/sessions"), "", &body);
    send(ground.registration(), asked).await
}

fn text(answer: &Answer, name: &str) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body[name].as_str().unwrap().to_owned()
}

async fn refreshes(ground: &Ground, token: &str) -> bool {
    let body = json!({"refresh_token": token});
    send(ground.registration(), request("POST", "/sessions/refresh", "", &body)).await.status == 200
}

/// Has a code sent to a reader's phone, for another password.
async fn code(ground: &Ground, n: u32) -> String {
    // The one for their card was sent just now.
    ground.pass(SignedDuration::from_mins(1));
    let asked = json!({"phone": library::reader(n).phone.as_str(), "purpose": "password"});
    assert_eq!(post(ground, "/phone-codes", "", "any-key-1", &asked).await.status, 202);
    let Some(Sent::Sms { text, .. }) = ground.outside.take().pop() else { panic!("no SMS") };
    text.chars().skip_while(|c| !c.is_ascii_digit()).take(6).collect()
}

/// Asks for another password with the card of one reader, the phone of another, and a code.
async fn reset(ground: &Ground, key: &str, (card, phone): (u32, u32), code: &str, new: &str) -> Answer {
    let body = json!({
        "card_no": library::reader(card).card_no, "phone": library::reader(phone).phone.as_str(),
        "code": code, "new_password": new,
    });
    post(ground, "/password-resets", "", key, &body).await
}

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions() {
    let ground = Ground::new().await;
    let here = sign_in(&ground, 1, library::PASSWORD).await;
    let elsewhere = text(&sign_in(&ground, 1, library::PASSWORD).await, "refresh_token");
    let token = text(&here, "access_token");
    let change = json!({"old_password": library::PASSWORD, "new_password": NEW});

    let done = post(&ground, "/me/password", &token, "change-key-1", &change).await;
    let again = post(&ground, "/me/password", &token, "change-key-1", &change).await;

    assert_eq!((done.status, &done.body), (200, &json!({"ended": "others"})));
    assert_eq!((again.status, &again.body), (200, &done.body), "a repeated request is the same one");
    assert!(refreshes(&ground, &text(&here, "refresh_token")).await);
    assert!(!refreshes(&ground, &elsewhere).await);
    assert_eq!(sign_in(&ground, 1, library::PASSWORD).await.status, 401);
    assert_eq!(sign_in(&ground, 1, NEW).await.status, 200);
}

#[tokio::test]
async fn who_does_not_know_the_old_password_changes_nothing_and_guesses_slowly() {
    let ground = Ground::new().await;
    let token = text(&sign_in(&ground, 1, library::PASSWORD).await, "access_token");
    for n in 0..5 {
        let change = json!({"old_password": "wrong password", "new_password": NEW});
        let answer = post(&ground, "/me/password", &token, &format!("change-key-{n}"), &change).await;
        assert_eq!((answer.status, &answer.body["code"]), (401, &json!("wrong_credentials")));
    }
    let change = json!({"old_password": library::PASSWORD, "new_password": NEW});
    let answer = post(&ground, "/me/password", &token, "change-key-9", &change).await;
    assert_eq!((answer.status, answer.headers["retry-after"].to_str().unwrap()), (429, "60"));
}

#[tokio::test]
async fn a_password_that_others_guess_first_is_refused_wherever_it_is_set() {
    let ground = Ground::new().await;
    let one = library::reader(1);
    let token = ground.token(&one.subject());
    let sent = code(&ground, 1).await;
    for bad in ["short", "12345678", "1987-06-05", one.card_no.as_str(), one.phone.as_str()] {
        let change = json!({"old_password": library::PASSWORD, "new_password": bad});
        let answer = post(&ground, "/me/password", &token, "change-key-1", &change).await;
        assert_eq!((answer.status, &answer.body["fields"][0]["field"]), (422, &json!("new_password")));
        let answer = reset(&ground, "reset-key-1", (1, 1), &sent, bad).await;
        assert_eq!((answer.status, &answer.body["code"]), (422, &json!("invalid_field")), "{bad}");
        assert!(!answer.body.to_string().contains(bad), "a password is not repeated");
    }
    assert_eq!(reset(&ground, "reset-key-2", (1, 1), &sent, NEW).await.status, 200, "the code is still good");
}

#[tokio::test]
async fn a_phone_code_sets_another_password_once_and_ends_all_sessions() {
    let ground = Ground::new().await;
    let before = text(&sign_in(&ground, 1, library::PASSWORD).await, "refresh_token");
    let sent = code(&ground, 1).await;

    let done = reset(&ground, "reset-key-1", (1, 1), &sent, NEW).await;
    let again = reset(&ground, "reset-key-1", (1, 1), &sent, NEW).await;
    let reused = reset(&ground, "reset-key-2", (1, 1), &sent, "another password").await;

    assert_eq!((done.status, &done.body), (200, &json!({"ended": "all"})));
    assert_eq!((again.status, &again.headers["idempotent-replayed"]), (200, &"true".parse().unwrap()));
    assert_eq!((reused.status, &reused.body["code"]), (422, &json!("reset_refused")));
    assert!(!refreshes(&ground, &before).await);
    assert_eq!(sign_in(&ground, 1, library::PASSWORD).await.status, 401);
    assert_eq!(sign_in(&ground, 1, NEW).await.status, 200);
}

#[tokio::test]
async fn whether_card_and_phone_belong_together_is_told_to_nobody() {
    let ground = Ground::new().await;
    let own = code(&ground, 2).await;
    let costs = async |key: &str, ask: (u32, u32), code: &str| {
        let (calls, hashes) = (ground.faults.calls(), yujie_runtime::password::computed());
        let answer = reset(&ground, key, ask, code, NEW).await;
        let cost = (ground.faults.calls() - calls, yujie_runtime::password::computed() - hashes);
        (answer.status, answer.body, cost)
    };
    // Reader 2 has a code of their own phone, and knows the number of a card that is not theirs, and of one that is nobody's.
    let of_another = costs("reset-key-1", (1, 2), &own).await;
    let of_nobody = costs("reset-key-2", (77, 2), &own).await;
    let wrong_code = costs("reset-key-3", (2, 2), "000000").await;

    assert_eq!(of_another, of_nobody);
    assert_eq!(of_another, wrong_code);
    assert_eq!(of_another.1["code"], "reset_refused");
    assert_eq!(sign_in(&ground, 1, library::PASSWORD).await.status, 200, "nothing has changed");
    let right = reset(&ground, "reset-key-4", (2, 2), &own, NEW).await;
    assert_eq!(right.status, 200, "and the code was not spent: {}", right.body);
}

#[tokio::test]
async fn a_reset_lets_its_reader_in_from_there_whatever_was_tried_before() {
    let ground = Ground::new().await;
    for _ in 0..5 {
        assert_eq!(sign_in(&ground, 1, "wrong password").await.status, 401);
    }
    assert_eq!(sign_in(&ground, 1, library::PASSWORD).await.status, 429);
    let body = json!({
        "card_no": library::reader(1).card_no, "phone": library::reader(1).phone.as_str(),
        "code": code(&ground, 1).await, "new_password": NEW,
    });
    let asked = request_from(HOME, "", ("POST", "/password-resets"), "", &body);
    assert_eq!(send(ground.registration(), asked).await.status, 200);

    assert_eq!(sign_in(&ground, 1, NEW).await.status, 200);
}

/// Makes a card's password one that the library gave, as an import of cards does.
async fn give_initial(ground: &Ground, n: u32) {
    let number = library::reader(n).card_no;
    let table = ground.table.client().update_item().table_name(ground.table.name());
    let text = |text: String| aws_sdk_dynamodb::types::AttributeValue::S(text);
    table
        .key("pk", text(format!("CARD#{number}")))
        .key("sk", text("CARD".to_owned()))
        .update_expression("SET #initial = :yes")
        .expression_attribute_names("#initial", "initial")
        .expression_attribute_values(":yes", aws_sdk_dynamodb::types::AttributeValue::Bool(true))
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn an_initial_password_signs_nobody_in_and_sets_ones_own_with_a_phone_code() {
    let ground = Ground::new().await;
    give_initial(&ground, 1).await;

    let first = sign_in(&ground, 1, library::PASSWORD).await;
    assert_eq!((first.status, &first.body["code"]), (409, &json!("password_must_be_set")));
    assert!(first.body.get("access_token").is_none());
    assert_eq!(sign_in(&ground, 1, "wrong password").await.status, 401);

    let sent = code(&ground, 1).await;
    let without = reset(&ground, "reset-key-1", (1, 1), &sent, NEW).await;
    assert_eq!((without.status, &without.body["code"]), (422, &json!("reset_refused")));
    let mut body = json!({
        "card_no": library::reader(1).card_no, "phone": library::reader(1).phone.as_str(),
        "code": sent, "new_password": NEW, "initial_password": "wrong password",
    });
    assert_eq!(post(&ground, "/password-resets", "", "reset-key-2", &body).await.status, 422);
    body["initial_password"] = json!(library::PASSWORD);
    assert_eq!(post(&ground, "/password-resets", "", "reset-key-3", &body).await.status, 200);

    assert_eq!(sign_in(&ground, 1, NEW).await.status, 200);
    let sent = code(&ground, 1).await;
    assert_eq!(reset(&ground, "reset-key-4", (1, 1), &sent, library::PASSWORD).await.status, 200);
}

#[tokio::test]
async fn of_a_sign_in_and_a_reset_at_once_no_session_with_the_old_password_is_left() {
    // The reset comes before each call of the sign-in in turn.
    for before in 0.. {
        let ground = Ground::new().await;
        let sent = code(&ground, 1).await;
        let body = json!({
            "card_no": library::reader(1).card_no, "phone": library::reader(1).phone.as_str(),
            "code": sent, "new_password": NEW,
        });
        let mut asked = request("POST", "/password-resets", "", &body);
        asked.headers_mut().insert("idempotency-key", "reset-key-1".parse().unwrap());
        let registration = ground.registration();
        ground.faults.before_call(before, async move {
            assert_eq!(send(registration, asked).await.status, 200);
        });
        let answer = sign_in(&ground, 1, library::PASSWORD).await;
        if ground.faults.met().is_none() {
            assert!(before > 4, "a sign-in has several calls");
            return;
        }
        if answer.status == 200 {
            assert!(!refreshes(&ground, &text(&answer, "refresh_token")).await, "before call {before}");
        } else {
            assert_eq!(answer.body["code"], "wrong_credentials", "before call {before}");
        }
    }
}
