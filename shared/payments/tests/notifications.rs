//! Notifications as the platform sends them, and what others would like us to take for one.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helpers fail by panicking, as the tests do"
)]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use yujie_domain::money::Fen;
use yujie_payments::wechatpay::{
    Account, Event, Headers, NotOurs, Notification, NotificationError, Payment, RefundNews, RefundNo,
    RefundState, TradeNo, TradeState, Transaction, VerifyError, verify,
};

mod platform;
use platform::{account, headers, seal, secret, sign, text, vectors};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// A vector's headers, body and clock.
struct Vector {
    headers: Vec<(String, String)>,
    body: String,
    clock: Timestamp,
}

impl Vector {
    fn of(vector: &Value, clock: i64) -> Self {
        let headers = vector["headers"].as_object().unwrap();
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
        Self { headers: headers.collect(), body: text(vector, "/body_utf8"), clock: at(clock) }
    }

    fn payment() -> Self {
        Self::named("payment_success")
    }

    fn named(name: &str) -> Self {
        let vectors = vectors();
        let vector = &vectors["notifications"][name];
        Self::of(vector, vector["valid_when_clock_is"].as_i64().unwrap())
    }

    fn header(&mut self, name: &str) -> &mut String {
        &mut self.headers.iter_mut().find(|(other, _)| other.eq_ignore_ascii_case(name)).unwrap().1
    }

    fn refusal(&self) -> VerifyError {
        verify(&account(), &headers(&self.headers), self.body.as_bytes(), self.clock).unwrap_err()
    }

    fn opened(&self) -> Notification {
        let account = account();
        let proven = verify(&account, &headers(&self.headers), self.body.as_bytes(), self.clock).unwrap();
        Notification::parse(&account, proven).unwrap()
    }
}

/// What the platform tells when it signs `body` now.
fn told(body: &[u8]) -> Result<Notification, NotificationError> {
    let (account, now) = (account(), at(1_790_472_700));
    let signed = sign(now, body);
    Notification::parse(&account, verify(&account, &headers(&signed), body, now).unwrap())
}

fn paid(change: impl FnOnce(&mut Value)) -> Transaction {
    let mut content: Value =
        serde_json::from_str(&text(&vectors(), "/notifications/payment_success/plaintext")).unwrap();
    change(&mut content);
    let body = seal("TRANSACTION.SUCCESS", "transaction", &content.to_string());
    match told(body.to_string().as_bytes()).unwrap().event {
        Event::Paid(transaction) => transaction,
        Event::Refund(news) => panic!("a refund: {news:?}"),
    }
}

fn refunded(change: impl FnOnce(&mut Value)) -> RefundNews {
    let mut content: Value =
        serde_json::from_str(&text(&vectors(), "/notifications/refund_success/plaintext")).unwrap();
    change(&mut content);
    let body = seal("REFUND.ABNORMAL", "refund", &content.to_string());
    match told(body.to_string().as_bytes()).unwrap().event {
        Event::Refund(news) => news,
        Event::Paid(transaction) => panic!("a payment: {transaction:?}"),
    }
}

/// What becomes of the vectors' trade, for which 2.60 yuan were asked.
fn payment(transaction: &Transaction) -> Result<Option<Payment>, NotOurs> {
    transaction.payment(&account(), &TradeNo::parse("FINE202609270001").unwrap(), Fen(260))
}

#[test]
fn a_reader_has_paid() {
    let notification = Vector::payment().opened();

    assert_eq!(notification.id, "11111111-2222-3333-4444-555555555555");
    let Event::Paid(transaction) = notification.event else { panic!("{notification:?}") };
    assert_eq!(transaction.state, TradeState::Success);
    let payment = payment(&transaction).unwrap().unwrap();
    assert_eq!((payment.amount, payment.refunded), (Fen(260), false));
    assert_eq!(payment.transaction_id, "4200009999202609270000000001");
    assert_eq!(payment.at, "2026-09-27T09:31:04+08:00".parse().unwrap());
}

#[test]
fn a_reader_has_the_money_back() {
    let notification = Vector::named("refund_success").opened();

    let Event::Refund(news) = notification.event else { panic!("{notification:?}") };
    assert_eq!(
        (news.state, news.amount.refund, news.amount.total),
        (RefundState::Success, Fen(260), Fen(260))
    );
    let refund_no = RefundNo::parse("RFND202609270001").unwrap();
    assert_eq!(news.check(&account(), &refund_no, Fen(260)), Ok(()));
    assert_eq!(news.check(&account(), &refund_no, Fen(261)), Err(NotOurs::Amount));
    assert_eq!(news.check(&account(), &RefundNo::parse("OTHER").unwrap(), Fen(260)), Err(NotOurs::Number));
}

#[test]
fn a_refund_that_does_not_arrive_is_told_as_well() {
    let abnormal = refunded(|content| {
        content["refund_status"] = json!("ABNORMAL");
        content["success_time"] = json!("");
        content["mchid"] = json!("1900000002");
    });

    assert_eq!((abnormal.state, abnormal.success_time), (RefundState::Abnormal, None));
    let refund_no = RefundNo::parse("RFND202609270001").unwrap();
    assert_eq!(abnormal.check(&account(), &refund_no, Fen(260)), Err(NotOurs::Merchant));
}

#[test]
fn each_negative_vector_is_refused_for_its_reason() {
    let vectors = vectors();
    let expected =
        [VerifyError::Forged, VerifyError::Probe, VerifyError::UnknownSerial, VerifyError::Clock(300)];
    let negative = vectors["negative"].as_array().unwrap();
    assert_eq!(negative.len(), expected.len());

    for (vector, expected) in negative.iter().zip(expected) {
        let clock = vector["clock_is"].as_i64().unwrap_or(1_790_472_700);
        assert_eq!(Vector::of(vector, clock).refusal(), expected, "{}", vector["name"]);
    }
}

#[test]
fn an_old_message_and_one_from_the_future_are_refused() {
    let vectors = vectors();
    let expired = vectors["notifications"]["payment_success"]["must_fail_when_clock_is"].as_i64().unwrap();
    assert_eq!(Vector { clock: at(expired), ..Vector::payment() }.refusal(), VerifyError::Clock(435));

    let told: Timestamp = at(1_790_472_665);
    for (distance, taken) in [(-300, false), (-299, true), (0, true), (299, true), (300, false)] {
        let vector = Vector { clock: told + SignedDuration::from_secs(distance), ..Vector::payment() };
        let result = verify(&account(), &headers(&vector.headers), vector.body.as_bytes(), vector.clock);
        assert_eq!(result.is_ok(), taken, "{distance} s");
    }
    let mut endless = Vector::payment();
    *endless.header("wechatpay-timestamp") = i64::MIN.to_string();
    assert!(matches!(endless.refusal(), VerifyError::Clock(_)));
}

#[test]
fn a_header_that_is_missing_or_strange_is_named() {
    for name in ["wechatpay-timestamp", "wechatpay-nonce", "wechatpay-serial", "wechatpay-signature"] {
        let mut vector = Vector::payment();
        vector.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        assert_eq!(vector.refusal(), VerifyError::Missing(name));
    }
    let refused = |name: &str, value: &str| {
        let mut vector = Vector::payment();
        value.clone_into(vector.header(name));
        vector.refusal()
    };
    assert_eq!(refused("wechatpay-signature-type", "WECHATPAY2-SM2-WITH-SM3"), VerifyError::SignatureType);
    assert_eq!(refused("wechatpay-timestamp", "soon"), VerifyError::Timestamp);
    assert_eq!(refused("wechatpay-timestamp", ""), VerifyError::Timestamp);
    assert_eq!(refused("wechatpay-nonce", "a\nb"), VerifyError::Nonce);
    assert_eq!(refused("wechatpay-signature", "not base64!"), VerifyError::Signature);
    assert_eq!(refused("wechatpay-signature", ""), VerifyError::Forged);
}

#[test]
fn without_a_signature_type_it_is_the_usual_one() {
    let mut vector = Vector::payment();
    vector.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("wechatpay-signature-type"));

    assert!(matches!(vector.opened().event, Event::Paid(_)));
}

#[test]
fn the_line_between_nonce_and_body_cannot_be_moved() {
    let mut vector = Vector::payment();
    let nonce = vector.header("wechatpay-nonce").clone();
    vector.body = format!("{nonce}\n{}", vector.body);
    vector.header("wechatpay-nonce").clear();

    assert_eq!(vector.refusal(), VerifyError::Forged);
}

#[test]
fn while_the_platform_changes_its_key_both_are_good() {
    let mut secret = secret();
    let other = platform::pem("PUBLIC KEY", &text(&vectors(), "/merchant_public_key_spki_der_b64"));
    secret["keys"]["5F1C72E2A8931B72A2E13AF8DEE92471EB397115"] = json!(other);
    let account = Account::parse(&secret.to_string()).unwrap();
    let mut vector = Vector::payment();

    assert!(verify(&account, &headers(&vector.headers), vector.body.as_bytes(), vector.clock).is_ok());

    // A key of ours, but not the one that signed.
    *vector.header("wechatpay-serial") = "5F1C72E2A8931B72A2E13AF8DEE92471EB397115".to_owned();
    let refused = verify(&account, &headers(&vector.headers), vector.body.as_bytes(), vector.clock);
    assert_eq!(refused.unwrap_err(), VerifyError::Forged);
}

#[test]
fn money_for_somebody_else_is_not_credited() {
    let refused = |field: &str, value: Value| payment(&paid(|content| content[field] = value)).unwrap_err();

    assert_eq!(refused("mchid", json!("1900000002")), NotOurs::Merchant);
    assert_eq!(refused("appid", json!("wxother")), NotOurs::App);
    assert_eq!(refused("out_trade_no", json!("FINE202609270002")), NotOurs::Number);
    assert_eq!(refused("amount", json!({"total": 259, "currency": "CNY"})), NotOurs::Amount);
    assert_eq!(refused("amount", json!({"total": 2600})), NotOurs::Amount);
    assert_eq!(refused("amount", json!({"payer_total": 260})), NotOurs::Amount);
    assert_eq!(refused("amount", json!({"total": 260, "currency": "USD"})), NotOurs::Currency);
    assert_eq!(refused("amount", Value::Null), NotOurs::Amount);
    assert_eq!(refused("transaction_id", json!("")), NotOurs::Incomplete);
    assert_eq!(refused("success_time", Value::Null), NotOurs::Incomplete);
}

#[test]
fn a_coupon_of_the_platforms_does_not_make_the_payment_smaller() {
    let transaction =
        paid(|content| content["amount"] = json!({"total": 260, "payer_total": 160, "currency": "CNY"}));

    assert_eq!(payment(&transaction).unwrap().unwrap().amount, Fen(260));
}

#[test]
fn what_is_not_paid_is_no_payment() {
    for state in ["NOTPAY", "CLOSED", "REVOKED", "USERPAYING", "PAYERROR", "ACCEPT"] {
        let transaction = paid(|content| content["trade_state"] = json!(state));
        assert_eq!(payment(&transaction), Ok(None), "{state}");
    }
    let given_back = paid(|content| content["trade_state"] = json!("REFUND"));
    assert!(payment(&given_back).unwrap().unwrap().refunded);
}

#[test]
fn a_notification_is_refused_by_its_fault() {
    let content = text(&vectors(), "/notifications/payment_success/plaintext");
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut body = seal("TRANSACTION.SUCCESS", "transaction", &content);
        change(&mut body);
        told(body.to_string().as_bytes()).unwrap_err()
    };

    assert_eq!(
        refused(&|body| body["event_type"] = json!("PAYSCORE.USER_OPEN_SERVICE")),
        NotificationError::UnknownEvent
    );
    assert_eq!(
        refused(&|body| body["event_type"] = json!("REFUND.SUCCESS")),
        NotificationError::UnknownEvent
    );
    assert_eq!(refused(&|body| body["resource_type"] = json!("plain")), NotificationError::Algorithm);
    assert_eq!(
        refused(&|body| body["resource"]["algorithm"] = json!("AEAD_SM4_GCM")),
        NotificationError::Algorithm
    );
    for field in ["ciphertext", "nonce", "associated_data"] {
        assert_eq!(
            refused(&|body| body["resource"][field] = json!("other")),
            NotificationError::Sealed,
            "{field}"
        );
    }
    assert_eq!(refused(&|body| body["resource"]["associated_data"] = Value::Null), NotificationError::Sealed);
    assert!(matches!(refused(&|body| *body = json!([])), NotificationError::Envelope(_)));
    assert!(matches!(told(b"").unwrap_err(), NotificationError::Envelope(_)));
    let content = seal("TRANSACTION.SUCCESS", "transaction", r#"{"appid": 7}"#).to_string();
    assert!(matches!(told(content.as_bytes()).unwrap_err(), NotificationError::Content(_)));
}

#[test]
fn an_amount_that_is_no_whole_fen_is_not_read() {
    for amount in ["2.6", "260.0", "-260", "4294967296", "\"260\"", "1e2"] {
        let content = text(&vectors(), "/notifications/payment_success/plaintext");
        let content = content.replace("\"total\":260", &format!("\"total\":{amount}"));
        assert!(content.contains(amount));
        let body = seal("TRANSACTION.SUCCESS", "transaction", &content).to_string();
        assert!(matches!(told(body.as_bytes()).unwrap_err(), NotificationError::Content(_)), "{amount}");
    }
}

#[test]
fn no_payer_reaches_a_log() {
    let notification = Vector::payment().opened();
    let body =
        seal("TRANSACTION.SUCCESS", "transaction", r#"{"payer": {"openid": "oTESTopenid"}, "appid": 1}"#);
    let fault = told(body.to_string().as_bytes()).unwrap_err();

    let logged = format!(
        "{notification:?} {notification:#?} {fault} {fault:?} {:?}",
        headers(&Vector::payment().headers)
    );

    assert!(!logged.contains("oTESTopenid"), "{logged}");
}

proptest! {
    #[test]
    fn one_altered_byte_of_the_body_is_noticed(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let vector = Vector::payment();
        let mut body = vector.body.clone().into_bytes();
        let place = at.index(body.len());
        prop_assume!(body[place] != to);
        body[place] = to;

        let refused = verify(&account(), &headers(&vector.headers), &body, vector.clock);
        prop_assert_eq!(refused.unwrap_err(), VerifyError::Forged);
    }

    #[test]
    fn one_altered_character_of_a_header_is_noticed(which in 0_usize..5, at in any::<prop::sample::Index>(), to in any::<char>()) {
        let names = ["timestamp", "nonce", "serial", "signature", "signature-type"];
        let mut vector = Vector::payment();
        let value = vector.header(&format!("wechatpay-{}", names[which]));
        let mut altered: Vec<char> = value.chars().collect();
        let place = at.index(altered.len());
        prop_assume!(altered[place] != to);
        altered[place] = to;
        *value = altered.into_iter().collect();

        let result = verify(&account(), &headers(&vector.headers), vector.body.as_bytes(), vector.clock);
        prop_assert!(result.is_err());
    }

    #[test]
    fn a_body_that_is_cut_or_grown_is_noticed(cut in 0_usize..900, more in proptest::collection::vec(any::<u8>(), 0..20)) {
        let vector = Vector::payment();
        let mut body = vector.body.clone().into_bytes();
        prop_assume!(cut > 0 || !more.is_empty());
        body.truncate(body.len().saturating_sub(cut));
        body.extend(more);
        prop_assume!(body != vector.body.as_bytes());

        prop_assert!(verify(&account(), &headers(&vector.headers), &body, vector.clock).is_err());
    }

    #[test]
    fn no_headers_and_no_bytes_make_it_panic(
        values in proptest::collection::vec(proptest::option::of(any::<String>()), 5),
        body in proptest::collection::vec(any::<u8>(), 0..200), now in -377_705_023_201_i64..253_402_207_200,
    ) {
        let names = ["timestamp", "nonce", "serial", "signature", "signature-type"];
        let found = |wanted: &str| {
            let at = names.iter().position(|name| wanted.strip_prefix("wechatpay-") == Some(name))?;
            values[at].as_deref()
        };
        prop_assert!(verify(&account(), &Headers::read(found), &body, at(now)).is_err());
    }

    #[test]
    fn no_signed_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(told(&body).is_err());
    }

    #[test]
    fn no_envelope_makes_it_panic(ciphertext in "[A-Za-z0-9+/]{0,80}={0,2}", nonce in ".{0,16}", associated in proptest::option::of(".{0,10}")) {
        let mut body = seal("REFUND.CLOSED", "refund", "{}");
        body["resource"]["ciphertext"] = json!(ciphertext);
        body["resource"]["nonce"] = json!(nonce);
        body["resource"]["associated_data"] = json!(associated);
        prop_assert_eq!(told(body.to_string().as_bytes()).unwrap_err(), NotificationError::Sealed);
    }

    #[test]
    fn no_content_makes_it_panic(content in "\\PC{0,200}", total in any::<f64>()) {
        for (event, kind) in [("TRANSACTION.SUCCESS", "transaction"), ("REFUND.SUCCESS", "refund")] {
            prop_assert!(told(seal(event, kind, &content).to_string().as_bytes()).is_err());
            let amount = json!({"amount": {"total": total, "refund": total}}).to_string();
            prop_assert!(told(seal(event, kind, &amount).to_string().as_bytes()).is_err());
        }
    }
}
