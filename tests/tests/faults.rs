//! Placing an order while the table fails in every way that it can.

use serde_json::{Value, json};
use yujie_tests::ground::{request, send};
use yujie_tests::{Answer, Fault, Ground, library};

async fn order(ground: &Ground, key: &str) -> Answer {
    let person = library::reader(1);
    let token = ground.token(&person.subject());
    let body = json!({
        "lines": [{"title_id": "b000004"}, {"title_id": "b000006"}],
        "deliver_to": {"kind": "home", "address_id": person.address.as_str()},
        "if_missing": "cancel",
    });
    let mut request = request("POST", "/orders", &token, &body);
    request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    send(ground.ordering(), request).await
}

fn count(ground: &Ground, kind: &str) -> usize {
    ground.items().values().filter(|item| item["kind"]["S"] == kind).count()
}

/// Once, for as long as the SDK tries, for as long as we try, and for good.
const TIMES: [u32; 4] = [1, 3, 9, 1000];

#[tokio::test]
async fn an_order_stands_or_it_does_not_whatever_the_table_does() {
    for fault in Fault::ALL {
        for times in TIMES {
            let ground = Ground::new().await;
            ground.faults.plan(0, times, fault);

            let answer = order(&ground, "an-order-1").await;

            let stands = count(&ground, "order");
            let told = (answer.status, answer.body["code"].as_str().unwrap_or("placed"));
            println!("{fault:?} × {times}: {told:?}, {stands} order(s) stand");
            match answer.status {
                201 => assert_eq!(stands, 1),
                503 => assert_eq!((told.1, stands), ("busy", 0), "{fault:?} × {times}"),
                500 => assert_eq!(told.1, "internal"),
                other => panic!("{fault:?} × {times}: {other} {}", answer.body),
            }
            assert_eq!(count(&ground, "parcel"), stands, "never half");
            ground.assert_sound([1]).await;

            // The client tries again with its key when the trouble is over.
            ground.faults.plan(0, 0, fault);
            let again = order(&ground, "an-order-1").await;
            assert_eq!(again.status, 201, "{fault:?} × {times}: {}", again.body);
            assert_eq!((count(&ground, "order"), count(&ground, "parcel")), (1, 1));
            if answer.status == 201 {
                assert_eq!(again.body, answer.body);
            }
            ground.assert_sound([1]).await;
        }
    }
}

#[tokio::test]
async fn short_trouble_is_not_noticed() {
    for fault in [Fault::Throttled, Fault::Conflict, Fault::LostBefore, Fault::LostAfter] {
        let ground = Ground::new().await;
        ground.faults.plan(0, 1, fault);
        let answer = order(&ground, "an-order-1").await;
        assert_eq!(answer.status, 201, "{fault:?}: {}", answer.body);
    }
}

/// A scan whose answer is lost is scanned again: the second time it says so, and nothing is written twice.
#[tokio::test]
async fn a_scan_under_trouble_counts_once() {
    for fault in Fault::ALL {
        for times in TIMES {
            let ground = Ground::new().await;
            yujie_tests::scene::set(&ground).await;
            let token = ground.token(&library::staff("picker-c01"));
            let scan = json!({"action": "pick", "barcode": "C00010201"});
            ground.faults.plan(0, times, fault);

            let first = send(ground.warehouse(), request("POST", "/staff/scans", &token, &scan)).await;
            assert!([200, 500, 503].contains(&first.status), "{fault:?} × {times}: {}", first.body);
            ground.faults.plan(0, 0, fault);
            let second = send(ground.warehouse(), request("POST", "/staff/scans", &token, &scan)).await;

            assert_eq!((second.status, &second.body["status"]), (200, &Value::from("picked")));
            let at = yujie_tests::scene::parcel(&library::reader(2), "261123SORTED0001");
            let parcel = yujie_table::parcel::get(&ground.table, &at).await.unwrap().unwrap();
            let picked =
                parcel.history.iter().filter(|entry| entry.step == yujie_domain::parcel::LineStatus::Picked);
            assert_eq!(picked.count(), 1, "{fault:?} × {times}");
        }
    }
}
