//! Renewing a loan.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::account::{Account, Loan};
use crate::ids::Barcode;
use crate::rules::{About, By, RuleSet};

/// Why a loan is not renewed. All reasons are told at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum NotRenewed {
    /// It is too early.
    NotYet {
        /// The first day on which it can be renewed.
        #[schema(value_type = String, format = Date)]
        from: Date,
        /// The rule.
        by: By,
    },
    /// It was renewed as often as it may be.
    TooOften {
        /// How often that is.
        limit: u16,
        /// The rule.
        by: By,
    },
    /// Readers wait for it, and no other copy can serve them.
    Awaited {
        /// How many.
        waiting: u32,
        /// How many other copies are free for them.
        free: u32,
    },
    /// It is on its way back: the reader handed it over.
    GivenBack {
        /// When.
        #[schema(value_type = String, format = DateTime)]
        at: Timestamp,
    },
    /// It is overdue already.
    Overdue {
        /// Since the day after this.
        #[schema(value_type = String, format = Date)]
        due: Date,
    },
    /// The card ends before the loan could become longer.
    CardEnds {
        /// Its last day.
        #[schema(value_type = String, format = Date)]
        last_day: Date,
    },
    /// The reader left too many parcels uncollected.
    Paused {
        /// The last day of the pause.
        #[schema(value_type = String, format = Date)]
        until: Date,
        /// The rule.
        by: By,
    },
}

/// Who else wants the title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Demand {
    /// Readers who wait for it now.
    pub waiting: u32,
    /// Copies that are free for them.
    pub free: u32,
}

/// Decides a renewal: the account as it is to be stored, and the new last day. `None` when the reader has no such loan.
pub fn renew(
    account: &Account,
    barcode: &Barcode,
    demand: Demand,
    rules: &RuleSet,
    today: Date,
) -> Option<Result<(Account, Date), Vec<NotRenewed>>> {
    let (title_id, item) = account.open.iter().find(|(_, item)| item.barcode == *barcode)?;
    let loan = item.loan?;
    let about = About::card(account.class).item(item.class);
    let prolonged = account.last_day(later(loan.due, rules.renewal_days(&about).value), rules);
    let reasons = reasons(account, loan, prolonged, demand, rules, &about, today);
    if !reasons.is_empty() {
        return Some(Err(reasons));
    }
    let mut next = account.next();
    if let Some(item) = next.open.get_mut(title_id) {
        item.loan = Some(Loan { due: prolonged, renewed: loan.renewed.saturating_add(1), ..loan });
    }
    Some(Ok((next, prolonged)))
}

fn reasons(
    account: &Account,
    loan: Loan,
    prolonged: Date,
    demand: Demand,
    rules: &RuleSet,
    about: &About<'_>,
    today: Date,
) -> Vec<NotRenewed> {
    let mut reasons = Vec::new();
    if let Some(at) = loan.back {
        // Nothing else matters of a loan that does not run.
        return vec![NotRenewed::GivenBack { at }];
    }
    let from_rule = rules.renew_from(about);
    let from = loan.due.checked_sub(Span::new().days(i64::from(from_rule.value))).unwrap_or(loan.due);
    let limit = rules.renewals(about);
    if loan.renewed >= limit.value {
        reasons.push(NotRenewed::TooOften { limit: limit.value, by: limit.by });
    } else if today < from {
        reasons.push(NotRenewed::NotYet { from, by: from_rule.by });
    }
    if today > loan.due {
        reasons.push(NotRenewed::Overdue { due: loan.due });
    }
    if demand.waiting > demand.free {
        reasons.push(NotRenewed::Awaited { waiting: demand.waiting, free: demand.free });
    }
    if let Some(last_day) = account.expires.filter(|_| prolonged <= loan.due) {
        reasons.push(NotRenewed::CardEnds { last_day });
    }
    if let Some(ban) = account.ban(rules, today) {
        reasons.push(NotRenewed::Paused { until: ban.until, by: ban.by });
    }
    reasons
}

fn later(day: Date, days: u16) -> Date {
    day.checked_add(Span::new().days(i64::from(days))).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::OpenItem;
    use crate::ids::{CardNo, OrderNo, ReaderId, TitleId};
    use crate::rules::ItemClass;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn with_loan(due: &str, renewed: u16) -> (Account, Barcode) {
        let rid = ReaderId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap();
        let mut account = Account::new(rid, CardNo::from_serial(1), true);
        let barcode = Barcode::parse("Y00001").unwrap();
        let item = OpenItem {
            barcode: barcode.clone(),
            order_no: OrderNo::new(Timestamp::UNIX_EPOCH, 1),
            title: "红楼梦".to_owned(),
            class: ItemClass::Ordinary,
            loan: Some(Loan { since: Timestamp::UNIX_EPOCH, due: day(due), renewed, back: None }),
            returning: None,
        };
        account.open.insert(TitleId::parse("t").unwrap(), item);
        (account, barcode)
    }

    fn codes(result: Option<Result<(Account, Date), Vec<NotRenewed>>>) -> Vec<String> {
        let reasons = result.unwrap().unwrap_err();
        reasons
            .iter()
            .map(|reason| serde_json::to_value(reason).unwrap()["code"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn a_loan_is_renewed_once_within_its_last_ten_days() {
        let rules = RuleSet::founding();
        let (account, barcode) = with_loan("2026-12-23", 0);
        let ask = |today| renew(&account, &barcode, Demand::default(), &rules, day(today));
        assert_eq!(codes(ask("2026-12-12")), ["not_yet"]);
        let (next, due) = ask("2026-12-13").unwrap().unwrap();
        assert_eq!((due, next.version), (day("2027-01-22"), account.version + 1));
        assert!(ask("2026-12-23").unwrap().is_ok(), "on the last day");
        assert_eq!(codes(ask("2026-12-24")), ["overdue"]);
        assert_eq!(
            codes(renew(&next, &barcode, Demand::default(), &rules, day("2027-01-20"))),
            ["too_often"]
        );
    }

    #[test]
    fn a_book_on_its_way_back_is_not_renewed_and_nothing_else_is_said_of_it() {
        let rules = RuleSet::founding();
        let (mut account, barcode) = with_loan("2026-12-23", 1);
        for item in account.open.values_mut() {
            item.loan = item.loan.map(|loan| Loan { back: Some(Timestamp::UNIX_EPOCH), ..loan });
        }
        let asked = renew(&account, &barcode, Demand { waiting: 3, free: 0 }, &rules, day("2026-12-24"));
        assert_eq!(codes(asked), ["given_back"]);
    }

    #[test]
    fn somebody_who_waits_is_a_reason_only_when_no_other_copy_serves_them() {
        let rules = RuleSet::founding();
        let (account, barcode) = with_loan("2026-12-23", 0);
        let ask =
            |waiting, free| renew(&account, &barcode, Demand { waiting, free }, &rules, day("2026-12-20"));
        assert_eq!(codes(ask(2, 1)), ["awaited"]);
        assert!(ask(2, 2).unwrap().is_ok());
    }

    #[test]
    fn all_reasons_are_told_at_once() {
        let rules = RuleSet::founding();
        let (mut account, barcode) = with_loan("2026-12-23", 1);
        account.uncollected = vec![day("2026-12-20"); 3];
        account.expires = Some(day("2026-12-23"));
        let all = renew(&account, &barcode, Demand { waiting: 1, free: 0 }, &rules, day("2026-12-24"));
        assert_eq!(codes(all), ["too_often", "overdue", "awaited", "card_ends", "paused"]);
        let other = Barcode::parse("Y00002").unwrap();
        assert!(renew(&account, &other, Demand::default(), &rules, day("2026-12-20")).is_none());
    }
}
