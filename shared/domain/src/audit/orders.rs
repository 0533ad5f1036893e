//! Orders and parcels: a parcel by itself, and an order with its parcels.

use jiff::{SignedDuration, Timestamp};

use super::{Finding, Kind, OrderSeen, Record};
use crate::ids::{OrderNo, ParcelRef, ReaderId};
use crate::parcel::{By, LineStatus, Parcel};

/// The clocks of two machines may differ by so much.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(1);

/// What is wrong with a parcel, whatever else there is.
pub(super) fn alone(parcel: &Parcel) -> Vec<Finding> {
    let itself = || [Record::Parcel(parcel.at.clone())];
    let mut found = Vec::new();
    let mut tell = |kind, seen: String| found.push(Finding::new(kind, itself(), seen, parcel.version));
    if let Some((step, at)) = backwards(parcel) {
        tell(
            Kind::HistoryRunsBackwards,
            format!("{} at {at} is earlier than what came before", step.as_str()),
        );
    }
    let status = parcel.status();
    match status {
        LineStatus::Cancelled | LineStatus::Recalled => {
            if let Some(booking) = &parcel.booking {
                tell(Kind::CancelledParcelBooked, format!("waybill {}", booking.waybill));
            }
        }
        LineStatus::Reserved
        | LineStatus::Accepted
        | LineStatus::Picked
        | LineStatus::Packed
        | LineStatus::Dispatched
        | LineStatus::Delivering
        | LineStatus::ReadyForPickup
        | LineStatus::Delivered
        | LineStatus::Collected
        | LineStatus::Uncollected => {}
    }
    if parcel.takes_place && status.is_live() && parcel.place().is_none() {
        tell(Kind::PlaceTakenNowhere, "it goes to a door in no slot, or in no division".to_owned());
    }
    found
}

/// The first step that is earlier than one of our own before it. A courier's steps among each other are as his clock has them.
fn backwards(parcel: &Parcel) -> Option<(LineStatus, Timestamp)> {
    let (mut ours, mut any) = (Timestamp::MIN, Timestamp::MIN);
    for entry in &parcel.history {
        let bound = if entry.by == By::Courier { ours } else { any };
        if entry.at.duration_since(bound) < -CLOCKS_DIFFER {
            return Some((entry.step, entry.at));
        }
        any = any.max(entry.at);
        if entry.by != By::Courier {
            ours = ours.max(entry.at);
        }
    }
    None
}

pub(super) fn compare(rid: &ReaderId, order_no: &OrderNo, order: &OrderSeen, found: &mut Vec<Finding>) {
    let head = Record::Order { rid: rid.clone(), order_no: order_no.clone() };
    match &order.head {
        Some((_, version)) if order.parcels.is_empty() => {
            found.push(Finding::new(Kind::OrderWithoutParcels, [head], "no parcel", *version));
        }
        Some(_) => {}
        None => {
            for parcel in &order.parcels {
                let at = ParcelRef { rid: rid.clone(), order_no: order_no.clone(), n: parcel.n };
                let records = [Record::Parcel(at), head.clone()];
                found.push(Finding::new(Kind::ParcelWithoutOrder, records, "no head", parcel.version));
            }
        }
    }
}
