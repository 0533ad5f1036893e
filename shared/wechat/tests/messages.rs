//! Messages: what may stand in them, how they are sent, and what the platform's answers mean.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking, as the tests do")]

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::date;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use yujie_wechat::template::{
    ClientMsgId, Dropped, Fault, Fields, Key, Kind, MsgId, SendError, Sent, SubscribeMessage, TemplateId,
    TemplateMessage, day, moment, shortened,
};
use yujie_wechat::token::ApiToken;
use yujie_wechat::{Method, OpenId, Secret, WebUrl};

fn key(name: &str) -> Key {
    Key::parse(name).unwrap()
}

/// What is wrong with a text in a field.
fn fault(name: &str, text: &str) -> Option<Fault> {
    Fields::new().with(key(name), text).err().map(|misfit| misfit.fault)
}

fn takes(name: &str, texts: &[impl AsRef<str>]) {
    for text in texts.iter().map(AsRef::as_ref) {
        assert_eq!(fault(name, text), None, "{name}: {text}");
    }
}

/// What fields take, as the outside party of the system tests has it too.
#[derive(Deserialize)]
struct Vectors {
    takes: Vec<String>,
    refuses: Vec<String>,
    too_long: Vec<(String, usize)>,
}

fn token() -> ApiToken {
    ApiToken::new(Secret::new("T0K3N"), Timestamp::MAX).unwrap()
}

fn fields() -> Fields {
    Fields::new()
        .with(key("thing4"), shortened("围城"))
        .unwrap()
        .with(key("character_string1"), "260927ABCDEF0001")
        .unwrap()
        .with(key("time2"), "2026年9月27日 09:31")
        .unwrap()
        .with(key("phrase3"), "待取书")
        .unwrap()
}

fn message() -> TemplateMessage {
    TemplateMessage {
        to: OpenId::parse("oTESTopenid1").unwrap(),
        template: TemplateId::parse("TPL-ready_1").unwrap(),
        fields: fields(),
        opens: Some(WebUrl::parse("https://lib.example.cn/orders?no=260927ABCDEF0001").unwrap()),
        id: ClientMsgId::of("260927ABCDEF0001-1#ready"),
    }
}

fn answered(body: &Value) -> Result<Sent, SendError> {
    TemplateMessage::read(200, body.to_string().as_bytes())
}

fn refused(code: i64) -> SendError {
    answered(&json!({"errcode": code, "errmsg": "oTESTopenid1 rid: 1"})).unwrap_err()
}

#[test]
fn a_message_says_to_whom_what_and_which_page_it_opens() {
    let request = message().request(&token());

    assert_eq!(request.method, Method::Post);
    assert_eq!(request.path, "/cgi-bin/message/template/send?access_token=T0K3N");
    assert!(request.body.contains("围城"), "in UTF-8: {}", request.body);
    assert_eq!(
        serde_json::from_str::<Value>(&request.body).unwrap(),
        json!({
            "touser": "oTESTopenid1", "template_id": "TPL-ready_1", "url": "https://lib.example.cn/orders?no=260927ABCDEF0001",
            "data": {
                "thing4": {"value": "围城"}, "character_string1": {"value": "260927ABCDEF0001"},
                "time2": {"value": "2026年9月27日 09:31"}, "phrase3": {"value": "待取书"},
            },
            "client_msg_id": ClientMsgId::of("260927ABCDEF0001-1#ready").as_str(),
        })
    );
    let plain = TemplateMessage { opens: None, ..message() }.request(&token());
    assert_eq!(serde_json::from_str::<Value>(&plain.body).unwrap().get("url"), None);
}

#[test]
fn a_notice_that_a_reader_allowed_is_sent_in_its_own_way() {
    let TemplateMessage { to, template, fields, opens, id: _ } = message();

    let request = SubscribeMessage { to, template, fields, opens }.request(&token());

    assert_eq!(request.path, "/cgi-bin/message/subscribe/bizsend?access_token=T0K3N");
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body["page"], "https://lib.example.cn/orders?no=260927ABCDEF0001");
    assert_eq!((body.get("url"), body.get("client_msg_id")), (None, None));
    assert_eq!(SubscribeMessage::read(200, br#"{"errcode":0,"errmsg":"ok"}"#), Ok(Sent { msg_id: None }));
}

#[test]
fn the_same_news_has_the_same_id() {
    let id = ClientMsgId::of("260927ABCDEF0001-1#ready");

    assert_eq!(id, ClientMsgId::of("260927ABCDEF0001-1#ready"));
    assert_ne!(id, ClientMsgId::of("260927ABCDEF0001-1#sent"));
    assert_eq!(ClientMsgId::parse(id.as_str()), Ok(id));
    for text in ["", "a b", "编号", &"a".repeat(33)] {
        assert!(ClientMsgId::parse(text).is_err(), "{text}");
    }
}

#[test]
fn what_the_platform_took_has_a_number() {
    assert_eq!(
        answered(&json!({"errcode": 0, "errmsg": "ok", "msgid": 4_060_215_884_612_812_801_u64})),
        Ok(Sent { msg_id: Some(MsgId(4_060_215_884_612_812_801)) })
    );
}

#[test]
fn a_refused_token_is_asked_for_again() {
    for code in [40001, 40014, 41001, 42001] {
        assert!(
            matches!(refused(code), SendError::TokenExpired(_)) && refused(code).is_transient(),
            "{code}"
        );
    }
}

#[test]
fn a_reader_who_is_not_reached_is_told_in_another_way() {
    for (code, why) in [(43004, Dropped::NotFollowing), (43101, Dropped::Declined), (40003, Dropped::Unknown)]
    {
        assert_eq!(refused(code), SendError::Drop(why));
        assert!(!refused(code).is_transient());
    }
    for code in [45168, 43107, 123_456] {
        assert!(matches!(refused(code), SendError::FallBack(_)) && !refused(code).is_transient(), "{code}");
    }
    for code in [45009, 40038] {
        assert!(matches!(refused(code), SendError::Quota(_)) && !refused(code).is_transient(), "{code}");
    }
}

#[test]
fn a_wrong_template_or_account_is_for_people() {
    for code in [40036, 40037, 40039, 40048, 41030, 47001, 47003] {
        assert!(matches!(refused(code), SendError::Template(_)) && !refused(code).is_transient(), "{code}");
    }
    for code in [40013, 40125, 40164, 41002, 41004, 48001, 48004, 50001, 50002] {
        assert!(matches!(refused(code), SendError::Account(_)) && !refused(code).is_transient(), "{code}");
    }
}

#[test]
fn what_passes_is_tried_again() {
    for code in [-1, 45011, 43108] {
        assert!(matches!(refused(code), SendError::Busy(_)) && refused(code).is_transient(), "{code}");
    }
    let pages =
        [(502, "<html/>"), (200, ""), (200, "{}"), (200, "[]"), (200, "null"), (500, r#"{"errcode":0}"#)];
    for (status, body) in pages {
        let error = TemplateMessage::read(status, body.as_bytes()).unwrap_err();
        assert!(matches!(error, SendError::Unreadable(_)) && error.is_transient(), "{body}");
    }
    // A refusal is one whatever the status.
    let error = TemplateMessage::read(500, br#"{"errcode":43004}"#).unwrap_err();
    assert_eq!(error, SendError::Drop(Dropped::NotFollowing));
}

#[test]
fn nothing_of_a_reader_is_shown_in_a_log() {
    let TemplateMessage { to, template, fields, opens, id: _ } = message();
    let other = SubscribeMessage { to, template, fields, opens };
    let misfit = Fields::new().with(key("phrase3"), "围城围城围城").unwrap_err();

    let shown = format!(
        "{:?} {other:?} {:?} {misfit} {misfit:?} {} {:?}",
        message(),
        message().request(&token()),
        refused(47003),
        refused(47003)
    );

    for secret in ["oTESTopenid1", "围城", "260927ABCDEF0001", "T0K3N"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    for told in ["TPL-ready_1", "thing4", "errcode 47003", "phrase3: has 6 characters, 5 are taken"] {
        assert!(shown.contains(told), "{told} in {shown}");
    }
}

#[test]
fn a_field_is_named_by_its_kind_and_a_number() {
    for kind in Kind::ALL {
        assert_eq!(key(&format!("{}1", kind.name())).kind(), kind);
    }
    assert_eq!(
        (key("thing04").as_str(), key("character_string12").to_string().as_str()),
        ("thing04", "character_string12")
    );
    for name in [
        "",
        "thing",
        "4",
        "thing123",
        "keyword1",
        "first",
        "remark",
        "Thing4",
        "thing4.DATA",
        "thing４",
        "enum1",
    ] {
        assert!(Key::parse(name).is_err(), "{name}");
    }
    assert_eq!(serde_json::from_value::<Key>(json!("thing4")).unwrap(), key("thing4"));
    assert!(serde_json::from_value::<Key>(json!("keyword1")).is_err());
}

#[test]
fn a_field_is_filled_in_once_and_never_with_nothing() {
    let twice = fields().with(key("thing4"), "围城").unwrap_err();

    assert_eq!((twice.key.as_str(), twice.fault), ("thing4", Fault::Twice));
    for kind in Kind::ALL {
        let name = format!("{}1", kind.name());
        for empty in ["", " ", "\u{3000}", "\n"] {
            assert_eq!(fault(&name, empty), Some(Fault::Empty), "{name}");
        }
        for broken in ["1\n2", "a\r", "围\t城", "一\u{2028}二", "\u{0}1"] {
            assert_eq!(fault(&name, broken), Some(Fault::LineBreak), "{name}");
        }
    }
}

#[test]
fn each_kind_takes_what_the_platform_says() {
    let vectors: BTreeMap<String, Vectors> =
        serde_json::from_str(include_str!("vectors/fields.json")).unwrap();
    assert!(Kind::ALL.iter().all(|kind| vectors.contains_key(kind.name())));

    for (kind, vectors) in vectors {
        let name = format!("{kind}1");
        takes(&name, &vectors.takes);
        for text in vectors.refuses {
            assert!(matches!(fault(&name, &text), Some(Fault::Form(_))), "{name}: {text}");
        }
        for (text, most) in vectors.too_long {
            match fault(&name, &text) {
                Some(Fault::TooLong { most: taken, has }) => {
                    assert!(taken == most && has > most, "{name}: {text}");
                }
                other => panic!("{name}: {text} is {other:?}"),
            }
        }
    }
}

#[test]
fn a_long_title_is_cut_where_the_reader_sees_it() {
    assert_eq!(shortened("围城"), "围城");
    assert_eq!(shortened(" 战争与和平\n（上\u{3000} 册）"), "战争与和平 （上 册）");
    assert_eq!(
        shortened("一二三四五六七八九十一二三四五六七八九十"),
        "一二三四五六七八九十一二三四五六七八九十"
    );
    assert_eq!(
        shortened("一二三四五六七八九十一二三四五六七八九十一"),
        "一二三四五六七八九十一二三四五六七八九…"
    );
    assert_eq!(shortened("The Art of Computer Programming"), "The Art of Computer…");
    assert_eq!(shortened("📚📚📚📚📚📚📚📚📚📚📚"), "📚📚📚📚📚📚📚📚📚…", "never half a character");
    assert_eq!(shortened("\n \t"), "");
    assert_eq!(fault("thing1", &shortened("\n \t")), Some(Fault::Empty));
}

#[test]
fn an_instant_is_told_in_shanghais_time() {
    let at: Timestamp = "2026-09-27T01:31:59Z".parse().unwrap();

    assert_eq!(moment(at), "2026年9月27日 09:31");
    assert_eq!(day(date(2026, 9, 27)), "2026年9月27日");
    takes("time1", &[&moment(at)]);
    takes("date1", &[&moment(at), &day(date(2026, 9, 27))]);
}

proptest! {
    #[test]
    fn whatever_a_title_is_it_fits_when_shortened(title in any::<String>(), more in "\\PC{0,60}") {
        for title in [title, more] {
            let short = shortened(&title);
            let fault = fault("thing1", &short);
            prop_assert!(fault.is_none() || fault == Some(Fault::Empty) && short.is_empty(), "{:?} is {:?}", short, fault);
            prop_assert_eq!(shortened(&short), short.clone(), "what is short stays");
        }
    }

    #[test]
    fn a_thing_takes_twenty_characters_and_no_more(text in "[一-龥a-zA-Z0-9]{1,40}") {
        let has = text.chars().count();
        prop_assert_eq!(fault("thing1", &text), (has > 20).then_some(Fault::TooLong { most: 20, has }));
    }

    #[test]
    fn numbers_of_orders_always_fit(number in "[0-9A-Z]{1,28}(-[0-9]{1,3})?") {
        prop_assert_eq!(fault("character_string1", &number), None);
    }

    #[test]
    fn every_instant_fits(seconds in 0_i64..200_000_000_000) {
        let text = moment(Timestamp::from_second(seconds).unwrap());
        prop_assert_eq!((fault("time1", &text), fault("date1", &text)), (None, None), "{}", text);
    }

    #[test]
    fn no_text_makes_a_field_panic_and_none_that_fits_is_long(text in any::<String>(), plain in "[0-9:~年月日./元¥ -]{0,40}") {
        for kind in Kind::ALL {
            for text in [&text, &plain] {
                let fits = kind.check(text).is_ok();
                prop_assert!(!fits || kind == Kind::Const || text.chars().count() <= 50, "{:?}: {}", kind, text);
                prop_assert!(!fits || !text.contains(['\n', '\r']));
            }
        }
        let _ = Key::parse(text);
    }

    #[test]
    fn no_reply_makes_it_panic(status in any::<u16>(), body in proptest::collection::vec(any::<u8>(), 0..200), code in any::<i64>()) {
        let _ = TemplateMessage::read(status, &body);
        prop_assert_eq!(TemplateMessage::read(200, json!({"errcode": code}).to_string().as_bytes()).is_ok(), code == 0);
    }
}
