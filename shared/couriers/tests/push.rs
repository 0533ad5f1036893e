//! Pushes as the platform sends them, and bodies that it would never send.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking, as the tests do")]

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use yujie_couriers::kuaidi100::push::{self, MAX_BODY};
use yujie_couriers::kuaidi100::{Push, PushError, PushStatus, code};
use yujie_couriers::{CourierEvent, EventKind, Secret};

const SALT: &str = "lib-callback-salt-01";

fn salt() -> Secret {
    Secret::new(SALT)
}

#[derive(Deserialize)]
struct Vectors {
    pushes: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    param: String,
    form_body: String,
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str::<Vectors>(include_str!("vectors/kuaidi100.json")).unwrap().pushes
}

/// The form body of the vector called `name`.
fn body(name: &str) -> String {
    vectors().into_iter().find(|vector| vector.name == name).unwrap().form_body
}

fn received(name: &str) -> Push {
    Push::receive(body(name).as_bytes(), &salt()).unwrap()
}

fn parsed(param: &Value) -> Push {
    Push::parse(&param.to_string()).unwrap()
}

fn kinds(push: &Push) -> Vec<EventKind> {
    push.events.iter().map(|event| event.kind).collect()
}

fn form(param: &str, sign: &str) -> Vec<u8> {
    serde_urlencoded::to_string([("param", param), ("sign", sign)]).unwrap().into_bytes()
}

#[test]
fn every_vector_is_genuine() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 6);

    for Vector { name, param, form_body } in vectors {
        assert_eq!(push::verify(form_body.as_bytes(), &salt()), Ok(param), "{name}");
    }
}

#[test]
fn a_collected_parcel_has_one_event() {
    let push = received("collected");

    assert_eq!(push.status, PushStatus::Polling);
    assert_eq!(push.waybill.unwrap().as_str(), "SF0000000000001");
    assert_eq!(push.carrier.as_deref(), Some("shunfeng"));
    assert_eq!((push.message, push.new_carrier, push.auto_check), (None, None, false));
    assert_eq!((push.state, push.undated), (EventKind::Collected, 0));
    assert_eq!(
        push.events,
        [CourierEvent {
            at: "2026-09-27T15:02:11+08:00".parse().unwrap(),
            kind: EventKind::Collected,
            code: "103".to_owned(),
            text: "快件已揽收".to_owned(),
            place: Some("北京,北京市,东城区".to_owned()),
        }]
    );
}

#[test]
fn the_history_is_told_from_its_beginning() {
    assert_eq!(kinds(&received("out_for_delivery")), [EventKind::Collected, EventKind::OutForDelivery]);
    assert_eq!(
        kinds(&received("problem")),
        [EventKind::Collected, EventKind::OutForDelivery, EventKind::FailedAttempt]
    );
}

#[test]
fn a_signature_ends_the_following() {
    let push = received("signed_shutdown");

    assert_eq!(push.status, PushStatus::Shutdown);
    assert_eq!(kinds(&push), [EventKind::Collected, EventKind::OutForDelivery, EventKind::Delivered]);
    assert_eq!(push.events[2].at, "2026-09-28T02:05:30Z".parse().unwrap());
    assert!(!code::left_at_station(&push.events[2]));
}

#[test]
fn the_platform_says_why_it_gave_up() {
    let push = received("abort_3days");

    assert_eq!(push.status, PushStatus::Abort);
    assert_eq!(push.message.as_deref(), Some("3天查询无记录"));
    assert_eq!(push.events, []);
}

#[test]
fn without_codes_the_overall_state_is_that_of_the_latest_news() {
    let push = received("basic_state_only");

    assert_eq!(kinds(&push), [EventKind::Unknown, EventKind::Unknown, EventKind::Delivered]);
    assert_eq!(push.events[2].code, "3");
}

#[test]
fn a_name_may_stand_for_a_code() {
    let push = parsed(&json!({"lastResult": {"state": "3", "data": [
        {"ftime": "2026-09-28 10:05:30", "status": "本人签收"},
        {"ftime": "2026-09-28 09:10:00", "status": "派件"},
    ]}}));

    assert_eq!(kinds(&push), [EventKind::OutForDelivery, EventKind::Delivered]);
}

#[test]
fn a_parcel_that_waits_for_collection_is_not_collected() {
    let push = parsed(&json!({"lastResult": {"state": "1", "data": [
        {"ftime": "2026-09-27 09:00:00", "context": "等待揽收", "status": "待揽收", "statusCode": "102"},
    ]}}));

    assert_eq!(kinds(&push), [EventKind::Unknown]);
}

#[test]
fn a_station_that_signs_delivers_but_is_told_apart() {
    let push = parsed(&json!({"status": "shutdown", "lastResult": {"state": "304", "data": [
        {"ftime": "2026-09-28 10:05:30", "context": "已由菜鸟驿站代收", "statusCode": "304"},
    ]}}));

    assert_eq!(kinds(&push), [EventKind::Delivered]);
    assert!(code::left_at_station(&push.events[0]));
}

#[test]
fn an_unknown_code_is_kept() {
    let push = parsed(&json!({"lastResult": {"data": [
        {"ftime": "2026-09-28 10:05:30", "context": "新的状态", "statusCode": "7777"},
    ]}}));

    assert_eq!(push.events[0].kind, EventKind::Unknown);
    assert_eq!((push.events[0].code.as_str(), push.events[0].text.as_str()), ("7777", "新的状态"));
}

#[test]
fn a_wrong_carrier_is_named_right() {
    let push = parsed(&json!({"status": "abort", "autoCheck": "0", "comOld": "ems", "comNew": "shunfeng"}));
    assert_eq!((push.status, push.new_carrier.as_deref()), (PushStatus::Abort, Some("shunfeng")));

    let push = parsed(&json!({"status": "updateall", "autoCheck": 1}));
    assert_eq!((push.status, push.auto_check), (PushStatus::UpdateAll, true));
}

#[test]
fn nulls_and_surprises_cost_only_themselves() {
    let push = parsed(&json!({
        "status": null, "message": {"a": 1}, "autoCheck": true, "comNew": null, "unheard": [1, 2],
        "lastResult": {"nu": "not a number!", "com": null, "state": 3, "routeInfo": null, "data": [
            null, 7, "text", [], {},
            {"time": "yesterday", "context": "no time"},
            {"time": "2026-09-28 10:00:00", "ftime": null, "context": null, "status": null, "statusCode": 5, "areaName": null},
            {"ftime": "2026-09-28 09:00", "areaName": "北京", "location": "朝阳站", "status": "在途"},
        ]},
    }));

    assert_eq!(push.status, PushStatus::Unknown);
    assert_eq!((&push.message, &push.waybill, &push.carrier), (&None, &None, &None));
    assert_eq!((push.state, push.undated), (EventKind::Delivered, 6));
    assert_eq!(kinds(&push), [EventKind::InTransit, EventKind::OutForDelivery]);
    assert_eq!(push.events[0].place.as_deref(), Some("朝阳站"));
    assert_eq!((push.events[1].text.as_str(), push.events[1].place.as_deref()), ("", None));

    for empty in [
        json!({}),
        json!({"lastResult": null}),
        json!({"lastResult": []}),
        json!({"lastResult": {"data": {}}}),
    ] {
        assert_eq!(parsed(&empty).events, [], "{empty}");
    }
}

#[test]
fn events_of_one_second_keep_their_order_and_others_are_sorted() {
    let push = parsed(&json!({"lastResult": {"data": [
        {"ftime": "2026-09-28 10:00:00", "context": "third", "statusCode": "5"},
        {"ftime": "2026-09-28 10:00:00", "context": "second", "statusCode": "1002"},
        {"ftime": "2026-09-28 11:00:00", "context": "last", "statusCode": "301"},
        {"ftime": "2026-09-28 10:00:00", "context": "first", "statusCode": "103"},
    ]}}));

    let texts: Vec<&str> = push.events.iter().map(|event| event.text.as_str()).collect();
    assert_eq!(texts, ["first", "second", "third", "last"]);
}

#[test]
fn news_about_a_booking_bring_the_waybill_and_no_events() {
    let push = parsed(
        &json!({"kuaidicom": "jd", "kuaidinum": "JDVA00000000001", "status": "200", "message": "成功",
        "data": {"orderId": "10001", "status": 10, "courierName": "张三"}}),
    );

    assert_eq!((push.status, push.carrier.as_deref()), (PushStatus::Unknown, Some("jd")));
    assert_eq!(push.waybill.unwrap().as_str(), "JDVA00000000001");
    assert_eq!(push.events, []);
}

#[test]
fn a_lower_case_signature_is_as_good() {
    let body = body("collected");
    let (param, sign) = body.split_once("&sign=").unwrap();

    assert!(push::verify(format!("{param}&sign={}", sign.to_lowercase()).as_bytes(), &salt()).is_ok());
    assert!(push::verify(format!("sign={sign}&{param}").as_bytes(), &salt()).is_ok());
}

#[test]
fn what_the_platform_did_not_sign_is_refused() {
    let genuine = body("signed_shutdown");
    let other_param = body("collected");
    let (param, sign) = genuine.split_once("&sign=").unwrap();
    let (_, other_sign) = other_param.split_once("&sign=").unwrap();
    let refused = |body: String, salt: &str| push::verify(body.as_bytes(), &Secret::new(salt)).unwrap_err();

    assert_eq!(refused(genuine.clone(), "another salt"), PushError::BadSignature);
    assert_eq!(refused(format!("{param}&sign={other_sign}"), SALT), PushError::BadSignature);
    assert_eq!(refused(format!("{param}&sign="), SALT), PushError::BadSignature);
    assert_eq!(refused(format!("{param}&sign={sign}0"), SALT), PushError::BadSignature);
    assert_eq!(refused(format!("{param}+&sign={sign}"), SALT), PushError::BadSignature);
    assert_eq!(refused(param.to_owned(), SALT), PushError::MissingSign);
    // MD5("{}") signs it for whoever has no salt.
    assert_eq!(refused("param={}&sign=99914B932BD37A50B983C5E7C90AE93B".to_owned(), ""), PushError::NoSalt);
}

#[test]
fn what_is_no_push_is_refused_by_its_fault() {
    let refused = |body: &[u8]| Push::receive(body, &salt()).unwrap_err();
    let signed = |param: &str, sign: &str| refused(&form(param, sign));

    assert_eq!(refused(b""), PushError::NotForm);
    assert_eq!(refused(br#"{"status":"polling"}"#), PushError::NotForm);
    assert_eq!(refused(b"param=%7&sign=00"), PushError::NotForm);
    assert_eq!(refused(b"sign=00&params={}"), PushError::MissingParam);
    assert_eq!(refused(b"param=%FF%FE&sign=00"), PushError::NotUtf8);
    assert_eq!(refused(&vec![b'='; MAX_BODY + 1]), PushError::TooLarge { bytes: MAX_BODY + 1 });
    // Signed, and yet no JSON object.
    assert_eq!(signed("", "E074AE550CA12853FB47BCBA00B557E7"), PushError::NotJson { line: 1, column: 0 });
    assert_eq!(signed("[]", "FB10BE8128B1FAF03A7EAA4AC3F16934"), PushError::NotJson { line: 1, column: 0 });
    assert_eq!(Push::parse("{\n\"a\": }"), Err(PushError::NotJson { line: 2, column: 6 }));
    assert!(matches!(Push::parse(&"[".repeat(10_000)), Err(PushError::NotJson { .. })));
    assert!(matches!(Push::parse(&r#"{"a":"#.repeat(10_000)), Err(PushError::NotJson { .. })));
}

#[test]
fn no_text_of_a_push_reaches_a_log() {
    let push = parsed(&json!({"message": "李四 13800000001", "lastResult": {"data": [
        {"ftime": "2026-09-28 10:00:00", "context": "派件员 王五 13800000002", "statusCode": "5"},
    ]}}));
    let fault = Push::parse(r#"{"message": "李四 13800000001"#).unwrap_err();

    let logged = format!("{push:?} {push:#?} {fault} {fault:?}");

    for personal in ["李四", "王五", "138000"] {
        assert!(!logged.contains(personal), "{logged}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Push::receive(&body, &salt());
    }

    #[test]
    fn no_form_makes_it_panic(param in ".{0,200}", sign in "[0-9a-fA-F]{0,40}") {
        let _ = Push::receive(&form(&param, &sign), &salt());
        let _ = Push::parse(&param);
    }

    #[test]
    fn no_json_makes_it_panic(
        status in json_scalar(), nu in json_scalar(), state in json_scalar(),
        entries in proptest::collection::vec((json_scalar(), json_scalar(), json_scalar()), 0..8),
    ) {
        let data: Vec<Value> = entries.iter().map(|(time, code, text)| json!({"ftime": time, "statusCode": code, "context": text})).collect();

        let push = parsed(&json!({"status": status, "lastResult": {"nu": nu, "state": state, "data": data}}));

        prop_assert_eq!(push.events.len() + push.undated, entries.len());
        prop_assert!(push.events.is_sorted_by_key(|event| event.at));
    }

    #[test]
    fn one_altered_byte_breaks_the_signature(at in 6_usize..400, to in "[a-z0-9]") {
        let mut body = body("signed_shutdown").into_bytes();
        let new = to.as_bytes()[0];
        prop_assume!(!body[at].eq_ignore_ascii_case(&new));
        body[at] = new;

        prop_assert!(push::verify(&body, &salt()).is_err());
    }
}

fn json_scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "-?[0-9]{1,6}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-6][0-9](:[0-6][0-9])?".prop_map(Value::from),
    ]
}
