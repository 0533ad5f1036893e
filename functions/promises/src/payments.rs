//! Payments of which nothing was told: the platform is asked about them.

use jiff::Timestamp;
use yujie_domain::payment::{Payment, Refund, RefundState, State};
use yujie_runtime::message::PaymentMessage;
use yujie_table::payment;

use crate::{App, SweepError, is_time, send};

/// Sends every payment for which it is time to `settlements`.
pub(crate) async fn redrive(app: &App) -> Result<(), SweepError> {
    let now = app.lending.edge.clock.now();
    let open = payment::open(&app.lending.table).await?;
    let due: Vec<PaymentMessage> = open
        .into_iter()
        .filter(|payment| is_due(payment, now))
        .map(|payment| PaymentMessage { payment_no: payment.no(), rid: payment.rid })
        .collect();
    for ten in due.chunks(10) {
        send(app, &app.queues.settlements, ten).await?;
    }
    tracing::info!(redriven = due.len(), "payments swept");
    Ok(())
}

/// Whether the platform is asked about a payment now: 5, 10, 20 … minutes after it was placed, when its time is over and 1, 2, 4 … minutes after
/// that, and 2, 4, 8 … minutes after a refund was asked for; and, because it is about money, each full hour.
fn is_due(payment: &Payment, now: Timestamp) -> bool {
    let minutes = |since: Timestamp| u64::try_from(now.duration_since(since).as_mins()).unwrap_or_default();
    let unsettled = match payment.state {
        State::Due | State::Lapsed { closed: false } if now >= payment.until => {
            let over = minutes(payment.until);
            over == 0 || over.is_power_of_two() || over.is_multiple_of(60)
        }
        State::Due | State::Lapsed { closed: false } => {
            let waited = minutes(payment.since);
            waited.is_multiple_of(5) && (waited / 5).is_power_of_two()
        }
        State::Paid { .. } | State::Lapsed { closed: true } => false,
    };
    let refunds = payment.refunds.iter().filter(|refund| refund.state == RefundState::Asked);
    let hourly = |refund: &Refund| minutes(refund.asked) > 0 && minutes(refund.asked).is_multiple_of(60);
    unsettled || refunds.into_iter().any(|refund| is_time(refund.asked, now) || hourly(refund))
}

#[cfg(test)]
mod tests {
    use yujie_domain::money::Fen;
    use yujie_domain::payment::Purpose;
    use yujie_domain::{OrderNo, ReaderId};

    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_763_863_200 + minutes * 60).unwrap()
    }

    fn minutes(payment: &Payment) -> Vec<i64> {
        (0..70).filter(|minute| is_due(payment, at(*minute))).collect()
    }

    #[test]
    fn the_platform_is_asked_seldom_while_there_is_time_and_at_once_when_it_is_over() {
        let rid = ReaderId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap();
        let order_no = OrderNo::parse("261123ABCDEF0001").unwrap();
        let purpose = Purpose::Delivery { order_no, more: Fen::ZERO };
        let due = Payment::new(rid, purpose, Fen(300), at(0), at(30));
        assert_eq!(minutes(&due), [5, 10, 20, 30, 31, 32, 34, 38, 46, 62]);
        let unwanted = Payment { state: State::Lapsed { closed: false }, ..due.clone() };
        assert_eq!(minutes(&unwanted), minutes(&due));

        let paid = State::Paid { at: at(3), transaction: "4200001".to_owned() };
        let paid = Payment { state: paid, ..due };
        assert_eq!(minutes(&paid), [0_i64; 0]);
        let refund = |state| Refund { amount: Fen(300), asked: at(4), state };
        let asked = Payment { refunds: vec![refund(RefundState::Asked)], ..paid.clone() };
        assert_eq!(minutes(&asked), [6, 8, 12, 20, 36, 64, 68], "and each full hour: 64 is one");
        for over in [RefundState::Done, RefundState::Stuck] {
            assert_eq!(minutes(&Payment { refunds: vec![refund(over)], ..paid.clone() }), [0_i64; 0]);
        }
    }
}
