use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What happens next to a parcel: what would carry it on, or anything whatever.
#[derive(Debug, Clone)]
enum Move {
    Onward,
    Any(Command),
}

/// What would carry a parcel on by one step.
fn next_step(parcel: &Parcel) -> Command {
    let first = |status: LineStatus| {
        let line = parcel.lines.iter().find(|line| line.status == status);
        line.map_or("Y00001", |line| line.barcode.as_str())
    };
    let home = parcel.destination == Destination::Home;
    let carrier = if home { Carrier::Kuaidi100 } else { Carrier::Van };
    let under_way = Journey { under_way: Some(later(1)), ..Journey::default() };
    match parcel.status() {
        Reserved => Command::Accept,
        Accepted if parcel.sorted.is_none() => Command::Sort,
        Accepted => pick(first(Accepted)),
        Picked if parcel.boxed.is_none() => Command::PrepareBox,
        Picked => pack(first(Picked)),
        Packed if parcel.booking.is_none() => booked(carrier),
        Packed if parcel.to_take_out().is_none() => hand_over(),
        Packed | Recalled => take_out(first(Recalled)),
        Dispatched if home => Command::Follow(under_way),
        Dispatched => depart(),
        Delivering if home => delivered(2),
        Delivering => arrive(),
        ReadyForPickup => collect(),
        Delivered | Collected | Cancelled | Uncollected => Command::Revoked(ticket("first")),
    }
}

const SHUT: Shut = Shut { from: Date::constant(2026, 11, 24), until: Date::constant(2026, 12, 4) };

fn any_command() -> impl Strategy<Value = Command> {
    let code = || prop_oneof![3 => Just("Y00001"), 3 => Just("Y00002"), 1 => Just("Z99999")];
    let place = || prop_oneof![4 => Just("C01"), 2 => Just("S01"), 1 => Just("L01")].prop_map(site);
    let instant = || proptest::option::of((0_i64..600).prop_map(later));
    let today = || (20_i8..=30).prop_map(|n| Date::constant(2026, 11, n));
    let level = proptest::sample::select(WARNINGS.to_vec());
    prop_oneof![
        Just(Command::Accept),
        Just(Command::Sort),
        (code(), place()).prop_map(|(c, site)| Command::Pick { barcode: barcode(c), site }),
        Just(Command::PrepareBox),
        (code(), place()).prop_map(|(c, site)| Command::Pack { barcode: barcode(c), site }),
        Just(booked(Carrier::Kuaidi100)),
        Just(booked(Carrier::Van)),
        place().prop_map(|site| Command::HandOver { site, waybill: None }),
        place().prop_map(|site| Command::Depart { site }),
        (place(), today()).prop_map(|(site, keep_until)| Command::Arrive {
            site,
            code: "4711".to_owned(),
            keep_until
        }),
        place().prop_map(|site| Command::Collect { site, code: "4711".to_owned() }),
        (instant(), instant(), instant()).prop_map(|(collected, under_way, delivered)| Command::Follow(
            Journey { collected, under_way, delivered }
        )),
        proptest::collection::vec(code(), 0..3).prop_map(|codes| cancel(&codes)),
        (code(), place()).prop_map(|(c, site)| Command::TakeOut { barcode: barcode(c), site }),
        any::<bool>().prop_map(|home| redirect(if home { Destination::Home } else { to_site() })),
        (place(), any::<bool>()).prop_map(|(to, takes_place)| Command::Reroute {
            to,
            takes_place,
            shut: SHUT
        }),
        Just(Command::StayBound { shut: SHUT }),
        today().prop_map(|until| Command::Keep { until, shut: SHUT }),
        Just(Command::Revoke(ticket("second"))),
        prop_oneof![Just("first"), Just("second")].prop_map(|of| Command::Revoked(ticket(of))),
        (21_i8..=30).prop_map(|n| Command::Expire { today: Date::constant(2026, 12, n) }),
        today().prop_map(|today| Command::Expire { today }),
        level.prop_map(|level| Command::Warn { level }),
    ]
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![Just(Move::Onward), any_command().prop_map(Move::Any)]
}

/// Each book's status, whatever order the books stand in.
fn by_book(parcel: &Parcel) -> BTreeMap<&Barcode, LineStatus> {
    parcel.lines.iter().map(|line| (&line.barcode, line.status)).collect()
}

/// The steps of one book's own way: until it comes off the order.
fn way(parcel: &Parcel, barcode: &Barcode) -> Vec<LineStatus> {
    let own = parcel.history.iter().filter(|entry| entry.barcode.as_ref().is_none_or(|of| of == barcode));
    let mut off = false;
    own.map(|entry| entry.step).take_while(|step| !std::mem::replace(&mut off, step.is_void())).collect()
}

/// Whether some staff still has something to do for it: to prepare it, to hand it out, to put it back.
fn is_work(parcel: &Parcel) -> bool {
    match parcel.status() {
        Reserved | Accepted | Picked | Packed | Recalled => true,
        Dispatched | Delivering | ReadyForPickup => parcel.destination != Destination::Home,
        Delivered | Collected | Cancelled | Uncollected => false,
    }
}

/// Whether the table leads from one status to the other.
fn leads(from: LineStatus, to: LineStatus) -> bool {
    from == to || TRANSITIONS.iter().any(|(start, _, end)| *start == from && leads(*end, to))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever arrives in whatever order: a parcel only moves along its table, a repeated command changes nothing, history only
    /// grows and never runs backwards, a finished parcel stays finished, and what was cancelled stays cancelled.
    #[test]
    fn random_commands_keep_every_parcel_sound(
        bound_for_site in any::<bool>(),
        moves in proptest::collection::vec(any_move(), 1..60),
    ) {
        let mut current = parcel(if bound_for_site { to_site() } else { Destination::Home });
        for next in moves {
            let command = match next {
                Move::Onward => next_step(&current),
                Move::Any(command) => command,
            };
            let Ok(Outcome::Changed(next)) = current.decide(&command, now()) else { continue };

            prop_assert_eq!(next.version, current.version + 1);
            prop_assert!(next.history.starts_with(&current.history));
            prop_assert!(next.status() >= current.status());
            let finishing = matches!(command, Command::TakeOut { .. } | Command::Revoke(_) | Command::Revoked(_));
            prop_assert!(current.is_open() || finishing, "a finished parcel moved: {:?}", command);
            prop_assert!(next.warned >= current.warned || next.promised_by > current.promised_by);
            prop_assert!(next.attempt >= current.attempt);

            let (before, after) = (by_book(&current), by_book(&next));
            prop_assert!(before.keys().eq(after.keys()), "a parcel keeps its books");
            for ((book, before), after) in before.iter().zip(after.values()) {
                prop_assert!(leads(*before, *after), "{:?} to {:?} by {:?}", before, after, command);
                prop_assert!(before.is_live() || after.is_void(), "{} came back to life", book);
                let way = way(&next, book);
                prop_assert!(way.is_sorted_by(|a, b| a < b), "{:?} of {}", way, book);
                let told = if *after == Recalled { Cancelled } else { *after };
                prop_assert_eq!(way.last().copied().unwrap_or(Reserved), told, "what is told of {}", book);
            }
            let slowest = next.live().map(|line| line.status).min();
            prop_assert_eq!(slowest.unwrap_or(next.status()), next.status());
            prop_assert_eq!(slowest.is_none(), next.status().is_void());
            if is_work(&next) || next.to_take_out().is_none() {
                prop_assert_eq!(next.working_site().is_some(), is_work(&next));
            }
            if matches!(command, Command::HandOver { .. }) {
                prop_assert_eq!(next.to_take_out(), None, "it left with a cancelled book");
            }
            if next.status() == Packed && next.booking.is_none() {
                let handed_over = next.decide(&hand_over(), now());
                prop_assert!(handed_over.is_err(), "nobody is there to take it");
            }
            // Another door looks the same from here: a second redirection cannot be told from the first.
            if !matches!(command, Command::Redirect { .. }) {
                prop_assert_eq!(next.decide(&command, now()), Ok(Outcome::Already), "{:?} twice", command);
            }
            current = *next;
        }
    }
}
