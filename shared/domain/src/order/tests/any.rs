use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::rules::{CardClass, Holidays, Rule, Setting};
use crate::text;

prop_compose! {
    fn any_copy()(
        at in prop_oneof![3 => Just("C01"), 2 => Just("L01"), 1 => Just("L02"), 1 => Just("S01")],
        status in prop_oneof![3 => Just(CopyStatus::Available), 1 => Just(CopyStatus::Reserved),
            1 => Just(CopyStatus::OnLoan)],
        class in prop_oneof![6 => Just(ItemClass::Ordinary), 1 => Just(ItemClass::New),
            1 => Just(ItemClass::Children), 1 => Just(ItemClass::Reference)],
        price in proptest::option::of(0_u32..12_000),
    ) -> Copy {
        Copy { status, class, price: price.map(Fen), ..copy("any", "ANY00", at) }
    }
}

prop_compose! {
    fn any_offers()(
        wanted in proptest::collection::vec(
            (0_usize..100, proptest::collection::vec(any_copy(), 0..6), prop_oneof![5 => Just(0_u32), 1 => Just(1), 1 => Just(2)], 0_u8..100),
            1..7,
        ),
    ) -> Vec<Offer> {
        wanted.into_iter().enumerate().map(|(place, (n, copies, waiting, known))| {
            let title_id = title(&format!("t{n}"));
            let copies = copies.into_iter().enumerate().map(|(m, copy)| Copy {
                barcode: Barcode::parse(&format!("A{place:02}{m:02}")).unwrap(),
                title_id: title_id.clone(),
                ..copy
            }).collect();
            Offer { title: (known > 0).then(|| format!("《t{n}》")), title_id, copies, waiting }
        }).collect()
    }
}

prop_compose! {
    fn any_account()(
        class in prop_oneof![Just(CardClass::Adult), Just(CardClass::Child), Just(CardClass::Privileged)],
        had in proptest::collection::btree_map(90_usize..190, any::<bool>(), 0..6),
        holds in proptest::collection::btree_set(80_usize..90, 0..4),
        left in proptest::option::weighted(0.03, Just(vec![day("2026-11-20"); 3])),
        last_day in proptest::option::weighted(0.03, Just(day("2026-11-22"))),
    ) -> Account {
        let due = |at_home: bool| at_home.then(|| day("2026-12-20"));
        Account {
            class,
            open: had.into_iter().map(|(n, at_home)| (title(&format!("t{n}")), item(n, due(at_home)))).collect(),
            holds: holds.into_iter().map(|n| (title(&format!("t{n}")), Timestamp::UNIX_EPOCH)).collect(),
            uncollected: left.unwrap_or_default(),
            expires: last_day,
            ..reader()
        }
    }
}

fn any_scope() -> impl Strategy<Value = Scope> {
    prop_oneof![
        Just(Scope::ALL),
        Just(Scope { card: Some(CardClass::Child), ..Scope::ALL }),
        Just(Scope { site: Some(site("S01")), ..Scope::ALL }),
    ]
}

fn any_wish() -> impl Strategy<Value = IfMissing> {
    prop_oneof![Just(IfMissing::ShipFound), Just(IfMissing::Wait), Just(IfMissing::Cancel)]
}

fn any_rules() -> impl Strategy<Value = RuleSet> {
    let setting = prop_oneof![
        (3_u16..7).prop_map(Setting::BooksPerOrder),
        (2_u16..12).prop_map(Setting::InProcess),
        (4_u16..14).prop_map(Setting::OpenItems),
        (1_u16..6).prop_map(Setting::Holds),
        any_wish().prop_map(Setting::Partial),
        (1_u32..500).prop_map(|fen| Setting::HomeFee(Fen(fen))),
        (1_u32..500).prop_map(|fen| Setting::HomeFeeMore(Fen(fen))),
    ];
    let scoped = (setting, any_scope()).prop_map(|(set, scope)| Rule { set, scope });
    (proptest::collection::vec(scoped, 0..6), any::<bool>()).prop_map(|(mut some, holidays)| {
        let reference = Scope { item: Some(ItemClass::Reference), ..Scope::ALL };
        some.push(Rule { set: Setting::Lendable(false), scope: reference });
        some.push(Rule { set: Setting::PriceCap(Fen(10_000)), scope: Scope::ALL });
        let mut rules = RuleSet { rules: some, ..RuleSet::founding() };
        if holidays {
            let closed =
                Holidays { from: day("2026-11-25"), until: day("2026-11-27"), name: "盘点".to_owned() };
            rules.holidays.push(closed);
        }
        rules
    })
}

prop_compose! {
    fn any_ask()(
        account in any_account(),
        rules in any_rules(),
        to_site in any::<bool>(),
        if_missing in proptest::option::of(any_wish()),
        opens_in in proptest::array::uniform4(prop_oneof![6 => Just(0_u16), 3 => 1_u16..5]),
        minutes in 0_i64..24 * 60,
        spread in any::<u32>(),
    ) -> Ask {
        let [main, first, second, pickup] = opens_in;
        Ask {
            account,
            rules,
            target: if to_site { to("S01") } else { home() },
            if_missing,
            places: places(&[("C01", 0, main), ("L01", 2, first), ("L02", 7, second), ("S01", 4, pickup)]),
            now: now() + SignedDuration::from_mins(minutes),
            spread,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is offered to whomever: a yes keeps every limit, gives only what is free to be given and each copy once, and is the same
    /// when it is asked again; a no says why, in words and with a way out.
    #[test]
    fn a_quote_keeps_every_rule(offers in any_offers(), ask in any_ask()) {
        let answer = ask.quote(&offers);
        prop_assert_eq!(&answer, &ask.quote(&offers), "asked again");
        let quote = match answer {
            Ok(quote) => quote,
            Err(obstacles) => {
                prop_assert!(!obstacles.is_empty());
                for obstacle in obstacles {
                    prop_assert!(is_chinese_sentence(&text::obstacle(&obstacle)));
                    prop_assert!(!obstacle.actions(&ask.account).is_empty());
                }
                return Ok(());
            }
        };
        let Ask { account, rules, target, places, .. } = &ask;
        let about = About::card(account.class).at(target.site());
        let sent: Vec<(&SiteId, &Choice)> = quote
            .parcels
            .iter()
            .flat_map(|(site, shipment)| shipment.books.iter().map(move |book| (site, book)))
            .collect();

        // The limits.
        prop_assert!(offers.len() <= usize::from(rules.books_per_order(&about).value));
        prop_assert!(account.open.len() + sent.len() <= usize::from(rules.open_items(&about).value));
        prop_assert!(account.in_process() + sent.len() <= usize::from(rules.in_process(&about).value));
        if !quote.queued.is_empty() {
            prop_assert!(account.holds.len() + quote.queued.len() <= usize::from(rules.holds(&about).value));
        }
        prop_assert!(standing(account, rules, time::day(ask.now)).is_empty());

        // Every title is answered for once.
        prop_assert!(!sent.is_empty());
        let mut answered: Vec<&TitleId> = sent.iter().map(|(_, book)| &book.copy.title_id).collect();
        answered.extend(quote.queued.iter().map(|one| &one.title_id));
        answered.extend(&quote.unfilled);
        answered.sort();
        let mut wanted: Vec<&TitleId> = offers.iter().map(|offer| &offer.title_id).collect();
        wanted.sort();
        prop_assert_eq!(answered, wanted);

        // The copies.
        let distinct: BTreeSet<&Barcode> = sent.iter().map(|(_, book)| &book.copy.barcode).collect();
        prop_assert_eq!(distinct.len(), sent.len());
        prop_assert!(quote.parcels.len() <= sent.len());
        let may_leave = |copy: &Copy| {
            copy.status == CopyStatus::Available
                && copy.class != ItemClass::Reference
                && copy.price.is_none_or(|price| price <= Fen(10_000))
                && places[&copy.site].opens_in < 3
        };
        for (site, book) in &sent {
            let offer = offers.iter().find(|offer| offer.title_id == book.copy.title_id).unwrap();
            prop_assert!(offer.copies.contains(&book.copy));
            prop_assert_eq!(&book.copy.site, *site);
            prop_assert!(may_leave(&book.copy));
            let free = offer.copies.iter().filter(|copy| may_leave(copy)).count();
            prop_assert!(free > usize::try_from(offer.waiting).unwrap(), "of somebody who waits");
            prop_assert!(!account.open.contains_key(&offer.title_id));
            prop_assert!(!account.holds.contains_key(&offer.title_id));
        }
        for one in &quote.queued {
            let offer = offers.iter().find(|offer| offer.title_id == one.title_id).unwrap();
            prop_assert_eq!(one.place, offer.waiting + 1);
            prop_assert!(one.likely_days.is_some());
            prop_assert!(!account.holds.contains_key(&offer.title_id));
        }
        if let Some(wish) = ask.if_missing {
            prop_assert!(wish == IfMissing::Wait || quote.queued.is_empty());
            prop_assert!(wish == IfMissing::ShipFound || quote.unfilled.is_empty());
        }

        // What it costs, and when it is there.
        let first = rules.home_fee(&about).value.0;
        let more = rules.home_fee_more(&about).value.0 * u32::try_from(sent.len() - 1).unwrap();
        prop_assert_eq!(quote.fee.fen.0, if target.site().is_some() { 0 } else { first + more });
        prop_assert!(quote.promised_by >= ask.now + SignedDuration::from_hours(48));
        prop_assert_eq!(rules.holidays_on(time::day(quote.promised_by)), None);
    }
}
