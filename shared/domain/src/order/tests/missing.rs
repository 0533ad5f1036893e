use super::*;

#[test]
fn a_missing_book_follows_the_readers_wish() {
    let offers = [offer("a", &[("A0001", "C01")]), offer("b", &[])];
    let found = Ask::if_missing(IfMissing::ShipFound).quote(&offers).unwrap();
    assert_eq!(
        (parcels(&found), found.unfilled, found.queued),
        (vec!["C01: A0001".to_owned()], vec![title("b")], vec![])
    );
    let missing = [Obstacle::NoCopyAvailable { title_id: title("b"), waiting: 0, likely_days: None }];
    assert_eq!(Ask::if_missing(IfMissing::Cancel).obstacles(&offers), missing);
    assert_eq!(
        Ask::if_missing(IfMissing::ShipFound).obstacles(&offers[1..]),
        missing,
        "an order of nothing is no order"
    );
}

#[test]
fn a_reader_who_would_wait_is_told_the_place_and_about_how_long() {
    let lent =
        |name: &str, copies: &[(&str, &str)], waiting| Offer { waiting, ..lent_out(offer(name, copies)) };
    let offers = [
        offer("a", &[("A0001", "C01")]),
        lent("b", &[("B0001", "C01")], 0),
        lent("c", &[("C0001", "C01")], 2),
        lent("d", &[("D0001", "C01"), ("D0002", "L01")], 2),
    ];
    let quote = Ask::if_missing(IfMissing::Wait).quote(&offers).unwrap();

    assert_eq!(parcels(&quote), ["C01: A0001"]);
    assert_eq!(quote.unfilled, []);
    let queued: Vec<(&str, u32, Option<u32>)> =
        quote.queued.iter().map(|one| (one.title.as_str(), one.place, one.likely_days)).collect();
    assert_eq!(queued, [("《b》", 1, Some(15)), ("《c》", 3, Some(75)), ("《d》", 3, Some(45))]);
}

#[test]
fn a_wait_is_counted_in_loans_of_such_items() {
    let new = each(lent_out(offer("b", &[("B0001", "C01")])), |copy| copy.class = ItemClass::New);
    let offers = [offer("a", &[("A0001", "C01")]), Offer { waiting: 1, ..new }];
    let short = r#"[{"set":{"rule":"loan_days","value":14},"for":{"item":"new"}}]"#;
    let ask = Ask { if_missing: Some(IfMissing::Wait), ..Ask::under(short) };
    assert_eq!(ask.quote(&offers).unwrap().queued.first().unwrap().likely_days, Some(7 + 14));
}

#[test]
fn nobody_waits_for_a_title_without_a_copy_that_could_come() {
    let missing = [Obstacle::NoCopyAvailable { title_id: title("b"), waiting: 0, likely_days: None }];
    let offers = [offer("a", &[("A0001", "C01")]), offer("b", &[])];
    assert_eq!(Ask::if_missing(IfMissing::Wait).obstacles(&offers), missing);
    assert!(
        !missing[0].actions(&reader()).iter().any(|way| matches!(way, Action::JoinQueue { .. })),
        "nor is it advised"
    );
}

#[test]
fn an_order_of_nothing_but_waiting_is_no_order_and_says_how_to_wait() {
    let offers = [Offer { waiting: 1, ..lent_out(offer("b", &[("B0001", "C01")])) }];
    let missing = [Obstacle::NoCopyAvailable { title_id: title("b"), waiting: 1, likely_days: Some(45) }];
    assert_eq!(Ask::if_missing(IfMissing::Wait).obstacles(&offers), missing);
    assert_eq!(
        missing[0].actions(&reader()).first(),
        Some(&Action::JoinQueue { title_id: title("b") }),
        "the likeliest way comes first"
    );
}

#[test]
fn without_a_wish_the_rules_say_what_becomes_of_a_missing_book() {
    let offers = [offer("a", &[("A0001", "C01")]), lent_out(offer("b", &[("B0001", "C01")]))];
    let ends = |ask: &Ask| match ask.quote(&offers) {
        Ok(quote) => format!("{} left out, {} queued", quote.unfilled.len(), quote.queued.len()),
        Err(obstacles) => format!("{} in the way", obstacles.len()),
    };
    let partial = |wish: &str, scope: &str| {
        Ask::under(&format!(r#"[{{"set":{{"rule":"partial","value":"{wish}"}},"for":{scope}}}]"#))
    };
    assert_eq!(ends(&Ask::default()), "1 left out, 0 queued", "as founded");
    assert_eq!(ends(&partial("wait", "{}")), "0 left out, 1 queued");
    assert_eq!(ends(&partial("cancel", "{}")), "1 in the way");
    assert_eq!(ends(&partial("cancel", r#"{"card":"child"}"#)), "1 left out, 0 queued", "not for a child");
    let asked = Ask { if_missing: Some(IfMissing::Wait), ..partial("cancel", "{}") };
    assert_eq!(ends(&asked), "0 left out, 1 queued", "a wish outweighs the rule");
}

#[test]
fn a_copy_that_a_waiting_reader_gets_is_not_given_to_another() {
    let free = |waiting| [Offer { waiting, ..offer("a", &[("A0001", "C01"), ("A0002", "L01")]) }];
    for waiting in [0, 1] {
        assert!(Ask::default().quote(&free(waiting)).is_ok(), "{waiting} wait for two");
    }
    for waiting in [2, 3, u32::MAX] {
        assert_eq!(Ask::default().codes(&free(waiting)), ["no_copy_available"], "{waiting} wait for two");
    }
    let offers = [one()[0].clone(), free(2)[0].clone()];
    let quote = Ask::if_missing(IfMissing::Wait).quote(&offers).unwrap();
    let place = quote.queued.first().map(|one| (one.place, one.likely_days));
    assert_eq!(place, Some((3, Some(45))), "two copies for three: a round later");
}
