//! Many at once.

use futures_util::future::join_all;
use serde_json::{Value, json};
use yujie_domain::parcel::Destination;
use yujie_table::{availability, copy};
use yujie_tests::ground::{request, send};
use yujie_tests::library::{self, Person};
use yujie_tests::{Answer, Ground, scene};

fn wants(person: &Person, title: &str) -> Value {
    json!({
        "lines": [{"title_id": title}],
        "deliver_to": {"kind": "home", "address_id": person.address.as_str()},
        "if_missing": "cancel",
    })
}

async fn order(ground: &Ground, ordering: &axum::Router, person: &Person, key: &str, body: &Value) -> Answer {
    let token = ground.token(&person.subject());
    let mut request = request("POST", "/orders", &token, body);
    request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    send(ordering.clone(), request).await
}

fn placed(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.status == 201).count()
}

fn refused_for(answer: &Answer) -> Vec<&str> {
    assert_eq!((answer.status, &answer.body["code"]), (409, &json!("order_refused")));
    answer.body["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}

/// How many rounds are played: five at every run, as many as `RACE_ROUNDS` says on demand (a hundred take some minutes).
#[expect(clippy::disallowed_methods, reason = "a test's own settings come from outside, and only from here")]
fn rounds() -> usize {
    std::env::var("RACE_ROUNDS").map_or(5, |rounds| rounds.parse().expect("RACE_ROUNDS is a number"))
}

/// 200 readers at once, one copy; and again with another one. The first to ask is another reader each time.
#[tokio::test]
async fn one_copy_goes_to_one_of_two_hundred() {
    let ground = Ground::unobserved(200).await;
    let ordering = ground.ordering();
    let mut winners = std::collections::BTreeSet::new();
    for round in 0..rounds() {
        let (title, code) = (format!("t{round:06}"), format!("C777{round:04}"));
        let book = library::title(&title, "孤本", "佚名");
        ground.add_title(book, vec![library::copy(&code, &title, "C01", "A1")]).await;

        let answers = join_all((0..200).map(|n| {
            let (ground, ordering, title) = (&ground, &ordering, &title);
            async move {
                let person = library::reader(u32::try_from((n + round * 37) % 200 + 1).unwrap());
                let key = format!("round-{round}-{n}");
                order(ground, ordering, &person, &key, &wants(&person, title)).await
            }
        }))
        .await;

        assert_eq!(placed(&answers), 1, "round {round}");
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            assert_eq!(refused_for(answer), ["no_copy_available"], "round {round}");
        }
        winners.insert((answers.iter().position(|answer| answer.status == 201).unwrap() + round * 37) % 200);
    }
    assert!(winners.len() > rounds() / 2, "only {} readers ever won", winners.len());
    ground.assert_sound(1..=200).await;
}

/// The reader has nine of ten books when twenty different orders come at once.
#[tokio::test]
async fn a_limit_lets_one_of_twenty_orders_through() {
    let ground = Ground::new().await;
    let ordering = ground.ordering();
    let person = library::reader(1);
    for n in 0..29 {
        let (title, code) = (format!("t{n:06}"), format!("C777{n:04}"));
        let book = library::title(&title, "丛书", "编者");
        ground.add_title(book, vec![library::copy(&code, &title, "C01", "A1")]).await;
    }
    for n in 0..9 {
        let answer =
            order(&ground, &ordering, &person, &format!("before-{n}"), &wants(&person, &format!("t{n:06}")))
                .await;
        assert_eq!(answer.status, 201);
    }

    let answers = join_all((9..29).map(|n| {
        let (ground, ordering, person) = (&ground, &ordering, &person);
        async move {
            let title = format!("t{n:06}");
            order(ground, ordering, person, &format!("at-once-{n}"), &wants(person, &title)).await
        }
    }))
    .await;

    assert_eq!(placed(&answers), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(refused_for(answer), ["limit_reached"]);
        assert_eq!(answer.body["reasons"][0]["open"], 10);
    }
    ground.assert_sound([1]).await;
}

/// A finger that trembles, a proxy that repeats: one key, fifty calls.
#[tokio::test]
async fn fifty_equal_calls_are_one_order() {
    let ground = Ground::new().await;
    let ordering = ground.ordering();
    let person = library::reader(1);
    let body = wants(&person, "b000004");

    let answers = join_all((0..50).map(|_| order(&ground, &ordering, &person, "the-same-key", &body))).await;

    let first = &answers[0].body;
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (201, first));
    }
    let fresh = answers.iter().filter(|answer| !answer.headers.contains_key("idempotent-replayed"));
    assert_eq!(fresh.count(), 1);
    let orders = ground.items();
    let orders = orders.values().filter(|item| item["kind"]["S"] == "order");
    assert_eq!(orders.count(), 1);

    let other = order(&ground, &ordering, &person, "the-same-key", &wants(&person, "b000005")).await;
    assert_eq!((other.status, &other.body["code"]), (422, &json!("idempotency_key_reused")));
    ground.assert_sound([1]).await;
}

/// Whoever counts begins after its own change; so after the last counter the projection is the truth, whatever overtook what.
#[tokio::test]
async fn counts_that_overtake_each_other_end_at_the_truth() {
    let ground = Ground::with_readers(6).await;
    let title = library::title_id("b000004");
    for round in 0..5 {
        let (book, id) = (format!("t{round:06}"), library::title_id(&format!("t{round:06}")));
        let copies: Vec<_> =
            (0..6).map(|n| library::copy(&format!("C77{round:02}{n:02}"), &book, "C01", "A1")).collect();
        ground.add_title(library::title(&book, "丛书", "编者"), copies).await;

        join_all((0..6).map(|n| {
            let (ground, id) = (&ground, &id);
            async move {
                let person = library::reader(n + 1);
                let number = format!("2611230000R{round:02}N{n:02}");
                let code = format!("C77{round:02}{n:02}");
                scene::place(ground, &person, &number, &[&code], Destination::Home).await;
                let noise = (0..3).map(|_| availability::recount(&ground.table, id));
                for counted in join_all(noise).await {
                    counted.unwrap();
                }
            }
        }))
        .await;

        let truth = availability::count(&copy::of_title(&ground.table, &id).await.unwrap());
        let shown = availability::get_many(&ground.table, &[id.clone(), title.clone()]).await.unwrap();
        assert_eq!(shown[&id], truth);
        assert_eq!((truth.total, truth.available), (6, 0));
    }
}
