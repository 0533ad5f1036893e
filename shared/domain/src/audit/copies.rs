//! One copy, one place, one holder: copies against the lines of parcels and the accounts of readers.

use std::collections::BTreeMap;

use super::{CopySeen, Finding, Kind, Ledger, ParcelSeen, Record};
use crate::copy::CopyStatus;
use crate::ids::{Barcode, ParcelRef};
use crate::parcel::LineStatus;

/// A line on its way: claimed, and not yet with its reader.
fn under_way(status: LineStatus) -> bool {
    status.is_live() && !status.with_reader()
}

pub(super) fn compare(ledger: &Ledger, found: &mut Vec<Finding>) {
    for (barcode, copy) in &ledger.copies {
        found.extend(ledger.of_copy(barcode, copy));
    }
    // The lines that claim each copy at this moment.
    let mut claims: BTreeMap<&Barcode, Vec<(ParcelRef, &ParcelSeen)>> = BTreeMap::new();
    for (rid, reader) in &ledger.readers {
        for (order_no, order) in &reader.orders {
            for parcel in &order.parcels {
                for (barcode, _) in parcel.lines.iter().filter(|(_, status)| under_way(*status)) {
                    let at = ParcelRef { rid: rid.clone(), order_no: order_no.clone(), n: parcel.n };
                    claims.entry(barcode).or_default().push((at, parcel));
                }
            }
        }
    }
    for (barcode, claims) in claims {
        found.extend(ledger.of_claims(barcode, &claims));
    }
}

impl Ledger {
    pub(super) fn parcel_at(&self, at: &ParcelRef) -> Option<&ParcelSeen> {
        let order = self.readers.get(&at.rid)?.orders.get(&at.order_no)?;
        order.parcels.iter().find(|parcel| parcel.n == at.n)
    }

    /// Whether a copy's own words contradict each other: then nothing is concluded from them.
    pub(super) fn confused(copy: &CopySeen) -> bool {
        (copy.status == CopyStatus::Available) != copy.holder.is_none()
    }

    /// The first rule that a copy breaks, seen from itself: what would follow from it is not told besides.
    fn of_copy(&self, barcode: &Barcode, copy: &CopySeen) -> Option<Finding> {
        let itself = Record::Copy(barcode.clone());
        let status = copy.status.as_str();
        let holder = match (&copy.holder, copy.status) {
            (None, CopyStatus::Available) => return None,
            (None, CopyStatus::Reserved | CopyStatus::OnLoan) => {
                return Some(Finding::new(Kind::CopyTakenByNobody, [itself], status, copy.version));
            }
            (Some(holder), CopyStatus::Available) => {
                let records = [itself, Record::Parcel(holder.clone())];
                return Some(Finding::new(Kind::CopyFreeButHeld, records, status, copy.version));
            }
            (Some(holder), CopyStatus::Reserved | CopyStatus::OnLoan) => holder,
        };
        let records = [itself.clone(), Record::Parcel(holder.clone())];
        let Some(parcel) = self.parcel_at(holder) else {
            return Some(Finding::new(Kind::CopyHolderMissing, records, status, copy.version));
        };
        let versions = copy.version + parcel.version;
        let Some(line) = parcel.line(barcode) else {
            return Some(Finding::new(Kind::CopyNotInItsParcel, records, status, versions));
        };
        let seen = format!("the copy is {status}, its line {}", line.as_str());
        if line.is_void() {
            return Some(Finding::new(Kind::CopyHeldByDeadLine, records, seen, versions));
        }
        if line.with_reader() != (copy.status == CopyStatus::OnLoan) {
            return Some(Finding::new(Kind::CopyDiffersFromLine, records, seen, versions));
        }
        // A reader without an account is told of once.
        let account = self.readers.get(&holder.rid)?.account.as_ref()?;
        let item = account.item(&copy.title_id).filter(|item| item.barcode == *barcode);
        let versions = versions + account.version;
        let records = [Record::Account(holder.rid.clone()), itself, Record::Parcel(holder.clone())];
        match item {
            None => Some(Finding::new(Kind::CopyUnknownToReader, records, seen, versions)),
            Some(item) if item.lent != line.with_reader() => {
                let runs = if item.lent { "has it on loan" } else { "has it ordered" };
                let seen = format!("{seen}, the account {runs}");
                Some(Finding::new(Kind::LoanDiffersFromLine, records, seen, versions))
            }
            Some(_) => None,
        }
    }

    /// What is wrong about the lines that claim a copy.
    fn of_claims(&self, barcode: &Barcode, claims: &[(ParcelRef, &ParcelSeen)]) -> Option<Finding> {
        let copy = self.copies.get(barcode);
        let versions = copy.map_or(0, |copy| copy.version)
            + claims.iter().map(|(_, parcel)| parcel.version).sum::<u64>();
        let parcels = claims.iter().map(|(at, _)| Record::Parcel(at.clone()));
        let records: Vec<Record> = parcels.chain([Record::Copy(barcode.clone())]).collect();
        let stands = copy.map_or_else(
            || "the copy is missing".to_owned(),
            |copy| match &copy.holder {
                Some(holder) => format!("the copy is {} with {holder}", copy.status.as_str()),
                None => format!("the copy is {}", copy.status.as_str()),
            },
        );
        if claims.len() > 1 {
            return Some(Finding::new(Kind::CopyOnTwoLines, records, stands, versions));
        }
        let held = copy.is_some_and(|copy| {
            Self::confused(copy) || claims.iter().any(|(at, _)| copy.holder.as_ref() == Some(at))
        });
        (!held).then(|| Finding::new(Kind::LineWithoutCopy, records, stands, versions))
    }

    /// Whether a live line of this parcel's order claims the copy: then the line tells of what is wrong.
    pub(super) fn is_claimed(
        &self,
        at: (&crate::ids::ReaderId, &crate::ids::OrderNo),
        barcode: &Barcode,
    ) -> bool {
        let order = self.readers.get(at.0).and_then(|reader| reader.orders.get(at.1));
        order.is_some_and(|order| {
            order.parcels.iter().filter_map(|parcel| parcel.line(barcode)).any(under_way)
        })
    }
}
