//! What a reader has here besides books: addresses, family, the card and its loss, what is told, a copy of it all, and its end.

mod addresses;
mod cards;
mod deletion;
mod export;
mod family;
mod preferences;

use axum::Router;
use jiff::SignedDuration;
use serde_json::{Value, json};
use yujie_domain::ReaderId;
use yujie_domain::audit::Severity;
use yujie_tests::audit::findings;
use yujie_tests::ground::{request, send};
use yujie_tests::{Answer, Ground, Sent};

const PASSWORD: &str = "correct horse";
/// Whose birth date is 31 December 1949, and 29 February 2020.
const GROWN_UP: &str = "11010519491231002X";
const CHILD: &str = "999999202002290018";

/// Asks `profile` for something, with a key for what needs one.
async fn ask(ground: &Ground, method: &str, path: &str, token: &str, body: &Value) -> Answer {
    let mut asked = request(method, path, token, body);
    let key = format!("{method}-{}", path.replace('/', "-"));
    asked.headers_mut().insert("idempotency-key", key.parse().unwrap());
    send(ground.profile(), asked).await
}

/// The same, and nothing else than this status.
async fn done(ground: &Ground, status: u16, method: &str, path: &str, token: &str, body: &Value) -> Value {
    let answer = ask(ground, method, path, token, body).await;
    assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
    answer.body
}

/// A code on a phone, for a purpose. A number has one in a minute.
async fn code(ground: &Ground, phone: &str, purpose: &str) -> String {
    ground.outside.take();
    ground.pass(SignedDuration::from_mins(1));
    let asked = request("POST", "/phone-codes", "", &json!({"phone": phone, "purpose": purpose}));
    assert_eq!(send(ground.registration(), asked).await.status, 202);
    let Some(Sent::Sms { text, .. }) = ground.outside.take().pop() else { panic!("no SMS") };
    text.chars().skip_while(|c| !c.is_ascii_digit()).take(6).collect()
}

/// A reader with a card of their own, from the application on: the card's number.
async fn with_a_card(ground: &Ground, phone: &str, document: &str) -> String {
    let code = code(ground, phone, "card").await;
    let application = json!({
        "name": "王秀英", "phone": phone, "code": code, "password": PASSWORD,
        "document": {"kind": "resident_id", "number": document}, "consent": true,
    });
    let mut asked = request("POST", "/cards", "", &application);
    asked.headers_mut().insert("idempotency-key", format!("card-{phone}-{code}").parse().unwrap());
    let card = send(ground.registration(), asked).await;
    assert_eq!(card.status, 201, "{}", card.body);
    card.body["card_no"].as_str().unwrap().to_owned()
}

async fn sign_in(registration: Router, card: &str, password: &str) -> Answer {
    let body = json!({"card_no": card, "password": password});
    send(registration, request("POST", "/sessions", "", &body)).await
}

/// The access token of a new session.
async fn session(ground: &Ground, card: &str) -> String {
    let session = sign_in(ground.registration(), card, PASSWORD).await;
    assert_eq!(session.status, 200, "{}", session.body);
    session.body["access_token"].as_str().unwrap().to_owned()
}

/// Places an order with an idempotency key of its title.
async fn order(ground: &Ground, token: &str, title: &str, to: &Value) -> Answer {
    let body = json!({"lines": [{"title_id": title}], "deliver_to": to, "if_missing": "cancel"});
    let mut asked = request("POST", "/orders", token, &body);
    asked.headers_mut().insert("idempotency-key", format!("order-{title}").parse().unwrap());
    send(ground.ordering(), asked).await
}

/// Nothing contradicts itself. Projections that follow the stream may be behind.
async fn assert_consistent(ground: &Ground) {
    let mut found = findings(ground).await;
    found.retain(|one| one.kind.severity() == Severity::Contradiction);
    assert_eq!(found, []);
}

/// Everything in a reader's partition, by its sort key.
fn partition(ground: &Ground, rid: &ReaderId) -> Vec<(String, Value)> {
    let prefix = format!("READER#{rid} / ");
    let of = |(key, item): (String, Value)| Some((key.strip_prefix(&prefix)?.to_owned(), item));
    ground.items().into_iter().filter_map(of).collect()
}
