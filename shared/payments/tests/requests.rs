//! What we say to the platform: byte for byte what it expects, and signed as it checks.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking, as the tests do")]

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use yujie_domain::money::Fen;
use yujie_payments::wechatpay::{
    Account, Cashier, Close, Method, Nonce, Prepay, PrepayId, Query, Refund, RefundNo, RefundQuery, Request,
    TradeNo, Unfit, Way,
};

#[expect(dead_code, reason = "other tests use more of it")]
mod platform;
use platform::{account, secret, text, vectors};

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
        description: "图书逾期费-2册".to_owned(),
        amount: Fen(260),
        expires: "2026-09-27T02:15:00.75Z".parse().unwrap(),
        notify_url: "https://lib.example.cn/hooks/wechatpay".to_owned(),
    }
}

fn refund() -> Refund {
    Refund {
        trade_no: trade_no(),
        refund_no: refund_no(),
        reason: "重复缴费".to_owned(),
        amount: Fen(260),
        total: Fen(260),
        notify_url: "https://lib.example.cn/hooks/wechatpay-refund".to_owned(),
    }
}

fn body(prepay: &Prepay) -> Value {
    serde_json::from_str(&prepay.request(&account()).unwrap().body).unwrap()
}

/// What the vectors' request is signed with.
fn signed(request: Request, vector: &Value) -> String {
    let now = Timestamp::from_second(vector["timestamp"].as_i64().unwrap()).unwrap();
    let nonce = Nonce::parse(vector["nonce_str"].as_str().unwrap()).unwrap();
    let signed = request.sign(&account(), now, &nonce).unwrap();
    signed.headers.into_iter().find(|(name, _)| *name == "authorization").unwrap().1
}

#[test]
fn every_request_of_the_vectors_is_signed_byte_for_byte() {
    let vectors = vectors();
    let requests = vectors["requests"].as_array().unwrap();
    assert_eq!(requests.len(), 4);

    for vector in requests {
        let method = if vector["method"] == "GET" { Method::Get } else { Method::Post };
        let request = Request { method, path: text(vector, "/canonical_url"), body: text(vector, "/body") };

        assert_eq!(signed(request, vector), vector["authorization"].as_str().unwrap());
    }
}

#[test]
fn what_we_write_is_what_the_vectors_sign() {
    let vectors = vectors();
    let vector = |at: usize| &vectors["requests"][at];
    let query = Query { trade_no: trade_no() }.request(&account());
    let close = Close { trade_no: trade_no() }.request(&account());

    for (request, at) in [(query, 1), (close, 2), (refund().request(), 3)] {
        assert_eq!(request.method.name(), vector(at)["method"].as_str().unwrap());
        assert_eq!(request.path, vector(at)["canonical_url"].as_str().unwrap());
        assert_eq!(request.body, vector(at)["body"].as_str().unwrap());
        assert_eq!(signed(request, vector(at)), vector(at)["authorization"].as_str().unwrap());
    }

    let mut expected: Value = serde_json::from_str(&text(vector(0), "/body")).unwrap();
    expected.as_object_mut().unwrap().remove("attach"); // we send none
    let openid = "oTESTopenid00000000000000001".to_owned();
    assert_eq!(body(&prepay(Way::Jsapi { openid })), expected);
}

#[test]
fn the_cashier_is_opened_with_the_signature_of_the_vectors() {
    let vectors = vectors();
    let expected = &vectors["jsapi_pay"];
    let prepay_id = PrepayId::parse(text(expected, "/package").replace("prepay_id=", "")).unwrap();
    let now = Timestamp::from_second(text(expected, "/timeStamp").parse().unwrap()).unwrap();
    let nonce = Nonce::parse(expected["nonceStr"].as_str().unwrap()).unwrap();

    let cashier = Cashier::open(&account(), &prepay_id, now, &nonce).unwrap();

    let mut expected = expected.clone();
    expected.as_object_mut().unwrap().remove("string_to_sign");
    assert_eq!(serde_json::to_value(cashier).unwrap(), expected);
}

#[test]
fn a_reader_outside_wechat_gets_a_code_or_a_link() {
    let native = prepay(Way::Native);
    let h5 = prepay(Way::H5 { client_ip: "203.0.113.7".to_owned() });
    let path = |prepay: &Prepay| prepay.request(&account()).unwrap().path;

    assert_eq!(
        (path(&native), path(&h5)),
        ("/v3/pay/transactions/native".into(), "/v3/pay/transactions/h5".into())
    );
    assert_eq!((body(&native).get("payer"), body(&native).get("scene_info")), (None, None));
    let scene = json!({"payer_client_ip": "203.0.113.7", "h5_info": {"type": "Wap"}});
    assert_eq!((body(&h5).get("payer"), &body(&h5)["scene_info"]), (None, &scene));
}

#[test]
fn a_request_says_with_which_key_the_reply_should_be_signed() {
    let header = |secret: Value| {
        let account = Account::parse(&secret.to_string()).unwrap();
        let request = RefundQuery { refund_no: refund_no() }.request();
        let signed = request.sign(&account, Timestamp::UNIX_EPOCH, &Nonce::new(1)).unwrap();
        signed.headers.into_iter().find(|(name, _)| *name == "wechatpay-serial").map(|(_, serial)| serial)
    };
    let pem = secret()["keys"].as_object().unwrap().values().next().unwrap().clone();
    let with = |serials: &[&str]| {
        let mut secret = secret();
        secret["keys"] = serials.iter().map(|serial| ((*serial).to_owned(), pem.clone())).collect();
        header(secret)
    };

    assert_eq!(
        with(&["PUB_KEY_ID_0120260101", "PUB_KEY_ID_0120250101", "7ABC"]).unwrap(),
        "PUB_KEY_ID_0120260101"
    );
    assert_eq!(with(&["7ABC"]), None, "an account that has certificates only");
}

#[test]
fn a_get_has_no_body_and_a_refund_is_asked_for_by_its_number() {
    let request = RefundQuery { refund_no: refund_no() }.request();
    assert_eq!(
        (request.method, request.path.as_str(), request.body.as_str()),
        (Method::Get, "/v3/refund/domestic/refunds/RFND202609270001", "")
    );

    let signed = request.sign(&account(), Timestamp::UNIX_EPOCH, &Nonce::new(0xAB)).unwrap();

    let names: Vec<&str> = signed.headers.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["authorization", "accept", "user-agent", "wechatpay-serial"]);
    assert!(signed.headers[0].1.contains(r#"nonce_str="000000000000000000000000000000AB""#));
}

#[test]
fn what_the_platform_would_refuse_is_not_asked_for() {
    let unfit = |change: fn(&mut Prepay)| {
        let mut prepay = prepay(Way::Native);
        change(&mut prepay);
        prepay.request(&account()).unwrap_err()
    };

    assert_eq!(unfit(|prepay| prepay.amount = Fen::ZERO), Unfit::Nothing);
    assert_eq!(unfit(|prepay| prepay.notify_url.push_str("?token=1")), Unfit::NotifyUrl);
    assert_eq!(unfit(|prepay| prepay.notify_url.push_str(&"x".repeat(256))), Unfit::NotifyUrl);
    assert_eq!(unfit(|prepay| prepay.expires = Timestamp::MIN), Unfit::Expires);
}

#[test]
fn a_long_title_does_not_keep_a_reader_from_paying() {
    let prepay = Prepay { description: "书".repeat(500), ..prepay(Way::Native) };
    assert_eq!(body(&prepay)["description"], "书".repeat(127));

    let refund: Value =
        serde_json::from_str(&Refund { reason: "退".repeat(500), ..refund() }.request().body).unwrap();
    assert_eq!(refund["reason"], "退".repeat(80));
}

#[test]
fn a_number_fits_the_platform_and_a_path() {
    for wrong in ["", "12345", "A/B-12345", "A|B*12345", "订单000001", "A 123456", &"A".repeat(33)] {
        assert!(TradeNo::parse(wrong).is_err(), "{wrong}");
    }
    for wrong in ["", "a?b", "../x", &"A".repeat(65)] {
        assert!(RefundNo::parse(wrong).is_err(), "{wrong}");
    }
    for wrong in ["", "a\"b", "a\nb", &"A".repeat(33)] {
        assert!(Nonce::parse(wrong).is_err(), "{wrong}");
    }
    assert!(PrepayId::parse("wx1\n2").is_err());
    assert_eq!(TradeNo::parse("FINE_2026-01").unwrap().as_str(), "FINE_2026-01");
}

#[test]
fn no_reader_and_no_signature_reaches_a_log() {
    let prepay = prepay(Way::Jsapi { openid: "oREADER".to_owned() });
    let request = prepay.request(&account()).unwrap();
    let signed = request.clone().sign(&account(), Timestamp::UNIX_EPOCH, &Nonce::new(7)).unwrap();

    let logged = format!("{prepay:?} {request:?} {signed:?} {:?} {:?}", prepay.way, Nonce::new(7));

    for secret in ["oREADER", "逾期", "signature", "0007"] {
        assert!(!logged.contains(secret), "{logged}");
    }
}

#[test]
fn a_faulty_secret_is_named_by_its_field_and_not_shown() {
    let fault = |change: &dyn Fn(&mut Value)| {
        let mut secret = secret();
        change(&mut secret);
        let error = Account::parse(&secret.to_string()).unwrap_err();
        let other = serde_json::from_value::<Account>(secret).unwrap_err();
        assert_eq!(error.to_string(), other.to_string());
        assert!(!format!("{error} {error:?}").contains("S3CRET"));
        error.field
    };

    for field in ["app_id", "mch_id", "serial_no", "api_v3_key", "private_key", "keys"] {
        let missing = |secret: &mut Value| drop(secret.as_object_mut().unwrap().remove(field));
        assert_eq!(fault(&missing), field);
        assert_eq!(fault(&|secret| secret[field] = json!(17)), field);
        assert_eq!(fault(&|secret| secret[field] = json!("S3CRET \"\n")), field);
    }
    let pem = |label| platform::pem(label, &text(&vectors(), "/merchant_public_key_spki_der_b64"));
    assert_eq!(
        fault(&|secret| secret["api_v3_key"] = json!("S3CRET0000000000")),
        "api_v3_key",
        "16 characters"
    );
    assert_eq!(fault(&|secret| secret["private_key"] = json!(pem("PUBLIC KEY"))), "private_key");
    assert_eq!(fault(&|secret| secret["private_key"] = json!(pem("PRIVATE KEY"))), "private_key");
    assert_eq!(fault(&|secret| secret["keys"] = json!({})), "keys");
    assert_eq!(fault(&|secret| secret["keys"]["PUB_KEY_ID_2"] = json!("S3CRET")), "keys");
    assert_eq!(fault(&|secret| secret["keys"]["PUB_KEY_ID_2"] = json!(pem("CERTIFICATE"))), "keys");
    assert_eq!(Account::parse("S3CRET").unwrap_err().to_string(), "the secret is not a JSON object");
    let error = serde_json::from_value::<Account>(json!("S3CRET")).unwrap_err();
    assert!(!error.to_string().contains("S3CRET"));
}

#[test]
fn an_account_shows_no_key() {
    let shown = format!("{:?}", account());

    assert!(shown.contains("1900000001") && shown.contains("PUB_KEY_ID_"), "{shown}");
    for secret in ["LibraryOrderTest", "BEGIN", "3F2A9C0D"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn pem_may_have_windows_line_ends_and_words_around_it() {
    let mut secret = secret();
    let key = secret["private_key"].as_str().unwrap().replace('\n', "\r\n");
    secret["private_key"] = json!(format!("Bag Attributes\r\n{key}\r\n"));

    assert!(Account::parse(&secret.to_string()).is_ok());
}

proptest! {
    #[test]
    fn no_secret_makes_it_panic(json in ".{0,200}", at in 0_usize..3_000, to in any::<char>()) {
        let _ = Account::parse(&json);
        let mut altered: Vec<char> = secret().to_string().chars().collect();
        let place = at % altered.len();
        altered[place] = to;
        let _ = Account::parse(&altered.into_iter().collect::<String>());
    }

    #[test]
    fn no_bytes_of_a_key_make_it_panic(der in proptest::collection::vec(any::<u8>(), 0..400)) {
        use base64::Engine;
        let mut secret = secret();
        let pem = platform::pem("PUBLIC KEY", &base64::engine::general_purpose::STANDARD.encode(der));
        secret["keys"] = json!({"PUB_KEY_ID_1": pem});
        prop_assert!(Account::parse(&secret.to_string()).is_err());
    }

    #[test]
    fn whatever_a_fee_is_for_the_body_is_whole(description in any::<String>(), amount in 1_u32.., url in "https://[a-z./]{0,200}") {
        let prepay = Prepay { description, amount: Fen(amount), notify_url: url, ..prepay(Way::Native) };
        prop_assert_eq!(body(&prepay)["amount"]["total"].as_u64(), Some(u64::from(amount)));
    }
}
