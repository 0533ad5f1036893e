//! Whose turn it is: what a copy that comes free becomes for the next reader in line, or why that reader is passed over.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::Hold;
use crate::account::Account;
use crate::copy::{Copy, CopyStatus};
use crate::ids::{OrderNo, SiteId, TitleId};
use crate::order::{self, Action, Asked, IfMissing, Obstacle, Offer, Place, Quote, Target};
use crate::rules::{By, RuleSet};
use crate::time;

/// Why a reader is not given a copy though it is their turn. They keep their place, and are told what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum PassedOver {
    /// They have suspended the hold.
    Suspended {
        /// The day on which it waits again.
        #[schema(value_type = String, format = Date)]
        until: Date,
    },
    /// They do not want it any more.
    TooLate {
        /// The last day on which they did.
        #[schema(value_type = String, format = Date)]
        last_day: Date,
    },
    /// They have a copy of the title already.
    HasIt {
        /// The order that brings or brought it.
        #[schema(value_type = String)]
        order_no: OrderNo,
    },
    /// They have as many books as they may.
    AtLimit {
        /// The most.
        limit: u16,
        /// How many they have.
        open: u16,
        /// The rule.
        by: By,
    },
    /// They have as many books on their way as they may.
    TooManyInProcess {
        /// The most.
        limit: u16,
        /// How many are on their way.
        in_process: u16,
        /// The rule.
        by: By,
    },
    /// They are in a pause.
    Banned {
        /// Its last day.
        #[schema(value_type = String, format = Date)]
        until: Date,
        /// How many parcels they left uncollected.
        uncollected: u16,
        /// The rule.
        by: By,
    },
    /// Their card is past its last day.
    CardExpired {
        /// That day.
        #[schema(value_type = String, format = Date)]
        last_day: Date,
    },
    /// The address where the book was to go is not there any more.
    AddressGone,
    /// Nothing is delivered to that address any more.
    OutOfZone {
        /// The address's division.
        division: String,
    },
    /// The site where the book was to go is not there any more.
    SiteGone,
    /// The site where the book is to go takes nothing at present.
    SiteClosed {
        /// Which.
        #[schema(value_type = String)]
        site_id: SiteId,
        /// When it opens again, if that is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, format = Date)]
        opens: Option<Date>,
    },
    /// The copy is for use in the library.
    NotLendable {
        /// The rule.
        by: By,
    },
    /// The copy is worth more than what is sent out.
    TooDear {
        /// What it cost.
        price_fen: u32,
        /// What a book that is sent may have cost.
        cap_fen: u32,
        /// The rule.
        by: By,
    },
    /// The title is not in the catalogue any more.
    TitleGone,
    /// An order of it would be refused for another reason.
    Refused {
        /// Which.
        reason: Obstacle,
    },
}

/// What a turn is decided on, besides the hold and the copy.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'a> {
    /// The account of the reader whose hold it is.
    pub account: &'a Account,
    /// The rules in force.
    pub rules: &'a RuleSet,
    /// Where the book is to go, looked up for no new parcel: who has waited gets it also where it is full.
    pub target: &'a Target,
    /// The title's name; `None` when the catalogue does not know it.
    pub title: Option<&'a str>,
    /// The library's sites. A copy whose site is not among them can be sent: it has yet to come to one.
    pub places: &'a BTreeMap<SiteId, Place>,
    /// Now.
    pub now: Timestamp,
}

impl Hold {
    /// Why it does not wait on `day`, whatever comes.
    pub fn away_on(&self, day: Date) -> Option<PassedOver> {
        if let Some(last_day) = self.until.filter(|until| *until < day) {
            return Some(PassedOver::TooLate { last_day });
        }
        self.resumes.filter(|resumes| *resumes > day).map(|until| PassedOver::Suspended { until })
    }

    /// What `copy` becomes for this reader when it comes free where it is and it is their turn: the order that they could place of it now.
    ///
    /// # Errors
    /// Why they are passed over.
    pub fn turn(&self, copy: &Copy, turn: &Turn<'_>) -> Result<Quote, PassedOver> {
        let Turn { account, rules, target, title, places, now } = *turn;
        if let Some(away) = self.away_on(time::day(now)) {
            return Err(away);
        }
        // An order knows nothing of this hold, which it takes the place of.
        let account = Account { holds: BTreeMap::new(), ..account.clone() };
        let if_missing = Some(IfMissing::Cancel);
        let asked = Asked { account: &account, rules, target, if_missing, places, now, spread: 0 };
        let offer = Offer {
            title_id: copy.title_id.clone(),
            title: title.map(ToOwned::to_owned),
            copies: vec![Copy { status: CopyStatus::Available, ..copy.clone() }],
            waiting: 0,
        };
        order::quote(&[offer], &asked).map_err(|obstacles| {
            let first = obstacles.into_iter().next().unwrap_or(Obstacle::EmptyOrder);
            PassedOver::from(first)
        })
    }

    /// Why none of these copies would go to this reader if it came free now; `None` when one of them would, or when there is none.
    pub fn passed_over(&self, copies: &[Copy], turn: &Turn<'_>) -> Option<PassedOver> {
        let mut of_a_copy = None;
        for copy in copies {
            match self.turn(copy, turn) {
                Ok(_) => return None,
                // Another copy may do.
                Err(why) if why.is_of_the_copy() => of_a_copy = Some(why),
                // With what is with the reader none does: however many there are, the rest need not be asked.
                Err(why) => return Some(why),
            }
        }
        of_a_copy
    }
}

impl From<Obstacle> for PassedOver {
    fn from(obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::AlreadyHave { order_no, .. } => Self::HasIt { order_no },
            Obstacle::LimitReached { limit, open, by, .. } => Self::AtLimit { limit, open, by },
            Obstacle::TooManyInProcess { limit, in_process, by, .. } => {
                Self::TooManyInProcess { limit, in_process, by }
            }
            Obstacle::Paused { until, uncollected, by } => Self::Banned { until, uncollected, by },
            Obstacle::CardExpired { last_day } => Self::CardExpired { last_day },
            Obstacle::UnknownAddress => Self::AddressGone,
            Obstacle::OutOfZone { division } => Self::OutOfZone { division },
            Obstacle::UnknownSite => Self::SiteGone,
            Obstacle::SiteClosed { site_id, opens } => Self::SiteClosed { site_id, opens },
            Obstacle::NotLendable { by, .. } => Self::NotLendable { by },
            Obstacle::TooDear { price_fen, cap_fen, by, .. } => Self::TooDear { price_fen, cap_fen, by },
            Obstacle::UnknownTitle { .. } => Self::TitleGone,
            // One copy of one title in no slot, for a reader who waits for nothing else, at a place where there is always room: of these only a copy
            // at a site that sends nothing for days is met.
            reason @ (Obstacle::NoCopyAvailable { .. }
            | Obstacle::EmptyOrder
            | Obstacle::TooManyBooks { .. }
            | Obstacle::SameTitleTwice { .. }
            | Obstacle::AvailableNow { .. }
            | Obstacle::AlreadyWaiting { .. }
            | Obstacle::TooManyHolds { .. }
            | Obstacle::SiteFull { .. }
            | Obstacle::DoorCosts { .. }
            | Obstacle::SlotFull { .. }
            | Obstacle::SlotPast { .. }
            | Obstacle::UnknownSlot { .. }
            | Obstacle::SlotsFull { .. }) => Self::Refused { reason },
        }
    }
}

impl PassedOver {
    /// Whether another copy of the title may still go to the reader.
    const fn is_of_the_copy(&self) -> bool {
        match self {
            Self::NotLendable { .. } | Self::TooDear { .. } | Self::Refused { .. } => true,
            Self::Suspended { .. }
            | Self::TooLate { .. }
            | Self::HasIt { .. }
            | Self::AtLimit { .. }
            | Self::TooManyInProcess { .. }
            | Self::Banned { .. }
            | Self::CardExpired { .. }
            | Self::AddressGone
            | Self::OutOfZone { .. }
            | Self::SiteGone
            | Self::SiteClosed { .. }
            | Self::TitleGone => false,
        }
    }

    /// What makes a hold for `title_id` wait for the next copy again, the likeliest first, or else how to leave. There is always one. The
    /// places that they lead to are not named yet, as in [`Obstacle::actions`].
    pub fn actions(&self, title_id: &TitleId, account: &Account) -> Vec<Action> {
        let leave = || Action::LeaveQueue { titles: vec![title_id.clone()] };
        match self {
            Self::Suspended { until } => {
                vec![Action::WaitAgain { title_id: title_id.clone() }, Action::WaitUntil { day: *until }]
            }
            Self::TooLate { .. } => vec![Action::WaitLonger { title_id: title_id.clone() }, leave()],
            Self::HasIt { order_no } => vec![Action::ShowOrder { order_no: order_no.clone() }, leave()],
            Self::AtLimit { .. } => {
                let fewer = order::give_back(account).into_iter().chain(order::settle_orders(account));
                fewer.chain([leave()]).collect()
            }
            Self::TooManyInProcess { .. } => {
                order::settle_orders(account).into_iter().chain([leave()]).collect()
            }
            Self::Banned { until, .. } => {
                vec![Action::WaitUntil { day: until.tomorrow().unwrap_or(*until) }]
            }
            Self::CardExpired { .. } => vec![Action::RenewCard],
            Self::AddressGone => vec![Action::ChooseAddress, Action::choose_site()],
            Self::OutOfZone { .. } => vec![Action::choose_site(), Action::ChooseAddress],
            Self::SiteGone => vec![Action::choose_site()],
            Self::SiteClosed { opens, .. } => {
                let wait = opens.map(|day| Action::WaitUntil { day });
                std::iter::once(Action::choose_site()).chain(wait).collect()
            }
            Self::NotLendable { .. } | Self::TooDear { .. } => vec![Action::read_there(title_id), leave()],
            Self::TitleGone => vec![leave()],
            Self::Refused { reason } => reason.actions(account),
        }
    }
}

#[cfg(test)]
mod tests;
