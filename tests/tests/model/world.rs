//! The small world in which the histories play: few readers, few books, tight rules, so that everybody is in everybody's way.

use yujie_domain::order::IfMissing;
use yujie_domain::rules::{Holidays, Rule, RuleSet, Scope, Setting};
use yujie_domain::site::Site;
use yujie_table::{rules, site};
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
pub(super) const RENEW_FROM: i64 = 4;
pub(super) const VIOLATIONS: usize = 2;
pub(super) const VIOLATION_DAYS: i64 = 40;
pub(super) const BAN_DAYS: i64 = 9;
pub(super) const PICKUP_DAYS: i64 = 7;
pub(super) const REMEDY_DAYS: i64 = 3;
/// The whole library is closed from the 1st to the 3rd of January 2027; as days since 1970.
pub(super) const HOLIDAYS: std::ops::RangeInclusive<i64> = 20_819..=20_821;

fn count(n: impl TryInto<u16>) -> u16 {
    n.try_into().ok().unwrap()
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
    ];
    let set = RuleSet {
        version: 2,
        rules: settings.into_iter().map(|set| Rule { set, scope: Scope::ALL }).collect(),
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
    for (title, copies) in TITLES {
        let copies =
            copies.iter().map(|(code, site, shelf)| library::copy(code, title, site, shelf)).collect();
        ground.add_title(library::title(title, "丛书", "编者"), copies).await;
    }
}
