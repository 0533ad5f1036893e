//! Everybody that the functions send something to, on one port: queues, the topic, phones, the courier. They take what they are given,
//! and it can be asked for afterwards.

use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use md5::{Digest, Md5};
use serde_json::{Value, json};
use yujie_runtime::Vars;

/// Something that was sent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    /// A message to a queue.
    Queue {
        /// The queue's name.
        queue: String,
        /// The message.
        body: String,
    },
    /// A message to the topic.
    Topic {
        /// The attribute that subscribers filter by.
        kind: String,
        /// The message.
        message: String,
    },
    /// An SMS.
    Sms {
        /// To whom.
        phone: String,
        /// What it says.
        text: String,
    },
    /// A courier's booking.
    Booking {
        /// Its content.
        param: Value,
    },
}

/// The recorder.
#[derive(Debug, Clone)]
pub struct Outside {
    /// Its address.
    pub url: String,
    state: Arc<Mutex<Book>>,
}

#[derive(Debug, Default)]
struct Book {
    sent: Vec<Sent>,
    sends: u32,
    fails_at: Option<u32>,
    refuse: bool,
    courier_says: Option<String>,
    /// Every other cancellation gets lost, and whether the next one does.
    loses: Option<bool>,
}

impl Outside {
    /// Starts it on a free port; it ends with its test.
    pub async fn start() -> Self {
        let state = Arc::new(Mutex::new(Book::default()));
        let routes = Router::new()
            .route("/", post(aws))
            .route("/order/borderapi.do", post(courier))
            .with_state(Arc::clone(&state));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        #[expect(clippy::disallowed_methods, reason = "a test server lives as long as its test")]
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, state }
    }

    /// The environment of a function whose AWS this is.
    pub fn vars(&self) -> Vars {
        let mut vars = vec![
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "key".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("AWS_ENDPOINT_URL", self.url.clone()),
            ("TABLE_NAME", crate::library::TABLE.to_owned()),
            ("LOG_LEVEL", "error".to_owned()),
            ("NOTICES_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:notices".to_owned()),
        ];
        for (name, queue) in [
            ("ACCEPT_QUEUE_URL", "accept"),
            ("SORT_QUEUE_URL", "sort"),
            ("PACK_QUEUE_URL", "pack"),
            ("DISPATCH_QUEUE_URL", "dispatch"),
            ("DELIVER_QUEUE_URL", "deliver"),
            ("INDEX_QUEUE_URL", "index"),
            ("HOLDS_QUEUE_URL", "holds"),
            ("SETTLEMENTS_QUEUE_URL", "settlements"),
            ("COLLECTIONS_QUEUE_URL", "collections"),
            ("IMPORTS_QUEUE_URL", "imports"),
            ("TRIALS_QUEUE_URL", "trials"),
        ] {
            vars.push((name, format!("{}/123456789012/{queue}", self.url)));
        }
        Vars::given(vars)
    }

    /// What was sent since the last time.
    pub fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut self.lock().sent)
    }

    /// How many sends were tried so far.
    pub fn sends(&self) -> u32 {
        self.lock().sends
    }

    /// The send after `skip` more is taken, but whoever sent it never learns of it, and nothing more is taken until
    /// [`Outside::revive`]: the sender died.
    pub fn crash(&self, skip: u32) {
        let mut book = self.lock();
        book.fails_at = Some(book.sends + skip);
    }

    /// The sender was started again. Answers whether it was dead.
    pub fn revive(&self) -> bool {
        std::mem::take(&mut self.lock().refuse)
    }

    /// What the courier answers to the next bookings; a waybill when it is empty.
    pub fn courier_says(&self, reply: &str) {
        self.lock().courier_says = Some(reply.to_owned()).filter(|reply| !reply.is_empty());
    }

    /// The courier does not hear every other cancellation from now on, the first one not.
    pub fn lose_cancellations(&self) {
        self.lock().loses = Some(true);
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Shared = State<Arc<Mutex<Book>>>;
type Reply = (StatusCode, [(&'static str, &'static str); 1], String);
const JSON: [(&str, &str); 1] = [("content-type", "application/x-amz-json-1.0")];
const XML: [(&str, &str); 1] = [("content-type", "text/xml")];

/// SQS speaks JSON with the operation in a header, SNS a form with the operation in a field.
async fn aws(State(book): Shared, headers: HeaderMap, body: Bytes) -> Reply {
    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
    let target = headers.get("x-amz-target").and_then(|v| v.to_str().ok());
    // 403 is the refusal that the SDK does not try again.
    let gone = match target {
        Some(_) => (StatusCode::FORBIDDEN, JSON, r#"{"__type":"AccessDenied"}"#.to_owned()),
        None => (
            StatusCode::FORBIDDEN,
            XML,
            "<ErrorResponse><Error><Code>AuthorizationError</Code></Error></ErrorResponse>".to_owned(),
        ),
    };
    if book.refuse {
        return gone;
    }
    let dies = book.fails_at == Some(book.sends);
    book.sends += 1;
    let answer = match target {
        Some(target) => queue(&mut book, target, &body),
        None => topic(&mut book, &body),
    };
    if dies {
        book.refuse = true;
        return gone;
    }
    answer
}

fn queue(book: &mut Book, target: &str, body: &[u8]) -> Reply {
    let request: Value = serde_json::from_slice(body).unwrap();
    let url = request["QueueUrl"].as_str().unwrap_or_default();
    let queue = url.rsplit('/').next().unwrap_or_default().to_owned();
    let mut take = |message: &Value| {
        let body = message["MessageBody"].as_str().unwrap_or_default().to_owned();
        let md5 = format!("{:032x}", u128::from_be_bytes(Md5::digest(&body).into()));
        book.sent.push(Sent::Queue { queue: queue.clone(), body });
        json!({"Id": message["Id"], "MessageId": format!("m-{}", book.sent.len()), "MD5OfMessageBody": md5})
    };
    let answer = if target.ends_with(".SendMessageBatch") {
        let entries = request["Entries"].as_array().cloned().unwrap_or_default();
        json!({"Successful": entries.iter().map(take).collect::<Vec<_>>(), "Failed": []})
    } else {
        take(&request)
    };
    (StatusCode::OK, JSON, answer.to_string())
}

fn topic(book: &mut Book, body: &[u8]) -> Reply {
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body).unwrap();
    let field = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone());
    if field("Action").as_deref() == Some("Publish") {
        book.sent.push(Sent::Sms {
            phone: field("PhoneNumber").unwrap_or_default(),
            text: field("Message").unwrap_or_default(),
        });
        let xml = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>";
        return (StatusCode::OK, XML, xml.to_owned());
    }
    let mut members = String::new();
    for n in 1.. {
        let entry = format!("PublishBatchRequestEntries.member.{n}");
        let Some(id) = field(&format!("{entry}.Id")) else { break };
        book.sent.push(Sent::Topic {
            kind: field(&format!("{entry}.MessageAttributes.entry.1.Value.StringValue")).unwrap_or_default(),
            message: field(&format!("{entry}.Message")).unwrap_or_default(),
        });
        write!(members, "<member><Id>{id}</Id><MessageId>m-{n}</MessageId></member>").unwrap();
    }
    let xml = format!(
        "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishBatchResult><Failed/><Successful>{members}</Successful></PublishBatchResult></PublishBatchResponse>"
    );
    (StatusCode::OK, XML, xml)
}

/// Gives every parcel the same waybill each time that it is booked, as the platform does.
async fn courier(State(book): Shared, body: Bytes) -> String {
    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(&body).unwrap();
    let param = fields.iter().find(|(name, _)| name == "param").unwrap();
    let param: Value = serde_json::from_str(&param.1).unwrap();
    if param["thirdOrderId"].is_null()
        && let Some(lost) = book.loses
    {
        book.loses = Some(!lost);
        if lost {
            return "<html>502</html>".to_owned();
        }
    }
    let parcel = param["thirdOrderId"].as_str().unwrap_or_default().replace('-', "");
    book.sent.push(Sent::Booking { param });
    book.courier_says.clone().unwrap_or_else(|| {
        json!({"result": true, "returnCode": "200", "message": "成功",
            "data": {"taskId": "T1", "orderId": "O1", "kuaidinum": format!("SF{parcel}")}})
        .to_string()
    })
}
