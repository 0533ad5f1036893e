//! What the platform tells by itself.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking, as the tests do")]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use yujie_wechat::callback::{
    Delivery, Event, MAX_BODY, MessageError, Proven, Query, Receipt, VerifyError, echo, verify,
};
use yujie_wechat::template::MsgId;
use yujie_wechat::{Account, OpenId};

const NOW: Timestamp = Timestamp::constant(1_790_474_400, 0);
const TIMESTAMP: &str = "1790474400";
const NONCE: &str = "1320562132";
/// Worked out with sha1sum over `13205621321790474400libtoken`.
const SIGNATURE: &str = "117d7a7f1bd982ff06bcd0f0654105d294d1415d";

fn account() -> Account {
    Account::parse(r#"{"app_id":"wx0123456789abcdef","app_secret":"5ecre7","callback_token":"libtoken"}"#)
        .unwrap()
}

fn query<'a>(signature: &'a str, timestamp: &'a str, nonce: &'a str) -> Query<'a> {
    Query::read(|name| match name {
        "signature" => Some(signature),
        "timestamp" => Some(timestamp),
        "nonce" => Some(nonce),
        _ => None,
    })
}

fn proven() -> Proven {
    verify(&account(), &query(SIGNATURE, TIMESTAMP, NONCE), NOW).unwrap()
}

fn receipt(status: &str) -> String {
    format!(
        "<xml><ToUserName><![CDATA[gh_test]]></ToUserName>\n<FromUserName><![CDATA[oTESTopenid1]]></FromUserName>\
         <CreateTime>1790474400</CreateTime><MsgType><![CDATA[event]]></MsgType>\
         <Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event><MsgID>200163836</MsgID><Status><![CDATA[{status}]]></Status></xml>"
    )
}

fn told(xml: &str) -> Result<Event, MessageError> {
    Event::parse(proven(), xml.as_bytes())
}

#[test]
fn a_call_is_the_platforms_when_it_is_signed_with_our_token() {
    let refused = |signature, timestamp, nonce| {
        verify(&account(), &query(signature, timestamp, nonce), NOW).unwrap_err()
    };

    assert!(verify(&account(), &query(SIGNATURE, TIMESTAMP, NONCE), NOW).is_ok());
    assert_eq!(refused(SIGNATURE, TIMESTAMP, "1320562133"), VerifyError::Forged);
    assert_eq!(refused(SIGNATURE, "1790474401", NONCE), VerifyError::Forged);
    let upper_case = SIGNATURE.to_uppercase();
    assert_eq!(refused(&upper_case, TIMESTAMP, NONCE), VerifyError::Forged);
    assert_eq!(refused("", TIMESTAMP, NONCE), VerifyError::Forged);
    for missing in ["signature", "timestamp", "nonce"] {
        let query = Query::read(|name| (name != missing).then_some("1"));
        assert_eq!(verify(&account(), &query, NOW).unwrap_err(), VerifyError::Missing(missing));
    }
}

#[test]
fn without_a_token_nobody_is_believed() {
    let account = Account::parse(r#"{"app_id":"wx0123456789abcdef","app_secret":"5ecre7"}"#).unwrap();

    assert_eq!(verify(&account, &query(SIGNATURE, TIMESTAMP, NONCE), NOW).unwrap_err(), VerifyError::NoToken);
}

#[test]
fn a_signature_is_good_for_five_minutes() {
    let at = |seconds| {
        verify(&account(), &query(SIGNATURE, TIMESTAMP, NONCE), NOW + SignedDuration::from_secs(seconds))
    };

    assert!(at(299).is_ok() && at(-299).is_ok());
    assert_eq!(at(300).unwrap_err(), VerifyError::Clock(300));
    assert_eq!(at(-300).unwrap_err(), VerifyError::Clock(300));
}

#[test]
fn digits_cannot_be_moved_from_the_nonce_to_the_time() {
    // The same text is signed, cut elsewhere.
    for (timestamp, nonce) in
        [("132056213", "21790474400"), ("13205621321", "790474400"), ("", "13205621321790474400")]
    {
        let error = verify(&account(), &query(SIGNATURE, timestamp, nonce), NOW).unwrap_err();
        assert_eq!(error, VerifyError::Timestamp, "{timestamp}");
    }
    for timestamp in ["+179047440", "179047440a", "１７９", "-000000001"] {
        let error = verify(&account(), &query(SIGNATURE, timestamp, NONCE), NOW).unwrap_err();
        assert_eq!(error, VerifyError::Timestamp, "{timestamp}");
    }
}

#[test]
fn the_platforms_trial_gets_its_own_text_back_and_no_page() {
    assert_eq!(echo(proven(), "5837397301622104395"), Some("5837397301622104395"));
    for text in ["", "<script>alert(1)</script>", "书", &"1".repeat(129)] {
        assert_eq!(echo(proven(), text), None, "{text}");
    }
}

#[test]
fn a_receipt_tells_what_became_of_a_message() {
    let delivery = |status: &str| match told(&receipt(status)).unwrap() {
        Event::Receipt(receipt) => Some(receipt.delivery),
        Event::Other => None,
    };

    assert_eq!(
        told(&receipt("success")),
        Ok(Event::Receipt(Receipt {
            reader: OpenId::parse("oTESTopenid1").unwrap(),
            msg_id: MsgId(200_163_836),
            at: NOW,
            delivery: Delivery::Arrived,
        }))
    );
    assert_eq!(delivery("failed:user block"), Some(Delivery::Blocked));
    assert_eq!(delivery("failed: system failed"), Some(Delivery::SystemFailed));
    assert_eq!(delivery("failed:system failed"), Some(Delivery::SystemFailed));
    for new in ["failed:something new", "failed", "", "SUCCESS"] {
        assert_eq!(delivery(new), Some(Delivery::Failed), "{new}");
    }
    assert!(!format!("{:?}", told(&receipt("success"))).contains("oTESTopenid1"));
}

#[test]
fn what_readers_write_is_answered_and_left_alone() {
    let text = "<?xml version=\"1.0\"?><xml><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[<b>你好</b> &amp; ]]></Content></xml>";
    let follows = "<xml><MsgType>event</MsgType><Event>subscribe</Event><EventKey/><List><Item><A>1</A></Item></List></xml>";

    for xml in [text, follows] {
        assert_eq!(told(xml), Ok(Event::Other), "{xml}");
    }
}

#[test]
fn a_receipt_without_one_of_its_parts_is_refused() {
    let whole = receipt("success");
    let around = |name: &str| {
        let (before, rest) = whole.split_once(&format!("<{name}>")).unwrap();
        (before, rest.split_once(&format!("</{name}>")).unwrap().1)
    };

    for name in ["FromUserName", "MsgID", "CreateTime", "Status"] {
        let (before, after) = around(name);
        assert_eq!(told(&format!("{before}{after}")), Err(MessageError::Incomplete(name)));
    }
    for (name, senseless) in [("FromUserName", "a b"), ("MsgID", "-1"), ("CreateTime", "99999999999999999")] {
        let (before, after) = around(name);
        let changed = format!("{before}<{name}>{senseless}</{name}>{after}");
        assert_eq!(told(&changed), Err(MessageError::Incomplete(name)));
    }
}

#[test]
fn entities_are_refused_before_anything_comes_of_them() {
    let bomb = r#"<!DOCTYPE xml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><xml><MsgType>&b;</MsgType></xml>"#;
    let outside = r#"<!DOCTYPE xml SYSTEM "http://127.0.0.1/x.dtd"><xml><MsgType>event</MsgType></xml>"#;

    for xml in [
        bomb,
        outside,
        "<xml><MsgType>&b;</MsgType></xml>",
        "<xml><MsgType>&amp;</MsgType></xml>",
        "<xml><MsgType>&#101;</MsgType></xml>",
    ] {
        assert_eq!(told(xml), Err(MessageError::Entities), "{xml}");
    }
}

#[test]
fn what_is_no_such_xml_is_refused() {
    let deep = format!("<xml>{}{}</xml>", "<a>".repeat(20), "</a>".repeat(20));
    let xmls = [
        "",
        " ",
        "{}",
        "<xml>",
        "<xml/>",
        "<xml></xml>",
        "<xml></yml>",
        "<yml><MsgType>event</MsgType></yml>",
        "<xml><MsgType>event</MsgType></xml><xml></xml>",
        "<xml><MsgType>event</MsgType></xml>x",
        "<xml>x<MsgType>event</MsgType></xml>",
        "<xml><MsgType>event</MsgType><MsgType>text</MsgType></xml>",
        "<xml><MsgType>a & b</MsgType></xml>",
        "<xml><MsgType><![CDATA[event</MsgType></xml>",
        &deep,
    ];
    for xml in xmls {
        assert_eq!(told(xml), Err(MessageError::NotXml), "{xml}");
    }
    assert_eq!(Event::parse(proven(), b"<xml>\xff</xml>"), Err(MessageError::NotUtf8));
    let long = receipt(&"a".repeat(MAX_BODY));
    assert_eq!(told(&long), Err(MessageError::TooLarge { bytes: long.len() }));
}

#[test]
fn an_account_in_safe_mode_is_told_to_change() {
    let sealed =
        "<xml><ToUserName><![CDATA[gh_test]]></ToUserName><Encrypt><![CDATA[Q3stYC6h]]></Encrypt></xml>";

    assert_eq!(told(sealed), Err(MessageError::Encrypted));
    // In compatible mode (兼容模式) the plain text is beside it.
    let both = receipt("success").replace("</xml>", "<Encrypt><![CDATA[Q3stYC6h]]></Encrypt></xml>");
    assert!(matches!(told(&both), Ok(Event::Receipt(_))));
}

proptest! {
    #[test]
    fn no_signature_but_ours_is_taken(signature in "[0-9a-f]{0,40}", nonce in ".{0,20}") {
        prop_assume!(signature != SIGNATURE);
        prop_assert!(verify(&account(), &query(&signature, TIMESTAMP, &nonce), NOW).is_err());
    }

    #[test]
    fn no_call_makes_it_panic(signature in any::<String>(), timestamp in any::<String>(), digits in "[0-9]{10}", nonce in any::<String>()) {
        for timestamp in [&timestamp, &digits] {
            let _ = verify(&account(), &query(&signature, timestamp, &nonce), NOW);
        }
        let _ = echo(proven(), &nonce);
    }

    #[test]
    fn no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..400, to in any::<char>(), tags in "(<xml>|</xml>|<a>|</a>|<a/>|&a;|<!DOCTYPE a>|<!\\[CDATA\\[|\\]\\]>|x| ){0,30}") {
        let _ = Event::parse(proven(), &body);
        let _ = told(&tags);
        let mut altered: Vec<char> = receipt("success").chars().collect();
        let place = at % altered.len();
        altered[place] = to;
        let _ = told(&altered.into_iter().collect::<String>());
    }
}
