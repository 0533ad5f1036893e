//! The small world in which the histories play: few readers, few books, tight rules, so that everybody is in everybody's way.

use std::ops::RangeInclusive;

use jiff::civil::Time;
use yujie_domain::AddressId;
use yujie_domain::account::Account;
use yujie_domain::money::Fen;
use yujie_domain::order::IfMissing;
use yujie_domain::rules::{CardClass, Holidays, Rule, RuleSet, Scope, Setting, Zone};
use yujie_domain::site::Site;
use yujie_domain::slot::Window;
use yujie_runtime::contact::{self, Place, Recipient};
use yujie_table::address::SealedAddress;
use yujie_table::{account, address, rules, site};
use yujie_tests::ground::asked;
use yujie_tests::{Ground, library};

pub(super) const READERS: u32 = 5;
/// Two that have shelves, and one where parcels are collected, which takes three at a time.
pub(super) const SITES: [&str; 3] = ["C01", "L01", "S01"];
pub(super) const CAPACITY: usize = 3;
/// Each title with its copies: identity code, site, shelf mark.
pub(super) const TITLES: [(&str, &[(&str, &str, &str)]); 6] = [
    ("m000001", &[("M00101", "C01", "I3")]),
    ("m000002", &[("M00201", "C01", "I1"), ("M00202", "L01", "I1")]),
    ("m000003", &[("M00301", "L01", "I2")]),
    ("m000004", &[("M00401", "C01", "I4"), ("M00402", "C01", "I4"), ("M00403", "L01", "I4")]),
    ("m000005", &[("M00501", "L01", "I0")]),
    ("m000006", &[("M00601", "C01", "I5"), ("M00602", "L01", "I5")]),
];
/// A title that there is not.
pub(super) const NO_TITLE: usize = TITLES.len();

pub(super) const BOOKS_PER_ORDER: usize = 3;
pub(super) const IN_PROCESS: usize = 3;
pub(super) const OPEN_ITEMS: usize = 4;
pub(super) const HOLDS: usize = 2;
pub(super) const LOAN_DAYS: i64 = 10;
pub(super) const RENEWALS: u16 = 1;
pub(super) const RENEWAL_DAYS: i64 = 8;
pub(super) const RENEW_FROM: i64 = 7;
pub(super) const VIOLATIONS: usize = 2;
pub(super) const VIOLATION_DAYS: i64 = 40;
pub(super) const BAN_DAYS: i64 = 9;
pub(super) const PICKUP_DAYS: i64 = 7;
pub(super) const REMEDY_DAYS: i64 = 3;
/// What the first book to a door costs, and each of the others, in fen.
pub(super) const FIRST_BOOK: i64 = 300;
pub(super) const FURTHER_BOOK: i64 = 100;
/// Readers with children's cards, for whom the first book costs nothing.
pub(super) const CHILDREN: RangeInclusive<u32> = 4..=5;
pub(super) const PAY_MINUTES: i64 = 5;
/// The windows of each day, in whole hours.
pub(super) const WINDOWS: [(i64, i64); 2] = [(9, 12), (14, 20)];
/// How many parcels are brought home in a slot. To the office it is any number.
pub(super) const PER_SLOT: usize = 2;
/// The divisions of the two doors.
pub(super) const HOME: &str = "110105";
pub(super) const OFFICE: &str = "110101";
/// The sites that have shelves, the one that is nearer to where there are none first.
pub(super) const SHELVES: [&str; 2] = ["L01", "C01"];
/// The whole library is closed from the 1st to the 3rd of January 2027; as days since 1970.
pub(super) const HOLIDAYS: RangeInclusive<i64> = 20_819..=20_821;

fn count(n: impl TryInto<u16>) -> u16 {
    n.try_into().ok().unwrap()
}

fn fen(n: i64) -> Fen {
    Fen(n.try_into().unwrap())
}

/// The second address of reader `n`.
pub(super) fn office(n: u32) -> AddressId {
    AddressId::parse(&format!("01JD9Z0000000000000FFC{n:04}")).unwrap()
}

/// A window of the rules; the one after the last there is not.
pub(super) fn window(n: usize) -> Window {
    let (from, until) = WINDOWS.get(n).copied().unwrap_or((12, 14));
    let hour = |hour: i64| Time::new(hour.try_into().unwrap(), 0, 0, 0).unwrap();
    Window { from: hour(from), until: hour(until) }
}

/// Puts this world onto the ground.
pub(super) async fn furnish(ground: &Ground) {
    let settings = [
        Setting::BooksPerOrder(count(BOOKS_PER_ORDER)),
        Setting::InProcess(count(IN_PROCESS)),
        Setting::OpenItems(count(OPEN_ITEMS)),
        Setting::Holds(count(HOLDS)),
        Setting::Partial(IfMissing::Cancel),
        Setting::LoanDays(count(LOAN_DAYS)),
        Setting::Renewals(RENEWALS),
        Setting::RenewalDays(count(RENEWAL_DAYS)),
        Setting::RenewFrom(count(RENEW_FROM)),
        Setting::Violations(count(VIOLATIONS)),
        Setting::ViolationDays(count(VIOLATION_DAYS)),
        Setting::BanDays(count(BAN_DAYS)),
        Setting::PickupDays(count(PICKUP_DAYS)),
        Setting::RemedyDays(count(REMEDY_DAYS)),
        Setting::HomeFee(fen(FIRST_BOOK)),
        Setting::HomeFeeMore(fen(FURTHER_BOOK)),
        Setting::PayMinutes(count(PAY_MINUTES)),
    ];
    let children = Scope { card: Some(CardClass::Child), ..Scope::ALL };
    let for_children = Rule { set: Setting::HomeFee(Fen::ZERO), scope: children };
    let for_all = settings.into_iter().map(|set| Rule { set, scope: Scope::ALL });
    let zone = |division: &str, per_slot: Option<u16>| Zone { division: division.to_owned(), per_slot };
    let set = RuleSet {
        version: 2,
        rules: for_all.chain([for_children]).collect(),
        zones: vec![zone(HOME, Some(count(PER_SLOT))), zone(OFFICE, None)],
        windows: (0..WINDOWS.len()).map(window).collect(),
        holidays: vec![Holidays {
            from: "2027-01-01".parse().unwrap(),
            until: "2027-01-03".parse().unwrap(),
            name: "元旦".to_owned(),
        }],
        ..RuleSet::founding()
    };
    rules::add(&ground.table, &set).await.unwrap();
    for one in library::sites().into_iter().filter(|site| site.id.as_str() == "S01") {
        let small = Site { capacity: Some(count(CAPACITY)), ..one };
        site::load(&ground.table, &small).await.unwrap();
    }
    for n in 1..=READERS {
        let rid = library::reader(n).rid;
        add_office(ground, n).await;
        if CHILDREN.contains(&n) {
            let adult = account::get(&ground.table, &rid).await.unwrap().unwrap();
            let child = Account { class: CardClass::Child, ..adult.next() };
            ground.table.write(account::replace(&child).unwrap()).await.unwrap();
        }
    }
    for (title, copies) in TITLES {
        let copies =
            copies.iter().map(|(code, site, shelf)| library::copy(code, title, site, shelf)).collect();
        ground.add_title(library::title(title, "丛书", "编者"), copies).await;
    }
}

async fn add_office(ground: &Ground, n: u32) {
    let (person, id) = (library::reader(n), office(n));
    let there = Recipient {
        name: person.name.to_owned(),
        phone: person.phone.as_str().to_owned(),
        division: OFFICE.to_owned(),
        street: "北京市东城区东直门外大街1号".to_owned(),
    };
    let place = Place::Address(&person.rid, &id);
    let sealed = contact::seal(&ground.keys, &ground.entropy, place, &there).unwrap();
    let (asked, kept) = asked(&format!("office of {}", person.rid));
    let new = SealedAddress::new(id, sealed, None);
    address::add(&ground.table, &person.rid, &new, &asked, &kept, ground.now()).await.unwrap();
}
