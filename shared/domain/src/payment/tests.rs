use proptest::prelude::*;

use super::*;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_763_863_200 + minutes * 60).unwrap()
}

/// Three books to the door: 3.00 yuan for the first, 1.00 for each of the others; to be paid within half an hour.
fn due() -> Payment {
    let rid = ReaderId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap();
    let order_no = OrderNo::parse("261123ABCDEF0001").unwrap();
    Payment::new(rid, Purpose::Delivery { order_no, more: Fen(100) }, Fen(500), at(0), at(30))
}

fn paying(amount: u32) -> Command {
    Command::Paid { amount: Fen(amount), at: at(1), transaction: "4200001".to_owned() }
}

trait Then: Sized {
    fn then(self, command: &Command) -> Self;
}

impl Then for Payment {
    #[track_caller]
    fn then(self, command: &Command) -> Self {
        match self.decide(command, at(40)).unwrap() {
            Outcome::Changed(next) => {
                assert_eq!(next.version, self.version + 1);
                *next
            }
            Outcome::Already => panic!("{command:?} changed nothing"),
        }
    }
}

fn amounts(payment: &Payment) -> Vec<u32> {
    payment.refunds.iter().map(|refund| refund.amount.0).collect()
}

#[test]
fn a_payments_number_says_which_order_it_is_for_and_is_one_that_providers_take() {
    let payment = due();
    assert_eq!(payment.no().as_str(), "D261123ABCDEF0001");
    assert_eq!(payment.no().order_no().unwrap().as_str(), "261123ABCDEF0001");
    assert_eq!(PaymentNo::parse(payment.no().as_str()).unwrap(), payment.no());
    for foreign in ["X261123ABCDEF0001", "D26112", "ＤＤＤＤＤＤ"] {
        assert!(PaymentNo::parse(foreign).and_then(|no| no.order_no()).is_err(), "{foreign}");
    }
}

#[test]
fn what_is_told_three_times_is_paid_once() {
    let paid = due().then(&paying(500));
    assert!(matches!(paid.state, State::Paid { .. }));
    assert!(!paid.is_open(), "nothing is left to do");
    assert_eq!(paid.decide(&paying(500), at(2)), Ok(Outcome::Already));
}

#[test]
fn another_amount_is_not_taken_for_it() {
    for amount in [0, 499, 501] {
        let refused = due().decide(&paying(amount), at(1));
        assert_eq!(refused, Err(Refusal::WrongAmount { paid: Fen(amount), owed: Fen(500) }));
    }
    let other = Command::Paid { amount: Fen(500), at: at(2), transaction: "4200002".to_owned() };
    let refused = due().then(&paying(500)).decide(&other, at(2));
    assert_eq!(refused, Err(Refusal::PaidTwice { transaction: "4200001".to_owned() }));
}

#[test]
fn one_of_three_books_given_up_gives_back_what_it_added_and_the_last_one_the_rest() {
    let payment = due().then(&paying(500));
    let share = |payment: &Payment, cancelled, left| Command::Waive {
        amount: payment.purpose.share(payment.amount, cancelled, left),
    };

    let less = payment.clone().then(&share(&payment, 1, 2));
    assert_eq!(amounts(&less), [100]);
    let nothing = less.clone().then(&share(&less, 2, 0));
    assert_eq!(amounts(&nothing), [100, 400], "all that is left, and no fen more");
    assert_eq!(nothing.decide(&share(&nothing, 3, 0), at(41)), Ok(Outcome::Already));
    assert_eq!(nothing.refund_no(2), "D261123ABCDEF0001-R2");
    assert_eq!(nothing.refund_of("D261123ABCDEF0001-R2"), Some(2));
    assert_eq!(nothing.refund_of("D261123ABCDEF0001-R3"), None);
}

#[test]
fn a_book_given_up_before_paying_comes_back_when_all_is_paid() {
    let less = due().then(&Command::Waive { amount: Fen(100) });
    assert_eq!((&less.state, less.amount), (&State::Due, Fen(500)), "the provider knows one amount");
    let paid = less.then(&paying(500));
    assert_eq!(amounts(&paid), [100]);
}

/// The provider takes no money for it, and no page that was open may still take any.
#[track_caller]
fn closed(lapsed: &Payment) -> Payment {
    assert_eq!(lapsed.decide(&Command::Closed, at(149)), Ok(Outcome::Already), "a page may still be open");
    match lapsed.decide(&Command::Closed, at(150)) {
        Ok(Outcome::Changed(next)) => *next,
        other => panic!("it is not closed: {other:?}"),
    }
}

#[test]
fn what_a_reader_is_shown_says_how_much_of_the_money_came_back() {
    let paid = due().then(&paying(500));
    let partly = paid.then(&Command::Waive { amount: Fen(100) }).then(&Command::Refunded { n: 1 });
    assert_eq!((Shown::of(&partly), partly.costs()), (Shown::PartlyRefunded, Fen(400)));
    let rest = partly.then(&Command::Waive { amount: Fen(400) });
    assert_eq!((Shown::of(&rest), rest.costs()), (Shown::Refunding, Fen::ZERO));
    assert_eq!(Shown::of(&rest.then(&Command::Refunded { n: 2 })), Shown::Refunded);
    let less = due().then(&Command::Waive { amount: Fen(100) });
    assert_eq!((Shown::of(&less), less.costs()), (Shown::Due, Fen(400)));
    assert_eq!(due().then(&Command::Lapse).costs(), Fen::ZERO);
}

#[test]
fn an_order_cancelled_before_paying_owes_nothing_and_what_is_paid_for_it_all_the_same_goes_back() {
    let lapsed = due().then(&Command::Waive { amount: Fen(500) });
    assert_eq!(lapsed.state, State::Lapsed { closed: false });
    assert!(lapsed.is_open(), "the provider is still to be told");
    let closed = closed(&lapsed);
    assert!(!closed.is_open());

    for late in [lapsed, closed] {
        let paid = late.then(&paying(500));
        assert_eq!(amounts(&paid), [500]);
        assert!(paid.is_open());
    }
}

#[test]
fn a_payment_lapses_when_its_time_is_over_and_not_before() {
    assert_eq!(due().decide(&Command::Lapse, at(29)), Err(Refusal::TooEarly));
    assert!(due().can_be_paid(at(29)) && !due().can_be_paid(at(30)));
    let lapsed = due().then(&Command::Lapse);
    assert_eq!(lapsed.state, State::Lapsed { closed: false });
    assert_eq!(lapsed.decide(&Command::Lapse, at(41)), Ok(Outcome::Already));
    assert!(!closed(&lapsed).is_open());
    let paid = due().then(&paying(500));
    assert_eq!(paid.decide(&Command::Lapse, at(41)), Ok(Outcome::Already), "who paid in time has paid");
}

#[test]
fn a_refund_is_done_once_and_stays_done() {
    let back = due().then(&paying(500)).then(&Command::Waive { amount: Fen(500) });
    let stuck = back.clone().then(&Command::Stuck { n: 1 });
    assert!(!stuck.is_open(), "people have it in hand");
    let done = stuck.then(&Command::Refunded { n: 1 });
    for late in [Command::Refunded { n: 1 }, Command::Stuck { n: 1 }] {
        assert_eq!(done.decide(&late, at(50)), Ok(Outcome::Already));
    }
    for unknown in [0, 2] {
        assert_eq!(done.decide(&Command::Refunded { n: unknown }, at(50)), Err(Refusal::NoSuchRefund));
    }
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        (0..3_u8).prop_map(|n| Command::Paid {
            amount: Fen(if n == 0 { 499 } else { 500 }),
            at: at(1),
            transaction: format!("420000{n}"),
        }),
        (0..700_u32).prop_map(|amount| Command::Waive { amount: Fen(amount) }),
        Just(Command::Lapse),
        Just(Command::Closed),
        (0..4_usize).prop_map(|n| Command::Refunded { n }),
        (0..4_usize).prop_map(|n| Command::Stuck { n }),
    ]
}

proptest! {
    /// Whatever happens in whatever order.
    #[test]
    fn no_more_goes_back_than_was_paid_and_what_was_waived_does(
        commands in prop::collection::vec((command(), 0..60_i64), 0..40),
    ) {
        let mut payment = due();
        let mut waived: u32 = 0;
        for (command, minute) in commands {
            let lapsed = matches!(payment.state, State::Lapsed { .. });
            let Ok(Outcome::Changed(next)) = payment.decide(&command, at(minute)) else { continue };
            prop_assert_eq!(next.version, payment.version + 1);
            prop_assert_eq!(next.amount, payment.amount);
            if let Command::Waive { amount } = command {
                waived = waived.saturating_add(amount.0);
            }
            let was_paid = matches!(next.state, State::Paid { .. });
            if was_paid {
                prop_assert!(next.refunded() <= next.amount);
                let all = lapsed && !matches!(payment.state, State::Paid { .. });
                prop_assert!(!all || next.refunded() == next.amount, "paid for nothing");
                prop_assert!(next.refunded().0 >= waived.min(500));
            } else {
                prop_assert!(next.refunds.is_empty(), "nothing goes back that did not come");
            }
            // A refund that exists keeps its place and its amount: its number is asked for again.
            for (before, after) in payment.refunds.iter().zip(&next.refunds) {
                prop_assert_eq!(before.amount, after.amount);
            }
            prop_assert!(next.refunds.len() >= payment.refunds.len());
            payment = *next;
        }
    }
}
