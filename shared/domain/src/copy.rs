//! A copy: one physical book with its own identity code. It has one place and at most one holder.
//!
//! What is stored is who may dispose of the copy ([`CopyStatus`]); what a reader or a member of staff sees ([`CopyState`]) adds
//! how far the parcel has come that claims it. So a step of a parcel need not write its copies.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{Barcode, ParcelRef, SiteId, TitleId};
use crate::money::Fen;
use crate::parcel::LineStatus;
use crate::rules::ItemClass;

/// Who disposes of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CopyStatus {
    /// On its shelf, free to be ordered.
    Available,
    /// Claimed by a parcel, from the order until it is handed to the reader.
    Reserved,
    /// With a reader.
    OnLoan,
}

/// What happens to a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyEvent {
    /// An order claims it.
    Reserve,
    /// It is handed to the reader.
    Lend,
    /// It is handed back.
    CheckIn,
    /// What claimed it does not want it any more.
    Release,
    /// It goes to the next reader in line at once, from whoever had it.
    PassOn,
}

/// Every legal move of a copy. What is not here is refused.
pub const TRANSITIONS: &[(CopyStatus, CopyEvent, CopyStatus)] = &[
    (CopyStatus::Available, CopyEvent::Reserve, CopyStatus::Reserved),
    (CopyStatus::Reserved, CopyEvent::Lend, CopyStatus::OnLoan),
    (CopyStatus::OnLoan, CopyEvent::CheckIn, CopyStatus::Available),
    (CopyStatus::Reserved, CopyEvent::Release, CopyStatus::Available),
    (CopyStatus::Reserved, CopyEvent::PassOn, CopyStatus::Reserved),
    (CopyStatus::OnLoan, CopyEvent::PassOn, CopyStatus::Reserved),
];

impl CopyStatus {
    /// All of them, in the order of a copy's life.
    pub const ALL: [Self; 3] = [Self::Available, Self::Reserved, Self::OnLoan];

    /// Where `event` leads from here; `None` when that is no legal move.
    pub fn after(self, event: CopyEvent) -> Option<Self> {
        TRANSITIONS.iter().find(|(from, on, _)| *from == self && *on == event).map(|(_, _, to)| *to)
    }

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Reserved => "reserved",
            Self::OnLoan => "on_loan",
        }
    }
}

/// What people see of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CopyState {
    /// On its shelf.
    Available,
    /// Ordered, still on its shelf.
    Reserved,
    /// Being picked or packed.
    InWork,
    /// On the road.
    InTransit,
    /// At the pickup site, waiting for its reader.
    OnHoldShelf,
    /// With a reader.
    OnLoan,
}

/// 入库: when and where a copy came into stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// When.
    pub at: Timestamp,
    /// Where; the copy may have moved since.
    pub site: SiteId,
}

/// One copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Its identity code.
    pub barcode: Barcode,
    /// The title it is a copy of.
    pub title_id: TitleId,
    /// Where it is; for a copy on loan, where it was last.
    pub site: SiteId,
    /// Its shelf mark.
    pub call_number: String,
    /// What sort of item it is.
    pub class: ItemClass,
    /// What it cost, when that is known.
    pub price: Option<Fen>,
    /// Who disposes of it.
    pub status: CopyStatus,
    /// The parcel that claims it, or brought it to its reader.
    pub holder: Option<ParcelRef>,
    /// 入库: when and where it came into stock.
    pub received: Received,
    /// Counts the changes: the second half of every condition.
    pub version: u64,
}

impl Copy {
    /// What people see, given the status of the line that claims it (when it is claimed).
    pub fn state(&self, line: Option<LineStatus>) -> CopyState {
        match self.status {
            CopyStatus::Available => CopyState::Available,
            CopyStatus::OnLoan => CopyState::OnLoan,
            CopyStatus::Reserved => match line {
                None | Some(LineStatus::Reserved | LineStatus::Accepted) => CopyState::Reserved,
                Some(LineStatus::Picked | LineStatus::Packed) => CopyState::InWork,
                Some(LineStatus::Dispatched | LineStatus::Delivering) => CopyState::InTransit,
                Some(LineStatus::ReadyForPickup) => CopyState::OnHoldShelf,
                Some(LineStatus::Delivered | LineStatus::Collected) => CopyState::OnLoan,
                // The line and the copy part in one write; who reads them one after the other may see the line after it.
                Some(LineStatus::Recalled | LineStatus::Cancelled | LineStatus::Uncollected) => {
                    CopyState::Available
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_moves_only_as_the_table_says() {
        let events =
            [CopyEvent::Reserve, CopyEvent::Lend, CopyEvent::CheckIn, CopyEvent::Release, CopyEvent::PassOn];
        let legal: Vec<String> = CopyStatus::ALL
            .iter()
            .flat_map(|from| events.iter().map(move |event| (from, event)))
            .filter_map(|(from, event)| {
                from.after(*event).map(|to| format!("{} {event:?} {}", from.as_str(), to.as_str()))
            })
            .collect();

        assert_eq!(
            legal,
            [
                "available Reserve reserved",
                "reserved Lend on_loan",
                "reserved Release available",
                "reserved PassOn reserved",
                "on_loan CheckIn available",
                "on_loan PassOn reserved",
            ]
        );
    }
}
