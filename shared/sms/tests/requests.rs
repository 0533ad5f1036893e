//! Requests as the providers want them, and what is not let into one.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helpers fail by panicking, as the tests do"
)]

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use yujie_sms::{
    Account, Message, MessageId, Mobile, Nonce, Params, Provider, Query, Reference, SignName, SignedRequest,
};

const NONCE: u128 = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef;

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/sms.json")).unwrap()
}

/// The library's secret for that provider, with the vectors' keys.
fn secret(provider: Provider) -> Value {
    let vectors = vectors();
    match provider {
        Provider::Alibaba => json!({
            "provider": "alibaba",
            "access_key_id": vectors["aliyun_sendsms_own"]["access_key_id"],
            "access_key_secret": vectors["aliyun_sendsms_own"]["access_key_secret"],
            "sign_name": "测试图书馆",
            "templates": { "notice": "SMS_100000001", "closing": "SMS_100000002" },
        }),
        Provider::Tencent => json!({
            "provider": "tencent",
            "secret_id": vectors["tencent_sendsms_own"]["secret_id"],
            "secret_key": vectors["tencent_sendsms_own"]["secret_key"],
            "sdk_app_id": "1400000000",
            "region": "ap-beijing",
            "sign_name": "测试图书馆",
            "templates": { "notice": "1000001", "closing": "1000002" },
        }),
    }
}

fn account(provider: Provider) -> Account {
    Account::parse(&secret(provider).to_string()).unwrap()
}

fn message(account: &Account, template: &str, params: &[(&str, &str)]) -> Message {
    Message {
        to: Mobile::parse("13800000001").unwrap(),
        template: account.template(template).unwrap().clone(),
        params: Params::new(params.iter().copied()).unwrap(),
        reference: Reference::parse("ntf-0001").unwrap(),
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn header<'a>(request: &'a SignedRequest, name: &str) -> &'a str {
    request.headers.iter().find(|(known, _)| *known == name).unwrap().1.as_str()
}

#[test]
fn a_message_goes_to_alibaba_cloud_as_the_vector_says() {
    let vectors = vectors();
    let vector = &vectors["aliyun_sendsms_own"];
    let account = account(Provider::Alibaba);

    let message = message(&account, "notice", &[("order", "ORD0001"), ("hours", "48")]);
    let request = account.send(&message, at("2026-09-27T01:00:00Z"), &Nonce::new(NONCE));

    let query = vector["canonical_request"].as_str().unwrap().lines().nth(2).unwrap();
    assert_eq!((request.method, request.path), ("POST", format!("/?{query}")));
    assert_eq!(request.body, "");
    let given: Vec<(&str, &str)> =
        request.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let signed = vector["canonical_request"].as_str().unwrap().lines().skip(3).take(6);
    let mut expected: Vec<(&str, &str)> = signed.map(|line| line.split_once(':').unwrap()).collect();
    expected.push(("authorization", vector["authorization"].as_str().unwrap()));
    assert_eq!(given, expected);
}

#[test]
fn a_message_goes_to_tencent_cloud_as_the_vector_says() {
    let vectors = vectors();
    let account = account(Provider::Tencent);
    let now = Timestamp::from_second(vectors["tencent_send"]["timestamp"].as_i64().unwrap()).unwrap();

    let message = message(&account, "notice", &[("order", "ORD0001"), ("hours", "48")]);
    let request = account.send(&message, now, &Nonce::new(NONCE));

    assert_eq!((request.method, request.path.as_str()), ("POST", "/"));
    assert_eq!(request.body, vectors["tencent_send"]["payload"].as_str().unwrap());
    assert_eq!(header(&request, "authorization"), vectors["tencent_send"]["authorization"].as_str().unwrap());
    for (name, value) in vectors["tencent_sendsms_own"]["extra_headers"].as_object().unwrap() {
        assert_eq!(header(&request, &name.to_lowercase()), value.as_str().unwrap(), "{name}");
    }
    assert_eq!(header(&request, "content-type"), "application/json; charset=utf-8");
    assert_eq!(header(&request, "host"), "sms.tencentcloudapi.com");
}

#[test]
fn one_asks_what_became_of_a_message() {
    let vectors = vectors();
    let query = |id: Option<&str>| Query {
        to: Mobile::parse("13800000001").unwrap(),
        since: at("2026-09-27T01:00:00Z"),
        id: id.map(|id| MessageId::parse(id).unwrap()),
    };

    let alibaba = account(Provider::Alibaba);
    let asked = alibaba.query(&query(Some("134523^4351232")), at("2026-09-27T01:00:00Z"), &Nonce::new(NONCE));
    assert_eq!(asked.path, vectors["aliyun_query"]["path"].as_str().unwrap());
    assert_eq!(header(&asked, "authorization"), vectors["aliyun_query"]["authorization"].as_str().unwrap());
    let asked = alibaba.query(&query(None), at("2026-09-27T01:00:00Z"), &Nonce::new(NONCE));
    assert!(!asked.path.contains("BizId"), "{}", asked.path);

    let now = Timestamp::from_second(vectors["tencent_query"]["timestamp"].as_i64().unwrap()).unwrap();
    let asked = account(Provider::Tencent).query(&query(None), now, &Nonce::new(NONCE));
    assert_eq!(asked.body, vectors["tencent_query"]["payload"].as_str().unwrap());
    assert_eq!(header(&asked, "authorization"), vectors["tencent_query"]["authorization"].as_str().unwrap());
}

#[test]
fn alibaba_cloud_is_asked_for_the_day_in_shanghai() {
    let query = |since| Query { to: Mobile::parse("13800000001").unwrap(), since: at(since), id: None };
    let account = account(Provider::Alibaba);
    let asked = |since| account.query(&query(since), at("2026-09-27T01:00:00Z"), &Nonce::new(NONCE)).path;

    assert!(asked("2026-09-27T15:59:59Z").contains("SendDate=20260927"));
    assert!(asked("2026-09-27T16:00:00Z").contains("SendDate=20260928"));
}

#[test]
fn a_template_without_variables_is_sent_without_values() {
    let alibaba = account(Provider::Alibaba);
    let sent = alibaba.send(&message(&alibaba, "closing", &[]), Timestamp::UNIX_EPOCH, &Nonce::new(1));
    assert!(!sent.path.contains("TemplateParam"), "{}", sent.path);

    let tencent = account(Provider::Tencent);
    let sent = tencent.send(&message(&tencent, "closing", &[]), Timestamp::UNIX_EPOCH, &Nonce::new(1));
    assert_eq!(serde_json::from_str::<Value>(&sent.body).unwrap()["TemplateParamSet"], json!([]));
}

#[test]
fn requests_go_to_the_host_that_their_signature_covers() {
    for provider in [Provider::Alibaba, Provider::Tencent] {
        let account = account(provider);
        let request = account.send(&message(&account, "closing", &[]), Timestamp::UNIX_EPOCH, &Nonce::new(1));

        assert_eq!(provider.base(), format!("https://{}", header(&request, "host")));
        assert_eq!(account.provider(), provider);
    }
}

#[test]
fn two_requests_of_one_second_differ_where_the_provider_looks_for_it() {
    let sign = |provider, nonce| {
        let account = account(provider);
        account.send(&message(&account, "closing", &[]), Timestamp::UNIX_EPOCH, &Nonce::new(nonce))
    };

    assert_ne!(sign(Provider::Alibaba, 1), sign(Provider::Alibaba, 2));
    assert_eq!(sign(Provider::Tencent, 1), sign(Provider::Tencent, 2));
}

#[test]
fn nothing_that_is_logged_shows_the_message_or_a_key() {
    for provider in [Provider::Alibaba, Provider::Tencent] {
        let account = account(provider);
        let message = message(&account, "notice", &[("order", "ORD0001"), ("hours", "48")]);
        let nonce = Nonce::new(NONCE);
        let request = account.send(&message, Timestamp::UNIX_EPOCH, &nonce);

        let logged = format!("{account:?} {message:?} {nonce:?} {request:?} {:?}", message.params);
        for hidden in [
            "13800000001",
            "ORD0001",
            "TESTSK",
            "TESTAK",
            "TESTSECRETKEY",
            "AKIDTEST",
            "0123456789",
            "Signature=",
        ] {
            assert!(!logged.contains(hidden), "{hidden} in {logged}");
        }
        assert!(logged.contains("138****0001"), "{logged}");
    }
}

#[test]
fn a_secret_that_is_wrong_names_the_field_and_shows_nothing() {
    let faults = [
        (Provider::Alibaba, "provider", json!("aws"), "provider"),
        (Provider::Alibaba, "provider", json!(1), "provider"),
        (Provider::Alibaba, "access_key_id", json!("A B"), "access_key_id"),
        (Provider::Alibaba, "access_key_secret", json!(""), "access_key_secret"),
        (Provider::Alibaba, "access_key_secret", json!("K-9 "), "access_key_secret"),
        (Provider::Alibaba, "sign_name", json!("【测试图书馆】"), "sign_name"),
        (Provider::Alibaba, "templates", json!(null), "templates"),
        (Provider::Alibaba, "templates", json!({ "notice": "1000001" }), "templates"),
        (Provider::Alibaba, "templates", json!({ "notice": "SMS_" }), "templates"),
        (Provider::Tencent, "secret_id", json!(null), "secret_id"),
        (Provider::Tencent, "secret_key", json!(["K-9"]), "secret_key"),
        (Provider::Tencent, "sdk_app_id", json!(1_400_000_000), "sdk_app_id"),
        (Provider::Tencent, "region", json!("ap beijing\r\n"), "region"),
        (Provider::Tencent, "templates", json!({ "notice": "SMS_100000001" }), "templates"),
    ];

    for (provider, field, value, named) in faults {
        let mut secret = secret(provider);
        secret[field] = value;
        let error = Account::parse(&secret.to_string()).unwrap_err();
        assert_eq!(error.field, named, "{secret}");
        assert!(!error.to_string().contains("K-9"), "{error}");
    }
    for text in ["", "[]", "{", "null"] {
        assert_eq!(Account::parse(text).unwrap_err().field, "the secret");
    }
}

#[test]
fn a_template_that_the_account_does_not_have_is_not_there() {
    assert_eq!(account(Provider::Alibaba).template("notice").unwrap().as_str(), "SMS_100000001");
    assert_eq!(account(Provider::Alibaba).template("other"), None);
}

#[test]
fn a_sign_name_has_two_to_twelve_letters_and_digits() {
    for fit in ["预借", "测试图书馆", "Library24h", "一二三四五六七八九十一二"] {
        assert_eq!(SignName::parse(fit).unwrap().as_str(), fit);
    }
    for unfit in ["", "书", "一二三四五六七八九十一二三", "【测试】", "a b", "图书馆!"] {
        assert!(SignName::parse(unfit).is_err(), "{unfit}");
    }
}

#[test]
fn a_value_that_carriers_hold_back_is_not_sent() {
    let fits = |value: &str| Params::new([("v", value)]).is_ok();

    let longest = "书".repeat(35);
    for fit in ["1", "48", "明天 12:00", longest.as_str(), "31000012345678901", "2609270a1b2c3d4e"] {
        assert!(fits(fit), "{fit}");
    }
    let too_long = "书".repeat(36);
    for unfit in [
        "",
        too_long.as_str(),
        "a\nb",
        "【馆】",
        "见 HTTPS://x.cn",
        "WWW.x.cn",
        "13800000001",
        "电话13800000001。",
    ] {
        assert!(!fits(unfit), "{unfit}");
    }
}

#[test]
fn variables_have_names_and_each_is_given_once() {
    for names in [&["a", "a"][..], &[""], &["a b"], &["码"], &["abcdefghijklmnopqrstu"]] {
        assert!(Params::new(names.iter().map(|name| (*name, "1"))).is_err(), "{names:?}");
    }
    let names: Vec<String> = (0..21).map(|number| format!("v{number}")).collect();
    let given = |count: usize| Params::new(names.iter().take(count).map(|name| (name.as_str(), "1")));
    assert!(given(20).is_ok());
    assert!(given(21).is_err());
}

#[test]
fn a_reference_is_plain_and_short() {
    let longest = "x".repeat(64);
    for fit in ["1", "P1-1:ready_for_pickup.2", longest.as_str()] {
        assert_eq!(Reference::parse(fit).unwrap().as_str(), fit);
    }
    let too_long = "x".repeat(65);
    for unfit in ["", " ", "a b", "读者", too_long.as_str()] {
        assert!(Reference::parse(unfit).is_err(), "{unfit}");
    }
}

proptest! {
    #[test]
    fn any_values_that_are_let_in_arrive_in_their_places(values in proptest::collection::vec(".{0,40}", 0..6)) {
        let names: Vec<String> = (0..values.len()).map(|place| format!("v{place}")).collect();
        let Ok(params) = Params::new(names.iter().zip(&values).map(|(name, value)| (name.as_str(), value.as_str()))) else {
            return Ok(());
        };
        let (alibaba, tencent) = (account(Provider::Alibaba), account(Provider::Tencent));
        let sent = |account: &Account| {
            let message = Message { params: params.clone(), ..message(account, "notice", &[]) };
            account.send(&message, Timestamp::UNIX_EPOCH, &Nonce::new(1))
        };

        let body: Value = serde_json::from_str(&sent(&tencent).body).unwrap();
        prop_assert_eq!(&body["TemplateParamSet"], &json!(values));
        let path = sent(&alibaba).path;
        let query: Vec<(String, String)> = serde_urlencoded::from_str(path.strip_prefix("/?").unwrap()).unwrap();
        let given = query.iter().find(|(name, _)| name == "TemplateParam").map_or("{}", |(_, value)| value);
        let expected: serde_json::Map<String, Value> =
            names.iter().zip(&values).map(|(name, value)| (name.clone(), json!(value))).collect();
        prop_assert_eq!(serde_json::from_str::<Value>(given).unwrap(), Value::Object(expected));
    }

    #[test]
    fn any_secret_is_read_or_refused(text in ".{0,80}", value in ".{0,20}") {
        let _ = Account::parse(&text);
        for provider in [Provider::Alibaba, Provider::Tencent] {
            for field in ["access_key_id", "secret_key", "region", "sign_name", "provider"] {
                let mut secret = secret(provider);
                secret[field] = json!(value);
                let _ = Account::parse(&secret.to_string());
            }
        }
    }
}
