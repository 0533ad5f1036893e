//! What one version of the rules says about the fine of one loan.

use super::suspension::Pause;
use crate::money::Fen;
use crate::rules::{About, ChargedAt, Decided, RuleSet};

/// Each rule, with which one decided.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) overdue_fine: Decided<Fen>,
    pub(super) fine_interval: Decided<u16>,
    pub(super) fine_charged: ChargedAt,
    pub(super) grace_days: Decided<u16>,
    pub(super) grace_charged: bool,
    pub(super) closed_days_free: Decided<bool>,
    pub(super) fine_cap: Decided<Fen>,
    pub(super) fine_price_caps: bool,
    pub(super) fine_price_percent: Decided<u16>,
    pub(super) fines_cap: Decided<Fen>,
    /// Where days without ordering take the place of money.
    pub(super) pause: Option<Pause>,
}

impl Terms {
    pub(super) fn of(rules: &RuleSet, about: &About<'_>) -> Self {
        Self {
            overdue_fine: rules.overdue_fine(about),
            fine_interval: rules.fine_interval(about),
            fine_charged: rules.fine_charged(about).value,
            grace_days: rules.grace_days(about),
            grace_charged: rules.grace_charged(about).value,
            closed_days_free: rules.closed_days_free(about),
            fine_cap: rules.fine_cap(about),
            fine_price_caps: rules.fine_price_caps(about).value,
            fine_price_percent: rules.fine_price_percent(about),
            // It is one for all of the reader's books.
            fines_cap: rules.fines_cap(&About::card(about.card)),
            pause: Pause::of(rules, about),
        }
    }
}
