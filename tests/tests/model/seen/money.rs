//! What must be true of money.

use std::collections::BTreeMap;

use yujie_domain::parcel::Parcel;
use yujie_domain::payment::{Payment, Purpose, RefundState, State};

use super::sound::ensure;
use super::{Clocked, Seen};

impl Seen {
    /// What was paid and did not go back is what is owed for that which still goes to a door; and nobody begins with what is not paid.
    pub(super) fn sound_money(&self) -> Result<(), String> {
        let mut orders: BTreeMap<&str, Vec<&Parcel>> = BTreeMap::new();
        for parcel in self.parcels.values() {
            orders.entry(parcel.at.order_no.as_str()).or_default().push(parcel);
        }
        for (no, head) in &self.heads {
            let parcels = || orders[no.as_str()].iter().copied();
            let owed = self.payments.get(no);
            let due = owed.is_some_and(|owed| owed.one.state == State::Due);
            let waits = |parcel: &&Parcel| parcel.status().is_live() && parcel.unpaid;
            let live = parcels().filter(|parcel| parcel.status().is_live()).count();
            ensure(parcels().filter(waits).count() == if due { live } else { 0 }, || {
                format!("of order {no} the wrong parcels wait for its payment {owed:?}")
            })?;
            let Some(Clocked { one, clock }) = owed else { continue };
            let Purpose::Delivery { more, .. } = one.purpose;
            let all = parcels().flat_map(|parcel| &parcel.lines).count();
            let left = parcels().flat_map(Parcel::live).count();
            let worth = if left == 0 || head.to != "a door" {
                0
            } else {
                i64::from(one.amount.0) - i64::from(more.0) * i64::try_from(all - left).unwrap()
            };
            let back: i64 = one.refunds.iter().map(|back| i64::from(back.amount.0)).sum();
            let costs = match &one.state {
                State::Due => i64::from(one.amount.0) - i64::from(one.waived.0),
                State::Paid { .. } => i64::from(one.amount.0) - back,
                State::Lapsed { .. } => 0,
            };
            ensure(costs == worth, || format!("order {no} costs {costs}, and is worth {worth}: {one:?}"))?;
            ensure(back == 0 || matches!(one.state, State::Paid { .. }), || {
                format!("of order {no} goes back what was not paid: {one:?}")
            })?;
            let asked = one.refunds.iter().any(|back| back.state == RefundState::Asked);
            let open = asked || matches!(one.state, State::Due | State::Lapsed { closed: false });
            ensure(clock.as_deref() == open.then_some("PAYMENTS"), || {
                format!("order {no} is on {clock:?}, with {one:?}")
            })?;
        }
        Ok(())
    }
}

/// It is paid once, and what goes back goes back.
pub(super) fn history(old: Option<&Payment>, new: &Payment) -> Result<(), String> {
    let Some(old) = old else { return Ok(()) };
    let paid = |payment: &Payment| matches!(payment.state, State::Paid { .. });
    ensure(!paid(old) || old.state == new.state, || format!("it was paid as {:?}", old.state))?;
    let same = old.amount == new.amount && old.until == new.until && new.refunds.len() >= old.refunds.len();
    ensure(same, || format!("it was {old:?}"))?;
    for (before, after) in old.refunds.iter().zip(&new.refunds) {
        let again = before.state == RefundState::Done && after.state != RefundState::Done;
        ensure(before.amount == after.amount && !again, || format!("a refund was {before:?}"))?;
    }
    Ok(())
}
