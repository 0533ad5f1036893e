//! A bucket for tests: as much of S3 as publishing an index asks for, over HTTP on a free port, with its conditional requests.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "only tests call this, and a failure is theirs"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use jiff::Timestamp;

use crate::IndexStore;

/// A running bucket, `books`. It ends with its test.
#[derive(Debug, Clone)]
pub struct Bucket {
    endpoint: String,
    state: Arc<Mutex<Contents>>,
}

#[derive(Debug, Default)]
struct Contents {
    objects: BTreeMap<String, Bytes>,
    calls: Vec<(Method, String)>,
    lose_next_manifest_answer: bool,
    refuse: bool,
}

const STARTED: &str = "2026-11-23T08:00:00Z";

impl Bucket {
    /// Starts an empty bucket.
    pub async fn start() -> Self {
        let state = Arc::new(Mutex::new(Contents::default()));
        let routes = Router::new()
            .route("/books", get(list))
            .route("/books/", get(list))
            .route("/books/{*key}", any(object))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&state));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        #[expect(clippy::disallowed_methods, reason = "a test server lives as long as its test")]
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { endpoint, state }
    }

    /// The index in it.
    pub fn store(&self) -> IndexStore {
        IndexStore::new(self.client(), Self::NAME)
    }

    /// Its name.
    pub const NAME: &str = "books";

    /// A client that reaches it.
    pub fn client(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(&self.endpoint)
            .force_path_style(true)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// When, by its own clock, all its objects were written.
    pub fn now() -> Timestamp {
        STARTED.parse().unwrap()
    }

    /// The keys that were called with this method so far.
    pub fn calls(&self, method: &str) -> Vec<String> {
        self.lock().calls.iter().filter(|(m, _)| m == method).map(|(_, key)| key.clone()).collect()
    }

    /// Starts counting calls anew.
    pub fn forget_calls(&self) {
        self.lock().calls.clear();
    }

    /// The next manifest is stored, and the caller told that something went wrong.
    pub fn lose_next_manifest_answer(&self) {
        self.lock().lose_next_manifest_answer = true;
    }

    /// From now on it answers 403.
    pub fn refuse_everything(&self) {
        self.lock().refuse = true;
    }

    /// Changes an object behind everybody's back.
    pub fn overwrite(&self, name: &str, content: &'static str) {
        let mut contents = self.lock();
        let object = contents.objects.iter_mut().find(|(key, _)| key.ends_with(name)).unwrap();
        *object.1 = Bytes::from_static(content.as_bytes());
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn object(
    State(state): State<Arc<Mutex<Contents>>>,
    method: Method,
    Path(key): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut contents = state.lock().unwrap();
    contents.calls.push((method.clone(), key.clone()));
    if contents.refuse {
        return StatusCode::FORBIDDEN.into_response();
    }
    let condition = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let there = contents.objects.get(&key).cloned();
    let tag = there.as_ref().map(etag);
    match method.as_str() {
        // The server leaves the body of an answer to HEAD out by itself.
        "GET" | "HEAD" => match (there, tag) {
            (Some(_), Some(tag)) if condition("if-match").is_some_and(|wanted| wanted != tag) => {
                StatusCode::PRECONDITION_FAILED.into_response()
            }
            (Some(_), Some(tag)) if condition("if-none-match") == Some(&tag) => {
                StatusCode::NOT_MODIFIED.into_response()
            }
            (Some(body), Some(tag)) => match condition("range").map(|range| part(range, body.len())) {
                None => ([(header::ETAG, tag)], body).into_response(),
                Some(Some(part)) => (StatusCode::PARTIAL_CONTENT, body.slice(part)).into_response(),
                Some(None) => StatusCode::RANGE_NOT_SATISFIABLE.into_response(),
            },
            _ => StatusCode::NOT_FOUND.into_response(),
        },
        "PUT" => {
            let met = match (condition("if-match"), condition("if-none-match")) {
                (Some(wanted), _) => tag.as_deref() == Some(wanted),
                (None, Some(_)) => tag.is_none(),
                (None, None) => true,
            };
            if !met {
                return StatusCode::PRECONDITION_FAILED.into_response();
            }
            let body = plain(&headers, &body);
            let tag = etag(&body);
            contents.objects.insert(key.clone(), body);
            if key == "manifest.json" && std::mem::take(&mut contents.lose_next_manifest_answer) {
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
            [(header::ETAG, tag)].into_response()
        }
        _ => {
            contents.objects.remove(&key);
            StatusCode::NO_CONTENT.into_response()
        }
    }
}

/// `bytes=a-b` of a body; `None` when it begins behind its end.
fn part(range: &str, length: usize) -> Option<std::ops::Range<usize>> {
    let (from, to) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
    (from < length).then(|| from..(to + 1).min(length))
}

async fn list(State(state): State<Arc<Mutex<Contents>>>) -> String {
    let entry =
        |key: &String| format!("<Contents><Key>{key}</Key><LastModified>{STARTED}</LastModified></Contents>");
    let keys = state
        .lock()
        .unwrap()
        .objects
        .keys()
        .filter(|key| key.starts_with("index/"))
        .map(entry)
        .collect::<String>();
    format!("<ListBucketResult><IsTruncated>false</IsTruncated>{keys}</ListBucketResult>")
}

fn etag(body: &Bytes) -> String {
    format!("\"{}\"", body.iter().fold(5_381_u64, |hash, byte| hash.wrapping_mul(33) ^ u64::from(*byte)))
}

/// The content of a body that came in signed chunks with a checksum after it.
fn plain(headers: &HeaderMap, body: &Bytes) -> Bytes {
    if !headers.contains_key("x-amz-decoded-content-length") {
        return body.clone();
    }
    let mut rest = &body[..];
    let mut content = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = String::from_utf8_lossy(&rest[..end])
            .split(';')
            .next()
            .map_or(0, |hex| usize::from_str_radix(hex, 16).unwrap_or(0));
        if size == 0 {
            break;
        }
        content.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
    }
    content.into()
}
