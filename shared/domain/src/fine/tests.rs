mod blocks;
mod chance;
mod changes;
mod days;
mod examples;
mod histories;
mod ledger;
mod model;

use super::*;
use crate::account::Loan;
use crate::rules::{Rule, Scope, Setting};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// An instant by the clock in Shanghai, such as `2026-12-24 10:00:00`.
fn at(text: &str) -> Timestamp {
    format!("{}+08:00", text.replace(' ', "T")).parse().unwrap()
}

fn loan(n: u32) -> LoanRef {
    let barcode = Barcode::parse(&format!("Y{n:05}")).unwrap();
    LoanRef { order_no: OrderNo::new(Timestamp::UNIX_EPOCH, 1), barcode }
}

/// A grown-up's ordinary book of unknown price that was due on the 23rd of December and is still out on this day.
fn late(until: &str) -> Late {
    Late {
        due: day("2026-12-23"),
        until: day(until),
        back: false,
        card: CardClass::Adult,
        item: ItemClass::Ordinary,
        price: None,
    }
}

/// The same book, handed over on this day.
fn back(on: &str) -> Late {
    Late { back: true, ..late(on) }
}

/// A version of the rules for everybody and everything.
fn version(version: u32, starts: &str, sets: &[Setting]) -> RuleSet {
    let rules = sets.iter().map(|set| Rule { set: *set, scope: Scope::ALL }).collect();
    RuleSet { version, starts: day(starts), rules, ..RuleSet::founding() }
}

/// The rules with these settings, in force for ever.
fn rules(sets: &[Setting]) -> RuleSet {
    version(7, "2018-01-01", sets)
}

/// The fine under just these rules.
fn fine(late: &Late, rules: &RuleSet) -> Fine {
    Fine::of(late, &Rulebook::new(std::slice::from_ref(rules)), late.until)
}

fn overdue(fine: &Fine) -> u32 {
    fine.amount(Claim::Overdue).0
}

/// Each day as `12-24 20 charged`.
fn told(days: &[Day]) -> Vec<String> {
    let code = |why: &Why| serde_json::to_value(why).unwrap()["code"].as_str().unwrap().to_owned();
    days.iter()
        .map(|day| format!("{} {} {}", day.date.strftime("%m-%d"), day.fen.0, code(&day.why)))
        .collect()
}
