//! How loans come back.

use super::super::act::{Act, Back, Fetch, ReturnKey};
use super::super::chance::Chance;
use super::super::ledger::{Ledger, Return};
use super::super::world::SITES;
use super::{CLOCK, any_copy};

pub(super) fn think(chance: &mut Chance, ledger: &Ledger) -> Option<Act> {
    match chance.below(100) {
        0..35 => book(chance, ledger),
        35..53 => call_off(chance, ledger),
        53..70 => take_back(chance, ledger),
        _ => fetch(chance, ledger),
    }
}

/// A book or two that a reader has; now and then one that they have not, or that comes back already.
fn book(chance: &mut Chance, ledger: &Ledger) -> Option<Act> {
    let lent = |n: &u32| ledger.readers[n].open.values().any(|item| item.loan.is_some());
    let lenders: Vec<u32> = ledger.readers.keys().copied().filter(lent).collect();
    let reader = chance.of(&lenders)?;
    let open = || ledger.readers[&reader].open.values();
    // What comes back already, or is not there yet.
    let not = open().filter(|item| item.loan.is_none() || item.returning.is_some());
    let not: Vec<&'static str> = not.map(|item| item.copy).collect();
    let mine = open().filter(|item| item.loan.is_some() && item.returning.is_none());
    let mine: Vec<&'static str> = mine.map(|item| item.copy).collect();
    let mine = if mine.is_empty() || chance.percent(35) { not } else { mine };
    let mut books = vec![chance.of(&mine)?];
    let other = if chance.percent(12) { Some(any_copy(chance)) } else { chance.of(&mine) };
    books.extend(other.filter(|other| !books.contains(other)));
    let way = if chance.percent(40) {
        Back::Site(chance.one(&SITES))
    } else {
        Back::Courier { days: chance.one(&[0, 0, 1, 2, 3]) }
    };
    Some(Act::BookReturn { reader, books, way })
}

/// One of the last returns.
fn recent<'a>(
    chance: &mut Chance,
    ledger: &'a Ledger,
    such: impl Fn(&Return) -> bool,
) -> Option<(ReturnKey, &'a Return)> {
    let late: Vec<ReturnKey> =
        ledger.returns.iter().rev().filter(|(_, one)| such(one)).map(|(key, _)| *key).take(6).collect();
    let key = chance.of(&late)?;
    Some((key, &ledger.returns[&key]))
}

fn call_off(chance: &mut Chance, ledger: &Ledger) -> Option<Act> {
    // One that a courier comes for, one that is live, or any.
    let kind = chance.below(100);
    let (of, one) = recent(chance, ledger, |one| match kind {
        0..40 => one.is_open() && one.courier.is_some(),
        40..70 => one.is_open(),
        _ => true,
    })?;
    let reader = if chance.percent(95) { one.reader } else { chance.one(&[1, 2, 3, 4, 5]) };
    Some(Act::CallOffReturn { reader, of })
}

fn take_back(chance: &mut Chance, ledger: &Ledger) -> Option<Act> {
    let lent: Vec<&'static str> =
        ledger.copies.iter().filter(|(_, copy)| copy.lent).map(|(code, _)| *code).collect();
    let copy = if chance.percent(80) { chance.of(&lent)? } else { any_copy(chance) };
    Some(Act::TakeBack { copy, site: chance.one(&SITES) })
}

/// What a courier does next; sometimes he comes though he was called off.
fn fetch(chance: &mut Chance, ledger: &Ledger) -> Option<Act> {
    let in_vain = chance.percent(40);
    let (of, one) = recent(chance, ledger, |one| one.by_courier() && (one.call_off || !in_vain))
        .or_else(|| recent(chance, ledger, Return::by_courier))?;
    let push = Fetch::Push { far: chance.one(&[1, 1, 2, 3]), minutes_ago: chance.one(&CLOCK) };
    let fetch = if one.courier.is_none() || chance.percent(5) {
        Fetch::Booked
    } else if one.call_off && chance.percent(70) {
        Fetch::CalledOff
    } else {
        push
    };
    Some(Act::Fetch { of, fetch })
}
