//! A reader's account: what they have ordered, on loan and are waiting for. It is the record itself, not a counter beside one, so it cannot
//! drift; every change of it is made at the version that was read, so no limit is passed by two orders at once.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Span, Timestamp};

use crate::ids::{Barcode, CardNo, OrderNo, ReaderId, ReturnNo, TitleId};
use crate::parcel::Parcel;
use crate::rules::{About, By, CardClass, ItemClass, RuleSet};
use crate::time;

/// How many uncollected parcels are remembered: more than any rule asks about.
const REMEMBERED: usize = 100;

/// A reader's account with the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The reader.
    pub rid: ReaderId,
    /// The card in force.
    pub card_no: CardNo,
    /// What sort of card it is.
    pub class: CardClass,
    /// The last day on which the card is good; `None` for one without an end.
    pub expires: Option<Date>,
    /// Everything ordered or on loan, by title: one reader never has two copies of one title.
    pub open: BTreeMap<TitleId, OpenItem>,
    /// The titles that the reader waits for, and since when.
    pub holds: BTreeMap<TitleId, Timestamp>,
    /// The days on which a parcel was left uncollected, oldest first.
    pub uncollected: Vec<Date>,
    /// Whether the reader's loans count for what is recommended, and the reader is recommended something.
    pub takes_part: bool,
    /// When its reader had their data deleted. Orders and parcels keep their place under it, and nothing tells whose they were.
    pub closed: Option<Timestamp>,
    /// Counts the changes: the condition of every write.
    pub version: u64,
}

/// One book that a reader has ordered or on loan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenItem {
    /// The copy.
    pub barcode: Barcode,
    /// The order that brought it.
    pub order_no: OrderNo,
    /// The title's name.
    pub title: String,
    /// What sort of item it is.
    pub class: ItemClass,
    /// The loan, once it runs.
    pub loan: Option<Loan>,
    /// The return that the book is booked for, or on its way back with.
    pub returning: Option<ReturnNo>,
}

/// A running loan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loan {
    /// When the reader got the book: proved delivery or collection.
    pub since: Timestamp,
    /// The last Shanghai day of the loan.
    pub due: Date,
    /// How often it was renewed.
    pub renewed: u16,
    /// When the reader handed the book over to be brought back: from then on the loan does not run, though the copy is not in yet.
    pub back: Option<Timestamp>,
}

impl Loan {
    /// Whether the reader still has the book.
    pub const fn runs(&self) -> bool {
        self.back.is_none()
    }
}

/// A pause after too many uncollected parcels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// Its last day.
    pub until: Date,
    /// How many parcels were left.
    pub uncollected: u16,
    /// The rule.
    pub by: By,
}

impl Account {
    /// A new reader's account.
    pub fn new(rid: ReaderId, card_no: CardNo, takes_part: bool) -> Self {
        Self {
            rid,
            card_no,
            class: CardClass::default(),
            expires: None,
            open: BTreeMap::new(),
            holds: BTreeMap::new(),
            uncollected: Vec::new(),
            takes_part,
            closed: None,
            version: 1,
        }
    }

    /// The same account, ready to be changed and stored in its place.
    #[must_use]
    pub fn next(&self) -> Self {
        Self { version: self.version + 1, ..self.clone() }
    }

    /// How many books are ordered or with the reader: what the limit is about. What was handed over counts no more.
    pub fn held(&self) -> usize {
        self.open.values().filter(|item| item.loan.is_none_or(|loan| loan.runs())).count()
    }

    /// How many books are ordered and not yet with the reader.
    pub fn in_process(&self) -> usize {
        self.open.values().filter(|item| item.loan.is_none()).count()
    }

    /// The first day on which something is due that the reader still has.
    pub fn first_due(&self) -> Option<Date> {
        self.open.values().filter_map(|item| item.loan.filter(Loan::runs).map(|loan| loan.due)).min()
    }

    /// Whether the card is past its last day.
    pub fn expired_on(&self, day: Date) -> Option<Date> {
        self.expires.filter(|last| *last < day)
    }

    /// The pause that the reader is in, by the rules in force.
    pub fn ban(&self, rules: &RuleSet, today: Date) -> Option<Ban> {
        let about = About::card(self.class);
        let most = rules.violations(&about);
        let window = before(today, rules.violation_days(&about).value);
        let counted: Vec<Date> = self.uncollected.iter().copied().filter(|day| *day >= window).collect();
        let last = counted.last().copied().filter(|_| counted.len() >= usize::from(most.value))?;
        let until = after(last, rules.ban_days(&about).value);
        (today <= until).then(|| Ban {
            until,
            uncollected: u16::try_from(counted.len()).unwrap_or(u16::MAX),
            by: most.by,
        })
    }

    /// Takes what a parcel's live books say into the account when they were handed over: their loans begin. Each lasts as long as the order
    /// was promised, and longer when the promise was broken; it ends on an open day, and with the card.
    #[must_use]
    pub fn with_loans_of(&self, parcel: &Parcel, handed_over: Timestamp, rules: &RuleSet) -> Self {
        let mut next = self.next();
        for line in parcel.lines.iter().filter(|line| line.status.with_reader()) {
            let days = line.loan_days.saturating_add(parcel.remedy_days);
            let begins = line.loan_from.unwrap_or(handed_over);
            let due = self.last_day(time::due(begins, days), rules);
            if let Some(item) = next.open.get_mut(&line.title_id).filter(|item| item.barcode == line.barcode)
            {
                item.loan = Some(Loan { since: handed_over, due, renewed: 0, back: None });
            }
        }
        next
    }

    /// The day on which a loan ends that is counted to `counted`: the next open day, but not after the card's last.
    pub fn last_day(&self, counted: Date, rules: &RuleSet) -> Date {
        let open = rules.open_day_from(counted);
        self.expires.map_or(open, |last| open.min(last))
    }

    /// The same with no loan due on a day that has become a closed one since; `None` when none is.
    pub fn with_open_dues(&self, rules: &RuleSet) -> Option<Self> {
        let mut next = self.next();
        let mut moved = false;
        for loan in next.open.values_mut().filter_map(|item| item.loan.as_mut()).filter(|loan| loan.runs()) {
            let due = self.last_day(loan.due, rules);
            // A card that ends sooner takes nothing from a loan that was given for longer.
            if due > loan.due {
                loan.due = due;
                moved = true;
            }
        }
        moved.then_some(next)
    }

    /// The title and the open item of a copy.
    pub fn item_of(&self, barcode: &Barcode) -> Option<(&TitleId, &OpenItem)> {
        self.open.iter().find(|(_, item)| item.barcode == *barcode)
    }

    /// Takes down that the reader handed these books over with a return, at `at`. No loan ends before it began, and one that ended stays
    /// as it is. That return is the loan's own from now on, whichever it was booked for: check-in completes it.
    #[must_use]
    pub fn handed_back(&self, barcodes: &[Barcode], with: &ReturnNo, at: Timestamp) -> Self {
        let mut next = self.next();
        for item in next.open.values_mut().filter(|item| barcodes.contains(&item.barcode)) {
            if let Some(loan) = item.loan.as_mut().filter(|loan| loan.runs()) {
                loan.back = Some(at.max(loan.since));
                item.returning = Some(with.clone());
            }
        }
        next
    }

    /// Takes down that these books are booked for a return, or with `None` that they are not any more.
    #[must_use]
    pub fn returning(&self, barcodes: &[Barcode], with: Option<&ReturnNo>) -> Self {
        let mut next = self.next();
        for item in next.open.values_mut().filter(|item| barcodes.contains(&item.barcode)) {
            item.returning = with.cloned();
        }
        next
    }

    /// Without the books of these identity codes, whether ordered or on loan.
    #[must_use]
    pub fn without(&self, barcodes: &[Barcode]) -> Self {
        let mut next = self.next();
        next.open.retain(|_, item| !barcodes.contains(&item.barcode));
        next
    }

    /// Remembers that a parcel was left at its site.
    pub fn note_uncollected(&mut self, day: Date) {
        self.uncollected.push(day);
        let surplus = self.uncollected.len().saturating_sub(REMEMBERED);
        self.uncollected.drain(..surplus);
    }
}

fn after(day: Date, days: u16) -> Date {
    day.checked_add(Span::new().days(i64::from(days))).unwrap_or(day)
}

fn before(day: Date, days: u16) -> Date {
    day.checked_sub(Span::new().days(i64::from(days))).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn account() -> Account {
        let rid = ReaderId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap();
        Account::new(rid, CardNo::from_serial(1), true)
    }

    #[test]
    fn three_parcels_left_in_a_year_are_a_pause_of_thirty_days() {
        let rules = RuleSet::founding();
        let mut reader = account();
        for left in ["2025-12-01", "2026-05-01", "2026-11-01"] {
            assert_eq!(reader.ban(&rules, day("2026-11-01")), None);
            reader.note_uncollected(day(left));
        }
        let ban = reader.ban(&rules, day("2026-11-02")).unwrap();
        assert_eq!((ban.until, ban.uncollected, ban.by.rule.as_str()), (day("2026-12-01"), 3, "violations"));
        assert_eq!(reader.ban(&rules, day("2026-12-02")), None, "the oldest counts no more");
        reader.uncollected = vec![day("2026-10-30"), day("2026-10-31"), day("2026-11-01")];
        assert!(reader.ban(&rules, day("2026-12-01")).is_some(), "the last day belongs to the pause");
        assert_eq!(
            reader.ban(&rules, day("2026-12-02")),
            None,
            "the pause is over though all three still count"
        );
    }

    #[test]
    fn a_book_that_was_handed_over_is_not_due_and_counts_no_more_but_stays_in_the_account() {
        let mut reader = account();
        let since: Timestamp = "2026-11-23T02:00:00Z".parse().unwrap();
        for (n, due) in ["2026-12-01", "2026-12-20"].into_iter().enumerate() {
            let item = OpenItem {
                barcode: Barcode::parse(&format!("Y0000{n}")).unwrap(),
                order_no: OrderNo::new(since, 1),
                title: "书".to_owned(),
                class: ItemClass::Ordinary,
                loan: Some(Loan { since, due: day(due), renewed: 0, back: None }),
                returning: None,
            };
            reader.open.insert(TitleId::parse(&format!("t{n}")).unwrap(), item);
        }
        let first = [Barcode::parse("Y00000").unwrap()];
        let no = ReturnNo::new(since, 1);

        let early = "2026-11-22T02:00:00Z".parse().unwrap();
        let after = reader.handed_back(&first, &no, early);

        assert_eq!((after.held(), after.open.len()), (1, 2));
        assert_eq!(after.first_due(), Some(day("2026-12-20")));
        let (_, item) = after.item_of(&first[0]).unwrap();
        assert_eq!(item.loan.unwrap().back, Some(since), "no loan ends before it began");
        assert_eq!(item.returning, Some(no.clone()));
        let again =
            after.handed_back(&first, &ReturnNo::new(since, 2), "2026-11-30T02:00:00Z".parse().unwrap());
        assert_eq!(again.open, after.open, "it ended once");
    }

    #[test]
    fn a_loan_ends_on_an_open_day_and_with_the_card() {
        let mut rules = RuleSet::founding();
        rules.holidays = vec![crate::rules::Holidays {
            from: day("2027-02-05"),
            until: day("2027-02-11"),
            name: "春节".to_owned(),
        }];
        let mut reader = account();
        assert_eq!(reader.last_day(day("2027-02-06"), &rules), day("2027-02-12"));
        reader.expires = Some(day("2027-01-31"));
        assert_eq!(reader.last_day(day("2027-02-06"), &rules), day("2027-01-31"));
    }
}
