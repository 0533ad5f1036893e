//! What stands in the way, with its figures, the rule that decided, and what clears it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::action::{Action, give_back, settle_orders};
use crate::account::Account;
use crate::ids::{OrderNo, SiteId, TitleId};
use crate::rules::By;
use crate::slot::Slot;

/// What stands in the way of an order or a hold. All obstacles are told at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Obstacle {
    /// No book was named.
    EmptyOrder,
    /// More books than one order takes.
    TooManyBooks {
        /// The most.
        limit: u16,
        /// How many were named.
        books: u16,
        /// The rule.
        by: By,
    },
    /// One title stands twice in the order.
    SameTitleTwice {
        /// Which.
        #[schema(value_type = String)]
        title_id: TitleId,
    },
    /// The catalogue has no such title.
    UnknownTitle {
        /// Which.
        #[schema(value_type = String)]
        title_id: TitleId,
    },
    /// No copy is free, or as many readers wait as copies are.
    NoCopyAvailable {
        /// Of which title.
        #[schema(value_type = String)]
        title_id: TitleId,
        /// How many readers wait for it already.
        waiting: u32,
        /// About how many days one who joins them now waits; nothing when no copy will ever come.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        likely_days: Option<u32>,
    },
    /// Copies are free now: there is nothing to wait for.
    AvailableNow {
        /// Of which title.
        #[schema(value_type = String)]
        title_id: TitleId,
    },
    /// The reader has ordered or borrowed it already.
    AlreadyHave {
        /// Which title.
        #[schema(value_type = String)]
        title_id: TitleId,
        /// The order that brings or brought it.
        #[schema(value_type = String)]
        order_no: OrderNo,
    },
    /// The reader waits for it already.
    AlreadyWaiting {
        /// For which title.
        #[schema(value_type = String)]
        title_id: TitleId,
    },
    /// It is for use in the library.
    NotLendable {
        /// Which title.
        #[schema(value_type = String)]
        title_id: TitleId,
        /// The rule.
        by: By,
    },
    /// It is worth more than what is sent out.
    TooDear {
        /// Which title.
        #[schema(value_type = String)]
        title_id: TitleId,
        /// What it cost.
        price_fen: u32,
        /// What a book that is sent may have cost.
        cap_fen: u32,
        /// The rule.
        by: By,
    },
    /// The reader would have more books than the rules allow.
    LimitReached {
        /// The most.
        limit: u16,
        /// How many they have now.
        open: u16,
        /// How many too many it would be.
        over: u16,
        /// The rule.
        by: By,
    },
    /// The reader would have more books on their way than the rules allow.
    TooManyInProcess {
        /// The most.
        limit: u16,
        /// How many are on their way now.
        in_process: u16,
        /// How many too many it would be.
        over: u16,
        /// The rule.
        by: By,
    },
    /// The reader would wait for more titles than the rules allow.
    TooManyHolds {
        /// The most.
        limit: u16,
        /// For how many they wait now.
        holds: u16,
        /// The rule.
        by: By,
    },
    /// The card is past its last day.
    CardExpired {
        /// That day.
        #[schema(value_type = String, format = Date)]
        last_day: Date,
    },
    /// The reader left too many parcels uncollected.
    Paused {
        /// The last day of the pause.
        #[schema(value_type = String, format = Date)]
        until: Date,
        /// How many parcels that were.
        uncollected: u16,
        /// The rule.
        by: By,
    },
    /// The reader has no such address.
    UnknownAddress,
    /// Nothing is delivered there.
    OutOfZone {
        /// The address's division.
        division: String,
    },
    /// There is no such site.
    UnknownSite,
    /// The site takes nothing at present.
    SiteClosed {
        /// Which.
        #[schema(value_type = String)]
        site_id: SiteId,
        /// When it opens again, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, format = Date)]
        opens: Option<Date>,
    },
    /// The site has no place for another parcel.
    SiteFull {
        /// Which.
        #[schema(value_type = String)]
        site_id: SiteId,
        /// How many parcels it takes.
        capacity: u16,
    },
    /// What was ordered to a site is free; brought to the door it would cost, and an order is paid when it is placed.
    DoorCosts {
        /// Which order.
        #[schema(value_type = String)]
        order_no: OrderNo,
        /// How much it would be.
        fee_fen: u32,
        /// The rule.
        by: By,
    },
    /// The chosen slot has no room for the order.
    SlotFull {
        /// Which.
        slot: Slot,
        /// How many parcels are delivered in it in this division.
        per_slot: u16,
        /// How many it takes yet: fewer than the order has.
        free: u16,
        /// Slots with room.
        slots: Vec<Slot>,
    },
    /// The chosen slot is past, or too soon for the books to be ready.
    SlotPast {
        /// Which.
        slot: Slot,
        /// Slots with room.
        slots: Vec<Slot>,
    },
    /// There is no such slot, or it cannot be chosen yet.
    UnknownSlot {
        /// Which.
        slot: Slot,
        /// Slots with room.
        slots: Vec<Slot>,
    },
    /// No slot was chosen, and none that would keep the promise has room.
    SlotsFull {
        /// The address's division.
        division: String,
        /// How many parcels are delivered there in one slot.
        per_slot: u16,
        /// The first slot with room, if there is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<Slot>,
        /// Slots with room.
        slots: Vec<Slot>,
    },
}

impl Obstacle {
    /// As in the answer.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::EmptyOrder => "empty_order",
            Self::TooManyBooks { .. } => "too_many_books",
            Self::SameTitleTwice { .. } => "same_title_twice",
            Self::UnknownTitle { .. } => "unknown_title",
            Self::NoCopyAvailable { .. } => "no_copy_available",
            Self::AvailableNow { .. } => "available_now",
            Self::AlreadyHave { .. } => "already_have",
            Self::AlreadyWaiting { .. } => "already_waiting",
            Self::NotLendable { .. } => "not_lendable",
            Self::TooDear { .. } => "too_dear",
            Self::LimitReached { .. } => "limit_reached",
            Self::TooManyInProcess { .. } => "too_many_in_process",
            Self::TooManyHolds { .. } => "too_many_holds",
            Self::CardExpired { .. } => "card_expired",
            Self::Paused { .. } => "paused",
            Self::UnknownAddress => "unknown_address",
            Self::OutOfZone { .. } => "out_of_zone",
            Self::UnknownSite => "unknown_site",
            Self::SiteClosed { .. } => "site_closed",
            Self::SiteFull { .. } => "site_full",
            Self::DoorCosts { .. } => "door_costs",
            Self::SlotFull { .. } => "slot_full",
            Self::SlotPast { .. } => "slot_past",
            Self::UnknownSlot { .. } => "unknown_slot",
            Self::SlotsFull { .. } => "slots_full",
        }
    }

    /// The ways out, the likeliest first. There is always one. The places that they lead to are not named yet: see [`Action::ChooseSite`].
    pub fn actions(&self, account: &Account) -> Vec<Action> {
        let remove = |title_id: &TitleId| Action::RemoveTitle { title_id: title_id.clone() };
        match self {
            Self::EmptyOrder => vec![Action::AddBook],
            Self::TooManyBooks { limit, books, .. } => {
                vec![Action::RemoveBooks { count: books.saturating_sub(*limit) }]
            }
            Self::SameTitleTwice { title_id } | Self::UnknownTitle { title_id } => vec![remove(title_id)],
            Self::NoCopyAvailable { title_id, likely_days, .. } => {
                let queue = likely_days.map(|_| Action::JoinQueue { title_id: title_id.clone() });
                let others = [Action::OtherEdition { title_id: title_id.clone() }, remove(title_id)];
                queue.into_iter().chain(others).collect()
            }
            Self::AvailableNow { title_id } => vec![Action::Order { title_id: title_id.clone() }],
            Self::AlreadyHave { title_id, order_no } => {
                vec![Action::ShowOrder { order_no: order_no.clone() }, remove(title_id)]
            }
            Self::AlreadyWaiting { title_id } => {
                vec![remove(title_id), Action::LeaveQueue { titles: vec![title_id.clone()] }]
            }
            Self::NotLendable { title_id, .. } | Self::TooDear { title_id, .. } => {
                let other = Action::OtherEdition { title_id: title_id.clone() };
                vec![Action::read_there(title_id), remove(title_id), other]
            }
            Self::LimitReached { over, .. } => {
                let fewer = Action::RemoveBooks { count: *over };
                give_back(account).into_iter().chain(settle_orders(account)).chain([fewer]).collect()
            }
            Self::TooManyInProcess { over, .. } => {
                settle_orders(account).into_iter().chain([Action::RemoveBooks { count: *over }]).collect()
            }
            Self::TooManyHolds { .. } => {
                vec![Action::LeaveQueue { titles: account.holds.keys().cloned().collect() }]
            }
            Self::CardExpired { .. } => vec![Action::RenewCard],
            Self::Paused { until, .. } => {
                vec![Action::WaitUntil { day: until.tomorrow().unwrap_or(*until) }]
            }
            Self::UnknownAddress => vec![Action::ChooseAddress, Action::choose_site()],
            Self::OutOfZone { .. } => vec![Action::choose_site(), Action::ChooseAddress],
            Self::UnknownSite | Self::SiteFull { .. } => vec![Action::choose_site()],
            Self::DoorCosts { order_no, .. } => {
                vec![Action::OrderAnew { order_no: order_no.clone() }, Action::choose_site()]
            }
            Self::SlotFull { slots, .. }
            | Self::SlotPast { slots, .. }
            | Self::UnknownSlot { slots, .. }
            | Self::SlotsFull { slots, .. } => {
                let slots = Some(slots).filter(|slots| !slots.is_empty()).cloned();
                let choose = slots.map(|slots| Action::ChooseSlot { slots });
                choose.into_iter().chain([Action::choose_site()]).collect()
            }
            Self::SiteClosed { opens, .. } => {
                let wait = opens.map(|day| Action::WaitUntil { day });
                std::iter::once(Action::choose_site()).chain(wait).collect()
            }
        }
    }
}
