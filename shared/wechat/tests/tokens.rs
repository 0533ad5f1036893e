//! The account's token and the ticket of its pages: when they are asked for, and what their replies mean.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking, as the tests do")]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use yujie_wechat::jssdk::{JsTicket, TicketError, TicketQuery};
use yujie_wechat::token::{ApiToken, Forced, Renewal, TooSoon};
use yujie_wechat::{AccessError, Account, Method, Secret};

const NOW: Timestamp = Timestamp::constant(1_790_474_400, 0); // 2026-09-27 10:00 in Shanghai

fn account() -> Account {
    Account::parse(r#"{"app_id":"wx0123456789abcdef","app_secret":"5ecre7"}"#).unwrap()
}

fn after(seconds: i64) -> Timestamp {
    NOW + SignedDuration::from_secs(seconds)
}

fn renewed(body: &Value) -> Result<ApiToken, AccessError> {
    Renewal::read(200, body.to_string().as_bytes(), NOW)
}

fn ticket(body: &Value) -> Result<JsTicket, TicketError> {
    TicketQuery::read(200, body.to_string().as_bytes(), NOW)
}

fn token() -> ApiToken {
    ApiToken::new(Secret::new("T0K3N&1"), after(7200)).unwrap()
}

#[test]
fn the_token_is_asked_for_without_taking_it_from_others() {
    let request = Renewal::Normal.request(&account());

    assert_eq!((request.method.name(), request.path.as_str()), ("POST", "/cgi-bin/stable_token"));
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(
        body,
        json!({"grant_type": "client_credential", "appid": "wx0123456789abcdef", "secret": "5ecre7", "force_refresh": false})
    );
    assert!(request.headers.contains(&("content-type", "application/json; charset=utf-8".to_owned())));
    assert!(!format!("{request:?}").contains("5ecre7"));
}

#[test]
fn by_force_it_is_asked_for_only_by_who_may() {
    let first = Forced::next(None, NOW).unwrap();

    let body: Value = serde_json::from_str(&Renewal::Forced(first).request(&account()).body).unwrap();

    assert_eq!(body["force_refresh"], true);
    assert_eq!(Forced::next(Some(first), after(29)), Err(TooSoon { until: after(30) }));
    assert!(Forced::next(Some(first), after(30)).is_ok());
    assert_eq!(
        Forced::next(Some(first), after(-3600)),
        Err(TooSoon { until: after(30) }),
        "a clock that is behind"
    );
}

#[test]
fn twenty_renewals_by_force_are_enough_for_a_day() {
    let mut last = None;
    for time in 0..20 {
        last = Some(Forced::next(last, after(30 * time)).unwrap());
    }

    let midnight: Timestamp = "2026-09-28T00:00:00+08:00".parse().unwrap();
    assert_eq!(Forced::next(last, after(3600)), Err(TooSoon { until: midnight }));
    assert!(Forced::next(last, midnight).is_ok());

    let kept: Forced = serde_json::from_str(&serde_json::to_string(&last).unwrap()).unwrap();
    assert_eq!(Some(kept), last);
}

#[test]
fn a_token_is_used_until_shortly_before_its_end() {
    let token = renewed(&json!({"access_token": "T0K3N", "expires_in": 7200})).unwrap();

    assert_eq!((token.expose(), token.expires()), ("T0K3N", after(7200)));
    assert!(token.is_fresh(NOW) && token.is_fresh(after(7200 - 241)));
    for late in [7200 - 240, 7200, 9999] {
        assert!(!token.is_fresh(after(late)), "{late}");
    }
    // Asked for within the platform's five minutes, so that a new one comes and not the same.
    assert!(token.is_fresh(after(7200 - 300)));
    assert_eq!(ApiToken::new(Secret::new("T0K3N"), after(7200)).unwrap(), token, "from where it was kept");
    assert!(!format!("{token:?}").contains("T0K3N"));
}

#[test]
fn no_token_is_believed_to_be_good_for_longer_than_two_hours() {
    let token = |seconds: i64| renewed(&json!({"access_token": "T", "expires_in": seconds}));

    assert_eq!(token(i64::MAX).unwrap().expires(), after(7200));
    assert_eq!(token(100).unwrap().expires(), after(100));
    assert!(!token(100).unwrap().is_fresh(NOW));
    for nonsense in [0, -1, i64::MIN] {
        assert!(matches!(token(nonsense), Err(AccessError::Unreadable(_))));
    }
    for text in ["", "a b", "令牌", &"a".repeat(2049)] {
        assert!(matches!(
            renewed(&json!({"access_token": text, "expires_in": 7200})),
            Err(AccessError::Unreadable(_))
        ));
    }
    assert!(renewed(&json!({"access_token": "a".repeat(2048), "expires_in": 7200})).is_ok());
}

#[test]
fn a_refused_account_is_for_people_and_a_busy_platform_for_later() {
    let refused =
        |code: i64| renewed(&json!({"errcode": code, "errmsg": "invalid ip 203.0.113.7"})).unwrap_err();

    for code in [40001, 40002, 40013, 40125, 40164, 41002, 41004, 50002, 12345] {
        assert!(matches!(refused(code), AccessError::Account(_)), "{code}");
    }
    assert!(
        matches!(refused(40164), AccessError::Account(refusal) if refusal.message == "invalid ip 203.0.113.7")
    );
    assert!(matches!(refused(45009), AccessError::Quota(_)));
    for code in [-1, 45011] {
        assert!(matches!(refused(code), AccessError::Busy(_)) && refused(code).is_transient());
    }
    let page = Renewal::read(502, b"<html>502 Bad Gateway</html>", NOW).unwrap_err();
    assert!(page.is_transient());
}

#[test]
fn the_ticket_is_asked_for_with_the_token() {
    let request = TicketQuery.request(&token());

    assert_eq!((request.method, request.body.as_str()), (Method::Get, ""));
    assert_eq!(request.path, "/cgi-bin/ticket/getticket?access_token=T0K3N%261&type=jsapi");
    assert!(!format!("{request:?}").contains("T0K3N"));
    let ticket =
        ticket(&json!({"errcode": 0, "errmsg": "ok", "ticket": "T1CK3T", "expires_in": 7200})).unwrap();
    assert_eq!((ticket.expose(), ticket.expires()), ("T1CK3T", after(7200)));
}

#[test]
fn a_ticket_may_be_refused_because_of_the_token() {
    let refused = |code: i64| ticket(&json!({"errcode": code, "errmsg": ""})).unwrap_err();

    for code in [40001, 40014, 41001, 42001] {
        assert!(matches!(refused(code), TicketError::TokenExpired(_)), "{code}");
    }
    assert!(matches!(refused(40164), TicketError::Access(AccessError::Account(_))));
    assert!(matches!(refused(-1), TicketError::Access(AccessError::Busy(_))));
    assert!(matches!(ticket(&json!({"errcode": 0})), Err(TicketError::Access(AccessError::Unreadable(_)))));
}

proptest! {
    #[test]
    fn no_reply_makes_it_panic(status in any::<u16>(), body in proptest::collection::vec(any::<u8>(), 0..200), asked in any::<i64>(), seconds in any::<i64>()) {
        let asked = Timestamp::from_second(asked % 253_402_207_200).unwrap_or(Timestamp::MAX);
        let _ = Renewal::read(status, &body, asked);
        let _ = TicketQuery::read(status, &body, asked);
        let reply = json!({"access_token": "T", "ticket": "T", "expires_in": seconds}).to_string();
        let _ = TicketQuery::read(status, reply.as_bytes(), Timestamp::MAX);
        if let Ok(token) = Renewal::read(status, reply.as_bytes(), asked) {
            prop_assert!(!token.is_fresh(Timestamp::MAX));
        }
    }

    #[test]
    fn by_force_is_never_more_than_the_platform_allows(steps in proptest::collection::vec(0_i64..4000, 1..200)) {
        let (mut now, mut last, mut done) = (NOW, None, Vec::new());
        for step in steps {
            now += SignedDuration::from_secs(step);
            match Forced::next(last, now) {
                Ok(next) => {
                    last = Some(next);
                    done.push(now);
                }
                Err(TooSoon { until }) => prop_assert!(until > now && Forced::next(last, until).is_ok()),
            }
        }
        prop_assert!(done.windows(2).all(|pair| pair[0].duration_until(pair[1]).as_secs() >= 30));
        let days: Vec<_> = done.iter().map(|at| yujie_domain::time::day(*at)).collect();
        prop_assert!(days.iter().all(|day| days.iter().filter(|other| *other == day).count() <= 20));
    }
}
