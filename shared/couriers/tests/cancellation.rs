//! Cancellations as they are posted, and the replies that they get.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking, as the tests do")]

use std::collections::BTreeMap;

use jiff::Timestamp;
use md5::{Digest, Md5};
use proptest::prelude::*;
use serde_json::{Value, json};
use yujie_couriers::Secret;
use yujie_couriers::kuaidi100::{Cancellation, CancellationError, Cancelled, Credentials};

fn credentials() -> Credentials {
    Credentials {
        key: Secret::new("TESTKEY000001"),
        secret: Secret::new("TESTSECRET0001"),
        salt: Secret::new("lib-callback-salt-01"),
    }
}

fn now() -> Timestamp {
    "2026-09-27T10:00:00+08:00".parse().unwrap()
}

fn cancellation() -> Cancellation {
    Cancellation {
        task_id: "2B389A891A2C4AF8".to_owned(),
        order_id: "1000086".to_owned(),
        message: "读者改了地址 & 电话".to_owned(),
    }
}

fn fields(form: &str) -> BTreeMap<String, String> {
    serde_urlencoded::from_str(form).unwrap()
}

fn refused(code: &str, message: &str) -> Result<Cancelled, CancellationError> {
    let reply = json!({"result": false, "returnCode": code, "message": message, "data": null});
    Cancelled::parse(reply.to_string().as_bytes())
}

#[test]
fn a_cancellation_names_the_booking_and_why() {
    let fields = fields(&cancellation().form(&credentials(), now()));

    assert_eq!(fields.keys().collect::<Vec<_>>(), ["key", "method", "param", "sign", "t"]);
    assert_eq!((fields["method"].as_str(), fields["key"].as_str()), ("cancel", "TESTKEY000001"));
    assert_eq!(fields["t"], "1790474400000");
    assert_eq!(
        serde_json::from_str::<Value>(&fields["param"]).unwrap(),
        json!({"taskId": "2B389A891A2C4AF8", "orderId": "1000086", "cancelMsg": "读者改了地址 & 电话"})
    );
}

#[test]
fn a_cancellation_is_signed_as_a_booking_is() {
    let form = cancellation().form(&credentials(), now());

    let param = &fields(&form)["param"];
    let plain = format!("{param}1790474400000TESTKEY000001TESTSECRET0001");
    let sign = format!("{:032X}", u128::from_be_bytes(Md5::digest(plain).into()));
    let pairs = [
        ("method", "cancel"),
        ("key", "TESTKEY000001"),
        ("t", "1790474400000"),
        ("param", param),
        ("sign", &sign),
    ];
    assert_eq!(form, serde_urlencoded::to_string(pairs).unwrap());
}

#[test]
fn the_form_is_the_same_to_the_byte() {
    // The signature was worked out with md5sum over the plain concatenation.
    let cancellation =
        Cancellation {
            task_id: "T1".to_owned(), order_id: "O1".to_owned(), message: "读者取消".to_owned()
        };

    assert_eq!(
        cancellation.form(&credentials(), now()),
        "method=cancel&key=TESTKEY000001&t=1790474400000\
         &param=%7B%22cancelMsg%22%3A%22%E8%AF%BB%E8%80%85%E5%8F%96%E6%B6%88%22%2C%22orderId%22%3A%22O1%22%2C%22taskId%22%3A%22T1%22%7D\
         &sign=D4E5FF5E117E532BAC76AA8F0FFBF37A"
    );
}

#[test]
fn a_booking_is_cancelled_when_the_platform_says_so() {
    for reply in [
        json!({"result": true, "returnCode": "200", "message": "成功"}),
        json!({"result": true, "returnCode": 200, "message": "提交成功", "data": {}}),
        json!({"result": "true", "returnCode": "200", "message": "取消成功", "data": null}),
    ] {
        assert_eq!(Cancelled::parse(reply.to_string().as_bytes()), Ok(Cancelled::Done), "{reply}");
    }
}

#[test]
fn a_booking_that_was_cancelled_before_stays_cancelled() {
    for message in ["订单已取消，请勿重复操作", "该订单已销单", "请勿重复取消"] {
        assert_eq!(refused("500", message), Ok(Cancelled::Already), "{message}");
    }
    assert_eq!(refused("400", "订单已取消"), Ok(Cancelled::Already));
}

#[test]
fn a_booking_that_the_platform_does_not_have_is_told_apart() {
    for message in ["订单不存在", "寄件任务不存在", "未找到订单"] {
        assert_eq!(refused("500", message), Ok(Cancelled::Unknown), "{message}");
    }
}

#[test]
fn a_collected_parcel_cannot_be_called_back() {
    for message in
        ["快件已揽收，不能取消", "取消失败：快递员已取件", "订单不存在或已揽收", "订单已取消或已揽收"]
    {
        for code in ["500", "400", "501"] {
            let Err(CancellationError::TooLate(refusal)) = refused(code, message) else {
                panic!("{code} {message} says that the courier has it")
            };
            assert_eq!((refusal.code.as_str(), refusal.message.as_str()), (code, message));
        }
    }
    assert!(!refused("500", "快件已揽收，不能取消").unwrap_err().is_transient());
}

#[test]
fn a_failure_of_the_platform_is_tried_again() {
    for (code, message) in [
        ("500", "服务器繁忙"),
        ("500", ""),
        ("501", "重复提交"),
        ("500", "订单未取消"),
        ("500", "已取消次数过多"),
    ] {
        let error = refused(code, message).unwrap_err();

        assert!(matches!(error, CancellationError::Busy(_)), "{code} {message}");
        assert!(error.is_transient());
    }
}

#[test]
fn a_refusal_says_who_has_to_act() {
    for (code, message) in
        [("503", "验证签名失败"), ("600", "key不存在或无效"), ("601", "订单不存在：KEY已过期")]
    {
        let error = refused(code, message).unwrap_err();

        assert!(matches!(error, CancellationError::Account(_)), "{code} {message}");
        assert!(!error.is_transient());
    }
    for message in ["参数不完整：cancelMsg", "快递公司不存在", "cancelMsg过长"] {
        let error = refused("400", message).unwrap_err();

        assert!(matches!(error, CancellationError::Refused(_)), "{message}");
        assert!(!error.is_transient());
    }
}

#[test]
fn a_reply_of_another_kind_is_no_cancellation_and_is_tried_again() {
    for reply in [
        "",
        "<html>502 Bad Gateway</html>",
        "[]",
        "{}",
        "null",
        r#"{"result":true}"#,
        r#"{"result":true,"returnCode":null,"message":"订单已取消"}"#,
    ] {
        let error = Cancelled::parse(reply.as_bytes()).unwrap_err();

        assert_eq!(error, CancellationError::Unreadable, "{reply}");
        assert!(error.is_transient());
    }
    for half in [r#"{"result":false,"returnCode":"200"}"#, r#"{"result":true,"returnCode":"400"}"#] {
        assert!(Cancelled::parse(half.as_bytes()).is_err(), "{half}");
    }
}

#[test]
fn the_platforms_words_stay_out_of_logs() {
    let error = refused("500", "测试读者 13800000001 的快件已揽收").unwrap_err();

    let logged = format!("{error} {error:?}");

    assert!(logged.contains("500"));
    assert!(!logged.contains("测试读者") && !logged.contains("13800"), "{logged}");
}

proptest! {
    #[test]
    fn no_reply_makes_it_panic_or_say_yes(
        bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,100}", code in "[0-9]{0,4}", cut in 0..90_usize,
    ) {
        prop_assert!(Cancelled::parse(&bytes).is_err());
        prop_assert!(Cancelled::parse(text.as_bytes()).is_err());
        let reply = json!({"result": text, "returnCode": code, "message": {"text": text}, "data": [text]}).to_string();
        let _ = Cancelled::parse(reply.as_bytes());
        let half = reply.as_bytes().get(..cut.min(reply.len() - 1)).unwrap();
        prop_assert_eq!(Cancelled::parse(half), Err(CancellationError::Unreadable));
    }

    #[test]
    fn whatever_the_reason_it_arrives_as_written(message in ".{0,30}") {
        let form = Cancellation { message: message.clone(), ..cancellation() }.form(&credentials(), now());

        let param: Value = serde_json::from_str(&fields(&form)["param"]).unwrap();
        prop_assert_eq!(&param["cancelMsg"], &json!(message));
    }
}
