//! Units, asserted. `docs/table.md` has the same numbers with their reasons.

use jiff::SignedDuration;
use serde_json::{Value, json};
use yujie_domain::cover::{Cover, ImageKind};
use yujie_domain::family::{Family, Ground as Reason};
use yujie_domain::hold::Wherever;
use yujie_domain::import::{FileName, FileOptions, Import, Stage, StoredFile};
use yujie_domain::parcel::{Destination, LineStatus};
use yujie_domain::pick::{Pick, Sentence};
use yujie_domain::{CardNo, ImageHash, ImportId, ParcelRef, ReaderId, StaffLogin};
use yujie_lending::{Change, HoldChange};
use yujie_table::reader::{self, Issued, NewChild};
use yujie_table::{
    Table, account, address, availability, belongings, copy, cover, deletion, family, idempotency, import,
    pick, preferences, title,
};
use yujie_tests::life::{barcodes, sqs_event};
use yujie_tests::{Ground, Life, library, scene};

/// Counts the units of one thing after another, in tenths.
struct Meter {
    table: Table,
    read: u64,
    written: u64,
}

impl Meter {
    fn new(ground: &Ground) -> Self {
        let used = ground.table.consumed();
        Self { table: ground.table.clone(), read: used.read_tenths, written: used.write_tenths }
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
        assert_eq!((w, r), (written, read), "{what}: tenths of units written, read");
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
    meter.expect("place an order of two books", 150, 160);

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
    meter.expect("accept", 10, 10);
    accept::handle(&ground.accept(), message(&at)).await;
    meter.expect("accept, told again", 0, 10);
    sort::handle(&ground.sort(), message(&at)).await;
    meter.expect("sort", 10, 10);
    for barcode in barcodes(parcel) {
        let scan = json!({"action": "pick", "barcode": barcode});
        life.scan(&format!("picker-{site}"), scan).await;
        meter.expect("pick scan", 10, 20);
    }
    pack::handle(&ground.pack(), message(&at)).await;
    meter.expect("prepare the box", 10, 10);
    for barcode in barcodes(parcel) {
        let scan = json!({"action": "pack", "parcel_no": parcel_no, "barcode": barcode});
        life.scan(&format!("packer-{site}"), scan).await;
        meter.expect("pack scan", 10, 25);
    }
    dispatch::handle(&ground.dispatch(), message(&at)).await;
    meter.expect("book the courier", 10, 30);
    let scan = json!({"action": "hand_over", "parcel_no": parcel_no});
    life.scan(&format!("dispatcher-{site}"), scan).await;
    meter.expect("hand-over scan", 20, 25);
    let waybill = format!("SF{}", parcel_no.replace('-', ""));
    life.push(&at, &waybill, &[("2026-11-24 08:10:00", "5")]).await;
    meter.expect("store a push", 10, 0);
    life.push(&at, &waybill, &[("2026-11-24 08:10:00", "5")]).await;
    meter.expect("store it again", 0, 0);
    deliver::handle(&ground.deliver(), message(&at)).await;
    meter.expect("on its way", 10, 30);
    life.push(&at, &waybill, &[("2026-11-24 10:05:30", "301")]).await;
    meter.take();
    deliver::handle(&ground.deliver(), message(&at)).await;
    meter.expect("delivered, loans begin", 100, 50);
    let barcode = barcodes(parcel).remove(0);
    life.scan("desk-l01", json!({"action": "check_in", "barcode": barcode})).await;
    meter.expect("close a loan", 40, 40);
    let king = library::title_id("b000005");
    let other = barcodes(parcel).remove(1);
    availability::recount(&ground.table, &library::title_id("b000004")).await.unwrap();
    availability::recount(&ground.table, &king).await.unwrap();
    life.scan("desk-l01", json!({"action": "check_in", "barcode": other})).await;
    meter.take();
    availability::recount(&ground.table, &library::title_id("b000004")).await.unwrap();
    meter.expect("recount a title of four copies that did not change", 0, 55);
    availability::recount(&ground.table, &king).await.unwrap();
    meter.expect("recount a title of three copies", 10, 45);
}

/// From the reader's key press to the last book on its shelf again, with everything that the stream makes of it.
#[tokio::test]
async fn the_whole_life_of_an_order_of_two_books_stays_below_its_bar() {
    let ground = Ground::new().await;
    let life = Life::new(&ground);
    let mut meter = Meter::new(&ground);

    let order_no = life.whole(&library::reader(1), &["b000004", "b000005"]).await;

    let (written, read) = meter.take();
    let items = ground.items();
    let of_kind = |kind: &str| items.values().filter(|item| item["kind"]["S"] == kind).count();
    println!(
        "a whole life: {} written, {} read; {} notices, {} pushes",
        written / 10,
        read / 10,
        of_kind("notice"),
        of_kind("courier_event")
    );
    let parcel = &items[&format!("READER#{} / ORDER#{order_no}#P1", library::reader(1).rid)];
    println!("the parcel at its end: {} bytes of JSON", parcel.to_string().len());
    assert_eq!((of_kind("notice"), of_kind("courier_event")), (6, 3));
    // 52 for the order, its books, the courier's events and the projections; 6 notices; and once more 6 that mark their SMS as sent.
    assert_eq!(written, 640);
}

/// A card: the code's record is spent; the record of the request, card, profile, account and two of uniqueness come.
#[tokio::test]
async fn a_card_has_its_price() {
    let ground = Ground::new().await;
    let mut meter = Meter::new(&ground);

    ground.add_reader(&library::reader(3)).await;

    meter.expect("a phone code, a card, an address", 190, 0);
}

/// What readers do about themselves is small, and rare.
#[tokio::test]
async fn what_a_reader_does_about_themselves_has_its_price() {
    let ground = Ground::new().await;
    let (table, rid, now) = (&ground.table, library::reader(1).rid, ground.now());
    let mut meter = Meter::new(&ground);

    let book = address::list(table, &rid).await.unwrap();
    meter.expect("read a book of addresses", 0, 10);
    let mut next = book[0].clone();
    next.version += 1;
    assert!(address::replace(table, &rid, &next).await.unwrap());
    meter.expect("change an address", 10, 0);
    assert!(address::remove(table, &rid, &next.id).await.unwrap());
    meter.expect("remove an address", 20, 0);
    let (wants, version) = preferences::get(table, &rid).await.unwrap();
    meter.expect("read what a reader wants who never said it", 0, 10);
    assert!(preferences::replace(table, &rid, &wants, version).await.unwrap());
    meter.expect("say it", 10, 0);
    assert!(reader::report_lost(table, &library::reader(1).card_no, now).await.unwrap());
    meter.expect("lose a card", 10, 0);

    let child = ReaderId::parse("01JD9Z0000000000000RDR0009").unwrap();
    let links = family::get(table, &rid).await.unwrap();
    let (guardian, family) = links.link(&Family::none(child), Reason::Guardian, now).unwrap();
    meter.expect("read the links of a reader who has none", 0, 10);
    let (asked, kept) = yujie_tests::ground::asked("a child");
    let new = NewChild {
        card_no: CardNo::from_serial(9),
        sealed: vec![0; 120],
        document_hash: "a".repeat(43),
        consent_at: now,
        family,
        guardian,
    };
    assert_eq!(reader::issue_child(table, &new, &asked, &kept).await.unwrap(), Issued::Now);
    meter.expect("a child's card", 140, 0);

    let old = reader::card(table, &library::reader(1).card_no).await.unwrap().unwrap();
    let account = account::get(table, &rid).await.unwrap().unwrap();
    let next = yujie_domain::account::Account { card_no: CardNo::from_serial(77), ..account.next() };
    let (asked, kept) = yujie_tests::ground::asked("another card");
    meter.take();
    reader::replace_card(table, (&account.card_no, &old), &next, now, (&asked, &kept)).await.unwrap();
    meter.expect("replace a card", 80, 0);

    let all = belongings::page(table, &rid, None, 500).await.unwrap();
    assert_eq!(all.items.len(), 4, "profile, account, preferences, links");
    meter.expect("read all of a reader's", 0, 10);
    let profile = reader::profile(table, &rid).await.unwrap().unwrap();
    meter.take();
    deletion::finish(table, &rid, &next.card_no, &profile).await.unwrap();
    meter.expect("remove card and profile, and free document and phone", 80, 0);
}

/// A cover is one small item of its title; a pick is counted in the transaction that adds it or takes it back.
#[tokio::test]
async fn covers_and_picks_have_their_price() {
    let ground = Ground::new().await;
    let (table, id) = (&ground.table, library::title_id("b000004"));
    let mut meter = Meter::new(&ground);
    let image = |digit: &str| Cover {
        hash: ImageHash::parse(&digit.repeat(64)).unwrap(),
        width: 600,
        height: 840,
        kind: ImageKind::Jpeg,
    };

    cover::put(table, &id, &image("a"), None).await.unwrap();
    meter.expect("give a title its cover", 10, 0);
    let first = cover::get(table, &id).await.unwrap().unwrap();
    meter.expect("read a cover", 0, 10);
    cover::put(table, &id, &image("b"), Some(&first)).await.unwrap();
    meter.expect("give a title another cover", 10, 0);
    let ids = [id.clone(), library::title_id("b000005")];
    let second = cover::get_many(table, &ids).await.unwrap().remove(&id).unwrap();
    meter.expect("read the covers of two titles, one of which has one", 0, 10);
    assert!(cover::remove(table, &id, &second).await.unwrap());
    meter.expect("take a cover away", 20, 0);

    let mut said = Pick {
        title_id: id.clone(),
        sentence: Sentence::parse(&"好".repeat(140)).unwrap(),
        by: StaffLogin::parse("desk-s01").unwrap(),
        at: ground.now(),
    };
    pick::put(table, &said, None).await.unwrap();
    meter.expect("recommend a title", 40, 0);
    pick::put(table, &said, Some(1)).await.unwrap();
    meter.expect("say it otherwise", 10, 0);
    for n in 0..13 {
        said.title_id = library::title_id(&format!("p{n:06}"));
        pick::put(table, &said, None).await.unwrap();
    }
    meter.take();
    assert_eq!(pick::all(table).await.unwrap().len(), 14);
    meter.expect("read fourteen picks with the longest sentences", 0, 20);
    assert_eq!(pick::remove(table, &id, 2).await.unwrap(), pick::Removed::Now);
    meter.expect("take a pick back", 40, 0);
}

/// What an import writes, and what it costs to follow one.
#[tokio::test]
async fn titles_copies_and_the_way_of_an_import_have_their_price() {
    let ground = Ground::new().await;
    let table = &ground.table;
    let waiting = Import {
        id: ImportId::parse("01KAQ6V4R0000000000MP0RT01").unwrap(),
        file_name: FileName::parse("2026年秋季新书.mrc").unwrap(),
        by: StaffLogin::parse("desk-s01").unwrap(),
        at: ground.now(),
        options: FileOptions::default(),
        stage: Stage::Waiting,
        version: 1,
    };
    let asked = idempotency::Request { key: "key".to_owned(), fingerprint: "fingerprint".to_owned() };
    let kept = idempotency::Answer { status: 201, body: "x".repeat(700) };
    let file = StoredFile { etag: "\"9b2cf535f27731c974343645a3985328\"".to_owned(), bytes: 1 };
    let mut meter = Meter::new(&ground);

    import::add(table, &waiting, &asked, &kept).await.unwrap();
    meter.expect("ask for an import", 40, 0);
    import::get(table, &waiting.id).await.unwrap().unwrap();
    meter.expect("look at it", 0, 10);
    let running = waiting.start(file, ground.now()).unwrap();
    import::store(table, &running).await.unwrap();
    meter.expect("begin it, or move it on", 10, 0);

    let title = library::title("n000001", "新书", "某人");
    title::put(table, &title).await.unwrap();
    meter.expect("a title that is new", 10, 0);
    title::put(table, &title).await.unwrap();
    meter.expect("a title that is there", 10, 0);
    let copy = library::copy("N0000001", "n000001", "C01", "I247/1");
    assert_eq!(copy::add(table, &copy).await.unwrap(), copy::Added::Now);
    meter.expect("a copy that is new", 20, 0);
    assert_eq!(copy::add(table, &copy).await.unwrap(), copy::Added::There(Box::new(copy)));
    meter.take();
}

/// What a reader may do about an order, a queue and a loan, and what becomes of a copy that somebody waits for.
#[tokio::test]
async fn changes_of_mind_queues_and_renewals_have_their_price() {
    let ground = Ground::new().await;
    let life = Life::new(&ground);
    let lending = ground.lending();
    let (one, two) = (library::reader(1), library::reader(2));
    let no = |placed: &Value| placed["order_no"].as_str().unwrap().parse().unwrap();
    let chamber = library::title_id("b000006");
    let (_, parcels) = life.to_the_door(&one, &["b000006"]).await;
    let barcode = library::barcode(&barcodes(&parcels[0]).remove(0));
    lending.rules.in_force(&ground.table, ground.now()).await.unwrap();
    let mut meter = Meter::new(&ground);

    let placed = place(&ground).await;
    meter.take();
    let site = Wherever::Site { site_id: library::site_id("S01") };
    lending.redirect(&one.rid, &no(&placed), &site).await.unwrap();
    meter.expect("redirect an order of one parcel", 40, 20);
    lending.cancel(&one.rid, &no(&placed), &[]).await.unwrap();
    meter.expect("cancel an order of two books", 100, 60);

    assert!(lending.renew(&one.rid, &barcode, None).await.is_err(), "not yet");
    meter.expect("a renewal that is refused", 0, 20);

    scene::wait(&ground, &two, "b000006").await;
    meter.expect("wait for a title of one copy", 70, 85);
    let later =
        HoldChange { resumes: Change::To(Some("2026-12-01".parse().unwrap())), ..HoldChange::default() };
    lending.change_hold(&two.rid, &chamber, &later).await.unwrap();
    meter.expect("suspend it", 10, 20);
    lending
        .change_hold(&two.rid, &chamber, &HoldChange { resumes: Change::To(None), ..later })
        .await
        .unwrap();
    meter.take();
    assert_eq!(lending.holds(&two.rid).await.unwrap().len(), 1);
    meter.expect("see where one stands", 0, 50);
    lending.give(&chamber).await.unwrap();
    meter.expect("look for a free copy in vain", 0, 25);

    life.scan("desk-l01", json!({"action": "check_in", "barcode": barcode.as_str()})).await;
    meter.expect("a copy comes back and goes on to the next reader", 170, 80);
    lending.give(&chamber).await.unwrap();
    meter.expect("look for somebody who waits in vain", 0, 10);
    scene::wait(&ground, &one, "b000006").await;
    meter.take();
    lending.leave(&one.rid, &chamber).await.unwrap();
    meter.expect("give a place up", 50, 30);

    scene::place(&ground, &one, "261120HOME000001", &["C0000501"], Destination::Home).await;
    scene::advance(&ground, &one, "261120HOME000001", LineStatus::Delivered, false).await;
    let number = "261123ATSITE0001";
    let at_site = Destination::Site { site_id: library::site_id("S01") };
    scene::place(&ground, &two, number, &["C0000402"], at_site).await;
    scene::advance(&ground, &two, number, LineStatus::ReadyForPickup, false).await;
    ground.pass(SignedDuration::from_hours(25 * 24));
    lending.rules.in_force(&ground.table, ground.now()).await.unwrap();
    meter.take();
    lending.renew(&one.rid, &library::barcode("C0000501"), None).await.unwrap();
    meter.expect("renew the loan that is due first", 30, 20);
    lending.expire(&scene::parcel(&two, number)).await.unwrap();
    meter.expect("a parcel of one book is not collected", 80, 40);
}
