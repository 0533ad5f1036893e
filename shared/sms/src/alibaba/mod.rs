//! Alibaba Cloud's SMS interface (Dysmsapi 2017-05-25): `SendSms`, `QuerySendDetails`, and the push `SmsReport`.

mod code;
mod sign;

use jiff::Timestamp;
use ring::hmac;
use serde_json::Value;
use yujie_domain::{Mobile, time};

use crate::canonical::sha256;
use crate::receipt::shanghai_time;
use crate::{
    Delivery, Message, MessageId, Nonce, NotReceipts, Query, Receipt, Receipts, Reference, Refusal, SignName,
    SignedRequest, json,
};

const HOST: &str = "dysmsapi.aliyuncs.com";
const VERSION: &str = "2017-05-25";

/// The key pair of an account (`AccessKey`).
pub(crate) struct Keys {
    pub(crate) id: String,
    pub(crate) secret: hmac::Key,
}

pub(crate) use sign::signing_key;

/// Sends one message (`SendSms`).
pub(crate) fn send(
    keys: &Keys,
    sign_name: &SignName,
    message: &Message,
    now: Timestamp,
    nonce: &Nonce,
) -> SignedRequest {
    // Writing a map of texts cannot fail.
    let params = serde_json::to_string(&message.params).unwrap_or_default();
    let mut query = vec![
        ("PhoneNumbers", message.to.as_str()),
        ("SignName", sign_name.as_str()),
        ("TemplateCode", message.template.as_str()),
        ("OutId", message.reference.as_str()),
    ];
    if !message.params.is_empty() {
        query.push(("TemplateParam", &params));
    }
    signed(keys, "SendSms", &query, now, nonce)
}

/// Asks for the messages to one number on one day (`QuerySendDetails`). A page of 50, the largest, is more than a number can get in a day.
pub(crate) fn query(keys: &Keys, query: &Query, now: Timestamp, nonce: &Nonce) -> SignedRequest {
    let day = time::day(query.since).strftime("%Y%m%d").to_string();
    let mut asked = vec![
        ("PhoneNumber", query.to.as_str()),
        ("SendDate", &day),
        ("PageSize", "50"),
        ("CurrentPage", "1"),
    ];
    asked.extend(query.id.as_ref().map(|id| ("BizId", id.as_str())));
    signed(keys, "QuerySendDetails", &asked, now, nonce)
}

fn signed(keys: &Keys, action: &str, query: &[(&str, &str)], now: Timestamp, nonce: &Nonce) -> SignedRequest {
    let query = sign::query(query);
    let body = "";
    let mut headers = vec![
        ("host", HOST.to_owned()),
        ("x-acs-action", action.to_owned()),
        ("x-acs-content-sha256", sha256(body.as_bytes())),
        ("x-acs-date", now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        ("x-acs-signature-nonce", nonce.as_str().to_owned()),
        ("x-acs-version", VERSION.to_owned()),
    ];
    let covered: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let authorization = sign::authorization(keys, &query, &covered, body);
    headers.push(("authorization", authorization));
    SignedRequest { method: "POST", path: format!("/?{query}"), headers, body: body.to_owned() }
}

/// Reads the reply to a message.
pub(crate) fn sent(status: u16, body: &[u8]) -> Result<MessageId, Refusal> {
    let reply = ok(status, body)?;
    let id = json::text(&reply, "BizId").and_then(|id| MessageId::parse(&id).ok());
    id.ok_or_else(|| Refusal::unreadable(status))
}

/// Reads the reply to a query.
pub(crate) fn found(status: u16, body: &[u8]) -> Result<Receipts, Refusal> {
    let reply = ok(status, body)?;
    let entries = reply.pointer("/SmsSendDetailDTOs/SmsSendDetailDTO").and_then(Value::as_array);
    Ok(entries.map(|entries| Receipts::of(entries, detail)).unwrap_or_default())
}

/// Reads a push.
pub(crate) fn pushed(body: &[u8]) -> Result<Receipts, NotReceipts> {
    Receipts::pushed(body, report)
}

/// The interface's own refusals come with status 200, the gateway's before it with another; both have a code.
fn ok(status: u16, body: &[u8]) -> Result<Value, Refusal> {
    let reply: Value = serde_json::from_slice(body).map_err(|_| Refusal::unreadable(status))?;
    match json::code(&reply, "Code") {
        code if code.is_empty() => Err(Refusal::unreadable(status)),
        code if code == "OK" => Ok(reply),
        code => {
            let message = json::text(&reply, "Message").unwrap_or_default();
            Err(Refusal::of(code::cause(&code, &message), code, status, message))
        }
    }
}

/// One entry of a push.
fn report(entry: &Value) -> Receipt {
    let code = json::code(entry, "err_code");
    Receipt {
        id: json::text(entry, "biz_id").and_then(|id| MessageId::parse(&id).ok()),
        reference: json::text(entry, "out_id").and_then(|id| Reference::parse(&id).ok()),
        to: json::text(entry, "phone_number").and_then(|number| Mobile::parse(&number).ok()),
        at: shanghai_time(json::text(entry, "report_time")),
        delivery: match json::text(entry, "success").as_deref() {
            Some("true") => Delivery::Delivered,
            Some("false") => Delivery::Failed { code },
            _ => Delivery::Unknown { code },
        },
    }
}

/// One entry of the answer to a query.
fn detail(entry: &Value) -> Receipt {
    let code = json::code(entry, "ErrCode");
    Receipt {
        id: None,
        reference: json::text(entry, "OutId").and_then(|id| Reference::parse(&id).ok()),
        to: json::text(entry, "PhoneNum").and_then(|number| Mobile::parse(&number).ok()),
        at: shanghai_time(json::text(entry, "ReceiveDate")),
        delivery: match json::text(entry, "SendStatus").as_deref() {
            Some("1") => Delivery::Pending,
            Some("2") => Delivery::Failed { code },
            Some("3") => Delivery::Delivered,
            _ => Delivery::Unknown { code },
        },
    }
}
