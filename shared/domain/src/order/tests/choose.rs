use super::*;
use crate::parcel::Because;

#[test]
fn books_travel_in_as_few_parcels_as_possible() {
    let offers = [
        offer("a", &[("A0001", "L01"), ("A0002", "C01")]),
        offer("b", &[("B0001", "C01")]),
        offer("c", &[("C0001", "L02"), ("C0002", "L01")]),
    ];
    for spread in 0..6 {
        let quote = Ask { spread, ..Ask::default() }.quote(&offers).unwrap();
        assert_eq!(quote.parcels.values().map(|shipment| shipment.books.len()).sum::<usize>(), 3);
        assert_eq!(quote.parcels.len(), 2, "{:?}", parcels(&quote));
    }
}

#[test]
fn two_sites_that_have_everything_between_them_send_two_parcels() {
    // The pickup site has as many of the books as the main library, but after it two more sites would have to send one each.
    let offers = [
        offer("a", &[("A0001", "L01")]),
        offer("b", &[("B0001", "L01"), ("B0002", "S01")]),
        offer("c", &[("C0001", "C01"), ("C0002", "S01")]),
        offer("d", &[("D0001", "C01"), ("D0002", "S01")]),
        offer("e", &[("E0001", "C01")]),
    ];
    assert_eq!(Ask::to("S01").parcels(&offers), ["C01: C0001 D0001 E0001", "L01: A0001 B0001"]);
}

#[test]
fn a_copy_that_stands_at_the_pickup_site_is_taken_there() {
    let offers = [offer("a", &[("A0001", "C01"), ("A0002", "S01")])];
    for spread in 0..5 {
        assert_eq!(Ask { spread, ..Ask::to("S01") }.parcels(&offers), ["S01: A0002"]);
    }
}

#[test]
fn a_copy_at_the_pickup_site_is_not_worth_a_second_parcel() {
    let offers = [offer("a", &[("A0001", "S01"), ("A0002", "L01")]), offer("b", &[("B0001", "L01")])];
    assert_eq!(Ask::to("S01").because(&offers), [("L01".to_owned(), Because::FewerParcels)]);
}

#[test]
fn of_sites_that_have_equally_many_books_the_nearest_to_the_pickup_site_sends_them() {
    let offers = [offer("a", &[("A0001", "C01"), ("A0002", "L01"), ("A0003", "L02")])];
    let places = places(&[("S01", 10, 0), ("C01", 0, 0), ("L01", 8, 0), ("L02", 13, 0)]);
    for spread in 0..5 {
        let ask = Ask { places: places.clone(), spread, ..Ask::to("S01") };
        assert_eq!(ask.because(&offers), [("L01".to_owned(), Because::Nearer)]);
    }
    let chosen: BTreeSet<String> = (0..3)
        .flat_map(|spread| Ask { places: places.clone(), spread, ..Ask::default() }.parcels(&offers))
        .collect();
    assert_eq!(chosen.len(), 3, "to the door every way is the courier's: {chosen:?}");
}

#[test]
fn readers_who_order_one_title_at_once_reach_for_different_copies() {
    let chosen = |offers: &[Offer]| -> BTreeSet<String> {
        (0..3).flat_map(|spread| Ask { spread, ..Ask::default() }.parcels(offers)).collect()
    };
    let one_site = [offer("a", &[("A0001", "C01"), ("A0002", "C01"), ("A0003", "C01")])];
    assert_eq!(chosen(&one_site).len(), 3);
    let three_sites = [offer("a", &[("A0001", "C01"), ("A0002", "L01"), ("A0003", "L02")])];
    assert_eq!(chosen(&three_sites).len(), 3);
}

/// All but `CameFree`, which no order chooses: that copy comes to whom it was kept for.
#[test]
fn each_parcel_says_why_it_leaves_from_its_site() {
    let two = [offer("a", &[("A0001", "C01"), ("A0002", "L01")])];
    let asking = |places| Ask { places, ..Ask::to("S01") };
    let says = |ask: &Ask, offers: &[Offer]| ask.because(offers).first().unwrap().clone();
    let because = |site: &str, why| (site.to_owned(), why);

    assert_eq!(says(&Ask::default(), &one()), because("C01", Because::OnlySite));

    let more = [two[0].clone(), offer("b", &[("B0001", "L01")])];
    // Neither nearness nor hours outweigh a parcel.
    let ask = asking(places(&[("S01", 0, 0), ("C01", 1, 0), ("L01", 9, 2)]));
    assert_eq!(says(&ask, &more), because("L01", Because::FewerParcels));

    let there = [offer("a", &[("A0001", "C01"), ("A0002", "S01")])];
    let ask = asking(places(&[("S01", 0, 2), ("C01", 1, 0)]));
    assert_eq!(says(&ask, &there), because("S01", Because::SamePlace), "though it opens later");

    let ask = asking(places(&[("S01", 0, 0), ("C01", 1, 1), ("L01", 9, 0)]));
    assert_eq!(says(&ask, &two), because("L01", Because::OpensFirst), "though it is further");

    let ask = asking(places(&[("S01", 0, 0), ("C01", 1, 0), ("L01", 9, 0)]));
    assert_eq!(says(&ask, &two), because("C01", Because::Nearer));

    let ask = asking(places(&[("S01", 0, 0), ("C01", 5, 0), ("L01", -5, 0)]));
    assert_eq!(says(&ask, &two), because("C01", Because::Turn));
    assert_eq!(
        says(&Ask { spread: 1, ..ask }, &two),
        because("L01", Because::Turn),
        "the next reader's turn"
    );

    let parts = [two[0].clone(), offer("b", &[("B0001", "L01")]), offer("c", &[("C0001", "L02")])];
    let each = Ask::default().because(&parts);
    assert_eq!(each, [because("L01", Because::FewerParcels), because("L02", Because::OnlySite)]);
}

#[test]
fn a_site_that_is_closed_for_long_sends_nothing_and_one_that_opens_tomorrow_does() {
    let offers = [offer("a", &[("A0001", "L01")])];
    let closed = |opens_in| Ask { places: places(&[("L01", 0, opens_in)]), ..Ask::default() };
    for opens_in in [0, 1, 2] {
        assert_eq!(closed(opens_in).parcels(&offers), ["L01: A0001"], "opens in {opens_in} days");
    }
    for opens_in in [3, u16::MAX] {
        assert_eq!(closed(opens_in).codes(&offers), ["no_copy_available"], "opens in {opens_in} days");
    }
    let elsewhere = [offer("a", &[("A0001", "L01"), ("A0002", "C01")])];
    for spread in 0..2 {
        assert_eq!(Ask { spread, ..closed(9) }.parcels(&elsewhere), ["C01: A0002"]);
    }
    let waited_for = [Offer { waiting: 1, ..elsewhere[0].clone() }];
    assert_eq!(closed(9).codes(&waited_for), ["no_copy_available"], "the copy behind the door serves nobody");
}
