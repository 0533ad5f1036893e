use super::*;
use crate::account::OpenItem;
use crate::copy::Received;
use crate::hold::Wherever;
use crate::ids::{Barcode, CardNo, ReaderId};
use crate::money::Fen;
use crate::parcel::Destination;
use crate::rules::ItemClass;
use crate::slot::Wish;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn site() -> SiteId {
    SiteId::parse("S01").unwrap()
}

fn title() -> TitleId {
    TitleId::parse("t").unwrap()
}

/// Reader 1 waits for a title, to be collected at S01.
fn waiting() -> Hold {
    Hold {
        title_id: title(),
        rid: ReaderId::parse("01ARZ3NDEKTSV4RRFFQ69G5F01").unwrap(),
        since: Timestamp::UNIX_EPOCH,
        deliver_to: Wherever::Site { site_id: site() },
        until: None,
        resumes: None,
        hopeless: None,
        version: 1,
    }
}

/// A copy that comes back.
fn copy(code: &str) -> Copy {
    Copy {
        barcode: Barcode::parse(code).unwrap(),
        title_id: title(),
        site: SiteId::parse("C01").unwrap(),
        call_number: "I1/1".to_owned(),
        class: ItemClass::Ordinary,
        price: None,
        status: CopyStatus::OnLoan,
        holder: None,
        received: Received { at: Timestamp::UNIX_EPOCH, site: site() },
        version: 1,
    }
}

/// What a turn is decided on; a story changes what is different.
struct Story {
    hold: Hold,
    account: Account,
    rules: RuleSet,
    target: Target,
    copies: Vec<Copy>,
    title: Option<&'static str>,
    places: BTreeMap<SiteId, Place>,
}

/// A reader to whom the next copy goes.
fn story() -> Story {
    let hold = waiting();
    let mut account = Account::new(hold.rid.clone(), CardNo::from_serial(1), true);
    account.holds.insert(title(), hold.since);
    let destination = Destination::Site { site_id: site() };
    Story {
        account,
        hold,
        rules: RuleSet::founding(),
        target: Target { destination, zone: None, wish: Wish::default(), obstacle: None },
        copies: vec![copy("Y00001")],
        title: Some("书"),
        places: BTreeMap::new(),
    }
}

/// The code of why the reader is passed over, after this change of the story.
fn told(change: impl FnOnce(&mut Story)) -> Option<String> {
    let mut story = story();
    change(&mut story);
    let now = "2026-11-24T02:00:00Z".parse().unwrap();
    let Story { hold, account, rules, target, copies, title, places } = &story;
    let turn = Turn { account, rules, target, title: *title, places, now };
    let why = hold.passed_over(copies, &turn);
    let given = copies.iter().any(|copy| hold.turn(copy, &turn).is_ok());
    assert_eq!(
        why.is_none(),
        given || copies.is_empty(),
        "who is passed over is not given a copy, who is not, is"
    );
    why.map(|why| serde_json::to_value(why).unwrap()["code"].as_str().unwrap().to_owned())
}

fn item(n: usize) -> OpenItem {
    OpenItem {
        barcode: Barcode::parse(&format!("Y9999{n}")).unwrap(),
        order_no: OrderNo::new(Timestamp::UNIX_EPOCH, 1),
        title: String::new(),
        class: ItemClass::Ordinary,
        loan: None,
        returning: None,
    }
}

fn has(story: &mut Story, books: usize) {
    let open = (0..books).map(|n| (TitleId::parse(&format!("had{n}")).unwrap(), item(n)));
    story.account.open.extend(open);
}

#[test]
fn the_next_copy_goes_to_a_reader_against_whom_nothing_stands() {
    assert_eq!(told(|_| {}), None);
    assert_eq!(told(|story| story.hold.until = Some(day("2026-11-24"))), None, "on the last day as well");
    assert_eq!(told(|story| story.hold.resumes = Some(day("2026-11-24"))), None, "it waits again today");
    assert_eq!(told(|story| story.copies.clear()), None, "nothing comes that could go to others");
}

#[test]
fn why_a_reader_is_passed_over_is_said() {
    let code = |code: &str| Some(code.to_owned());
    assert_eq!(told(|story| story.hold.until = Some(day("2026-11-23"))), code("too_late"));
    assert_eq!(told(|story| story.hold.resumes = Some(day("2026-11-25"))), code("suspended"));
    assert_eq!(told(|story| story.account.expires = Some(day("2026-11-23"))), code("card_expired"));
    assert_eq!(told(|story| story.account.uncollected = vec![day("2026-11-20"); 3]), code("banned"));
    assert_eq!(told(|story| has(story, 10)), code("at_limit"));
    let few = r#"{"version":2,"starts":"2026-01-01","rules":[{"set":{"rule":"in_process","value":2}}]}"#;
    let under_way = told(|story| {
        has(story, 2);
        story.rules = serde_json::from_str(few).unwrap();
    });
    assert_eq!(under_way, code("too_many_in_process"));
    assert_eq!(told(|story| drop(story.account.open.insert(title(), item(0)))), code("has_it"));
    assert_eq!(told(|story| story.title = None), code("title_gone"));
}

#[test]
fn a_place_to_which_nothing_can_be_brought_is_said() {
    let at = |obstacle: Obstacle| told(|story| story.target.obstacle = Some(obstacle)).unwrap();
    assert_eq!(at(Obstacle::UnknownAddress), "address_gone");
    assert_eq!(at(Obstacle::OutOfZone { division: "310101".to_owned() }), "out_of_zone");
    assert_eq!(at(Obstacle::UnknownSite), "site_gone");
    assert_eq!(at(Obstacle::SiteClosed { site_id: site(), opens: None }), "site_closed");
}

#[test]
fn a_reader_is_passed_over_by_none_of_the_copies_when_one_of_them_would_do() {
    let dear = || Copy { price: Some(Fen(120_000)), ..copy("Y00002") };
    assert_eq!(told(|story| story.copies = vec![dear()]), Some("too_dear".to_owned()));
    assert_eq!(told(|story| story.copies.insert(0, dear())), None);
    let both = told(|story| {
        story.copies.insert(0, dear());
        has(story, 10);
    });
    assert_eq!(both, Some("at_limit".to_owned()), "that clears the way for the other copy");
}

#[test]
fn a_copy_at_a_site_that_sends_nothing_for_days_stays_there() {
    let shut = |opens_in| {
        told(|story| {
            let place = Place {
                point: crate::site::Point { lat: 0, lng: 0 },
                opens_in,
                opens_on: None,
                closed: Vec::new(),
            };
            story.places.insert(SiteId::parse("C01").unwrap(), place);
        })
    };
    assert_eq!([0, 2].map(shut), [None, None]);
    assert_eq!(shut(7), Some("refused".to_owned()));
}
