//! The catalogue against what carriers take and what is written down for them.

use jiff::Timestamp;
use jiff::civil::Date;

use super::*;
use crate::ids::{OrderNo, ReturnNo};
use crate::returning::Step as ReturnStep;

#[test]
fn a_telling_is_its_template_with_its_values() {
    let told = ready_for_pickup("261123ABC0000001", "朝阳门取书点", "12 月 3 日", "482913");

    assert_eq!(told.template(), "ready_for_pickup");
    assert_eq!(
        told.values().collect::<Vec<_>>(),
        [
            ("order_no", "261123ABC0000001"),
            ("site", "朝阳门取书点"),
            ("until", "12 月 3 日"),
            ("code", "482913")
        ]
    );
    assert_eq!(
        told.text(),
        "【预借】订单 261123ABC0000001：图书已送达朝阳门取书点，请于 12 月 3 日前（含当日）凭取书码 482913 领取。"
    );
}

#[test]
fn values_stand_in_the_order_of_the_text_because_one_provider_goes_by_their_places() {
    for Template { name, variables, text } in TEMPLATES {
        let places: Vec<_> = variables.iter().map(|variable| text.find(&format!("{{{variable}}}"))).collect();
        assert!(places.iter().all(Option::is_some), "{name}: {variables:?} of {text}");
        assert!(places.is_sorted(), "{name}: {variables:?} are not in the order of {text}");
        assert_eq!(text.matches('{').count(), variables.len(), "{name}: {text}");
        assert!(text.ends_with('。'), "{name}: {text}");
    }
}

#[test]
fn what_a_reader_did_is_never_told_back_and_a_code_of_a_courier_is_needed_to_name_one() {
    let at: Timestamp = "2026-11-25T02:05:00Z".parse().unwrap();
    let no = ReturnNo::new(at, 1);
    let told = |step, waybill| return_step(step, no.as_str(), 2, at, waybill).map(|told| told.text());

    assert_eq!(told(ReturnStep::Booked, None), None);
    assert_eq!(told(ReturnStep::CourierBooked, None), None, "there is no waybill to name");
    let given_back = told(ReturnStep::GivenBack, None).unwrap();
    assert!(
        given_back.ends_with("已收到您归还的 2 本图书，自 11 月 25 日 10:05 起不再计算借期。"),
        "{given_back}"
    );
}

#[test]
fn loans_are_counted_from_a_day_of_the_calendar() {
    let no = OrderNo::new(Timestamp::UNIX_EPOCH, 1);
    let told = loan_begun(no.as_str(), true, Date::constant(2026, 11, 30)).text();
    assert!(told.ends_with("图书已取走，借期自 11 月 30 日起算，祝您阅读愉快。"), "{told}");
}

/// What an operator has approved is copied from there: docs/notices.md is a list for people, and this keeps it true.
#[test]
fn the_list_for_operators_has_every_template_as_it_is() {
    let list = include_str!("../../../../docs/notices.md");
    let rows: Vec<String> = TEMPLATES.iter().map(row).collect();
    let written: Vec<&str> = list.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(written, rows, "docs/notices.md should have:\n{}", rows.join("\n"));
}

fn row(Template { name, text, .. }: &Template) -> String {
    format!("| `{name}` | {} |", text.replace('{', "${"))
}
