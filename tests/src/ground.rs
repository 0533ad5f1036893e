//! A running library: the table with what is in it, and each function as it would stand in the cloud.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder as ConfigBuilder, Region};
use aws_sdk_dynamodb::types::{StreamSpecification, StreamViewType};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use axum::Router;
use axum::body::Body;
use dynoxide::Database;
use http::{HeaderMap, Request};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;
use yujie_cashier::Desk;
use yujie_covers::store::CoverStore;
use yujie_domain::copy::Copy;
use yujie_domain::rules::RuleSet;
use yujie_domain::staff::Account;
use yujie_domain::title::Title;
use yujie_domain::{OrderNo, ParcelRef, StaffLogin};
use yujie_import_store::ImportStore;
use yujie_index_store::Local;
use yujie_index_store::testing::Bucket;
use yujie_lending::Lending;
use yujie_phones::Phones;
use yujie_runtime::auth::{self, Subject};
use yujie_runtime::contact::{self, Place, Recipient};
use yujie_runtime::{Clients, Clock, Edge, Entropy, Keys, serve};
use yujie_table::account;
use yujie_table::address::{self, SealedAddress};
use yujie_table::bulk::{self, Loaded};
use yujie_table::idempotency::{Answer as Kept, Request as Asked};
use yujie_table::phone_code::Put;
use yujie_table::reader::{self, Issued, NewReader};
use yujie_table::staff;
use yujie_table::{Table, availability, phone_code, rules, site};

use crate::faults::Faults;
use crate::library::{self, PASSWORD_HASH, Person, TABLE};
use crate::near;
use crate::outside::Outside;
use crate::stream::Stream;
use crate::wechat::{self, Platform};

/// A library on this machine.
pub struct Ground {
    /// The table.
    pub table: Table,
    /// What goes wrong between the functions and the table.
    pub faults: Faults,
    /// The time; it stands still unless a test moves it.
    pub clock: Clock,
    /// The stack's keys.
    pub keys: Keys,
    /// Chance, the same in every run.
    pub entropy: Entropy,
    /// Everybody that is sent something.
    pub outside: Outside,
    /// The payment platform.
    pub platform: Platform,
    pub(crate) stream: Stream,
    db: Database,
    bucket: Bucket,
    /// The covers' bucket.
    pub covers: Bucket,
    /// The bucket of files that are imported.
    pub imports_bucket: Bucket,
    files: TempDir,
}

/// An answer of an HTTP function.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON; as text when it is none.
    pub body: Value,
}

impl Ground {
    /// The fixed library with its two readers.
    pub async fn new() -> Self {
        Self::with_readers(2).await
    }

    /// The fixed library with this many readers.
    pub async fn with_readers(readers: u32) -> Self {
        let db = Database::memory().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = aws_sdk_dynamodb::Config::builder()
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .endpoint_url(format!("http://{}", listener.local_addr().unwrap()));
        #[expect(clippy::disallowed_methods, reason = "a test server lives as long as its test")]
        tokio::spawn(dynoxide::server::serve_on(listener, db.clone()));
        Self::on(db, config, aws_smithy_http_client::Builder::new().build_http(), true, readers).await
    }

    /// The same with nothing but function calls between the SDK and the table: for tests that make a great many of them.
    pub async fn near(readers: u32) -> Self {
        let db = Database::memory().unwrap();
        let config = aws_sdk_dynamodb::Config::builder().allow_no_auth().endpoint_url(near::ENDPOINT);
        Self::on(db.clone(), config, near::client(db), true, readers).await
    }

    /// The same without a stream, which the embedded database reads through from its beginning at each write: for very many writes from which nothing
    /// needs to follow.
    pub async fn unobserved(readers: u32) -> Self {
        let db = Database::memory().unwrap();
        let config = aws_sdk_dynamodb::Config::builder().allow_no_auth().endpoint_url(near::ENDPOINT);
        Self::on(db.clone(), config, near::client(db), false, readers).await
    }

    async fn on(
        db: Database,
        config: ConfigBuilder,
        http: SharedHttpClient,
        observed: bool,
        readers: u32,
    ) -> Self {
        let faults = Faults::default();
        let config = config
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            // As many tries as in the cloud, without the waiting.
            .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
            .http_client(faults.client(http))
            .build();
        let client = aws_sdk_dynamodb::Client::from_conf(config);
        yujie_table::create_table(&client, TABLE).await.unwrap();
        if observed {
            let stream = StreamSpecification::builder()
                .stream_enabled(true)
                .stream_view_type(StreamViewType::NewAndOldImages)
                .build()
                .unwrap();
            client.update_table().table_name(TABLE).stream_specification(stream).send().await.unwrap();
        }
        let clock = Clock::fixed(library::NOW.parse().unwrap());
        let ground = Self {
            table: Table::new(client, TABLE),
            faults,
            platform: Platform::start(clock.clone()).await,
            clock,
            keys: library::keys(),
            entropy: Entropy::counting(1),
            outside: Outside::start().await,
            stream: Stream::new(db.clone()),
            db,
            bucket: Bucket::start().await,
            covers: Bucket::start().await,
            imports_bucket: Bucket::start().await,
            files: tempfile::tempdir().unwrap(),
        };
        ground.furnish(readers).await;
        if observed {
            // Everything that the building of the library left in the stream is behind us.
            let (_, place) = ground.stream.peek();
            ground.stream.commit(place);
        }
        ground
    }

    async fn furnish(&self, readers: u32) {
        rules::add(&self.table, &RuleSet::founding()).await.unwrap();
        for one in library::sites() {
            site::load(&self.table, &one).await.unwrap();
        }
        for (title, copies) in library::titles() {
            self.add_title(title, copies).await;
        }
        for (login, role, site) in library::STAFF {
            let posts = [(library::site_id(site), role)].into();
            let (name, hash) = (login.to_owned(), PASSWORD_HASH.to_owned());
            let account = Account::new(StaffLogin::parse(login).unwrap(), name, posts, hash);
            staff::load(&self.table, &account).await.unwrap();
        }
        for n in 1..=readers {
            self.add_reader(&library::reader(n)).await;
        }
    }

    /// Loads a title with its copies, as the importer does.
    pub async fn add_title(&self, title: Title, copies: Vec<Copy>) {
        let counted = availability::count(&copies);
        let mut batch = vec![Loaded::Availability(title.id.clone(), counted), Loaded::Title(title)];
        batch.extend(copies.into_iter().map(Loaded::Copy));
        for part in batch.chunks(25) {
            bulk::put(&self.table, part.to_vec()).await.unwrap();
        }
    }

    /// Issues a card and adds an address, as registration does.
    pub async fn add_reader(&self, person: &Person) {
        let (now, phone) = (self.now(), person.phone.as_str());
        let phone_hash = self.keys.hash("phone", phone);
        let code_hash = self.keys.hash("phone code", &format!("{phone} 000000"));
        assert_eq!(phone_code::put(&self.table, &phone_hash, &code_hash, now).await.unwrap(), Put::Now);
        let profile = contact::Person {
            name: person.name.to_owned(),
            phone: phone.to_owned(),
            document: "110101********001X".to_owned(),
        };
        let place = Place::Profile(&person.rid);
        let new = NewReader {
            rid: person.rid.clone(),
            card_no: person.card_no.clone(),
            sealed: contact::seal(&self.keys, &self.entropy, place, &profile).unwrap(),
            document_hash: self.keys.hash("document", person.rid.as_str()),
            phone_hash,
            code_hash,
            password_hash: PASSWORD_HASH.to_owned(),
            consent_at: now,
            takes_part: true,
        };
        let (asked, kept) = asked(&format!("card of {}", person.rid));
        let issued = reader::issue(&self.table, &new, &asked, &kept).await.unwrap();
        assert_eq!(issued, Issued::Now);
        let home = Recipient {
            name: person.name.to_owned(),
            phone: phone.to_owned(),
            division: "110105".to_owned(),
            street: "北京市朝阳区望京西园四区410号楼".to_owned(),
        };
        let place = Place::Address(&person.rid, &person.address);
        let sealed = contact::seal(&self.keys, &self.entropy, place, &home).unwrap();
        let sealed = SealedAddress::new(person.address.clone(), sealed, None);
        let (asked, kept) = self::asked(&format!("address of {}", person.rid));
        address::add(&self.table, &person.rid, &sealed, &asked, &kept, now).await.unwrap();
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets time pass.
    pub fn pass(&self, time: SignedDuration) {
        if let Clock::Fixed(now) = &self.clock {
            now.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
        }
    }

    /// What a caller puts after `Bearer`.
    pub fn token(&self, subject: &Subject) -> String {
        auth::sign(&self.keys, subject, None, self.now()).unwrap()
    }

    /// The table as a process of its own has it: units are counted from nothing.
    pub fn table_of_its_own(&self) -> Table {
        Table::new(self.table.client().clone(), TABLE)
    }

    /// Keys, time and chance, as the functions have them.
    pub fn edge(&self) -> Edge {
        Edge { keys: self.keys.clone(), clock: self.clock.clone(), entropy: self.entropy.clone() }
    }

    fn clients(&self) -> Clients {
        Clients::from_env(&mut self.outside.vars())
    }

    /// What commands over several parcels work with, in a function that was just started.
    pub fn lending(&self) -> Lending {
        Lending::new(self.table.clone(), self.edge())
    }

    /// `ordering`.
    pub fn ordering(&self) -> Router {
        let app = ordering::App { lending: self.lending() };
        serve::around("ordering", ordering::routes(app))
    }

    /// `registration`, of a library without a service account at WeChat.
    pub fn registration(&self) -> Router {
        self.registration_with(None)
    }

    /// `registration`, with the library's desk at WeChat.
    pub fn registration_with(&self, wechat: Option<yujie_wechat_desk::Desk>) -> Router {
        let (table, edge, phones) = (self.table.clone(), self.edge(), self.phones());
        serve::around("registration", registration::routes(registration::App { table, edge, phones, wechat }))
    }

    fn phones(&self) -> Phones {
        Phones::sns(self.clients().sns())
    }

    /// `warehouse`.
    pub fn warehouse(&self) -> Router {
        let app = warehouse::App { lending: self.lending() };
        serve::around("warehouse", warehouse::routes(app))
    }

    /// `cataloguing`.
    pub fn cataloguing(&self) -> Router {
        let app = cataloguing::App {
            table: self.table.clone(),
            covers: self.cover_store(),
            imports: self.import_store(),
            edge: self.edge(),
        };
        serve::around("cataloguing", cataloguing::routes(app))
    }

    /// The files that are imported.
    pub fn import_store(&self) -> ImportStore {
        ImportStore::new(self.imports_bucket.client(), Bucket::NAME)
    }

    /// `imports`, with parts of two records.
    pub fn imports(&self) -> imports::App {
        imports::App {
            table: self.table.clone(),
            store: self.import_store(),
            clock: self.clock.clone(),
            folder: self.files.path().join("imports"),
            records: 2,
        }
    }

    /// `policies`.
    pub fn policies(&self) -> Router {
        let app = policies::App { table: self.table.clone(), edge: self.edge() };
        serve::around("policies", policies::routes(app))
    }

    /// `trials`.
    pub fn trials(&self) -> trials::App {
        let longest = SignedDuration::from_mins(1);
        trials::App { table: self.table.clone(), clock: self.clock.clone(), longest }
    }

    /// The covers' files.
    pub fn cover_store(&self) -> CoverStore {
        CoverStore::new(self.covers.client(), Bucket::NAME)
    }

    /// `courier-webhook`.
    pub fn courier_webhook(&self) -> Router {
        let app = courier_webhook::App {
            table: self.table.clone(),
            clock: self.clock.clone(),
            keys: self.keys.clone(),
            credentials: Arc::new(library::credentials()),
        };
        serve::around("courier-webhook", courier_webhook::routes(app))
    }

    /// `storefront`.
    pub fn storefront(&self) -> Router {
        serve::around("storefront", storefront::routes())
    }

    /// `search`, with what [`Ground::indexer`] published.
    pub fn search(&self) -> Router {
        let local = Local::open(&self.files.path().join("search")).unwrap();
        let index = search::LiveIndex::new(self.bucket.store(), local, self.clock.clone());
        let app = search::App {
            table: self.table.clone(),
            index,
            covers: self.cover_store(),
            unmet: search::Budget::default(),
            clock: self.clock.clone(),
        };
        serve::around("search", search::routes(app))
    }

    /// `indexer`.
    pub fn indexer(&self) -> indexer::App {
        indexer::App {
            table: self.table.clone(),
            store: self.bucket.store(),
            local: Local::open(&self.files.path().join("indexer")).unwrap(),
            clock: self.clock.clone(),
        }
    }

    /// `accept`.
    pub fn accept(&self) -> accept::App {
        accept::App { table: self.table.clone(), clock: self.clock.clone() }
    }

    /// `sort`.
    pub fn sort(&self) -> sort::App {
        sort::App { table: self.table.clone(), clock: self.clock.clone() }
    }

    /// `pack`.
    pub fn pack(&self) -> pack::App {
        pack::App { table: self.table.clone(), clock: self.clock.clone() }
    }

    /// `dispatch`.
    pub fn dispatch(&self) -> dispatch::App {
        dispatch::App {
            table: self.table.clone(),
            clock: self.clock.clone(),
            keys: self.keys.clone(),
            desk: self.courier_desk(),
        }
    }

    /// The library's desk at the courier platform.
    fn courier_desk(&self) -> yujie_courier_desk::Desk {
        yujie_courier_desk::Desk::new(
            library::credentials(),
            &self.outside.url,
            "https://library.example".to_owned(),
            "13900000000".to_owned(),
            self.keys.clone(),
            self.clock.clone(),
        )
    }

    /// `deliver`.
    pub fn deliver(&self) -> deliver::App {
        deliver::App { table: self.table.clone(), clock: self.clock.clone() }
    }

    /// `notices`.
    pub fn notices(&self) -> notices::App {
        notices::App {
            table: self.table.clone(),
            keys: self.keys.clone(),
            phones: self.phones(),
            clock: self.clock.clone(),
        }
    }

    /// `relay`.
    pub fn relay(&self) -> relay::App {
        let mut app = relay::App::new(self.outside.vars()).unwrap();
        app.table = self.table.clone();
        app
    }

    /// `promises`.
    pub fn promises(&self) -> promises::App {
        let queues = promises::Queues::from_env(&self.clients(), &mut self.outside.vars());
        promises::App { lending: self.lending(), queues }
    }

    /// `profile`.
    pub fn profile(&self) -> Router {
        serve::around("profile", profile::routes(profile::App { lending: self.lending() }))
    }

    /// `returns`.
    pub fn returns(&self) -> Router {
        serve::around("returns", returns::routes(returns::App { lending: self.lending() }))
    }

    /// `collections`.
    pub fn collections(&self) -> collections::App {
        collections::App { lending: self.lending(), desk: self.courier_desk() }
    }

    /// The library's desk at the payment platform.
    fn desk(&self) -> Desk {
        let public_url = "https://library.example".to_owned();
        let (clock, entropy) = (self.clock.clone(), self.entropy.clone());
        Desk::new(wechat::account(), &self.platform.url, public_url, clock, entropy)
    }

    /// `payments`.
    pub fn payments(&self) -> Router {
        let app = payments::App { lending: self.lending(), desk: self.desk() };
        serve::around("payments", payments::routes(app))
    }

    /// `settlements`.
    pub fn settlements(&self) -> settlements::App {
        settlements::App { lending: self.lending(), desk: self.desk() }
    }

    /// `holds`.
    pub fn holds(&self) -> holds::App {
        holds::App { lending: self.lending() }
    }

    /// `shelves`.
    pub fn shelves(&self) -> shelves::App {
        shelves::App { table: self.table.clone(), clock: self.clock.clone() }
    }

    /// `audit`.
    pub fn audit(&self) -> audit::App {
        audit::App { table: self.table.clone(), clock: self.clock.clone() }
    }

    /// The stream's records since the last time, as Lambda hands them over.
    pub fn changes(&self) -> Value {
        let (batch, place) = self.stream.peek();
        self.stream.commit(place);
        batch
    }

    /// Every item as it is now, by its key.
    pub fn items(&self) -> std::collections::BTreeMap<String, Value> {
        let mut items = std::collections::BTreeMap::new();
        let mut start = Value::Null;
        loop {
            let mut request = json!({"TableName": TABLE});
            if !start.is_null() {
                request["ExclusiveStartKey"] = start;
            }
            let page = self.db.scan(serde_json::from_value(request).unwrap()).unwrap();
            let page = serde_json::to_value(page).unwrap();
            for item in page["Items"].as_array().cloned().unwrap_or_default() {
                let text = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
                items.insert(format!("{} / {}", text("pk"), text("sk")), item);
            }
            start = page.get("LastEvaluatedKey").cloned().unwrap_or_default();
            if start.is_null() {
                return items;
            }
        }
    }

    /// Makes the table again what it was, and chance begin anew.
    pub fn restore(&mut self, was: &std::collections::BTreeMap<String, Value>) {
        let is = self.items();
        for (key, item) in was.iter().filter(|(key, item)| is.get(*key) != Some(*item)) {
            let request = json!({"TableName": TABLE, "Item": item});
            self.db.put_item(serde_json::from_value(request).unwrap()).expect(key);
        }
        for (key, item) in is.iter().filter(|(key, _)| !was.contains_key(*key)) {
            let request = json!({"TableName": TABLE, "Key": {"pk": item["pk"], "sk": item["sk"]}});
            self.db.delete_item(serde_json::from_value(request).unwrap()).expect(key);
        }
        self.changes();
        self.entropy = Entropy::counting(1);
        self.outside.take();
        self.outside.courier_says("");
    }

    /// Nothing of a reader's account, copies and parcels contradicts the rest. What came off an order owns nothing.
    pub async fn assert_sound(&self, readers: impl IntoIterator<Item = u32>) {
        for n in readers {
            let rid = library::reader(n).rid;
            let account = account::get(&self.table, &rid).await.unwrap().unwrap();
            for (title_id, open) in account.open {
                let copy = yujie_table::copy::get(&self.table, &open.barcode).await.unwrap().unwrap();
                assert_eq!(copy.title_id, title_id);
                let holder = copy.holder.expect("an open item's copy has a holder");
                assert_eq!((&holder.rid, &holder.order_no), (&rid, &open.order_no));
                let parcel = yujie_table::parcel::get(&self.table, &holder).await.unwrap().unwrap();
                let line =
                    parcel.live().find(|line| line.barcode == open.barcode).expect("a book that is wanted");
                assert_eq!(line.status.with_reader(), open.loan.is_some());
            }
        }
        let items = self.items();
        for (key, copy) in items.iter().filter(|(_, item)| item["kind"]["S"] == "copy") {
            let free = copy["status"]["S"] == "available";
            assert_eq!(free, copy.get("holder").is_none(), "{key}");
            if let Some(holder) = copy["holder"]["S"].as_str() {
                let at: ParcelRef = holder.parse().unwrap();
                let account = account::get(&self.table, &at.rid).await.unwrap().unwrap();
                assert!(
                    account.open.values().any(|open| key.starts_with(&format!("COPY#{} ", open.barcode))),
                    "{key} has a holder that does not know of it"
                );
                let parcel = yujie_table::parcel::get(&self.table, &at).await.unwrap().unwrap();
                assert!(
                    parcel.live().any(|line| key.starts_with(&format!("COPY#{} ", line.barcode))),
                    "{key} is held by a parcel that does not want it"
                );
            }
        }
    }
}

/// A request's record, for what is not asked over HTTP.
pub fn asked(what: &str) -> (Asked, Kept) {
    let asked = Asked { key: what.to_owned(), fingerprint: what.to_owned() };
    let kept = Kept { status: 201, body: "{}".to_owned() };
    (asked, kept)
}

/// An order's number that is easy to find again.
pub fn order_no(text: &str) -> OrderNo {
    OrderNo::parse(text).unwrap()
}

/// Sends a request to a function.
pub async fn send<B>(function: Router, request: Request<B>) -> Answer
where
    B: axum::body::HttpBody<Data = axum::body::Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    let response = function.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 10_000_000).await.unwrap();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: serde_json::from_slice(&body)
            .unwrap_or_else(|_| String::from_utf8_lossy(&body).into_owned().into()),
    }
}

/// The same as API Gateway hands it over that comes from an address, with a `User-Agent`.
pub fn request_from(
    address: &str,
    agent: &str,
    (method, path): (&str, &str),
    token: &str,
    body: &Value,
) -> lambda_http::Request {
    let mut headers = json!({"user-agent": agent, "idempotency-key": "01JD9Z00000000000000000KEY"});
    if !token.is_empty() {
        headers["authorization"] = json!(format!("Bearer {token}"));
    }
    let mut event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": headers,
        "requestContext": {
            "accountId": "1", "apiId": "api", "domainName": "api.example", "domainPrefix": "api", "requestId": "r",
            "routeKey": "$default", "stage": "$default", "time": "23/Nov/2026:02:00:00 +0000", "timeEpoch": 1_795_399_200_000_i64,
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": address, "userAgent": agent},
        },
        "isBase64Encoded": false,
    });
    if !body.is_null() {
        event["body"] = json!(body.to_string());
    }
    let request: lambda_http::request::LambdaRequest = serde_json::from_value(event).unwrap();
    request.into()
}

/// A request with a JSON body (none when it is null), as somebody (nobody when the token is empty).
pub fn request(method: &str, path: &str, token: &str, body: &Value) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    request.body(body).unwrap()
}
