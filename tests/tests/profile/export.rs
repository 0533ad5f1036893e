use std::collections::BTreeMap;

use serde_json::{Value, json};
use yujie_runtime::contact::{self, Place};
use yujie_table::wechat::{self, Binding, Bound};
use yujie_tests::{Ground, Life, library, scene};

use super::{code, done, partition, sign_in};
use crate::audit::furnished::furnished;

/// How many of each kind stand in a reader's partition.
fn kinds(items: &[(String, Value)]) -> BTreeMap<String, usize> {
    items.iter().fold(BTreeMap::new(), |mut kinds, (_, item)| {
        *kinds.entry(item["kind"]["S"].as_str().unwrap().to_owned()).or_default() += 1;
        kinds
    })
}

/// How many of each kind an export has.
fn exported(export: &Value) -> BTreeMap<String, usize> {
    let one = |name: &str| usize::from(export.get(name).is_some_and(Value::is_object));
    let many = |name: &str| export[name].as_array().unwrap().len();
    [
        ("profile", one("profile")),
        ("account", one("account")),
        ("preferences", one("preferences")),
        ("family", usize::from(many("family") > 0)),
        ("cart", usize::from(many("cart") > 0)),
        ("address", many("addresses")),
        ("order", many("orders")),
        ("parcel", many("parcels")),
        ("payment", many("payments")),
        ("return", many("returns")),
        ("notice", many("notices")),
        ("session", many("sessions")),
        ("wechat", one("wechat")),
    ]
    .into_iter()
    .filter(|(_, n)| *n > 0)
    .map(|(kind, n)| (kind.to_owned(), n))
    .collect()
}

#[tokio::test]
async fn every_thing_in_a_readers_partition_is_in_their_copy_of_it() {
    let (ground, _) = furnished().await;
    let mut seen = BTreeMap::new();
    // One reader wants something, has a cart, and helps another one.
    let token = ground.token(&library::reader(1).subject());
    let wants = done(&ground, 200, "GET", "/me/preferences", &token, &Value::Null).await;
    done(&ground, 200, "PUT", "/me/preferences", &token, &wants).await;
    let phone = library::reader(2).phone;
    let wanted = json!({"phone": phone.as_str(), "code": code(&ground, phone.as_str(), "family").await});
    done(&ground, 201, "POST", "/me/family", &token, &wanted).await;
    // Signed in on a device, and bound at WeChat.
    let session =
        sign_in(ground.registration(), library::reader(1).card_no.as_str(), library::PASSWORD).await;
    assert_eq!(session.status, 200, "{}", session.body);
    let (rid, openid) = (library::reader(1).rid, "oReader");
    let edge = ground.edge();
    let sealed = contact::seal(&edge.keys, &edge.entropy, Place::WeChat(&rid), &openid).unwrap();
    let bound = Binding { openid_hash: edge.keys.hash("openid", openid), sealed, since: ground.now() };
    assert_eq!(wechat::bind(&ground.table, &rid, &bound).await.unwrap(), Bound::Now);
    let life = Life::new(&ground);
    let put = life.change(&library::reader(1), "PUT", "/cart/b000004", &Value::Null).await;
    assert!(put.status < 300, "{}", put.body);

    for n in 1..=6 {
        let person = library::reader(n);
        let items = partition(&ground, &person.rid);
        let export =
            done(&ground, 200, "GET", "/me/export", &ground.token(&person.subject()), &Value::Null).await;

        assert_eq!(exported(&export), kinds(&items), "reader {n}");
        assert_eq!(export["next_cursor"], Value::Null);
        assert_eq!(
            (&export["profile"]["name"], &export["profile"]["phone"]),
            (&json!(person.name), &json!(person.phone.as_str()))
        );
        seen.extend(kinds(&items));
    }
    // Whatever stands in a reader's partition anywhere was looked at.
    let all = [
        "account",
        "address",
        "cart",
        "family",
        "notice",
        "order",
        "parcel",
        "payment",
        "preferences",
        "profile",
        "return",
        "session",
        "wechat",
    ];
    assert_eq!(seen.keys().map(String::as_str).collect::<Vec<_>>(), all);
}

#[tokio::test]
async fn what_is_no_place_in_the_copy_is_refused() {
    let ground = Ground::new().await;
    let token = ground.token(&library::reader(1).subject());
    for cursor in ["", "%21", &"QUFB".repeat(400)] {
        let path = format!("/me/export?cursor={cursor}");
        let answer = done(&ground, 400, "GET", &path, &token, &Value::Null).await;
        assert_eq!(answer["code"], "malformed_request", "{cursor}");
    }
}

#[tokio::test]
async fn nobody_else_is_in_a_readers_copy() {
    let ground = Ground::new().await;
    scene::set(&ground).await;
    let export =
        done(&ground, 200, "GET", "/me/export", &ground.token(&library::reader(1).subject()), &Value::Null)
            .await;
    let text = export.to_string();
    let other = library::reader(2);
    for theirs in [other.name, other.phone.as_str(), other.rid.as_str(), other.card_no.as_str()] {
        assert!(!text.contains(theirs), "{theirs}");
    }
    assert!(text.contains("望京西园四区410号楼"), "what is sealed is opened");
}
