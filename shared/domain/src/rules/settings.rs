//! What a rule can say. One list: the enum, its names, the founding values and the questions all come from it.

use jiff::civil::Time;
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{About, Decided, RuleSet};
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
    ($($(#[$doc:meta])* $variant:ident, $name:ident: $type:ty = $founding:expr;)*) => {
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
    /// The most books of one order.
    BooksPerOrder, books_per_order: u16 = 5;
    /// The most books that a reader may have ordered and not yet got.
    InProcess, in_process: u16 = 10;
    /// The most books that a reader may have ordered and on loan together.
    OpenItems, open_items: u16 = 10;
    /// The most titles that a reader may wait for.
    Holds, holds: u16 = 10;
    /// Whether such an item is lent at all.
    Lendable, lendable: bool = true;
    /// The highest price of a book that is sent out, in fen.
    PriceCap, price_cap: Fen = Fen(100_000);
    /// What to do, when the reader does not say, about a book that has no free copy.
    Partial, partial: IfMissing = IfMissing::ShipFound;
    /// When a loan begins.
    LoanStarts, loan_starts: LoanStart = LoanStart::Delivered;
    /// Days of a loan.
    LoanDays, loan_days: u16 = 30;
    /// How often a loan may be renewed.
    Renewals, renewals: u16 = 1;
    /// Days that a renewal adds to the due day.
    RenewalDays, renewal_days: u16 = 30;
    /// How many days before the due day a loan may be renewed.
    RenewFrom, renew_from: u16 = 10;
    /// Orders after this Shanghai time count from the next morning.
    CutOff, cut_off: Time = Time::constant(16, 0, 0, 0);
    /// When the next morning begins.
    Opening, opening: Time = Time::constant(9, 0, 0, 0);
    /// Hours from order to delivery that are promised.
    PromiseHours, promise_hours: u16 = 48;
    /// Days that are added to a loan whose order came later than promised.
    RemedyDays, remedy_days: u16 = 7;
    /// What delivery to the door costs for the first book, in fen: nothing during the trial. Sites are free for good.
    HomeFee, home_fee: Fen = Fen::ZERO;
    /// What each further book of the order adds, in fen.
    HomeFeeMore, home_fee_more: Fen = Fen::ZERO;
    /// Minutes that a reader has to pay for an order; its copies are kept from others meanwhile.
    PayMinutes, pay_minutes: u16 = 30;
    /// Open days of the site that a parcel waits there for its reader.
    PickupDays, pickup_days: u16 = 7;
    /// How many parcels a reader may leave uncollected, within `violation_days`, before a pause.
    Violations, violations: u16 = 3;
    /// How long an uncollected parcel counts, in days.
    ViolationDays, violation_days: u16 = 365;
    /// How long the pause after too many uncollected parcels is, in days.
    BanDays, ban_days: u16 = 30;
    /// A wait of more days than this is called hopeless, and something else is offered.
    HopelessDays, hopeless_days: u16 = 180;
}
