//! Every path of the API's description is answered by its function, with the methods described and no others.

use serde_json::Value;
use yujie_tests::Ground;
use yujie_tests::ground::{request, send};

#[tokio::test]
async fn every_described_path_is_routed_with_its_methods_alone() {
    let ground = Ground::new().await;
    for (function, described) in [
        (ground.search(), search::openapi()),
        (ground.registration(), registration::openapi()),
        (ground.ordering(), ordering::openapi()),
        (ground.warehouse(), warehouse::openapi()),
        (ground.cataloguing(), cataloguing::openapi()),
        (ground.policies(), policies::openapi()),
        (ground.returns(), returns::openapi()),
        (ground.courier_webhook(), courier_webhook::openapi()),
        (ground.payments(), payments::openapi()),
        (ground.storefront(), storefront::openapi()),
    ] {
        let described = serde_json::to_value(described).unwrap();
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
