//! Receipts as the providers push them, and bodies that they would never send.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking, as the tests do")]

use proptest::prelude::*;
use serde_json::{Value, json};
use yujie_sms::{Delivery, NotReceipts, NumberFault, Provider, Receipts};

fn alibaba(success: &Value, code: &str) -> Value {
    json!({
        "phone_number": "13800000001", "send_time": "2026-09-27 09:00:00", "report_time": "2026-09-27 09:00:03",
        "success": success, "err_code": code, "err_msg": "用户接收成功", "sms_size": "1",
        "biz_id": "134523^4351232", "out_id": "ntf-0001"
    })
}

fn tencent(status: &str, code: &str) -> Value {
    json!({
        "user_receive_time": "2026-09-27 09:00:03", "nationcode": "86", "mobile": "13800000001",
        "report_status": status, "errmsg": code, "description": "用户短信送达成功", "sid": "5000:1"
    })
}

fn pushed(provider: Provider, entries: &[Value]) -> Receipts {
    provider.pushed(json!(entries).to_string().as_bytes()).unwrap()
}

fn told(provider: Provider, entry: Value) -> Delivery {
    pushed(provider, &[entry]).receipts.remove(0).delivery
}

#[test]
fn a_receipt_says_which_message_has_arrived_and_when() {
    let alibaba = pushed(Provider::Alibaba, &[alibaba(&json!(true), "DELIVERED")]).receipts.remove(0);
    let tencent = pushed(Provider::Tencent, &[tencent("SUCCESS", "DELIVRD")]).receipts.remove(0);

    for receipt in [&alibaba, &tencent] {
        assert_eq!(receipt.delivery, Delivery::Delivered);
        assert_eq!(receipt.at.unwrap().to_string(), "2026-09-27T01:00:03Z");
        assert_eq!(receipt.to.as_ref().unwrap().as_str(), "13800000001");
    }
    assert_eq!(alibaba.id.unwrap().as_str(), "134523^4351232");
    assert_eq!(alibaba.reference.unwrap().as_str(), "ntf-0001");
    assert_eq!((tencent.id.unwrap().as_str(), tencent.reference), ("5000:1", None));
}

#[test]
fn what_did_not_arrive_keeps_the_carriers_code() {
    let failed = |code: &str| Delivery::Failed { code: code.to_owned() };

    assert_eq!(told(Provider::Alibaba, alibaba(&json!(false), "MK:0001")), failed("MK:0001"));
    assert_eq!(told(Provider::Alibaba, alibaba(&json!("false"), "MK:0001")), failed("MK:0001"));
    assert_eq!(told(Provider::Tencent, tencent("FAIL", "-106")), failed("-106"));
    let unknown = Delivery::Unknown { code: "X".to_owned() };
    assert_eq!(told(Provider::Alibaba, alibaba(&json!(null), "X")), unknown);
    assert_eq!(told(Provider::Tencent, tencent("success", "X")), unknown);
}

#[test]
fn a_number_is_given_up_only_when_the_carrier_says_so_of_the_number() {
    let fault = |code| told(Provider::Alibaba, alibaba(&json!(false), code)).number_fault();

    assert_eq!(fault("MOBILE_IN_BLACK"), Some(NumberFault::Blocked));
    assert_eq!(fault("INVALID_NUMBER"), Some(NumberFault::Invalid));
    assert_eq!(fault("MOBILE_NOT_ON_SERVICE"), None);
    assert_eq!(told(Provider::Alibaba, alibaba(&json!(true), "MOBILE_IN_BLACK")).number_fault(), None);
}

#[test]
fn an_entry_that_names_no_message_keeps_no_other_from_being_read() {
    let noise =
        [json!(null), json!(1), json!([]), json!({}), json!({ "biz_id": "", "sid": null, "out_id": "a b" })];

    for (provider, entry) in
        [(Provider::Alibaba, alibaba(&json!(true), "")), (Provider::Tencent, tencent("SUCCESS", ""))]
    {
        let entries: Vec<Value> = noise.iter().cloned().chain([entry]).collect();
        let receipts = pushed(provider, &entries);
        assert_eq!((receipts.receipts.len(), receipts.unreadable), (1, noise.len()));
    }
    let mut poor = alibaba(&json!(true), "");
    poor["phone_number"] = json!("+852 1");
    poor["report_time"] = json!("soon");
    let receipt = pushed(Provider::Alibaba, &[poor]).receipts.remove(0);
    assert_eq!((receipt.to, receipt.at, receipt.delivery), (None, None, Delivery::Delivered));
}

#[test]
fn a_body_that_is_no_list_is_refused() {
    for provider in [Provider::Alibaba, Provider::Tencent] {
        for body in [&b""[..], b"{}", b"null", b"[", b"[{]", b"\xff", br#"{"biz_id":"1"}"#] {
            assert_eq!(provider.pushed(body), Err(NotReceipts));
        }
        assert_eq!(provider.pushed(b"[]").unwrap(), Receipts::default());
    }
}

#[test]
fn each_provider_hears_what_it_takes_for_yes() {
    let said = |provider: Provider| serde_json::from_str::<Value>(provider.acknowledgement()).unwrap();

    assert_eq!(said(Provider::Alibaba)["code"], json!(0));
    assert_eq!(said(Provider::Tencent)["result"], json!(0));
}

#[test]
fn a_receipt_is_logged_without_the_number() {
    let logged = format!("{:?}", pushed(Provider::Tencent, &[tencent("FAIL", "UNDELIV")]));

    assert!(logged.contains("138****0001") && !logged.contains("13800000001"), "{logged}");
}

proptest! {
    #[test]
    fn every_entry_is_read_or_counted(
        values in proptest::collection::vec((".{0,30}", ".{0,30}", any::<Option<bool>>()), 0..8),
    ) {
        let entries: Vec<Value> = values
            .iter()
            .map(|(id, text, success)| json!({
                "biz_id": id, "sid": id, "out_id": text, "err_code": text, "errmsg": text, "success": success,
                "report_status": text, "report_time": text, "user_receive_time": text, "phone_number": text
            }))
            .collect();
        for provider in [Provider::Alibaba, Provider::Tencent] {
            let receipts = pushed(provider, &entries);
            prop_assert_eq!(receipts.receipts.len() + receipts.unreadable, entries.len());
        }
    }
}
