//! What comes back from the platform: a yes that is proven, or a no that tells what to do.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail by panicking, as the tests do")]

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use yujie_domain::money::Fen;
use yujie_payments::wechatpay::{
    ApiError, CallError, Checkout, Code, Headers, Prepay, Query, Refund, RefundNo, RefundQuery, RefundState,
    TradeNo, TradeState, VerifyError, Way, answer,
};

#[expect(dead_code, reason = "other tests use more of it")]
mod platform;
use platform::{account, headers, sign};

const NOW: Timestamp = Timestamp::constant(1_790_472_700, 0);

fn trade_no() -> TradeNo {
    TradeNo::parse("FINE202609270001").unwrap()
}

fn refund_no() -> RefundNo {
    RefundNo::parse("RFND202609270001").unwrap()
}

fn prepay(way: Way) -> Prepay {
    Prepay {
        way,
        trade_no: trade_no(),
        description: "图书逾期费".to_owned(),
        amount: Fen(260),
        expires: NOW,
        notify_url: "https://lib.example.cn/hooks/wechatpay".to_owned(),
    }
}

/// Reads a reply that the platform has signed, as `read` reads it.
fn replied<T>(
    body: &Value,
    read: impl Fn(yujie_payments::wechatpay::Verified<'_>) -> Result<T, yujie_payments::wechatpay::Unreadable>,
) -> Result<T, CallError> {
    let body = body.to_string();
    let signed = sign(NOW, body.as_bytes());
    Ok(read(answer(&account(), 200, &headers(&signed), body.as_bytes(), NOW)?)?)
}

fn refused(status: u16, body: &str) -> ApiError {
    match answer(&account(), status, &Headers::read(|_| None), body.as_bytes(), NOW).unwrap_err() {
        CallError::Refused(error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_way_to_pay_shows_the_reader_something_else() {
    let jsapi = prepay(Way::Jsapi { openid: "o1".to_owned() });
    let h5 = prepay(Way::H5 { client_ip: "203.0.113.7".to_owned() });
    let native = prepay(Way::Native);

    let shown = replied(&json!({"prepay_id": "wx27"}), |reply| jsapi.read(reply)).unwrap();
    assert!(matches!(shown, Checkout::Jsapi(id) if id.as_str() == "wx27"));
    let shown = replied(&json!({"code_url": "weixin://wxpay/1"}), |reply| native.read(reply)).unwrap();
    assert_eq!(shown, Checkout::Native("weixin://wxpay/1".to_owned()));
    let shown = replied(&json!({"h5_url": "https://wx.example/1"}), |reply| h5.read(reply)).unwrap();
    assert_eq!(shown, Checkout::H5("https://wx.example/1".to_owned()));

    let other = replied(&json!({"code_url": "weixin://wxpay/1"}), |reply| jsapi.read(reply)).unwrap_err();
    assert!(matches!(other, CallError::Unreadable(_)));
    assert!(replied(&json!({"prepay_id": "a\nb"}), |reply| jsapi.read(reply)).is_err());
}

#[test]
fn a_trade_that_nobody_has_paid_yet() {
    let query = Query { trade_no: trade_no() };
    let mut body = json!({
        "appid": "wx0123456789abcdef", "mchid": "1900000001", "out_trade_no": "FINE202609270001", "trade_state": "NOTPAY",
        "trade_state_desc": "订单未支付", "payer": {}, "promotion_detail": [],
    });

    let transaction = replied(&body, |reply| query.read(reply)).unwrap();
    assert_eq!(transaction.state, TradeState::NotPay);
    assert_eq!(transaction.payment(&account(), &trade_no(), Fen(260)), Ok(None));

    body["trade_state"] = json!("SOMETHING_NEW");
    let unknown = replied(&body, |reply| query.read(reply)).unwrap_err();
    assert!(matches!(unknown, CallError::Unreadable(_)) && unknown.is_transient());
}

#[test]
fn a_refund_is_under_way_at_first() {
    let refund = Refund {
        trade_no: trade_no(),
        refund_no: refund_no(),
        reason: "重复缴费".to_owned(),
        amount: Fen(100),
        total: Fen(260),
        notify_url: String::new(),
    };
    let mut body = json!({
        "refund_id": "50300009992026092700000000001", "out_refund_no": "RFND202609270001", "out_trade_no": "FINE202609270001",
        "transaction_id": "42", "channel": "ORIGINAL", "create_time": "2026-09-27T09:40:00+08:00", "status": "PROCESSING",
        "amount": {"total": 260, "refund": 100, "payer_total": 260, "payer_refund": 100, "currency": "CNY"},
    });

    let news = replied(&body, |reply| refund.read(reply)).unwrap();
    assert_eq!((news.state, news.success_time), (RefundState::Processing, None));
    assert_eq!(news.check(&account(), &refund_no(), Fen(100)), Ok(()));

    body["status"] = json!("SUCCESS");
    body["success_time"] = json!("2026-09-27T09:41:00+08:00");
    let news = replied(&body, |reply| RefundQuery { refund_no: refund_no() }.read(reply)).unwrap();
    assert_eq!(
        (news.state, news.success_time),
        (RefundState::Success, Some("2026-09-27T01:41:00Z".parse().unwrap()))
    );
}

#[test]
fn a_closed_trade_has_no_body_and_yet_a_signature() {
    let signed = sign(NOW, b"");

    assert_eq!(answer(&account(), 204, &headers(&signed), b"", NOW).unwrap().body(), b"");

    let unsigned = answer(&account(), 204, &Headers::read(|_| None), b"", NOW).unwrap_err();
    assert_eq!(unsigned, CallError::Unproven(VerifyError::Missing("wechatpay-signature")));
    assert!(unsigned.is_transient(), "the trade may be closed: who asks again will know");
}

#[test]
fn every_code_has_its_meaning() {
    let table = [
        (400, "PARAM_ERROR", Code::ParamError, false),
        (400, "INVALID_REQUEST", Code::InvalidRequest, false),
        (403, "OUT_TRADE_NO_USED", Code::OutTradeNoUsed, false),
        (400, "ORDER_PAID", Code::OrderPaid, false),
        (400, "ORDERPAID", Code::OrderPaid, false),
        (400, "ORDER_CLOSED", Code::OrderClosed, false),
        (400, "ORDERCLOSED", Code::OrderClosed, false),
        (404, "ORDER_NOT_EXIST", Code::OrderNotExist, false),
        (404, "ORDERNOTEXIST", Code::OrderNotExist, false),
        (404, "RESOURCE_NOT_EXISTS", Code::ResourceNotExists, false),
        (400, "APPID_MCHID_NOT_MATCH", Code::AppIdMchIdNotMatch, false),
        (401, "SIGN_ERROR", Code::SignError, false),
        (403, "NO_AUTH", Code::NoAuth, false),
        (403, "NOT_ENOUGH", Code::NotEnough, false),
        (403, "USER_ACCOUNT_ABNORMAL", Code::UserAccountAbnormal, false),
        (429, "FREQUENCY_LIMITED", Code::FrequencyLimited, true),
        (429, "FREQUENCY_LIMIT_EXCEED", Code::FrequencyLimited, true),
        (429, "RATELIMIT_EXCEEDED", Code::FrequencyLimited, true),
        (500, "SYSTEM_ERROR", Code::SystemError, true),
        (500, "BANK_ERROR", Code::BankError, true),
        (400, "SOMETHING_NEW", Code::Other, false),
        (429, "SOMETHING_NEW", Code::Other, true),
        (503, "SOMETHING_NEW", Code::Other, true),
    ];

    for (status, name, code, transient) in table {
        let error =
            refused(status, &json!({"code": name, "message": "…", "detail": {"field": "x"}}).to_string());
        assert_eq!(
            (error.status, error.code, error.is_transient()),
            (status, code, transient),
            "{status} {name}"
        );
        let about_account = ["APPID_MCHID_NOT_MATCH", "SIGN_ERROR", "NO_AUTH"].contains(&name);
        assert_eq!(error.is_about_account(), about_account, "{name}");
    }
}

#[test]
fn a_gateways_page_is_no_refusal_of_the_platforms() {
    for page in ["<html>502 Bad Gateway</html>", "", "[]", "{}", r#"{"message":"no code"}"#] {
        let error = refused(502, page);
        assert_eq!((error.code, error.is_transient()), (Code::Unreadable, true), "{page}");
    }
    assert_eq!(refused(302, "").code, Code::Unreadable, "nothing is followed elsewhere");
}

#[test]
fn the_platforms_words_stay_out_of_logs() {
    let error = refused(400, r#"{"code":"PARAM_ERROR","message":"openid oREADER 不正确"}"#);
    assert_eq!(error.message, "openid oREADER 不正确");

    let logged = format!("{error} {error:?} {}", CallError::from(error.clone()));

    assert_eq!(error.to_string(), "status 400, ParamError");
    assert!(!logged.contains("oREADER"), "{logged}");
}

proptest! {
    #[test]
    fn no_reply_makes_it_panic(status in any::<u16>(), body in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(answer(&account(), status, &Headers::read(|_| None), &body, NOW).is_err());
    }

    #[test]
    fn no_signed_reply_makes_it_panic(body in "\\PC{0,100}") {
        let body = Value::String(body);
        let (query, refund_query) = (Query { trade_no: trade_no() }, RefundQuery { refund_no: refund_no() });
        prop_assert!(replied(&body, |reply| prepay(Way::Native).read(reply)).is_err());
        prop_assert!(replied(&body, |reply| query.read(reply)).is_err());
        prop_assert!(replied(&body, |reply| refund_query.read(reply)).is_err());
    }
}
