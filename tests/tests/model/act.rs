//! What can be done to the library, in words that mean the same in any history: so that steps can be left out of one and the rest
//! played again.

use std::fmt;

/// The order that came of a step: the first one, the second …
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OrderKey {
    pub(super) step: u32,
    pub(super) nth: u32,
}

/// A parcel of an order, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ParcelKey {
    pub(super) order: OrderKey,
    pub(super) n: u8,
}

impl fmt::Debug for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "order {}.{}", self.step, self.nth)
    }
}

impl fmt::Debug for ParcelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parcel {}.{}-{}", self.order.step, self.order.nth, self.n)
    }
}

/// The return that came of a step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ReturnKey(pub(super) u32);

impl fmt::Debug for ReturnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "return {}", self.0)
    }
}

/// Where something is to go: to one of a reader's two doors, or to a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    Home,
    /// In a division where any number of parcels are brought in a slot.
    Office,
    Site(&'static str),
}

impl To {
    pub(super) fn is_door(self) -> bool {
        match self {
            Self::Home | Self::Office => true,
            Self::Site(_) => false,
        }
    }
}

/// A slot that somebody wants: so many days from today, and which of the day's windows; the last one there is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct When {
    pub(super) days: i64,
    pub(super) window: usize,
}

/// What is done about books without a free copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    Ship,
    Wait,
    Cancel,
}

/// What is done to a parcel. Scans say at which site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Accept,
    Sort,
    Pick(&'static str, &'static str),
    PrepareBox,
    Pack(&'static str, &'static str),
    /// A courier or the van is booked.
    Book {
        van: bool,
    },
    HandOver(&'static str),
    Depart(&'static str),
    Arrive(&'static str),
    Collect {
        site: &'static str,
        right_code: bool,
    },
    /// The courier has it (1), is under way (2), has brought it (3), so many minutes ago.
    Push {
        far: u8,
        minutes_ago: i64,
    },
    TakeOut(&'static str, &'static str),
    CalledOff,
    BreakPromise,
}

/// How a reader wants to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PayBy {
    Native,
    H5,
}

/// What the platform says of a payment that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Truly,
    /// With another amount.
    Wrongly,
    /// In another transaction.
    Anew,
}

/// How a refund ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Done,
    Stuck,
}

/// How loans are to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Back {
    Site(&'static str),
    /// A courier comes home, so many days from today.
    Courier {
        days: i64,
    },
}

/// What a courier does about a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fetch {
    Booked,
    /// He has the books (1), is under way (2), has brought them (3), so many minutes ago.
    Push {
        far: u8,
        minutes_ago: i64,
    },
    CalledOff,
}

/// One thing that somebody does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    Order {
        reader: u32,
        titles: Vec<usize>,
        to: To,
        slot: Option<When>,
        missing: Missing,
    },
    Cancel {
        reader: u32,
        order: OrderKey,
        books: Vec<&'static str>,
    },
    Redirect {
        reader: u32,
        order: OrderKey,
        to: To,
        slot: Option<When>,
    },
    /// The reader's page asks what it needs to pay.
    AskToPay {
        reader: u32,
        order: OrderKey,
        by: PayBy,
    },
    /// The platform tells that an order was paid, perhaps not for the first time and perhaps too late.
    Pay {
        order: OrderKey,
        told: Told,
    },
    /// The time for paying is looked at.
    GiveUp {
        order: OrderKey,
    },
    /// The platform takes no money any more for what is not wanted.
    Close {
        order: OrderKey,
    },
    /// The platform tells what came of a refund, the first of which is 1.
    Refund {
        order: OrderKey,
        n: usize,
        ended: Ended,
    },
    Hold {
        reader: u32,
        title: usize,
        to: To,
        until: Option<i64>,
    },
    /// Days are counted from today.
    ChangeHold {
        reader: u32,
        title: usize,
        to: Option<To>,
        until: Option<Option<i64>>,
        resumes: Option<Option<i64>>,
    },
    Leave {
        reader: u32,
        title: usize,
    },
    Work {
        parcel: ParcelKey,
        work: Work,
    },
    CheckIn {
        copy: &'static str,
        site: &'static str,
    },
    Renew {
        reader: u32,
        copy: &'static str,
    },
    Expire {
        parcel: ParcelKey,
    },
    BookReturn {
        reader: u32,
        books: Vec<&'static str>,
        way: Back,
    },
    CallOffReturn {
        reader: u32,
        of: ReturnKey,
    },
    /// A desk, a drop or a driver takes a book from its reader.
    TakeBack {
        copy: &'static str,
        site: &'static str,
    },
    Fetch {
        of: ReturnKey,
        fetch: Fetch,
    },
    /// The stream's message that a title has a copy for somebody, or somebody for a copy.
    Give {
        title: usize,
    },
    /// The hourly look at every queue.
    Queues,
}

/// A thing done, and how many seconds after the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) id: u32,
    pub(super) seconds: i64,
    pub(super) act: Act,
}
