//! What a rule can say. One list: the enum, its names, the founding values, what it can be for, and the questions all come from it.

use jiff::civil::Time;
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{About, Decided, Kind, Rule, RuleSet, Scope};
use crate::money::Fen;
use crate::order::IfMissing;

/// When a loan begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoanStart {
    /// When the reader has the book: proved delivery or collection.
    Delivered,
    /// When it was ordered, as some libraries do. Days on the road are then the reader's.
    Ordered,
}

/// On which of an interval's days a fine is charged for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChargedAt {
    /// On its first: one that has begun costs as much as a whole one.
    Start,
    /// On its last: one that has not ended costs nothing.
    End,
}

// Written by hand: the derive does not take the values' types out of the macro.
impl PartialSchema for Setting {
    fn schema() -> RefOr<Schema> {
        let rule = ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .description(Some("The rule's name."))
            .enum_values(Some(Self::NAMES.iter().copied()));
        let value = ObjectBuilder::new()
            .schema_type(SchemaType::AnyValue)
            .description(Some("What it says: a number, a time such as 16:00:00, true or false, or a name."));
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::Object))
            .description(Some("What a rule says: its name and its value."))
            .property("rule", rule)
            .property("value", value)
            .required("rule")
            .required("value")
            .into()
    }
}

impl ToSchema for Setting {}

macro_rules! settings {
    ($($(#[$doc:meta])* $variant:ident, $name:ident: $type:ty = $founding:expr, for [$($kind:ident),*];)*) => {
        /// What a rule says: its name and its value.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "rule", content = "value", rename_all = "snake_case")]
        pub enum Setting {
            $($(#[$doc])* $variant($type),)*
        }

        impl Setting {
            /// The names of all rules.
            pub const NAMES: &[&str] = &[$(stringify!($name)),*];

            /// The rule's name.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => stringify!($name)),* }
            }

            /// Every rule as the library was founded with.
            pub const FOUNDING: &[Self] = &[$(Self::$variant($founding)),*];

            /// What such a rule can be for, besides everybody and everything: what is known wherever it is asked. For anything else it would be
            /// written down and never decide.
            pub const fn kinds(&self) -> &'static [Kind] {
                match self { $(Self::$variant(_) => &[$(Kind::$kind),*]),* }
            }
        }

        impl RuleSet {
            $($(#[$doc])* pub fn $name(&self, about: &About<'_>) -> Decided<$type> {
                self.decide(stringify!($name), $founding, about, |set| {
                    if let Setting::$variant(value) = set { Some(*value) } else { None }
                })
            })*
        }
    };
}

settings! {
    /// The most books of one order. Asked by the order: of whom, and where it is collected.
    BooksPerOrder, books_per_order: u16 = 5, for [Site, Card];
    /// The most books that a reader may have ordered and not yet got. Asked by the order and by the queue, when a copy comes free: of whom, and
    /// where it is collected. The cart shows what holds for the card.
    InProcess, in_process: u16 = 10, for [Site, Card];
    /// The most books that a reader may have ordered and on loan together. Asked as `in_process`; the reader's page shows what holds for the card.
    OpenItems, open_items: u16 = 10, for [Site, Card];
    /// The most titles that a reader may wait for. Asked by the hold and by the order that queues: of whom, and where the book is to be collected.
    Holds, holds: u16 = 10, for [Site, Card];
    /// Whether such an item is lent at all. Asked of each copy, for the reader and for where it is collected; by a renewal for
    /// each reader who waits.
    Lendable, lendable: bool = true, for [Site, Card, Item];
    /// The highest price of a book that is sent out, in fen. Asked as `lendable`.
    PriceCap, price_cap: Fen = Fen(100_000), for [Site, Card, Item];
    /// What to do, when the reader does not say, about a book that has no free copy. Asked by the order: of whom, and where it is collected. It is
    /// about the whole order, which may have books of several classes.
    Partial, partial: IfMissing = IfMissing::ShipFound, for [Site, Card];
    /// When a loan begins. Asked of each book when its order is placed, or made from a hold, for the reader and for where it is collected.
    LoanStarts, loan_starts: LoanStart = LoanStart::Delivered, for [Site, Card, Item];
    /// Days of a loan. Asked as `loan_starts`, and to estimate how long a wait is.
    LoanDays, loan_days: u16 = 30, for [Site, Card, Item];
    /// How often a loan may be renewed. Asked by the renewal: of whom, and of the book. Where it was collected the account does not know.
    Renewals, renewals: u16 = 1, for [Card, Item];
    /// Days that a renewal adds to the due day. Asked as `renewals`.
    RenewalDays, renewal_days: u16 = 30, for [Card, Item];
    /// How many days before the due day a loan may be renewed. Asked as `renewals`.
    RenewFrom, renew_from: u16 = 10, for [Card, Item];
    /// Orders after this Shanghai time count from the next morning. Asked by the order, and for the slots that can be chosen: of whom, and where it
    /// is collected. A title's page, which does not know its reader, shows what holds for the door and an ordinary card.
    CutOff, cut_off: Time = Time::constant(16, 0, 0, 0), for [Site, Card];
    /// When the next morning begins. Asked as `cut_off`.
    Opening, opening: Time = Time::constant(9, 0, 0, 0), for [Site, Card];
    /// Hours from order to delivery that are promised. Asked as `cut_off`, and for the warnings of staff.
    PromiseHours, promise_hours: u16 = 48, for [Site, Card];
    /// Days that are added to a loan whose order came later than promised. Asked by the order: of whom, and where it is collected; about the
    /// parcel, which may have books of several classes.
    RemedyDays, remedy_days: u16 = 7, for [Site, Card];
    /// What delivery to the door costs for the first book, in fen: nothing during the trial. Sites are free for good, so it is asked of the door
    /// alone: of whom.
    HomeFee, home_fee: Fen = Fen::ZERO, for [Card];
    /// What each further book of the order adds, in fen. Asked as `home_fee`.
    HomeFeeMore, home_fee_more: Fen = Fen::ZERO, for [Card];
    /// Minutes that a reader has to pay for an order; its copies are kept from others meanwhile. Asked as `home_fee`: only the door costs something.
    PayMinutes, pay_minutes: u16 = 30, for [Card];
    /// Open days of the site that a parcel waits there for its reader. Asked when it comes there, and again when the site closes: of whom, and where.
    PickupDays, pickup_days: u16 = 7, for [Site, Card];
    /// How many parcels a reader may leave uncollected, within `violation_days`, before a pause. Asked of whom alone: the pause is the reader's,
    /// wherever the parcels were left.
    Violations, violations: u16 = 3, for [Card];
    /// How long an uncollected parcel counts, in days. Asked as `violations`.
    ViolationDays, violation_days: u16 = 365, for [Card];
    /// How long the pause after too many uncollected parcels is, in days. Asked as `violations`.
    BanDays, ban_days: u16 = 30, for [Card];
    /// A wait of more days than this is called hopeless, and something else is offered. Asked of whom, and where the book is to be collected.
    HopelessDays, hopeless_days: u16 = 180, for [Site, Card];
    /// What an overdue book costs for each interval, in fen; children's cards half of it ([`Setting::CHILDREN`]). Asked by the fine: of whom, and of
    /// the book. Where it was collected the account does not know.
    OverdueFine, overdue_fine: Fen = Fen(20), for [Card, Item];
    /// Days of an interval: those that are free are none of them. Asked as `overdue_fine`.
    FineInterval, fine_interval: u16 = 1, for [Card, Item];
    /// On which day of an interval it is charged. Asked as `overdue_fine`.
    FineCharged, fine_charged: ChargedAt = ChargedAt::Start, for [Card, Item];
    /// The first overdue days, on which nothing is charged yet. Asked as `overdue_fine`.
    GraceDays, grace_days: u16 = 0, for [Card, Item];
    /// Whether the days of grace are charged as well, on the first day after them. Asked as `overdue_fine`.
    GraceCharged, grace_charged: bool = false, for [Card, Item];
    /// Whether an overdue day on which the whole library is closed costs nothing and does not count. Asked as `overdue_fine`.
    ClosedDaysFree, closed_days_free: bool = true, for [Card, Item];
    /// The most that one overdue book costs, in fen; on children's cards less. Asked as `overdue_fine`.
    FineCap, fine_cap: Fen = Fen(3_000), for [Card, Item];
    /// Whether an overdue book costs no more than a part of its price, when that is known. Asked as `overdue_fine`.
    FinePriceCaps, fine_price_caps: bool = true, for [Card, Item];
    /// Which part of its price that is, in per cent. Asked as `overdue_fine`.
    FinePricePercent, fine_price_percent: u16 = 100, for [Card, Item];
    /// The most that a reader owes in fines for all books together, in fen; what goes beyond is not charged. Asked of whom alone.
    FinesCap, fines_cap: Fen = Fen(10_000), for [Card];
    /// Days without ordering for each interval, instead of money; with none it is money. Asked as `overdue_fine`.
    SuspensionDays, suspension_days: u16 = 0, for [Card, Item];
    /// The most days without ordering for one book. Asked as `overdue_fine`.
    SuspensionCap, suspension_cap: u16 = 90, for [Card, Item];
    /// Points for a book that comes back in time, as reading places reward it. Asked at the hand-over: of whom, of the book, and of the site where it is
    /// handed over.
    OnTimePoints, on_time_points: u16 = 0, for [Site, Card, Item];
    /// Who owes as much as this, in fen, orders nothing. Asked of whom alone.
    DebtBlock, debt_block: Fen = Fen(1_000), for [Card];
    /// Who has a book that is overdue for so many days orders nothing. Asked as `overdue_fine`, by the rules of the day.
    BlockDays, block_days: u16 = 30, for [Card, Item];
    /// A book counts as lost on the overdue day of this number, closed days included; its fine ends, its price is owed. Asked as `overdue_fine`.
    LostDays, lost_days: u16 = 180, for [Card, Item];
    /// The price, in fen, of a lost book whose price is not known. Asked as `overdue_fine`.
    LostPrice, lost_price: Fen = Fen(5_000), for [Card, Item];
    /// What the work with a lost book costs, in fen: owed with its price, and not given back. Asked as `overdue_fine`.
    LostFee, lost_fee: Fen = Fen(500), for [Card, Item];
    /// The price of a lost book goes back when the book does, at most so many days after it counted as lost. Asked as `overdue_fine`.
    LostRefundDays, lost_refund_days: u16 = 180, for [Card, Item];
}

impl Setting {
    /// What the library was founded with for children's cards. It stands beside what holds for everybody, and gives way to a rule that is for them.
    pub const CHILDREN: &[Rule] = &[
        Rule { set: Self::OverdueFine(Fen(10)), scope: Scope::CHILDREN },
        Rule { set: Self::FineCap(Fen(2_000)), scope: Scope::CHILDREN },
    ];
}
