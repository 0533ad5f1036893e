use jiff::civil::Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
use proptest::prelude::*;

use super::*;

const WEEK: [Weekday; 7] = [Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday];

fn hours(text: &str) -> OpeningHours {
    OpeningHours::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The hours of each day, Monday first.
fn week(text: &str) -> [String; 7] {
    let hours = hours(text);
    WEEK.map(|day| hours.spans(day).iter().map(Span::to_string).collect::<Vec<_>>().join(" "))
}

fn refusal(text: &str) -> &'static str {
    OpeningHours::parse(text).expect_err(text).why
}

#[test]
fn the_hours_of_the_demo_library_are_read_and_written_as_they_are() {
    for text in [
        "24/7",
        "Mo-Su 09:00-21:00",
        "Tu-Su 09:00-20:00",
        "Mo-Su 10:00-21:30",
        "Mo-Sa 09:00-18:00",
        "Mo-Fr 09:00-17:30",
        "We-Su 10:00-18:00",
        "Sa-Su 09:30-18:00",
        "Mo-Fr 09:00-12:00,13:00-17:00",
        "Mo-Tu,Th-Fr 09:00-18:00; Sa-Su 10:00-17:00",
        "Mo-We,Su 08:00-24:00",
        "off",
    ] {
        assert_eq!(hours(text).to_string(), text);
    }
}

#[test]
fn a_later_rule_takes_the_place_of_an_earlier_one_on_its_days() {
    let (work, weekend) = ("09:00-18:00", "10:00-17:00");
    assert_eq!(
        week("Mo-Fr 09:00-18:00; Sa,Su 10:00-17:00; We off"),
        [work, work, "", work, work, weekend, weekend]
    );
    assert_eq!(week("We off; 09:00-18:00"), [work; 7], "the later rule names no days and means all");
    assert_eq!(week("Mo-Su 09:00-18:00; Sa-Mo 10:00-17:00")[..2], [weekend, work]);
    assert_eq!(week("24/7; Fr 12:00-24:00")[3..5], ["00:00-24:00", "12:00-24:00"]);
}

#[test]
fn a_day_may_have_several_spans_in_any_order() {
    let lunch = "09:00-12:00 13:00-17:00";
    assert_eq!(week("Mo 09:00-12:00,13:00-17:00")[0], lunch);
    assert_eq!(week("Mo 13:00-17:00, 09:00-12:00")[0], lunch);
    assert_eq!(week("Mo, Su 9:00-12:00,13:00-17:00; Su off"), [lunch, "", "", "", "", "", ""]);
    assert_eq!(hours("Mo 09:00-12:00,12:00-17:00"), hours("Mo 09:00-17:00"), "without a break it is one");
    assert_eq!(hours("Mo-Su 00:00-12:00,12:00-24:00").to_string(), "24/7");
}

#[test]
fn days_behind_a_comma_have_hours_of_their_own_beside_those_before() {
    assert_eq!(week("Tu-Su 08:30-17:00, Mo 13:00-17:00"), week("Tu-Su 08:30-17:00; Mo 13:00-17:00"));
    assert_eq!(week("Mo-Fr 09:00-12:00, Mo,We 13:00-17:00")[..2], ["09:00-12:00 13:00-17:00", "09:00-12:00"]);
    assert_eq!(week("Mo-Fr 09:00-12:00, Tu off")[..2], ["09:00-12:00", ""]);
}

#[test]
fn lists_may_be_written_in_chinese() {
    for (text, plain) in [
        ("09:00-18:00 (提供延时服务)", "Mo-Su 09:00-18:00"),
        ("10:00-21:00", "Mo-Su 10:00-21:00"),
        ("24小时开放", "24/7"),
        ("周二至周日 08:30-17:00, 周一 13:00-17:00", "Mo 13:00-17:00; Tu-Su 08:30-17:00"),
        ("10:00-21:00 (周一闭馆)", "Tu-Su 10:00-21:00"),
        ("星期一至星期五9：00～17：30；周末休息", "Mo-Fr 09:00-17:30"),
        ("每天 09:00—21:00（逢周三闭馆）", "Mo-Tu,Th-Su 09:00-21:00"),
    ] {
        assert_eq!(hours(text).to_string(), plain, "{text}");
    }
}

#[test]
fn a_list_that_says_it_wrongly_is_told_what_is_wrong() {
    for (text, why) in [
        ("", "nothing is said"),
        ("  ", "nothing is said"),
        ("(提供延时服务)", "nothing is said"),
        ("Mo", "without their hours"),
        ("Mo-Fr; 09:00-18:00", "without their hours"),
        ("Mon-Fri 09:00-18:00", "a day is Mo"),
        ("mo 09:00-18:00", "a day is Mo"),
        ("周八 09:00-18:00", "a day is Mo"),
        ("PH off", "calendar of closed days"),
        ("09:00-17:00 (节假日除外)", "a day is Mo"),
        ("09:00-17:00 (午休12:00-13:00)", "a day is Mo"),
        ("Mo 09:00", "like 09:00-18:00"),
        ("Mo 9-18", "a time is"),
        ("Mo 09:00-18:60", "a time is"),
        ("Mo 09:00-24:01", "a time is"),
        ("Mo 09:00-+8:00", "a time is"),
        ("Mo 009:00-18:00", "a time is"),
        ("Mo 09:00-18:00 09:00-18:00", "a time is"),
        ("Mo 18:00-09:00", "closes before it opens"),
        ("Mo 09:00-09:00", "closes before it opens"),
        ("Mo 24:00-24:00", "closes before it opens"),
        ("Mo 09:00-13:00,12:00-17:00", "overlap"),
        ("Mo-Fr 09:00-13:00, Mo 12:00-17:00", "overlap"),
        ("Mo,,Tu 09:00-13:00", "beside nothing"),
        ("Mo 09:00-13:00,", "beside nothing"),
        ("Mo 01:00-02:00,03:00-04:00,05:00-06:00,07:00-08:00,09:00-10:00", "more than four"),
        (&"Mo 09:00-13:00;".repeat(30), "400"),
    ] {
        assert!(refusal(text).contains(why), "{text}: {}", refusal(text));
    }
}

#[test]
fn it_is_open_from_the_minute_it_opens_to_the_minute_before_it_closes() {
    let hours = hours("Mo-Fr 09:00-12:00,13:00-24:00; We off");
    for (at, open) in [
        ("2026-11-23T08:59:59", false), // a Monday
        ("2026-11-23T09:00:00", true),
        ("2026-11-23T11:59:59", true),
        ("2026-11-23T12:00:00", false),
        ("2026-11-23T13:00:00", true),
        ("2026-11-23T23:59:59", true),
        ("2026-11-24T00:00:00", false),
        ("2026-11-25T10:00:00", false),
        ("2026-11-28T10:00:00", false),
    ] {
        assert_eq!(hours.is_open_at(at.parse().unwrap()), open, "{at}");
    }
    assert_eq!(WEEK.map(|day| hours.is_open_on(day)), [true, true, false, true, true, false, false]);
    assert!(WEEK.iter().all(|day| OpeningHours::always().is_open_on(*day)));
}

#[test]
fn hours_are_json_text() {
    let hours = hours("Sa,Su 10:00-17:00");
    let json = serde_json::to_string(&hours).unwrap();
    assert_eq!(json, r#""Sa-Su 10:00-17:00""#);
    assert_eq!(serde_json::from_str::<OpeningHours>(&json).unwrap(), hours);
    assert!(serde_json::from_str::<OpeningHours>(r#""soon""#).is_err());
}

/// A day: up to four spans with time between them.
fn any_day() -> impl Strategy<Value = Vec<Span>> {
    prop::collection::btree_set(0..=MIDNIGHT, 0..=8).prop_map(|minutes| {
        let minutes: Vec<u16> = minutes.into_iter().collect();
        minutes.chunks_exact(2).map(|pair| Span { opens: pair[0], closes: pair[1] }).collect()
    })
}

proptest! {
    #[test]
    fn whatever_the_hours_are_their_text_means_them(days in prop::array::uniform7(any_day())) {
        let hours = OpeningHours { days };

        prop_assert_eq!(OpeningHours::parse(&hours.to_string()), Ok(hours));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[0-9MoTuSa:;,()周一至闭馆 /-]{0,40}") {
        if let Ok(hours) = OpeningHours::parse(&text) {
            prop_assert_eq!(OpeningHours::parse(&hours.to_string()), Ok(hours));
        }
    }
}
