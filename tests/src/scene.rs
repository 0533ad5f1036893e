//! A library in the middle of its day: one order at every stage. The example events of `events/` play in it.

use yujie_domain::parcel::{Booking, Carrier, Command, Destination, Line, LineStatus, Parcel};
use yujie_domain::rules::RuleSet;
use yujie_domain::{ParcelRef, Waybill, time};
use yujie_runtime::contact::{self, Place, Recipient};
use yujie_runtime::step;
use yujie_table::order::{self, Head, Order, Placed};

use crate::ground::{Ground, asked, order_no};
use crate::library::{self, Person, copy, title};

/// How far an order of the scene has come, and its number. Those of reader 2 are of one book each, `s000001` and on.
pub const STAGES: [(&str, LineStatus, bool); 9] = [
    ("261123ACCEPT0001", LineStatus::Accepted, false),
    ("261123SORTED0001", LineStatus::Accepted, true),
    ("261123PICKED0001", LineStatus::Picked, false),
    ("261123BOXED00001", LineStatus::Picked, true),
    ("261123PACKED0001", LineStatus::Packed, false),
    ("261123BOOKED0001", LineStatus::Packed, true),
    ("261123HANDED0001", LineStatus::Dispatched, false),
    ("261123VAN0000001", LineStatus::Dispatched, true),
    ("261123ATSITE0001", LineStatus::ReadyForPickup, false),
];

/// Sets the scene: reader 1 has one order just placed (解忧杂货店, 秃秃大王) and one book at home (红楼梦); reader 2 has the rest.
pub async fn set(ground: &Ground) {
    let (one, two) = (library::reader(1), library::reader(2));
    place(ground, &one, "261123PLACED0001", &["C0000401", "C0000501"], Destination::Home).await;
    place(ground, &one, "261120HOME000001", &["C0000601"], Destination::Home).await;
    advance(ground, &one, "261120HOME000001", LineStatus::Delivered, false).await;
    for (n, (number, status, prepared)) in STAGES.iter().enumerate() {
        let (id, code) = (format!("s{:06}", n + 1), format!("C0001{:02}01", n + 1));
        let book = title(&id, &format!("丛书之{}", n + 1), "编者");
        ground.add_title(book, vec![copy(&code, &id, "C01", &format!("Z{}", n + 1))]).await;
        let to = if matches!(*number, "261123VAN0000001" | "261123ATSITE0001") {
            Destination::Site { site_id: library::site_id("S01") }
        } else {
            Destination::Home
        };
        place(ground, &two, number, &[&code], to).await;
        advance(ground, &two, number, *status, *prepared).await;
    }
    ground.changes();
    ground.outside.take();
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
    let promised_by = time::promised_by(now, rules.cut_off, rules.opening, rules.promise_hours);
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
    let parcel = Parcel {
        at: parcel(person, number),
        site: copies.first().expect("a book").site.clone(),
        destination: destination.clone(),
        promised_by,
        rules: rules.version,
        loan_days: rules.loan_days,
        lines,
        sorted: None,
        boxed: None,
        booking: None,
        pickup_code: None,
        history: Vec::new(),
        version: 1,
    };
    let head = Head {
        rid: person.rid.clone(),
        order_no: order_no(number),
        placed_at: now,
        promised_by,
        fee_fen: 0,
        destination,
        recipient,
        unfilled: Vec::new(),
        rules: rules.version,
    };
    let order = Order { head, parcels: vec![parcel] };
    (order, copies)
}

/// Places such an order.
pub async fn place(ground: &Ground, person: &Person, number: &str, codes: &[&str], destination: Destination) {
    let (order, copies) = draft(ground, person, number, codes, destination).await;
    let (request, answer) = asked(number);
    let placed = order::place(&ground.table, &order, &copies, 10, &request, &answer).await;
    assert_eq!(placed.unwrap(), Placed::Now);
}

/// Takes an order's parcel to a status, and to the end of the preparation of the next step if `prepared`.
async fn advance(ground: &Ground, person: &Person, number: &str, status: LineStatus, prepared: bool) {
    let at = parcel(person, number);
    loop {
        let parcel = yujie_table::parcel::get(&ground.table, &at).await.unwrap().unwrap();
        let command = next(&parcel);
        let preparing = matches!(command, Command::Sort | Command::PrepareBox | Command::Book(_));
        if parcel.status() == status && !(prepared && preparing) {
            return;
        }
        step::carry_out(&ground.table, &at, &command, ground.now()).await.unwrap();
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
            Command::Book(Booking { carrier, waybill: Waybill::parse(&number).unwrap() })
        }
        (LineStatus::Packed, _) => Command::HandOver { site },
        (LineStatus::Dispatched, Destination::Site { .. }) => Command::Depart { site },
        (LineStatus::Delivering, Destination::Site { site_id }) => {
            Command::Arrive { site: site_id.clone(), code: "123456".to_owned() }
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
