//! How a page learns who reads it.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking, as the tests do")]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use yujie_wechat::oauth::{AuthCode, Authorise, Exchange, Grant, Scope, SignInError, State};
use yujie_wechat::{AccessError, Account, Method, OPEN_HOST, OpenId, WebUrl};

const NOW: Timestamp = Timestamp::constant(1_790_474_400, 0);

fn secret() -> Value {
    json!({"app_id": "wx0123456789abcdef", "app_secret": "5ecre7000000000000000000", "callback_token": "libtoken"})
}

fn account() -> Account {
    Account::parse(&secret().to_string()).unwrap()
}

fn authorise(redirect_uri: &str, scope: Scope) -> String {
    let redirect_uri = WebUrl::parse(redirect_uri).unwrap();
    let state = State::parse("s1").unwrap();
    Authorise { redirect_uri, scope, state }.url(&account(), OPEN_HOST)
}

fn exchanged(status: u16, body: &Value) -> Result<Grant, SignInError> {
    Exchange::read(status, body.to_string().as_bytes(), NOW)
}

fn reply() -> Value {
    json!({
        "access_token": "USER-T0K3N", "expires_in": 7200, "refresh_token": "USER-R3FR3SH", "openid": "oTESTopenid_-1",
        "scope": "snsapi_base",
    })
}

#[test]
fn a_page_is_sent_to_be_known_and_says_where_it_wants_back() {
    assert_eq!(
        authorise("https://lib.example.cn/me?next=/orders&a=1", Scope::Base),
        "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx0123456789abcdef\
         &redirect_uri=https%3A%2F%2Flib.example.cn%2Fme%3Fnext%3D%2Forders%26a%3D1&response_type=code\
         &scope=snsapi_base&state=s1#wechat_redirect"
    );
    assert!(
        authorise("https://lib.example.cn", Scope::UserInfo).contains("&scope=snsapi_userinfo&state=s1#")
    );
}

#[test]
fn only_the_state_of_the_session_is_taken() {
    let state = State::new(7);

    assert_eq!(state.as_str(), "00000000000000000000000000000007");
    assert!(state.is("00000000000000000000000000000007") && State::parse(state.as_str()).is_ok());
    for other in ["", "7", "00000000000000000000000000000008"] {
        assert!(!state.is(other), "{other}");
    }
    for text in ["", "a b", "状态", "a&b", &"a".repeat(129)] {
        assert!(State::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_code_is_exchanged_for_who_the_reader_is() {
    let exchange = Exchange { code: AuthCode::parse("081aBC+d/e").unwrap() };

    let request = exchange.request(&account());

    assert_eq!((request.method, request.body.as_str()), (Method::Get, ""));
    assert_eq!(
        request.path,
        "/sns/oauth2/access_token?appid=wx0123456789abcdef&secret=5ecre7000000000000000000\
         &code=081aBC%2Bd%2Fe&grant_type=authorization_code"
    );
    let grant = exchanged(200, &reply()).unwrap();
    assert_eq!(grant.openid.as_str(), "oTESTopenid_-1");
    assert_eq!((grant.union_id, grant.scope.as_str()), (None, "snsapi_base"));
    assert_eq!(grant.token.expose(), "USER-T0K3N");
    assert_eq!(grant.token.expires(), NOW + SignedDuration::from_hours(2));
}

#[test]
fn a_reader_may_be_known_to_all_of_an_owners_accounts() {
    let mut reply = reply();
    reply["unionid"] = json!("uTEST1");
    reply["is_snapshotuser"] = json!(0);

    assert_eq!(exchanged(200, &reply).unwrap().union_id, Some(OpenId::parse("uTEST1").unwrap()));
}

#[test]
fn a_reader_of_a_snapshot_is_nobody() {
    for mark in [json!(1), json!("1"), json!(true), json!(2), json!({})] {
        let mut reply = reply();
        reply["is_snapshotuser"] = mark;
        assert_eq!(exchanged(200, &reply), Err(SignInError::Snapshot), "{reply}");
    }
}

#[test]
fn a_code_that_is_spent_sends_the_reader_to_be_known_anew() {
    for code in [40029, 40163, 42003] {
        let error = exchanged(200, &json!({"errcode": code, "errmsg": "invalid code, 081aBC"})).unwrap_err();

        assert!(matches!(&error, SignInError::CodeSpent(refusal) if refusal.code == code), "{error}");
        assert!(!format!("{error} {error:?}").contains("081aBC"));
    }
}

#[test]
fn other_refusals_say_whether_to_try_again() {
    let access = |status, body| match exchanged(status, &body).unwrap_err() {
        SignInError::Access(error) => error,
        other @ (SignInError::Snapshot | SignInError::CodeSpent(_)) => panic!("{other}"),
    };
    let refused = |code: i64| access(200, json!({"errcode": code}));

    for account in [40013, 40125, 48001, 99999] {
        assert!(matches!(refused(account), AccessError::Account(_)) && !refused(account).is_transient());
    }
    assert!(matches!(refused(-1), AccessError::Busy(_)) && refused(-1).is_transient());
    assert!(matches!(refused(45009), AccessError::Quota(_)) && !refused(45009).is_transient());
    let mut no_reader = reply();
    no_reader["openid"] = json!("");
    for (status, body) in [(502, reply()), (200, json!([])), (200, json!({"errcode": "x"})), (200, no_reader)]
    {
        let error = access(status, body);
        assert!(matches!(error, AccessError::Unreadable(_)) && error.is_transient());
    }
    assert_eq!(
        AccessError::from(yujie_wechat::Unreadable { status: 502 }).to_string(),
        "the platform's reply cannot be read (status 502)"
    );
}

#[test]
fn an_account_says_what_is_wrong_with_its_secret_and_shows_nothing_of_it() {
    let fault = |change: &dyn Fn(&mut Value)| {
        let mut secret = secret();
        change(&mut secret);
        let error = Account::parse(&secret.to_string()).unwrap_err();
        assert!(!error.to_string().contains("5ecre7"), "{error}");
        error.field
    };

    for field in ["app_id", "app_secret"] {
        assert_eq!(fault(&|secret| drop(secret.as_object_mut().unwrap().remove(field))), field);
        assert_eq!(fault(&|secret| secret[field] = json!("")), field);
    }
    for field in ["app_id", "app_secret", "callback_token"] {
        assert_eq!(fault(&|secret| secret[field] = json!(17)), field);
        assert_eq!(fault(&|secret| secret[field] = json!("5ecre7 \"\n")), field);
    }
    assert_eq!(fault(&|secret| secret["callback_token"] = json!("ab")), "callback_token");
    assert_eq!(Account::parse("5ecre7").unwrap_err().to_string(), "the secret is not a JSON object");
    assert!(!serde_json::from_value::<Account>(json!("5ecre7")).unwrap_err().to_string().contains("5ecre7"));
    assert!(serde_json::from_value::<Account>(secret()).is_ok());
}

#[test]
fn nothing_secret_is_shown_in_a_log() {
    let code = AuthCode::parse("C0DE").unwrap();
    let request = Exchange { code: code.clone() }.request(&account());
    let grant = exchanged(200, &reply()).unwrap();

    let shown = format!("{:?} {code:?} {request:?} {grant:?}", account());

    for secret in ["5ecre7", "libtoken", "C0DE", "USER-T0K3N", "oTESTopenid"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains("wx0123456789abcdef") && shown.contains("/sns/oauth2/access_token"), "{shown}");
}

proptest! {
    #[test]
    fn whatever_page_is_asked_for_comes_back_whole(path in "[!-~]{0,100}") {
        let page = format!("https://lib.example.cn/{path}");

        let url = authorise(&page, Scope::Base);

        let query = url.split_once('?').unwrap().1.strip_suffix("#wechat_redirect").unwrap();
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap();
        prop_assert_eq!(pairs.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["appid", "redirect_uri", "response_type", "scope", "state"]);
        prop_assert_eq!(&pairs[1].1, &page);
    }

    #[test]
    fn no_reply_and_no_secret_makes_it_panic(status in any::<u16>(), body in proptest::collection::vec(any::<u8>(), 0..200), json in ".{0,100}") {
        let _ = Exchange::read(status, &body, NOW);
        let _ = Account::parse(&json);
        let _ = AuthCode::parse(&json);
        let _ = WebUrl::parse(json);
    }
}
