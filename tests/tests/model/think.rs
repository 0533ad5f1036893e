//! What somebody might do next: mostly what is to be done, sometimes what nobody should.

mod money;
mod returns;

use super::act::{Act, Missing, OrderKey, ParcelKey, Step, To, When, Work};
use super::chance::Chance;
use super::ledger::{Item, Ledger, Parcel, Slot, Stage};
use super::world::{CAPACITY, NO_TITLE, READERS, RENEW_FROM, SITES, TITLES, WINDOWS};

/// Thinks of the next step: mostly what somebody would do, sometimes what nobody should.
pub(super) fn think(chance: &mut Chance, ledger: &Ledger, id: u32) -> Step {
    let seconds = 1 + i64::try_from(chance.below(40)).unwrap();
    // Hours or days pass: suspended holds wait again, loans come near their end, parcels are not collected.
    if chance.percent(3) {
        let minutes = i64::try_from(chance.below(7 * 24 * 60)).unwrap();
        return Step { id, seconds: seconds + 60 * minutes, act: Act::Queues };
    }
    Step { id, seconds, act: act(chance, ledger) }
}

fn act(chance: &mut Chance, ledger: &Ledger) -> Act {
    let reader = 1 + u32::try_from(chance.below(u64::from(READERS))).unwrap();
    let roll = chance.below(100);
    let thought = match roll {
        0..36 => further(chance, ledger),
        36..45 => anything(chance, ledger),
        45..52 => money::think(chance, ledger),
        52..63 => returns::think(chance, ledger),
        63..66 => into_full_slot(chance, ledger).or_else(|| Some(order(chance, ledger, reader))),
        66..73 => Some(order(chance, ledger, reader)),
        73..76 => cancel(chance, ledger),
        76..81 => redirect(chance, ledger),
        81..84 => Some(hold(chance, ledger, reader)),
        84..86 => change(chance, ledger),
        86..87 => waiting(chance, ledger).map(|(reader, title)| Act::Leave { reader, title }),
        87..91 => check_in(chance, ledger),
        91..95 => renew(chance, ledger),
        95..99 => expire(chance, ledger),
        _ => Some(Act::Give { title: chance.one(&[0, 1, 2, 3, 4, 5]) }),
    };
    // Who has nothing to do looks after something else.
    thought
        .or_else(|| further(chance, ledger))
        .or_else(|| anything(chance, ledger))
        .unwrap_or_else(|| order(chance, ledger, reader))
}

/// Any title; mostly one that the reader has not, and sometimes none at all.
fn title(chance: &mut Chance, ledger: &Ledger, reader: u32) -> usize {
    let waits_for = ledger.waits_for(reader);
    let wanted: Vec<usize> = (0..NO_TITLE)
        .filter(|title| !ledger.readers[&reader].open.contains_key(title) && !waits_for.contains(title))
        .collect();
    let free: Vec<usize> = wanted.iter().copied().filter(|title| ledger.is_free(*title)).collect();
    let thought = match chance.below(100) {
        0..1 => Some(NO_TITLE),
        1..7 => None,
        7..45 => chance.of(&free),
        _ => chance.of(&wanted),
    };
    thought.unwrap_or_else(|| chance.one(&[0, 1, 2, 3, 4, 5]))
}

fn hold(chance: &mut Chance, ledger: &Ledger, reader: u32) -> Act {
    let mut title = title(chance, ledger, reader);
    // Who may have it at once does not queue.
    if ledger.is_free(title) {
        title = self::title(chance, ledger, reader);
    }
    Act::Hold { reader, title, to: to(chance), until: until(chance) }
}

fn to(chance: &mut Chance) -> To {
    let [home, site, other] = [To::Home, To::Site("S01"), To::Site("C01")];
    chance.one(&[home, home, home, home, To::Office, site, site, site, other])
}

/// Most want one of the first slots, which are soon full; some one that is past, too far, or not at all.
fn wish(chance: &mut Chance, ledger: &Ledger, to: To) -> Option<When> {
    if !to.is_door() {
        return None;
    }
    if chance.percent(20) {
        let window = chance.one(&[0, 0, 1, 1, WINDOWS.len()]);
        return Some(When { days: chance.one(&[0, 1, 2, 3, 11]), window });
    }
    let offered = ledger.slots();
    let full: Vec<Slot> =
        offered.iter().copied().filter(|slot| !ledger.has_room(to, *slot, 1, None)).collect();
    let slot = chance
        .of(&full)
        .filter(|_| chance.percent(40))
        .unwrap_or_else(|| chance.one(&[offered[0], offered[0], offered[1]]));
    Some(When { days: slot.day - ledger.today(), window: slot.window })
}

fn until(chance: &mut Chance) -> Option<i64> {
    chance.percent(25).then(|| i64::try_from(chance.below(12)).unwrap())
}

fn order(chance: &mut Chance, ledger: &Ledger, reader: u32) -> Act {
    let many = chance.one(&[1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4]);
    let mut titles = Vec::new();
    for _ in 0..3 * many {
        let one = title(chance, ledger, reader);
        if titles.len() < many && (!titles.contains(&one) || chance.percent(3)) {
            titles.push(one);
        }
    }
    let missing = chance.one(&[Missing::Ship, Missing::Wait, Missing::Wait, Missing::Cancel]);
    // Everybody wants to have it at home when no courier can come in time.
    let full = ledger.new_in_slot(To::Home, None, 1).is_err();
    let all_home = full && chance.percent(75);
    let to = if all_home { To::Home } else { to(chance) };
    let slot = if all_home || chance.percent(50) { None } else { wish(chance, ledger, to) };
    Act::Order { reader, titles, to, slot, missing }
}

/// The next step of a parcel on its way.
fn further(chance: &mut Chance, ledger: &Ledger) -> Option<Act> {
    let open: Vec<ParcelKey> =
        ledger.parcels.iter().filter(|(_, parcel)| busy(parcel)).map(|(key, _)| *key).collect();
    let key = chance.of(&open)?;
    let parcel = &ledger.parcels[&key];
    if parcel.is_unpaid() && chance.percent(85) {
        return Some(money::next(chance, ledger, key.order));
    }
    Some(Act::Work { parcel: key, work: next(chance, parcel)? })
}

fn busy(parcel: &Parcel) -> bool {
    let over = parcel.stage().with_reader() || parcel.stage().is_void();
    !over || parcel.stage() == Stage::Recalled || parcel.revoked.is_some()
}

fn next(chance: &mut Chance, parcel: &Parcel) -> Option<Work> {
    let at = parcel.site;
    let of = |stage: Stage| parcel.books.iter().find(|book| book.stage == stage).map(|book| book.copy);
    if parcel.revoked.is_some() && chance.percent(70) {
        return Some(Work::CalledOff);
    }
    if let Some(copy) = of(Stage::Recalled).filter(|_| chance.percent(50)) {
        return Some(Work::TakeOut(copy, at));
    }
    Some(match (parcel.stage(), parcel.to) {
        (Stage::Reserved, _) => Work::Accept,
        (Stage::Accepted, _) if !parcel.sorted => Work::Sort,
        (Stage::Accepted, _) => Work::Pick(of(Stage::Accepted)?, at),
        (Stage::Picked, _) if !parcel.boxed => Work::PrepareBox,
        (Stage::Picked, _) => Work::Pack(of(Stage::Picked)?, at),
        // A carrier is booked when the one before is called off.
        (Stage::Packed, _) if parcel.booked.is_none() && parcel.revoked.is_some() => Work::CalledOff,
        (Stage::Packed, to) if parcel.booked.is_none() => Work::Book { van: !to.is_door() },
        (Stage::Packed, _) if chance.percent(85) => Work::HandOver(at),
        (Stage::Dispatched, To::Site(_)) if chance.percent(70) => Work::Depart(at),
        (Stage::Packed | Stage::Dispatched | Stage::Delivering, To::Site(site)) => Work::Arrive(site),
        (Stage::Packed | Stage::Dispatched | Stage::Delivering, _) => push(chance),
        // Some are never collected.
        (Stage::Ready, To::Site(site)) if chance.percent(3) => Work::Collect { site, right_code: true },
        (Stage::Recalled, _) => Work::TakeOut(of(Stage::Recalled)?, at),
        _ => return None,
    })
}

/// How long ago the courier says that it was. By his clock nothing comes before what he told earlier.
const CLOCK: [i64; 4] = [0, 1, 5, 8];

fn push(chance: &mut Chance) -> Work {
    let minutes_ago = chance.one(&CLOCK);
    Work::Push { far: chance.one(&[1, 2, 3, 3, 3]), minutes_ago }
}

/// Anything to any parcel, at any site.
fn anything(chance: &mut Chance, ledger: &Ledger) -> Option<Act> {
    let parcel = recent(chance, ledger)?;
    let books = &ledger.parcels[&parcel].books;
    let copy = if chance.percent(90) { chance.of(books)?.copy } else { any_copy(chance) };
    let site = if chance.percent(70) { ledger.parcels[&parcel].site } else { chance.one(&SITES) };
    let free_to_book = ledger.parcels[&parcel].revoked.is_none();
    let work = match chance.below(14) {
        0 => Work::Accept,
        1 => Work::Sort,
        2 => Work::Pick(copy, site),
        3 => Work::PrepareBox,
        4 => Work::Pack(copy, site),
        5 if free_to_book => Work::Book { van: !ledger.parcels[&parcel].to.is_door() },
        6 => Work::HandOver(site),
        7 => Work::Depart(site),
        8 => Work::Arrive(chance.one(&SITES)),
        9 => Work::Collect { site: chance.one(&SITES), right_code: chance.percent(50) },
        10 => push(chance),
        11 => Work::TakeOut(copy, site),
        12 => Work::CalledOff,
        _ => Work::BreakPromise,
    };
    Some(Act::Work { parcel, work })
}

fn recent(chance: &mut Chance, ledger: &Ledger) -> Option<ParcelKey> {
    let late: Vec<ParcelKey> = ledger.parcels.keys().rev().take(25).copied().collect();
    chance.of(&late)
}

fn any_copy(chance: &mut Chance) -> &'static str {
    let title = TITLES[chance.one(&[0, 1, 2, 3, 4, 5])];
    chance.one(title.1).0
}

/// A parcel's order that may still be changed; now and then any, by anybody.
fn changeable(chance: &mut Chance, ledger: &Ledger) -> Option<(u32, OrderKey)> {
    let called = chance.percent(25);
    let early = |parcel: &Parcel| {
        let waits = matches!(parcel.booked, Some((false, _)));
        !parcel.stage().is_void() && parcel.stage() < Stage::Dispatched && (waits || !called)
    };
    let open: Vec<ParcelKey> =
        ledger.parcels.iter().filter(|(_, one)| early(one)).map(|(key, _)| *key).collect();
    let parcel = if chance.percent(80) { chance.of(&open) } else { None };
    let key = parcel.or_else(|| recent(chance, ledger))?.order;
    let reader = if chance.percent(97) { ledger.orders[&key].reader } else { chance.one(&[1, 2, 3, 4, 5]) };
    Some((reader, key))
}

fn cancel(chance: &mut Chance, ledger: &Ledger) -> Option<Act> {
    let (reader, order) = changeable(chance, ledger)?;
    let mut books: Vec<&'static str> = Vec::new();
    // The whole order, or some of its books.
    if chance.percent(75) {
        let all =
            ledger.parcels.iter().filter(|(key, _)| key.order == order).flat_map(|(_, parcel)| &parcel.books);
        books = all.map(|book| book.copy).filter(|_| chance.percent(50)).collect();
    }
    if chance.percent(2) {
        books.push(any_copy(chance));
    }
    Some(Act::Cancel { reader, order, books })
}

fn redirect(chance: &mut Chance, ledger: &Ledger) -> Option<Act> {
    if let Some(into_full) = into_full_slot(chance, ledger).filter(|_| chance.percent(60)) {
        return Some(into_full);
    }
    let (reader, order) = changeable(chance, ledger)?;
    // Elsewhere, or at another time.
    let to = match chance.below(100) {
        0..35 => ledger.orders[&order].to,
        // Where nothing more fits in.
        35..55 if ledger.taken("S01") == CAPACITY => To::Site("S01"),
        _ => to(chance),
    };
    let slot = if chance.percent(25) { None } else { wish(chance, ledger, to) };
    Some(Act::Redirect { reader, order, to, slot })
}

/// What comes to a door is wanted there in a slot that is full.
fn into_full_slot(chance: &mut Chance, ledger: &Ledger) -> Option<Act> {
    let mut offered = ledger.slots().into_iter();
    let full = offered.find(|slot| !ledger.has_room(To::Home, *slot, 1, None))?;
    let early =
        |parcel: &Parcel| parcel.is_open() && parcel.stage() < Stage::Dispatched && parcel.to.is_door();
    let others: Vec<OrderKey> = ledger
        .parcels
        .iter()
        .filter(|(_, one)| early(one) && one.slot != Some(full))
        .map(|(key, _)| key.order)
        .collect();
    let order = chance.of(&others)?;
    let slot = When { days: full.day - ledger.today(), window: full.window };
    Some(Act::Redirect { reader: ledger.orders[&order].reader, order, to: To::Home, slot: Some(slot) })
}

fn waiting(chance: &mut Chance, ledger: &Ledger) -> Option<(u32, usize)> {
    let all: Vec<(u32, usize)> = ledger
        .queues
        .iter()
        .flat_map(|(title, queue)| queue.iter().map(|hold| (hold.reader, *title)))
        .collect();
    if chance.percent(95) {
        chance.of(&all)
    } else {
        Some((chance.one(&[1, 2, 3, 4, 5]), chance.one(&[0, 1, 2, 3, 4, 5])))
    }
}

fn change(chance: &mut Chance, ledger: &Ledger) -> Option<Act> {
    let (reader, title) = waiting(chance, ledger)?;
    let resumes = chance.one(&[None, Some(None), Some(Some(1)), Some(Some(3)), Some(Some(9))]);
    let to = chance.percent(25).then(|| to(chance));
    let until = chance.percent(15).then(|| until(chance));
    Some(Act::ChangeHold { reader, title, to, until, resumes })
}

fn check_in(chance: &mut Chance, ledger: &Ledger) -> Option<Act> {
    let lent: Vec<&'static str> =
        ledger.copies.iter().filter(|(_, copy)| copy.lent).map(|(code, _)| *code).collect();
    let copy = if chance.percent(75) { chance.of(&lent)? } else { any_copy(chance) };
    let site = if chance.percent(20) { ledger.copies[copy].site } else { chance.one(&SITES) };
    Some(Act::CheckIn { copy, site })
}

fn renew(chance: &mut Chance, ledger: &Ledger) -> Option<Act> {
    let today = ledger.today();
    let kind = chance.below(100);
    let wanted = |title: &usize, item: &Item| match (kind, item.loan) {
        // What can be renewed, what has gone back, what somebody waits for, anything that is lent, and anything.
        (0..50, Some(loan)) => (loan.due - RENEW_FROM..=loan.due).contains(&today) && loan.back.is_none(),
        (50..58, Some(loan)) => loan.back.is_some(),
        (58..75, Some(loan)) => loan.back.is_none() && !ledger.queues[title].is_empty(),
        (75..95, Some(loan)) => loan.back.is_none(),
        (95.., _) => true,
        (_, None) => false,
    };
    let lent: Vec<(u32, &'static str)> = (1..=READERS)
        .flat_map(|n| ledger.readers[&n].open.iter().map(move |(title, item)| (n, title, item)))
        .filter(|(_, title, item)| wanted(title, item))
        .map(|(n, _, item)| (n, item.copy))
        .collect();
    let (reader, copy) = chance.of(&lent)?;
    Some(Act::Renew { reader, copy: if chance.percent(95) { copy } else { any_copy(chance) } })
}

fn expire(chance: &mut Chance, ledger: &Ledger) -> Option<Act> {
    let ready: Vec<ParcelKey> = ledger
        .parcels
        .iter()
        .filter(|(_, parcel)| parcel.stage() == Stage::Ready)
        .map(|(key, _)| *key)
        .collect();
    let parcel = if chance.percent(90) { chance.of(&ready)? } else { recent(chance, ledger)? };
    Some(Act::Expire { parcel })
}
