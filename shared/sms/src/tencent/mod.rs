//! Tencent Cloud's SMS interface (sms 2021-01-11): `SendSms`, `PullSmsSendStatusByPhoneNumber`, and the push of delivery reports.

mod code;
mod sign;

use jiff::Timestamp;
use ring::hmac;
use serde::Serialize;
use serde_json::Value;
use yujie_domain::Mobile;

use crate::receipt::shanghai_time;
use crate::{
    Cause, Delivery, Message, MessageId, NotReceipts, Query, Receipt, Receipts, Reference, Refusal, SignName,
    SignedRequest, json,
};

const HOST: &str = "sms.tencentcloudapi.com";
const SERVICE: &str = "sms";
const VERSION: &str = "2021-01-11";
const CONTENT_TYPE: &str = "application/json; charset=utf-8";

/// The key pair of an account (云 API 密钥), and the application at the SMS service.
pub(crate) struct Keys {
    pub(crate) id: String,
    pub(crate) secret: hmac::Key,
    pub(crate) app_id: String,
    pub(crate) region: String,
}

pub(crate) use sign::signing_key;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SendSms<'a> {
    phone_number_set: [String; 1],
    sms_sdk_app_id: &'a str,
    sign_name: &'a str,
    template_id: &'a str,
    template_param_set: Vec<&'a str>,
    session_context: &'a str,
}

/// Sends one message (`SendSms`).
pub(crate) fn send(keys: &Keys, sign_name: &SignName, message: &Message, now: Timestamp) -> SignedRequest {
    let body = SendSms {
        phone_number_set: [message.to.e164()],
        sms_sdk_app_id: &keys.app_id,
        sign_name: sign_name.as_str(),
        template_id: message.template.as_str(),
        template_param_set: message.params.values().collect(),
        session_context: message.reference.as_str(),
    };
    signed(keys, "SendSms", &body, now)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PullSmsSendStatusByPhoneNumber<'a> {
    send_date_time: i64,
    offset: u8,
    limit: u8,
    phone_number: String,
    sms_sdk_app_id: &'a str,
}

/// Asks for the receipts of one number (`PullSmsSendStatusByPhoneNumber`), as many as it gives at once.
pub(crate) fn query(keys: &Keys, query: &Query, now: Timestamp) -> SignedRequest {
    let body = PullSmsSendStatusByPhoneNumber {
        send_date_time: query.since.as_second(),
        offset: 0,
        limit: 100,
        phone_number: query.to.e164(),
        sms_sdk_app_id: &keys.app_id,
    };
    signed(keys, "PullSmsSendStatusByPhoneNumber", &body, now)
}

fn signed<T: Serialize>(keys: &Keys, action: &str, body: &T, now: Timestamp) -> SignedRequest {
    // Writing texts and numbers cannot fail.
    let body = serde_json::to_string(body).unwrap_or_default();
    let covered = [("content-type", CONTENT_TYPE), ("host", HOST), ("x-tc-action", action)];
    let authorization = sign::authorization(keys, SERVICE, &covered, &body, now);
    let headers = vec![
        ("authorization", authorization),
        ("content-type", CONTENT_TYPE.to_owned()),
        ("host", HOST.to_owned()),
        ("x-tc-action", action.to_owned()),
        ("x-tc-region", keys.region.clone()),
        ("x-tc-timestamp", now.as_second().to_string()),
        ("x-tc-version", VERSION.to_owned()),
    ];
    SignedRequest { method: "POST", path: "/".to_owned(), headers, body }
}

/// Reads the reply to a message: a code for the whole request, or else one for the number.
pub(crate) fn sent(status: u16, body: &[u8]) -> Result<MessageId, Refusal> {
    let response = response(status, body)?;
    let outcome = response.pointer("/SendStatusSet/0").ok_or_else(|| Refusal::unreadable(status))?;
    match json::code(outcome, "Code") {
        code if code == "Ok" => {
            let id = json::text(outcome, "SerialNo").and_then(|id| MessageId::parse(&id).ok());
            id.ok_or_else(|| Refusal::unreadable(status))
        }
        code => Err(refusal(outcome, code, status)),
    }
}

/// Reads the reply to a query.
pub(crate) fn found(status: u16, body: &[u8]) -> Result<Receipts, Refusal> {
    let response = response(status, body)?;
    let entries = response.get("PullSmsSendStatusSet").and_then(Value::as_array);
    Ok(entries.map(|entries| Receipts::of(entries, pulled)).unwrap_or_default())
}

/// Reads a push.
pub(crate) fn pushed(body: &[u8]) -> Result<Receipts, NotReceipts> {
    Receipts::pushed(body, report)
}

/// What is in the envelope, unless it is an error. The status is 200 for both.
fn response(status: u16, body: &[u8]) -> Result<Value, Refusal> {
    let mut reply: Value = serde_json::from_slice(body).map_err(|_| Refusal::unreadable(status))?;
    let response = reply.get_mut("Response").map(Value::take).filter(Value::is_object);
    let response = response.ok_or_else(|| Refusal::unreadable(status))?;
    match response.get("Error") {
        Some(error) => Err(refusal(error, json::code(error, "Code"), status)),
        None => Ok(response),
    }
}

fn refusal(object: &Value, code: String, status: u16) -> Refusal {
    if code.is_empty() {
        return Refusal::unreadable(status);
    }
    let cause: Cause = code::cause(&code);
    Refusal::of(cause, code, status, json::text(object, "Message").unwrap_or_default())
}

/// One entry of a push.
fn report(entry: &Value) -> Receipt {
    Receipt {
        id: json::text(entry, "sid").and_then(|id| MessageId::parse(&id).ok()),
        reference: None,
        to: json::text(entry, "mobile").and_then(|number| Mobile::parse(&number).ok()),
        at: shanghai_time(json::text(entry, "user_receive_time")),
        delivery: delivery(json::text(entry, "report_status").as_deref(), json::code(entry, "errmsg")),
    }
}

/// One entry of the answer to a query.
fn pulled(entry: &Value) -> Receipt {
    let at = entry.get("UserReceiveTime").and_then(Value::as_i64);
    Receipt {
        id: json::text(entry, "SerialNo").and_then(|id| MessageId::parse(&id).ok()),
        reference: json::text(entry, "SessionContext").and_then(|id| Reference::parse(&id).ok()),
        to: json::text(entry, "PhoneNumber").and_then(|number| Mobile::parse(&number).ok()),
        at: at.and_then(|at| Timestamp::from_second(at).ok()),
        delivery: delivery(json::text(entry, "ReportStatus").as_deref(), json::code(entry, "Description")),
    }
}

fn delivery(status: Option<&str>, code: String) -> Delivery {
    match status {
        Some("SUCCESS") => Delivery::Delivered,
        Some("FAIL") => Delivery::Failed { code },
        _ => Delivery::Unknown { code },
    }
}
