//! Who works here: accounts, what a role may do and where, and what becomes of a session when that changes.

use serde_json::{Value, json};
use yujie_tests::ground::{request, send};
use yujie_tests::{Answer, Ground, library, scene};

const TEMPORARY: &str = "for the first day";
const OWN: &str = "only she knows this";

async fn ask(ground: &Ground, who: &str, method: &str, path: &str, body: &Value) -> Answer {
    let token = if who.is_empty() { String::new() } else { ground.token(&library::staff(who)) };
    let mut request = request(method, path, &token, body);
    request.headers_mut().insert("idempotency-key", "an-account-1".parse().unwrap());
    send(ground.registration(), request).await
}

async fn admin(ground: &Ground, method: &str, path: &str, body: &Value) -> Answer {
    ask(ground, "admin-c01", method, path, body).await
}

fn posts(of: &[(&str, &str)]) -> Value {
    of.iter().map(|(site, role)| json!({"site_id": site, "role": role})).collect()
}

fn new_account(of: &[(&str, &str)]) -> Value {
    json!({
        "login": "li-na", "name": "李娜", "posts": posts(of), "temporary_password": TEMPORARY, "reason": "新同事",
    })
}

fn change(of: &[(&str, &str)], disabled: bool, version: u64) -> Value {
    json!({"name": "李娜", "posts": posts(of), "disabled": disabled, "version": version, "reason": "轮岗"})
}

async fn sign_in(ground: &Ground, login: &str, password: &str, site: Option<&str>) -> Answer {
    let mut body = json!({"login": login, "password": password});
    if let Some(site) = site {
        body["site_id"] = json!(site);
    }
    ask(ground, "", "POST", "/staff/sessions", &body).await
}

async fn set_password(ground: &Ground, old: &str, new: &str) -> Answer {
    let body = json!({"login": "li-na", "old_password": old, "new_password": new});
    ask(ground, "", "POST", "/staff/password", &body).await
}

/// A colleague with a password of her own.
async fn employ(ground: &Ground, of: &[(&str, &str)]) {
    let added = admin(ground, "POST", "/staff/accounts", &new_account(of)).await;
    assert_eq!(added.status, 201, "{}", added.body);
    assert_eq!(set_password(ground, TEMPORARY, OWN).await.status, 204);
}

fn token(answer: &Answer, name: &str) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body[name].as_str().unwrap().to_owned()
}

async fn refresh(ground: &Ground, token: &str) -> Answer {
    ask(ground, "", "POST", "/sessions/refresh", &json!({"refresh_token": token})).await
}

#[tokio::test]
async fn a_colleague_signs_in_only_after_setting_a_password_of_her_own() {
    let ground = Ground::new().await;
    let added = admin(&ground, "POST", "/staff/accounts", &new_account(&[("C01", "librarian")])).await;
    assert_eq!(added.status, 201, "{}", added.body);
    let again = admin(&ground, "POST", "/staff/accounts", &new_account(&[("C01", "librarian")])).await;
    assert_eq!((again.status, &again.body), (201, &added.body));
    assert!(!added.body.to_string().contains(TEMPORARY));

    let first = sign_in(&ground, "li-na", TEMPORARY, None).await;
    assert_eq!((first.status, &first.body["code"]), (409, &json!("password_must_be_set")));
    assert_eq!(set_password(&ground, TEMPORARY, TEMPORARY).await.status, 422, "it must be another one");
    assert_eq!(set_password(&ground, "wrong password", OWN).await.status, 401);
    assert_eq!(set_password(&ground, TEMPORARY, OWN).await.status, 204);

    assert_eq!(sign_in(&ground, "li-na", TEMPORARY, None).await.status, 401);
    assert_eq!(sign_in(&ground, "li-na", OWN, None).await.status, 200);
    let reset = json!({"temporary_password": "forgot the old one", "version": 2, "reason": "忘记密码"});
    let reset = admin(&ground, "POST", "/staff/accounts/li-na/password", &reset).await;
    assert_eq!((reset.status, &reset.body["temporary"]), (200, &json!(true)), "{}", reset.body);
    assert_eq!(sign_in(&ground, "li-na", OWN, None).await.status, 401);
    assert_eq!(sign_in(&ground, "li-na", "forgot the old one", None).await.status, 409);
}

#[tokio::test]
async fn a_session_is_for_one_of_the_sites_where_somebody_works() {
    let ground = Ground::new().await;
    employ(&ground, &[("C01", "picker"), ("S01", "librarian")]).await;

    let unsaid = sign_in(&ground, "li-na", OWN, None).await;
    assert_eq!((unsaid.status, &unsaid.body["code"]), (409, &json!("choose_site")));
    assert_eq!(
        unsaid.body["reasons"],
        json!([
            {"code": "site", "site_id": "C01", "role": "picker"},
            {"code": "site", "site_id": "S01", "role": "librarian"},
        ])
    );
    let elsewhere = sign_in(&ground, "li-na", OWN, Some("L01")).await;
    assert_eq!((elsewhere.status, &elsewhere.body["code"]), (409, &json!("choose_site")));

    let there = sign_in(&ground, "li-na", OWN, Some("S01")).await;
    let calendar = json!({"closures": [], "version": 1});
    let close = async |site: &str, token: &str| {
        let path = format!("/staff/sites/{site}/closures");
        send(ground.warehouse(), request("PUT", &path, token, &calendar)).await.status
    };
    let at_site = token(&there, "access_token");
    assert_eq!((close("S01", &at_site).await, close("C01", &at_site).await), (200, 403));
    let refreshed = refresh(&ground, &token(&there, "refresh_token")).await;
    let still = token(&refreshed, "access_token");
    assert_eq!(
        (close("C01", &still).await, close("L01", &still).await),
        (403, 403),
        "it stays for that site"
    );
    let refresh_token = token(&refreshed, "refresh_token");
    let moved = refresh_token.replace(".S01.", ".C01.");
    assert_eq!(refresh(&ground, &moved).await.status, 401, "and is not moved by its holder");
    assert_eq!(refresh(&ground, &refresh_token).await.status, 200);
}

#[tokio::test]
async fn a_change_ends_sessions_and_stays_in_the_history_with_its_reason() {
    let ground = Ground::new().await;
    employ(&ground, &[("C01", "picker")]).await;
    let before = token(&sign_in(&ground, "li-na", OWN, None).await, "refresh_token");

    let path = "/staff/accounts/li-na";
    let moved = admin(&ground, "PUT", path, &change(&[("L01", "packer")], false, 2)).await;
    assert_eq!(moved.status, 200, "{}", moved.body);
    assert_eq!(refresh(&ground, &before).await.status, 401);
    let stale = admin(&ground, "PUT", path, &change(&[("L01", "packer")], true, 2)).await;
    assert_eq!((stale.status, &stale.body["code"]), (409, &json!("changed_meanwhile")));

    let working = token(&sign_in(&ground, "li-na", OWN, None).await, "refresh_token");
    assert_eq!(admin(&ground, "PUT", path, &change(&[("L01", "packer")], true, 3)).await.status, 200);
    assert_eq!(refresh(&ground, &working).await.status, 401);
    let out = sign_in(&ground, "li-na", OWN, None).await;
    assert_eq!((out.status, &out.body["code"]), (401, &json!("wrong_credentials")));
    assert_eq!(admin(&ground, "PUT", path, &change(&[("L01", "packer")], false, 4)).await.status, 200);
    assert_eq!(sign_in(&ground, "li-na", OWN, None).await.status, 200);

    let shown = admin(&ground, "GET", path, &Value::Null).await;
    let history: Vec<Value> = shown.body["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!([one["deed"], one["by"], one["reason"], one["posts"]]))
        .collect();
    assert_eq!(
        Value::from(history),
        json!([
            ["enabled", "admin-c01", "轮岗", {"L01": "packer"}],
            ["disabled", "admin-c01", "轮岗", {"L01": "packer"}],
            ["changed", "admin-c01", "轮岗", {"L01": "packer"}],
            ["added", "admin-c01", "新同事", {"C01": "picker"}],
        ])
    );
}

#[tokio::test]
async fn the_last_administrator_stays_also_when_two_remove_each_other_at_once() {
    let ground = Ground::new().await;
    let demote = |n: u64| json!({"name": "馆长", "posts": posts(&[("C01", "picker")]), "disabled": false, "version": n, "reason": "离职"});
    let alone = admin(&ground, "PUT", "/staff/accounts/admin-c01", &demote(1)).await;
    assert_eq!((alone.status, &alone.body["code"]), (409, &json!("last_administrator")));

    for before in 0.. {
        let ground = Ground::new().await;
        employ(&ground, &[("L01", "administrator")]).await;
        let token = ground.token(&library::staff("admin-c01"));
        let other = request("PUT", "/staff/accounts/li-na", &token, &change(&[("L01", "picker")], false, 2));
        let registration = ground.registration();
        ground.faults.before_call(before, async move {
            assert_eq!(send(registration, other).await.status, 200);
        });
        let answer = admin(&ground, "PUT", "/staff/accounts/admin-c01", &demote(1)).await;
        if ground.faults.met().is_none() {
            assert!(before > 4, "a change has several calls");
            break;
        }
        assert_eq!(answer.body["code"], "last_administrator", "before call {before}");
        let left = admin(&ground, "GET", "/staff/accounts/admin-c01", &Value::Null).await;
        assert_eq!(left.body["posts"], posts(&[("C01", "administrator")]));
    }
}

#[tokio::test]
async fn accounts_are_listed_in_pages_and_their_faults_are_all_told() {
    let ground = Ground::new().await;
    let (mut seen, mut path) = (Vec::new(), "/staff/accounts?limit=4".to_owned());
    loop {
        let page = admin(&ground, "GET", &path, &Value::Null).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(!page.body.to_string().contains("argon2"), "no hash is shown");
        seen.extend(
            page.body["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["login"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page.body["next_cursor"].as_str() else { break };
        path = format!("/staff/accounts?limit=4&cursor={next}");
    }
    let mut logins: Vec<&str> = library::STAFF.iter().map(|(login, ..)| *login).collect();
    logins.sort_unstable();
    assert_eq!(seen, logins);

    let twice = new_account(&[("C01", "picker"), ("X99", "picker"), ("C01", "packer")]);
    let wrong = admin(&ground, "POST", "/staff/accounts", &twice).await;
    let fields: Vec<&Value> =
        wrong.body["fields"].as_array().unwrap().iter().map(|one| &one["field"]).collect();
    assert_eq!((wrong.status, fields), (422, vec![&json!("posts.1.site_id"), &json!("posts.2.site_id")]));
    let none = admin(&ground, "POST", "/staff/accounts", &new_account(&[])).await;
    assert_eq!(none.body["fields"][0]["field"], "posts");
    let mut taken = new_account(&[("C01", "picker")]);
    taken["login"] = json!("desk-c01");
    let taken = admin(&ground, "POST", "/staff/accounts", &taken).await;
    assert_eq!((taken.status, &taken.body["code"]), (409, &json!("login_taken")));
}

/// A scan at one site of what lies at another: refused, and nothing changes. What comes back may come back anywhere.
#[tokio::test]
async fn a_scan_does_not_act_on_another_sites_parcels() {
    let mut ground = Ground::new().await;
    scene::set(&ground).await;
    let set = ground.items();
    for (login, action, number, barcode) in [
        ("picker-l01", "pick", "261123SORTED0001", "C00010201"),
        ("packer-l01", "pack", "261123BOXED00001", "C00010401"),
        ("dispatcher-l01", "hand_over", "261123BOOKED0001", ""),
        ("dispatcher-l01", "depart", "261123VAN0000001", ""),
        ("desk-c01", "arrive", "261123VAN0000001", ""),
        ("desk-l01", "collect", "261123ATSITE0001", ""),
        ("packer-l01", "take_out", "261123VANPACK001", "C00011001"),
    ] {
        ground.restore(&set);
        let mut scan = json!({"action": action, "parcel_no": format!("{number}-1"), "code": "123456"});
        if !barcode.is_empty() {
            scan["barcode"] = json!(barcode);
        }
        let token = ground.token(&library::staff(login));
        let answer = send(ground.warehouse(), request("POST", "/staff/scans", &token, &scan)).await;
        assert_eq!((answer.status, &answer.body["code"]), (409, &json!("wrong_site")), "{action} as {login}");
        assert_eq!(ground.items(), set, "{action} as {login} wrote");
    }
    let calendar = json!({"closures": [], "version": 1});
    for (login, site, expected) in
        [("desk-c01", "L01", 403), ("desk-c01", "C01", 200), ("admin-c01", "L01", 200)]
    {
        ground.restore(&set);
        let token = ground.token(&library::staff(login));
        let path = format!("/staff/sites/{site}/closures");
        let answer = send(ground.warehouse(), request("PUT", &path, &token, &calendar)).await;
        assert_eq!(answer.status, expected, "{login} closes {site}: {}", answer.body);
    }
}
