//! What the providers answer, and what has to happen then.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking, as the tests do")]

use proptest::prelude::*;
use serde_json::{Value, json};
use yujie_sms::{Cause, Delivery, Provider, Quota, Receipts, Reference, Refusal};

fn alibaba(code: &str, message: &str) -> Refusal {
    let reply = json!({ "Code": code, "Message": message, "RequestId": "R" }).to_string();
    Provider::Alibaba.sent(200, reply.as_bytes()).unwrap_err()
}

#[test]
fn a_message_that_is_accepted_has_an_id() {
    let reply = json!({ "Code": "OK", "Message": "OK", "BizId": "134523^4351232", "RequestId": "R" });
    assert_eq!(Provider::Alibaba.sent(200, reply.to_string().as_bytes()).unwrap().as_str(), "134523^4351232");

    let entry = json!({
        "SerialNo": "5000:1045710669157053657849499619", "PhoneNumber": "+8613800000001", "Fee": 1,
        "SessionContext": "ntf-0001", "Code": "Ok", "Message": "send success", "IsoCode": "CN"
    });
    let reply = json!({ "Response": { "SendStatusSet": [entry], "RequestId": "R" } });
    assert_eq!(
        Provider::Tencent.sent(200, reply.to_string().as_bytes()).unwrap().as_str(),
        "5000:1045710669157053657849499619"
    );
}

#[test]
fn a_reply_that_is_none_of_the_protocols_leaves_it_open_whether_the_message_was_sent() {
    let entry = |entry: Value| json!({ "Response": { "SendStatusSet": [entry] } }).to_string();
    let no_id = entry(json!({ "Code": "Ok", "SerialNo": "" }));
    let no_code = entry(json!({ "SerialNo": "1" }));
    let bodies = [
        "",
        "<html>502</html>",
        "null",
        "[]",
        "{}",
        r#"{"Response":null}"#,
        r#"{"Response":{}}"#,
        r#"{"Response":{"Error":{}}}"#,
        r#"{"Response":{"SendStatusSet":[]}}"#,
        r#"{"Code":"OK"}"#,
        r#"{"Code":"OK","BizId":"a b"}"#,
        r#"{"Code":{}}"#,
        &no_id,
        &no_code,
    ];

    for provider in [Provider::Alibaba, Provider::Tencent] {
        for (body, status) in bodies.iter().flat_map(|body| [(body, 200), (body, 502)]) {
            let refusal = provider.sent(status, body.as_bytes()).unwrap_err();
            assert_eq!((refusal.cause, refusal.status), (Cause::Doubtful, status), "{provider:?} {body}");
            assert!(!refusal.is_transient());
        }
    }
}

#[test]
fn an_unknown_code_is_taken_by_its_status() {
    let reply = json!({ "Code": "Brand.New", "Message": "" }).to_string();
    let cause = |status| Provider::Alibaba.sent(status, reply.as_bytes()).unwrap_err().cause;

    assert_eq!(
        [400, 429, 500, 503].map(cause),
        [Cause::Unknown, Cause::ProviderLimit(Quota::Rate), Cause::Doubtful, Cause::Doubtful]
    );
}

#[test]
fn a_refusal_is_logged_without_the_providers_words() {
    let refusal = alibaba("isv.MOBILE_NUMBER_ILLEGAL", "13800000001 is no number");

    for logged in [format!("{refusal:?}"), refusal.to_string()] {
        assert!(logged.contains("isv.MOBILE_NUMBER_ILLEGAL") && !logged.contains("13800000001"), "{logged}");
    }
    let long = format!("x\n{}", "y".repeat(1000));
    assert_eq!(alibaba(&long, "").code, format!("x{}", "y".repeat(63)));
}

fn reference() -> Reference {
    Reference::parse("ntf-0001").unwrap()
}

#[test]
fn alibaba_cloud_tells_what_became_of_a_message() {
    let detail = |reference: &str, status: Value, code: &str, received: &str| {
        json!({
            "PhoneNum": "13800000001", "SendStatus": status, "ErrCode": code, "TemplateCode": "SMS_100000001",
            "Content": "【测试图书馆】…", "SendDate": "2026-09-27 09:00:00", "ReceiveDate": received, "OutId": reference
        })
    };
    let reply = json!({ "Code": "OK", "Message": "OK", "TotalCount": "5", "SmsSendDetailDTOs": { "SmsSendDetailDTO": [
        detail("other", json!(3), "DELIVERED", "2026-09-27 09:00:03"),
        detail("ntf-0001", json!(1), "", ""),
        detail("ntf-0001", json!("2"), "MOBILE_IN_BLACK", "2026-09-27 09:00:04"),
        detail("ntf-0001", json!(9), "X", "soon"),
        detail("", json!(3), "DELIVERED", ""),
    ] } });

    let found = Provider::Alibaba.found(200, reply.to_string().as_bytes()).unwrap();

    assert_eq!((found.receipts.len(), found.unreadable), (4, 1));
    let reference = reference();
    let about: Vec<_> = found.about(&reference).collect();
    let told: Vec<_> = about.iter().map(|receipt| receipt.delivery.clone()).collect();
    assert_eq!(
        told,
        [
            Delivery::Pending,
            Delivery::Failed { code: "MOBILE_IN_BLACK".to_owned() },
            Delivery::Unknown { code: "X".to_owned() }
        ]
    );
    let at: Vec<_> = about.iter().map(|receipt| receipt.at.map(|at| at.to_string())).collect();
    assert_eq!(at, [None, Some("2026-09-27T01:00:04Z".to_owned()), None]);
    assert_eq!(found.receipts.first().unwrap().delivery, Delivery::Delivered);
}

#[test]
fn tencent_cloud_tells_what_became_of_a_message() {
    let entry = |status: &str, context: Value| {
        json!({
            "UserReceiveTime": 1_790_470_803, "CountryCode": "86", "SubscriberNumber": "13800000001",
            "PhoneNumber": "+8613800000001", "SerialNo": "5000:1", "ReportStatus": status,
            "Description": "UNDELIV", "SessionContext": context
        })
    };
    let reply = json!({ "Response": { "RequestId": "R", "PullSmsSendStatusSet":
        [entry("FAIL", json!("ntf-0001")), entry("SUCCESS", json!(null)), entry("", json!("ntf-0001"))] } });

    let found = Provider::Tencent.found(200, reply.to_string().as_bytes()).unwrap();

    let told: Vec<_> = found.receipts.iter().map(|receipt| receipt.delivery.clone()).collect();
    let code = "UNDELIV".to_owned();
    assert_eq!(
        told,
        [Delivery::Failed { code: code.clone() }, Delivery::Delivered, Delivery::Unknown { code }]
    );
    let receipt = found.about(&reference()).next().unwrap().clone();
    assert_eq!(receipt.at.unwrap().to_string(), "2026-09-27T01:00:03Z");
    assert_eq!(receipt.to.unwrap().as_str(), "13800000001");
    assert_eq!(found.about(&reference()).count(), 2);
}

#[test]
fn a_question_may_find_nothing_or_be_refused() {
    assert_eq!(
        Provider::Alibaba.found(200, br#"{"Code":"OK","TotalCount":"0"}"#).unwrap(),
        Receipts::default()
    );
    assert_eq!(Provider::Tencent.found(200, br#"{"Response":{}}"#).unwrap(), Receipts::default());

    for body in [&br#"{"Response":null}"#[..], br#"{"Response":[]}"#, br#"{"Code":"OK"}"#, b"<html>"] {
        assert_eq!(Provider::Tencent.found(200, body).unwrap_err().cause, Cause::Doubtful);
    }
    let refused = Provider::Alibaba.found(400, br#"{"Code":"Throttling.User"}"#).unwrap_err();
    assert!(refused.is_transient());
    let refused = Provider::Tencent.found(200, br#"{"Response":{"Error":{"Code":"AuthFailure.X"}}}"#);
    assert!(refused.unwrap_err().is_about_account());
}

proptest! {
    #[test]
    fn any_reply_has_a_meaning(body in any::<Vec<u8>>(), status in any::<u16>(), code in ".{0,80}", id in ".{0,80}") {
        let made = [
            json!({ "Code": code, "BizId": id, "Message": id }).to_string(),
            json!({ "Code": "OK", "BizId": id, "SmsSendDetailDTOs": { "SmsSendDetailDTO": [code, { "OutId": id, "SendStatus": code }] } }).to_string(),
            json!({ "Response": { "SendStatusSet": [{ "Code": code, "SerialNo": id }], "PullSmsSendStatusSet": [null, { "SerialNo": id }] } }).to_string(),
            json!({ "Response": { "Error": code } }).to_string(),
        ];
        for provider in [Provider::Alibaba, Provider::Tencent] {
            for body in made.iter().map(String::as_bytes).chain([body.as_slice()]) {
                let _ = (provider.sent(status, body), provider.found(status, body), provider.pushed(body));
            }
        }
    }
}
