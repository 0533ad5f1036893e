//! What is done about money.

use super::super::act::{Act, Ended, OrderKey, PayBy, Told};
use super::super::chance::Chance;
use super::super::ledger::{End, Ledger, Order, Payment};

/// How often the platform tells the truth, and tells it once.
const TOLD: [Told; 4] = [Told::Truly, Told::Truly, Told::Wrongly, Told::Anew];

pub(super) fn think(chance: &mut Chance, ledger: &Ledger) -> Option<Act> {
    match chance.below(100) {
        0..20 => ask(chance, ledger),
        20..50 => pay(chance, ledger),
        50..65 => of(chance, ledger, |owed| owed.is_due()).map(|order| Act::GiveUp { order }),
        65..75 => {
            of(chance, ledger, |owed| !owed.is_due() && owed.paid.is_none()).map(|order| Act::Close { order })
        }
        _ => refund(chance, ledger),
    }
}

/// An order with such a payment; now and then any order.
fn of(chance: &mut Chance, ledger: &Ledger, such: impl Fn(&Payment) -> bool) -> Option<OrderKey> {
    let fits = |key: &&OrderKey| ledger.orders[key].payment.as_ref().is_some_and(&such);
    let fitting: Vec<OrderKey> = ledger.orders.keys().filter(fits).copied().collect();
    let late: Vec<OrderKey> = ledger.orders.keys().rev().take(10).copied().collect();
    let thought = if chance.percent(90) { chance.of(&fitting) } else { None };
    thought.or_else(|| chance.of(&late))
}

/// What comes next of an order that is to be paid. Some forget it until it is too late.
pub(super) fn next(chance: &mut Chance, ledger: &Ledger, order: OrderKey) -> Act {
    let Order { reader, payment, .. } = &ledger.orders[&order];
    if payment.as_ref().is_some_and(|owed| owed.until <= ledger.now) {
        Act::GiveUp { order }
    } else if chance.percent(60) {
        Act::AskToPay { reader: *reader, order, by: way(chance, ledger, order) }
    } else {
        Act::Pay { order, told: Told::Truly }
    }
}

fn ask(chance: &mut Chance, ledger: &Ledger) -> Option<Act> {
    let order = of(chance, ledger, |owed| owed.is_due())?;
    let own = ledger.orders[&order].reader;
    let reader = if chance.percent(95) { own } else { chance.one(&[1, 2, 3, 4, 5]) };
    Some(Act::AskToPay { reader, order, by: way(chance, ledger, order) })
}

/// Mostly another way than before.
fn way(chance: &mut Chance, ledger: &Ledger, order: OrderKey) -> PayBy {
    match ledger.orders[&order].payment.as_ref().and_then(|owed| owed.asked) {
        Some(PayBy::H5) if chance.percent(80) => PayBy::Native,
        Some(PayBy::Native) if chance.percent(80) => PayBy::H5,
        _ => chance.one(&[PayBy::Native, PayBy::H5]),
    }
}

/// Of an order that waits for it, of one that was given up, or once more of one that was paid.
fn pay(chance: &mut Chance, ledger: &Ledger) -> Option<Act> {
    let order = match chance.below(3) {
        0 => of(chance, ledger, |owed| owed.paid.is_some())?,
        1 => of(chance, ledger, |owed| !owed.is_due() && owed.paid.is_none())?,
        _ => of(chance, ledger, |owed| owed.is_due())?,
    };
    Some(Act::Pay { order, told: chance.one(&TOLD) })
}

fn refund(chance: &mut Chance, ledger: &Ledger) -> Option<Act> {
    let order = of(chance, ledger, |owed| owed.back.iter().any(|back| back.end != End::Done))?;
    let many = ledger.orders[&order].payment.as_ref().map_or(0, |owed| owed.back.len());
    let n = usize::try_from(chance.below(u64::try_from(many).unwrap() + 1)).unwrap();
    // Sometimes one that was never asked for.
    let n = if chance.percent(15) { many + 1 } else { n };
    Some(Act::Refund { order, n, ended: chance.one(&[Ended::Done, Ended::Done, Ended::Stuck]) })
}
