use utoipa::PartialSchema;

use super::*;
use crate::hold::PassedOver;
use crate::text;

#[test]
fn all_obstacles_are_told_at_once() {
    let unknown = Offer { title: None, ..offer("x", &[]) };
    let offers =
        [offer("had0", &[("A0001", "C01")]), unknown, offer("n", &[]), offer("n", &[]), offer("held", &[])];
    let mut account = reader_with(10, 0);
    account.holds.insert(title("held"), Timestamp::UNIX_EPOCH);

    let ask = Ask { if_missing: Some(IfMissing::Cancel), ..Ask::by(account.clone()) };
    assert_eq!(
        ask.codes(&offers),
        ["already_have", "unknown_title", "same_title_twice", "already_waiting", "no_copy_available"]
    );

    let mut all = offers.to_vec();
    all.push(offer("a", &[("A0002", "C01")]));
    account.expires = Some(day("2026-11-22"));
    account.uncollected = vec![day("2026-11-01"); 3];
    let abroad = Target {
        destination: Destination::Home,
        zone: None,
        wish: Wish::default(),
        obstacle: Some(Obstacle::UnknownAddress),
    };
    let few_at_once = Ask::under(r#"[{"set":{"rule":"in_process","value":8}}]"#);
    let ask = Ask { target: abroad, account, if_missing: Some(IfMissing::Cancel), ..few_at_once };
    assert_eq!(
        ask.codes(&all),
        [
            "card_expired",
            "paused",
            "too_many_books",
            "already_have",
            "unknown_title",
            "same_title_twice",
            "already_waiting",
            "no_copy_available",
            "limit_reached",
            "too_many_in_process",
            "unknown_address",
        ]
    );
    assert_eq!(Ask::default().codes(&[]), ["empty_order"]);
}

#[test]
fn what_the_reader_has_already_names_its_order() {
    let had = [offer("had0", &[("A0001", "C01")])];
    let order_no = OrderNo::new(Timestamp::UNIX_EPOCH, 1);
    for account in [reader_with(1, 0), reader_with(0, 1)] {
        let has = Obstacle::AlreadyHave { title_id: title("had0"), order_no: order_no.clone() };
        assert_eq!(Ask::by(account).obstacles(&had), [has]);
    }
}

#[test]
fn what_is_wrong_with_the_destination_is_told_with_the_rest() {
    let closed = Obstacle::SiteClosed { site_id: site("S01"), opens: Some(day("2026-12-01")) };
    let ask = Ask { target: Target { obstacle: Some(closed), ..to("S01") }, ..Ask::default() };
    assert_eq!(ask.codes(&one()), ["site_closed"]);
    assert_eq!(ask.codes(&[offer("n", &[])]), ["no_copy_available", "site_closed"]);
}

/// One of each obstacle, and of each that is told in several ways all of them.
fn every_obstacle() -> Vec<Obstacle> {
    let (title_id, by) = (title("t"), founding("books_per_order"));
    let missing =
        |waiting, likely_days| Obstacle::NoCopyAvailable { title_id: title_id.clone(), waiting, likely_days };
    let slot: Slot = "2026-11-25T09:00/12:00".parse().unwrap();
    let division = || "110105".to_owned();
    let closed = |opens| Obstacle::SiteClosed { site_id: site("S01"), opens };
    vec![
        Obstacle::EmptyOrder,
        Obstacle::TooManyBooks { limit: 5, books: 6, by: by.clone() },
        Obstacle::SameTitleTwice { title_id: title_id.clone() },
        Obstacle::UnknownTitle { title_id: title_id.clone() },
        missing(0, None),
        missing(0, Some(15)),
        missing(2, Some(75)),
        Obstacle::AvailableNow { title_id: title_id.clone() },
        Obstacle::AlreadyHave { title_id: title_id.clone(), order_no: OrderNo::new(now(), 1) },
        Obstacle::AlreadyWaiting { title_id: title_id.clone() },
        Obstacle::NotLendable { title_id: title_id.clone(), by: by.clone() },
        Obstacle::TooDear { title_id: title_id.clone(), price_fen: 2, cap_fen: 1, by: by.clone() },
        Obstacle::LimitReached { limit: 10, open: 10, over: 1, by: by.clone() },
        Obstacle::TooManyInProcess { limit: 10, in_process: 10, over: 1, by: by.clone() },
        Obstacle::TooManyHolds { limit: 10, holds: 10, by: by.clone() },
        Obstacle::CardExpired { last_day: day("2026-11-22") },
        Obstacle::Paused { until: day("2026-12-01"), uncollected: 3, by },
        Obstacle::UnknownAddress,
        Obstacle::OutOfZone { division: "310101".to_owned() },
        Obstacle::UnknownSite,
        closed(None),
        closed(Some(day("2026-12-01"))),
        Obstacle::SiteFull { site_id: site("S01"), capacity: 20 },
        Obstacle::DoorCosts {
            order_no: OrderNo::new(Timestamp::UNIX_EPOCH, 1),
            fee_fen: 300,
            by: founding("home_fee"),
        },
        Obstacle::SlotFull { slot, per_slot: 20, free: 0, slots: Vec::new() },
        Obstacle::SlotFull { slot, per_slot: 20, free: 1, slots: vec![slot] },
        Obstacle::SlotPast { slot, slots: vec![slot] },
        Obstacle::UnknownSlot { slot, slots: vec![slot] },
        Obstacle::SlotsFull { division: division(), per_slot: 20, next: Some(slot), slots: vec![slot] },
        Obstacle::SlotsFull { division: division(), per_slot: 20, next: None, slots: Vec::new() },
    ]
}

/// The names of an enum's variants, as the API's document has them under `tag`.
fn documented<T: PartialSchema>(tag: &str) -> BTreeSet<String> {
    let schema = serde_json::to_value(T::schema()).unwrap();
    let variants = schema["oneOf"].as_array().unwrap().clone();
    variants
        .iter()
        .map(|variant| {
            // A variant with fields is an `allOf` of them and the tag in some forms of the document.
            let text = variant.to_string();
            let name = text
                .split(&format!(r#""{tag}":{{"#))
                .nth(1)
                .and_then(|rest| rest.split(r#""enum":[""#).nth(1));
            name.and_then(|rest| rest.split('"').next())
                .unwrap_or_else(|| panic!("no {tag} in {text}"))
                .to_owned()
        })
        .collect()
}

#[test]
fn every_obstacle_has_its_code_a_text_and_a_way_out() {
    let mut account = reader_with(1, 1);
    account.holds.insert(title("held"), Timestamp::UNIX_EPOCH);
    let mut codes = BTreeSet::new();
    for obstacle in every_obstacle() {
        assert_eq!(serde_json::to_value(&obstacle).unwrap()["code"], obstacle.code());
        assert!(is_chinese_sentence(&text::obstacle(&obstacle)), "{obstacle:?}");
        assert!(!obstacle.actions(&account).is_empty(), "{obstacle:?}");
        let json = serde_json::to_string(&obstacle).unwrap();
        assert_eq!(serde_json::from_str::<Obstacle>(&json).unwrap(), obstacle, "it is kept with an answer");
        codes.insert(obstacle.code().to_owned());
    }
    assert_eq!(codes, documented::<Obstacle>("code"), "none is forgotten here");
}

/// One of each reason why who waits is passed over, but for those that another obstacle of an order is.
fn every_passing_over() -> Vec<PassedOver> {
    let away = [
        PassedOver::Suspended { until: day("2026-12-01") },
        PassedOver::TooLate { last_day: day("2026-11-22") },
    ];
    every_obstacle().into_iter().map(PassedOver::from).chain(away).collect()
}

#[test]
fn whoever_is_passed_over_is_told_why_and_what_to_do() {
    let mut codes = BTreeSet::new();
    for why in every_passing_over() {
        assert!(is_chinese_sentence(&text::passed_over(&why)), "{why:?}");
        // Who has nothing can neither give back nor cancel.
        for account in [reader(), reader_with(1, 1)] {
            assert!(!why.actions(&title("t"), &account).is_empty(), "{why:?}");
        }
        codes.insert(serde_json::to_value(&why).unwrap()["code"].as_str().unwrap().to_owned());
    }
    assert_eq!(codes, documented::<PassedOver>("code"), "none is forgotten here");
}

#[test]
fn every_way_out_leads_out_of_some_obstacle() {
    let account = reader_with(1, 1);
    let passed_over = every_passing_over();
    let kinds: BTreeSet<String> = every_obstacle()
        .iter()
        .flat_map(|obstacle| obstacle.actions(&account))
        .chain(passed_over.iter().flat_map(|why| why.actions(&title("t"), &account)))
        .map(|way| serde_json::to_value(way).unwrap()["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, documented::<Action>("kind"));
}

#[test]
fn who_has_too_many_books_is_shown_what_to_give_back_and_what_to_cancel() {
    let mut account = reader_with(2, 3);
    let due = ["2026-12-20", "2026-12-01", "2026-12-01"];
    for (n, due) in (2..5).zip(due) {
        account.open.insert(title(&format!("had{n}")), item(n, Some(day(due))));
    }
    let obstacle = Obstacle::LimitReached { limit: 5, open: 5, over: 1, by: founding("open_items") };
    let actions = obstacle.actions(&account);
    let Some(Action::Return { loans }) = actions.first() else { panic!("{actions:?}") };
    let soonest: Vec<(&str, String)> =
        loans.iter().map(|loan| (loan.title.as_str(), loan.due.to_string())).collect();
    assert_eq!(
        soonest,
        [
            ("《had3》", "2026-12-01".to_owned()),
            ("《had4》", "2026-12-01".to_owned()),
            ("《had2》", "2026-12-20".to_owned())
        ]
    );
    let orders = vec![OrderNo::new(Timestamp::UNIX_EPOCH, 1)];
    assert_eq!(actions.get(1), Some(&Action::SettleOrders { orders }), "two books, but one order");
}

#[test]
fn who_orders_too_many_books_is_told_how_many_to_take_out() {
    let [too_many] = Ask::default().obstacles(&offers(7)).try_into().unwrap();
    let actions = Obstacle::actions(&too_many, &reader());
    assert_eq!(actions, [Action::RemoveBooks { count: 2 }], "seven, where five are one order's most");
}

#[test]
fn a_way_out_is_never_an_empty_list() {
    let in_process = Ask::under(r#"[{"set":{"rule":"in_process","value":2}}]"#);
    let open_items = Ask::under(r#"[{"set":{"rule":"open_items","value":2}}]"#);
    for ask in [in_process, open_items] {
        // The reader has nothing yet; the order alone is more than the limit.
        for obstacle in ask.obstacles(&offers(3)) {
            let leads_out = |way: &Action| match way {
                Action::Return { loans } => !loans.is_empty(),
                Action::SettleOrders { orders } => !orders.is_empty(),
                Action::LeaveQueue { titles } => !titles.is_empty(),
                Action::ChooseSlot { slots } => !slots.is_empty(),
                Action::AddBook
                | Action::RemoveBooks { .. }
                | Action::RemoveTitle { .. }
                | Action::JoinQueue { .. }
                | Action::OtherEdition { .. }
                | Action::Order { .. }
                | Action::ShowOrder { .. }
                | Action::OrderAnew { .. }
                | Action::ReadThere { .. }
                | Action::WaitUntil { .. }
                | Action::RenewCard
                | Action::ChooseAddress
                | Action::ChooseSite { .. }
                | Action::WaitAgain { .. }
                | Action::WaitLonger { .. } => true,
            };
            let actions = obstacle.actions(&ask.account);
            assert!(actions.iter().any(leads_out), "{}: {actions:?}", obstacle.code());
        }
    }
}
