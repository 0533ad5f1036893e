//! A book that is overdue for so long that it counts as lost: its price, and what the work with it costs.

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Late;
use crate::money::Fen;
use crate::rules::{By, Decided, RuleSet};

/// What is owed for a lost book, beside its fine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = LostBook)]
pub struct Lost {
    /// The day from which it counts as lost: the overdue day of the number that the rules give.
    #[schema(value_type = String, format = Date)]
    pub on: Date,
    /// Its price, in fen; nothing once it was found in time.
    #[schema(value_type = u32)]
    pub price: Fen,
    /// What the work with it costs, in fen: it was done, whether the book is found or not.
    #[schema(value_type = u32)]
    pub fee: Fen,
    /// The last day on which the price goes back with the book.
    #[schema(value_type = String, format = Date)]
    pub refund_until: Date,
    /// The rule that made it lost.
    pub by: By,
    /// The rule that gave the price, when nobody knew the book's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_by: Option<By>,
}

impl Lost {
    /// What is owed, when the book came to count as lost `after` so many days.
    pub(super) fn of(rules: &RuleSet, after: Decided<u16>, late: &Late) -> Option<Self> {
        let on = later(late.due, after.value);
        if late.until < on || on <= late.due {
            return None;
        }
        let about = late.about();
        let refund_until = later(on, rules.lost_refund_days(&about).value);
        let found = late.back && late.until <= refund_until;
        let usual = rules.lost_price(&about);
        let price = if found { Fen::ZERO } else { late.price.unwrap_or(usual.value) };
        let price_by = late.price.is_none().then_some(usual.by);
        Some(Self { on, price, fee: rules.lost_fee(&about).value, refund_until, by: after.by, price_by })
    }
}

pub(super) fn later(day: Date, days: u16) -> Date {
    day.checked_add(Span::new().days(i64::from(days))).unwrap_or(Date::MAX)
}
