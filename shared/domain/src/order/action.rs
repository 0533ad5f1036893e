//! What clears an obstacle: the buttons that a client can make of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use crate::account::{Account, Loan};
use crate::copy::{Copy, CopyStatus};
use crate::ids::{Barcode, OrderNo, SiteId, TitleId};
use crate::site::{Point, Site};
use crate::slot::Slot;

/// A loan that could be ended or prolonged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OnLoan {
    /// The copy.
    #[schema(value_type = String)]
    pub barcode: Barcode,
    /// Its title.
    pub title: String,
    /// The last day of the loan.
    #[schema(value_type = String, format = Date)]
    pub due: Date,
}

/// What clears an obstacle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// Add a book to the order.
    AddBook,
    /// Take books out of the order, so many.
    RemoveBooks {
        /// How many.
        count: u16,
    },
    /// Take this title out of the order.
    RemoveTitle {
        /// Which.
        #[schema(value_type = String)]
        title_id: TitleId,
    },
    /// Queue for this title: `POST /holds`, or the order with `if_missing: wait`.
    JoinQueue {
        /// Which.
        #[schema(value_type = String)]
        title_id: TitleId,
    },
    /// Look for another edition with `GET /titles`: nobody has looked yet whether there is one, or a free copy of it.
    OtherEdition {
        /// Of which title.
        #[schema(value_type = String)]
        title_id: TitleId,
    },
    /// Order it: `POST /orders`.
    Order {
        /// Which title.
        #[schema(value_type = String)]
        title_id: TitleId,
    },
    /// Cancel this order, and order its books anew.
    OrderAnew {
        /// Which.
        #[schema(value_type = String)]
        order_no: OrderNo,
    },
    /// See the order that has it.
    ShowOrder {
        /// Which.
        #[schema(value_type = String)]
        order_no: OrderNo,
    },
    /// Give these back: each makes room for one. The soonest due come first.
    Return {
        /// Which.
        loans: Vec<OnLoan>,
    },
    /// Cancel an order that has not left yet, or take what has arrived.
    SettleOrders {
        /// Which.
        #[schema(value_type = Vec<String>)]
        orders: Vec<OrderNo>,
    },
    /// Leave the queue of one of these titles.
    LeaveQueue {
        /// Which.
        #[schema(value_type = Vec<String>)]
        titles: Vec<TitleId>,
    },
    /// Read it in the library.
    ReadThere {
        /// Which title.
        #[schema(value_type = String)]
        title_id: TitleId,
        /// Where it stands, the nearest to the chosen site first.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        sites: Vec<NamedSite>,
    },
    /// Wait until this day.
    WaitUntil {
        /// The first day on which it is possible.
        #[schema(value_type = String, format = Date)]
        day: Date,
    },
    /// Have the card renewed.
    RenewCard,
    /// Choose or add an address.
    ChooseAddress,
    /// Choose a site instead.
    ChooseSite {
        /// The first open ones with room, as of now; missing when there is none. All sites: `GET /sites`.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        sites: Vec<NamedSite>,
    },
    /// Choose one of these slots, or a later one: `GET /slots`.
    ChooseSlot {
        /// The first ones with room.
        slots: Vec<Slot>,
    },
    /// Let a suspended hold wait again: `PATCH /holds/{title_id}` with `suspended_until: null`.
    WaitAgain {
        /// For which title.
        #[schema(value_type = String)]
        title_id: TitleId,
    },
    /// Wait longer than until the last day: `PATCH /holds/{title_id}` with another `until`.
    WaitLonger {
        /// For which title.
        #[schema(value_type = String)]
        title_id: TitleId,
    },
}

impl Action {
    /// Another site. Which ones are open and have room is not for a rule to know: whoever tells it looks for them and names them.
    pub const fn choose_site() -> Self {
        Self::ChooseSite { sites: Vec::new() }
    }

    /// Where the title stands; named in the same way.
    pub fn read_there(title_id: &TitleId) -> Self {
        Self::ReadThere { title_id: title_id.clone(), sites: Vec::new() }
    }
}

/// A site that a way out leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamedSite {
    /// Which.
    #[schema(value_type = String)]
    pub site_id: SiteId,
    /// Its name.
    pub name: String,
    /// Metres from the site that was chosen; missing when none was, since nobody knows where a door is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance_m: Option<u32>,
}

impl NamedSite {
    /// A site, seen from that point.
    pub fn of(site: &Site, from: Option<Point>) -> Self {
        let distance_m = from.map(|from| from.metres_to(site.point));
        Self { site_id: site.id.clone(), name: site.name.clone(), distance_m }
    }

    /// The sites where one of these copies stands on its shelf, the nearest first.
    pub fn with_one_of(copies: &[Copy], sites: &BTreeMap<SiteId, Site>, from: Option<Point>) -> Vec<Self> {
        let on_the_shelf = copies.iter().filter(|copy| copy.status == CopyStatus::Available);
        let ids: BTreeSet<&SiteId> = on_the_shelf.map(|copy| &copy.site).collect();
        let mut named: Vec<Self> =
            ids.into_iter().filter_map(|id| sites.get(id)).map(|site| Self::of(site, from)).collect();
        named.sort_by_key(|site| site.distance_m);
        named
    }
}

/// The reader's loans, to be given back.
pub(crate) fn give_back(account: &Account) -> Option<Action> {
    let loans = loans(account);
    (!loans.is_empty()).then_some(Action::Return { loans })
}

/// The reader's loans, soonest due first.
fn loans(account: &Account) -> Vec<OnLoan> {
    let mut loans: Vec<OnLoan> = account
        .open
        .values()
        .filter_map(|item| {
            let loan = item.loan.filter(Loan::runs)?;
            Some(OnLoan { barcode: item.barcode.clone(), title: item.title.clone(), due: loan.due })
        })
        .collect();
    loans.sort_by(|a, b| (a.due, &a.barcode).cmp(&(b.due, &b.barcode)));
    loans
}

/// The orders that are not yet with the reader.
pub(crate) fn settle_orders(account: &Account) -> Option<Action> {
    let mut orders: Vec<OrderNo> =
        account.open.values().filter(|item| item.loan.is_none()).map(|item| item.order_no.clone()).collect();
    orders.sort();
    orders.dedup();
    (!orders.is_empty()).then_some(Action::SettleOrders { orders })
}
