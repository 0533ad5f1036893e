//! Values that others have published for their own clients, and such as were worked out apart from this crate. They are not part of this
//! repository; where they are not at hand, nothing is checked here.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking, as the tests do")]
#![expect(clippy::print_stdout, reason = "a test that checks nothing says so")]

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};
use yujie_wechat::callback::{Delivery, Event, Query, verify};
use yujie_wechat::jssdk::{JsTicket, Nonce, PageConfig};
use yujie_wechat::{Account, Secret, WebUrl};

fn published() -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/facts/vectors/wechat_mp.json");
    let text = std::fs::read(path).ok();
    if text.is_none() {
        println!("skipped: the published values are not here");
    }
    Some(serde_json::from_slice(&text?).unwrap())
}

fn account(token: &str) -> Account {
    let secret = json!({"app_id": "wx0123456789abcdef", "app_secret": "5ecre7", "callback_token": token});
    Account::parse(&secret.to_string()).unwrap()
}

#[test]
fn pages_are_signed_as_others_sign_them() {
    let Some(vectors) = published() else { return };
    let sample = &vectors["jssdk_signature"];
    let text = |name: &str| sample[name].as_str().unwrap();
    let ticket = JsTicket::new(Secret::new(text("jsapi_ticket")), Timestamp::MAX).unwrap();
    let nonce = Nonce::parse(text("noncestr")).unwrap();
    let at = Timestamp::from_second(sample["timestamp"].as_i64().unwrap()).unwrap();

    for case in sample["cases"].as_array().unwrap() {
        let page = WebUrl::parse(case["url"].as_str().unwrap()).unwrap();
        assert_eq!(
            PageConfig::sign(&account("libtoken"), &ticket, &page, at, &nonce).signature,
            case["sha1"]
        );
    }
}

#[test]
fn calls_of_the_platform_are_proven_and_read() {
    let Some(vectors) = published() else { return };
    let call = &vectors["server_callback"];
    let query = Query::read(|name| call[name].as_str());
    let now = Timestamp::from_second(call["timestamp"].as_str().unwrap().parse().unwrap()).unwrap();

    let proven = verify(&account(call["token"].as_str().unwrap()), &query, now).unwrap();
    let message = vectors["aes_message"]["plain_xml"].as_str().unwrap();

    let event = Event::parse(proven, message.as_bytes()).unwrap();
    assert!(matches!(event, Event::Receipt(receipt) if receipt.delivery == Delivery::Arrived));
}
