//! Once home delivery costs something: it is part of the quote, paid with the order, and given back when nothing is brought.

use axum::body::Body;
use http::Request;
use jiff::SignedDuration;
use serde_json::{Value, json};
use yujie_domain::payment::{Payment, RefundState, State};
use yujie_tests::ground::{request, send};
use yujie_tests::library::{self, Person};
use yujie_tests::{Answer, Ground, Life};

/// 3.00 yuan for the first book to the door, 1.00 for each of the others.
async fn charging() -> Ground {
    let ground = Ground::new().await;
    let rules = json!({"version": 2, "starts": "2026-01-01", "rules": [
        {"set": {"rule": "home_fee", "value": 300}}, {"set": {"rule": "home_fee_more", "value": 100}}]});
    yujie_table::rules::add(&ground.table, &serde_json::from_value(rules).unwrap()).await.unwrap();
    ground
}

fn wanted(person: &Person, titles: &[&str]) -> Value {
    let lines: Vec<Value> = titles.iter().map(|id| json!({"title_id": id})).collect();
    let to = json!({"kind": "home", "address_id": person.address.as_str()});
    json!({"lines": lines, "deliver_to": to, "if_missing": "cancel"})
}

/// Somebody who orders and pays.
struct Payer<'a> {
    ground: &'a Ground,
    life: Life<'a>,
    person: Person,
    order_no: String,
    placed: Value,
}

impl<'a> Payer<'a> {
    async fn orders(ground: &'a Ground, titles: &[&str]) -> Self {
        let (life, person) = (Life::new(ground), library::reader(1));
        let placed = life.order(&person, "one-order", &wanted(&person, titles)).await;
        assert_eq!(placed.status, 201, "{}", placed.body);
        life.settle().await;
        let order_no = placed.body["order_no"].as_str().unwrap().to_owned();
        Self { ground, life, person, order_no, placed: placed.body }
    }

    fn no(&self) -> String {
        format!("D{}", self.order_no)
    }

    async fn asks(&self, way: &Value) -> Answer {
        let token = self.ground.token(&self.person.subject());
        let path = format!("/orders/{}/payment", self.order_no);
        send(self.ground.payments(), request("POST", &path, &token, way)).await
    }

    /// Asks for a code, scans it and pays; the platform tells.
    async fn pays(&self) {
        assert_eq!(self.asks(&json!({"way": "native"})).await.status, 200);
        self.is_told(self.ground.platform.pay(&self.no()), 200).await;
        self.life.settle().await;
    }

    async fn is_told(&self, notification: Request<Body>, status: u16) {
        let answer = send(self.ground.payments(), notification).await;
        let word = if status == 200 { "SUCCESS" } else { "FAIL" };
        assert_eq!((answer.status, &answer.body["code"]), (status, &json!(word)));
    }

    async fn cancels(&self, barcodes: &[&str]) -> Answer {
        let path = format!("/orders/{}/cancel", self.order_no);
        let body = json!({"barcodes": barcodes});
        let answer = self.life.change(&self.person, "POST", &path, &body).await;
        self.life.settle().await;
        answer
    }

    async fn goes_to(&self, to: Value) -> Answer {
        let path = format!("/orders/{}/destination", self.order_no);
        let answer = self.life.change(&self.person, "PUT", &path, &json!({"deliver_to": to})).await;
        self.life.settle().await;
        answer
    }

    /// What the minutes bring.
    async fn waits(&self, minutes: i64) {
        for _ in 0..minutes {
            self.ground.pass(SignedDuration::from_mins(1));
            promises::handle(&self.ground.promises(), promises::Job::Redrive).await.unwrap();
            self.life.settle().await;
        }
    }

    async fn order(&self) -> Value {
        self.life.get(&self.person, &format!("/orders/{}", self.order_no)).await
    }

    async fn status(&self) -> Value {
        self.order().await["status"].clone()
    }

    async fn payment(&self) -> Payment {
        let no = self.order_no.parse().unwrap();
        yujie_table::payment::of_order(&self.ground.table, &self.person.rid, &no).await.unwrap().unwrap()
    }

    /// The refunds as the platform has them: numbers and amounts.
    fn refunds(&self) -> Vec<(String, u64)> {
        let refunds = self.ground.platform.refunds();
        refunds.into_iter().map(|(number, refund)| (number, refund.amount)).collect()
    }

    async fn has_no_books(&self) {
        let account = yujie_table::account::get(&self.ground.table, &self.person.rid).await.unwrap().unwrap();
        assert!(account.open.is_empty());
        self.ground.assert_sound(1..=2).await;
    }
}

#[tokio::test]
async fn an_order_to_the_door_is_taken_on_when_it_is_paid_and_promised_from_then() {
    let ground = charging().await;
    let payer = Payer::orders(&ground, &["b000004", "b000005"]).await;
    let due = json!({"state": "due", "label": "待支付", "amount_fen": 400, "refunded_fen": 0, "until": "2026-11-23T02:30:00Z"});
    assert_eq!((&payer.placed["payment"], &payer.placed["fee_fen"]), (&due, &json!(400)));
    let order = payer.order().await;
    assert_eq!((&order["status"], &order["payment"]), (&json!("reserved"), &due));
    assert!(order["may"].as_array().unwrap().contains(&json!("pay")));

    payer.waits(3).await;
    assert_eq!(payer.status().await, "reserved", "nobody takes it on before");
    let page = payer.asks(&json!({"way": "jsapi", "openid": "o-reader-1"})).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let parameters = &page.body["parameters"];
    assert_eq!(parameters["package"], format!("prepay_id=wx{}", payer.no()));
    assert_eq!(parameters["signType"], "RSA");
    let again = payer.asks(&json!({"way": "jsapi", "openid": "o-reader-1"})).await;
    assert_eq!(again.body["parameters"]["package"], parameters["package"], "it may be asked for again");

    payer.is_told(ground.platform.pay(&payer.no()), 200).await;
    payer.life.settle().await;
    let order = payer.order().await;
    assert_eq!((&order["status"], &order["payment"]["state"]), (&json!("accepted"), &json!("paid")));
    assert_eq!(order["promised_by"], "2026-11-25T02:03:00Z", "48 hours from the payment");
    assert!(!order["may"].as_array().unwrap().contains(&json!("pay")));
    for parcel in payer.placed["parcels"].as_array().unwrap() {
        payer.life.fulfil(&payer.person, &payer.order_no, parcel).await;
    }
    assert_eq!(payer.status().await, "delivered");
    assert_eq!(payer.refunds(), []);
}

#[tokio::test]
async fn a_notification_that_comes_three_times_changes_nothing_more() {
    let ground = charging().await;
    let payer = Payer::orders(&ground, &["b000004"]).await;
    payer.pays().await;
    let items = ground.items();
    for _ in 0..3 {
        payer.is_told(ground.platform.pay(&payer.no()), 200).await;
    }
    assert_eq!(ground.items(), items);
    assert_eq!(payer.asks(&json!({"way": "native"})).await.body["code"], "payment_not_due");
}

#[tokio::test]
async fn what_is_not_proven_or_does_not_fit_changes_nothing() {
    let ground = charging().await;
    let payer = Payer::orders(&ground, &["b000004"]).await;
    assert_eq!(payer.asks(&json!({"way": "h5", "client_ip": "203.0.113.7"})).await.status, 200);
    drop(ground.platform.pay(&payer.no()));
    let items = ground.items();
    let tells = |change: &dyn Fn(&mut Value)| ground.platform.tells_of(&payer.no(), change);

    let mut forged = tells(&|_| ());
    forged.headers_mut().insert("wechatpay-signature", "AAAA".parse().unwrap());
    payer.is_told(forged, 401).await;
    let (head, _) = tells(&|_| ()).into_parts();
    payer.is_told(Request::from_parts(head, Body::from("{}")), 401).await;
    let probe = Request::post("/webhooks/payments/wechatpay").body(Body::from("{}")).unwrap();
    payer.is_told(probe, 401).await;
    for change in [
        |told: &mut Value| told["amount"]["total"] = 1.into(),
        |told: &mut Value| told["mchid"] = "1999999999".into(),
        |told: &mut Value| told["appid"] = "wxffffffffffffffff".into(),
        |told: &mut Value| told["out_trade_no"] = "D261123ZZZZZZZZZZ".into(),
        |told: &mut Value| told["out_trade_no"] = "of another shop".into(),
    ] {
        payer.is_told(tells(&change), 409).await;
    }
    let stale = tells(&|_| ());
    ground.pass(SignedDuration::from_mins(6));
    payer.is_told(stale, 401).await;
    assert_eq!(ground.items(), items);
    assert_eq!(payer.payment().await.state, State::Due);
}

#[tokio::test]
async fn an_order_cancelled_before_it_was_paid_costs_nothing_and_is_closed_at_the_platform() {
    let ground = charging().await;
    let payer = Payer::orders(&ground, &["b000004"]).await;
    assert_eq!(payer.asks(&json!({"way": "native"})).await.status, 200);
    let cancelled = payer.cancels(&[]).await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);

    let payment = &cancelled.body["order"]["payment"];
    assert_eq!((&payment["state"], &payment["label"]), (&json!("lapsed"), &json!("无需支付")));
    assert_eq!(ground.platform.state(&payer.no()), Some("CLOSED"));
    assert_eq!(payer.asks(&json!({"way": "native"})).await.body["code"], "payment_not_due");
    assert_eq!(payer.refunds(), []);
    payer.has_no_books().await;
    payer.waits(151).await;
    assert!(!payer.payment().await.is_open(), "no page can be open any more in which it could be paid");
}

#[tokio::test]
async fn what_is_paid_too_late_in_a_page_that_was_open_is_found_and_goes_back_though_nobody_tells() {
    let ground = charging().await;
    let payer = Payer::orders(&ground, &["b000004"]).await;
    assert_eq!(payer.asks(&json!({"way": "native"})).await.status, 200);
    payer.waits(33).await;
    assert_eq!(payer.status().await, "cancelled");
    let _untold = ground.platform.pay(&payer.no());

    payer.waits(60).await;

    assert_eq!(payer.refunds(), [(format!("{}-R1", payer.no()), 300)]);
}

#[tokio::test]
async fn what_is_paid_for_a_cancelled_order_all_the_same_goes_back() {
    let ground = charging().await;
    let payer = Payer::orders(&ground, &["b000004"]).await;
    assert_eq!(payer.asks(&json!({"way": "native"})).await.status, 200);
    payer.cancels(&[]).await;
    payer.is_told(ground.platform.pay(&payer.no()), 200).await;
    payer.life.settle().await;
    assert_eq!(payer.refunds(), [(format!("{}-R1", payer.no()), 300)]);
    let payment = &payer.order().await["payment"];
    assert_eq!((&payment["state"], &payment["refunded_fen"]), (&json!("refunded"), &json!(300)));
}

#[tokio::test]
async fn an_order_cancelled_after_it_was_paid_gives_the_money_back_once_however_often_that_is_asked() {
    let ground = charging().await;
    let mut payer = Payer::orders(&ground, &["b000004", "b000005"]).await;
    payer.life = Life::new(&ground).delivering(2);
    payer.pays().await;
    for _ in 0..3 {
        assert_eq!(payer.cancels(&[]).await.status, 200);
    }
    payer.waits(10).await;

    let number = format!("{}-R1", payer.no());
    assert_eq!(payer.refunds(), [(number.clone(), 400)]);
    let payment = payer.order().await["payment"].clone();
    assert_eq!((&payment["state"], &payment["label"]), (&json!("refunded"), &json!("已退款")));
    payer.has_no_books().await;
    let items = ground.items();
    payer.is_told(ground.platform.refund_ends(&number, "SUCCESS"), 200).await;
    assert_eq!(ground.items(), items, "the notification tells what is known");
}

#[tokio::test]
async fn one_of_two_books_cancelled_gives_back_what_it_added_and_the_other_one_the_rest() {
    let ground = charging().await;
    let payer = Payer::orders(&ground, &["b000004", "b000005"]).await;
    let books = yujie_tests::life::barcodes(&payer.placed["parcels"][0]);
    payer.pays().await;
    let cancelled = payer.cancels(&[&books[0]]).await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    assert_eq!(payer.refunds(), [(format!("{}-R1", payer.no()), 100)]);
    assert_eq!(payer.status().await, "accepted");
    payer.cancels(&[&books[1]]).await;
    let back = [(format!("{}-R1", payer.no()), 100), (format!("{}-R2", payer.no()), 300)];
    assert_eq!(payer.refunds(), back);
}

#[tokio::test]
async fn a_book_cancelled_before_paying_comes_back_when_the_rest_is_paid() {
    let ground = charging().await;
    let payer = Payer::orders(&ground, &["b000004", "b000005"]).await;
    assert_eq!(payer.asks(&json!({"way": "native"})).await.status, 200);
    let books = yujie_tests::life::barcodes(&payer.placed["parcels"][0]);
    let cancelled = payer.cancels(&[&books[0]]).await;
    let payment = &cancelled.body["order"]["payment"];
    let told = [&payment["state"], &payment["amount_fen"], &payment["refunded_fen"]];
    assert_eq!(told, [&json!("due"), &json!(400), &json!(100)], "the platform knows one amount");
    payer.pays().await;
    assert_eq!(payer.refunds(), [(format!("{}-R1", payer.no()), 100)]);
    assert_eq!(payer.status().await, "accepted");
}

#[tokio::test]
async fn what_is_not_paid_in_time_is_free_for_others_again() {
    let ground = charging().await;
    let payer = Payer::orders(&ground, &["b000004"]).await;
    assert_eq!(payer.asks(&json!({"way": "native"})).await.status, 200);
    payer.waits(29).await;
    assert_eq!(payer.status().await, "reserved");
    payer.waits(2).await;

    let order = payer.order().await;
    assert_eq!((&order["status"], &order["payment"]["state"]), (&json!("cancelled"), &json!("lapsed")));
    assert_eq!(ground.platform.state(&payer.no()), Some("CLOSED"));
    payer.has_no_books().await;
    let timeline = payer.life.get(&payer.person, &format!("/orders/{}/timeline", payer.order_no)).await;
    let entries = timeline["books"][0]["entries"].as_array().unwrap();
    assert_eq!(entries.last().unwrap()["by"], "system", "nobody cancelled it");

    payer.is_told(ground.platform.pay(&payer.no()), 200).await;
    payer.life.settle().await;
    assert_eq!(payer.refunds(), [(format!("{}-R1", payer.no()), 300)], "who pays late gets it back");
}

#[tokio::test]
async fn an_order_of_which_nobody_ever_asked_to_pay_lapses_too() {
    let ground = charging().await;
    let payer = Payer::orders(&ground, &["b000004"]).await;
    payer.waits(31).await;
    assert_eq!(payer.status().await, "cancelled");
    payer.waits(121).await;
    assert!(!payer.payment().await.is_open());
    assert_eq!(ground.platform.state(&payer.no()), None);
}

#[tokio::test]
async fn a_payment_of_which_nothing_was_told_is_found_by_asking() {
    let ground = charging().await;
    let payer = Payer::orders(&ground, &["b000004"]).await;
    assert_eq!(payer.asks(&json!({"way": "native"})).await.status, 200);
    drop(ground.platform.pay(&payer.no()));
    payer.waits(4).await;
    assert_eq!(payer.status().await, "reserved");
    payer.waits(1).await;
    assert_eq!(payer.status().await, "accepted");

    // The same at the very end: whoever has paid has paid.
    let ground = charging().await;
    let payer = Payer::orders(&ground, &["b000004"]).await;
    assert_eq!(payer.asks(&json!({"way": "native"})).await.status, 200);
    payer.waits(25).await;
    drop(ground.platform.pay(&payer.no()));
    payer.waits(6).await;
    assert_eq!(payer.status().await, "accepted");
}

#[tokio::test]
async fn a_refund_that_takes_days_is_done_when_it_is_told_and_one_that_is_stuck_is_for_people() {
    for (end, state, ours) in
        [("SUCCESS", "refunded", RefundState::Done), ("ABNORMAL", "refund_stuck", RefundState::Stuck)]
    {
        let ground = charging().await;
        ground.platform.refunds_end("PROCESSING");
        let payer = Payer::orders(&ground, &["b000004"]).await;
        payer.pays().await;
        payer.cancels(&[]).await;
        assert_eq!(payer.order().await["payment"]["state"], "refunding");
        payer.waits(5).await;
        let number = format!("{}-R1", payer.no());
        assert!(ground.platform.refunds()[&number].asked >= 3, "asked again, by the same number");
        assert_eq!(payer.refunds(), [(number.clone(), 300)]);

        payer.is_told(ground.platform.refund_ends(&number, end), 200).await;
        assert_eq!(payer.order().await["payment"]["state"], state);
        assert_eq!(payer.payment().await.refunds[0].state, ours);
        assert!(!payer.payment().await.is_open());
        let unknown = ground.platform.tells_of(&payer.no(), |_| ());
        payer.is_told(unknown, 200).await;
    }
}

#[tokio::test]
async fn nothing_is_lost_while_the_platform_is_silent() {
    let ground = charging().await;
    let payer = Payer::orders(&ground, &["b000004"]).await;
    ground.platform.silent(true);
    let asked = payer.asks(&json!({"way": "native"})).await;
    assert_eq!((asked.status, &asked.body["code"]), (503, &json!("payment_unavailable")));
    ground.pass(SignedDuration::from_mins(31));
    let message = json!({"rid": payer.person.rid, "payment_no": payer.no()}).to_string();
    let event = yujie_tests::life::sqs_event("settlements", &[&message]);
    let done =
        settlements::handle(&ground.settlements(), serde_json::from_value(event.clone()).unwrap()).await;
    assert_eq!(done.batch_item_failures.len(), 1, "it comes again");
    assert_eq!(payer.status().await, "reserved", "nobody knows whether it was paid");

    ground.platform.silent(false);
    let done = settlements::handle(&ground.settlements(), serde_json::from_value(event).unwrap()).await;
    assert_eq!(done.batch_item_failures.len(), 0);
    assert_eq!(payer.status().await, "cancelled");
}

#[tokio::test]
async fn sites_are_free_and_the_door_is_paid_when_it_is_ordered() {
    let ground = charging().await;
    let payer = Payer::orders(&ground, &["b000004", "b000005"]).await;
    payer.pays().await;
    let site = json!({"kind": "site", "site_id": "S01"});
    let moved = payer.goes_to(site.clone()).await;
    assert_eq!((moved.status, &moved.body["fee_fen"]), (200, &json!(0)), "{}", moved.body);
    assert_eq!(payer.refunds(), [(format!("{}-R1", payer.no()), 400)]);

    let door = json!({"kind": "home", "address_id": payer.person.address.as_str()});
    let refused = payer.goes_to(door).await;
    let reason = &refused.body["reasons"][0];
    assert_eq!(
        (refused.status, &reason["code"], &reason["fee_fen"]),
        (409, &json!("door_costs"), &json!(400))
    );
    let anew = json!({"kind": "order_anew", "order_no": payer.order_no});
    let stays = json!({"kind": "choose_site", "sites": [
        {"site_id": "C01", "name": "朝阳图书馆"}, {"site_id": "L01", "name": "亚运村分馆"}, {"site_id": "S01", "name": "望京自助馆"},
    ]});
    assert_eq!(reason["actions"], json!([anew, stays]));
    assert!(reason["detail"].as_str().unwrap().contains("4.00"));

    // What was not paid yet goes to a site without waiting for it.
    let ground = charging().await;
    let payer = Payer::orders(&ground, &["b000004"]).await;
    assert_eq!(payer.goes_to(site).await.status, 200);
    assert_eq!(payer.status().await, "accepted");
    assert_eq!(payer.order().await["payment"]["state"], "lapsed");
}

#[tokio::test]
async fn nobody_pays_for_another_readers_order_or_for_one_that_is_free() {
    let ground = charging().await;
    let payer = Payer::orders(&ground, &["b000004"]).await;
    let path = format!("/orders/{}/payment", payer.order_no);
    let way = json!({"way": "native"});
    let token = ground.token(&library::reader(2).subject());
    assert_eq!(send(ground.payments(), request("POST", &path, &token, &way)).await.status, 404);
    assert_eq!(send(ground.payments(), request("POST", &path, "", &way)).await.status, 401);
    assert_eq!(payer.asks(&json!({"way": "jsapi", "openid": ""})).await.status, 422);
    assert_eq!(payer.asks(&json!({"way": "cash"})).await.status, 400);

    let ground = Ground::new().await;
    let payer = Payer::orders(&ground, &["b000004"]).await;
    let refused = payer.asks(&way).await;
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("payment_not_due")));
}

#[tokio::test]
async fn the_trial_library_sees_nothing_of_payments() {
    let ground = Ground::new().await;
    let payer = Payer::orders(&ground, &["b000004", "b000005"]).await;
    assert_eq!(payer.placed.get("payment"), None);
    let order = payer.order().await;
    assert_eq!((order.get("payment"), &order["status"]), (None, &json!("accepted")));
    assert!(ground.items().keys().all(|key| !key.ends_with("#PAY")));
    let items = ground.items();
    let parcel = items.iter().find(|(_, item)| item["kind"]["S"] == "parcel").unwrap().1;
    assert_eq!(parcel.get("up"), None, "a parcel is no larger for it");
}
