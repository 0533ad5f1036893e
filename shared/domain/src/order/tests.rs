mod any;
mod choose;
mod limits;
mod missing;
mod obstacle;
mod promise;

use super::*;
use crate::account::{Loan, OpenItem};
use crate::copy::Received;
use crate::ids::{Barcode, CardNo, OrderNo, ReaderId};
use crate::parcel::Because;
use crate::rules::{ItemClass, Scope};
use crate::site::Point;

/// A Monday, before the day's cut-off.
fn now() -> Timestamp {
    at("2026-11-23T10:00:00")
}

/// A Shanghai wall-clock time.
fn at(text: &str) -> Timestamp {
    format!("{text}+08:00").parse().unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn site(id: &str) -> SiteId {
    SiteId::parse(id).unwrap()
}

fn title(id: &str) -> TitleId {
    TitleId::parse(id).unwrap()
}

fn copy(title_id: &str, barcode: &str, at: &str) -> Copy {
    Copy {
        barcode: Barcode::parse(barcode).unwrap(),
        title_id: title(title_id),
        site: site(at),
        call_number: "I313.45/1".to_owned(),
        class: ItemClass::Ordinary,
        price: None,
        status: CopyStatus::Available,
        holder: None,
        received: Received { at: Timestamp::UNIX_EPOCH, site: site(at) },
        version: 1,
    }
}

/// A title with these free copies, for which nobody waits.
fn offer(title_id: &str, copies: &[(&str, &str)]) -> Offer {
    Offer {
        title_id: title(title_id),
        title: Some(format!("《{title_id}》")),
        copies: copies.iter().map(|(barcode, site)| copy(title_id, barcode, site)).collect(),
        waiting: 0,
    }
}

/// The same with every copy changed.
fn each(mut offer: Offer, change: impl Fn(&mut Copy)) -> Offer {
    offer.copies.iter_mut().for_each(change);
    offer
}

fn lent_out(offer: Offer) -> Offer {
    each(offer, |copy| copy.status = CopyStatus::OnLoan)
}

/// As many titles as are asked for, each with one free copy at the main library.
fn offers(count: usize) -> Vec<Offer> {
    (0..count).map(|n| offer(&format!("t{n}"), &[(&format!("T000{n}"), "C01")])).collect()
}

fn one() -> Vec<Offer> {
    offers(1)
}

fn reader() -> Account {
    Account::new(ReaderId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(), CardNo::from_serial(1), true)
}

fn item(n: usize, loan: Option<Date>) -> OpenItem {
    OpenItem {
        barcode: Barcode::parse(&format!("Y9999{n}")).unwrap(),
        order_no: OrderNo::new(Timestamp::UNIX_EPOCH, 1),
        title: format!("《had{n}》"),
        class: ItemClass::Ordinary,
        loan: loan.map(|due| Loan { since: Timestamp::UNIX_EPOCH, due, renewed: 0, back: None }),
        returning: None,
    }
}

/// A reader who waits for so many books to arrive, and has so many at home.
fn reader_with(under_way: usize, on_loan: usize) -> Account {
    let due = |n: usize| (n >= under_way).then(|| day("2026-12-20"));
    let open = (0..under_way + on_loan).map(|n| (title(&format!("had{n}")), item(n, due(n))));
    Account { open: open.collect(), ..reader() }
}

fn rules(json: &str) -> RuleSet {
    let set = format!(r#"{{"version":7,"starts":"2026-01-01","rules":{json}}}"#);
    let rules: RuleSet = serde_json::from_str(&set).unwrap();
    assert_eq!(rules.faults(), []);
    rules
}

/// The library's founding rule that decided.
fn founding(rule: &str) -> By {
    By { rule: rule.to_owned(), version: 1, scope: Scope::ALL }
}

/// A place so many hundredths of a degree east of the main library, that opens in so many days.
fn place(east: i32, opens_in: u16) -> Place {
    let next = time::day(now()) + jiff::Span::new().days(i64::from(opens_in));
    Place {
        point: Point { lat: 39_920_000, lng: 116_480_000 + east * 10_000 },
        opens_in,
        opens_on: Some(next),
        closed: Vec::new(),
    }
}

fn places(of: &[(&str, i32, u16)]) -> BTreeMap<SiteId, Place> {
    of.iter().map(|(id, east, opens_in)| (site(id), place(*east, *opens_in))).collect()
}

fn home() -> Target {
    Target {
        destination: Destination::Home,
        zone: RuleSet::founding().zone("110105"),
        wish: Wish::default(),
        obstacle: None,
    }
}

fn to(id: &str) -> Target {
    Target {
        destination: Destination::Site { site_id: site(id) },
        zone: None,
        wish: Wish::default(),
        obstacle: None,
    }
}

/// A question with everything as usual; a test names what is different.
#[derive(Debug, Clone)]
struct Ask {
    account: Account,
    rules: RuleSet,
    target: Target,
    if_missing: Option<IfMissing>,
    places: BTreeMap<SiteId, Place>,
    now: Timestamp,
    spread: u32,
}

impl Default for Ask {
    fn default() -> Self {
        Self {
            account: reader(),
            rules: RuleSet::founding(),
            target: home(),
            if_missing: None,
            places: BTreeMap::new(),
            now: now(),
            spread: 0,
        }
    }
}

impl Ask {
    fn by(account: Account) -> Self {
        Self { account, ..Self::default() }
    }

    fn under(json: &str) -> Self {
        Self { rules: rules(json), ..Self::default() }
    }

    fn to(id: &str) -> Self {
        Self { target: to(id), ..Self::default() }
    }

    fn if_missing(wish: IfMissing) -> Self {
        Self { if_missing: Some(wish), ..Self::default() }
    }

    fn quote(&self, offers: &[Offer]) -> Result<Quote, Vec<Obstacle>> {
        let asked = Asked {
            account: &self.account,
            rules: &self.rules,
            target: &self.target,
            if_missing: self.if_missing,
            places: &self.places,
            now: self.now,
            spread: self.spread,
        };
        quote(offers, &asked)
    }

    fn obstacles(&self, offers: &[Offer]) -> Vec<Obstacle> {
        self.quote(offers).unwrap_err()
    }

    fn codes(&self, offers: &[Offer]) -> Vec<&'static str> {
        self.obstacles(offers).iter().map(Obstacle::code).collect()
    }

    /// What each site sends, such as `C01: A0001 A0002`.
    fn parcels(&self, offers: &[Offer]) -> Vec<String> {
        parcels(&self.quote(offers).unwrap())
    }

    /// Why the one parcel leaves from its site.
    fn because(&self, offers: &[Offer]) -> Vec<(String, Because)> {
        let quote = self.quote(offers).unwrap();
        quote.parcels.iter().map(|(site, shipment)| (site.to_string(), shipment.because)).collect()
    }

    fn promised_by(&self) -> Timestamp {
        self.quote(&one()).unwrap().promised_by
    }
}

fn parcels(quote: &Quote) -> Vec<String> {
    let line = |(site, shipment): (&SiteId, &Shipment)| {
        let barcodes: Vec<&str> = shipment.books.iter().map(|book| book.copy.barcode.as_str()).collect();
        format!("{site}: {}", barcodes.join(" "))
    };
    quote.parcels.iter().map(line).collect()
}

/// Whether it is told in Chinese, as a sentence.
fn is_chinese_sentence(text: &str) -> bool {
    text.ends_with('。') && text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}
