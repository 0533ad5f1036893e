//! WeChat Pay, as far as the library deals with it: it takes payments and gives them back, and proves what it says with the platform's key. The
//! keys are the throw-away ones of the protocol's own tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::routing::{get, post};
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use yujie_runtime::Clock;

/// The platform.
#[derive(Clone)]
pub struct Platform {
    /// Its address.
    pub url: String,
    clock: Clock,
    book: Arc<Mutex<Book>>,
}

impl std::fmt::Debug for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Platform({})", self.url)
    }
}

#[derive(Debug, Default)]
struct Book {
    trades: BTreeMap<String, Trade>,
    refunds: BTreeMap<String, Refund>,
    refunds_end: Option<String>,
    silent: bool,
}

#[derive(Debug, Clone)]
struct Trade {
    asked: Value,
    state: &'static str,
    paid_at: Option<String>,
}

/// A refund as the platform has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Of which payment.
    pub trade_no: String,
    /// How much.
    pub amount: u64,
    /// How often it was asked for.
    pub asked: u32,
    /// How it stands.
    pub status: String,
}

/// How the platform signs and seals is the protocol's own tests' to say.
#[path = "../../shared/payments/tests/platform/mod.rs"]
#[expect(dead_code, reason = "those tests use all of it")]
mod platform;

pub(crate) use platform::account;

fn text(pointer: &str) -> String {
    platform::text(&platform::vectors(), pointer)
}

impl Platform {
    /// Starts it on a free port; it ends with its test.
    pub async fn start(clock: Clock) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let platform = Self { url, clock, book: Arc::default() };
        let routes = Router::new()
            .route("/v3/pay/transactions/{way}", post(prepay))
            .route("/v3/pay/transactions/out-trade-no/{no}", get(query))
            .route("/v3/pay/transactions/out-trade-no/{no}/close", post(close))
            .route("/v3/refund/domestic/refunds", post(refund))
            .with_state(platform.clone());
        #[expect(clippy::disallowed_methods, reason = "a test server lives as long as its test")]
        tokio::spawn(async move { axum::serve(listener, routes).await });
        platform
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reader pays what was asked for under this number, even when it was closed: the notification that tells of it.
    ///
    /// # Panics
    /// When nothing was asked for under it.
    pub fn pay(&self, no: &str) -> Request<Body> {
        let mut book = self.lock();
        let trade = book.trades.get_mut(no).expect("a payment that was asked for");
        trade.state = "SUCCESS";
        trade.paid_at = Some(self.clock.now().to_string());
        let content = document(no, trade);
        drop(book);
        self.tells("TRANSACTION.SUCCESS", "transaction", &content)
    }

    /// The notification of a payment that was made, with some of its content changed.
    pub fn tells_of(&self, no: &str, change: impl Fn(&mut Value)) -> Request<Body> {
        let mut content = document(no, &self.lock().trades[no]);
        change(&mut content);
        self.tells("TRANSACTION.SUCCESS", "transaction", &content)
    }

    /// A refund ends in this way, which the notification tells.
    ///
    /// # Panics
    /// When there is no such refund.
    pub fn refund_ends(&self, number: &str, status: &str) -> Request<Body> {
        let mut book = self.lock();
        let refund = book.refunds.get_mut(number).expect("a refund that was asked for");
        status.clone_into(&mut refund.status);
        let mut content = refund_document(number, refund);
        drop(book);
        if let Some(content) = content.as_object_mut() {
            let status = content.remove("status").unwrap_or_default();
            content.insert("refund_status".to_owned(), status);
        }
        content["mchid"] = text("/mchid").into();
        self.tells(&format!("REFUND.{status}"), "refund", &content)
    }

    /// Refunds that are asked for from now on end so.
    pub fn refunds_end(&self, status: &str) {
        self.lock().refunds_end = Some(status.to_owned());
    }

    /// The refunds, by their numbers.
    pub fn refunds(&self) -> BTreeMap<String, Refund> {
        self.lock().refunds.clone()
    }

    /// How a payment stands; nothing when it was never asked for.
    pub fn state(&self, no: &str) -> Option<&'static str> {
        self.lock().trades.get(no).map(|trade| trade.state)
    }

    /// Answers nothing but failures, or as usual again.
    pub fn silent(&self, silent: bool) {
        self.lock().silent = silent;
    }

    fn tells(&self, event: &str, original: &str, content: &Value) -> Request<Body> {
        let body = platform::seal(event, original, &content.to_string()).to_string();
        let mut request = Request::post("/webhooks/payments/wechatpay");
        for (name, value) in platform::sign(self.clock.now(), body.as_bytes()) {
            request = request.header(name, value);
        }
        request.body(Body::from(body)).unwrap()
    }

    fn answer(&self, status: u16, body: &Value) -> Response<Body> {
        if self.lock().silent {
            return Response::builder().status(StatusCode::BAD_GATEWAY).body(Body::empty()).unwrap();
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut response = Response::builder().status(status);
        for (name, value) in platform::sign(self.clock.now(), body.as_bytes()) {
            response = response.header(name, value);
        }
        response.body(Body::from(body)).unwrap()
    }

    fn refuses(&self, status: u16, code: &str) -> Response<Body> {
        self.answer(status, &json!({"code": code, "message": "…"}))
    }
}

fn document(no: &str, trade: &Trade) -> Value {
    let mut document = json!({
        "appid": text("/appid"), "mchid": text("/mchid"), "out_trade_no": no, "trade_state": trade.state,
        "amount": {"total": trade.asked["amount"]["total"], "currency": "CNY"},
    });
    if let Some(at) = &trade.paid_at {
        document["transaction_id"] = format!("42{no}").into();
        document["success_time"] = at.clone().into();
    }
    document
}

fn refund_document(number: &str, refund: &Refund) -> Value {
    json!({
        "refund_id": format!("50{number}"), "out_refund_no": number, "out_trade_no": refund.trade_no,
        "transaction_id": format!("42{}", refund.trade_no), "status": refund.status,
        "success_time": "2026-11-23T10:00:00+08:00", "create_time": "2026-11-23T10:00:00+08:00",
        "amount": {"refund": refund.amount, "total": 100_000, "currency": "CNY"},
    })
}

async fn prepay(State(platform): State<Platform>, Path(way): Path<String>, body: Bytes) -> Response<Body> {
    let asked: Value = serde_json::from_slice(&body).unwrap();
    let no = asked["out_trade_no"].as_str().unwrap().to_owned();
    let known = platform.lock().trades.get(&no).cloned();
    match known {
        Some(trade) if trade.state == "CLOSED" => return platform.refuses(400, "ORDER_CLOSED"),
        Some(trade) if trade.state != "NOTPAY" => return platform.refuses(400, "ORDER_PAID"),
        Some(trade) if trade.asked != asked => return platform.refuses(403, "OUT_TRADE_NO_USED"),
        Some(_) => {}
        None => {
            let trade = Trade { asked, state: "NOTPAY", paid_at: None };
            platform.lock().trades.insert(no.clone(), trade);
        }
    }
    let checkout = match way.as_str() {
        "jsapi" => json!({"prepay_id": format!("wx{no}")}),
        "native" => json!({"code_url": format!("weixin://wxpay/bizpayurl?pr={no}")}),
        _ => json!({"h5_url": format!("https://wx.tenpay.com/checkmweb?prepay_id={no}")}),
    };
    platform.answer(200, &checkout)
}

async fn query(State(platform): State<Platform>, Path(no): Path<String>) -> Response<Body> {
    let known = platform.lock().trades.get(&no).cloned();
    match known {
        Some(trade) => platform.answer(200, &document(&no, &trade)),
        None => platform.refuses(404, "ORDER_NOT_EXIST"),
    }
}

async fn close(State(platform): State<Platform>, Path(no): Path<String>) -> Response<Body> {
    let state = platform.state(&no);
    match state {
        None => platform.refuses(404, "ORDER_NOT_EXIST"),
        Some("SUCCESS" | "REFUND") => platform.refuses(400, "ORDER_PAID"),
        Some(_) => {
            let mut book = platform.lock();
            let silent = book.silent;
            if let Some(trade) = book.trades.get_mut(&no).filter(|_| !silent) {
                trade.state = "CLOSED";
            }
            drop(book);
            platform.answer(204, &Value::Null)
        }
    }
}

async fn refund(State(platform): State<Platform>, body: Bytes) -> Response<Body> {
    let asked: Value = serde_json::from_slice(&body).unwrap();
    let text = |name: &str| asked[name].as_str().unwrap().to_owned();
    let (number, trade_no) = (text("out_refund_no"), text("out_trade_no"));
    let amount = asked["amount"]["refund"].as_u64().unwrap();
    let mut book = platform.lock();
    let paid = book.trades.get(&trade_no).is_some_and(|trade| trade.paid_at.is_some());
    let total = book.trades.get(&trade_no).and_then(|trade| trade.asked["amount"]["total"].as_u64());
    let before: u64 =
        book.refunds.iter().filter(|(known, _)| **known != number).map(|(_, refund)| refund.amount).sum();
    if !paid || total.is_none_or(|total| before + amount > total) {
        drop(book);
        return platform.refuses(400, "INVALID_REQUEST");
    }
    let status = book.refunds_end.clone().unwrap_or_else(|| "SUCCESS".to_owned());
    let refund = book.refunds.entry(number.clone()).or_insert(Refund { trade_no, amount, asked: 0, status });
    refund.asked += 1;
    assert_eq!(refund.amount, amount, "one number, one amount");
    let document = refund_document(&number, refund);
    drop(book);
    platform.answer(200, &document)
}
