use super::*;
use crate::rules::{CardClass, Zone};

/// The rule of [`rules`] that decided.
fn by(rule: &str, scope: &str) -> By {
    By { rule: rule.to_owned(), version: 7, scope: serde_json::from_str(scope).unwrap() }
}

#[test]
fn each_limit_says_which_rule_set_it() {
    let json = r#"[
        {"set":{"rule":"books_per_order","value":3}},
        {"set":{"rule":"books_per_order","value":2},"for":{"card":"child"}},
        {"set":{"rule":"books_per_order","value":1},"for":{"site":"S01"}}]"#;
    let child = Account { class: CardClass::Child, ..reader() };
    let too_many = |limit, scope: &str| {
        let by = by("books_per_order", scope);
        [Obstacle::TooManyBooks { limit, books: limit + 1, by }]
    };

    assert!(Ask::under(json).quote(&offers(3)).is_ok());
    assert_eq!(Ask::under(json).obstacles(&offers(4)), too_many(3, "{}"));
    let ask = Ask { account: child, ..Ask::under(json) };
    assert!(ask.quote(&offers(2)).is_ok());
    assert_eq!(ask.obstacles(&offers(3)), too_many(2, r#"{"card":"child"}"#));
    let ask = Ask { target: to("S01"), ..ask };
    assert!(ask.quote(&offers(1)).is_ok());
    assert_eq!(ask.obstacles(&offers(2)), too_many(1, r#"{"site":"S01"}"#), "the site before the card");
    let as_founded = Obstacle::TooManyBooks { limit: 5, books: 6, by: founding("books_per_order") };
    assert_eq!(Ask::default().obstacles(&offers(6)), [as_founded]);
}

#[test]
fn a_reader_has_only_so_many_books_ordered_and_on_loan_together() {
    let reached = |limit, open, by| [Obstacle::LimitReached { limit, open, over: 1, by }];
    assert!(Ask::by(reader_with(0, 9)).quote(&one()).is_ok());
    assert_eq!(Ask::by(reader_with(0, 10)).obstacles(&one()), reached(10, 10, founding("open_items")));
    assert_eq!(Ask::by(reader_with(0, 8)).obstacles(&offers(3)), reached(10, 8, founding("open_items")));

    let more = r#"[{"set":{"rule":"open_items","value":12},"for":{"card":"privileged"}}]"#;
    let teacher = |on_loan| {
        let account = Account { class: CardClass::Privileged, ..reader_with(0, on_loan) };
        Ask { account, ..Ask::under(more) }
    };
    assert!(teacher(11).quote(&one()).is_ok());
    let by = by("open_items", r#"{"card":"privileged"}"#);
    assert_eq!(teacher(11).obstacles(&offers(2)), reached(12, 11, by));
}

#[test]
fn only_what_has_not_come_yet_counts_as_being_under_way() {
    let json = r#"[{"set":{"rule":"in_process","value":2},"for":{"site":"S01"}}]"#;
    let ask = |under_way, on_loan| Ask {
        account: reader_with(under_way, on_loan),
        target: to("S01"),
        ..Ask::under(json)
    };
    assert!(ask(0, 5).quote(&offers(2)).is_ok(), "what is at home does not count");
    let too_many = |in_process| Obstacle::TooManyInProcess {
        limit: 2,
        in_process,
        over: 1,
        by: by("in_process", r#"{"site":"S01"}"#),
    };
    assert_eq!(ask(1, 5).obstacles(&offers(2)), [too_many(1)]);
    assert_eq!(ask(2, 0).obstacles(&one()), [too_many(2)]);
    assert!(Ask { target: home(), ..ask(2, 0) }.quote(&one()).is_ok(), "the rule is that site's");
    assert_eq!(
        Ask::by(reader_with(10, 0)).codes(&one()),
        ["limit_reached"],
        "as founded the one limit is the other, and told once"
    );
}

#[test]
fn a_reader_waits_for_only_so_many_titles() {
    let json = r#"[{"set":{"rule":"holds","value":2}}]"#;
    let waits_for = |titles: &[&str]| {
        let holds = titles.iter().map(|name| (title(name), Timestamp::UNIX_EPOCH)).collect();
        let account = Account { holds, ..reader() };
        Ask { account, if_missing: Some(IfMissing::Wait), ..Ask::under(json) }
    };
    let missing = |name: &str| lent_out(offer(name, &[(&format!("{name}0001"), "C01")]));
    let offers = [one()[0].clone(), missing("m")];
    assert_eq!(waits_for(&["x"]).quote(&offers).unwrap().queued.len(), 1);
    let too_many = |holds| Obstacle::TooManyHolds { limit: 2, holds, by: by("holds", "{}") };
    assert_eq!(waits_for(&["x", "y"]).obstacles(&offers), [too_many(2)]);
    let two = [one()[0].clone(), missing("m"), missing("n")];
    assert_eq!(waits_for(&["x"]).obstacles(&two), [too_many(1)]);
    assert!(waits_for(&["x", "y", "z"]).quote(&one()).is_ok(), "who waits for nothing more may order");
}

#[test]
fn a_card_is_good_on_its_last_day_and_not_after_it() {
    let good_until = |last: &str| Ask::by(Account { expires: Some(day(last)), ..reader() });
    assert!(good_until("2026-11-23").quote(&one()).is_ok());
    let expired = Obstacle::CardExpired { last_day: day("2026-11-22") };
    assert_eq!(good_until("2026-11-22").obstacles(&one()), [expired]);
    let late = Ask { now: at("2026-11-23T23:59:59"), ..good_until("2026-11-23") };
    assert!(late.quote(&one()).is_ok(), "until midnight in Shanghai");
}

#[test]
fn a_pause_says_until_when_and_by_which_rule() {
    let account = Account { uncollected: vec![day("2026-11-01"), day("2026-11-20")], ..reader() };
    assert!(Ask::by(account.clone()).quote(&one()).is_ok(), "two are no pause as founded");
    let json = r#"[
        {"set":{"rule":"violations","value":2},"for":{"card":"adult"}},
        {"set":{"rule":"ban_days","value":3}}]"#;
    let ask = Ask { account, ..Ask::under(json) };
    let paused = [Obstacle::Paused {
        until: day("2026-11-23"),
        uncollected: 2,
        by: by("violations", r#"{"card":"adult"}"#),
    }];
    assert_eq!(ask.obstacles(&one()), paused);
    assert_eq!(paused[0].actions(&ask.account), [Action::WaitUntil { day: day("2026-11-24") }]);
    assert!(Ask { now: at("2026-11-24T00:00:00"), ..ask }.quote(&one()).is_ok(), "and then it is over");
}

#[test]
fn a_reference_copy_stays_and_an_ordinary_one_of_the_same_title_goes() {
    let json = r#"[{"set":{"rule":"lendable","value":false},"for":{"item":"reference"}}]"#;
    let mut mixed = offer("a", &[("A0001", "C01"), ("A0002", "C01")]);
    mixed.copies[0].class = ItemClass::Reference;
    for spread in 0..2 {
        assert_eq!(Ask { spread, ..Ask::under(json) }.parcels(&[mixed.clone()]), ["C01: A0002"]);
    }
    mixed.copies[1].status = CopyStatus::OnLoan;
    let lent = Obstacle::NoCopyAvailable { title_id: title("a"), waiting: 0, likely_days: Some(15) };
    assert_eq!(Ask::under(json).obstacles(&[mixed]), [lent], "the other one comes back some day");

    let only = each(offer("a", &[("A0001", "C01")]), |copy| copy.class = ItemClass::Reference);
    let by = by("lendable", r#"{"item":"reference"}"#);
    let stays = [Obstacle::NotLendable { title_id: title("a"), by }];
    for wish in [IfMissing::ShipFound, IfMissing::Wait, IfMissing::Cancel] {
        let ask = Ask { if_missing: Some(wish), ..Ask::under(json) };
        assert_eq!(ask.obstacles(&[one()[0].clone(), only.clone()]), stays);
    }
}

#[test]
fn a_book_that_is_worth_too_much_is_not_sent() {
    let costs = |fen| [each(offer("a", &[("A0001", "C01")]), |copy| copy.price = Some(Fen(fen)))];
    assert!(Ask::default().quote(&costs(100_000)).is_ok(), "1000 yuan, as founded");
    let too_dear =
        |price_fen, cap_fen, by| Obstacle::TooDear { title_id: title("a"), price_fen, cap_fen, by };
    assert_eq!(
        Ask::default().obstacles(&costs(100_001)),
        [too_dear(100_001, 100_000, founding("price_cap"))]
    );
    let json = r#"[{"set":{"rule":"price_cap","value":5000},"for":{"item":"new"}}]"#;
    assert!(Ask::under(json).quote(&costs(5_001)).is_ok());
    let new = costs(5_001).map(|offer| each(offer, |copy| copy.class = ItemClass::New));
    let by = by("price_cap", r#"{"item":"new"}"#);
    assert_eq!(Ask::under(json).obstacles(&new), [too_dear(5_001, 5_000, by)]);
    let mut two = offer("a", &[("A0001", "C01"), ("A0002", "C01")]);
    two.copies[0].price = Some(Fen(200_000));
    assert_eq!(Ask::default().parcels(&[two]), ["C01: A0002"], "the one whose price nobody knows goes");
}

#[test]
fn home_delivery_goes_where_the_rules_say() {
    let goes_to = |rules: &RuleSet, division: &str| rules.zone(division).is_some();
    let everywhere = RuleSet::founding();
    assert!(goes_to(&everywhere, "110119"));
    assert!(!goes_to(&everywhere, "310101"));

    let zones = vec![Zone { division: "110105".to_owned(), per_slot: None }];
    let few = RuleSet { zones, ..RuleSet::founding() };
    assert!(goes_to(&few, "110105"));
    assert!(!goes_to(&few, "110119"));
    assert!(Ask { rules: few, ..Ask::to("S01") }.quote(&one()).is_ok(), "a site needs no zone");
}

#[test]
fn the_door_costs_what_the_rules_say_and_a_site_nothing() {
    let json = r#"[
        {"set":{"rule":"home_fee","value":300}},
        {"set":{"rule":"home_fee_more","value":100}},
        {"set":{"rule":"home_fee","value":50},"for":{"card":"child"}}]"#;
    let fee = |ask: &Ask, books: usize| ask.quote(&offers(books)).unwrap().fee;
    let costs = |fen, by| Fee { fen: Fen(fen), more: Fen(100), by: Some(by) };
    let nothing = Fee { more: Fen::ZERO, ..costs(0, founding("home_fee")) };
    assert_eq!(fee(&Ask::default(), 3), nothing);
    assert_eq!(fee(&Ask::under(json), 1), costs(300, by("home_fee", "{}")));
    assert_eq!(fee(&Ask::under(json), 3), costs(500, by("home_fee", "{}")));
    let child = Account { class: CardClass::Child, ..reader() };
    let ask = Ask { account: child, ..Ask::under(json) };
    assert_eq!(fee(&ask, 2), costs(150, by("home_fee", r#"{"card":"child"}"#)));
    assert_eq!(fee(&Ask { target: to("S01"), ..ask }, 3), Fee { by: None, ..nothing });

    let partly = [one()[0].clone(), offer("n", &[]), lent_out(offer("m", &[("M0001", "C01")]))];
    assert_eq!(
        Ask::under(json).quote(&partly).unwrap().fee.fen,
        Fen(300),
        "nobody pays for what is not sent"
    );
}
