//! What each day costs, and why, under rules that stay.

use super::*;
use crate::rules::{Amnesty, ChargedAt, Holidays};

fn item(due: &str, back: Option<Timestamp>) -> OpenItem {
    OpenItem {
        barcode: loan(1).barcode,
        order_no: loan(1).order_no,
        title: "红楼梦".to_owned(),
        class: ItemClass::Ordinary,
        loan: Some(Loan { since: Timestamp::UNIX_EPOCH, due: day(due), renewed: 0, back }),
        returning: None,
    }
}

fn costs(due: &str, back: Option<&str>, now: &str) -> u32 {
    let late = Late::of(&item(due, back.map(at)), CardClass::Adult, None, at(now)).unwrap();
    overdue(&fine(&late, &RuleSet::founding()))
}

#[test]
fn the_last_day_is_free_to_its_last_second_and_the_day_of_the_hand_over_counts_from_midnight() {
    let back = |when: &str| costs("2026-12-23", Some(when), "2027-01-31 12:00:00");
    assert_eq!(back("2026-12-23 23:59:59"), 0);
    assert_eq!(back("2026-12-24 00:00:00"), 20);
    assert_eq!(back("2026-12-24 23:59:59"), 20);
    assert_eq!(back("2026-12-25 00:00:00"), 40);
    let out = |now: &str| costs("2026-12-23", None, now);
    assert_eq!(
        [out("2026-12-23 23:59:59"), out("2026-12-24 00:00:00"), out("2026-12-25 00:00:00")],
        [0, 20, 40]
    );
    assert_eq!(
        costs("2026-12-23", Some("2026-12-30 10:00:00"), "2026-12-25 10:00:00"),
        40,
        "no clock runs ahead of ours"
    );
}

#[test]
fn the_hand_over_stops_the_fine_however_late_the_check_in_is() {
    let handed_over = Some("2026-12-24 10:00:00");
    let later = ["2026-12-24 10:00:00", "2026-12-27 09:00:00", "2027-06-01 09:00:00"];
    assert_eq!(later.map(|now| costs("2026-12-23", handed_over, now)), [20; 3]);
}

#[test]
fn a_leap_day_and_a_new_year_are_days_like_others_and_summer_moves_no_clock() {
    assert_eq!(costs("2028-02-27", Some("2028-03-01 00:00:00"), "2028-04-01 00:00:00"), 60, "28, 29, 1");
    assert_eq!(costs("2027-02-27", Some("2027-03-01 00:00:00"), "2028-04-01 00:00:00"), 40, "28, 1");
    assert_eq!(costs("2026-12-30", Some("2027-01-02 23:59:59"), "2028-04-01 00:00:00"), 60);
    assert_eq!(costs("2027-04-30", Some("2027-06-01 00:00:00"), "2028-04-01 00:00:00"), 20 * 32);
}

#[test]
fn a_child_pays_half_and_half_as_long_unless_a_rule_for_children_says_otherwise() {
    let child = |until| Late { card: CardClass::Child, ..late(until) };
    let founding = RuleSet::founding();
    assert_eq!(overdue(&fine(&child("2026-12-25"), &founding)), 20);
    let long = Fine::of(
        &Late { until: day("2027-06-20"), ..child("2026-12-25") },
        &Rulebook::new(&[]),
        day("2027-06-20"),
    );
    assert_eq!(overdue(&long), 1_790, "179 days");
    let dearer = rules(&[Setting::OverdueFine(Fen(30))]);
    assert_eq!(
        (overdue(&fine(&late("2026-12-25"), &dearer)), overdue(&fine(&child("2026-12-25"), &dearer))),
        (60, 20)
    );
    let mut for_children = dearer;
    for_children.rules.push(Rule { set: Setting::OverdueFine(Fen(5)), scope: Scope::CHILDREN });
    let charged = fine(&child("2026-12-24"), &for_children);
    assert_eq!(overdue(&charged), 5);
    assert_eq!(
        serde_json::to_value(&charged.days[0]).unwrap(),
        serde_json::json!({"date": "2026-12-24", "fen": 5, "settled": 0, "code": "charged", "intervals": 1,
            "by": {"rule": "overdue_fine", "version": 7, "for": {"card": "child"}}})
    );
}

#[test]
fn days_of_grace_cost_nothing_and_once_they_are_past_nothing_or_everything() {
    let kind = rules(&[Setting::GraceDays(2)]);
    assert_eq!(
        told(&fine(&late("2026-12-26"), &kind).days),
        ["12-24 0 grace", "12-25 0 grace", "12-26 20 charged"]
    );
    let strict = rules(&[Setting::GraceDays(2), Setting::GraceCharged(true)]);
    assert_eq!(overdue(&fine(&late("2026-12-25"), &strict)), 0);
    assert_eq!(
        told(&fine(&late("2026-12-27"), &strict).days),
        ["12-24 0 grace", "12-25 0 grace", "12-26 60 charged", "12-27 20 charged"]
    );
}

#[test]
fn an_interval_is_charged_when_it_begins_or_when_it_ends() {
    let every_three = |charged| rules(&[Setting::FineInterval(3), Setting::FineCharged(charged)]);
    assert_eq!(
        told(&fine(&late("2026-12-27"), &every_three(ChargedAt::Start)).days),
        ["12-24 20 charged", "12-25 0 interval", "12-26 0 interval", "12-27 20 charged"]
    );
    assert_eq!(
        told(&fine(&late("2026-12-27"), &every_three(ChargedAt::End)).days),
        ["12-24 0 interval", "12-25 0 interval", "12-26 20 charged", "12-27 0 interval"]
    );
    let with_grace = rules(&[Setting::FineInterval(3), Setting::GraceDays(4), Setting::GraceCharged(true)]);
    let days = fine(&late("2026-12-30"), &with_grace).days;
    assert_eq!(
        told(&days)[4..],
        ["12-28 40 charged", "12-29 0 interval", "12-30 20 charged"],
        "the 24th, 27th, 30th"
    );
}

#[test]
fn closed_days_and_amnesties_neither_cost_nor_count() {
    let mut set = rules(&[Setting::GraceDays(1)]);
    let until = |text| day(text);
    set.holidays =
        vec![Holidays { from: day("2026-12-24"), until: until("2026-12-25"), name: "馆庆".to_owned() }];
    set.amnesties =
        vec![Amnesty { from: day("2026-12-27"), until: until("2026-12-28"), name: "读者周".to_owned() }];
    assert_eq!(
        told(&fine(&late("2026-12-29"), &set).days),
        [
            "12-24 0 closed",
            "12-25 0 closed",
            "12-26 0 grace",
            "12-27 0 amnesty",
            "12-28 0 amnesty",
            "12-29 20 charged"
        ]
    );
    set.rules.push(Rule { set: Setting::ClosedDaysFree(false), scope: Scope::ALL });
    assert_eq!(
        told(&fine(&late("2026-12-27"), &set).days),
        ["12-24 0 grace", "12-25 20 charged", "12-26 20 charged", "12-27 0 amnesty",]
    );
}

#[test]
fn a_fine_ends_at_the_lower_one_of_its_caps_and_says_which() {
    let set = rules(&[Setting::OverdueFine(Fen(300)), Setting::FineCap(Fen(500))]);
    let priced = |fen| Late { price: Some(Fen(fen)), ..late("2026-12-26") };
    let days = |late: &Late, set: &RuleSet| told(&fine(late, set).days);
    assert_eq!(
        days(&late("2026-12-26"), &set),
        ["12-24 300 charged", "12-25 200 item_cap", "12-26 0 item_cap"]
    );
    assert_eq!(days(&priced(350), &set), ["12-24 300 charged", "12-25 50 price_cap", "12-26 0 price_cap"]);
    let mut half = set.clone();
    half.rules.push(Rule { set: Setting::FinePricePercent(50), scope: Scope::ALL });
    assert_eq!(overdue(&fine(&priced(351), &half)), 175, "rounded down");
    half.rules.push(Rule { set: Setting::FinePriceCaps(false), scope: Scope::ALL });
    assert_eq!(overdue(&fine(&priced(351), &half)), 500);
    assert_eq!(days(&late("2026-12-24"), &rules(&[Setting::OverdueFine(Fen(0))])), ["12-24 0 no_fine"]);
}

#[test]
fn a_reader_owes_no_more_than_the_cap_for_all_books_and_a_payment_makes_room_from_the_next_day() {
    let set = rules(&[Setting::FinesCap(Fen(90))]);
    let book = Rulebook::new(std::slice::from_ref(&set));
    let until = "2026-12-27";
    let two = BTreeMap::from([(loan(1), late(until)), (loan(2), late(until))]);
    let days = |ledger: &Ledger| {
        let fines = ledger.assess(&two, &book, day(until));
        [1, 2].map(|n| told(&fines[&loan(n)].days))
    };
    assert_eq!(
        days(&Ledger::default()),
        [
            ["12-24 20 charged", "12-25 20 charged", "12-26 10 reader_cap", "12-27 0 reader_cap"],
            ["12-24 20 charged", "12-25 20 charged", "12-26 0 reader_cap", "12-27 0 reader_cap"],
        ]
    );

    let no = crate::ids::PaymentNo::parse("F00001").unwrap();
    let posting = Posting::Payment { fen: Fen(40), no };
    let paid = Entry { n: 1, at: at("2026-12-25 00:00:00"), loan: loan(1), posting };
    assert_eq!(
        days(&Ledger::of(vec![paid]).unwrap()),
        [
            ["12-24 20 charged", "12-25 20 charged", "12-26 20 charged", "12-27 10 reader_cap"],
            ["12-24 20 charged", "12-25 20 charged", "12-26 20 charged", "12-27 0 reader_cap"],
        ]
    );
}

#[test]
fn days_without_ordering_take_the_place_of_money_and_begin_with_the_hand_over() {
    let set = rules(&[Setting::SuspensionDays(3), Setting::SuspensionCap(7), Setting::GraceDays(1)]);
    let out = fine(&late("2026-12-26"), &set);
    assert_eq!(
        (out.total(), out.suspension.clone().unwrap().days, out.suspension.unwrap().until),
        (Fen(0), 6, None)
    );
    let back = fine(&back("2026-12-28"), &set);
    assert_eq!(told(&back.days)[3..], ["12-27 0 suspension", "12-28 0 suspension"]);
    assert_eq!(
        [&back.days[3].why, &back.days[4].why],
        [1, 0].map(|days| Why::Suspension { days }).each_ref()
    );
    assert_eq!(back.days[4].by.rule, "suspension_cap");
    let pause = back.suspension.unwrap();
    assert_eq!((pause.days, pause.until), (7, Some(day("2027-01-04"))));
}

#[test]
fn a_book_counts_as_lost_on_its_day_and_its_price_goes_back_with_it() {
    let set = rules(&[Setting::LostDays(4), Setting::LostFee(Fen(500)), Setting::LostRefundDays(10)]);
    let priced = |late| Late { price: Some(Fen(3_900)), ..late };
    assert_eq!(fine(&late("2026-12-26"), &set).lost, None);
    let lost = fine(&priced(late("2026-12-31")), &set);
    assert_eq!(
        told(&lost.days),
        ["12-24 20 charged", "12-25 20 charged", "12-26 20 charged", "12-27 0 lost"]
    );
    assert_eq!(Claim::ALL.map(|claim| lost.amount(claim).0), [60, 3_900, 500]);
    let unknown = fine(&late("2026-12-27"), &set).lost.unwrap();
    assert_eq!(
        (unknown.on, unknown.price, unknown.price_by.unwrap().rule.as_str()),
        (day("2026-12-27"), Fen(5_000), "lost_price")
    );
    let found = |on| Claim::ALL.map(|claim| fine(&priced(back(on)), &set).amount(claim).0);
    assert_eq!(found("2026-12-26"), [60, 0, 0], "it never was");
    assert_eq!(found("2027-01-06"), [60, 0, 500]);
    assert_eq!(found("2027-01-07"), [60, 3_900, 500]);
}

#[test]
fn reading_places_give_points_for_a_book_in_time() {
    let s01 = crate::SiteId::parse("S01").unwrap();
    let mut set = RuleSet::founding();
    let here = Scope { site: Some(s01.clone()), ..Scope::ALL };
    set.rules.push(Rule { set: Setting::OnTimePoints(5), scope: here });
    assert_eq!(set.faults(), []);
    let due = day("2026-12-23");
    let points = |when: &str, site| {
        on_time(due, at(when), &set, &About::card(CardClass::Adult).at(site)).map(|points| points.value)
    };
    assert_eq!(points("2026-12-23 23:59:59", Some(&s01)), Some(5));
    assert_eq!(points("2026-12-24 00:00:00", Some(&s01)), None);
    assert_eq!(points("2026-12-23 10:00:00", None), None);
}

#[test]
fn what_was_settled_is_laid_to_the_oldest_days() {
    let days = fine(&late("2026-12-26"), &RuleSet::founding()).days_settled(Fen(30));
    assert_eq!(
        days.iter().map(|day| (day.fen.0, day.settled.0)).collect::<Vec<_>>(),
        [(20, 20), (20, 10), (20, 0)]
    );
}
