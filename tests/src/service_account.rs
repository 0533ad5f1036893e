//! WeChat's side of the library's service account: codes that are good once, one token, one ticket for pages.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use yujie_wechat::Account;
use yujie_wechat_desk::Desk;

use crate::Ground;

/// The id of the library's account.
pub const APP_ID: &str = "wx0123456789abcdef";
const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// The library's own address.
pub const PUBLIC_URL: &str = "https://lib.example.cn";

/// The platform.
#[derive(Debug, Clone)]
pub struct ServiceAccount {
    url: String,
    state: Arc<Mutex<Book>>,
}

#[derive(Debug, Default)]
struct Book {
    codes: BTreeMap<String, Value>,
    tokens: u32,
    tickets: u32,
    down: bool,
}

type Shared = State<Arc<Mutex<Book>>>;

impl ServiceAccount {
    /// Starts it on a free port; it ends with its test.
    pub async fn start() -> Self {
        let state = Arc::new(Mutex::new(Book::default()));
        let routes = Router::new()
            .route("/sns/oauth2/access_token", get(exchange))
            .route("/cgi-bin/stable_token", post(token))
            .route("/cgi-bin/ticket/getticket", get(ticket))
            .with_state(Arc::clone(&state));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        #[expect(clippy::disallowed_methods, reason = "a test server lives as long as its test")]
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, state }
    }

    /// The library's desk there.
    pub fn desk(&self, ground: &Ground) -> Desk {
        let account = Account::parse(&json!({"app_id": APP_ID, "app_secret": SECRET}).to_string()).unwrap();
        Desk::new(account, [&self.url, &self.url, PUBLIC_URL], ground.table.clone(), ground.edge())
    }

    /// What a reader comes back with, who is `openid` under this account.
    pub fn code_of(&self, openid: &str) -> String {
        self.code(json!({"openid": openid}))
    }

    /// What comes back from a snapshot of a page.
    pub fn code_of_snapshot(&self) -> String {
        self.code(json!({"openid": "oMadeUp", "is_snapshotuser": 1}))
    }

    fn code(&self, grant: Value) -> String {
        let mut book = self.lock();
        let code = format!("code{}", book.codes.len());
        book.codes.insert(code.clone(), grant);
        code
    }

    /// The token that is in use is over at once: somebody renewed it by force.
    pub fn renew_by_force(&self) {
        self.lock().tokens += 1;
    }

    /// Whether the platform fails from now on.
    pub fn fails(&self, down: bool) {
        self.lock().down = down;
    }

    /// How many tickets were given out.
    pub fn tickets(&self) -> u32 {
        self.lock().tickets
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<Book>) -> MutexGuard<'_, Book> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn no(code: i64) -> Json<Value> {
    Json(json!({"errcode": code, "errmsg": "as documented"}))
}

async fn exchange(State(state): Shared, Query(asked): Query<BTreeMap<String, String>>) -> Json<Value> {
    let mut book = lock(&state);
    if book.down {
        return no(-1);
    }
    if asked["appid"] != APP_ID || asked["secret"] != SECRET || asked["grant_type"] != "authorization_code" {
        return no(40125);
    }
    let Some(grant) = book.codes.get_mut(&asked["code"]) else { return no(40029) };
    if grant.is_null() {
        return no(40163);
    }
    let mut grant = std::mem::take(grant);
    grant["access_token"] = json!("a-readers-token");
    grant["expires_in"] = json!(7200);
    grant["scope"] = json!("snsapi_base");
    Json(grant)
}

async fn token(State(state): Shared, Json(asked): Json<Value>) -> Json<Value> {
    let book = lock(&state);
    if book.down {
        return no(-1);
    }
    if asked["appid"] != APP_ID || asked["secret"] != SECRET {
        return no(40125);
    }
    Json(json!({"access_token": format!("token{}", book.tokens), "expires_in": 7200}))
}

async fn ticket(State(state): Shared, Query(asked): Query<BTreeMap<String, String>>) -> Json<Value> {
    let mut book = lock(&state);
    if book.down {
        return no(-1);
    }
    if asked["access_token"] != format!("token{}", book.tokens) {
        return no(40001);
    }
    book.tickets += 1;
    Json(
        json!({"errcode": 0, "errmsg": "ok", "ticket": format!("ticket{}", book.tickets), "expires_in": 7200}),
    )
}
