//! A library in the middle of its day: one order at every stage. The example events of `events/` play in it.

use jiff::SignedDuration;
use serde_json::json;
use yujie_domain::account::OpenItem;
use yujie_domain::money::Fen;
use yujie_domain::parcel::{Booking, Carrier, Command, Destination, Line, LineStatus, Parcel, Ticket};
use yujie_domain::rules::{About, RuleSet};
use yujie_domain::timeline::Step;
use yujie_domain::{ParcelRef, Waybill, telling, time};
use yujie_runtime::contact::{self, Place, Recipient};
use yujie_runtime::step;
use yujie_table::account;
use yujie_table::notice::{self, Notice, Sms};
use yujie_table::order::{self, Head, Order, Placed, Placing};
use yujie_table::session::{Begun, NewSession, Owner};
use yujie_table::{phone_code, session};

use crate::ground::{Ground, asked, order_no, request, send};
use crate::library::{self, Person, copy, title};
use crate::life::Life;

/// How far an order of the scene has come, and its number. Those of reader 2 are of one book each, `s000001` and on.
pub const STAGES: [(&str, LineStatus, bool); 10] = [
    ("261123ACCEPT0001", LineStatus::Accepted, false),
    ("261123SORTED0001", LineStatus::Accepted, true),
    ("261123PICKED0001", LineStatus::Picked, false),
    ("261123BOXED00001", LineStatus::Picked, true),
    ("261123PACKED0001", LineStatus::Packed, false),
    ("261123BOOKED0001", LineStatus::Packed, true),
    ("261123HANDED0001", LineStatus::Dispatched, false),
    ("261123VAN0000001", LineStatus::Dispatched, true),
    ("261123ATSITE0001", LineStatus::ReadyForPickup, false),
    ("261123VANPACK001", LineStatus::Packed, false),
];

/// A refresh token of reader 1 that was not used yet.
pub const REFRESH_TOKEN: &str =
    "r.01JD9Z0000000000000RDR0001.01JD9Z0000000000000FAM0001.a-secret-of-the-scene";

/// Sets the scene: reader 1 has one order just placed (解忧杂货店, 秃秃大王) and one book at home (红楼梦); reader 2 has the rest.
pub async fn set(ground: &Ground) {
    // The orders are some hours old: a power of two in minutes, when the sweep looks after what stands still.
    let age = SignedDuration::from_mins(256);
    ground.pass(-age);
    let (one, two) = (library::reader(1), library::reader(2));
    place(ground, &one, "261123PLACED0001", &["C0000401", "C0000501"], Destination::Home).await;
    place(ground, &one, "261120HOME000001", &["C0000601"], Destination::Home).await;
    advance(ground, &one, "261120HOME000001", LineStatus::Delivered, false).await;
    for (n, (number, status, prepared)) in STAGES.iter().enumerate() {
        let (id, code) = (format!("s{:06}", n + 1), format!("C0001{:02}01", n + 1));
        let book = title(&id, &format!("丛书之{}", n + 1), "编者");
        ground.add_title(book, vec![copy(&code, &id, "C01", &format!("Z{}", n + 1))]).await;
        let to = if matches!(*number, "261123VAN0000001" | "261123ATSITE0001" | "261123VANPACK001") {
            Destination::Site { site_id: library::site_id("S01") }
        } else {
            Destination::Home
        };
        place(ground, &two, number, &[&code], to).await;
        advance(ground, &two, number, *status, *prepared).await;
    }
    ground.pass(age);
    furnish(ground).await;
    ground.changes();
    ground.outside.take();
}

/// What lies about besides orders: pushes, notices, a phone code, a session, a used idempotency key, and a reader without any order.
async fn furnish(ground: &Ground) {
    let (one, two) = (library::reader(1), library::reader(2));
    ground.add_reader(&library::reader(3)).await;
    let life = Life::new(ground);
    let pushed = [("2026-11-23 09:20:00", "5"), ("2026-11-23 09:01:00", "103")];
    life.push(&parcel(&two, "261123HANDED0001"), "SF261123HANDED00011", &pushed).await;
    for step in [Step::Accepted, Step::Picked] {
        let at = parcel(&one, "261120HOME000001");
        let told = yujie_table::parcel::get(&ground.table, &at).await.unwrap().unwrap();
        let made = told.history.iter().find(|entry| Step::of(entry.step) == Some(step)).unwrap();
        let notice = Notice {
            about: notice::About::Parcel { no: at.no(), step },
            at: made.at,
            text: telling::step_made(step, "261120HOME000001", false).text(),
            sms: Sms::Sending,
        };
        let claim = notice::claim(&ground.table, &at.rid, &notice, ground.now()).await.unwrap();
        assert_eq!(claim, notice::Claim::Mine { version: 1, tried: None });
        let notice = Notice { sms: Sms::Sent, ..notice };
        notice::sms_ended(&ground.table, &one.rid, &notice, 1, ground.now()).await.unwrap();
    }
    let phone = "13900000009";
    let code_hash = ground.keys.hash("phone code", &format!("{phone} 246810"));
    let phone_hash = ground.keys.hash("phone", phone);
    let put = phone_code::put(&ground.table, &phone_hash, &code_hash, ground.now()).await.unwrap();
    assert_eq!(put, phone_code::Put::Now);
    let (_, token) = REFRESH_TOKEN.rsplit_once(".01JD9Z").unwrap();
    let (family, secret) = token.split_once('.').unwrap();
    let session = NewSession {
        family: format!("01JD9Z{family}"),
        token_hash: ground.keys.hash("refresh token", secret),
        device: "安卓设备 · Chrome".to_owned(),
        site: None,
    };
    let owner = Owner::Reader(one.rid.clone());
    let begun = session::begin(&ground.table, &owner, &session, &[], ground.now()).await.unwrap();
    assert_eq!(begun, Begun::Now);
    let address =
        json!({"recipient": "张三", "phone": "13800000001", "division": "110101", "street": "东四十条1号"});
    let mut request = request("POST", "/me/addresses", &ground.token(&one.subject()), &address);
    request.headers_mut().insert("idempotency-key", "used-for-an-address".parse().unwrap());
    assert_eq!(send(ground.profile(), request).await.status, 201);
}

/// Lets a reader wait for a title, to be brought to their door.
pub async fn wait(ground: &Ground, person: &Person, title: &str) {
    let body =
        json!({"title_id": title, "deliver_to": {"kind": "home", "address_id": person.address.as_str()}});
    let mut request = request("POST", "/holds", &ground.token(&person.subject()), &body);
    request.headers_mut().insert("idempotency-key", "a-hold-of-the-scene".parse().unwrap());
    let answer = send(ground.ordering(), request).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
}

/// The only parcel of an order of the scene.
pub fn parcel(person: &Person, number: &str) -> ParcelRef {
    ParcelRef { rid: person.rid.clone(), order_no: order_no(number), n: 1 }
}

/// An order of these copies in one parcel, as `ordering` writes it, and the copies as they were read for it.
pub async fn draft(
    ground: &Ground,
    person: &Person,
    number: &str,
    codes: &[&str],
    destination: Destination,
) -> (Order, Vec<yujie_domain::copy::Copy>) {
    let now = ground.now();
    let rules = RuleSet::founding();
    let about = About::default();
    let (cut_off, opening) = (rules.cut_off(&about).value, rules.opening(&about).value);
    let promised_by = time::promised_by(now, cut_off, opening, 48, |day| day);
    let mut copies = Vec::new();
    let mut lines = Vec::new();
    for code in codes {
        let copy = yujie_table::copy::get(&ground.table, &library::barcode(code))
            .await
            .unwrap()
            .expect("a copy of the library");
        let title = yujie_table::title::get(&ground.table, &copy.title_id)
            .await
            .unwrap()
            .expect("a title of the library");
        lines.push(Line {
            title_id: copy.title_id.clone(),
            title: title.title,
            barcode: copy.barcode.clone(),
            call_number: copy.call_number.clone(),
            received: copy.received.clone(),
            class: copy.class,
            loan_days: 30,
            loan_from: None,
            status: LineStatus::Reserved,
        });
        copies.push(copy);
    }
    let recipient = (destination == Destination::Home).then(|| {
        let home = Recipient {
            name: person.name.to_owned(),
            phone: person.phone.as_str().to_owned(),
            division: "110105".to_owned(),
            street: "北京市朝阳区望京西园四区410号楼".to_owned(),
        };
        let place = Place::Order(&person.rid, &order_no(number));
        contact::seal(&ground.keys, &ground.entropy, place, &home).unwrap()
    });
    let zone = recipient.as_ref().map(|_| "110105".to_owned());
    let parcel = Parcel::new(
        parcel(person, number),
        copies.first().expect("a book").site.clone(),
        destination.clone(),
        false,
        promised_by,
        rules.version,
        lines,
    );
    let parcel = Parcel { zone, remedy_offer: rules.remedy_days(&about).value, ..parcel };
    let head = Head {
        rid: person.rid.clone(),
        order_no: order_no(number),
        placed_at: now,
        promised_by,
        fee: Fen::ZERO,
        destination,
        slot: None,
        recipient,
        unfilled: Vec::new(),
        queued: Vec::new(),
        from_hold: false,
        acted_by: None,
        rules: rules.version,
        version: 1,
    };
    let order = Order { head, parcels: vec![parcel], payment: None };
    (order, copies)
}

/// All that placing such an order writes.
pub async fn placing(
    ground: &Ground,
    person: &Person,
    order: Order,
    copies: Vec<yujie_domain::copy::Copy>,
) -> Placing {
    let mut account = account::get(&ground.table, &person.rid).await.unwrap().unwrap().next();
    for line in order.parcels.iter().flat_map(|parcel| &parcel.lines) {
        let item = OpenItem {
            barcode: line.barcode.clone(),
            order_no: order.head.order_no.clone(),
            title: line.title.clone(),
            class: line.class,
            loan: None,
            returning: None,
        };
        account.open.insert(line.title_id.clone(), item);
    }
    Placing { order, copies, account, holds: Vec::new(), places: None }
}

/// Places such an order.
pub async fn place(ground: &Ground, person: &Person, number: &str, codes: &[&str], destination: Destination) {
    let (order, copies) = draft(ground, person, number, codes, destination).await;
    let (request, answer) = asked(number);
    let placing = placing(ground, person, order, copies).await;
    let placed = order::place(&ground.table, &placing, &request, &answer).await;
    assert_eq!(placed.unwrap(), Placed::Now);
}

/// Takes an order's parcel to a status, and to the end of the preparation of the next step if `prepared`.
pub async fn advance(ground: &Ground, person: &Person, number: &str, status: LineStatus, prepared: bool) {
    let at = parcel(person, number);
    loop {
        let parcel = yujie_table::parcel::get(&ground.table, &at).await.unwrap().unwrap();
        let command = next(&parcel);
        let preparing = matches!(command, Command::Sort | Command::PrepareBox | Command::Book(_));
        if parcel.status() == status && !(prepared && preparing) {
            return;
        }
        // A courier's news are of this morning.
        let heard =
            if matches!(command, Command::Follow(_)) { library::NOW.parse().unwrap() } else { ground.now() };
        step::carry_out(&ground.table, &at, &command, heard).await.unwrap();
    }
}

/// What happens next to a parcel on its ordinary way.
pub fn next(parcel: &Parcel) -> Command {
    let site = parcel.site.clone();
    let scanned = || {
        parcel
            .lines
            .iter()
            .find(|line| line.status == parcel.status())
            .expect("a slowest book")
            .barcode
            .clone()
    };
    let courier = |at: &str| Some(at.parse().unwrap());
    match (parcel.status(), &parcel.destination) {
        (LineStatus::Reserved, _) => Command::Accept,
        (LineStatus::Accepted, _) if parcel.sorted.is_none() => Command::Sort,
        (LineStatus::Accepted, _) => Command::Pick { barcode: scanned(), site },
        (LineStatus::Picked, _) if parcel.boxed.is_none() => Command::PrepareBox,
        (LineStatus::Picked, _) => Command::Pack { barcode: scanned(), site },
        (LineStatus::Packed, to) if parcel.booking.is_none() => {
            let number = parcel.at.no().to_string();
            let (carrier, number) = match to {
                Destination::Home => (Carrier::Kuaidi100, format!("SF{}", number.replace('-', ""))),
                Destination::Site { .. } => (Carrier::Van, number),
            };
            let ticket = (carrier == Carrier::Kuaidi100)
                .then(|| Ticket { task: format!("T{number}"), order: format!("O{number}") });
            Command::Book(Booking { carrier, waybill: Waybill::parse(&number).unwrap(), ticket })
        }
        (LineStatus::Packed, _) => Command::HandOver { site, waybill: None },
        (LineStatus::Dispatched, Destination::Site { .. }) => Command::Depart { site },
        (LineStatus::Delivering, Destination::Site { site_id }) => {
            let keep_until = "2026-11-30".parse().unwrap();
            Command::Arrive { site: site_id.clone(), code: "123456".to_owned(), keep_until }
        }
        (LineStatus::ReadyForPickup, Destination::Site { site_id }) => {
            Command::Collect { site: site_id.clone(), code: "123456".to_owned() }
        }
        _ => Command::Follow(yujie_domain::courier::Journey {
            collected: courier("2026-11-23T01:00:00Z"),
            under_way: courier("2026-11-23T01:20:00Z"),
            delivered: courier("2026-11-23T01:50:00Z"),
        }),
    }
}
