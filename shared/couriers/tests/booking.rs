//! Bookings as they are posted, and the replies that they get.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking, as the tests do")]

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Time;
use proptest::prelude::*;
use serde_json::{Value, json};
use yujie_couriers::Secret;
use yujie_couriers::kuaidi100::booking::{Contact, Pickup, PickupDay};
use yujie_couriers::kuaidi100::{Booked, Booking, BookingError, Credentials, reply};
use yujie_domain::{Carried, ParcelNo, ReturnNo};

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

const READER: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

fn parcel(n: u8) -> Carried {
    format!("{READER}.260927ABCDEF0001.{n}").parse().unwrap()
}

fn booking() -> Booking {
    Booking {
        carried: parcel(1),
        attempt: 0,
        carrier: "shunfeng".to_owned(),
        sender: Contact {
            name: "图书馆".to_owned(),
            phone: "13800000002".to_owned(),
            address: "北京市东城区图书路2号".to_owned(),
        },
        recipient: Contact {
            name: "测试读者".to_owned(),
            phone: "13800000001".to_owned(),
            address: "北京市朝阳区测试路1号 & 2单元+3号".to_owned(),
        },
        cargo: "图书".to_owned(),
        weight_kg: 2,
        remark: None,
        pickup: None,
        booking_callback: "https://lib.example.cn/hooks?kind=booking&token=T0K3N".to_owned(),
        push_callback: "https://lib.example.cn/hooks?token=T0K3N".to_owned(),
    }
}

fn fields(form: &str) -> BTreeMap<String, String> {
    serde_urlencoded::from_str(form).unwrap()
}

fn param(form: &str) -> Value {
    serde_json::from_str(fields(form).get("param").unwrap()).unwrap()
}

#[test]
fn a_booking_says_who_where_what_and_how_to_tell_us() {
    let form = booking().form(&credentials(), now());

    let fields = fields(&form);
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["key", "method", "param", "sign", "t"]);
    assert_eq!((fields["method"].as_str(), fields["key"].as_str()), ("bOrder", "TESTKEY000001"));
    assert_eq!(fields["t"], "1790474400000");
    assert_eq!(
        param(&form),
        json!({
            "thirdOrderId": "260927ABCDEF0001-1", "kuaidicom": "shunfeng",
            "sendManName": "图书馆", "sendManMobile": "13800000002", "sendManPrintAddr": "北京市东城区图书路2号",
            "recManName": "测试读者", "recManMobile": "13800000001", "recManPrintAddr": "北京市朝阳区测试路1号 & 2单元+3号",
            "cargo": "图书", "weight": "2", "payment": "SHIPPER",
            "callBackUrl": "https://lib.example.cn/hooks?kind=booking&token=T0K3N",
            "op": "1", "pollCallBackUrl": "https://lib.example.cn/hooks?token=T0K3N", "resultv2": "4",
            "salt": "lib-callback-salt-01",
        })
    );
}

#[test]
fn a_booking_may_say_when_to_come_and_what_to_mind() {
    let pickup = Pickup {
        day: PickupDay::Tomorrow,
        from: Time::constant(9, 0, 0, 0),
        until: Time::constant(11, 30, 0, 0),
    };
    let booking = Booking { pickup: Some(pickup), remark: Some("易损".to_owned()), ..booking() };

    let param = param(&booking.form(&credentials(), now()));

    assert_eq!((&param["dayType"], &param["remark"]), (&json!("明天"), &json!("易损")));
    assert_eq!((&param["pickupStartTime"], &param["pickupEndTime"]), (&json!("09:00"), &json!("11:30")));
}

#[test]
fn a_parcel_booked_anew_after_a_cancellation_is_another_booking_to_the_platform() {
    let key = |attempt| {
        param(&Booking { attempt, ..booking() }.form(&credentials(), now()))["thirdOrderId"].clone()
    };

    assert_eq!(key(0), "260927ABCDEF0001-1");
    assert_eq!(key(1), "260927ABCDEF0001-1-R1");
    assert_eq!(key(2), "260927ABCDEF0001-1-R2");
}

#[test]
fn the_longest_idempotency_key_is_taken_and_is_no_parcels_number() {
    let longest = Booking { carried: parcel(255), attempt: u8::MAX, ..booking() };

    let key = longest.third_order_id();

    assert_eq!(key, "260927ABCDEF0001-255-R255");
    assert!(key.len() <= 32);
    assert!(key.parse::<ParcelNo>().is_err());
}

#[test]
fn an_accepted_booking_has_its_numbers() {
    let reply = r#"{"result":true,"returnCode":"200","message":"成功","data":{"taskId":"T1","orderId":10001,"kuaidinum":"SF0000000000001","eOrder":null}}"#;

    let booked = Booked::parse(reply.as_bytes()).unwrap();

    assert_eq!((booked.task_id.as_str(), booked.order_id.as_str()), ("T1", "10001"));
    assert_eq!(booked.waybill.unwrap().as_str(), "SF0000000000001");
}

#[test]
fn a_return_is_booked_under_its_own_number_which_is_no_parcels() {
    let back = Booking { carried: format!("{READER}.R260927ABCDEF0001").parse().unwrap(), ..booking() };
    assert_eq!(back.third_order_id(), "R260927ABCDEF0001");
    assert!(back.third_order_id().parse::<ReturnNo>().is_ok());
    assert!(back.third_order_id().parse::<ParcelNo>().is_err());
}

#[test]
fn some_carriers_number_a_parcel_only_on_collection() {
    for number in [json!(null), json!("")] {
        let data = json!({"taskId": "T1", "orderId": "O1", "kuaidinum": number});
        let reply = json!({"result": true, "returnCode": 200, "message": "成功", "data": data}).to_string();

        assert_eq!(Booked::parse(reply.as_bytes()).unwrap().waybill, None);
    }
}

#[test]
fn a_refusal_says_who_has_to_act() {
    let refused = |code: &str| {
        let reply = json!({"result": false, "returnCode": code, "message": "收件人 测试读者 13800000001 有误", "data": null});
        Booked::parse(reply.to_string().as_bytes()).unwrap_err()
    };

    assert!(matches!(refused("500"), BookingError::Busy(_)));
    for account in ["503", "600", "601"] {
        assert!(matches!(refused(account), BookingError::Account(_)));
    }
    let BookingError::Refused(refusal) = refused("400") else { panic!("400 is about the booking") };
    assert_eq!(
        (refusal.code.as_str(), refusal.message.as_str()),
        ("400", "收件人 测试读者 13800000001 有误")
    );
    assert!(refused("500").is_transient());
    assert!(!refused("503").is_transient() && !refused("400").is_transient());
}

#[test]
fn a_reply_of_another_kind_is_tried_again() {
    for reply in
        ["", "<html>502 Bad Gateway</html>", "[]", "{}", r#"{"result":true,"returnCode":"200","data":null}"#]
    {
        let error = Booked::parse(reply.as_bytes()).unwrap_err();

        assert_eq!(error, BookingError::Unreadable, "{reply}");
        assert!(error.is_transient());
    }
}

#[test]
fn the_answers_to_a_push_are_fixed_to_the_byte() {
    assert_eq!(reply::ACCEPTED, r#"{"result":true,"returnCode":"200","message":"成功"}"#);
    assert_eq!(reply::FAILED, r#"{"result":false,"returnCode":"500","message":"失败"}"#);
}

#[test]
fn neither_people_nor_keys_reach_a_log() {
    let reply = json!({"result": false, "returnCode": "400", "message": "测试读者 13800000001"}).to_string();
    let error = Booked::parse(reply.as_bytes()).unwrap_err();

    let logged = format!("{:?} {:?} {:?} {error} {error:?}", booking(), booking().recipient, credentials());

    assert!(logged.contains("shunfeng") && logged.contains("400"));
    for private in ["测试读者", "13800", "测试路", "图书路", "T0K3N", "TESTKEY", "TESTSECRET", "salt-01"]
    {
        assert!(!logged.contains(private), "{private} in {logged}");
    }
}

proptest! {
    #[test]
    fn no_reply_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,100}") {
        let _ = Booked::parse(&bytes);
        let _ = Booked::parse(text.as_bytes());
    }

    #[test]
    fn whatever_people_are_called_arrives_as_written(name in ".{0,40}", address in ".{0,80}") {
        let recipient = Contact { name: name.clone(), phone: "13800000001".to_owned(), address: address.clone() };

        let param = param(&Booking { recipient, ..booking() }.form(&credentials(), now()));

        prop_assert_eq!(&param["recManName"], &json!(name));
        prop_assert_eq!(&param["recManPrintAddr"], &json!(address));
    }
}
