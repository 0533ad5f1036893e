use super::*;
use crate::hours::OpeningHours;
use crate::rules::Holidays;
use crate::site::{Site, SiteKind};

/// What an order knows of a site: when it opens next, seen from today.
fn seen(site: &Site, now: Timestamp) -> Place {
    let today = time::day(now);
    let next = site.next_open_day(today);
    let days = next.map_or(u16::MAX, |day| u16::try_from(today.until(day).unwrap().get_days()).unwrap());
    let closed =
        (0..14).map(|n| today + jiff::Span::new().days(n)).filter(|day| !site.is_open_day(*day)).collect();
    Place { point: site.point, opens_in: days, opens_on: next, closed }
}

/// Spring Festival of 2027, as the rules have it.
fn spring_festival() -> RuleSet {
    let holidays =
        vec![Holidays { from: day("2027-02-05"), until: day("2027-02-11"), name: "春节".to_owned() }];
    RuleSet { holidays, ..RuleSet::founding() }
}

#[test]
fn the_promise_counts_from_the_order_or_from_the_next_morning() {
    let ordered = |when: &str| Ask { now: at(when), ..Ask::default() }.promised_by();
    assert_eq!(ordered("2026-11-23T15:59:59"), at("2026-11-25T15:59:59"));
    assert_eq!(ordered("2026-11-23T16:00:00"), at("2026-11-26T09:00:00"));

    let json = r#"[
        {"set":{"rule":"promise_hours","value":24},"for":{"site":"S01"}},
        {"set":{"rule":"cut_off","value":"09:30:00"},"for":{"site":"S02"}},
        {"set":{"rule":"opening","value":"08:00:00"},"for":{"site":"S02"}}]"#;
    let to_site = |id| Ask { target: to(id), ..Ask::under(json) }.promised_by();
    assert_eq!(to_site("S01"), at("2026-11-24T10:00:00"));
    assert_eq!(to_site("S02"), at("2026-11-26T08:00:00"));
    assert_eq!(to_site("S03"), at("2026-11-25T10:00:00"));
}

#[test]
fn the_promise_neither_begins_nor_ends_on_a_holiday() {
    let ordered =
        |when: &str| Ask { rules: spring_festival(), now: at(when), ..Ask::default() }.promised_by();
    assert_eq!(ordered("2027-02-02T10:00:00"), at("2027-02-04T10:00:00"), "the day before");
    assert_eq!(ordered("2027-02-04T10:00:00"), at("2027-02-12T10:00:00"), "the day after");
    assert_eq!(ordered("2027-02-06T10:00:00"), at("2027-02-14T09:00:00"), "as if it came that morning");
    assert_eq!(ordered("2027-02-04T17:00:00"), at("2027-02-14T09:00:00"), "after the cut-off");
}

#[test]
fn what_reaches_a_closed_site_is_promised_for_the_day_it_opens() {
    let opens_in = |days| Ask { places: places(&[("S01", 0, days)]), ..Ask::to("S01") }.promised_by();
    assert_eq!(opens_in(0), at("2026-11-25T10:00:00"));
    assert_eq!(opens_in(2), at("2026-11-25T10:00:00"), "it opens on the promised day");
    assert_eq!(opens_in(3), at("2026-11-26T10:00:00"));
    assert_eq!(opens_in(7), at("2026-11-30T10:00:00"));
    let door = Ask { places: places(&[("S01", 0, 7)]), ..Ask::default() };
    assert_eq!(door.promised_by(), at("2026-11-25T10:00:00"), "the door is not the site's");
}

/// A site of the public with these hours.
fn public_site(hours: &str) -> Site {
    Site {
        id: site("S01"),
        name: "城市书屋".to_owned(),
        kind: SiteKind::CityBookHouse,
        address: String::new(),
        point: Point { lat: 0, lng: 0 },
        opening_hours: OpeningHours::parse(hours).unwrap(),
        closures: Vec::new(),
        holds_stock: false,
        capacity: None,
    }
}

#[test]
fn a_site_that_is_open_today_and_closed_on_the_promised_day_is_not_promised_that_day() {
    let (house, saturday) = (public_site("Tu-Su 09:00-17:00"), at("2026-11-21T10:00:00"));
    let places = BTreeMap::from([(site("S01"), seen(&house, saturday))]);
    let promised = Ask { places, now: saturday, ..Ask::to("S01") }.promised_by();
    assert_eq!(promised, at("2026-11-24T10:00:00"), "the 23rd is a Monday");
}

#[test]
fn a_site_that_opens_on_a_holiday_is_promised_for_the_day_after_it() {
    let opens = Place {
        point: Point { lat: 0, lng: 0 },
        opens_in: 4,
        opens_on: Some(day("2027-02-06")),
        closed: Vec::new(),
    };
    let ask = Ask {
        rules: spring_festival(),
        places: BTreeMap::from([(site("S01"), opens)]),
        now: at("2027-02-02T10:00:00"),
        ..Ask::to("S01")
    };
    assert_eq!(ask.promised_by(), at("2027-02-12T10:00:00"));
}
