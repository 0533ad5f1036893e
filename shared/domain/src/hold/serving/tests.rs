use jiff::Timestamp;

use super::*;
use crate::copy::{CopyStatus, Received};
use crate::ids::{Barcode, TitleId};
use crate::money::Fen;
use crate::rules::CardClass;

fn site(id: &str) -> SiteId {
    SiteId::parse(id).unwrap()
}

/// A copy that somebody has at home.
fn lent(code: &str, class: ItemClass) -> Copy {
    Copy {
        barcode: Barcode::parse(code).unwrap(),
        title_id: TitleId::parse("t").unwrap(),
        site: site("C01"),
        call_number: "I1/1".to_owned(),
        class,
        price: None,
        status: CopyStatus::OnLoan,
        holder: None,
        received: Received { at: Timestamp::UNIX_EPOCH, site: site("C01") },
        version: 1,
    }
}

fn free(code: &str, class: ItemClass) -> Copy {
    Copy { status: CopyStatus::Available, ..lent(code, class) }
}

fn rules(json: &str) -> RuleSet {
    let set = format!(r#"{{"version":2,"starts":"2026-01-01","rules":{json}}}"#);
    let rules: RuleSet = serde_json::from_str(&set).unwrap();
    assert_eq!(rules.faults(), []);
    rules
}

#[test]
fn the_wait_grows_by_a_loan_for_each_round() {
    let waits =
        [(1, 1), (2, 1), (3, 2), (5, 5), (6, 5)].map(|(place, copies)| likely_wait(place, copies, 30));
    assert_eq!(waits, [Some(15), Some(45), Some(45), Some(15), Some(45)]);
    assert_eq!(likely_wait(1, 0, 30), None);
}

#[test]
fn a_wait_is_hopeless_beyond_what_the_rules_call_reasonable_and_without_a_copy() {
    let rules = RuleSet::founding();
    let copies = [lent("Y00001", ItemClass::Ordinary), lent("Y00002", ItemClass::Ordinary)];
    let outlook = |place, copies| Serving::of(copies, &rules, &About::default()).outlook(place, &rules);
    // A loan is 30 days and 180 are reasonable: 15 for the first reader, and 30 for each one before.
    assert_eq!([1, 6, 7].map(|place| outlook(place, &copies[..1]).hopeless), [false, false, true]);
    assert!(!outlook(7, &copies).hopeless);
    assert_eq!(outlook(1, &[]), Outlook { likely_days: None, hopeless: true });
}

#[test]
fn a_wait_is_counted_in_loans_of_the_items_that_one_waits_for() {
    let rules = rules(
        r#"[{"set":{"rule":"loan_days","value":14},"for":{"item":"new"}},
            {"set":{"rule":"lendable","value":false},"for":{"item":"reference"}}]"#,
    );
    let days = |copies: &[Copy], place| {
        Serving::of(copies, &rules, &About::default()).outlook(place, &rules).likely_days
    };
    let new = lent("Y00001", ItemClass::New);
    assert_eq!([1, 2].map(|place| days(std::slice::from_ref(&new), place)), [Some(7), Some(21)]);
    let with_old = [new.clone(), lent("Y00002", ItemClass::Ordinary)];
    assert_eq!(
        days(&with_old, 1),
        Some(15),
        "whoever waits does not know which of them comes: the longer one"
    );
    let with_reference = [new, free("Y00003", ItemClass::Reference)];
    assert_eq!(days(&with_reference, 2), Some(21), "what stays in the house shortens nobody's wait");
}

#[test]
fn what_a_site_does_not_lend_serves_nobody_who_collects_there() {
    let rules = rules(r#"[{"set":{"rule":"lendable","value":false},"for":{"site":"S01"}}]"#);
    let copies = [lent("Y00001", ItemClass::Ordinary)];
    let s01 = site("S01");
    let likely = |about: About<'_>| Serving::of(&copies, &rules, &about).outlook(1, &rules).likely_days;
    assert_eq!(likely(About::default()), Some(15));
    assert_eq!(likely(About::default().at(Some(&s01))), None);
}

#[test]
fn a_free_copy_counts_for_those_alone_whom_it_serves() {
    let rules = rules(
        r#"[{"set":{"rule":"price_cap","value":5000},"for":{"card":"child"}},
            {"set":{"rule":"lendable","value":false},"for":{"site":"S01"}}]"#,
    );
    let s01 = site("S01");
    let (adult, child) = (About::card(CardClass::Adult), About::card(CardClass::Child));
    let dear = Copy { price: Some(Fen(8000)), ..free("Y00001", ItemClass::Ordinary) };
    let places = BTreeMap::new();
    let served = |waiting: &[About<'_>], copies: &[Copy]| demand(waiting, copies, &places, &rules).free;
    let one = [dear.clone()];
    assert_eq!(served(&[adult], &one), 1);
    assert_eq!(served(&[child], &one), 0, "too dear for a child's card");
    assert_eq!(served(&[adult.at(Some(&s01))], &one), 0, "not lent there");
    assert_eq!(served(&[child, adult], &one), 1, "it goes to the next one");
    assert_eq!(served(&[adult, adult], &one), 1, "to one of them");
    assert_eq!(served(&[adult, child], &[dear, free("Y00002", ItemClass::Ordinary)]), 2);
    assert_eq!(served(&[adult], &[lent("Y00003", ItemClass::Ordinary)]), 0);
}
