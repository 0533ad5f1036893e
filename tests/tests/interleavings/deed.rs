//! What two people do, and how their ways cross.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use aws_lambda_events::event::sqs::SqsEvent;
use axum::Router;
use axum::body::Body;
use http::Request;
use jiff::SignedDuration;
use serde_json::{Value, json};
use yujie_domain::PaymentNo;
use yujie_domain::ReturnRef;
use yujie_domain::parcel::{LineStatus, Parcel};
use yujie_domain::site::Site;
use yujie_lending::{Closed, Expired, Lending};
use yujie_table::site;
use yujie_tests::ground::{Answer, request, send};
use yujie_tests::library::{self, Person};
use yujie_tests::life::{push_form, sqs_event};
use yujie_tests::{Ground, scene};

use crate::model::seen::Seen;

/// How something ended: the status and code of an HTTP answer, or what stands for them. Several reasons are one code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    pub(super) status: u16,
    pub(super) code: String,
}

impl End {
    pub(super) fn done(&self) -> bool {
        self.status < 300
    }
}

/// How often a queue delivers a message before it gives it up.
const DELIVERIES: usize = 5;

type Doing = Pin<Box<dyn Future<Output = End> + Send>>;

/// Something that somebody does: begun anew each time.
pub(super) struct Deed {
    name: &'static str,
    begin: Box<dyn Fn(&Ground) -> Doing>,
}

/// Does both in every order in which their calls can cross, and looks at each end: first the one's answer, then the other's.
pub(super) async fn cross(
    ground: &mut Ground,
    one: Deed,
    other: Deed,
    check: impl AsyncFn(&Ground, &End, &End),
) {
    let before = ground.items();
    for turned in [false, true] {
        let (stopped, meanwhile) = if turned { (&other, &one) } else { (&one, &other) };
        for n in 0.. {
            ground.restore(&before);
            let found = Arc::new(Mutex::new(None));
            let (doing, keep) = ((meanwhile.begin)(ground), Arc::clone(&found));
            ground.faults.before_call(n, async move {
                let end = doing.await;
                *keep.lock().unwrap() = Some(end);
            });
            let mine = (stopped.begin)(ground).await;
            let met = ground.faults.met();
            let theirs = found.lock().unwrap().take();
            // After the last call there is still the time when all is over.
            let theirs = match theirs {
                Some(end) => end,
                None => (meanwhile.begin)(ground).await,
            };
            let at = met.as_ref().map_or("afterwards".to_owned(), |call| format!("before call {n} ({call})"));
            println!("{} × {}, {} {at}: {mine:?}, {theirs:?}", one.name, other.name, meanwhile.name);
            let (a, b) = if turned { (&theirs, &mine) } else { (&mine, &theirs) };
            check(ground, a, b).await;
            ground.assert_sound(1..=3).await;
            Seen::of(&ground.items()).sound(ground.now()).unwrap();
            if met.is_none() {
                assert!(n > 1, "{} makes calls", stopped.name);
                break;
            }
        }
    }
}

/// Three readers, and a site that takes two parcels.
pub(super) async fn ground() -> Ground {
    let ground = Ground::near(3).await;
    for one in library::sites().into_iter().filter(|site| site.id.as_str() == "S01") {
        site::load(&ground.table, &Site { capacity: Some(2), ..one }).await.unwrap();
    }
    ground
}

pub(super) fn home(person: &Person) -> Value {
    json!({"kind": "home", "address_id": person.address.as_str()})
}

pub(super) fn site(id: &str) -> Value {
    json!({"kind": "site", "site_id": id})
}

/// An order of these titles, as far as that: its number.
pub(super) async fn ordered(
    ground: &Ground,
    reader: u32,
    titles: &[&str],
    to: Value,
    status: LineStatus,
    prepared: bool,
) -> String {
    let person = library::reader(reader);
    let token = ground.token(&person.subject());
    let answer = send(ground.ordering(), order_of(&token, titles, &to, "an-order-before")).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let number = answer.body["order_no"].as_str().unwrap().to_owned();
    scene::advance(ground, &person, &number, status, prepared).await;
    number
}

/// An order of several titles, and what is done about one without a free copy.
pub(super) fn order_of_several(
    name: &'static str,
    reader: u32,
    titles: &'static [&'static str],
    to: Value,
    if_missing: &'static str,
) -> Deed {
    asks(name, reader, move |token| order_if(token, titles, &to, "an-order-that-crosses", if_missing))
}

fn order_of(token: &str, titles: &[&str], to: &Value, key: &str) -> Request<Body> {
    order_if(token, titles, to, key, "cancel")
}

fn order_if(token: &str, titles: &[&str], to: &Value, key: &str, if_missing: &str) -> Request<Body> {
    let lines: Vec<Value> = titles.iter().map(|id| json!({"title_id": id})).collect();
    let wanted = json!({"lines": lines, "deliver_to": to, "if_missing": if_missing});
    let mut request = request("POST", "/orders", token, &wanted);
    request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    request
}

/// The only parcel of an order.
pub(super) async fn parcel(ground: &Ground, reader: u32, number: &str) -> Parcel {
    let at = scene::parcel(&library::reader(reader), number);
    yujie_table::parcel::get(&ground.table, &at).await.unwrap().unwrap()
}

/// The number of the only parcel of an order, as scanners read it.
pub(super) fn parcel_no(number: &str) -> String {
    format!("{number}-1")
}

/// Who has a copy: nobody, or the reader and order.
pub(super) async fn holder(ground: &Ground, code: &str) -> Option<(String, String)> {
    let copy = yujie_table::copy::get(&ground.table, &library::barcode(code)).await.unwrap().unwrap();
    copy.holder.map(|at| (at.rid.to_string(), at.order_no.to_string()))
}

/// How many of the readers' titles wait.
pub(super) async fn waits(ground: &Ground, reader: u32) -> usize {
    let account =
        yujie_table::account::get(&ground.table, &library::reader(reader).rid).await.unwrap().unwrap();
    account.holds.len()
}

/// Works off what the stream tells the queue of holds.
pub(super) async fn work_off_holds(ground: &Ground) {
    let batch = serde_json::from_value(ground.changes()).unwrap();
    for title in relay::of_batch(batch).holds {
        ground.lending().give(&title).await.unwrap();
    }
}

/// An answer, which tells people what is the matter when it refuses.
fn end(answer: &Answer) -> End {
    let body = &answer.body;
    if answer.status < 300 {
        return End { status: answer.status, code: body["outcome"].as_str().unwrap_or_default().to_owned() };
    }
    assert!(answer.status < 500, "{body}");
    assert!(says_something(body), "{body}");
    let reasons = body["reasons"].as_array().cloned().unwrap_or_default();
    assert!(reasons.iter().all(says_something), "{body}");
    let codes: Vec<&str> = reasons.iter().filter_map(|reason| reason["code"].as_str()).collect();
    let code = if codes.is_empty() { body["code"].as_str().unwrap().to_owned() } else { codes.join(" ") };
    End { status: answer.status, code }
}

fn says_something(told: &Value) -> bool {
    told["detail"].as_str().is_some_and(|detail| detail.contains('。'))
}

fn asks(name: &'static str, reader: u32, make: impl Fn(&str) -> Request<Body> + 'static) -> Deed {
    let begin = move |ground: &Ground| -> Doing {
        let (function, request) =
            (ground.ordering(), make(&ground.token(&library::reader(reader).subject())));
        asked(function, request)
    };
    Deed { name, begin: Box::new(begin) }
}

fn asked(function: Router, request: Request<Body>) -> Doing {
    Box::pin(async move { end(&send(function, request).await) })
}

pub(super) fn order(name: &'static str, reader: u32, title: &'static str) -> Deed {
    order_to(name, reader, title, home(&library::reader(reader)))
}

pub(super) fn order_to(name: &'static str, reader: u32, title: &'static str, to: Value) -> Deed {
    asks(name, reader, move |token| order_of(token, &[title], &to, "an-order-that-crosses"))
}

/// An order to the door in this slot.
pub(super) fn order_in(name: &'static str, reader: u32, title: &'static str, slot: &Value) -> Deed {
    let to = in_slot(reader, slot);
    asks(name, reader, move |token| order_of(token, &[title], &to, "an-order-that-crosses"))
}

/// A reader's door in this slot.
pub(super) fn in_slot(reader: u32, slot: &Value) -> Value {
    let mut to = home(&library::reader(reader));
    to["slot"] = slot.clone();
    to
}

pub(super) fn cancel(reader: u32, number: &str) -> Deed {
    let path = format!("/orders/{number}/cancel");
    asks("cancel", reader, move |token| request("POST", &path, token, &json!({})))
}

/// Something done about an order's payment; it answers a status.
pub(super) fn book_of_payment(
    name: &'static str,
    number: &str,
    doing: impl Fn(&Ground, PaymentNo) -> Pin<Box<dyn Future<Output = u16> + Send>> + 'static,
) -> Deed {
    let no = PaymentNo::parse(&format!("D{number}")).unwrap();
    let begin = move |ground: &Ground| -> Doing {
        let doing = doing(ground, no.clone());
        Box::pin(async move { End { status: doing.await, code: String::new() } })
    };
    Deed { name, begin: Box::new(begin) }
}

pub(super) fn redirect(reader: u32, number: &str, to: Value) -> Deed {
    let path = format!("/orders/{number}/destination");
    asks("redirect", reader, move |token| request("PUT", &path, token, &json!({"deliver_to": to})))
}

pub(super) fn hold(reader: u32, title: &'static str, to: Value) -> Deed {
    asks("hold", reader, move |token| {
        let mut request = request("POST", "/holds", token, &json!({"title_id": title, "deliver_to": to}));
        request.headers_mut().insert("idempotency-key", "a-hold-that-crosses".parse().unwrap());
        request
    })
}

pub(super) fn change_hold(name: &'static str, reader: u32, title: &str, change: Value) -> Deed {
    let path = format!("/holds/{title}");
    asks(name, reader, move |token| request("PATCH", &path, token, &change))
}

pub(super) fn leave(reader: u32, title: &str) -> Deed {
    let path = format!("/holds/{title}");
    asks("leave", reader, move |token| request("DELETE", &path, token, &Value::Null))
}

pub(super) fn renew(reader: u32, code: &str) -> Deed {
    let path = format!("/loans/{code}/renewals");
    asks("renew", reader, move |token| request("POST", &path, token, &Value::Null))
}

pub(super) fn book_return(reader: u32, code: &str) -> Deed {
    booked_return("book a return", reader, code, "a-return-that-crosses")
}

/// The same book in another request.
pub(super) fn book_return_again(reader: u32, code: &str) -> Deed {
    booked_return("book another return", reader, code, "another-that-crosses")
}

fn booked_return(name: &'static str, reader: u32, code: &str, key: &'static str) -> Deed {
    let body = json!({"barcodes": [code], "way": site("S01")});
    asks_returns(name, reader, move |token| {
        let mut request = request("POST", "/returns", token, &body);
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        request
    })
}

pub(super) fn cancel_return(reader: u32, at: &ReturnRef) -> Deed {
    let path = format!("/returns/{}", at.no);
    asks_returns("call a return off", reader, move |token| request("DELETE", &path, token, &Value::Null))
}

fn asks_returns(name: &'static str, reader: u32, make: impl Fn(&str) -> Request<Body> + 'static) -> Deed {
    let begin = move |ground: &Ground| -> Doing {
        let request = make(&ground.token(&library::reader(reader).subject()));
        asked(ground.returns(), request)
    };
    Deed { name, begin: Box::new(begin) }
}

/// A courier's push about what he carries.
fn push(ground: &Ground, at: &str, waybill: &str, entry: (&str, &str)) -> Request<Body> {
    let token = ground.keys.webhook_token(at);
    Request::post(format!("/webhooks/couriers/kuaidi100?parcel={at}&token={token}"))
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        .body(Body::from(push_form(waybill, &[entry])))
        .unwrap()
}

/// The courier tells that he collected a return, and that is worked off.
pub(super) fn collected(at: &ReturnRef, waybill: &str) -> Deed {
    let (at, waybill) = (at.clone(), waybill.to_owned());
    let begin = move |ground: &Ground| -> Doing {
        let request = push(ground, &at.to_string(), &waybill, ("2026-12-18 09:59:00", "103"));
        let (webhook, collections, message) =
            (ground.courier_webhook(), ground.collections(), json!({"return": at}).to_string());
        Box::pin(async move {
            let answer = send(webhook, request).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let event: SqsEvent = serde_json::from_value(sqs_event("collections", &[&message])).unwrap();
            for _ in 0..DELIVERIES {
                if collections::handle(&collections, event.clone()).await.batch_item_failures.is_empty() {
                    return End { status: 200, code: String::new() };
                }
            }
            panic!("the message is not done with");
        })
    };
    Deed { name: "collected", begin: Box::new(begin) }
}

pub(super) fn scan(name: &'static str, staff: &'static str, scan: Value) -> Deed {
    let begin = move |ground: &Ground| -> Doing {
        let token = ground.token(&library::staff(staff));
        asked(ground.warehouse(), request("POST", "/staff/scans", &token, &scan))
    };
    Deed { name, begin: Box::new(begin) }
}

pub(super) fn check_in(name: &'static str, staff: &'static str, code: &str) -> Deed {
    scan(name, staff, json!({"action": "check_in", "barcode": code}))
}

/// The clock finds that a parcel's time at its site is over.
pub(super) fn expire(reader: u32, number: &str) -> Deed {
    let at = scene::parcel(&library::reader(reader), number);
    let begin = move |ground: &Ground| -> Doing {
        let (lending, at): (Lending, _) = (ground.lending(), at.clone());
        Box::pin(async move {
            match lending.expire(&at).await.unwrap() {
                Expired::Now(_) => End { status: 200, code: String::new() },
                Expired::Not => End { status: 409, code: "not".to_owned() },
            }
        })
    };
    Deed { name: "expire", begin: Box::new(begin) }
}

/// The minute's round finds that the site of an order is closed.
pub(super) fn make_way(reader: u32, number: &str) -> Deed {
    let at = scene::parcel(&library::reader(reader), number);
    let begin = move |ground: &Ground| -> Doing {
        let (lending, at): (Lending, _) = (ground.lending(), at.clone());
        Box::pin(async move {
            match lending.make_way(&at.rid, &at.order_no).await.unwrap() {
                Closed::Rerouted(..) | Closed::Waits(..) => End { status: 200, code: String::new() },
                Closed::Not => End { status: 409, code: "not".to_owned() },
            }
        })
    };
    Deed { name: "make way", begin: Box::new(begin) }
}

/// The minute's round finds that a parcel waits in a site that is closed.
pub(super) fn keep_longer(reader: u32, number: &str) -> Deed {
    let at = scene::parcel(&library::reader(reader), number);
    let begin = move |ground: &Ground| -> Doing {
        let (lending, at): (Lending, _) = (ground.lending(), at.clone());
        Box::pin(async move {
            let parcel = yujie_table::parcel::get(&lending.table, &at).await.unwrap().unwrap();
            match lending.keep_longer(&parcel).await.unwrap() {
                Some(_) => End { status: 200, code: String::new() },
                None => End { status: 409, code: "not".to_owned() },
            }
        })
    };
    Deed { name: "keep longer", begin: Box::new(begin) }
}

/// The collections queue's message is worked off.
pub(super) fn attend(at: &ReturnRef) -> Deed {
    let at = at.clone();
    let begin = move |ground: &Ground| -> Doing {
        let (app, message) = (ground.collections(), json!({"return": at}).to_string());
        Box::pin(async move {
            let event: SqsEvent = serde_json::from_value(sqs_event("collections", &[&message])).unwrap();
            for _ in 0..DELIVERIES {
                if collections::handle(&app, event.clone()).await.batch_item_failures.is_empty() {
                    return End { status: 200, code: String::new() };
                }
            }
            panic!("the message is not done with");
        })
    };
    Deed { name: "attend", begin: Box::new(begin) }
}

/// The dispatch queue's message is worked off.
pub(super) fn book(reader: u32, number: &str) -> Deed {
    let at = scene::parcel(&library::reader(reader), number);
    let begin = move |ground: &Ground| -> Doing {
        let (app, message) = (ground.dispatch(), json!({"parcel": at}).to_string());
        Box::pin(async move {
            let event: SqsEvent = serde_json::from_value(sqs_event("dispatch", &[&message])).unwrap();
            for _ in 0..DELIVERIES {
                if dispatch::handle(&app, event.clone()).await.batch_item_failures.is_empty() {
                    return End { status: 200, code: String::new() };
                }
            }
            panic!("the message is not done with");
        })
    };
    Deed { name: "book", begin: Box::new(begin) }
}

/// The holds queue's message is worked off.
pub(super) fn give(title: &'static str) -> Deed {
    let begin = move |ground: &Ground| -> Doing {
        let (app, message) = (ground.holds(), json!({"title_id": title}).to_string());
        Box::pin(async move {
            let event = serde_json::from_value(sqs_event("holds", &[&message])).unwrap();
            assert!(holds::handle(&app, event).await.batch_item_failures.is_empty());
            End { status: 200, code: String::new() }
        })
    };
    Deed { name: "give", begin: Box::new(begin) }
}

/// The courier tells that a parcel was brought, and that is worked off.
pub(super) fn brought(reader: u32, number: &str) -> Deed {
    let at = scene::parcel(&library::reader(reader), number);
    let waybill = format!("SF{number}1");
    let begin = move |ground: &Ground| -> Doing {
        let request = push(ground, &at.to_string(), &waybill, ("2026-11-23 09:59:00", "301"));
        let (webhook, deliver, message) =
            (ground.courier_webhook(), ground.deliver(), json!({"parcel": at}).to_string());
        Box::pin(async move {
            let answer = send(webhook, request).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let event = serde_json::from_value(sqs_event("deliver", &[&message])).unwrap();
            assert!(deliver::handle(&deliver, event).await.batch_item_failures.is_empty());
            End { status: 200, code: String::new() }
        })
    };
    Deed { name: "brought", begin: Box::new(begin) }
}

/// Days go by.
pub(super) fn days(ground: &Ground, days: i64) {
    ground.pass(SignedDuration::from_hours(24 * days));
}
