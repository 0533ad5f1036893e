//! Rules, closings and amnesties that come while a fine runs, or afterwards.

use super::*;
use crate::rules::{Amnesty, Holidays};

fn under(versions: &[RuleSet], late: &Late, today: &str) -> Fine {
    Fine::of(late, &Rulebook::new(versions), day(today))
}

#[test]
fn dearer_rules_leave_a_fine_as_it_is_and_lighter_ones_make_all_of_it_lighter() {
    let now = version(1, "2018-01-01", &[]);
    let dearer = version(2, "2026-12-26", &[Setting::OverdueFine(Fen(100))]);
    let fine = under(&[now.clone(), dearer.clone()], &late("2026-12-28"), "2026-12-28");
    assert_eq!((overdue(&fine), fine.version), (100, 1));

    let lighter = version(2, "2026-12-26", &[Setting::OverdueFine(Fen(5))]);
    let versions = [now, lighter];
    let before = under(&versions, &late("2026-12-25"), "2026-12-25");
    let after = under(&versions, &late("2026-12-26"), "2026-12-26");
    assert_eq!((overdue(&before), before.version), (40, 1));
    assert_eq!((overdue(&after), after.version), (15, 2));

    let came_too_late = under(&versions, &back("2026-12-25"), "2027-01-31");
    assert_eq!((overdue(&came_too_late), came_too_late.version), (40, 1), "the loan had ended");
    let due_later = under(
        &[versions[0].clone(), dearer],
        &Late { due: day("2026-12-26"), ..late("2026-12-27") },
        "2026-12-27",
    );
    assert_eq!((overdue(&due_later), due_later.version), (100, 2), "they were in force on the due day");
}

#[test]
fn money_and_days_without_ordering_are_not_weighed_against_each_other() {
    let days = [Setting::SuspensionDays(1)];
    for (first, then) in [(&[][..], &days[..]), (&days[..], &[][..])] {
        let versions = [version(1, "2018-01-01", first), version(2, "2026-12-25", then)];
        assert_eq!(
            under(&versions, &late("2026-12-28"), "2026-12-28").version,
            1,
            "the rules of the due day"
        );
    }
}

#[test]
fn a_closing_and_an_amnesty_are_good_for_days_before_they_were_declared() {
    let now = version(1, "2018-01-01", &[]);
    let mut declared = version(2, "2027-01-10", &[]);
    declared.holidays =
        vec![Holidays { from: day("2026-12-24"), until: day("2026-12-25"), name: "雪灾".to_owned() }];
    declared.amnesties =
        vec![Amnesty { from: day("2026-12-27"), until: day("2026-12-27"), name: "读者周".to_owned() }];
    let versions = [now, declared];
    let cost = |today| overdue(&under(&versions, &back("2026-12-28"), today));
    assert_eq!([cost("2027-01-09"), cost("2027-01-10")], [100, 40]);
}

#[test]
fn a_closing_that_was_planned_and_called_off_before_it_came_frees_no_day() {
    let mut planned = version(1, "2018-01-01", &[]);
    planned.holidays =
        vec![Holidays { from: day("2026-12-26"), until: day("2026-12-27"), name: "盘点".to_owned() }];
    let called_off = version(2, "2026-12-26", &[]);
    assert_eq!(
        told(&under(&[planned.clone(), called_off], &late("2026-12-27"), "2026-12-27").days)[2..],
        ["12-26 20 charged", "12-27 20 charged"]
    );
    let tidied_up = version(2, "2026-12-27", &[]);
    assert_eq!(
        told(&under(&[planned, tidied_up], &late("2026-12-27"), "2026-12-27").days)[2..],
        ["12-26 0 closed", "12-27 20 charged"],
        "it was closed on the 26th"
    );
}

#[test]
fn before_the_library_has_set_rules_and_without_any_overdue_day_there_is_an_answer_too() {
    let fine = under(&[], &late("2026-12-24"), "2026-12-24");
    assert_eq!((overdue(&fine), fine.version), (20, 1));
    let in_time = under(&[], &back("2026-12-20"), "2026-12-24");
    assert_eq!((in_time.total(), in_time.days.len(), in_time.late.overdue()), (Fen(0), 0, 0));
}
