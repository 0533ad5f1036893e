//! Money: what an order costs, what was paid for it, and what went back.

use super::{Finding, Kind, OrderSeen, Record};
use crate::ids::{OrderNo, ParcelRef, ReaderId};
use crate::money::Fen;
use crate::parcel::LineStatus;
use crate::payment::{Payment, Purpose, State};

/// A payment, as far as it is compared.
#[derive(Debug)]
pub(super) struct PaymentSeen {
    amount: Fen,
    refunded: Fen,
    standing: Standing,
    version: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Due,
    Paid,
    Lapsed,
}

impl Standing {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Paid => "paid",
            Self::Lapsed => "lapsed",
        }
    }
}

impl PaymentSeen {
    pub(super) fn of(payment: &Payment) -> Self {
        let standing = match payment.state {
            State::Due => Standing::Due,
            State::Paid { .. } => Standing::Paid,
            State::Lapsed { .. } => Standing::Lapsed,
        };
        Self { amount: payment.amount, refunded: payment.refunded(), standing, version: payment.version }
    }
}

/// What is wrong with a payment, whatever else there is.
pub(super) fn alone(payment: &Payment) -> Option<Finding> {
    let (refunded, waived) = (payment.refunded(), payment.waived);
    let unpaid_refunds = !matches!(payment.state, State::Paid { .. }) && refunded > Fen::ZERO;
    let wrong = refunded > payment.amount || waived > payment.amount || unpaid_refunds;
    wrong.then(|| {
        let Purpose::Delivery { order_no, .. } = &payment.purpose;
        let record = Record::Payment { rid: payment.rid.clone(), order_no: order_no.clone() };
        let seen = format!("of {} yuan {refunded} went back and {waived} are waived", payment.amount);
        Finding::new(Kind::RefundsExceedPayment, [record], seen, payment.version)
    })
}

pub(super) fn compare(rid: &ReaderId, order_no: &OrderNo, order: &OrderSeen, found: &mut Vec<Finding>) {
    let itself = Record::Payment { rid: rid.clone(), order_no: order_no.clone() };
    let head = Record::Order { rid: rid.clone(), order_no: order_no.clone() };
    // Nobody takes these on before they are paid.
    let waiting: Vec<_> =
        order.parcels.iter().filter(|parcel| parcel.unpaid && parcel.status.is_live()).collect();
    let parcels = order.parcels.iter().map(|parcel| parcel.version).sum::<u64>();
    let fee = order.head.map_or(Fen::ZERO, |(fee, _)| fee);
    let versions = order.head.map_or(0, |(_, version)| version) + parcels;

    let Some(payment) = &order.payment else {
        if fee > Fen::ZERO || !waiting.is_empty() {
            let seen = format!("the order costs {fee} yuan, {} parcels wait for it", waiting.len());
            found.push(Finding::new(Kind::PaymentMissing, [itself, head], seen, versions));
        }
        return;
    };
    let versions = versions + payment.version;
    let mut tell = |kind, records: Vec<Record>, seen: String| {
        found.push(Finding::new(kind, records, seen, versions));
    };
    let standing = payment.standing.as_str();
    if order.head.is_none() {
        // Without parcels nothing else tells of the order.
        if order.parcels.is_empty() {
            tell(
                Kind::PaymentWithoutOrder,
                vec![itself, head],
                format!("{} yuan, {standing}", payment.amount),
            );
        }
        return;
    }
    if fee > Fen::ZERO && fee != payment.amount {
        let seen = format!("the order costs {fee} yuan, the payment is of {}", payment.amount);
        tell(Kind::PaymentDiffersFromFee, vec![head.clone(), itself.clone()], seen);
    }
    match (payment.standing, waiting.as_slice()) {
        (Standing::Due, []) => {
            tell(Kind::PaymentDueForNothing, vec![itself, head], format!("{} yuan", payment.amount));
        }
        (Standing::Due, [..]) | (Standing::Paid | Standing::Lapsed, []) => {
            let over = |parcel: &super::ParcelSeen| {
                matches!(parcel.status, LineStatus::Cancelled | LineStatus::Recalled)
            };
            let cancelled = order.parcels.iter().all(over) && !order.parcels.is_empty();
            if payment.standing == Standing::Paid && cancelled && payment.refunded < payment.amount {
                let seen = format!("of {} yuan {} went back", payment.amount, payment.refunded);
                tell(Kind::CancelledNotRefunded, vec![itself, head], seen);
            }
        }
        (Standing::Paid | Standing::Lapsed, waiting) => {
            let at = waiting.iter().map(|parcel| {
                Record::Parcel(ParcelRef { rid: rid.clone(), order_no: order_no.clone(), n: parcel.n })
            });
            let records = at.chain([itself.clone()]).collect();
            tell(Kind::UnpaidWithoutPaymentDue, records, format!("the payment is {standing}"));
        }
    }
}
