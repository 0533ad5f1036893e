use jiff::civil::Date;

use super::*;
use crate::copy::Received;
use crate::ids::{Barcode, OrderNo, ParcelRef, ReaderId, TitleId};
use crate::parcel::{By, Closing, Command, Entry, Line, Outcome};
use crate::rules::ItemClass;
use crate::{telling, text};

/// On the 25th of November at ten, and so many minutes later.
fn minute(n: i64) -> Timestamp {
    "2026-11-25T10:00:00+08:00".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(n)
}

fn site(id: &str) -> SiteId {
    SiteId::parse(id).unwrap()
}

/// A parcel to the site S01, promised for the 25th at ten, that made these steps so many minutes after that.
fn parcel(steps: &[(LineStatus, i64)]) -> Parcel {
    let at = ParcelRef {
        rid: ReaderId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(),
        order_no: OrderNo::new(minute(-2880), 7),
        n: 1,
    };
    let line = Line {
        title_id: TitleId::parse("Y00001").unwrap(),
        title: "解忧杂货店".to_owned(),
        barcode: Barcode::parse("Y00001").unwrap(),
        call_number: "I313.45/2".to_owned(),
        received: Received { at: Timestamp::UNIX_EPOCH, site: site("C01") },
        class: ItemClass::Ordinary,
        loan_days: 30,
        loan_from: None,
        status: steps.last().map_or(LineStatus::Reserved, |(status, _)| *status),
    };
    let to = Destination::Site { site_id: site("S01") };
    let mut parcel = Parcel::new(at, site("C01"), to, false, minute(0), 1, vec![line]);
    parcel.remedy_offer = 5;
    parcel.history = steps
        .iter()
        .map(|(step, at)| Entry { step: *step, at: minute(*at), place: None, by: By::System, barcode: None })
        .collect();
    parcel
}

/// The state and the words of an order of these parcels, so many minutes after it was promised.
fn told(parcels: &[Parcel], now: i64) -> (State, String) {
    let standing = standing(parcels, minute(now)).unwrap();
    (standing.state, text::promise(&standing))
}

#[test]
fn a_promise_runs_is_at_risk_and_is_kept() {
    let under_way = parcel(&[(LineStatus::Accepted, -2000)]);
    assert_eq!(
        told(std::slice::from_ref(&under_way), -1000),
        (State::Running, "承诺在 2026-11-25 10:00 前送达。".to_owned())
    );
    let half = Parcel { warned: Some(Warning::Half), ..under_way.clone() };
    assert_eq!(told(&[half], -1000).0, State::Running, "half of the time is what half of the way takes");
    let late = Parcel { warned: Some(Warning::AlmostAll), ..under_way.clone() };
    assert_eq!(
        told(&[late], -100),
        (State::AtRisk, "承诺在 2026-11-25 10:00 前送达，时间已紧，馆员正在优先处理。".to_owned())
    );
    assert_eq!(told(std::slice::from_ref(&under_way), 0).0, State::Running, "its last minute belongs to it");

    let came = parcel(&[(LineStatus::Accepted, -2000), (LineStatus::ReadyForPickup, 0)]);
    assert_eq!(
        told(std::slice::from_ref(&came), 9999),
        (State::Kept, "承诺在 2026-11-25 10:00 前送达，已如期送达。".to_owned())
    );
    assert_eq!(told(&[came, under_way], -1000).0, State::Running, "an order is there when all of it is");
}

#[test]
fn a_broken_promise_says_where_it_stood_how_late_it_is_and_what_is_given() {
    let packed = [(LineStatus::Accepted, -2000), (LineStatus::Packed, -30)];
    let mut late = parcel(&packed);
    late.remedy_days = 3;
    late.warned = Some(Warning::Broken);
    assert_eq!(
        told(std::slice::from_ref(&late), 185),
        (
            State::Broken,
            "承诺在 2026-11-25 10:00 前送达，未能如期：到时停留在“装箱”环节，至今已晚 3 小时 5 分钟。按“延误补偿”规则，每本书的借期延长 3 天。"
                .to_owned()
        )
    );
    let standing = of_parcel(&late, minute(185));
    assert_eq!((standing.late_minutes, standing.remedy_days, standing.arrived), (185, 3, false));
    assert_eq!(
        telling::not_in_time("261123ABC0000001", &standing).text(),
        "【预借】订单 261123ABC0000001：图书未能在承诺的 2026-11-25 10:00 前送达，到时停留在“装箱”环节，向您致歉。按“延误补偿”规则，每本书的借期延长 3 天。"
    );

    let mut came = parcel(&[(LineStatus::Dispatched, -30), (LineStatus::ReadyForPickup, 2940)]);
    came.closings.push(Closing {
        at: minute(-500),
        shut: Shut { from: Date::constant(2026, 11, 25), until: Date::constant(2026, 11, 26) },
        effect: Effect::Waits,
    });
    assert_eq!(
        told(&[parcel(&[(LineStatus::Accepted, -1)]), came], 30).1,
        "承诺在 2026-11-25 10:00 前送达，未能如期：到时停留在“出库”环节（取书点 2026-11-25 至 2026-11-26 闭馆），送达时晚了 2 天 1 小时。",
        "the latest of its parcels explains an order"
    );
    let untouched = told(&[parcel(&[])], 59).1;
    assert!(untouched.contains("停留在“待接单”环节，至今已晚 59 分钟"), "{untouched}");
}

#[test]
fn what_is_not_wanted_any_more_or_not_paid_for_breaks_no_promise() {
    let cancelled = parcel(&[(LineStatus::Accepted, -2000), (LineStatus::Cancelled, -1000)]);
    assert_eq!(standing(&[cancelled], minute(60)), None);
    let unpaid = Parcel { unpaid: true, ..parcel(&[]) };
    assert_eq!(told(&[unpaid], 60).0, State::Running);
    let left = parcel(&[(LineStatus::ReadyForPickup, -5), (LineStatus::Uncollected, 20_000)]);
    assert_eq!(told(&[left], 30_000).0, State::Kept, "it had come");
}

#[test]
fn a_warning_of_the_clock_and_the_readers_view_are_of_one_mind() {
    let parcel = parcel(&[(LineStatus::Accepted, -2000)]);
    let warn = Command::Warn { level: Warning::Broken };
    let Ok(Outcome::Changed(warned)) = parcel.decide(&warn, minute(1)) else { panic!("not warned") };
    let standing = of_parcel(&warned, minute(1));
    assert_eq!((standing.state, standing.remedy_days), (State::Broken, 5));
}

fn came(zone: &str, minutes: Option<i64>) -> Came {
    let way = Way::of(&Destination::Home, Some(zone.to_owned()), Some(Carrier::Kuaidi100));
    Came { way, promised_by: minute(0), arrived: minutes.map(minute) }
}

#[test]
fn promises_are_counted_by_where_and_by_whom() {
    let mut months = Months::default();
    let day = 24 * 60;
    for minutes in [Some(-500), Some(0), Some(1), Some(day), Some(day + 1), None] {
        months.count(&came("110105", minutes));
    }
    months.count(&came("110101", Some(6 * day)));

    let months = months.into_each();

    let november = &months[&Month::parse("2026-11").unwrap()];
    let counts = november[&came("110105", None).way];
    let expected = Counts { arrived: 5, on_time: 2, late_by_a_day: 2, later: 1, still_open: 1 };
    assert_eq!(counts, expected);
    assert_eq!(counts.on_time_per_mille(), Some(333), "of six: what is late and not there is not left out");
    assert_eq!(november.len(), 1);
    let december = &months[&Month::parse("2026-12").unwrap()];
    assert_eq!(december[&came("110101", None).way].later, 1, "in the month in which it came");
    assert_eq!(Counts::default().on_time_per_mille(), None);
    assert_eq!(counts.with(&counts).arrived, 10);
}

#[test]
fn a_parcel_without_a_carrier_is_counted_for_the_one_that_its_destination_asks_for() {
    let to_site = Destination::Site { site_id: site("S01") };
    assert_eq!(Way::of(&to_site, None, None), Way { zone: Zone::Site(site("S01")), courier: false });
    let home = Way::of(&Destination::Home, None, None);
    assert_eq!((&home.zone, home.carrier()), (&Zone::Unknown, Carrier::Kuaidi100));
}
