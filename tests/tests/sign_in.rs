//! Signing in: how often it may be tried and from where, and the sessions that it begins.

use jiff::SignedDuration;
use serde_json::{Value, json};
use yujie_domain::CardNo;
use yujie_domain::sign_in::FREE;
use yujie_runtime::password;
use yujie_tests::ground::{request, request_from, send};
use yujie_tests::{Answer, Ground, library};

/// Where the readers live, and where somebody else does.
const HOME: &str = "203.0.113.7";
const STRANGER: &str = "198.51.100.9";
const PHONE: &str =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1";
const PC: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/129.0.0.0 Safari/537.36";

async fn try_card(ground: &Ground, from: &str, card: &str, password: &str) -> Answer {
    let body = json!({"card_no": card, "password": password});
    send(ground.registration(), request_from(from, PHONE, ("POST", "/sessions"), "", &body)).await
}

fn card(n: u32) -> String {
    library::reader(n).card_no.to_string()
}

/// A wrong password that takes no time: it is too long to be hashed.
fn too_long() -> String {
    "x".repeat(129)
}

fn wait(answer: &Answer) -> Option<i64> {
    assert_eq!(answer.status == 429, answer.headers.contains_key("retry-after"), "{}", answer.body);
    answer.headers.get("retry-after").map(|seconds| seconds.to_str().unwrap().parse().unwrap())
}

#[tokio::test]
async fn after_five_wrong_passwords_each_try_waits_twice_as_long_and_a_right_one_begins_anew() {
    let ground = Ground::new().await;
    for _ in 0..FREE {
        assert_eq!(try_card(&ground, HOME, &card(1), "wrong password").await.status, 401);
    }
    let mut waited = Vec::new();
    for _ in 0..8 {
        let refused = try_card(&ground, HOME, &card(1), library::PASSWORD).await;
        let seconds = wait(&refused).expect("the right password is not looked at either");
        assert_eq!(refused.body["code"], "too_many_requests");
        waited.push(seconds);
        ground.pass(SignedDuration::from_secs(seconds));
        assert_eq!(try_card(&ground, HOME, &card(1), "wrong password").await.status, 401);
    }
    assert_eq!(waited, [60, 120, 240, 480, 960, 1920, 3600, 3600]);

    ground.pass(SignedDuration::from_hours(1));
    assert_eq!(try_card(&ground, HOME, &card(1), library::PASSWORD).await.status, 200);
    for _ in 0..FREE {
        assert_eq!(try_card(&ground, HOME, &card(1), "wrong password").await.status, 401);
    }
    assert!(wait(&try_card(&ground, HOME, &card(1), library::PASSWORD).await).is_some());
    assert_eq!(try_card(&ground, HOME, &card(2), library::PASSWORD).await.status, 200, "another card");
}

#[tokio::test]
async fn a_hundred_guesses_at_once_get_five_looks() {
    let ground = Ground::new().await;
    let before = password::computed();
    let (card, guess) = (card(1), "wrong password");
    let all = (0..40).map(|_| try_card(&ground, STRANGER, &card, guess));
    let answers = futures_util::future::join_all(all).await;
    // A request that met too many others was not looked at either.
    assert!(answers.iter().all(|answer| [401, 429, 503].contains(&answer.status)));
    let looks = password::computed() - before;
    assert_eq!(looks, answers.iter().filter(|answer| answer.status == 401).count() as u64);
    assert!(looks <= u64::from(FREE), "{looks} looks");
}

/// What a sign-in costs, in everything that could be measured from outside: calls of the table, units, hashes.
async fn cost(ground: &Ground, sign_in: impl Future<Output = Answer>) -> (u16, u32, u32, u64, u64, u64) {
    let (calls, writes, hashes) = (ground.faults.calls(), ground.faults.writes(), password::computed());
    let used = ground.table.consumed();
    let answer = sign_in.await;
    let now = ground.table.consumed();
    (
        answer.status,
        ground.faults.calls() - calls,
        ground.faults.writes() - writes,
        now.read_tenths - used.read_tenths,
        now.write_tenths - used.write_tenths,
        password::computed() - hashes,
    )
}

#[tokio::test]
async fn an_unknown_card_and_a_wrong_password_take_the_same_way() {
    let ground = Ground::new().await;
    let unknown = CardNo::from_serial(77_777_777).to_string();
    for n in 0..FREE + 2 {
        let wrong = cost(&ground, try_card(&ground, HOME, &card(1), "wrong password")).await;
        let nobody = cost(&ground, try_card(&ground, HOME, &unknown, "wrong password")).await;
        println!("try {n}: {wrong:?}");
        assert_eq!(wrong, nobody, "status, calls, writes, units read and written, hashes");
    }
    let login = |login: &'static str| {
        let body = json!({"login": login, "password": "wrong password"});
        let request = request_from(STRANGER, PC, ("POST", "/staff/sessions"), "", &body);
        send(ground.registration(), request)
    };
    for _ in 0..FREE + 2 {
        let wrong = cost(&ground, login("desk-c01")).await;
        assert_eq!(wrong, cost(&ground, login("nobody-c01")).await);
    }
}

#[tokio::test]
async fn nobody_can_lock_a_reader_out_who_has_signed_in_from_there_before() {
    let ground = Ground::new().await;
    assert_eq!(try_card(&ground, HOME, &card(1), library::PASSWORD).await.status, 200);

    // Somebody tries the card from ever new places, until strangers are not let in at all.
    let mut tried = 0;
    loop {
        let from = format!("198.51.100.{}", tried / 4);
        let answer = try_card(&ground, &from, &card(1), &too_long()).await;
        if answer.status == 429 {
            break;
        }
        tried += 1;
    }
    assert_eq!(tried, 59, "with the reader's own, when the place was new");
    let elsewhere = try_card(&ground, "192.0.2.1", &card(1), library::PASSWORD).await;
    assert!(wait(&elsewhere).is_some_and(|seconds| seconds <= 3600), "not from a new place, for an hour");

    assert_eq!(try_card(&ground, HOME, &card(1), library::PASSWORD).await.status, 200);
    assert_eq!(try_card(&ground, "192.0.2.1", &card(2), library::PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_place_that_fails_too_often_is_refused_and_one_where_many_sign_in_is_not() {
    let ground = Ground::new().await;
    for n in 0..100 {
        if n % 4 == 0 {
            let of = card(1 + n % 8 / 4);
            assert_eq!(try_card(&ground, STRANGER, &of, library::PASSWORD).await.status, 200, "{n}");
        }
        let invented = CardNo::from_serial(70_000_000 + n).to_string();
        assert_eq!(try_card(&ground, STRANGER, &invented, &too_long()).await.status, 401, "{n}");
    }
    let refused = try_card(&ground, STRANGER, &card(2), library::PASSWORD).await;
    assert_eq!(wait(&refused), Some(3600), "it is ten o'clock sharp");
    let near_by = try_card(&ground, "2001:db8:1:2::7", &card(2), library::PASSWORD).await;
    assert_eq!(near_by.status, 200);
}

/// Signs reader 1 in; the access and the refresh token.
async fn sign_in(ground: &Ground, agent: &str) -> (String, String) {
    let body = json!({"card_no": card(1), "password": library::PASSWORD});
    let request = request_from(HOME, agent, ("POST", "/sessions"), "", &body);
    let answer = send(ground.registration(), request).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let text = |name: &str| answer.body[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

async fn ask(ground: &Ground, method: &str, path: &str, token: &str, body: &Value) -> Answer {
    send(ground.registration(), request(method, path, token, body)).await
}

async fn refreshes(ground: &Ground, token: &str) -> bool {
    let answer = ask(ground, "POST", "/sessions/refresh", "", &json!({"refresh_token": token})).await;
    answer.status == 200
}

async fn sessions(ground: &Ground, token: &str) -> Vec<Value> {
    let answer = ask(ground, "GET", "/me/sessions", token, &Value::Null).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_reader_sees_where_they_are_signed_in_and_ends_one_of_them() {
    let ground = Ground::new().await;
    let (_, on_pc) = sign_in(&ground, PC).await;
    ground.pass(SignedDuration::from_hours(24));
    let (token, on_phone) = sign_in(&ground, PHONE).await;

    let listed = sessions(&ground, &token).await;

    let told: Vec<Value> = listed
        .iter()
        .map(|one| json!([one["device"], one["since"], one["last_used"], one["current"]]))
        .collect();
    let expected = json!([
        ["iPhone · Safari", "2026-11-24T02:00:00Z", "2026-11-24", true],
        ["Windows 电脑 · Chrome", "2026-11-23T02:00:00Z", "2026-11-23", false],
    ]);
    assert_eq!(Value::from(told), expected);
    let id = listed[1]["session_id"].as_str().unwrap();
    assert!(!on_pc.contains(id), "what is shown is no part of a token");
    let path = format!("/me/sessions/{id}");
    let other = ground.token(&library::reader(2).subject());
    assert_eq!(ask(&ground, "DELETE", &path, &other, &Value::Null).await.status, 404, "another reader's");
    assert_eq!(ask(&ground, "DELETE", &path, &token, &Value::Null).await.status, 204);
    assert_eq!(ask(&ground, "DELETE", &path, &token, &Value::Null).await.status, 404);
    assert!(!refreshes(&ground, &on_pc).await);
    assert!(refreshes(&ground, &on_phone).await);
}

#[tokio::test]
async fn signing_out_ends_this_session_and_signing_out_everywhere_ends_all() {
    let ground = Ground::new().await;
    let (token, first) = sign_in(&ground, PHONE).await;
    let (other_token, second) = sign_in(&ground, PC).await;
    let (_, third) = sign_in(&ground, PC).await;

    for _ in 0..2 {
        let answer = ask(&ground, "DELETE", "/sessions/current", &token, &Value::Null).await;
        assert_eq!(answer.status, 204);
    }
    assert!(!refreshes(&ground, &first).await);
    assert_eq!(sessions(&ground, &other_token).await.len(), 2, "the others go on");

    assert_eq!(ask(&ground, "DELETE", "/me/sessions", &other_token, &Value::Null).await.status, 204);
    assert!(!refreshes(&ground, &second).await);
    assert!(!refreshes(&ground, &third).await);
    assert_eq!(ask(&ground, "DELETE", "/sessions/current", "", &Value::Null).await.status, 401);
}

#[tokio::test]
async fn the_eleventh_session_ends_the_one_that_was_not_used_for_the_longest_time() {
    let ground = Ground::new().await;
    let mut tokens = Vec::new();
    for _ in 0..10 {
        tokens.push(sign_in(&ground, PHONE).await.1);
        ground.pass(SignedDuration::from_secs(1));
    }
    ground.pass(SignedDuration::from_hours(24));
    // The oldest one is in use.
    assert!(refreshes(&ground, &tokens[0]).await);

    let (token, _) = sign_in(&ground, PC).await;

    assert_eq!(sessions(&ground, &token).await.len(), 10);
    assert!(!refreshes(&ground, &tokens[1]).await);
    assert!(refreshes(&ground, &tokens[2]).await);
}

#[tokio::test]
async fn a_refresh_is_one_write_that_reads_nothing_before() {
    let ground = Ground::new().await;
    let (_, token) = sign_in(&ground, PHONE).await;
    let (calls, writes) = (ground.faults.calls(), ground.faults.writes());

    assert!(refreshes(&ground, &token).await);

    assert_eq!((ground.faults.calls() - calls, ground.faults.writes() - writes), (1, 1));
}

#[tokio::test]
async fn a_refresh_token_that_says_that_it_is_somebody_elses_opens_nothing() {
    let ground = Ground::new().await;
    let (_, token) = sign_in(&ground, PHONE).await;
    let other = library::reader(2).rid;
    let forged = token.replace(library::reader(1).rid.as_str(), other.as_str());

    assert!(!refreshes(&ground, &forged).await);

    assert!(refreshes(&ground, &token).await, "and ends nothing");
}
