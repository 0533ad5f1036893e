//! The whole way of an order, driven from outside as readers, staff and couriers drive it, with everything in between worked off as
//! the cloud works it off: the stream in order, messages again until they are done.

use std::collections::VecDeque;
use std::fmt::Display;
use std::sync::Mutex;

use aws_lambda_events::event::sns::SnsEvent;
use aws_lambda_events::event::sqs::SqsEvent;
use axum::Router;
use http::Request;
use jiff::SignedDuration;
use md5::{Digest, Md5};
use serde_json::{Value, json};
use yujie_domain::ParcelRef;

use crate::ground::{Answer, Ground, request, send};
use crate::library::{self, Person};
use crate::outside::Sent;
use crate::stream;

/// How often anything is tried again before the test gives up.
const PATIENCE: u32 = 30;
/// Longer than anything is kept by one that died.
const LEASE: SignedDuration = SignedDuration::from_secs(31);

/// A ground on which orders live.
pub struct Life<'a> {
    ground: &'a Ground,
    ordering: Router,
    warehouse: Router,
    webhook: Router,
    relay: relay::App,
    notices: notices::App,
    /// How often each message is delivered.
    deliveries: usize,
    /// The search index, when it is to follow.
    indexer: Option<indexer::App>,
    /// Messages on their way.
    pending: Mutex<VecDeque<Sent>>,
    /// What left the house, for good.
    pub gone: Mutex<Vec<Sent>>,
}

impl<'a> Life<'a> {
    /// On this ground, each message delivered once.
    pub fn new(ground: &'a Ground) -> Self {
        Self {
            ground,
            ordering: ground.ordering(),
            warehouse: ground.warehouse(),
            webhook: ground.courier_webhook(),
            relay: ground.relay(),
            notices: ground.notices(),
            deliveries: 1,
            indexer: None,
            pending: Mutex::default(),
            gone: Mutex::default(),
        }
    }

    /// Each message is delivered this often, the later times after others.
    #[must_use]
    pub fn delivering(mut self, times: usize) -> Self {
        self.deliveries = times;
        self
    }

    /// The search index follows what happens. Without this, messages for it are dropped: building an index takes longer than everything else.
    #[must_use]
    pub fn indexing(mut self) -> Self {
        self.indexer = Some(self.ground.indexer());
        self
    }

    /// Asks until the answer is no server's fault, as a client with the same key does.
    pub async fn insist(&self, function: &Router, make: impl Fn() -> Request<axum::body::Body>) -> Answer {
        for _ in 0..PATIENCE {
            let answer = send(function.clone(), make()).await;
            let died = self.ground.faults.revive() | self.ground.outside.revive();
            if answer.status < 500 && !died {
                return answer;
            }
        }
        panic!("no answer");
    }

    /// Places an order.
    pub async fn order(&self, person: &Person, key: &str, body: &Value) -> Answer {
        let token = self.ground.token(&person.subject());
        self.insist(&self.ordering, || {
            let mut request = request("POST", "/orders", &token, body);
            request.headers_mut().insert("idempotency-key", key.parse().unwrap());
            request
        })
        .await
    }

    /// Has `ordering` change something; a key goes with it, for what needs one.
    pub async fn change(&self, person: &Person, method: &str, path: &str, body: &Value) -> Answer {
        let token = self.ground.token(&person.subject());
        self.insist(&self.ordering, || {
            let mut request = request(method, path, &token, body);
            request.headers_mut().insert("idempotency-key", "the-one-change".parse().unwrap());
            request
        })
        .await
    }

    /// Asks `ordering` for something.
    pub async fn get(&self, person: &Person, path: &str) -> Value {
        let token = self.ground.token(&person.subject());
        let answer = send(self.ordering.clone(), request("GET", path, &token, &Value::Null)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// Scans.
    pub async fn scan(&self, staff: &str, body: Value) -> Answer {
        let token = self.ground.token(&library::staff(staff));
        self.insist(&self.warehouse, || request("POST", "/staff/scans", &token, &body)).await
    }

    /// The courier pushes these entries (newest first) for a parcel, or a return.
    pub async fn push(&self, carried: &impl Display, waybill: &str, entries: &[(&str, &str)]) -> Answer {
        let path = format!(
            "/webhooks/couriers/kuaidi100?parcel={carried}&token={}",
            self.ground.keys.webhook_token(&carried.to_string())
        );
        let body = push_form(waybill, entries);
        self.insist(&self.webhook, || {
            Request::post(&path)
                .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
                .body(body.clone().into())
                .unwrap()
        })
        .await
    }

    /// Works off whatever follows, until nothing does.
    pub async fn settle(&self) {
        let mut waited = SignedDuration::ZERO;
        let mut in_vain = 0;
        for _ in 0..1000 {
            self.relay_once().await;
            self.collect();
            let next = self.pending.lock().unwrap().pop_front();
            match next {
                Some(message) => {
                    if self.work_off(&message).await {
                        in_vain = 0;
                        continue;
                    }
                    let mut pending = self.pending.lock().unwrap();
                    pending.push_back(message);
                    in_vain += 1;
                    // What a dead process had in hand comes free when its time is up. The order's own clock does not run on for it.
                    if in_vain > pending.len() {
                        self.ground.pass(LEASE);
                        waited += LEASE;
                    }
                }
                None if self.at_rest() => {
                    self.ground.pass(-waited);
                    return;
                }
                None => {}
            }
        }
        panic!("it does not come to rest");
    }

    /// Takes what was sent: to queues and the topic, as often as it is delivered; the rest is out of the house.
    fn collect(&self) {
        let mut pending = self.pending.lock().unwrap();
        for one in self.ground.outside.take() {
            match one {
                Sent::Queue { .. } | Sent::Topic { .. } => {
                    pending.extend(std::iter::repeat_n(one, self.deliveries));
                }
                Sent::Sms { .. } | Sent::Booking { .. } => self.gone.lock().unwrap().push(one),
            }
        }
        // Messages overtake each other.
        if self.deliveries > 1 {
            let half = pending.len() / 2;
            pending.rotate_left(half);
        }
    }

    fn at_rest(&self) -> bool {
        let (batch, _) = self.ground.stream.peek();
        batch["Records"].as_array().is_none_or(Vec::is_empty)
    }

    /// A batch that fails comes again from its beginning.
    async fn relay_once(&self) {
        for _ in 0..PATIENCE {
            let (batch, place) = self.ground.stream.peek();
            if batch["Records"].as_array().is_none_or(Vec::is_empty) {
                return;
            }
            let done = relay::handle(&self.relay, stream::event(&batch)).await;
            let died = self.ground.faults.revive() | self.ground.outside.revive();
            if done.is_ok() && !died {
                self.ground.stream.commit(place);
                return;
            }
        }
        panic!("the relay does not get through");
    }

    /// Whether the message is done with.
    async fn work_off(&self, message: &Sent) -> bool {
        let done = match message {
            Sent::Topic { kind, message } => {
                let event: SnsEvent = serde_json::from_value(sns_event(kind, message)).unwrap();
                notices::handle(&self.notices, event).await.is_ok()
            }
            Sent::Queue { queue, body } => {
                let event: SqsEvent = serde_json::from_value(sqs_event(queue, &[body])).unwrap();
                let ground = self.ground;
                let response = match queue.as_str() {
                    "index" => match &self.indexer {
                        Some(indexer) => indexer::handle(indexer, event).await,
                        None => return true,
                    },
                    "settlements" => settlements::handle(&ground.settlements(), event).await,
                    "holds" => holds::handle(&ground.holds(), event).await,
                    "collections" => collections::handle(&ground.collections(), event).await,
                    "imports" => imports::handle(&ground.imports(), event).await,
                    "trials" => trials::handle(&ground.trials(), event).await,
                    "accept" => accept::handle(&ground.accept(), event).await,
                    "sort" => sort::handle(&ground.sort(), event).await,
                    "pack" => pack::handle(&ground.pack(), event).await,
                    "dispatch" => dispatch::handle(&ground.dispatch(), event).await,
                    "deliver" => deliver::handle(&ground.deliver(), event).await,
                    other => panic!("nobody reads the queue {other}"),
                };
                response.batch_item_failures.is_empty()
            }
            Sent::Sms { .. } | Sent::Booking { .. } => true,
        };
        // A process that died has not told the queue that it was done.
        let died = self.ground.faults.revive() | self.ground.outside.revive();
        done && !died
    }

    /// An order of these titles, from its placing to the reader's door and back to a shelf at `L01`.
    pub async fn whole(&self, person: &Person, titles: &[&str]) -> String {
        let (order_no, parcels) = self.to_the_door(person, titles).await;
        for barcode in parcels.iter().flat_map(barcodes) {
            self.done("desk-l01", json!({"action": "check_in", "barcode": barcode})).await;
            self.settle().await;
        }
        order_no
    }

    /// An order of these titles, from its placing to the reader's door, where they stay: its number and its parcels.
    pub async fn to_the_door(&self, person: &Person, titles: &[&str]) -> (String, Vec<Value>) {
        let lines: Vec<Value> = titles.iter().map(|id| json!({"title_id": id})).collect();
        let wanted = json!({
            "lines": lines,
            "deliver_to": {"kind": "home", "address_id": person.address.as_str()},
            "if_missing": "cancel",
        });
        let placed = self.order(person, "the-one-order", &wanted).await;
        assert_eq!(placed.status, 201, "{}", placed.body);
        let order_no = placed.body["order_no"].as_str().unwrap().to_owned();
        self.settle().await;
        let parcels = placed.body["parcels"].as_array().unwrap().clone();
        for parcel in &parcels {
            self.fulfil(person, &order_no, parcel).await;
        }
        (order_no, parcels)
    }

    /// Takes a parcel of an accepted order to its reader's door.
    pub async fn fulfil(&self, person: &Person, order_no: &str, parcel: &Value) {
        let parcel_no = parcel["parcel_no"].as_str().unwrap();
        let order = self.get(person, &format!("/orders/{order_no}")).await;
        let shown = order["parcels"].as_array().unwrap();
        let shown = shown.iter().find(|shown| shown["parcel_no"] == parcel_no).unwrap();
        let site = shown["site_id"].as_str().unwrap().to_ascii_lowercase();
        for barcode in barcodes(parcel) {
            self.done(&format!("picker-{site}"), json!({"action": "pick", "barcode": barcode})).await;
        }
        self.settle().await;
        for barcode in barcodes(parcel) {
            self.done(
                &format!("packer-{site}"),
                json!({"action": "pack", "parcel_no": parcel_no, "barcode": barcode}),
            )
            .await;
        }
        self.settle().await;
        self.done(&format!("dispatcher-{site}"), json!({"action": "hand_over", "parcel_no": parcel_no}))
            .await;
        self.settle().await;
        let at = ParcelRef {
            rid: person.rid.clone(),
            order_no: order_no.parse().unwrap(),
            n: parcel_no.rsplit('-').next().unwrap().parse().unwrap(),
        };
        let waybill = format!("SF{}", parcel_no.replace('-', ""));
        let entries =
            [("2026-11-24 10:05:30", "301"), ("2026-11-24 08:10:00", "5"), ("2026-11-23 17:02:11", "103")];
        for known in [2, 1, 0] {
            let answer = self.push(&at, &waybill, &entries[known..]).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            self.settle().await;
        }
    }

    /// Scans what goes well, at once or because it had been scanned before.
    pub async fn done(&self, staff: &str, scan: Value) {
        let answer = self.scan(staff, scan.clone()).await;
        assert_eq!(answer.status, 200, "{scan}: {}", answer.body);
    }
}

/// The copies of a placed parcel.
pub fn barcodes(parcel: &Value) -> Vec<String> {
    parcel["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["barcode"].as_str().unwrap().to_owned())
        .collect()
}

/// A push as Kuaidi100 posts it, signed with the library's salt.
pub fn push_form(waybill: &str, entries: &[(&str, &str)]) -> String {
    let data: Vec<Value> = entries
        .iter()
        .map(|(time, code)| json!({"time": time, "ftime": time, "context": "", "statusCode": code}))
        .collect();
    let param = json!({
        "status": "polling", "billstatus": "got", "message": "", "autoCheck": "0", "comOld": "", "comNew": "",
        "lastResult": {"message": "ok", "nu": waybill, "ischeck": "0", "com": "shunfeng", "status": "200",
            "state": entries.first().map_or("", |(_, code)| code), "data": data}
    })
    .to_string();
    let salt = library::credentials().salt;
    let sign =
        format!("{:032X}", u128::from_be_bytes(Md5::digest(format!("{param}{}", salt.expose())).into()));
    serde_urlencoded::to_string([("param", param), ("sign", sign)]).unwrap()
}

/// An envelope of a queue.
pub fn sqs_event(queue: &str, bodies: &[&str]) -> Value {
    let records: Vec<Value> = bodies
        .iter()
        .enumerate()
        .map(|(n, body)| {
            json!({"messageId": format!("m-{n}"), "receiptHandle": "r", "body": body,
                "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {}, "md5OfBody": "",
                "eventSource": "aws:sqs", "awsRegion": "us-east-1",
                "eventSourceARN": format!("arn:aws:sqs:us-east-1:123456789012:{queue}")})
        })
        .collect();
    json!({"Records": records})
}

fn sns_event(kind: &str, message: &str) -> Value {
    json!({"Records": [{
        "EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "arn:aws:sns:us-east-1:123456789012:notices:s",
        "Sns": {"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:us-east-1:123456789012:notices",
            "Subject": null, "Message": message, "Timestamp": "2026-11-23T02:00:00.000Z", "SignatureVersion": "1",
            "Signature": "EXAMPLE", "SigningCertUrl": "EXAMPLE", "UnsubscribeUrl": "EXAMPLE",
            "MessageAttributes": {"kind": {"Type": "String", "Value": kind}}}
    }]})
}
