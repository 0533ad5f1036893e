//! Versions as they are shown.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use yujie_domain::rules::{Holidays, Rule, RuleSet, Zone};
use yujie_domain::slot::Window;
use yujie_table::rules::{Made, Version};

use crate::changes::Changes;

/// What a rule set says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rules)]
pub(crate) struct RulesView {
    /// The first Shanghai day on which it holds.
    #[schema(value_type = String, format = Date)]
    starts: Date,
    /// The rules; what is not said is as `founding` of `GET /staff/rules` has it.
    rules: Vec<Rule>,
    /// When the whole library is closed.
    holidays: Vec<Holidays>,
    /// Where home delivery goes; none means everywhere.
    zones: Vec<Zone>,
    /// The windows of each day in which parcels are brought to the door.
    windows: Vec<Window>,
}

impl From<RuleSet> for RulesView {
    fn from(set: RuleSet) -> Self {
        let windows = set.windows().to_vec();
        let RuleSet { starts, rules, holidays, zones, .. } = set;
        Self { starts, rules, holidays, zones, windows }
    }
}

/// Who made a version, when and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MadeBy)]
pub(crate) struct MadeView {
    /// By sign-in name.
    by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Why.
    reason: String,
}

impl From<Made> for MadeView {
    fn from(made: Made) -> Self {
        Self { by: made.by.into(), at: made.at, reason: made.reason.into() }
    }
}

/// A version of the rules.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesVersion)]
pub(crate) struct VersionView {
    version: u32,
    #[serde(flatten)]
    rules: RulesView,
    /// Who made it; missing for one that was loaded from the command line.
    #[serde(flatten)]
    made: Option<MadeView>,
    /// What it says otherwise than the version before it; told of a single version alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Changes>,
}

impl VersionView {
    pub(crate) fn of(version: Version, before: Option<&RuleSet>) -> Self {
        let changes = before.map(|before| Changes::between(before, &version.rules));
        Self {
            version: version.rules.version,
            made: version.made.map(MadeView::from),
            rules: version.rules.into(),
            changes,
        }
    }
}

/// A version of the rules in short.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesVersionInShort)]
pub(crate) struct VersionInShort {
    version: u32,
    /// The first Shanghai day on which it holds.
    #[schema(value_type = String, format = Date)]
    starts: Date,
    /// Who made it; missing for one that was loaded from the command line.
    #[serde(flatten)]
    made: Option<MadeView>,
}

impl From<Version> for VersionInShort {
    fn from(version: Version) -> Self {
        let Version { rules, made } = version;
        Self { version: rules.version, starts: rules.starts, made: made.map(MadeView::from) }
    }
}
