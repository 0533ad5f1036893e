//! What must be so before an event about returns comes, other than the scene: reader 1 gives 红楼梦 back.

use yujie_domain::parcel::{By, Ticket};
use yujie_domain::returning::{Book, BookState, Booking, Command, Outcome, Return, Way};
use yujie_domain::{Carried, ReturnRef, Waybill};
use yujie_runtime::contact::{self, Place, Recipient};
use yujie_table::courier_event::{self, RawEvent};
use yujie_table::{account, returning};
use yujie_tests::life::push_form;
use yujie_tests::{Ground, library};

const NUMBER: &str = "R261123BACK000001";
const WAYBILL: &str = "SFR261123BACK000001";

/// Prepares a case.
pub(super) async fn prepare(ground: &Ground, function: &str, case: &str) {
    let refused = |answer: &str| ground.outside.courier_says(answer);
    match (function, case) {
        (
            "returns",
            "book-of-what-is-booked" | "returns" | "return" | "return-of-another-reader" | "cancel",
        ) => {
            booked(ground, to_a_site(), &[]).await;
        }
        ("returns", "cancel-of-what-was-handed-over" | "staff-on-the-road" | "staff-overdue") => {
            booked(ground, to_a_site(), &[given(ground)]).await;
        }
        ("collections", "brought-to-a-site") => booked(ground, to_a_site(), &[]).await,
        ("collections", "called-off") => {
            booked(ground, at_home(), &[Command::Book(booking()), Command::Cancel]).await;
        }
        ("collections", "collected") => {
            booked(ground, at_home(), &[Command::Book(booking())]).await;
            pushed(ground).await;
        }
        ("collections", "the-courier-refuses") => {
            refused(r#"{"result":false,"returnCode":"30004","message":"参数错误"}"#);
            booked(ground, at_home(), &[]).await;
        }
        ("collections", "the-courier-has-no-waybill-yet") => {
            refused(
                r#"{"result":true,"returnCode":"200","message":"成功","data":{"taskId":"T1","orderId":"O1"}}"#,
            );
            booked(ground, at_home(), &[]).await;
        }
        ("collections", _) => booked(ground, at_home(), &[]).await,
        _ => {}
    }
}

fn to_a_site() -> Way {
    Way::Site { site_id: library::site_id("S01") }
}

fn at_home() -> Way {
    Way::Courier {
        address_id: library::reader(1).address,
        day: "2026-11-24".parse().unwrap(),
        to: library::site_id("C01"),
    }
}

fn booking() -> Booking {
    let ticket = Ticket { task: "T1".to_owned(), order: "O1".to_owned() };
    Booking { waybill: Waybill::parse(WAYBILL).unwrap(), ticket }
}

fn given(ground: &Ground) -> Command {
    let place = Some(library::site_id("S01"));
    Command::GiveBack { barcodes: Vec::new(), at: ground.now(), place, by: By::Staff }
}

fn reference() -> ReturnRef {
    ReturnRef { rid: library::reader(1).rid, no: NUMBER.parse().unwrap() }
}

/// A return of that book, after these commands.
async fn booked(ground: &Ground, way: Way, commands: &[Command]) {
    let (at, person) = (reference(), library::reader(1));
    let barcode = library::barcode("C0000601");
    let reader = account::get(&ground.table, &at.rid).await.unwrap().unwrap();
    let (title_id, item) = reader.item_of(&barcode).unwrap();
    let book = Book {
        barcode: barcode.clone(),
        title_id: title_id.clone(),
        title: item.title.clone(),
        state: BookState::Booked,
    };
    let home = Recipient {
        name: person.name.to_owned(),
        phone: person.phone.as_str().to_owned(),
        division: "110105".to_owned(),
        street: "望京西园四区410号楼".to_owned(),
    };
    let place = Place::Return(&at.rid, &at.no);
    let contact = contact::seal(&ground.keys, &ground.entropy, place, &home).unwrap();
    let contact = Some(contact).filter(|_| way.by_courier());
    let mut this = Return::book(at.clone(), vec![book], way, contact, ground.now());
    let mut live = true;
    for command in commands {
        live = *command != Command::Cancel;
        match this.decide(command, ground.now()).unwrap() {
            Outcome::Changed(next) => this = Return { version: 1, ..*next },
            Outcome::Already => {}
        }
    }
    let mut writes = vec![returning::add(&this).unwrap()];
    let codes = std::slice::from_ref(&barcode);
    if this.given_back(&barcode).is_some() {
        writes.push(account::replace(&reader.handed_back(codes, &at.no, ground.now())).unwrap());
    } else if live {
        writes.push(account::replace(&reader.returning(codes, Some(&at.no))).unwrap());
    }
    ground.table.transact(writes).await.unwrap();
}

/// The courier told that he has it.
async fn pushed(ground: &Ground) {
    let form = push_form(WAYBILL, &[("2026-11-23 09:59:00", "103")]);
    let fields: Vec<(String, String)> = serde_urlencoded::from_str(&form).unwrap();
    let (_, raw) = fields.into_iter().find(|(name, _)| name == "param").unwrap();
    let event = RawEvent { carrier: "kuaidi100".to_owned(), received: ground.now(), raw };
    courier_event::store(&ground.table, &Carried::Return(reference()), "a-push", &event).await.unwrap();
}
