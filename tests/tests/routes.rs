//! Every path of the API's description is answered by its function, with the methods described and no others, and for whom it is described.

use axum::Router;
use serde_json::{Value, json};
use yujie_domain::staff::Role;
use yujie_tests::ground::{request, send};
use yujie_tests::{Ground, library};

/// The functions that answer HTTP, with what they describe.
fn functions(ground: &Ground) -> Vec<(Router, Value)> {
    [
        (ground.search(), search::openapi()),
        (ground.registration(), registration::openapi()),
        (ground.ordering(), ordering::openapi()),
        (ground.warehouse(), warehouse::openapi()),
        (ground.cataloguing(), cataloguing::openapi()),
        (ground.policies(), policies::openapi()),
        (ground.profile(), profile::openapi()),
        (ground.returns(), returns::openapi()),
        (ground.courier_webhook(), courier_webhook::openapi()),
        (ground.payments(), payments::openapi()),
        (ground.storefront(), storefront::openapi()),
    ]
    .into_iter()
    .map(|(function, described)| (function, serde_json::to_value(described).unwrap()))
    .collect()
}

/// What a description describes: method, path, and who may call.
fn operations_of(described: &Value) -> Vec<(String, String, Vec<String>)> {
    let mut operations = Vec::new();
    for (path, methods) in described["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let callers = operation["security"].as_array().into_iter().flatten();
            let callers = callers.flat_map(|one| one.as_object().unwrap().keys().cloned()).collect();
            operations.push((method.to_ascii_uppercase(), path.clone(), callers));
        }
    }
    operations
}

#[tokio::test]
async fn every_described_path_is_routed_with_its_methods_alone() {
    let ground = Ground::new().await;
    for (function, described) in functions(&ground) {
        for (path, operations) in described["paths"].as_object().unwrap() {
            // What is put in for a parameter names nothing: 404 is then an answer of the route's own.
            let asked: String =
                path.split('/').map(|part| if part.starts_with('{') { "/x" } else { part }).fold(
                    String::new(),
                    |path, part| if part.starts_with('/') { path + part } else { path + "/" + part },
                );
            let asked = asked.trim_start_matches('/');
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                let asking = request(method, &format!("/{asked}"), "", &Value::Null);
                let status = send(function.clone(), asking).await.status;
                let is_described = operations.get(method.to_ascii_lowercase()).is_some();
                assert_eq!(status == 405, !is_described, "{method} {path}: {status}");
                assert!(status < 500, "{method} {path}: {status}");
            }
        }
    }
}

/// Something that can stand for each parameter of a path, and names nothing.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn what_is_described_for_somebody_is_closed_to_nobody_and_to_the_wrong_ones() {
    let ground = Ground::new().await;
    let reader = ground.token(&library::reader(1).subject());
    let staff = ground.token(&library::staff("admin-c01"));
    let mut closed = 0;
    for (function, described) in functions(&ground) {
        for (method, path, callers) in operations_of(&described) {
            // Extractors of a query come before a handler: what they ask for is named.
            let query = match path.as_str() {
                "/staff/work" => "?stage=pick",
                "/staff/returns" => "?state=overdue",
                "/staff/picks/{title_id}" => "?version=1",
                "/slots" => "?address_id=x",
                _ => "",
            };
            let asked = format!("{}{query}", filled(&path));
            for (token, who) in [("", ""), ("forged", ""), (&reader, "reader"), (&staff, "staff")] {
                let answer = send(function.clone(), request(&method, &asked, token, &json!({}))).await;
                let refused = [401, 403].contains(&answer.status);
                if callers.is_empty() || callers.iter().any(|caller| caller == who) {
                    continue;
                }
                closed += 1;
                let expected = if who.is_empty() { 401 } else { 403 };
                assert!(
                    refused && answer.status == expected,
                    "{method} {path} as {who:?}: {}",
                    answer.status
                );
            }
        }
    }
    println!("{closed} doors are closed");
    assert!(closed > 150, "{closed}");
}

/// Things of one reader are to another one as if they were not there.
#[tokio::test]
async fn another_readers_things_are_answered_as_if_they_were_not_there() {
    let ground = Ground::new().await;
    yujie_tests::scene::set(&ground).await;
    let (one, two) = (library::reader(1), library::reader(2));
    let (owner, other) = (ground.token(&one.subject()), ground.token(&two.subject()));
    let listed = send(ground.registration(), request("GET", "/me/sessions", &owner, &Value::Null)).await;
    let session = listed.body["items"][0]["session_id"].as_str().unwrap().to_owned();
    let (order, empty) = ("261123PLACED0001", json!({}));
    for (function, method, path, absent) in [
        (ground.registration(), "DELETE", format!("/me/sessions/{session}"), "/me/sessions/x".to_owned()),
        (ground.ordering(), "GET", format!("/orders/{order}"), "/orders/261123NOSUCH0001".to_owned()),
        (
            ground.ordering(),
            "GET",
            format!("/orders/{order}/timeline"),
            "/orders/261123NOSUCH0001/timeline".to_owned(),
        ),
        (
            ground.ordering(),
            "POST",
            format!("/orders/{order}/cancel"),
            "/orders/261123NOSUCH0001/cancel".to_owned(),
        ),
        (
            ground.ordering(),
            "POST",
            "/loans/C0000601/renewals".to_owned(),
            "/loans/C9999999/renewals".to_owned(),
        ),
    ] {
        let foreign = send(function.clone(), request(method, &path, &other, &empty)).await;
        let nothing = send(function, request(method, &absent, &other, &empty)).await;
        assert_eq!(foreign.status, 404, "{method} {path}: {}", foreign.body);
        assert_eq!((foreign.status, foreign.body), (nothing.status, nothing.body), "{method} {path}");
    }
}

/// Who is let in where, by role: what a route answers before it looks at what it was asked for. The whole list; what is not in it is denied.
#[tokio::test]
async fn every_staff_route_is_open_to_just_the_roles_of_its_duty() {
    use Role::{Administrator, Dispatcher, Finance, Librarian, Packer, Picker};
    let ground = Ground::new().await;
    let look: &[Role] = &[Picker, Packer, Dispatcher, Librarian];
    let desk: &[Role] = &[Librarian];
    let nobody: &[Role] = &[];
    let scan = |action: &str| json!({"action": action, "barcode": "C9999999", "parcel_no": "261123NOSUCH0001-1", "code": "000000"});
    let (none, empty) = (Value::Null, json!({}));
    let table: Vec<(&str, &str, Value, &[Role])> = vec![
        ("GET", "/staff/work?stage=pick", none.clone(), look),
        ("GET", "/staff/copies/C9999999", none.clone(), look),
        ("GET", "/staff/promises/at-risk", none.clone(), look),
        ("GET", "/staff/sites/X99/closures", none.clone(), look),
        ("GET", "/staff/promises", none.clone(), &[Librarian, Finance]),
        ("GET", "/staff/audits", none.clone(), &[Finance]),
        ("PUT", "/staff/sites/C01/closures", json!({"closures": [], "version": 99}), desk),
        ("POST", "/staff/scans", scan("pick"), &[Picker]),
        ("POST", "/staff/scans", scan("pack"), &[Packer]),
        ("POST", "/staff/scans", scan("take_out"), &[Packer]),
        ("POST", "/staff/scans", scan("hand_over"), &[Dispatcher]),
        ("POST", "/staff/scans", scan("depart"), &[Dispatcher]),
        ("POST", "/staff/scans", scan("arrive"), desk),
        ("POST", "/staff/scans", scan("collect"), desk),
        ("POST", "/staff/scans", scan("check_in"), desk),
        ("POST", "/staff/scans", scan("take_back"), &[Dispatcher, Librarian]),
        ("GET", "/staff/returns?state=overdue", none.clone(), desk),
        ("PUT", "/staff/titles/x/cover", none.clone(), desk),
        ("DELETE", "/staff/titles/x/cover", none.clone(), desk),
        ("GET", "/staff/picks", none.clone(), desk),
        ("GET", "/staff/unmet-searches", none.clone(), desk),
        ("PUT", "/staff/picks/x", json!({"sentence": "好看"}), desk),
        ("DELETE", "/staff/picks/x?version=1", none.clone(), desk),
        ("GET", "/staff/imports", none.clone(), desk),
        ("POST", "/staff/imports", empty.clone(), desk),
        ("GET", "/staff/imports/x", none.clone(), desk),
        ("POST", "/staff/imports/x/start", none.clone(), desk),
        ("GET", "/staff/rules", none.clone(), nobody),
        ("POST", "/staff/rules", empty.clone(), nobody),
        ("GET", "/staff/rules/99", none.clone(), nobody),
        ("POST", "/staff/rules/trials", json!({"rules": []}), nobody),
        ("GET", "/staff/rules/trials/x", none.clone(), nobody),
        ("GET", "/staff/accounts", none.clone(), nobody),
        ("POST", "/staff/accounts", empty.clone(), nobody),
        ("GET", "/staff/accounts/nobody-here", none.clone(), nobody),
        (
            "PUT",
            "/staff/accounts/nobody-here",
            json!({"name": "x", "posts": [], "disabled": false, "version": 1, "reason": "x"}),
            nobody,
        ),
        (
            "POST",
            "/staff/accounts/nobody-here/password",
            json!({"temporary_password": "for a day", "version": 1, "reason": "x"}),
            nobody,
        ),
    ];
    let functions = [
        ground.warehouse(),
        ground.returns(),
        ground.cataloguing(),
        ground.policies(),
        ground.registration(),
    ];
    for (method, path, body, roles) in &table {
        for role in Role::ALL {
            let subject = library::STAFF.iter().find(|(_, one, _)| *one == role).unwrap().0;
            let token = ground.token(&library::staff(subject));
            let mut status = 404;
            // Each path is one function's; the others know nothing of it.
            for function in &functions {
                let answer = send(function.clone(), request(method, path, &token, body)).await;
                assert!(answer.status < 500, "{method} {path}: {}", answer.body);
                if answer.status != 404 {
                    status = answer.status;
                }
            }
            let allowed = role == Administrator || roles.contains(&role);
            assert_eq!(status != 403, allowed, "{method} {path} as {role:?}: {status}");
        }
        let reader = ground.token(&library::reader(1).subject());
        for (token, expected) in [(reader, 403), (String::new(), 401)] {
            let mut answers = Vec::new();
            for function in &functions {
                answers.push(send(function.clone(), request(method, path, &token, body)).await.status);
            }
            assert!(answers.contains(&expected), "{method} {path}: {answers:?}");
        }
    }
}
